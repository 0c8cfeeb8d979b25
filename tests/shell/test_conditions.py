"""What a value must be, how far it is from that, and how it is said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.shell.conditions import Is, Near, Within, is_number

NUMBERS = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("condition", "value", "difference"),
    [
        (Near(1.0, 0.1), 1.1, None),
        (Near(0.3, 0.0), 0.1 + 0.2, pytest.approx(0, abs=1e-15)),
        (Near(1.0, 0.1), 1.25, 0.25),
        (Near(1.0, 0.1), 0.75, -0.25),
        (Near(1.0), 1.001, pytest.approx(0.001)),
        (Near(1.0, tolerance_of_device=0.01), 1.001, None),
        (Near(1.0, 0.0001, tolerance_of_device=0.01), 1.001, pytest.approx(0.001)),
        (Within(low=100.0), 100.0, 0.0),
        (Within(low=100.0), 101.0, None),
        (Within(high=5.0), 5.5, 0.5),
        (Within(4.0, 300.0), 4.0, None),
        (Within(4.0, 300.0), 3.0, -1.0),
        (Within(4.0, 300.0), 310.0, 10.0),
        (Is("Open"), "open", None),
        (Is("Close"), "Closed", None),
        (Is("Open"), "Closed", "Closed"),
        (Near(1.0), "Open", "no number"),
        (Within(low=1.0), None, "no number"),
        (Near(1.0), math.nan, "no number"),
    ],
)
def test_a_value_fulfils_a_condition_or_differs_by_so_much(condition, value, difference):
    assert condition.difference(value) == difference


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Near(1.0, 0.01), "1 ± 0.01 mm"),
        (Near(1.0), "1 mm"),
        (Within(low=100.0), "above 100 mm"),
        (Within(high=5.0), "below 5 mm"),
        (Within(4.0, 300.0), "4 to 300 mm"),
        (Within(4.0, 300.0, "K"), "4 to 300 K"),
    ],
)
def test_a_condition_is_said_with_the_unit_of_its_own_or_of_the_device(condition, words):
    assert condition.in_words(unit="mm") == words


def test_a_place_and_a_state_say_where_to_go_and_a_limit_does_not():
    assert (Near(1.5).target, Is("Open").target, Within(low=1.0).target) == (1.5, "Open", None)


@given(NUMBERS, NUMBERS, st.floats(0, 1e3))
def test_going_back_by_the_difference_fulfils_the_condition(value, target, tolerance):
    difference = Near(target, tolerance).difference(value)
    if difference is None:
        assert abs(value - target) <= tolerance * 1.001
    else:
        assert abs(value - difference - target) <= 1e-9 * max(1.0, abs(value), abs(target))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_value_is_within_a_range_or_outside_by_the_distance_of_the_nearer_limit(value, one, other):
    low, high = sorted((one, other))
    difference = Within(low, high).difference(value)
    assert (difference is None) == (low <= value <= high)
    if difference is not None:
        assert value - difference == pytest.approx(min((low, high), key=lambda limit: abs(limit - value)), abs=1e-9)


def test_true_text_and_arrays_are_no_numbers():
    import numpy as np

    assert is_number(np.float64(1))
    assert is_number(3)
    assert not any(map(is_number, (True, "1", None, math.inf, np.array([1.0]), np.array([1.0, 2.0]))))
