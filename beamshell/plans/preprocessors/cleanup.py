"""Cleanup after a plan, however it ends: finalize_wrapper and contingency_wrapper.

A plan that is halted or thrown away must not yield, so its cleanup is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.preprocessors.mutators import MakePlan, as_plan
from beamshell.plans.unrun_plan_guard import wrapper


@wrapper
def finalize_wrapper(plan: Any, final_plan: Any, *, pause_for_debug: bool = False) -> Plan:
    """Run `plan`, then `final_plan` whether it succeeded, failed or was stopped. Returns what `plan` returned.

    A step of `final_plan` that fails does not prevent the next ones; all failures are reported at its end.

    Args:
        plan: the plan to run.
        final_plan: the plan that runs after it.
        pause_for_debug: True pauses after a failure, to look at the devices before they are put back.

    Example:
        ``finalize_wrapper(scan(...), mv(shutter, "Close"))``
    """
    try:
        result = yield from as_plan(plan)
    except GeneratorExit:
        raise
    except BaseException as exc:
        if pause_for_debug:
            yield from _pause_after_failure(exc)
        yield from _clean_up(final_plan, raise_failures=False)
        raise
    yield from _clean_up(final_plan, raise_failures=True)
    return result


def _pause_after_failure(exc: BaseException) -> Plan:
    """Pause, unless the operator ended the plan. On resume the failed message is not sent again."""
    if hasattr(exc, "exit_status") or not isinstance(exc, Exception):
        return
    before = yield Msg("rewindable", None, None)
    yield Msg("rewindable", None, False)
    yield Msg("pause", None, defer=False)
    yield Msg("rewindable", None, before)


def _clean_up(final_plan: Any, *, raise_failures: bool) -> Plan:
    try:
        yield Msg("begin_cleanup")
        engine_collects_failures = True
    except KeyError:  # InvalidCommand: another engine, such as bluesky's, does not know the message
        engine_collects_failures = False
    try:
        yield from as_plan(final_plan)
    except GeneratorExit:
        raise
    except BaseException:
        if engine_collects_failures:
            yield Msg("end_cleanup", None, raise_failures=False)
        raise
    if engine_collects_failures:
        yield Msg("end_cleanup", None, raise_failures=raise_failures)


@wrapper
def contingency_wrapper(
    plan: Any,
    *,
    except_plan: Callable[[Exception], Plan] | None = None,
    else_plan: MakePlan | None = None,
    final_plan: MakePlan | None = None,
    pause_for_debug: bool = False,
    auto_raise: bool = True,
) -> Plan:
    """Run `plan` with plans as the clauses of a ``try`` statement. Returns what `plan` returned.

    Args:
        plan: the plan to run.
        except_plan: ``f(exception)``, makes the plan that runs if `plan` raises.
        else_plan: makes the plan that runs if `plan` does not raise.
        final_plan: makes the plan that always runs, last.
        pause_for_debug: True pauses after a failure, before anything else runs.
        auto_raise: True raises the exception again after `except_plan`; False lets `except_plan` decide.
    """

    def guarded() -> Plan:
        try:
            result = yield from as_plan(plan)
        except GeneratorExit:
            raise
        except Exception as exc:
            if pause_for_debug:
                yield from _pause_after_failure(exc)
            if except_plan is None:
                raise
            result = yield from except_plan(exc)
            if auto_raise:
                raise
            return result
        if else_plan is not None:
            yield from else_plan()
        return result

    if final_plan is None:
        return (yield from guarded())
    return (yield from finalize_wrapper(guarded(), final_plan))
