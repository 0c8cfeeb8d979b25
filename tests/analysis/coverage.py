"""Bias, spread and coverage of fits and statistics, beside those of lmfit and of bluesky's PeakStats, as a table.

Run by hand, it prints the table of docs/explanations/statistics.md: ``python -m tests.analysis.coverage [runs]``.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np

from beamshell.analysis.fits import fit_edge, fit_peak
from beamshell.analysis.models import FWHM_PER_SIGMA, error_function, gaussian
from beamshell.analysis.peaks import peak
from beamshell.errors import NoFit

X = np.linspace(-1, 1, 41)
CASES = {
    "peak, 5000 counts on 20": (gaussian, 0.2, 5000.0, 20.0),
    "peak, 50 counts on 5": (gaussian, 0.2, 50.0, 5.0),
    "edge, 1000 counts on 20": (error_function, 0.15, 1000.0, 20.0),
    "knife narrower than a step": (error_function, 1e-4, 1000.0, 20.0),
    "com, 100 counts on 300": (gaussian, 0.15, 100.0, 300.0),
}


def ours(model, ys):
    fit = (fit_peak if model is gaussian else fit_edge)("x", "y", X, ys)
    return fit.centre, fit.centre_error, fit.fwhm if fit.is_resolved else np.nan


def our_statistics(model, ys):
    result = peak("x", "y", X, ys)
    return result.cen, np.nan, result.fwhm


def our_com(model, ys):
    return peak("x", "y", X, ys).com, np.nan, np.nan


def of_lmfit(model, ys):
    """What its users write: a Gaussian or an error-function step with a constant, unweighted."""
    from lmfit.models import ConstantModel, GaussianModel, StepModel

    shape = GaussianModel() if model is gaussian else StepModel(form="erf")
    whole = shape + ConstantModel()
    start = shape.guess(ys, x=X)
    start.update(ConstantModel().guess(ys, x=X))
    result = whole.fit(ys, start, x=X)
    centre = result.params["center"]
    sigma = result.params["sigma"].value / (1 if model is gaussian else np.sqrt(2))
    return centre.value, centre.stderr if centre.stderr is not None else np.nan, abs(sigma) * FWHM_PER_SIGMA


def of_peak_stats(model, ys):
    result = bluesky_statistics(ys)
    return result.cen, np.nan, result.fwhm


def com_of_peak_stats(model, ys):
    return bluesky_statistics(ys).com, np.nan, np.nan


def bluesky_statistics(ys):
    from bluesky.callbacks.fitting import PeakStats

    result = PeakStats("x", "y")
    result.start({})
    for number, (x, y) in enumerate(zip(X, ys, strict=True), 1):
        result.event({"data": {"x": float(x), "y": float(y)}, "seq_num": number})
    result.stop({})
    return result


METHODS = {
    gaussian: {"fit": ours, "lmfit": of_lmfit, "cen, fwhm": our_statistics, "PeakStats": of_peak_stats},
    error_function: {"fit": ours, "lmfit": of_lmfit, "PeakStats": of_peak_stats},
    "com": {"com": our_com, "PeakStats com": com_of_peak_stats},
}


def row(case, method, runs, seed=12):
    """Bias, spread and coverage of the centre, bias of the fwhm, and how many scans had no answer."""
    model, sigma, height, background = CASES[case]
    random, step = np.random.default_rng(seed), X[1] - X[0]
    centres = 0.2 + random.uniform(-0.5, 0.5, runs) * step
    result = []
    for centre in centres:
        ys = random.poisson(model(X, np.array([centre, sigma, height, background]))[0]).astype(float)
        try:
            result.append([np.nan if value is None else value for value in method(model, ys)])
        except (NoFit, TypeError, IndexError, ValueError):
            result.append([np.nan] * 3)
    off, errors, widths = np.array(result, dtype=float).T
    off = off - centres
    answered = np.isfinite(off)
    covered = np.mean(np.abs(off[answered]) < errors[answered]) if np.isfinite(errors).any() else np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no answer at all has no mean
        bias, spread, fwhm = np.nanmean(off), np.nanstd(off), np.nanmean(widths)
    return bias, spread, covered, fwhm / (sigma * FWHM_PER_SIGMA) - 1, int(np.count_nonzero(~answered))


def table(runs):
    """The lines of the table in Markdown."""
    yield "| case | method | bias of the centre | spread | within one error | bias of fwhm | no answer |"
    yield "|---|---|---|---|---|---|---|"
    for case, (model, *_) in CASES.items():
        for name, method in METHODS["com" if case.startswith("com") else model].items():
            bias, spread, covered, fwhm, missing = row(case, method, runs)
            cells = (f"{bias:+.4f}", f"{spread:.4f}", f"{covered:.0%}", f"{fwhm:+.1%}", f"{missing} of {runs}")
            yield f"| {case} | {name} | " + " | ".join("-" if "nan" in cell else cell for cell in cells) + " |"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line)
