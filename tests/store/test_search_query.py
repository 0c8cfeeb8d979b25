"""What a person types to choose runs is understood, and says how it was understood."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import UsageError
from beamshell.store.search_query import parse

NOW = datetime(2026, 11, 28, 12, 30).timestamp()
PARTS_OF_LINES = """
today yesterday last week tuesday failed fail open with and sample LaB6 sample=LaB6 samx 12 -3..-1 12.. .. 20..12 since
until between 14:00 2h ago ( (Fri 27 Nov) " "" * fluor* = , a, from to 2026-11 2026-11-22 day 5 scan_id größe x="y -
1-3 1:3 1,3 #3 past hour 29 Nov 14:30
"""
WORDS = [*PARTS_OF_LINES.split(), "\ud800", '"a b"', 'x="y z"*']
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=8).map(" ".join)
keys = st.sets(st.sampled_from(["sample", "last", "align", "x", "scan_id", "today", "a"]))


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("yesterday samx", "yesterday (Fri 27 Nov) with samx"),
        ("last week failed", "last week (Mon 16 Nov to Sun 22 Nov) failed"),
        ("sample LaB6 align", "with sample=LaB6 and align"),
        ("Sample LaB6", "with Sample=LaB6"),
        ("sample", "with sample"),
        ("sample yesterday", "yesterday (Fri 27 Nov) with sample"),
        ('sample "thin film"', 'with sample="thin film"'),
        ("12", "12"),
        ("12 15 18..20", "12 15 18..20"),
        ("-3..-1", "-3..-1"),
        ("last 10 failed", "-10..-1 failed"),
        ("past 10", "-10..-1"),
        ("last hour failed", "last hour (from Sat 28 Nov 11:30) failed"),
        ("failed past hour", "past hour (from Sat 28 Nov 11:30) failed"),
        ("27 Nov failed", "27 nov (Fri 27 Nov) failed"),
        ("1-3", "1..3"),
        ("1:3", "1..3"),
        ("1,3", "1 3"),
        ("1,3..5,-1", "1 3..5 -1"),
        ("#3", "3"),
        ("#1-#3", "1..3"),
        ("#1,#3", "1 3"),
        ("12: :20", "12.. ..20"),
        ("-3:-1 -3--1 -3", "-3..-1 -3"),
        ("14:00", "with 14:00"),
        ("2026-1234", "with 2026-1234"),
        ("2026-11-22", "2026-11-22 (Sun 22 Nov)"),
        ("sample 1-3", "with sample=1-3"),
        ('"1-3"', 'with "1-3"'),
        ("fluor*", "with fluor*"),
        ("thickness=0.5", "with thickness=0.5"),
        ('"today" "12" "beam lost"', 'with "today" and "12" and "beam lost"'),
        ("samx, fail, abort, yesterday", "yesterday (Fri 27 Nov) failed aborted with samx"),
        ("since samx", "with since and samx"),
        ("yesterday since 14:00", "yesterday (Fri 27 Nov) since 14:00 (from Fri 27 Nov 14:00)"),
        ("", ""),
    ],
)
def test_words_are_understood_and_the_answer_says_how(typed, understood):
    assert parse(typed, NOW, ["sample"]).text(NOW) == understood


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("samx *", r"'\*' has no letter and no digit"),
        ("samx --", "'--' has no letter and no digit"),
        ("20..12", r"20\.\.12 is the wrong way round: write 12\.\.20"),
        ("-1..-3", r"-1\.\.-3 is the wrong way round: write -3\.\.-1"),
        ("3-1", r"3-1 is the wrong way round: write 1\.\.3"),
        ("-3-1", r"-3-1 is not understood: write -3\.\.-1"),
        ("2026-3456", r'2026-3456 may be runs or a name: write 2026\.\.3456 or "2026-3456"'),
        ("14:30", r"14:30 may be runs or a time: write 14\.\.30 or since 14:30"),
    ],
)
def test_what_can_mean_nothing_is_refused_in_one_line(typed, message):
    with pytest.raises(UsageError, match=message):
        parse(typed, NOW)


@given(texts, keys)
def test_what_was_understood_is_read_again_as_the_same_query(typed, keys):
    try:
        query = parse(typed, NOW, keys)
    except UsageError:
        return
    assert parse(query.text(NOW), NOW, keys) == query


@given(texts, keys)
def test_each_condition_can_be_dropped(typed, keys):
    try:
        query = parse(typed, NOW, keys)
    except UsageError:
        return
    for condition, other in query.without_one():
        assert condition
        assert other != query
        assert parse(other.text(NOW), NOW, keys) is not None
