"""How values become places on an axis and shades."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.views.scales import Scale, Span, brightness, horizontal_span, linear_below, span_of

VALUES = np.array([np.nan, -np.inf, -10.0, 0.0, 1e-9, 1000.0, np.inf])
LARGEST = float(np.finfo(float).max)


def test_a_symlog_scale_is_linear_around_zero_below_four_decades():
    assert linear_below(VALUES) == pytest.approx(0.1)
    assert linear_below(np.array([0.0, 5.0, -20.0])) == 5.0
    assert linear_below(np.zeros(3)) == 1.0


@pytest.mark.parametrize("scale", get_args(Scale))
@given(st.lists(st.floats(width=32), max_size=20))
def test_brightness_rises_with_the_value_from_0_to_1(scale, values):
    bright = brightness(np.array(values, dtype=float), scale)
    assert ((bright >= 0) & (bright <= 1)).all()
    order = np.argsort(np.nan_to_num(values, nan=-np.inf, posinf=np.inf, neginf=-np.inf), kind="stable")
    assert (np.diff(bright[order]) >= 0).all()


@pytest.mark.parametrize("scale", get_args(Scale))
@given(st.lists(st.floats(), max_size=20))
def test_all_values_of_a_span_lie_between_its_ends_in_their_order(scale, values):
    numbers = np.array(values, dtype=float)
    shares = span_of(numbers, scale).shares(numbers)
    known = shares[np.isfinite(numbers) & np.isfinite(shares)]
    assert ((known >= -1e-9) & (known <= 1 + 1e-9)).all()
    order = np.argsort(numbers[np.isfinite(numbers) & np.isfinite(shares)], kind="stable")
    assert (np.diff(known[order]) >= 0).all()


def test_floats_whose_difference_is_none_have_places_too():
    assert Span(-LARGEST, LARGEST).shares(np.array([-LARGEST, 0.0, LARGEST])).tolist() == [0.0, 0.5, 1.0]
    assert Span(5e-324, 15e-324).shares(np.array([5e-324, 10e-324, 15e-324])).tolist() == [0.0, 0.5, 1.0]
    assert brightness(np.array([-LARGEST, 0.0, LARGEST]), "linear").tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("scale", get_args(Scale))
@pytest.mark.parametrize("value", [0.0, -3.0, 7.0, LARGEST, 5e-324])
def test_a_single_value_is_inside_of_its_span(scale, value):
    span = span_of(np.array([value]), scale)
    assert span.low < span.high
    assert 0 <= span.shares(np.array([value]))[0] <= 1


@pytest.mark.parametrize(
    ("values", "limits", "ends"),
    [([0.2, 0.4], (0.0, 1.0), (0.0, 1.0)), ([5.2, 5.4], (-1.0, 1.0), (5.2, 5.4)), ([0.2, 0.4], None, (0.2, 0.4))],
)
def test_an_axis_covers_the_whole_run_unless_that_names_distances(values, limits, ends):
    assert horizontal_span(np.array(values), limits)[:2] == ends
