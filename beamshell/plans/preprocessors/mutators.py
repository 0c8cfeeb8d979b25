"""Wrappers that replace, drop or insert messages of a plan: msg_mutator, plan_mutator, pchain, stub_wrapper.

They know nothing of devices. They pass GeneratorExit on at once: a plan that is halted or thrown away must not yield.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan, explain_no_message
from beamshell.plans.unrun_plan_guard import refuse_ended, wrapper

MakePlan = Callable[..., Plan]
Mutator = Callable[[Msg], tuple["Plan | None", "Plan | None"]]


def as_plan(plan: Any) -> Plan:
    """A generator of messages from a plan, a function that makes one, or a list of messages."""
    messages = plan() if callable(plan) else plan
    refuse_ended(messages)
    if hasattr(messages, "send"):
        return messages  # type: ignore[no-any-return]  # whatever has `send` is used as a generator
    return _from_list(messages)


def _from_list(messages: Iterable[Msg]) -> Plan:
    response = None
    for msg in messages:
        response = yield msg
    return response


@wrapper
def msg_mutator(plan: Any, change: Callable[[Msg], Msg | None]) -> Plan:
    """Send ``change(msg)`` in place of each message. None drops the message, and the plan receives None for it."""

    def send(msg: Msg) -> Plan:
        changed = change(msg)
        return None if changed is None else (yield changed)

    return send_each(plan, send)


@wrapper
def plan_mutator(plan: Any, insert: Mutator) -> Plan:
    """Run plans in place of messages and after them.

    Args:
        plan: the plan to change.
        insert: ``f(msg) -> (head, tail)``. `head` runs in place of the message, and the plan receives the response to
            its last message; `tail` runs after it. None for either leaves that out. Messages of `head` and `tail`
            are not passed to `insert`.
    """

    def send(msg: Msg) -> Plan:
        head, tail = insert(msg)
        response = (yield msg) if head is None else (yield from _last_response(head))
        if tail is not None:
            yield from as_plan(tail)
        return response

    return send_each(plan, send)


def _last_response(plan: Any) -> Plan:
    """Run a plan. Returns the response to its last message."""
    last = None

    def send(msg: Msg) -> Plan:
        nonlocal last
        last = yield msg
        return last

    yield from send_each(plan, send)
    return last


def send_each(plan: Any, send: Callable[[Msg], Plan]) -> Plan:
    """Run the plan ``send(msg)`` for each message of `plan`, which receives what that returns or raises."""
    inner = as_plan(plan)
    response: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = inner.send(response) if error is None else inner.throw(error)
        except StopIteration as end:
            return end.value
        response = error = None
        if not hasattr(msg, "command"):
            error = PlanError(explain_no_message(msg, inner))
            continue
        try:
            response = yield from send(msg)
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as exc:
            error = exc


@wrapper
def pchain(*plans: Any) -> Plan:
    """Run plans one after the other. Returns a tuple of what they returned."""
    results = []
    for plan in plans:
        results.append((yield from as_plan(plan)))  # noqa: PERF401  # no comprehension can yield
    return tuple(results)


def then(plan: Plan, msg: Msg) -> Plan:
    """Run `plan`, then send `msg`. Returns the response to `msg`."""
    yield from plan
    return (yield msg)


@wrapper
def stub_wrapper(plan: Any) -> Plan:
    """Run `plan` without its runs and its staging, as a part of another run. Returns what `plan` returned."""
    dropped = {"open_run", "close_run", "stage", "unstage"}
    return msg_mutator(plan, lambda msg: None if msg.command in dropped else msg)
