"""Runs the tasks of a queue one after the other as a single plan, which pauses and resumes as one.

It knows neither where tasks come from nor how they are stored.
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
        ended: ``f(failure, uids)``, called when it has ended; the failure is None if it succeeded.
    """

    make: Callable[[], Plan | None]
    ended: Callable[[BaseException | None, list[str]], None]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@plan
def work_through(take: Callable[[], Task | None], *, go_on: bool = False) -> Plan:
    """Run tasks until there are no more. Returns how many succeeded.

    A task that fails ends the queue, and so does a stop or an abort.

    Args:
        take: returns the next task; None if there is none.
        go_on: True goes on with the next task after a failure.
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
            yield from collect_uids(inject_md_wrapper(made, task.metadata), uids)
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
