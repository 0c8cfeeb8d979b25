"""continue_wrapper: a scan that has ended early goes on behind its last point, in a run of its own.

It gets the documents of what was measured, and knows no store. It does not decide what may be continued.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beamshell.documents.continuation import CONTINUED_AT, CONTINUES, CONTINUES_SCAN, points_in_all
from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans.environment import each_turn_while
from beamshell.plans.preprocessors.mutators import as_plan, send_each
from beamshell.plans.start_metadata import ORIGINS, recordable
from beamshell.plans.unrun_plan_guard import wrapper

_GROUP = "continue"
_OWN = frozenset(
    {
        *("uid", "time", "scan_id", "operator", "versions", "plan_type", "not_recorded", "suspenders_off_until"),
        *("num_points", "num_intervals", CONTINUES, CONTINUES_SCAN, CONTINUED_AT),
    }
)
"""Keys of a start document that say something of that run alone."""
_SAME = ("plan_name", "detectors", "motors", "extents", "shape", "snaking")
"""Keys that say which points a plan measures: a plan that differs here is not the one that was begun."""
_MOVES_AND_PAUSES = frozenset({"set", "wait", "sleep", "null", "stop"})
_OF_A_POINT = _MOVES_AND_PAUSES | {"trigger", "create", "read", "save", "drop", "checkpoint", "pause"}


@wrapper
def continue_wrapper(plan: Any, start: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> Plan:
    """Run `plan` as if its first points had been measured already. Returns what `plan` returned.

    As long as `plan` is at these points, its messages are answered and not sent: it reads what was recorded, and
    nothing moves. Then each device that it has set goes where it was sent last, one after the other, so that the next
    point is reached as it would have been; and the plan goes on.

    Args:
        plan: a new one, made as that of the run that has ended early.
        start: the start document of that run. The new run gets its metadata, so that both are found by them.
        points: the points that were measured, from the first on: of each, by the name of the device, its readings.

    Raises:
        PlanError: `plan` would measure other points, or depends on something that is not recorded; nothing has moved.
    """
    measured = _MeasuredPart(start, points)

    def send(msg: Msg) -> Plan:
        try:
            if msg.command == "kickoff":
                raise measured.refusal("it measures on the fly, and not point by point")
            if measured.ends_before(msg):
                yield from measured.way_to_last_point()
            if measured.answers(msg):
                return measured.answer(msg)
            return (yield (measured.opened(msg) if msg.command == "open_run" else msg))
        except BaseException:
            measured.is_over = True  # what the plan does now is its cleanup
            raise

    return (yield from send_each(_EachTurn(plan, measured), send))


class _EachTurn:
    """A plan whose loops take each of their turns that was measured, also where a simulation leaves some out."""

    def __init__(self, plan: Any, measured: _MeasuredPart) -> None:
        self._plan, self._measured = as_plan(plan), measured
        self.close = self._plan.close

    def send(self, response: Any) -> Msg:
        if self._measured.is_over:
            return self._plan.send(response)
        with each_turn_while(lambda: self._measured.points_left > 0):
            return self._plan.send(response)

    def throw(self, error: BaseException) -> Msg:
        return self._plan.throw(error)


class _MeasuredPart:
    """What a plan does until the last point that was measured: its messages are answered from what was recorded.

    Attributes:
        is_over: the plan is behind that point, or is being ended.
    """

    def __init__(self, start: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> None:
        self.is_over = False
        self._start, self._points = start, points
        self._number = 0  # points that the plan has come through
        self._is_open = False
        self._event: Mapping[str, Any] | None = None  # readings of the open event
        self._is_point = False
        self._last_sets: dict[int, Msg] = {}  # by device, in the order in which they were sent last
        self._groups: set[Any] = set()  # of actions that were not sent
        self._origins = start.get(ORIGINS) or {}

    @property
    def points_left(self) -> int:
        """Points that were measured and that the plan has still to come through."""
        return len(self._points) - self._number

    def refusal(self, reason: str) -> PlanError:
        return PlanError(f"run {self._start.get('scan_id')} cannot be continued: {reason}")

    # ---- where it ends -----------------------------------------------------------------------

    def ends_before(self, msg: Msg) -> bool:
        """True if `msg` is the first of the points that are missing."""
        is_behind = self._is_open and not self.is_over and not self.points_left
        return is_behind and msg.command not in _MOVES_AND_PAUSES

    def way_to_last_point(self) -> Plan:
        """Send each device where the plan had sent it last."""
        self.is_over = True
        yield Msg("checkpoint")
        for msg in self._last_sets.values():
            yield msg._replace(kwargs={**msg.kwargs, "group": _GROUP})
            yield Msg("wait", None, group=_GROUP)

    # ---- answers -----------------------------------------------------------------------------

    def answers(self, msg: Msg) -> bool:
        """True for a message that is answered here, and not sent."""
        if self.is_over:
            return False
        command = msg.command
        if command == "locate":
            return True
        if command == "read":
            return self._event is not None or self._place_of(msg.obj) is not None
        if command == "wait" and msg.kwargs.get("group", next(iter(msg.args), None)) not in self._groups:
            return False  # for something that was sent, such as the staging of a device
        return self._is_open and (command in _OF_A_POINT or command == "close_run")

    def answer(self, msg: Msg) -> Any:
        """What the plan gets for a message that `answers`."""
        match msg.command:
            case "set":
                self._last_sets.pop(id(msg.obj), None)
                self._last_sets[id(msg.obj)] = msg
                self._groups.add(msg.kwargs.get("group"))
            case "trigger":
                self._groups.add(msg.kwargs.get("group"))
            case "wait":
                return True
            case "create":
                self._is_point = (msg.kwargs.get("name") or next(iter(msg.args), "primary")) == "primary"
                self._event = self._points[self._number] if self._is_point else {}
            case "read" if self._event is not None:
                return self._event.get(str(msg.obj.name))
            case "read":
                return {str(msg.obj.name): {"value": self._place_of(msg.obj), "timestamp": self._start["time"]}}
            case "save" | "drop":
                if self._is_point and msg.command == "save":
                    self._number += 1
                self._event = None
            case "locate":
                return self._located(msg)
            case "close_run":
                raise self.refusal(f"its plan has only {self._number} points now, and {len(self._points)} are measured")
        return None

    def _located(self, msg: Msg) -> Any:
        devices = [*([] if msg.obj is None else [msg.obj]), *msg.args]
        places = [self._place_of(device) for device in devices]
        for device, place in zip(devices, places, strict=True):
            if place is None:
                raise self.refusal(f"where {device.name} was when it began is not recorded")
        locations = [{"setpoint": place, "readback": place} for place in places]
        return locations[0] if len(locations) == 1 and msg.kwargs.get("squeeze", True) else locations

    def _place_of(self, device: Any) -> Any:
        """Where a device would be: where the plan has sent it, or where the record says that it was; else None."""
        if (last := self._last_sets.get(id(device))) is not None:
            return last.args[0]
        place = self._origins.get(str(device.name))
        return tuple(place) if isinstance(place, list) else place  # the positions of several axes

    # ---- the new run -------------------------------------------------------------------------

    def opened(self, msg: Msg) -> Msg:
        """The message that opens the run, with the metadata of the run that is continued."""
        if self._is_open:
            raise self.refusal("its plan measures more than one run")
        start, metadata = recordable(self._start), recordable(msg.kwargs)
        for key in _SAME:
            if metadata.get(key) != start.get(key):
                raise self.refusal(f"its plan has other {key} now: {metadata.get(key)}, and not {start.get(key)}")
        total = points_in_all(start)
        if total != metadata.get("num_points"):
            raise self.refusal(f"its plan has {metadata.get('num_points')} points now, and not {total}")
        self._is_open, self.is_over = True, not self._points
        missing = (total or 0) - len(self._points)
        carried = {key: value for key, value in self._start.items() if key not in _OWN}
        return msg._replace(
            kwargs={
                **msg.kwargs,
                **carried,
                "num_points": missing,
                "num_intervals": missing - 1,
                CONTINUES: self._start["uid"],
                CONTINUES_SCAN: self._start.get("scan_id"),
                CONTINUED_AT: len(self._points) + 1,
            }
        )
