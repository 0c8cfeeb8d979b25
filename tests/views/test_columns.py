from __future__ import annotations

import enum

import numpy as np
import pytest

from beamshell.views.columns import cell
from beamshell.views.fields import Field


class Colour(enum.IntEnum):
    red = 3


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
