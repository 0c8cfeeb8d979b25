"""Resources: what the engine must put back after a call: open runs, actions, moved and staged devices, subscriptions.

Plain records. It calls no device and knows nothing of plans or of the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from beamshell.engine.bundler import RunBundler
from beamshell.errors import FailedStatus, PlanError, TransitionError

GROUP_PRUNE_SIZE = 64
"""Number of tasks in a group from which on the successful ones are dropped: a group may never be waited for."""

END_IT_FIRST = "type resume, stop, abort or halt first"
"""What to do if something cannot be done beside a paused plan."""


def name_of(obj: Any) -> str:
    """The name of a device or other object, for messages."""
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
        """Raise the failure, for the plan.

        Raises:
            FailedStatus: names device, action and cause; its `status` is the one that failed.
        """
        self.raised = True
        cause = self.status.exception(0)
        error = FailedStatus(f"{self.describe()} failed: {cause if str(cause) else type(cause).__name__}")
        error.status, error.device = self.status, self.msg.obj
        raise error from cause


class Resources:
    """Everything that outlives the message which began it.

    Devices are kept by id(), since a device need not be hashable.

    Attributes:
        runs: the open runs by key; each holds its monitors and its flyers.
        groups: the tasks of each group that nobody has waited for yet.
        was_paused: the call has been paused before; a person may have changed the limits meanwhile.
        waited: groups waited for since the checkpoint; a rewind may wait for them again.
        moved: by id of the device, the last `set` of each device that was moved.
        pauses: how often the call was paused.
        is_putting_back: before the plan goes on, what has moved in a pause is being put back.
        places: at a pause: by id, where those devices stand that were moved and are not set again by the rewind.
        settings: at a pause: the devices of the plan with their settings.
        surroundings: at a pause: by name, the devices of the beamline and where they stood.
        holds_point: at a pause: a point has been counted, and is read when the plan goes on, without a rewind.
        stopped: ids of devices that the engine stopped; the failures of their moves are not reported.
        devices: by id, the devices of all messages so far.
        pausable: those of them that have a method `pause`.
        staged: staged devices, the newest last.
        tokens: subscriptions of this call.
        triggered: by id, the devices that were triggered and not read since: they are read together.
        prefetched: by id of the device, the function that collects a reading which was requested ahead.
        watched: of the devices that notice when somebody else moves them: the functions that end this.
        displaced: by id, what was noticed of devices that somebody else has moved, until the plan sends them again.
    """

    __slots__ = (
        "devices",
        "displaced",
        "groups",
        "holds_point",
        "is_putting_back",
        "moved",
        "pausable",
        "pauses",
        "places",
        "prefetched",
        "runs",
        "settings",
        "staged",
        "stopped",
        "surroundings",
        "tokens",
        "triggered",
        "waited",
        "was_paused",
        "watched",
    )

    def __init__(self) -> None:
        self.runs: dict[Any, RunBundler] = {}
        self.groups: dict[Any, list[Task]] = {}
        self.waited: set[Any] = set()
        self.moved: dict[int, Any] = {}
        self.pauses = 0
        self.is_putting_back = False
        self.places: dict[int, Any] = {}
        self.settings: list[tuple[Any, dict[str, Any]]] = []
        self.surroundings: Mapping[str, tuple[Any, Any]] = {}
        self.stopped: set[int] = set()
        self.devices: dict[int, Any] = {}
        self.pausable: dict[int, Any] = {}
        self.staged: list[Any] = []
        self.tokens: list[int] = []
        self.was_paused = False
        self.holds_point = False
        self.triggered: dict[int, Any] = {}
        self.prefetched: dict[int, Callable[[], Any]] = {}
        self.watched: list[Callable[[], None]] = []
        self.displaced: dict[int, Any] = {}

    @property
    def tasks(self) -> Iterator[Task]:
        """The tasks of all groups."""
        return (task for tasks in self.groups.values() for task in tasks)

    def add_device(self, obj: Any) -> None:
        """Note a device that a message names; one with a method `pause` is told of pauses."""
        self.devices[id(obj)] = obj
        if hasattr(obj, "pause"):
            self.pausable[id(obj)] = obj

    def moves(self) -> list[Any]:
        """The last `set` message of each device that was moved."""
        return list(self.moved.values())

    def add_task(self, msg: Any, status: Any, group: Any, *, keep: bool = False) -> Task | None:
        """Put an action into its group; None if it has ended well already, unless such ones are kept."""
        tasks = self.groups.get(group)
        if tasks is None:
            tasks = self.groups[group] = []
        if status is None or (status.done and status.success and not keep):
            return None
        if len(tasks) >= GROUP_PRUNE_SIZE:
            tasks[:] = [task for task in tasks if not (task.status.done and task.status.success)]
        task = Task(msg, status, group)
        tasks.append(task)
        return task

    # ---- while its plan is paused, and another one runs beside it ----------------------------------

    def refuse_measurement(self) -> None:
        """Refuse to measure beside the paused plan, if that has a point or a flight that it cannot measure again.

        Raises:
            TransitionError: it has; the message says what to type.
        """
        for obj in self.staged:
            if hasattr(obj, "kickoff"):
                raise TransitionError(f"{name_of(obj)} flies for the paused plan: {END_IT_FIRST}")
        if self.holds_point:
            raise TransitionError(f"the paused plan is within a point that it cannot measure again: {END_IT_FIRST}")

    def refuse_count_of(self, obj: Any) -> None:
        """Refuse to trigger a detector whose pictures would get into the file of the paused run.

        Raises:
            TransitionError: it is staged by the paused plan, and writes files; or nothing can be measured now.
        """
        if self.is_staged(obj) and hasattr(obj, "collect_asset_docs"):
            raise TransitionError(
                f"{name_of(obj)} writes the file of the paused run, and a count now would put its picture there: "
                f"{END_IT_FIRST}"
            )
        if self.holds_point:
            self.refuse_measurement()

    def is_staged(self, obj: Any) -> bool:
        """True if the plan has staged this device."""
        return any(other is obj for other in self.staged)

    def unstaged(self, obj: Any) -> None:
        """Note that a device is staged no more."""
        self.staged[:] = [other for other in self.staged if other is not obj]
