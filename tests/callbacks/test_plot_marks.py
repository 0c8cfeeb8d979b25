"""Marks and earlier runs in plots: what the lines of the figure are."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.callbacks.best_effort import BestEffort
from beamshell.callbacks.figures import Windows, mark_curve, windows
from beamshell.callbacks.plot import LivePlot
from beamshell.views.earlier_runs import EarlierRun

BELL = [(x, 10 + 1000 * np.exp(-(((x - 0.1) / 0.2) ** 2))) for x in np.linspace(-1, 1, 41)]


def feed(callback, documents):
    for name, doc in documents:
        callback(name, doc)


def with_count_time(documents, seconds):
    """The documents of a run whose detector counts for so long."""
    configuration = {"det": {"data": {"det_count_time": seconds}, "timestamps": {}, "data_keys": {}}}
    return [(name, {**doc, "configuration": configuration} if name == "descriptor" else doc) for name, doc in documents]


def earlier(documents):
    (_, start), (_, descriptor), *events, _ = documents
    columns = {key: np.array([doc["data"][key] for _, doc in events]) for key in descriptor["data_keys"]}
    return EarlierRun(start, descriptor, columns)


def labels(ax):
    return [line.get_label() for line in ax.lines]


def test_a_curve_is_drawn_into_the_plot_of_its_run(make_run, ax):
    documents = make_run(["th"], ["det"], BELL)
    mark_curve(documents[0][1]["uid"], "det", [0, 1], [2, 3], "gauss: centre 0.1")
    mark_curve("another run", "det", [5, 6], [7, 8], "gauss: centre 0.2")
    mark_curve(documents[0][1]["uid"], "mon", [5, 6], [7, 8], "gauss: centre 0.3")
    feed(LivePlot(ax=ax), documents)
    assert labels(ax) == ["det", "gauss: centre 0.1"]
    assert ax.lines[1].get_xydata().tolist() == [[0, 2], [1, 3]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == labels(ax)


def test_a_second_fit_of_the_same_model_takes_the_place_of_the_first(make_run, ax):
    documents = make_run(["th"], ["det"], BELL)
    for centre in ("0.1", "0.2"):
        mark_curve(documents[0][1]["uid"], "det", [0, 1], [2, 3], f"gauss: centre {centre}")
    feed(LivePlot(ax=ax), documents)
    assert labels(ax) == ["det", "gauss: centre 0.2"]


def test_highest_place_and_centre_of_a_scan_are_marked_when_it_ends(make_run, ax):
    documents = make_run(["th"], ["det"], BELL)
    feed(BestEffort(), documents)
    feed(LivePlot(ax=ax), documents)
    assert labels(ax) == ["det", "max 1010.000 at 0.100", "cen 0.100"]
    assert ax.lines[1].get_xydata().tolist() == [[pytest.approx(0.1), pytest.approx(1010)]]
    assert ax.lines[2].get_xdata()[0] == pytest.approx(0.1, abs=1e-3)


def test_a_ratio_that_was_chosen_is_marked_too(make_run, ax):
    windows.values = ("det/i0",)
    documents = make_run(["th"], ["det", "i0"], [(x, y, 2.0) for x, y in BELL])
    feed(BestEffort(), documents)
    feed(LivePlot(ax=ax), documents)
    assert labels(ax) == ["det/i0", "max 505.000 at 0.100", "cen 0.100"]


def test_noise_has_no_marks(make_run, ax):
    rows = [(float(x), float(y)) for x, y in enumerate(np.random.default_rng(1).poisson(100, 41))]
    documents = make_run(["th"], ["det"], rows)
    feed(BestEffort(), documents)
    feed(LivePlot(ax=ax), documents)
    assert labels(ax) == ["det"]


@pytest.mark.parametrize("shape", ["flat", "line", "curve", "step"])
def test_the_fit_that_an_alignment_has_recorded_is_drawn(make_run, ax, shape):
    xs = np.linspace(-1, 1, 81)
    under = {"flat": 0 * xs, "line": 50 * xs, "curve": 80 * xs**2, "step": 100.0 * (xs > 0.1)}[shape] + 100
    bell = 1000 * np.exp(-(((xs - 0.1) / 0.2) ** 2))
    *documents, stop = make_run(["th"], ["det"], list(zip(xs, under + bell, strict=True)), plan_name="centre_on_peak")
    fit = {"field": "det", "centre": 0.1, "fwhm": 0.2 * 2 * np.sqrt(np.log(2)), "height": 1000.0, "background": 100.0}
    uid = documents[0][1]["uid"]
    keys = {key: {"dtype": "number", "shape": [], "source": "plan:fit"} for key in (*fit, "shape")}
    descriptor = {"uid": "fit", "run_start": uid, "name": "fit", "data_keys": keys, "object_keys": {}, "hints": {}}
    event = {"uid": "e", "descriptor": "fit", "seq_num": 1, "time": 0.0, "data": {**fit, "shape": shape}}
    documents += [("descriptor", descriptor), ("event", {**event, "timestamps": {}, "filled": {}}), stop]
    feed(BestEffort(), documents)
    feed(LivePlot(ax=ax), documents)
    curve = next(line for line in ax.lines if line.get_label() == "fit at 0.100")
    expected = np.interp(curve.get_xdata(), xs, under + bell)
    assert np.abs(curve.get_ydata() - expected).max() < (60 if shape == "step" else 5)


def test_earlier_runs_are_drawn_beside_the_present_one_with_its_count_time(make_run, ax):
    first = with_count_time(make_run(["th"], ["det"], [(0.0, 10.0), (1.0, 30.0)]), 0.1)
    second = make_run(["samx"], ["det"], [(0.0, 10.0)])
    windows.earlier = [earlier(first), earlier(second)]
    feed(LivePlot(ax=ax), with_count_time(make_run(["th"], ["det"], [(0.0, 90.0), (1.0, 310.0)]), 1.0))
    assert labels(ax) == ["#1 x 10", "det"]
    assert ax.lines[0].get_xydata().tolist() == [[0.0, 100.0], [1.0, 300.0]]


def test_a_run_is_not_drawn_beside_itself(make_run, ax):
    run = make_run(["th"], ["det"], BELL)
    windows.earlier = [earlier(run)]
    feed(LivePlot(ax=ax), run)
    assert labels(ax) == ["det"]


def test_rates_and_ratios_of_earlier_runs_are_not_multiplied(make_run, ax):
    keys = {"count_time": {"dtype": "number", "shape": [], "units": "s"}}
    first = with_count_time(make_run(["th"], ["det", "i0"], [(0.0, 10.0, 5.0), (1.0, 30.0, 0.0)]), 0.1)
    now = with_count_time(make_run(["th"], ["det", "i0", "count_time"], [(0.0, 8.0, 2.0, 2.0)], keys=keys), 0.1)
    windows.earlier = [earlier(first)]
    windows.values = ("det", "det/i0")
    feed(LivePlot(ax=ax), now)
    rates, ratios = ax.lines[0], ax.lines[2]
    assert (rates.get_label(), rates.get_ydata().tolist()) == ("#1 x 10", [pytest.approx(100), pytest.approx(300)])
    assert (ratios.get_label(), ratios.get_ydata()[0], np.isnan(ratios.get_ydata()[1])) == ("#1", 2.0, True)


def test_the_previous_run_in_grey_has_the_count_time_of_the_present_one_too(make_run, ax):
    plot = LivePlot(ax=ax)
    feed(plot, with_count_time(make_run(["th"], ["det"], [(0.0, 10.0), (1.0, 30.0)]), 0.1))
    feed(plot, with_count_time(make_run(["th"], ["det"], [(0.0, 90.0), (1.0, 310.0)]), 1.0))
    grey, line = ax.lines
    assert (grey.get_color(), grey.get_ydata().tolist()) == ("0.75", [100.0, 300.0])
    assert line.get_ydata().tolist() == [90.0, 310.0]


def test_the_values_chosen_are_those_of_all_plots_that_have_none_of_their_own(make_run, ax):
    windows = Windows()
    windows.values = ("mon/det",)
    feed(LivePlot(ax=ax, windows=windows), make_run(["th"], ["det", "mon"], [(0.0, 2.0, 8.0)]))
    assert (ax.get_ylabel(), ax.lines[0].get_ydata().tolist()) == ("mon/det", [4.0])


def test_a_run_without_the_values_that_were_chosen_is_shown_as_its_hints_say(make_run, ax):
    windows.values = ("it/i0",)
    feed(LivePlot(ax=ax), make_run(["th"], ["det"], [(0.0, 2.0)]))
    assert ax.get_ylabel() == "det"
