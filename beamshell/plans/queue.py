"""Working through a queue: one task after the other as a single plan, so that it pauses and resumes as one.

It knows neither where tasks come from nor how they are written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beamshell.errors import FailedPause, RequestAbort, RequestStop
from beamshell.messages import Msg, Plan
from beamshell.plans.loops import noting_runs
from beamshell.plans.preprocessors import inject_md_wrapper
from beamshell.plans.unrun_plan_guard import plan


@dataclass
class Task:
    """One thing to do.

    Attributes:
        make: makes its plan when its turn has come; None if that was all there was to do.
        metadata: of each of its runs.
        ended: ``f(failure, uids)``, called when it has ended; the failure is None if it was done.
    """

    make: Callable[[], Plan | None]
    ended: Callable[[BaseException | None, list[str]], None]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@plan
def work_through(take: Callable[[], Task | None], *, go_on: bool = False) -> Plan:
    """Run one task after the other until there are no more; how many were done.

    A task that fails ends it, as does whoever stops or aborts it.

    Args:
        take: the next task; None if there is none.
        go_on: go on with the next task after a failure.
    """
    done = 0
    while (task := take()) is not None:
        yield Msg("checkpoint")
        done += yield from _run(task, go_on)
    return done


def _run(task: Task, go_on: bool) -> Plan:
    uids: list[str] = []
    try:
        if (made := task.make()) is not None:
            yield from noting_runs(inject_md_wrapper(made, task.metadata), uids)
    except (RequestStop, RequestAbort, FailedPause, GeneratorExit) as exc:
        task.ended(exc, uids)
        raise
    except Exception as exc:
        task.ended(exc, uids)
        if not go_on:
            raise
        return 0
    task.ended(None, uids)
    return 1
