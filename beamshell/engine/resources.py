"""What a call must put back: open runs, actions under way, moved and staged devices, subscriptions of the call.

Plain records. It calls no device and knows nothing of plans or of the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from beamshell.engine.bundler import RunBundler
from beamshell.errors import FailedStatus, PlanError

GROUP_PRUNE_SIZE = 64
"""Tasks in one group from which on those that ended well are forgotten: nobody may ever wait for the group."""


def name_of(obj: Any) -> str:
    """What a person calls `obj`."""
    return str(getattr(obj, "name", None) or type(obj).__name__)


def method_of(obj: Any, name: str) -> Callable[..., Any]:
    """The method of a device that a message asks for.

    Raises:
        PlanError: the device has none.
    """
    method: Callable[..., Any] | None = getattr(obj, name, None)
    if method is None:
        raise PlanError(f"{name_of(obj)} cannot {name}: a {type(obj).__name__} has no such method")
    return method


class Task:
    """An action under way: the message that began it and the status that ends it.

    Attributes:
        superseded: a rewind begins the action anew, so the end of this one no longer matters.
        failure_suppressed: it began before a failure that was thrown into the plan; its own is only reported.
        raised: its failure was thrown into the plan.
        stopped_by_engine: the engine stopped the device before it arrived.
    """

    __slots__ = ("failure_suppressed", "group", "msg", "raised", "status", "stopped_by_engine", "superseded")

    def __init__(self, msg: Any, status: Any, group: Any) -> None:
        self.msg = msg
        self.status = status
        self.group = group
        self.superseded = False
        self.failure_suppressed = False
        self.raised = False
        self.stopped_by_engine = False

    @property
    def failed(self) -> bool:
        """True once it has ended badly."""
        return bool(self.status.done and not self.status.success)

    def describe(self) -> str:
        """Such as "th: set to 5"."""
        words = " ".join(str(arg) for arg in self.msg.args)
        to = f" to {words}" if self.msg.command == "set" and words else ""
        return f"{name_of(self.msg.obj)}: {self.msg.command}{to}"

    def raise_failure(self) -> None:
        """Tell the plan.

        Raises:
            FailedStatus: names device, action and cause; its `status` is the one that failed.
        """
        self.raised = True
        cause = self.status.exception(0)
        error = FailedStatus(f"{self.describe()} failed: {cause if str(cause) else type(cause).__name__}")
        error.status = self.status
        raise error from cause


class Resources:
    """Everything that outlives the message which began it.

    Devices are kept by id(), since a device need not be hashable.

    Attributes:
        runs: the open runs by key; each holds its monitors and its flyers.
        groups: the tasks of each group that nobody has waited for yet.
        waited: groups waited for since the checkpoint; a rewind may wait for them again.
        moved: devices that a `set` has moved.
        stopped: ids of devices that the engine stopped; that their moves failed is no news.
        seen: devices that a message was about.
        pausable: those of them that want to know of a pause.
        staged: staged devices, the newest last.
        tokens: subscriptions of this call.
        prefetched: by id of the device, the function that collects a reading which was asked for ahead.
    """

    __slots__ = (
        "groups",
        "moved",
        "pausable",
        "prefetched",
        "runs",
        "seen",
        "staged",
        "stopped",
        "tokens",
        "waited",
    )

    def __init__(self) -> None:
        self.runs: dict[Any, RunBundler] = {}
        self.groups: dict[Any, list[Task]] = {}
        self.waited: set[Any] = set()
        self.moved: dict[int, Any] = {}
        self.stopped: set[int] = set()
        self.seen: dict[int, Any] = {}
        self.pausable: dict[int, Any] = {}
        self.staged: list[Any] = []
        self.tokens: list[int] = []
        self.prefetched: dict[int, Callable[[], Any]] = {}

    @property
    def tasks(self) -> Iterator[Task]:
        """The tasks of all groups."""
        return (task for tasks in self.groups.values() for task in tasks)

    def see(self, obj: Any) -> None:
        """Remember a device that may have to know of a pause."""
        self.seen[id(obj)] = obj
        if hasattr(obj, "pause"):
            self.pausable[id(obj)] = obj

    def add_task(self, msg: Any, status: Any, group: Any) -> Task | None:
        """Put an action into its group; None if it has ended well already, so there is no end to hear of."""
        tasks = self.groups.get(group)
        if tasks is None:
            tasks = self.groups[group] = []
        if status is None or (status.done and status.success):
            return None
        if len(tasks) >= GROUP_PRUNE_SIZE:
            tasks[:] = [task for task in tasks if not (task.status.done and task.status.success)]
        task = Task(msg, status, group)
        tasks.append(task)
        return task

    def unstaged(self, obj: Any) -> None:
        """A device is staged no more."""
        self.staged[:] = [other for other in self.staged if other is not obj]
