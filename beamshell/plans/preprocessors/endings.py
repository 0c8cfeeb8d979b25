"""What is done however a plan ends: finalize_wrapper and contingency_wrapper.

A plan that is halted or thrown away must not yield, so there its cleanup is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.planned import wrapper
from beamshell.plans.preprocessors.mutators import MakePlan, as_plan


@wrapper
def finalize_wrapper(plan: Any, final_plan: Any) -> Plan:
    """Run `plan`, then `final_plan` whether it succeeded, failed, or was stopped; what `plan` returned.

    In `final_plan` a step that fails does not keep the next from being done: all failures are reported at its end.

    Example:
        ``finalize_wrapper(scan(...), mv(shutter, "Close"))``
    """
    failing = True
    try:
        result = yield from as_plan(plan)
        failing = False
    except GeneratorExit:
        raise
    except BaseException:
        yield from _clean_up(final_plan, raise_failures=False)
        raise
    if not failing:
        yield from _clean_up(final_plan, raise_failures=True)
    return result


def _clean_up(final_plan: Any, *, raise_failures: bool) -> Plan:
    yield Msg("begin_cleanup")
    try:
        yield from as_plan(final_plan)
    except GeneratorExit:
        raise
    except BaseException:
        yield Msg("end_cleanup", None, raise_failures=False)
        raise
    yield Msg("end_cleanup", None, raise_failures=raise_failures)


@wrapper
def contingency_wrapper(
    plan: Any,
    *,
    except_plan: Callable[[Exception], Plan] | None = None,
    else_plan: MakePlan | None = None,
    final_plan: MakePlan | None = None,
    auto_raise: bool = True,
) -> Plan:
    """Run `plan` with the clauses of a ``try`` statement as plans; what `plan` returned.

    Args:
        except_plan: ``f(exception)``, run if `plan` raises.
        else_plan: run if it does not.
        final_plan: run in any case, last.
        auto_raise: raise the exception again after `except_plan`; False lets `except_plan` decide.
    """

    def guarded() -> Plan:
        try:
            result = yield from as_plan(plan)
        except GeneratorExit:
            raise
        except Exception as exc:
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
