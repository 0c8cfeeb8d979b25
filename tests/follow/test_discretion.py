"""Nobody is told what he does not want, nor at night what can wait, nor everything one by one."""

from __future__ import annotations

import datetime
import json

import pytest

from beamshell.errors import ConfigError
from beamshell.follow.discretion import Discretion
from beamshell.follow.happenings import Happening

NOON = datetime.datetime(2026, 11, 28, 12).timestamp()
NIGHT = datetime.datetime(2026, 11, 28, 23, 30).timestamp()
MORNING = datetime.datetime(2026, 11, 29, 7).timestamp()


def happening(kind="completed", number=1, time=NOON):
    return Happening(kind, time, f"scan {number} {kind}", f"text {number}", "", f"key {number}")


def send_all(discretion, now):
    messages = discretion.messages(now)
    for message in messages:
        discretion.sent(message, now)
    return [(message.title, message.text) for message in messages]


def test_the_first_of_a_kind_is_told_at_once():
    discretion = Discretion()
    discretion.offer([happening()])
    assert send_all(discretion, NOON) == [("scan 1 completed", "text 1")]
    assert send_all(discretion, NOON + 1000) == []


def test_what_comes_soon_after_is_told_together():
    discretion = Discretion(at_most_every_s=60.0)
    discretion.offer([happening(number=1)])
    send_all(discretion, NOON)
    discretion.offer([happening(number=2), happening(number=3), happening("failed", 4)])
    assert send_all(discretion, NOON + 30) == [("scan 4 failed", "text 4")]
    assert send_all(discretion, NOON + 60) == [("2 times: a scan is complete", "scan 2 completed\nscan 3 completed")]


def test_very_many_are_counted_and_the_last_named():
    discretion = Discretion()
    discretion.offer([happening(number=number) for number in range(1, 31)])
    ((title, text),) = send_all(discretion, NOON)
    assert title.startswith("30 times")
    assert text.splitlines()[0] == "... 10 more before these"
    assert text.splitlines()[-1] == "scan 30 completed"


def test_in_quiet_hours_only_what_is_urgent_is_told_and_the_rest_after_them():
    discretion = Discretion(quiet="22:00-07:00")
    discretion.offer([happening(number=1), happening("failed", 2)])
    assert send_all(discretion, NIGHT) == [("scan 2 failed", "text 2")]
    assert send_all(discretion, MORNING) == [("scan 1 completed", "text 1")]


def test_quiet_hours_within_a_day():
    discretion = Discretion(quiet="11:00-13:00")
    discretion.offer([happening()])
    assert send_all(discretion, NOON) == []
    assert send_all(discretion, NOON + 3600) == [("scan 1 completed", "text 1")]


def test_a_kind_that_nobody_wants_is_never_told():
    discretion = Discretion(kinds=["failed"])
    discretion.offer([happening(), happening("failed", 2)])
    assert send_all(discretion, NOON) == [("scan 2 failed", "text 2")]


def test_what_comes_twice_after_a_kill_is_told_once():
    discretion = Discretion()
    discretion.offer([happening()])
    before = discretion.memory()
    send_all(discretion, NOON)
    discretion.offer([happening()])
    assert send_all(discretion, NOON + 100) == []
    after_a_kill = Discretion()
    after_a_kill.remember(before)
    after_a_kill.offer([happening()])
    assert send_all(after_a_kill, NOON) == [("scan 1 completed", "text 1")]


def test_a_message_stays_due_until_it_has_arrived():
    discretion = Discretion()
    discretion.offer([happening()])
    assert len(discretion.messages(NOON)) == len(discretion.messages(NOON)) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kinds": ["complete"]}, "no kind 'complete' of happenings: did you mean completed"),
        ({"quiet": "night"}, "'night' are no quiet hours: write them like 22:00-07:00"),
        ({"quiet": "25:00-07:00"}, "are no quiet hours"),
    ],
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(ConfigError, match=message):
        Discretion(**settings)


def test_with_no_time_between_messages_each_happening_is_a_message_of_its_own():
    discretion = Discretion(at_most_every_s=0.0)
    discretion.offer([happening("failed", "a"), happening("comment", "b"), happening("failed", "c")])
    assert [message.happenings[0].key for message in discretion.messages(NOON)] == ["key a", "key b", "key c"]


def test_a_message_that_may_have_arrived_stays_as_it_is_and_is_marked():
    discretion = Discretion()
    discretion.offer([happening("failed", "a"), happening("failed", "b")])
    (message,) = discretion.messages(NOON)
    assert not message.is_repeated
    discretion.sending(message)
    discretion.offer([happening("failed", "c")])
    after_a_kill = Discretion()
    after_a_kill.remember(json.loads(json.dumps(discretion.memory())))
    (repeated,) = after_a_kill.messages(NOON)
    assert repeated.is_repeated
    assert repeated.key == message.key
    after_a_kill.sent(repeated, NOON)
    (rest,) = after_a_kill.messages(NOON + 60)
    assert ([each.key for each in rest.happenings], rest.is_repeated) == (["key c"], False)


def test_a_clock_that_was_set_back_holds_no_message_up():
    discretion = Discretion(at_most_every_s=60.0)
    discretion.offer([happening("failed", "a")])
    discretion.sent(discretion.messages(NOON)[0], NOON)
    discretion.offer([happening("failed", "b")])
    assert len(discretion.messages(NOON - 3600)) == 1
