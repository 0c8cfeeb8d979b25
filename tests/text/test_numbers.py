from __future__ import annotations

import enum
import math

import numpy as np
import pytest

from beamshell.callbacks.cells import cell
from beamshell.callbacks.fields import Field
from beamshell.text.durations import duration, time_of_day
from beamshell.text.numbers import number


class Colour(enum.IntEnum):
    red = 3


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (np.bool_(False), "False"),
        (np.int64(7), "7"),
        (10**20, "1" + "0" * 20),
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


def test_a_time_shows_tenths_of_seconds():
    assert time_of_day(1_700_000_000.37).endswith(".3")


def test_what_is_no_time_is_shown_as_it_is():
    assert [time_of_day(None), time_of_day(math.nan), time_of_day("soon")] == ["None", "nan", "soon"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.52, "0.5 s"), (59.0, "59.0 s"), (65, "1 min 05 s"), (3599.7, "1 h 00 min"), (7384, "2 h 03 min")],
)
def test_a_duration_reads_as_people_say_it(seconds, text):
    assert duration(seconds) == text
