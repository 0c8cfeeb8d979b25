"""Scans, stored runs and images as pictures in the terminal, where it shows some."""

from __future__ import annotations

import base64
import dataclasses
import io
import re

import numpy as np
import pytest

from beamshell.callbacks import BestEffort, picture, text_figure
from beamshell.callbacks.figures import SWITCH, Windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.text_figure import TextFigure, print_run
from beamshell.callbacks.text_screen import TextScreen
from beamshell.views.run_plot import PlotChoice

X = np.linspace(-1, 1, 41)
PEAK = [(x, float(np.rint(20 + 5000 * np.exp(-(((x - 0.3) / 0.2) ** 2))))) for x in X]
SCREEN = TextScreen(columns=100, rows=40, is_terminal=True, greys=True, is_unicode=True, pictures="kitty")


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    monkeypatch.setenv(SWITCH, "kitty")


def pictures_in(out):
    """The pictures of kitty's protocol as pixels, with the characters and lines that each fills."""
    from matplotlib.image import imread

    found = []
    for match in re.finditer(r"(?:\x1b_G[^;]*;[^\x1b]*\x1b\\)+", out):
        pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", match[0])
        columns, rows = re.search(r"c=(\d+),r=(\d+)", pieces[0][0]).groups()
        pixels = imread(io.BytesIO(base64.b64decode("".join(payload for _, payload in pieces))))
        found.append((pixels, int(columns), int(rows)))
    return found


def show(documents, screen=SCREEN):
    best = BestEffort(painter=Painter(), windows=Windows())
    best.text_figure = TextFigure(painter=Painter(), windows=best.windows, screen=lambda: screen)
    for name, doc in documents:
        best(name, doc)
    return best


def test_a_scan_is_a_picture_below_the_foot_of_its_table_and_made_of_characters_while_it_grows(make_run, capsys):
    *documents, stop = make_run(["th"], ["det"], PEAK)
    best = show(documents)
    assert any("┤" in line for line in best.text_figure.live_lines(70, 40))
    assert pictures_in(capsys.readouterr().out) == []
    best(*stop)
    out = capsys.readouterr().out
    ((pixels, columns, rows),) = pictures_in(out)
    assert out.index("success") < out.index("\x1b_G")
    assert "┤" not in out
    assert pixels.shape[:2] == (rows * 20, columns * 10)
    assert (columns, rows) == (80, 30)
    blue = np.abs(pixels[..., :3] - np.array([31, 119, 180]) / 255).sum(axis=2) < 0.1
    assert blue.sum() > 200


@pytest.mark.parametrize(
    ("columns", "rows", "cell", "size"),
    [
        (60, 50, (10, 20), (59, 22)),
        (100, 24, (10, 20), (48, 18)),
        (40, 24, (9, 18), (40, 15)),
        (80, 4, (10, 20), (21, 8)),
    ],
)
def test_a_picture_fits_the_window_and_keeps_its_shape(make_run, capsys, columns, rows, cell, size):
    show(make_run(["th"], ["det"], PEAK), dataclasses.replace(SCREEN, columns=columns, rows=rows, cell=cell))
    ((pixels, *characters),) = pictures_in(capsys.readouterr().out)
    assert tuple(characters) == size
    assert pixels.shape[:2] == (size[1] * cell[1], size[0] * cell[0])


@pytest.mark.parametrize(("protocol", "begin"), [("iterm", "\x1b]1337;File="), ("sixel", "\x1bP0;1;0q")])
def test_the_other_protocols_show_the_same_picture(make_run, capsys, protocol, begin):
    show(make_run(["th"], ["det"], PEAK), dataclasses.replace(SCREEN, pictures=protocol))
    assert begin in capsys.readouterr().out


def test_a_run_is_drawn_as_a_picture_as_it_was_chosen(make_run, capsys, monkeypatch):
    monkeypatch.setattr(TextScreen, "of_output", lambda: SCREEN)
    figures = []
    monkeypatch.setattr(
        text_figure, "figure_of", lambda *args, **kwargs: figures.append(run_figure(*args, **kwargs)) or figures[-1]
    )
    documents = make_run(["th"], ["det", "i0"], [(*row, 2.0) for row in PEAK])
    print_run(documents[0][1], documents, PlotChoice(("det/i0",), "seq_num", "log", scatter=True))
    (axes,) = figures[0].axes
    assert (axes.get_ylabel(), axes.get_xlabel(), axes.get_yscale()) == ("det/i0", "seq_num", "log")
    assert axes.lines[0].get_linestyle() == "None"
    assert len(pictures_in(capsys.readouterr().out)) == 1


def run_figure(*args, **kwargs):
    from beamshell.callbacks.run_figure import figure_of

    return figure_of(*args, **kwargs)


@pytest.mark.parametrize(("scatter", "kind"), [(False, "QuadMesh"), (True, "PathCollection")])
def test_a_grid_is_an_image_or_on_request_dots(make_run, scatter, kind):
    rows = [(y, x, 10 * y + x) for y in (0.0, 1.0, 2.0) for x in (0.0, 1.0, 2.0)]
    documents = make_run(
        ["samy", "samx"], ["det"], rows, shape=[3, 3], extents=[[0, 2], [0, 2]], snaking=[False, False]
    )
    figure = run_figure(documents, choice=PlotChoice(scatter=scatter))
    drawn = [type(artist).__name__ for artist in (*figure.axes[0].collections, *figure.axes[0].images)]
    assert kind in drawn or (not scatter and drawn == ["AxesImage"])


def test_an_image_is_a_picture_with_its_description_below(capsys, monkeypatch):
    monkeypatch.setattr(TextScreen, "of_output", lambda: SCREEN)
    picture.show(np.arange(64, dtype=np.uint16).reshape(8, 8), "cam_image of run 12, point 3")
    out = capsys.readouterr().out
    assert len(pictures_in(out)) == 1
    assert out.endswith("\ncam_image of run 12, point 3: 8 x 8 pixels, 0 to 63, sum 2016\n")


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_where_no_escape_codes_are_wanted_and_in_a_pipe_there_is_no_picture(monkeypatch, variable, value):
    from screen import Screen

    assert TextScreen.of_output().pictures == ""  # captured: a pipe
    screen = Screen(80, 24)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with screen:
        assert TextScreen.of_output().pictures == "kitty"
        monkeypatch.setenv(variable, value)
        assert TextScreen.of_output().pictures == ""
    screen.close()
