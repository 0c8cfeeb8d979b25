"""Windows of Qt without a screen, with the events that a person's mouse makes; in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = """
import json, os, sys
from PySide6 import QtCore, QtWidgets
from PySide6.QtTest import QTest
import numpy as np
from beamshell.callbacks import BestEffort, picture
from beamshell.callbacks.figures import mark_curve, windows
from beamshell.callbacks.painter import painter
from beamshell.callbacks.run_figure import figure_at_hand

first, second = json.loads(os.environ["DOCUMENTS"])
best = BestEffort(out=lambda text: None)
seen = {}

def feed(documents):
    for name, doc in documents:
        best(name, doc)

def events():
    QtWidgets.QApplication.processEvents()

def open_windows():
    return [one for one in QtWidgets.QApplication.topLevelWidgets() if one.isVisible() and one.windowTitle()]

feed(first)
painter.flush(); events()
import matplotlib.pyplot as plt
figure = windows.figure
seen["figure at hand"] = plt.gcf() is figure and figure_at_hand(list) is figure
seen["window"] = [one.windowTitle() for one in open_windows()]
seen["title"] = figure.axes[0].get_title()
mark_curve(first[0][1]["uid"], "det", [0.0, 1.0], [2.0, 3.0], "gauss: centre 0.5")
painter.flush(); events()
seen["marked"] = figure.axes[0].lines[-1].get_label()
pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].reshape(-1, 3)
blue = np.array([31, 119, 180])
seen["blue pixels"] = int((np.abs(pixels.astype(int) - blue).sum(axis=1) < 30).sum())

from beamshell.callbacks import LivePlot
other = LivePlot("det", "seq_num")
for name, doc in second:
    other(name, doc)
painter.flush(); events()                       # a window of another kind, with an older picture then
feed(first)
painter.flush(); events()
seen["newest picture"] = windows.figure is figure
next(one for one in open_windows() if "seq_num" in one.windowTitle()).close(); events()
plt.plot([1, 2, 3], label="mine")               # a person draws into the figure at hand
feed(second[:-3])
painter.flush(); events()
seen["same window"] = windows.figure is figure and len(open_windows()) == 1
seen["after a second scan"] = [line.get_label() for line in figure.axes[0].lines]
open_windows()[0].close(); events()             # closed in the middle of a scan
feed(second[-3:])
painter.flush(); events()
seen["stays closed"] = (len(open_windows()), windows.figure is None, plt.get_fignums())
seen["without a window"] = figure_at_hand(lambda: second).axes[0].get_title().splitlines()[0]
feed(first)
painter.flush(); events()
seen["opens again"] = len(open_windows())
plt.close("all"); events()
feed(second)
painter.flush(); events()
seen["opens after close all"] = len(open_windows())

frames = picture.Frames((1, 2, 3, 4, 5), 1, lambda point: np.full((4, 4), point), "point {}".format)
picture.show(frames.at(1), frames.title(1), frames=frames)
painter.flush(); events()
shown = windows.last
slider = shown._composed.slider
canvas = shown.figure.canvas
canvas.draw()
x, y = slider.ax.transAxes.transform((0.76, 0.5))
place = QtCore.QPoint(round(x / canvas.device_pixel_ratio), round(canvas.height() - y / canvas.device_pixel_ratio))
QTest.mouseClick(canvas, QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, place)
events()
seen["slider"] = (int(slider.val), shown.figure.axes[0].get_title())
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen():
    """What the windows showed."""
    pytest.importorskip("PySide6")
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "BEAMSHELL_PLOTS": "window"}
    environ.pop("MPLBACKEND", None)
    documents = json.dumps([run(1), run(2)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**environ, "DOCUMENTS": documents},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def run(number):
    """The documents of a scan over a peak."""
    uid, keys = f"run {number}", ("th", "det")
    xs = np.linspace(-1, 1, 41)
    about = {key: {"dtype": "number", "shape": [], "precision": 3, "source": "sim"} for key in keys}
    start = {"uid": uid, "time": 1.7e9, "scan_id": number, "command": "scan det th -1 1 41", "motors": ["th"]}
    hints = {"dimensions": [[["th"], "primary"]]}
    descriptor = {"uid": f"{uid} d", "run_start": uid, "name": "primary", "data_keys": about}
    return [
        ("start", {**start, "detectors": ["det"], "hints": hints}),
        (
            "descriptor",
            {
                **descriptor,
                "object_keys": {key: [key] for key in keys},
                "hints": {key: {"fields": [key]} for key in keys},
            },
        ),
        *(
            (
                "event",
                {
                    "uid": f"{uid} {n}",
                    "descriptor": f"{uid} d",
                    "seq_num": n + 1,
                    "time": 1.7e9 + n,
                    "data": {"th": x, "det": 1000 * float(np.exp(-((x / 0.3) ** 2)))},
                    "timestamps": {},
                },
            )
            for n, x in enumerate(xs)
        ),
        ("stop", {"uid": f"{uid} s", "run_start": uid, "time": 1.7e9 + 41, "exit_status": "success"}),
    ]


def test_the_figure_at_hand_is_that_of_pyplot_and_of_the_session(seen):
    assert seen["figure at hand"]


def test_the_title_has_the_command_and_the_date_and_the_window_its_kind(seen):
    assert seen["window"] == ["det against th"]
    command, date = seen["title"].splitlines()
    assert command == "#1 scan det th -1 1 41  success"
    assert date.startswith("2023-11-1")


def test_the_curve_is_really_drawn(seen):
    assert seen["blue pixels"] > 200


def test_a_fit_is_drawn_into_the_open_window(seen):
    assert seen["marked"] == "gauss: centre 0.5"


def test_a_second_scan_is_drawn_in_the_same_window_without_what_a_person_has_drawn_into_it(seen):
    assert seen["same window"]
    assert seen["after a second scan"] == ["_previous", "det"]


def test_a_window_closed_in_the_middle_of_a_scan_hurts_nothing_and_opens_with_the_next_scan(seen):
    assert seen["stays closed"] == [0, True, []]
    assert seen["opens again"] == 1
    assert seen["opens after close all"] == 1


def test_of_several_windows_the_one_with_the_newest_picture_is_at_hand(seen):
    assert seen["newest picture"]


def test_without_a_window_the_figure_at_hand_is_drawn_from_the_last_run(seen):
    assert seen["without a window"] == "#2 scan det th -1 1 41  success"


def test_a_click_on_the_slider_shows_the_picture_of_that_point(seen):
    assert seen["slider"] == [4, "point 4"]
