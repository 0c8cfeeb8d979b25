from __future__ import annotations

import enum

import numpy as np
import pytest

from beamshell.views.columns import HighestPoint, cell
from beamshell.views.fields import Field


class Colour(enum.IntEnum):
    red = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (np.bool_(False), "False"),
        (np.int64(7), "7"),
        (2**64 - 1, "18446744073709551615"),
        (10**20, "1" + "0" * 20),
        (-3 * 10**20, "-3e+20"),
        pytest.param(10**5000, "more than 1e+999", id="an integer of 5000 digits"),
        (None, "None"),
        ("two\nlines", "two\\nlines"),
        ("Gräfin µ", "Gräfin µ"),
        (b"raw\xff", "raw\\xff"),
        (Colour.red, "red"),
        (np.array(0.5), "0.500"),
        (np.array([1.0, 2.5]), "[1.000 2.500]"),
        ([True, False], "[True False]"),
        (np.zeros((512, 256)), "array 512x256"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_every_kind_of_value_has_a_text(value, text):
    assert cell(value, Field("x")) == text


def test_a_state_is_shown_by_its_word():
    field = Field("shutter", choices=("closed", "open"))
    assert [cell(value, field) for value in (0, np.int16(1), True, 5, "open")] == [
        "closed",
        "open",
        "open",
        "5",
        "open",
    ]


def test_a_value_that_cannot_say_what_it_is_is_named_by_its_type():
    class Mute:
        def __str__(self):
            raise RuntimeError

    assert cell(Mute(), Field("x")) == "<Mute: RuntimeError>"


def highest(*points):
    """The number and the value of the highest of points that come one after the other; None if there is none."""
    found = HighestPoint("det")
    for number, value in points:
        found.take({"seq_num": number, "data": {"det": value}}, is_valid=value != INVALID)
    return found.event and (found.event["seq_num"], found.event["data"]["det"])


INVALID = 1e6


def test_the_highest_point_is_the_first_of_those_that_are_as_high():
    assert highest((1, 2.0), (2, 9.0), (3, 9.0), (4, 1.0)) == (2, 9.0)
    assert highest((1, -2), (2, -9), (3, np.int64(-1))) == (3, -1)


@pytest.mark.parametrize("value", [np.nan, np.inf, None, "open", True, [9.0], np.finfo(float).max, INVALID])
def test_what_is_no_number_or_not_to_be_trusted_is_never_highest(value):
    assert highest((1, 2.0), (2, value), (3, 3.0), (4, 1.0)) == (3, 3.0)


def test_of_points_measured_again_the_later_ones_count():
    assert highest((1, 2.0), (2, 5.0), (3, 9.0), (3, 1.0), (4, 2.0)) == (2, 5.0)
    assert highest((1, 2.0), (2, 5.0), (3, 9.0), (2, 1.0), (3, 1.5)) == (1, 2.0)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [3.0, 3.0, 3.0, 3.0]])
def test_of_few_points_or_equal_ones_none_is_highest(values):
    assert highest(*enumerate(values, start=1)) is None


def test_a_quotient_has_a_highest_point_too():
    found = HighestPoint("it/i0")
    for number, (it, i0) in enumerate([(1, 2), (8, 1), (9, 0), (9, 3)], start=1):
        found.take({"seq_num": number, "data": {"it": it, "i0": i0}})
    assert found.event["seq_num"] == 2
