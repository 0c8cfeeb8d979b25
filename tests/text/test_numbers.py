from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.text.numbers import (
    counted,
    file_size,
    fixed,
    in_full,
    label,
    number,
    number_format,
    position_digits,
    with_error,
    with_unit,
)


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


@given(
    st.floats(allow_nan=True) | st.floats(-1e-3, 1e-3) | st.integers(-(10**9), 10**9).map(float),
    st.none() | st.integers(-1, 12),
    st.booleans(),
)
def test_the_format_of_a_column_writes_what_the_number_alone_would_be(value, precision, as_position):
    text = number_format(precision, as_position=as_position)(value)
    assert text == number(value, precision, as_position=as_position)


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


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.30041, 0.00093, "0.3004(9)"),
        (0.30041, 0.00012, "0.30041(12)"),
        (-0.004, 0.3, "0.0(3)"),
        (5029.3, 71.0, "5030(70)"),
        (999_999.0, 400.0, "1000000(400)"),
        (8_867_600.0, 1700.0, "8.8676(17)e+06"),
        (9_999_960.0, 1000.0, "1.00000(10)e+07"),
        (12.0, 5e6, "0(5)e+06"),
        (8.98e-9, 1e-10, "8.98(10)e-09"),
        (3e200, 1e198, "3.000(10)e+200"),
        (1e308, 1e307, "1.00(10)e+308"),
        (5e-324, 5e-324, "5(5)e-324"),
        (0.3, 7e-18, "0.3"),
        (9.22337e18, 600.0, "9.22337e+18"),
        (0.25, 0.0, "0.25"),
        (0.25, math.nan, "0.25"),
    ],
)
def test_a_value_with_its_error_has_one_power_of_ten_and_no_digit_that_a_float_cannot_carry(value, error, text):
    assert with_error(value, error) == text


@given(st.floats(-1e300, 1e300), st.floats(1e-12, 1e3))
def test_a_value_with_its_error_is_read_back_within_that_error(value, relative):
    error = max(abs(value), 1e-300) * relative
    text = with_error(value, error)
    mantissa, _, rest = text.partition("(")
    assert float(mantissa + rest.partition(")")[2]) == pytest.approx(value, abs=0.6 * error)


def test_positions_have_the_digits_of_the_motor_or_those_of_the_step():
    assert [position_digits(0.05, 4), position_digits(2e-4, 3), position_digits(0.0), position_digits(1e9, 2)] == [
        4,
        5,
        3,
        3,
    ]
