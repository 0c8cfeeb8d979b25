"""The decorator form of each wrapper, for functions that make plans: finalize_decorator, run_decorator, ...

It knows no single wrapper.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Plan
from beamshell.plans.preprocessors.alongside import rewindable_wrapper, subs_wrapper, suspend_wrapper
from beamshell.plans.preprocessors.cleanup import contingency_wrapper, finalize_wrapper
from beamshell.plans.preprocessors.continuing import continue_wrapper
from beamshell.plans.preprocessors.mutators import MakePlan, stub_wrapper
from beamshell.plans.preprocessors.runs import (
    inject_md_wrapper,
    lazily_stage_wrapper,
    run_wrapper,
    set_run_key_wrapper,
    stage_wrapper,
)
from beamshell.plans.preprocessors.settings import (
    configure_count_time_wrapper,
    relative_set_wrapper,
    reset_positions_wrapper,
)
from beamshell.plans.preprocessors.summary import print_summary_wrapper
from beamshell.plans.preprocessors.supplemental import baseline_wrapper, fly_during_wrapper, monitor_during_wrapper


def make_decorator(wrapped: Callable[..., Plan]) -> Callable[..., Callable[[MakePlan], MakePlan]]:
    """The decorator of functions that make plans, from a wrapper of plans.

    Raises:
        PlanError: the decorator is given a plan, which can run only once; give it a function that makes the plan.
    """
    name = wrapped.__name__.replace("_wrapper", "_decorator")

    @functools.wraps(wrapped)
    def with_arguments(*args: Any, **kwargs: Any) -> Callable[[MakePlan], MakePlan]:
        if any(hasattr(argument, "send") for argument in (*args, *kwargs.values())):
            raise PlanError(f"{name} takes a function that makes a plan: a plan itself can run only once")

        def decorate(function: MakePlan) -> MakePlan:
            @functools.wraps(function)
            def decorated(*inner_args: Any, **inner_kwargs: Any) -> Plan:
                return (yield from wrapped(function(*inner_args, **inner_kwargs), *args, **kwargs))

            return decorated

        return decorate

    with_arguments.__name__ = with_arguments.__qualname__ = name
    with_arguments.__doc__ = f"As a decorator, for each plan that the function makes:\n\n    {wrapped.__doc__}"
    signature = inspect.signature(wrapped)
    own = signature.replace(parameters=list(signature.parameters.values())[1:], return_annotation=MakePlan)
    with_arguments.__signature__ = own  # type: ignore[attr-defined]  # what help and completion show
    return with_arguments


finalize_decorator = make_decorator(finalize_wrapper)
continue_decorator = make_decorator(continue_wrapper)
contingency_decorator = make_decorator(contingency_wrapper)
run_decorator = make_decorator(run_wrapper)
stage_decorator = make_decorator(stage_wrapper)
lazily_stage_decorator = make_decorator(lazily_stage_wrapper)
stub_decorator = make_decorator(stub_wrapper)
print_summary_decorator = make_decorator(print_summary_wrapper)
fly_during_decorator = make_decorator(fly_during_wrapper)
set_run_key_decorator = make_decorator(set_run_key_wrapper)
inject_md_decorator = make_decorator(inject_md_wrapper)
subs_decorator = make_decorator(subs_wrapper)
baseline_decorator = make_decorator(baseline_wrapper)
monitor_during_decorator = make_decorator(monitor_during_wrapper)
relative_set_decorator = make_decorator(relative_set_wrapper)
reset_positions_decorator = make_decorator(reset_positions_wrapper)
configure_count_time_decorator = make_decorator(configure_count_time_wrapper)
suspend_decorator = make_decorator(suspend_wrapper)
rewindable_decorator = make_decorator(rewindable_wrapper)
