from __future__ import annotations

import datetime
import math

from beamshell.text.times import clock_time, date_and_time, time_of_day

NOON = datetime.datetime(2026, 11, 22, 12, 0, 0).timestamp()


def test_a_time_of_day_shows_tenths_of_seconds():
    assert time_of_day(NOON + 0.37) == "12:00:00.3"


def test_what_is_no_time_is_shown_as_it_is():
    assert [time_of_day(None), time_of_day(math.nan), time_of_day("soon")] == ["None", "nan", "soon"]


def test_a_date_comes_before_its_time():
    assert date_and_time(NOON) == "2026-11-22 12:00:00"


def test_a_moment_of_another_day_shows_its_date():
    assert clock_time(NOON + 3600, NOON) == "13:00:00"
    assert clock_time(NOON + 86400, NOON) == "2026-11-23 12:00:00"
