"""Points and lines as dots, dots as braille characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.views.braille import braille, dots_of


def drawn(across, up, columns, rows, **options):
    return braille(dots_of(np.array(across, dtype=float), np.array(up, dtype=float), columns, rows, **options))


def test_each_dot_of_a_character_has_its_place():
    dots = np.zeros((4, 16), dtype=bool)
    for number, (row, column) in enumerate([(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]):
        dots[row, 2 * number + column] = True
    assert braille(dots) == ["⠁⠂⠄⠈⠐⠠⡀⢀"]


def test_a_line_joins_two_points():
    assert drawn([0, 1], [0, 1], 4, 2) == ["  ⡠⠊", "⡠⠊  "]


def test_no_line_crosses_a_point_without_a_number():
    flat = drawn([0, 0.5, 1], [0, 0, 0], 6, 1)
    gap = drawn([0, 0.1, 0.5, 0.9, 1], [0, 0, np.nan, 0, 0], 6, 1)
    assert flat == ["⣀⣀⣀⣀⣀⣀"]
    assert gap == ["⣀    ⣀"]


def test_few_points_that_are_not_joined_are_large_enough_to_be_seen():
    assert drawn([0.5], [0.5], 3, 1, joined=False) == [" ⠶ "]


@pytest.mark.parametrize("points", [1000, 100_000])
def test_of_many_points_in_one_column_the_lowest_and_the_highest_are_seen(points):
    up = np.full(points, 0.5)
    up[points // 3], up[points // 2] = 1.0, 0.0
    dots = dots_of(np.linspace(0, 1, points), up, 10, 5)
    assert dots[0].any()
    assert dots[-1].any()
    assert dots.any(axis=0).all()


SHARE = st.one_of(st.floats(0, 1), st.just(np.nan))


@given(st.lists(st.tuples(SHARE, SHARE), max_size=60), st.integers(1, 30), st.integers(1, 10), st.booleans())
def test_any_points_are_drawn_each_at_its_place(points, columns, rows, joined):
    across, up = np.array(points, dtype=float).reshape(-1, 2).T
    dots = dots_of(across, up, columns, rows, joined=joined)
    assert [len(line) for line in braille(dots)] == [columns] * rows
    for x, y in points:
        if np.isfinite(x + y):
            assert dots[int((1 - y) * (4 * rows - 1) + 0.5), int(x * (2 * columns - 1) + 0.5)]
