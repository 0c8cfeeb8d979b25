"""LiveFit, LiveFitPlot and PeakStats give what bluesky's give for the same documents."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

lmfit = pytest.importorskip("lmfit")
bluesky_fitting = pytest.importorskip("bluesky.callbacks.fitting")
bluesky_callbacks = pytest.importorskip("bluesky.callbacks")
best_effort = pytest.importorskip("bluesky.callbacks.best_effort")

from run_documents import make_run  # noqa: E402, F401

from beamshell.callbacks import BestEffort, LiveFit, LiveFitPlot, PeakStats  # noqa: E402
from beamshell.errors import UsageError  # noqa: E402

XS = np.linspace(-1, 1, 41)
CURVES = {
    "a peak": 50 + 1000 * np.exp(-(((XS - 0.1) / 0.2) ** 2)),
    "a dip": 1000 - 800 * np.exp(-(((XS + 0.3) / 0.1) ** 2)),
    "an edge": 100 / (1 + np.exp(-XS * 20)),
    "a slope": 3 * XS + 10,
    "two peaks": np.exp(-(((XS - 0.5) / 0.1) ** 2)) + np.exp(-(((XS + 0.5) / 0.1) ** 2)),
    "noise": np.random.default_rng(3).poisson(100, 41).astype(float),
}
STATISTICS = ("min", "max", "com", "cen", "crossings", "fwhm")


@pytest.fixture
def documents(make_run):  # noqa: F811
    def documents(ys, xs=XS):
        return make_run(["th"], ["det"], [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)])

    return documents


def feed(callback, documents):
    for name, doc in documents:
        callback(name, doc)
    return callback


def same(ours, theirs):
    if theirs is None or ours is None:
        return ours is theirs
    return np.asarray(ours) == pytest.approx(np.asarray(theirs), rel=1e-9)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # bluesky divides by 0 where the values add up to it
@pytest.mark.parametrize("edge_count", [None, 3])
@pytest.mark.parametrize("xs", [XS, XS[::-1]], ids=["rising", "falling"])
@pytest.mark.parametrize("curve", CURVES)
def test_peak_statistics_are_those_of_bluesky(documents, curve, xs, edge_count):
    run = documents(CURVES[curve], xs)
    ours = feed(PeakStats("th", "det", edge_count=edge_count, calc_derivative_and_stats=True), run)
    theirs = feed(bluesky_fitting.PeakStats("th", "det", edge_count=edge_count, calc_derivative_and_stats=True), run)
    assert {name: getattr(ours, name) for name in STATISTICS if not same(ours[name], theirs[name])} == {}
    assert same(ours.derivative_stats.cen, theirs.derivative_stats.cen)
    assert ours.lin_bkg == (None if edge_count is None else pytest.approx(theirs.lin_bkg))
    assert ours.y_data.tolist() == theirs.y_data.tolist()


@pytest.mark.filterwarnings("ignore")  # of bluesky and of the figures that it opens
@pytest.mark.parametrize("curve", ["a peak", "a dip", "an edge", "noise"])
def test_the_peak_statistics_of_best_effort_are_those_of_bluesky_s(documents, curve):
    run = documents(CURVES[curve])
    ours = feed(BestEffort(out=lambda text: None, peak_stats=True), run)
    theirs = best_effort.BestEffortCallback()
    theirs.disable_table()
    feed(theirs, run)
    pyplot.close("all")
    statistics = ours.last_peak_stats["det"]
    names = ("min", "max", "com", "cen", "fwhm")
    assert {name: statistics[name] for name in names if not same(statistics[name], theirs.peaks[name]["det"])} == {}


def test_before_a_run_has_ended_and_after_one_without_points_there_are_no_statistics(documents):
    stats = PeakStats("th", "det")
    assert (stats.cen, stats.stats) == (None, None)
    feed(stats, documents(CURVES["a peak"]))
    feed(stats, documents([], []))
    assert stats.cen is None
    with pytest.raises(AttributeError, match="PeakStats has no centre: it has min, max"):
        _ = stats.centre


@pytest.mark.parametrize("update_every", [1, 5, None])
def test_a_live_fit_ends_with_the_parameters_of_bluesky(documents, update_every):
    guess = {"amplitude": 300, "center": 0, "sigma": 0.3}
    run = documents(CURVES["a peak"] - 50)
    arguments = (lmfit.models.GaussianModel(), "det", {"x": "th"}, guess)
    ours = feed(LiveFit(*arguments, update_every=update_every), run)
    theirs = feed(bluesky_callbacks.LiveFit(*arguments, update_every=update_every), run)
    assert ours.result.best_values == pytest.approx(theirs.result.best_values)
    assert (ours.ydata, ours.independent_vars_data) == (theirs.ydata, theirs.independent_vars_data)


def test_a_live_fit_plot_draws_the_curve_of_bluesky(documents):
    lines = []
    for fit, fit_plot in ((LiveFit, LiveFitPlot), (bluesky_callbacks.LiveFit, None)):
        figure = Figure()
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        guess = {"amplitude": 300, "center": 0, "sigma": 0.3}
        live = fit(lmfit.models.GaussianModel(), "det", {"x": "th"}, guess)
        if fit_plot is None:
            feed(live, documents(CURVES["a peak"] - 50))
            lines.append(live.result.eval(x=np.linspace(-1, 1, 100)))
        else:
            feed(fit_plot(live, ax=ax), documents(CURVES["a peak"] - 50))
            lines.append(ax.lines[0].get_ydata())
    assert lines[0] == pytest.approx(lines[1])


def test_points_without_a_number_are_left_out_of_a_fit(documents):
    ys = CURVES["a peak"].copy()
    ys[7] = np.nan
    model = lmfit.models.GaussianModel() + lmfit.models.ConstantModel()
    guess = {"amplitude": 300, "center": 0, "sigma": 0.3, "c": 0}
    fit = feed(LiveFit(model, "det", {"x": "th"}, guess), documents(ys))
    assert fit.result.best_values["center"] == pytest.approx(0.1)


def test_a_variable_that_the_model_does_not_have_is_refused():
    with pytest.raises(UsageError, match=r"the model has the variables x: say what each is, such as \{'x': 'th'\}"):
        LiveFit(lmfit.models.GaussianModel(), "det", {"th": "th"})
