"""The command `fit`: a model by its name, fitted to a value of a scan and drawn into its plot.

It reads the scan from the store, so that it needs no plot and no memory, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from typing_extensions import override

from beamshell.shell.command_set import command
from beamshell.shell.commands.alignment import HEADING, find_scan, view_of
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import ChoiceSlot, RecordedNameSlot, Slot
from beamshell.shell.tokens import Tokens
from beamshell.text.lists import aligned
from beamshell.text.nearest import unknown
from beamshell.views.run_fit import WORDS, first_fit, mark_of

if TYPE_CHECKING:
    from beamshell.store import Run
    from beamshell.views.peaks import RunPeaks

_OTHER_WORDS = {"pseudo-voigt": "pvoigt", "pseudovoigt": "pvoigt", "erf": "edge", "step": "edge", "linear": "line"}
_OTHER_WORDS |= {"gaussian": "gauss", "lorentzian": "lorentz"}


class ModelSlot(ChoiceSlot):
    """A model, also by the other names that it has."""

    def __init__(self) -> None:
        super().__init__(tuple(WORDS))

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        word = tokens.peek()
        if isinstance(word, str) and word.lower() in _OTHER_WORDS:
            tokens.take(name)
            return _OTHER_WORDS[word.lower()]
        return super().read(tokens, name, following)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return isinstance(token, str)


class ValueSlot(RecordedNameSlot):
    """A value of a scan, or a quotient of two."""

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [name for name, device in devices.items() if not is_motor(device)]


@command(HEADING, example="fit gauss det")
def fit(
    session: Session,
    model: Annotated[str | None, ModelSlot()] = None,
    value: Annotated[str | None, ValueSlot()] = None,
    scan_number: int | None = None,
) -> Any:
    """Fit a model to the last scan: its parameters with errors, and how good it is.

    `fit` alone lists the models. It is the last scan of this console; any other is named by its number, as in `fit
    pvoigt det/i0 -3`. A value of the scan can be named; else it is the first that shows such a thing. Nothing moves.
    Where there is no peak, or no edge, the reason is shown. `f = fit gauss det` keeps it: `f.values["centre"]`,
    `f.errors`, `f.covariance`, `f.curve(x)`. The curve is drawn into the plot of the scan, and `plot` shows it in the
    terminal. `c.Beamshell.fit = "gauss"` in the profile fits each scan while it is measured.
    """
    from beamshell.analysis.model_fits import MODELS

    if model is None:
        print_answer("\n".join(aligned([(word, MODELS[name]) for word, name in WORDS.items()], left_aligned=(0, 1))))
        return None
    from beamshell.callbacks.figures import windows
    from beamshell.callbacks.text_figure import print_where_scans_are

    run = find_scan(session, scan_number)
    view = view_of(run)
    result = replace(first_fit(model, view, _signals(view, run, value)), of=f"scan {run.scan_id}")
    windows.mark(str(run.start["uid"]), mark_of(model, result))
    print_where_scans_are(run.start, run.documents(), result.y)
    return result


def _signals(view: RunPeaks, run: Run, value: str | None) -> list[str]:
    """The values that are looked at."""
    if value is None:
        return view.signals()
    signal = view.signal(value)
    if signal is None:
        raise unknown("value", value, view.signals(), of=f"scan {run.scan_id}")
    return [signal]
