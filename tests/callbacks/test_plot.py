from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.plot import LivePlot
from beamshell.text.times import date_and_time

ROWS = [(-1.0, 1.0), (0.0, 5.0), (1.0, 2.0)]


def feed(callback, documents):
    for name, doc in documents:
        callback(name, doc)


def test_a_run_becomes_a_line_with_names_and_units(make_run, ax):
    keys = {"th": {"dtype": "number", "shape": [], "units": "deg"}}
    feed(LivePlot("det", "th", ax=ax), make_run(["th"], ["det"], ROWS, keys=keys, command="scan det th -1 1 3"))
    assert ax.lines[0].get_xydata().tolist() == [list(row) for row in ROWS]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("th [deg]", "det")
    assert ax.get_title() == f"#1 scan det th -1 1 3  success\n{date_and_time(1000.0)}"


@pytest.mark.parametrize("top", [-1.0, 1.0])
def test_a_legend_stands_in_the_corner_away_from_the_highest_point(make_run, ax, top):
    rows = [(place, 9.0 if place == top else 1.0, 1.0) for place in (-1.0, 0.0, 1.0)]
    feed(LivePlot(ax=ax), make_run(["th"], ["det", "mon"], rows))
    ax.figure.canvas.draw()
    box, whole = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert bool(box.x0 + box.x1 > whole.x0 + whole.x1) is (top < 0)


def test_without_names_the_hints_decide(make_run, ax):
    feed(LivePlot(ax=ax), make_run(["th"], ["det", "mon"], [(0.0, 1.0, 2.0)]))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["det", "mon"]


def test_a_count_is_shown_against_time(make_run, ax):
    feed(LivePlot(ax=ax, x="time"), make_run([], ["det"], [(5.0,), (6.0,)]))
    assert ax.lines[0].get_xdata().tolist() == [0.0, 1.0]


def test_a_point_measured_again_replaces_the_one_before(make_run, ax):
    feed(LivePlot(ax=ax), make_run(["th"], ["det"], [*ROWS, (0.0, 7.0)], numbers=[1, 2, 3, 2]))
    assert ax.lines[0].get_ydata().tolist() == [1.0, 7.0, 2.0]


def test_the_previous_scan_stays_in_grey_and_the_one_before_goes(make_run, ax):
    plot = LivePlot(ax=ax)
    for _ in range(3):
        feed(plot, make_run(["th"], ["det"], ROWS))
    assert [line.get_color() for line in ax.lines] == ["0.75", "C0"]


def test_the_axis_shows_from_the_start_where_the_scan_will_end(make_run, ax):
    feed(LivePlot(ax=ax), make_run(["th"], ["det"], ROWS[:1], extents=([-1, 9],)))
    assert ax.get_xlim() == pytest.approx((-1.5, 9.5))


def test_the_limits_of_a_relative_scan_are_those_of_its_points(make_run, ax):
    feed(LivePlot(ax=ax), make_run(["th"], ["det"], [(50.0, 1.0), (52.0, 1.0)], extents=([-1, 1],)))
    assert ax.get_xlim() == pytest.approx((49.9, 52.1))


@pytest.mark.parametrize("odd", [None, "text", float("nan"), float("inf"), np.zeros((2, 2)), {}])
def test_an_odd_value_is_a_gap(make_run, ax, odd):
    feed(LivePlot("det", ax=ax), make_run(["th"], ["det"], [*ROWS, (2.0, odd)]))
    assert len(ax.lines[0].get_xdata()) == 4
    assert ax.get_ylim()[1] < 6


def test_an_event_draws_nothing_itself(make_run, ax):
    painter = Painter(clock=lambda: 0.0)
    *documents, _ = make_run(["th"], ["det"], ROWS)
    feed(LivePlot(ax=ax, painter=painter), documents)
    assert len(ax.lines) == 0
    assert painter.due_in() == 0


def test_strings_and_images_make_no_plot(make_run, ax):
    keys = {"note": {"dtype": "string", "shape": []}, "image": {"dtype": "array", "shape": [2, 2]}}
    feed(LivePlot(ax=ax), make_run(["th"], ["note", "image"], [(0.0, "a", np.zeros((2, 2)))], keys=keys))
    assert len(ax.lines) == 0


HEADLESS = """
import sys
from beamshell.callbacks import BestEffort, LiveGrid, LivePlot
documents = {documents!r}
for callback in (BestEffort(), LivePlot("det", "th"), LiveGrid(I="det")):
    for name, doc in documents:
        callback(name, doc)
print("matplotlib" in sys.modules)
"""


def test_without_a_display_matplotlib_is_not_even_imported(make_run, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "BEAMSHELL_PLOTS"):
        monkeypatch.delenv(name, raising=False)
    code = HEADLESS.format(documents=make_run(["th"], ["det"], ROWS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_without_a_scale_of_its_own_a_plot_has_that_of_the_windows(make_run, ax):
    windows = Windows()
    plot = LivePlot(ax=ax, windows=windows)
    windows.scale = "log"
    feed(plot, make_run(["th"], ["det"], ROWS))
    assert ax.get_yscale() == "log"
    windows.scale = "linear"
    feed(plot, make_run(["th"], ["det"], ROWS))
    assert ax.get_yscale() == "linear"


def test_the_scale_of_the_values_is_chosen(make_run, ax):
    feed(LivePlot(ax=ax, scale="log"), make_run(["th"], ["det"], [(0.0, 0.0), (1.0, 10.0), (2.0, 1000.0)]))
    low, high = ax.get_ylim()
    assert (ax.get_yscale(), low > 5, high < 2000) == ("log", True, True)
    feed(LivePlot(ax=ax, scale="symmetric"), make_run(["th"], ["det"], [(0.0, -3.0), (1.0, 10.0)]))
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim() == pytest.approx((-11, 11))


def test_of_very_many_points_some_are_drawn_while_they_come_and_all_at_the_end(make_run, ax):
    painter = Painter(clock=lambda: 0.0)
    plot = LivePlot(ax=ax, painter=painter)
    *documents, stop = make_run(["th"], ["det"], [(n / 100, float(n % 7)) for n in range(8000)])
    feed(plot, documents)
    painter.flush()
    assert 1000 < len(ax.lines[0].get_xdata()) <= 5000
    feed(plot, [stop])
    assert len(ax.lines[0].get_xdata()) == 8000
    feed(plot, make_run(["th"], ["det"], ROWS))
    grey, line = (len(line.get_xdata()) for line in ax.lines)
    assert line == 3
    assert grey <= 5000  # it is drawn again with each drawing of the new scan


def test_limits_legend_and_time_are_chosen_as_in_bluesky(make_run, ax):
    plot = LivePlot("det", "time", legend_keys=["sample", "user"], xlim=(0, 2000), ylim=(-5, 5), epoch="unix", ax=ax)
    feed(plot, make_run(["th"], ["det"], ROWS, sample="LaB6"))
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_xlabel()) == ((0, 2000), (-5, 5), "time [s]")
    assert ax.lines[0].get_xdata().tolist() == [1000.0, 1001.0, 1002.0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["det  sample: LaB6"]
