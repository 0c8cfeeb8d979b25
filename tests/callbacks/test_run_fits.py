"""Fits and PeakStats as options of BestEffort: the curve in the plot while it is measured, the values at the end."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.callbacks import BestEffort, LivePlot, PeakStats
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.painter import Painter
from beamshell.errors import UnknownName

X = np.linspace(-1, 1, 41)
BELL = 20 + 5000 * np.exp(-(((X - 0.3) / 0.2) ** 2))
SLOPE = 1000 * X


@pytest.fixture
def shown():
    """What a BestEffort with these options prints, and the BestEffort; its painter draws when a test says so."""

    def shown(**options):
        lines = []
        best = BestEffort(out=lambda text: lines.extend(text.splitlines()), painter=Painter(0.0), **options)
        best.windows = Windows()
        best.plots = best.table = best.peaks = False
        return lines, best

    return shown


def feed(best, documents):
    for name, doc in documents:
        best(name, doc)
        best.painter.flush()


def fits_in(best, documents):
    return [mark.label for mark in best.windows.marks.of(documents[0][1]["uid"]) if mark.label.startswith("gauss:")]


def test_a_scan_is_fitted_while_it_is_measured_and_its_values_are_printed_at_the_end(make_run, shown):
    lines, best = shown(fit="gauss")
    documents = make_run(["th"], ["det"], list(zip(X, BELL, strict=True)))
    feed(best, documents[:20])
    assert fits_in(best, documents) == []
    feed(best, documents[20:-1])
    assert fits_in(best, documents) == ["gauss: centre 0.3"]
    assert lines == []
    feed(best, documents[-1:])
    assert lines[0] == "scan 1: det against th: gaussian, 41 points"
    assert lines[1].split() == ["centre", "0.3"]
    assert best.last_fit.values["centre"] == pytest.approx(0.3)


def test_a_scan_without_such_a_thing_says_so_in_one_line_and_has_no_curve(make_run, shown):
    lines, best = shown(fit="gauss")
    bell, slope = (make_run(["th"], ["det"], list(zip(X, ys, strict=True))) for ys in (BELL, SLOPE))
    feed(best, bell)
    lines.clear()
    feed(best, slope)
    (line,) = lines
    assert line.startswith("gauss: det ")
    assert fits_in(best, slope) == []
    assert best.last_fit is None


def test_a_curve_that_later_points_refute_is_taken_out_of_the_plot(make_run, shown):
    _, best = shown(fit="gauss")
    values = np.where(X < 0.9, BELL, 1e6)
    documents = make_run(["th"], ["det"], list(zip(X, values, strict=True)))
    feed(best, documents[:40])
    assert fits_in(best, documents) != []
    feed(best, documents[40:])
    assert best.last_fit is None
    assert fits_in(best, documents) == []


def test_a_grid_and_a_count_are_not_fitted(make_run, shown):
    lines, best = shown(fit="gauss", peak_stats=True)
    feed(best, make_run([], ["det"], [(value,) for value in BELL]))
    feed(best, make_run(["samy", "samx"], ["det"], [(0.0, x, y) for x, y in zip(X, BELL, strict=True)]))
    assert lines == []


def test_a_model_that_is_misspelt_is_refused_with_the_right_word():
    with pytest.raises(UnknownName, match="no model 'gaus': did you mean gauss"):
        BestEffort(fit="gaus")
    best = BestEffort()
    with pytest.raises(UnknownName, match="no model 'gaus': did you mean gauss"):
        best.fit = "gaus"
    assert best.fit is None


def test_a_model_of_lmfit_is_fitted_to_the_first_detector_and_drawn_into_its_plot(make_run, shown, ax):
    models = pytest.importorskip("lmfit.models")
    model = models.GaussianModel() + models.ConstantModel()
    for name, value in {"amplitude": 1000, "center": 0, "sigma": 0.3, "c": 0}.items():
        model.set_param_hint(name, value=value)
    lines, best = shown(fit=model)
    documents = make_run(["th"], ["det", "mon"], [(x, y, 1.0) for x, y in zip(X, BELL, strict=True)])
    feed(best, documents)
    assert best.last_fit.best_values["center"] == pytest.approx(0.3)
    assert lines[0].startswith("fit of det: ")
    assert "center 0.3" in lines[0]
    plot = LivePlot("det", ax=ax, windows=best.windows)
    for name, doc in documents:
        plot(name, doc)
    curve = next(line for line in ax.lines if line.get_label() == "fit of det")
    assert np.interp(X, curve.get_xdata(), curve.get_ydata()) == pytest.approx(BELL, abs=60)


def test_peak_stats_of_each_detector_are_kept_and_printed(make_run, shown):
    lines, best = shown(peak_stats=True)
    documents = make_run(["th"], ["det", "mon"], [(x, y, 2 * y) for x, y in zip(X, BELL, strict=True)])
    feed(best, documents)
    alone = PeakStats("th", "det")
    for name, doc in documents:
        alone(name, doc)
    assert list(best.last_peak_stats) == ["det", "mon"]
    assert best.last_peak_stats["det"].stats._replace(crossings=None) == alone.stats._replace(crossings=None)
    assert [line.partition(":")[0] for line in lines] == ["PeakStats of det", "PeakStats of mon"]
    assert lines[0] == f"PeakStats of det: cen 0.300, fwhm {alone.fwhm:.3f}, com {alone.com:.3f}, max at 0.300"


def test_without_the_options_nothing_is_fitted(make_run, shown):
    lines, best = shown()
    feed(best, make_run(["th"], ["det"], list(zip(X, BELL, strict=True))))
    assert (lines, best.last_fit, best.last_peak_stats) == ([], None, {})
