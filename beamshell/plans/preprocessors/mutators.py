"""Plans whose messages are changed on their way: msg_mutator, plan_mutator, and what makes a plan of anything.

They know nothing of what messages mean. A wrapper never holds on to a GeneratorExit: a plan that is halted or thrown
away must not yield.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.unrun_plan_guard import wrapper

MakePlan = Callable[..., Plan]
Mutator = Callable[[Msg], tuple["Plan | None", "Plan | None"]]


def as_plan(plan: Any) -> Plan:
    """A plan from a plan, a function that makes one, or a list of messages."""
    made = plan() if callable(plan) else plan
    if hasattr(made, "send"):
        return made  # type: ignore[no-any-return]  # it has what a generator has
    return _from_list(made)


def _from_list(messages: Iterable[Msg]) -> Plan:
    answer = None
    for msg in messages:
        answer = yield msg
    return answer


@wrapper
def msg_mutator(plan: Any, change: Callable[[Msg], Msg | None]) -> Plan:
    """Send ``change(msg)`` in place of each message; None leaves it out, and the plan is answered None."""

    def send(msg: Msg) -> Plan:
        changed = change(msg)
        return None if changed is None else (yield changed)

    return answered(plan, send)


@wrapper
def plan_mutator(plan: Any, insert: Mutator) -> Plan:
    """Put plans in place of and after messages.

    Args:
        insert: ``f(msg) -> (head, tail)``. The plan `head` runs in place of the message, and what its last message
            is answered goes to the plan; `tail` runs after it; None for either leaves that out.
            Messages of head and tail are not looked at again.
    """

    def send(msg: Msg) -> Plan:
        head, tail = insert(msg)
        answer = (yield msg) if head is None else (yield from _last_answer(head))
        if tail is not None:
            yield from as_plan(tail)
        return answer

    return answered(plan, send)


def _last_answer(plan: Any) -> Plan:
    """Run a plan; the answer to its last message."""
    last = None

    def send(msg: Msg) -> Plan:
        nonlocal last
        last = yield msg
        return last

    yield from answered(plan, send)
    return last


def answered(plan: Any, send: Callable[[Msg], Plan]) -> Plan:
    """Run `plan`, answering each of its messages with what the plan ``send(msg)`` returns or raises."""
    inner = as_plan(plan)
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = inner.send(answer) if error is None else inner.throw(error)
        except StopIteration as end:
            return end.value
        answer = error = None
        try:
            answer = yield from send(msg)
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as exc:
            error = exc


@wrapper
def pchain(*plans: Any) -> Plan:
    """Run plans one after the other; a tuple of what they returned."""
    results = []
    for plan in plans:
        results.append((yield from as_plan(plan)))  # noqa: PERF401  # no comprehension can yield
    return tuple(results)


def then(plan: Plan, msg: Msg) -> Plan:
    """Run `plan`, then send `msg`; its answer."""
    yield from plan
    return (yield msg)


@wrapper
def stub_wrapper(plan: Any) -> Plan:
    """Run `plan` without its runs and its staging, so that it can be a part of another run; what `plan` returned."""
    left_out = {"open_run", "close_run", "stage", "unstage"}
    return msg_mutator(plan, lambda msg: None if msg.command in left_out else msg)
