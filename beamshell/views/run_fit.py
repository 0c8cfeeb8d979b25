"""Fits of a run along one axis: models by the words that are typed for them, and the mark that shows the curve.

Pure: documents in, a fit or the reason why there is none out. scipy is imported at the first fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from beamshell.errors import NoFit
from beamshell.views.marks import Mark

if TYPE_CHECKING:
    from beamshell.analysis.model_fits import ModelFit
    from beamshell.views.peaks import RunPeaks

WORDS = {"gauss": "gaussian", "lorentz": "lorentzian", "pvoigt": "pseudo-voigt", "edge": "edge", "line": "line"}
"""The word that is typed for each model."""


def first_fit(word: str, run: RunPeaks, signals: Sequence[str]) -> ModelFit:
    """The fit of the first signal that is more than noise and has one.

    Args:
        word: one of `WORDS`.
        run: the points.
        signals: the values that are looked at.

    Raises:
        NoFit: none has one; the message is that of the first.
    """
    from beamshell.analysis.model_fits import fit_model
    from beamshell.analysis.significance import significance

    points = [points for points in map(run.points, signals) if points.y.is_number]
    if not points:
        raise NoFit(f"{', '.join(signals) or 'this scan'} has no numbers")
    clear = [one for one in points if significance(one.ys, one.exposures).is_clear]
    failure: NoFit | None = None
    for one in clear or points:
        try:
            return fit_model(
                WORDS[word],
                one.x.key,
                one.y.key,
                one.xs,
                one.ys,
                exposures=one.exposures,
                unit=one.x.units,
                y_unit=one.y.units,
                precision=one.x.precision,
            )
        except NoFit as exc:
            failure = failure or exc
    assert failure is not None
    raise failure


def mark_of(word: str, fit: ModelFit) -> Mark:
    """The curve of a fit, for the plot of its run: "gauss: centre 0.3008(9) deg".

    Args:
        word: that was typed for the model.
        fit: of the run.
    """
    at = fit.grid()
    return Mark(fit.y, at, fit.curve(at), f"{word}: {fit.headline}")
