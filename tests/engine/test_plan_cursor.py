"""Where the plan is: the stack of plans, the record of messages, and what counts as a plan."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beamshell.engine.plan_cursor import PlanCursor, as_generator, fields_of, identity, send_again
from beamshell.errors import PlanError
from beamshell.messages import Msg


@pytest.fixture
def cursor():
    cursor = PlanCursor()
    cursor.checkpoint(now=5.0)
    return cursor


def test_the_plan_that_was_pushed_last_is_asked_first(cursor):
    cursor.push("outer")
    cursor.push("inner")
    assert cursor.pop().plan == "inner"
    assert cursor.top.plan == "outer"


def test_an_error_is_for_the_plan_on_top(cursor):
    cursor.push("outer")
    cursor.push("inner")
    error = RuntimeError("broke")
    cursor.throw(error)
    assert [frame.error for frame in cursor.frames] == [None, error]


def test_what_was_recorded_is_taken_once(cursor):
    cursor.recording += Msg("set", "th", 1.5, group="A", run="B")
    assert cursor.take_recorded() == [Msg("set", "th", 1.5, group="A", run="B")]
    assert cursor.take_recorded() == []


def test_a_message_of_another_class_is_sent_again_as_it_is(cursor):
    other = SimpleNamespace(command="set", obj="th", args=(1.5,), kwargs={}, run=None)
    cursor.recording += fields_of(other)
    cursor.recording += fields_of(Msg("null"))
    messages = cursor.take_recorded()
    assert messages[0] is other
    assert messages[1] == Msg("null")


def test_the_record_finds_its_last_event_and_forgets_what_came_before(cursor):
    for command in ("save", "set", "save", "trigger", "create"):
        cursor.recording += Msg(command)
    cursor.recording += fields_of(SimpleNamespace(command="stop"))
    assert [cursor.number_up_to(command) for command in ("save", "create", "stop", "open_run")] == [3, 5, 6, 0]
    cursor.forget(3)
    assert [msg.command for msg in cursor.recorded()] == ["trigger", "create", "stop"]


def test_a_recorded_message_is_told_by_its_keywords(cursor):
    first, second = Msg("set", "th", 1), Msg("set", "th", 1)
    cursor.recording += first
    (recorded,) = cursor.recorded()
    assert identity(recorded) == identity(first) != identity(second)


def test_a_checkpoint_forgets_what_came_before_it(cursor):
    cursor.recording += Msg("null")
    cursor.checkpoint(now=6.0)
    assert (cursor.recording, cursor.checkpoint_at) == ([], 6.0)


def test_nothing_is_recorded_from_where_a_rewind_is_forbidden_to_the_next_checkpoint(cursor):
    cursor.forbid_rewind()
    cursor.record_anew()
    assert (cursor.recording, cursor.possible) == (None, False)
    cursor.checkpoint(now=6.0)
    assert (cursor.recording, cursor.possible) == ([], True)


def test_nothing_is_recorded_while_the_plan_is_not_rewindable(cursor):
    cursor.rewindable = False
    assert cursor.recording is None
    cursor.rewindable = True
    assert cursor.recording == []


def test_the_messages_of_a_closed_run_are_not_sent_again(cursor):
    one, other = Msg("read", "det", run="one"), Msg("read", "det", run="other")
    cursor.recording += one + other
    cursor.forget_run("one")
    assert cursor.take_recorded() == [other]


def test_what_is_sent_again_returns_the_last_answer():
    plan = send_again([Msg("null"), Msg("read", "det")])
    assert next(plan).command == "null"
    assert plan.send("first answer").command == "read"
    with pytest.raises(StopIteration) as end:
        plan.send("second answer")
    assert end.value.value == "second answer"


@pytest.mark.parametrize("plan", [Msg("null"), [Msg("null")], (m for m in [Msg("null")])])
def test_a_message_a_list_and_a_generator_are_plans(plan):
    assert list(as_generator(plan)) == [Msg("null")]


@pytest.mark.parametrize(
    ("no_plan", "words"), [(as_generator, "call it"), ("count", "is no plan"), (3, "3 is no plan")]
)
def test_what_is_no_plan_is_refused_with_what_was_meant(no_plan, words):
    with pytest.raises(PlanError, match=words):
        as_generator(no_plan)
