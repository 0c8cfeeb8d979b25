from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from beamshell.callbacks.grid import LiveGrid

EXPECTED = np.array([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]])


@pytest.fixture
def ax():
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.subplots()


def snake(offset=0.0):
    cells = [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]
    return [(row + offset, column / 2 + offset, 10.0 * row + column) for row, column in cells]


def image_of(make_run, ax, rows, **start):
    grid = LiveGrid("det", ax=ax)
    for name, doc in make_run(["samy", "samx"], ["det"], rows, shape=(2, 3), **start):
        grid(name, doc)
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def test_a_snake_is_laid_out_by_its_positions(make_run, ax):
    image = image_of(make_run, ax, snake(), extents=([0, 1], [0, 1]))
    assert image.tolist() == EXPECTED.tolist()
    assert ax.images[0].get_extent() == pytest.approx((-0.25, 1.25, -0.5, 1.5))


def test_a_grid_scanned_downwards_is_the_same_picture(make_run, ax):
    image = image_of(make_run, ax, snake()[::-1], extents=([1, 0], [1, 0]))
    assert image.tolist() == EXPECTED.tolist()


def test_a_relative_snake_is_laid_out_by_its_numbers(make_run, ax):
    image = image_of(make_run, ax, snake(offset=50.0), extents=([-0.5, 0.5], [-0.5, 0.5]), snaking=(False, True))
    assert image.tolist() == EXPECTED.tolist()
    assert ax.images[0].get_extent() == pytest.approx((49.75, 51.25, 49.5, 51.5))


def test_what_is_not_measured_yet_is_empty(make_run, ax):
    image = image_of(make_run, ax, snake()[:4], extents=([0, 1], [0, 1]))
    assert np.isnan(image).tolist() == [[False] * 3, [True, True, False]]


def test_a_run_that_is_no_grid_is_let_pass(make_run, ax):
    grid = LiveGrid("det", ax=ax)
    for name, doc in make_run(["th"], ["det"], [(0.0, 1.0)]):
        grid(name, doc)
    assert len(ax.images) == 0
