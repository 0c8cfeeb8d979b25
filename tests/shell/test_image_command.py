"""`image`: which run, detector and point a line means, and what is said when there is none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from beamshell.callbacks import figures
from beamshell.errors import UnknownName, UsageError
from beamshell.shell.commands import commands


class FakeImages:
    key = "cam_image"
    points = (1, 2, 3)

    def at(self, point):
        if abs(point) > 3 or not point:
            raise UnknownName(f"no point {point}")
        return np.full((4, 4), self.points[point] if point < 0 else point)


class FakeRun:
    def __init__(self, scan_id, *keys):
        self.scan_id = scan_id
        self.image_keys = list(keys)
        self.asked = []

    def images(self, name):
        self.asked.append(name)
        return FakeImages()


class FakeCamera:
    def picture(self):
        return np.ones((2, 2))


@pytest.fixture
def runs():
    runs = {7: FakeRun(7, "cam_image"), 8: FakeRun(8, "cam_image", "cam_dark"), 9: FakeRun(9)}
    return runs | {-1: runs[7], -2: runs[8], -3: runs[9]}


@pytest.fixture
def image(runs, monkeypatch, capsys):
    """What is printed in the end for a line."""
    monkeypatch.setenv("BEAMSHELL_PLOTS", "none")

    def image(line):
        console = SimpleNamespace(runs=runs, last_run=lambda: runs[7], devices={"webcam": FakeCamera(), "th": object()})
        commands()["image"].act(console, line.split())
        return capsys.readouterr().out.splitlines()[-1]

    return image


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", "cam_image of run 7, point 3:"),
        ("cam", "cam_image of run 7, point 3:"),
        ("cam 2", "cam_image of run 7, point 2:"),
        ("cam -2", "cam_image of run 7, point 2:"),
        ("7", "cam_image of run 7, point 3:"),
        ("8 cam_dark", "cam_image of run 8, point 3:"),
        ("-2 cam_dark 1", "cam_image of run 8, point 1:"),
        ("webcam now", "webcam now: 2 x 2 pixels"),
    ],
)
def test_run_detector_and_point_may_each_be_left_out(image, line, shown):
    assert image(line).startswith(shown)


def test_the_detector_is_looked_for_by_the_run(image, runs):
    image("cam 1")
    assert runs[7].asked == ["cam"]


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("9", UnknownName, "run 9 has no pictures"),
        ("8", UsageError, "say which of cam_image, cam_dark"),
        ("cam 9", UnknownName, "no point 9"),
        ("cam two", UsageError, "'two' is not a number"),
        ("cam 1.5", UsageError, "'1.5' is not a whole number"),
        ("cam 1 2", UsageError, "'2' is one word too many"),
        ("webcam now 2", UsageError, "'2' is one word too many"),
        ("webcm now", UnknownName, "no device 'webcm': did you mean webcam"),
        ("th now", UsageError, "th takes no pictures"),
        ("now", UsageError, "say of which camera: image webcam now"),
        ("7 cam now", UsageError, "'now' is not a whole number"),
    ],
)
def test_what_cannot_be_shown_is_reported(image, line, error, message):
    with pytest.raises(error, match=message):
        image(line)


def test_the_scale_of_plots_is_chosen_and_shown(monkeypatch, capsys):
    monkeypatch.setattr(figures.windows, "scale", "linear")
    lines = ("plotscale", "plotscale log", "plotscale")
    for line in lines:
        commands()["plotscale"].act(SimpleNamespace(devices={}), line.split()[1:])
    assert figures.windows.scale == "log"
    assert capsys.readouterr().out.splitlines() == [
        "plots are on a linear scale",
        "plots of the next scans are on a log scale",
        "plots are on a log scale",
    ]


def test_the_scale_is_an_option(image):
    assert image("cam 3 scale=log") == image("cam 3")
    with pytest.raises(UsageError, match="cubic"):
        image("cam 3 scale=cubic")
