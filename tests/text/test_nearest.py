from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.text.nearest import did_you_mean, nearest, unknown, unknown_key

NAMES = ["th", "tth", "samx", "Shutter"]


@pytest.mark.parametrize(
    ("word", "name"), [("tht", "th"), ("TH", "th"), ("SAMX", "samx"), ("shuter", "Shutter"), ("xyz", "")]
)
def test_the_nearest_name_is_found_whatever_its_capitals(word, name):
    assert nearest(word, NAMES) == name


@given(st.sampled_from(NAMES))
def test_a_name_in_capitals_is_nearest_to_itself(name):
    assert nearest(name.swapcase(), NAMES) == name


def test_of_no_names_none_is_nearest():
    assert nearest("th", []) == ""
    assert did_you_mean("th", []) == ""


def test_a_message_offers_the_nearest_name_or_lists_those_there_are():
    assert did_you_mean("tht", NAMES) == ": did you mean th?"
    assert did_you_mean("xyz", NAMES) == ": there are Shutter, samx, th, tth"
    assert did_you_mean("xyz", NAMES, most=2) == ": there are Shutter, samx, ..."
    assert did_you_mean("xyz", NAMES, most=0) == ""
    assert did_you_mean("xyz", ["th"]) == ": there is th"


def test_the_error_names_what_is_missing_and_who_lacks_it():
    assert str(unknown("device", "tht", NAMES)) == "no device 'tht': did you mean th?"
    assert str(unknown("stream", "x", ["primary"], of="run 12")) == "run 12 has no stream 'x': there is primary"


def test_a_missing_key_is_answered_with_the_keys_there_are_the_nearest_first():
    error = unknown_key("column", "dett", ["seq_num", "time", "th", "det"])
    assert str(error) == "no column 'dett': did you mean det? There are det, th, time, seq_num"
    assert isinstance(error, KeyError)
    assert str(unknown_key("column", 7, ["th"], of="run 3")) == "run 3 has no column '7': there are th"
    assert str(unknown_key("setting", "x", [])) == "no setting 'x': there are none"
