from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.text.numbers import counted, file_size, fixed, in_full, label, number, with_unit


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (0.5, 3, "0.500"),
        (0.0, 3, "0.000"),
        (-0.0, 3, "0.000"),
        (1.5e-9, 3, "1.500e-09"),
        (1e12, 3, "1.000e+12"),
        (12034.0, 0, "12034"),
        (0.25, 0, "0.250"),
        (0.25, None, "0.250"),
        (0.5, 1, "0.5"),
        (0.04, 1, "4.000e-02"),
        (math.nan, 3, "nan"),
        (-math.inf, 3, "-inf"),
    ],
)
def test_a_number_shows_what_it_is_worth(value, precision, text):
    assert number(value, precision) == text


def test_the_noise_of_a_motor_at_zero_is_zero():
    assert number(-2e-17, 3, as_position=True) == "0.000"


@given(st.floats(-1e300, 1e300), st.integers(0, 12), st.booleans())
def test_a_written_number_is_the_number_as_far_as_it_is_written(value, precision, as_position):
    text = number(value, precision, as_position=as_position)
    assert float(text) == pytest.approx(value, rel=1e-3, abs=0.5 * 10.0**-precision)
    assert not (text.startswith("-") and float(text) == 0)


@given(st.floats(allow_nan=False))
def test_a_number_in_full_is_read_back_exactly(value):
    assert float(in_full(value)) == value
    assert not in_full(value).endswith(".0")


@given(st.floats(-1, 1), st.integers(0, 8))
def test_zero_has_no_sign_however_it_is_written(value, digits):
    for text in (fixed(value, digits), in_full(value), in_full(value, digits + 1)):
        assert not (text.startswith("-") and float(text) == 0)


def test_a_unit_follows_its_value_and_stands_in_brackets_after_a_name():
    assert [with_unit("1.0", "deg"), with_unit("1.0", "")] == ["1.0 deg", "1.0"]
    assert [label("th", "deg"), label("det", "")] == ["th [deg]", "det"]


def test_one_thing_is_singular_and_any_other_number_is_plural():
    assert [counted(n, "point") for n in (0, 1, 2)] == ["0 points", "1 point", "2 points"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_999, "1 MB"), (1_234_567, "1.23 MB"), (5 * 10**15, "5e+03 TB")],
)
def test_a_file_size_has_three_digits(size, text):
    assert file_size(size) == text
