"""Times in words: what "last tuesday" and "since 14:00" mean at a given moment, and what is no time."""

from __future__ import annotations

from datetime import datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.text.moments import read_span

NOW = datetime(2026, 11, 28, 12, 30).timestamp()
"""A Saturday."""


@pytest.mark.parametrize(
    ("words", "dates"),
    [
        ("today", "Sat 28 Nov"),
        ("yesterday", "Fri 27 Nov"),
        ("saturday", "Sat 28 Nov"),
        ("last saturday", "Sat 21 Nov"),
        ("last tuesday", "Tue 24 Nov"),
        ("Tuesday", "Tue 24 Nov"),
        ("last week", "Mon 16 Nov to Sun 22 Nov"),
        ("this week", "Mon 23 Nov to Sun 29 Nov"),
        ("last month", "Thu 1 Oct to Sat 31 Oct"),
        ("this year", "Thu 1 Jan to Thu 31 Dec"),
        ("last year", "Wed 1 Jan 2025 to Wed 31 Dec 2025"),
        ("2026-11-22", "Sun 22 Nov"),
        ("2026-02", "Sun 1 Feb to Sat 28 Feb"),
        ("this morning", "Sat 28 Nov 00:00 to 12:00"),
        ("yesterday evening", "Fri 27 Nov 18:00 to 24:00"),
        ("last night", "Fri 27 Nov 18:00 to Sat 28 Nov 08:00"),
        ("tonight", "Sat 28 Nov 18:00 to Sun 29 Nov 08:00"),
        ("last 2h", "from Sat 28 Nov 10:30"),
        ("last 3 days", "from Wed 25 Nov 12:30"),
        ("last hour", "from Sat 28 Nov 11:30"),
        ("past minute", "from Sat 28 Nov 12:29"),
        ("last day", "from Fri 27 Nov 12:30"),
        ("past 2h", "from Sat 28 Nov 10:30"),
        ("past week", "Mon 16 Nov to Sun 22 Nov"),
        ("past month", "Thu 1 Oct to Sat 31 Oct"),
        ("past night", "Fri 27 Nov 18:00 to Sat 28 Nov 08:00"),
        ("27 Nov", "Fri 27 Nov"),
        ("27 november", "Fri 27 Nov"),
        ("Nov 27", "Fri 27 Nov"),
        ("Fri 27 Nov", "Fri 27 Nov"),
        ("friday 27 november", "Fri 27 Nov"),
        ("fri nov 27", "Fri 27 Nov"),
        ("29 Nov", "Sat 29 Nov 2025"),
        ("Wed 1 Jan 2025", "Wed 1 Jan 2025"),
        ("29 Feb", "Thu 29 Feb 2024"),
        ("27 Nov evening", "Fri 27 Nov 18:00 to 24:00"),
        ("since 27 Nov 14:00", "from Fri 27 Nov 14:00"),
        ("from Sun 22 Nov to 27 Nov", "Sun 22 Nov to Fri 27 Nov"),
        ("since 9:00", "from Sat 28 Nov 09:00"),
        ("since 14:00", "from Fri 27 Nov 14:00"),
        ("since 2 h ago", "from Sat 28 Nov 10:30"),
        ("since yesterday", "from Fri 27 Nov"),
        ("since tuesday 14:00:30", "from Tue 24 Nov 14:00:30"),
        ("after yesterday", "from Sat 28 Nov"),
        ("until yesterday", "to Fri 27 Nov"),
        ("before yesterday", "to Thu 26 Nov"),
        ("until 15:00", "to Sat 28 Nov 15:00"),
        ("between monday and wednesday", "Mon 23 Nov to Wed 25 Nov"),
        ("between yesterday 14:00 and 16:00", "Fri 27 Nov 14:00 to 16:00"),
        ("between 22:00 and 06:00", "Fri 27 Nov 22:00 to Sat 28 Nov 06:00"),
        ("from 2026-11-22 to today", "Sun 22 Nov to Sat 28 Nov"),
        ("since 14:00 until 15:00", "Fri 27 Nov 14:00 to 15:00"),
        ("since yesterday until 14:00", "Fri 27 Nov 00:00 to Sat 28 Nov 14:00"),
    ],
)
def test_words_mean_a_span_of_time_and_its_dates_say_which(words, dates):
    span, used = read_span(words.split(), NOW)
    assert span.dates(NOW) == dates
    assert used == len(words.split())
    assert span.words == words.casefold()


@pytest.mark.parametrize(
    "words",
    [
        *("samx", "last", "last samx", "since samx", "14:00", "between monday", "2026-13", "2026-02-30", "last 5"),
        *("12", "32 Nov", "29 Feb 2025", "0 Nov", "Nov", "fri", "last h", ""),
    ],
)
def test_what_is_no_time_is_left_alone(words):
    assert read_span(words.split(), NOW) is None


def test_words_behind_a_time_are_not_taken():
    span, used = read_span(["last", "week", "failed"], NOW)
    assert (span.words, used) == ("last week", 2)


def test_a_clock_time_is_that_of_the_day_that_was_named():
    yesterday, _ = read_span(["yesterday"], NOW)
    span, _ = read_span(["since", "09:00"], NOW, yesterday.day)
    assert span.dates(NOW) == "from Fri 27 Nov 09:00"


def test_a_day_is_from_midnight_to_midnight_and_an_open_end_is_infinite():
    day, _ = read_span(["2026-11-22"], NOW)
    assert (day.begin, day.end) == (datetime(2026, 11, 22).timestamp(), datetime(2026, 11, 23).timestamp())
    assert read_span(["since", "today"], NOW)[0].end == inf
    assert read_span(["until", "today"], NOW)[0].begin == -inf


ODD = ("last", "this", "since", "until", "between", "9999-12-31", "0001-01-01", "night", "999999", "weeks", "year")


@given(st.lists(st.text(max_size=8) | st.sampled_from(ODD)))
def test_no_words_make_it_fail(words):
    found = read_span(words, NOW)
    assert found is None or (found[0].dates(NOW) and 0 < found[1] <= len(words))
