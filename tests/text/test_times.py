from __future__ import annotations

import datetime
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import UsageError
from beamshell.text.times import (
    clock_time,
    date_and_time,
    duration,
    end_time,
    is_duration,
    iso_time,
    parse_duration,
    time_of_day,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (1e-7, "0 s"),
        (0.52, "0.52 s"),
        (2.1, "2.1 s"),
        (9.6, "10 s"),
        (59.0, "59 s"),
        (59.97, "1 min 0 s"),
        (60.0, "1 min 0 s"),
        (65, "1 min 5 s"),
        (3599.7, "1 h 0 min"),
        (7384, "2 h 3 min"),
        (7199.9, "2 h 0 min"),
        (-0.5, "-0.5 s"),
        (30 * 86400.0, "30 days"),
        (1e9, "32 years"),
        (1e300, "thousands of years"),
        (math.inf, "for ever"),
        (math.nan, "for ever"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0.01, "12:14:24"),
        (1, "Mon 12:00"),
        (7, "2026-11-29 12:00"),
        (31 * 365.25, "the year 2057"),
        (1e300, "after the year 9999"),
    ],
)
def test_the_end_is_a_time_of_day_then_a_weekday_then_a_date_then_a_year(days, text):
    noon = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
    assert end_time(noon + 86400 * days, noon) == text


def test_an_error_of_a_duration_has_one_digit():
    assert duration(0.352, digits=1) == "0.4 s"


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("90", 90),
        ("1e3", 1000),
        ("0.5s", 0.5),
        (".5", 0.5),
        ("10min", 600),
        ("10m", 600),
        ("2h", 7200),
        ("1.5H", 5400),
        ("1h30min", 5400),
        ("2min10s", 130),
    ],
)
def test_a_typed_duration_is_read_in_seconds(word, seconds):
    assert parse_duration(word) == seconds
    assert is_duration(word)


@pytest.mark.parametrize("word", ["", "det", "10 min", "min", "h", "10x", "5s3min", "nan", "-5", "1e", "5.5.5", "m10"])
def test_what_is_no_duration_is_refused_with_examples(word):
    assert not is_duration(word)
    with pytest.raises(UsageError, match=r"is not a time: write 90, 90s, 10min or 2h"):
        parse_duration(word)


@given(st.floats(min_value=1e-4, max_value=1e6))
def test_a_written_duration_is_read_back_as_precisely_as_it_was_written(seconds):
    text = duration(seconds)
    error = 30 if "h" in text else 0.5 if "min" in text or seconds >= 9.5 else 0.05 * seconds
    assert parse_duration(text.replace(" ", "")) == pytest.approx(seconds, abs=error * 1.001)


NOON = datetime.datetime(2026, 11, 22, 12, 0, 0).timestamp()


def test_a_time_of_day_shows_tenths_of_seconds():
    assert time_of_day(NOON + 0.37) == "12:00:00.3"


def test_what_is_no_time_is_shown_as_it_is():
    assert [time_of_day(None), time_of_day(math.nan), time_of_day("soon")] == ["None", "nan", "soon"]


def test_a_date_comes_before_its_time():
    assert date_and_time(NOON) == "2026-11-22 12:00:00"


def test_a_time_for_other_programs_has_its_zone():
    moment = datetime.datetime.fromisoformat(iso_time(NOON))
    assert (moment.timestamp(), moment.tzinfo is not None) == (NOON, True)


@pytest.mark.parametrize("timestamp", [1e300, -1e300, math.nan, math.inf])
def test_what_is_no_date_is_given_back_as_text(timestamp):
    assert iso_time(timestamp) == str(timestamp)


def test_a_moment_of_another_day_shows_its_date():
    assert clock_time(NOON + 3600, NOON) == "13:00:00"
    assert clock_time(NOON + 86400, NOON) == "2026-11-23 12:00:00"
