"""Figures of a notebook: which picture is new below a cell, and which takes the place of the one before."""

from __future__ import annotations

import pytest

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.inline import InlineFigures


class Picture:
    """Something to draw."""

    def compose(self, figure, previous):
        figure.clear()
        figure.add_subplot().plot([1, 2, 3])

    def update(self):
        pass


@pytest.fixture
def shown():
    return []


@pytest.fixture
def figures(shown):
    return InlineFigures(lambda png, display_id, is_new: shown.append((png[:4], display_id, is_new)))


@pytest.fixture
def window(figures):
    windows = Windows()
    windows.make_manager = figures.new_manager
    assert windows.possible
    window = windows.window("curves", "det against th")
    window.show(Picture())
    return window


def test_a_figure_is_shown_as_png_and_then_updated_in_place(window, shown):
    window.draw()
    window.draw()
    (first, second) = shown
    assert first[0] == b"\x89PNG"
    assert first[1] == second[1]
    assert [is_new for *_, is_new in shown] == [True, False]


def test_in_the_next_cell_it_is_a_new_picture(window, figures, shown):
    window.draw()
    figures.begin_cell()
    window.draw()
    window.draw()
    assert [is_new for *_, is_new in shown] == [True, True, False]
    assert shown[0][1] != shown[1][1] == shown[2][1]
