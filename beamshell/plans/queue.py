"""work_through: a plan that runs the tasks of a queue one after the other, and pauses and resumes as a single plan.

It knows no storage: tasks come from a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beamshell.errors import FailedPause, RequestAbort, RequestStop
from beamshell.messages import Msg, Plan
from beamshell.plans.loops import collect_uids
from beamshell.plans.preprocessors import inject_md_wrapper
from beamshell.plans.unrun_plan_guard import plan


@dataclass
class Task:
    """One task of a queue.

    Attributes:
        make: called when its turn has come; returns its plan, or None if there is nothing left to run.
        metadata: added to each of its runs.
        record_end: ``f(failure, uids)``, called when it has ended; the failure is None if it succeeded.
        go_on: whether the next task is run although this one has failed.
    """

    make: Callable[[], Plan | None]
    record_end: Callable[[BaseException | None, list[str]], None]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    go_on: bool = False


@plan
def work_through(take: Callable[[], Task | None]) -> Plan:
    """Run tasks until there are no more. Returns the number of those that succeeded.

    A task that fails ends the queue, unless it says otherwise; a stop and an abort always do.

    Args:
        take: returns the next task; None if there is none.
    """
    done = 0
    while (task := take()) is not None:
        yield Msg("checkpoint")
        done += yield from _run(task)
    return done


def _run(task: Task) -> Plan:
    uids: list[str] = []
    try:
        if (task_plan := task.make()) is not None:
            yield from collect_uids(inject_md_wrapper(task_plan, task.metadata), uids)
    except (RequestStop, RequestAbort, FailedPause, GeneratorExit) as exc:
        task.record_end(exc, uids)
        raise
    except Exception as exc:
        task.record_end(exc, uids)
        if not task.go_on:
            raise
        return 0
    task.record_end(None, uids)
    return 1
