"""Where each point of a grid scan is in its image."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.views.grid import grid_of, is_grid

EXPECTED = [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]


def snake(offset=0.0):
    cells = [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]
    return [(row + offset, column / 2 + offset, 10.0 * row + column) for row, column in cells]


@pytest.fixture
def image_of(make_run):
    def image_of(rows, **start):
        (_, start), (_, descriptor), *events, _ = make_run(["samy", "samx"], ["det"], rows, shape=(2, 3), **start)
        grid = grid_of(start, descriptor)
        for _, event in events:
            grid.add(event)
        return grid.image()

    return image_of


def test_a_snake_is_laid_out_by_its_positions(image_of):
    values, x_ends, y_ends = image_of(snake(), extents=([0, 1], [0, 1]))
    assert values.tolist() == EXPECTED
    assert (x_ends, y_ends) == ((0, 1), (0, 1))


def test_a_grid_scanned_downwards_is_the_same_picture(image_of):
    assert image_of(snake()[::-1], extents=([1, 0], [1, 0]))[0].tolist() == EXPECTED


def test_a_relative_snake_is_laid_out_by_its_numbers(image_of):
    values, x_ends, y_ends = image_of(snake(50.0), extents=([-0.5, 0.5], [-0.5, 0.5]), snaking=(False, True))
    assert values.tolist() == EXPECTED
    assert (x_ends, y_ends) == ((50.0, 51.0), (50.0, 51.0))


def test_what_is_not_measured_yet_is_empty(image_of):
    values, *_ = image_of(snake()[:4], extents=([0, 1], [0, 1]))
    assert np.isnan(values).tolist() == [[False] * 3, [True, True, False]]


def test_before_the_first_point_all_is_empty(image_of):
    assert np.isnan(image_of([], extents=([0, 1], [0, 1]))[0]).all()


@pytest.mark.parametrize("start", [{}, {"shape": (2,)}, {"shape": (0, 3)}])
def test_a_run_over_no_rectangle_of_two_motors_is_no_grid(make_run, start):
    (_, document), *_ = make_run(["samy", "samx"], ["det"], [], **start)
    assert not is_grid(document)
