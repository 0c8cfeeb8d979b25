"""Scans are plotted in the terminal where there is no display: live, and below the table's foot at their end."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from beamshell.callbacks import BestEffort
from beamshell.callbacks.figures import SWITCH, Windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.text_figure import TextFigure
from beamshell.callbacks.text_screen import TextScreen

X = np.linspace(-1, 1, 41)
PEAK = [(x, float(np.rint(20 + 5000 * np.exp(-(((x - 0.3) / 0.2) ** 2))))) for x in X]
SCREEN = TextScreen(columns=70, rows=40, is_terminal=True, greys=False, is_unicode=True)


@pytest.fixture
def best(monkeypatch):
    """A BestEffort on a terminal without a display."""
    monkeypatch.delenv(SWITCH, raising=False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return on_screen(SCREEN)


def on_screen(screen):
    best = BestEffort(painter=Painter(), windows=Windows())
    best.text_figure = TextFigure(painter=Painter(), windows=best.windows, screen=lambda: screen)
    return best


def feed(documents, best):
    for name, doc in documents:
        best(name, doc)


def test_at_its_end_a_scan_is_plotted_with_its_marks_below_the_foot_of_its_table(make_run, best, capsys):
    feed(make_run(["th"], ["det"], PEAK), best)
    lines = capsys.readouterr().out.splitlines()
    foot = next(number for number, line in enumerate(lines) if "success" in line)
    heading = next(number for number, line in enumerate(lines) if "▼max" in line)
    assert foot < heading
    assert len(lines[heading:]) == 16
    assert any("▲cen" in line for line in lines[heading:])
    assert max(map(len, lines[heading:])) <= 70


def test_while_it_is_measured_it_grows(make_run, best):
    documents = make_run(["th"], ["det"], PEAK)
    seen = []
    for name, doc in documents[:-1]:
        best(name, doc)
        seen.append(best.text_figure.live_lines(70, 40))
    assert seen[0] == seen[3] == ()
    assert len(seen[-1]) == 16
    assert len(set(map(tuple, seen[10:]))) == len(seen[10:])
    best(*documents[-1])
    assert best.text_figure.live_lines(70, 40) == ()


def test_it_is_not_computed_again_for_the_same_points(make_run, best):
    feed(make_run(["th"], ["det"], PEAK)[:-1], best)
    assert best.text_figure.live_lines(70, 40) is best.text_figure.live_lines(70, 40)
    assert best.text_figure.live_lines(60, 40) is not best.text_figure.live_lines(70, 40)


@pytest.mark.parametrize(
    ("columns", "rows", "height"), [(70, 40, 16), (70, 24, 16), (70, 20, 12), (70, 16, 0), (39, 40, 0)]
)
def test_a_live_plot_leaves_room_for_the_table_and_a_small_terminal_has_none(make_run, best, columns, rows, height):
    feed(make_run(["th"], ["det"], PEAK)[:-1], best)
    lines = best.text_figure.live_lines(columns, rows)
    assert len(lines) == height


def test_of_runs_within_one_another_the_newest_is_seen(make_run, best):
    outer, inner = make_run(["th"], ["det"], PEAK), make_run(["tth"], ["it"], PEAK)
    feed([*outer[:20], *inner[:-1]], best)
    assert best.text_figure.live_lines(70, 40)[0].startswith("it")
    best(*inner[-1])
    assert best.text_figure.live_lines(70, 40)[0].startswith("det")


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_it_has_the_scale_of_plotscale(make_run, best, capsys, scale):
    best.windows.scale = scale
    feed(make_run(["th"], ["det"], PEAK), best)
    assert ("det, log" in capsys.readouterr().out) is (scale == "log")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_fewer_than_three_points_are_no_plot(make_run, best, capsys, number):
    feed(make_run(["th"], ["det"], PEAK[:number]), best)
    assert "┤" not in capsys.readouterr().out


@pytest.mark.parametrize(("switch", "is_plotted"), [("auto", True), ("text", True), ("none", False), ("window", False)])
def test_the_setting_says_where_plots_are(make_run, best, capsys, monkeypatch, switch, is_plotted):
    monkeypatch.setenv(SWITCH, switch)
    monkeypatch.setattr("beamshell.callbacks.figures.choose_backend", lambda *_: "agg" if switch == "window" else None)
    feed(make_run(["th"], ["det"], PEAK), on_text_only(best))
    assert ("┤" in capsys.readouterr().out) is is_plotted


def on_text_only(best):
    """The same without the windows' own plots, which need a toolkit."""
    best.figures.of = lambda start: SimpleNamespace(open_run=lambda start: None)
    return best


def test_in_a_pipe_nothing_is_plotted(make_run, best, capsys):
    best = on_screen(dataclasses.replace(SCREEN, is_terminal=False))
    feed(make_run(["th"], ["det"], PEAK), best)
    assert "┤" not in capsys.readouterr().out


def test_where_a_person_prints_it_elsewhere_nothing_is_plotted(make_run, best, capsys):
    best.out = lambda text: None
    feed(make_run(["th"], ["det"], PEAK), best)
    assert "┤" not in capsys.readouterr().out


def test_a_grid_is_plotted_in_shades(make_run, best, capsys):
    rows = [(y, x, 10 * y + x) for y in (0.0, 1.0, 2.0) for x in (0.0, 1.0, 2.0)]
    feed(
        make_run(["samy", "samx"], ["det"], rows, shape=[3, 3], extents=[[0, 2], [0, 2]], snaking=[False, False]), best
    )
    out = capsys.readouterr().out
    assert "samy over samx" in out
    assert "█" in out


def test_a_plot_that_fails_never_reaches_the_scan(make_run, best, capsys, monkeypatch, caplog):
    monkeypatch.setattr("beamshell.views.run_plot.curves_in_text", lambda *_, **__: 1 / 0)
    feed(make_run(["th"], ["det"], PEAK), best)
    assert "det: max 5020.000 at th 0.300" in capsys.readouterr().out
    assert "the plot in the terminal" in caplog.text


def test_the_values_chosen_by_plotselect_are_those_of_the_terminal_too(make_run, best, capsys):
    best.windows.values = ("mon/det", "it/i0")
    feed(make_run(["th"], ["det", "mon"], [(*row, 5.0) for row in PEAK]), best)
    assert "mon/det" in capsys.readouterr().out


def test_a_fit_is_drawn_into_the_plot_while_it_grows_and_at_its_end(make_run, best, capsys):
    best.fit = "gauss"
    best.painter = Painter(0.0)
    documents = make_run(["th"], ["det"], PEAK)
    for name, doc in documents[:-1]:
        best(name, doc)
        best.painter.flush()
    assert "─ gauss: centre 0.3" in best.text_figure.live_lines(70, 40)[0]
    best(*documents[-1])
    assert "─ gauss: centre 0.3" in capsys.readouterr().out
