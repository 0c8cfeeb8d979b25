"""What is done however a plan ends: finalize_wrapper and contingency_wrapper.

A plan that is halted or thrown away must not yield, so there its cleanup is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.preprocessors.mutators import MakePlan, as_plan
from beamshell.plans.unrun_plan_guard import wrapper


@wrapper
def finalize_wrapper(plan: Any, final_plan: Any, *, pause_for_debug: bool = False) -> Plan:
    """Run `plan`, then `final_plan` whether it succeeded, failed, or was stopped; what `plan` returned.

    In `final_plan` a step that fails does not keep the next from being done: all failures are reported at its end.

    Args:
        plan: what is done.
        final_plan: what is done after it.
        pause_for_debug: whether to pause after a failure, so that things can be looked at before they are put back.

    Example:
        ``finalize_wrapper(scan(...), mv(shutter, "Close"))``
    """
    try:
        result = yield from as_plan(plan)
    except GeneratorExit:
        raise
    except BaseException as exc:
        if pause_for_debug:
            yield from _pause_after(exc)
        yield from _clean_up(final_plan, raise_failures=False)
        raise
    yield from _clean_up(final_plan, raise_failures=True)
    return result


def _pause_after(exc: BaseException) -> Plan:
    """Pause, unless it was the operator who ended the plan; what failed is not done again on resume."""
    if hasattr(exc, "exit_status") or not isinstance(exc, Exception):
        return
    before = yield Msg("rewindable", None, None)
    yield Msg("rewindable", None, False)
    yield Msg("pause", None, defer=False)
    yield Msg("rewindable", None, before)


def _clean_up(final_plan: Any, *, raise_failures: bool) -> Plan:
    told = yield from _is_told(Msg("begin_cleanup"))
    try:
        yield from as_plan(final_plan)
    except GeneratorExit:
        raise
    except BaseException:
        if told:
            yield Msg("end_cleanup", None, raise_failures=False)
        raise
    if told:
        yield Msg("end_cleanup", None, raise_failures=raise_failures)


def _is_told(msg: Msg) -> Plan:
    """Send `msg`; False if the engine does not know the command, as any other than ours."""
    try:
        yield msg
    except KeyError:  # InvalidCommand, here and in bluesky
        return False
    return True


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
    """Run `plan` with the clauses of a ``try`` statement as plans; what `plan` returned.

    Args:
        except_plan: ``f(exception)``, run if `plan` raises.
        else_plan: run if it does not.
        final_plan: run in any case, last.
        pause_for_debug: whether to pause after a failure, before anything else is run.
        auto_raise: raise the exception again after `except_plan`; False lets `except_plan` decide.
    """

    def guarded() -> Plan:
        try:
            result = yield from as_plan(plan)
        except GeneratorExit:
            raise
        except Exception as exc:
            if pause_for_debug:
                yield from _pause_after(exc)
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
