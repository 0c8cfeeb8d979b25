"""`plot`: which run and which values a line means, and what is said when there is none."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from run_documents import data_key, make_run  # noqa: F401

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.commands import commands

X = np.linspace(-1, 1, 41)
BELL = np.rint(20 + 5000 * np.exp(-(((X - 0.3) / 0.2) ** 2)))
PICTURE = {"source": "sim", "dtype": "array", "shape": [4, 4], "external": "FILE:"}
KEYS = {"th": data_key("deg"), "det": data_key("counts", 0), "word": data_key(dtype="string"), "cam_image": PICTURE}


class FakeRun:
    def __init__(self, documents):
        self._documents = documents
        self.start = documents[0][1]
        self.scan_id = self.start["scan_id"]
        self.label = f"run {self.scan_id}"
        self.image_keys = ["cam_image"] if "cam_image" in str(documents[1]) else []

    def documents(self):
        return iter(self._documents)

    @property
    def descriptors(self):
        return [doc for name, doc in self._documents if name == "descriptor"]


@pytest.fixture
def run_of(make_run):  # noqa: F811
    def run_of(motors, dets, rows, **start):
        return FakeRun(make_run(motors, dets, rows, keys=KEYS, **start))

    return run_of


@pytest.fixture
def runs(run_of):
    peak = run_of(["th"], ["det", "i0", "scaler_it"], [(x, y, 100.0, y / 2) for x, y in zip(X, BELL, strict=True)])
    places = [(y, x, 10 * y + x) for y in (0.0, 1.0, 2.0) for x in (0.0, 1.0, 2.0)]
    grid = run_of(["samy", "samx"], ["det"], places, shape=[3, 3], extents=[[0, 2], [0, 2]], snaking=[False, False])
    words = run_of(["th"], ["word", "cam_image"], [(0.0, "on", 1), (1.0, "off", 2)])
    empty = run_of(["th"], ["det"], [])
    return {1: peak, 2: grid, 3: words, 4: empty, -1: peak, -2: grid}


@pytest.fixture
def plot(runs, monkeypatch, capsys):
    """What a line prints."""
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setenv("LINES", "24")

    def plot(line):
        console = SimpleNamespace(runs=runs, last_run=lambda: runs[1], devices={"det": object()})
        commands()["plot"].act(console, line.split())
        return capsys.readouterr().out.splitlines()

    return plot


def headings(lines):
    """What is drawn: the lines that begin with a letter, and are no sentences."""
    return [line.split("  ")[0] for line in lines[1:] if line[:1].isalpha() and ": " not in line]


def test_the_last_run_is_drawn_with_its_title_its_marks_and_its_sentence(plot):
    lines = plot("det")
    assert lines[0] == "#1 scan det i0 scaler_it th 41"
    assert "▼max" in lines[1]
    assert any("▲cen" in line for line in lines)
    assert lines[-1] == "det: max 5020 at th 0.300 deg, cen 0.300, fwhm 0.333, com 0.300"
    assert max(map(len, lines)) <= 72


@pytest.mark.parametrize(
    ("line", "drawn"),
    [
        ("1 det", ["det [counts]"]),
        ("1 det i0", ["det [counts]", "i0"]),
        ("1 det/i0 log", ["det/i0 [counts], log"]),
        ("det log linear", ["det [counts]"]),
        ("1 scaler.it", ["scaler_it"]),
        ("1 scaler.it/det", ["scaler_it/det [1/counts]"]),
        ("scaler.it/det", ["scaler_it/det [1/counts]"]),
        ("-2", []),
    ],
)
def test_run_values_and_scale_may_each_be_left_out(plot, line, drawn):
    assert headings(plot(line)) == drawn


def test_the_axis_and_how_points_are_drawn_can_be_chosen(plot):
    assert plot("1 det x=time")[-1].strip() == "time since the start [s]"
    assert plot("1 det x=point")[-1].strip() == "point"
    assert plot("1 i0 x=det")[-1].strip() == "det [counts]"
    assert plot("1 det scatter") != plot("1 det lines") == plot("1 det")


def test_a_grid_is_drawn_in_shades_or_as_a_map_of_its_points(plot):
    grid, scatter = plot("2"), plot("2 det scatter")
    assert grid[1] == scatter[1] == "det [counts]: 0 to 22"
    assert grid[-1].strip() == scatter[-1].strip() == "samy over samx"
    assert sum(line.count("█") for line in grid) > 9 >= sum(line.count("█") for line in scatter) > 0


def test_a_run_that_was_ended_early_says_so(plot, runs, run_of):
    runs[5] = run_of(["th"], ["det"], [(0.0, 1.0), (1.0, 2.0)], status="abort")
    assert plot("5")[0].endswith("  abort")
    runs[5]._documents.pop()
    assert plot("5")[0].endswith("  not ended yet")


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("dett", UnknownName, "run 1 has no value 'dett': did you mean det?"),
        ("1 det/i0x", UnknownName, "run 1 has no value 'i0x': did you mean i0?"),
        ("1 i0/q", UnknownName, "run 1 has no value 'q': there are det, i0, scaler_it, th, th_setpoint"),
        ("1 det x=thh", UnknownName, "run 1 has no value 'thh': did you mean th?"),
        ("1 stream=basline", UnknownName, "run 1 has no stream 'basline': there is primary"),
        ("3 word", UsageError, "word of run 3 is no number to draw"),
        ("3 cam_image", UsageError, "cam_image of run 3 is no number to draw: type image 3 cam_image"),
        ("1 det wide=3", UsageError, "'wide=3' is not understood"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line_with_what_there_is(plot, line, error, message):
    with pytest.raises(error) as refused:
        plot(line)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_run_without_points_says_so(plot, runs):
    assert plot("4")[1] == "no points"
    runs[4]._documents = [runs[4]._documents[0], runs[4]._documents[-1]]
    with pytest.raises(UnknownName, match="run 4 has no points to draw"):
        plot("4")


def test_where_the_output_takes_no_such_characters_they_are_ascii(plot, runs, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)
    console = SimpleNamespace(runs=runs, last_run=lambda: runs[1], devices={})
    commands()["plot"].act(console, ["det"])
    out.flush()
    assert b"vmax" in out.buffer.getvalue()
