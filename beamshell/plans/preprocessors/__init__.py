"""Preprocessors (`bpp`): wrappers that change another plan or add steps before, after and around it.

Each exists as a wrapper ``..._wrapper(plan, ...)`` and as a decorator of functions that make plans. A wrapper passes
GeneratorExit on at once: a plan that is halted or thrown away must not yield, so its cleanup is left out.
"""

from beamshell.plans.preprocessors.alongside import rewindable_wrapper, subs_wrapper, suspend_wrapper
from beamshell.plans.preprocessors.cleanup import contingency_wrapper, finalize_wrapper
from beamshell.plans.preprocessors.continuing import continue_wrapper
from beamshell.plans.preprocessors.decorators import (
    baseline_decorator,
    configure_count_time_decorator,
    contingency_decorator,
    continue_decorator,
    finalize_decorator,
    fly_during_decorator,
    inject_md_decorator,
    lazily_stage_decorator,
    make_decorator,
    monitor_during_decorator,
    print_summary_decorator,
    relative_set_decorator,
    reset_positions_decorator,
    rewindable_decorator,
    run_decorator,
    set_run_key_decorator,
    stage_decorator,
    stub_decorator,
    subs_decorator,
    suspend_decorator,
)
from beamshell.plans.preprocessors.mutators import (
    MakePlan,
    Mutator,
    as_plan,
    msg_mutator,
    pchain,
    plan_mutator,
    stub_wrapper,
)
from beamshell.plans.preprocessors.runs import (
    inject_md_wrapper,
    lazily_stage_wrapper,
    root_of,
    run_wrapper,
    set_run_key_wrapper,
    stage_wrapper,
)
from beamshell.plans.preprocessors.settings import (
    configure_count_time_wrapper,
    relative_set_wrapper,
    reset_positions_wrapper,
)
from beamshell.plans.preprocessors.summary import print_summary_wrapper, summary_line
from beamshell.plans.preprocessors.supplemental import (
    SupplementalData,
    baseline_wrapper,
    fly_during_wrapper,
    monitor_during_wrapper,
)

__all__ = [
    "MakePlan",
    "Mutator",
    "SupplementalData",
    "as_plan",
    "baseline_decorator",
    "baseline_wrapper",
    "configure_count_time_decorator",
    "configure_count_time_wrapper",
    "contingency_decorator",
    "contingency_wrapper",
    "continue_decorator",
    "continue_wrapper",
    "finalize_decorator",
    "finalize_wrapper",
    "fly_during_decorator",
    "fly_during_wrapper",
    "inject_md_decorator",
    "inject_md_wrapper",
    "lazily_stage_decorator",
    "lazily_stage_wrapper",
    "make_decorator",
    "monitor_during_decorator",
    "monitor_during_wrapper",
    "msg_mutator",
    "pchain",
    "plan_mutator",
    "print_summary_decorator",
    "print_summary_wrapper",
    "relative_set_decorator",
    "relative_set_wrapper",
    "reset_positions_decorator",
    "reset_positions_wrapper",
    "rewindable_decorator",
    "rewindable_wrapper",
    "root_of",
    "run_decorator",
    "run_wrapper",
    "set_run_key_decorator",
    "set_run_key_wrapper",
    "stage_decorator",
    "stage_wrapper",
    "stub_decorator",
    "stub_wrapper",
    "subs_decorator",
    "subs_wrapper",
    "summary_line",
    "suspend_decorator",
    "suspend_wrapper",
]
