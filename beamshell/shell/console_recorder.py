"""ConsoleRecorder: writes into the console log what is typed and how it ends, and what the engine does and moves.

It never holds the engine up for a device: see logged_places.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from beamshell._version import __version__
from beamshell.documents import Document
from beamshell.errors import Declined, RunEngineInterrupted
from beamshell.plans.computed_axes import separated
from beamshell.plans.stubs.moving import HomeSearch
from beamshell.protocols import ForeignMotion
from beamshell.shell.device_parts import axes
from beamshell.shell.logged_places import PlaceLater, begin_place, place_after, place_before
from beamshell.shell.messages_shown import one_line
from beamshell.shell.plan_form import as_word
from beamshell.shell.positions import recent_offset
from beamshell.shell.profile import login_name
from beamshell.store.processes import this_process

if TYPE_CHECKING:
    from beamshell.store import ConsoleLog


def console_id() -> str:
    """The id of this console: host, process and the millisecond of its start."""
    return f"{socket.gethostname()}:{os.getpid()}:{int(1000 * time.time())}"


class ConsoleRecorder:
    """Writes the entries of one console.

    Args:
        log: the console log of the data folder.
        devices: gives the devices by the names that they have at the prompt.
        operator: gives the name of who works here.
    """

    def __init__(self, log: ConsoleLog, devices: Callable[[], Mapping[str, Any]], operator: Callable[[], str]) -> None:
        self.log = log
        self._devices = devices
        self._operator = operator
        self._cell = 0
        self._typed_at = 0.0
        self._is_closed = False
        self._calls: list[_Call] = []  # the call that runs is the last; those before it are paused

    # ---- the console -------------------------------------------------------------------------------

    def opened(self, *, simulated: bool) -> None:
        """The console has opened its data folder."""
        self.log.add(
            "opened",
            operator=self._operator(),
            user=login_name(),
            **this_process(),
            version=__version__,
            simulated=simulated,
        )

    def closed(self) -> None:
        """The console ends; harmless the second time."""
        if not self._is_closed:
            self._is_closed = True
            self.log.add("closed")
        self.log.close()

    def typed(self, info: Any) -> None:
        """A cell is about to run.

        Args:
            info: IPython's ExecutionInfo.
        """
        self._cell += 1
        self._typed_at = time.monotonic()
        self.log.add("typed", cell=self._cell, line=str(info.raw_cell).rstrip())

    def answered(self, result: Any) -> None:
        """A cell has ended.

        Args:
            result: IPython's ExecutionResult.
        """
        failure = result.error_before_exec or result.error_in_exec
        seconds = round(time.monotonic() - self._typed_at, 3)
        message = {} if failure is None else {"message": one_line(failure)}
        self.log.add("answered", cell=self._cell, outcome=_outcome_of(failure), **message, seconds=seconds)

    def step(self, line: str, note: str, place: str) -> None:
        """A command begins in a call that runs several; what moves from now on is moved by it.

        Args:
            line: the command.
            note: its number in the queue, the file or the loop.
            place: of its line, such as "night.txt:4"; "" if it is in no file.
        """
        self.log.add("step", line=line, note=note, place=place)
        if self._calls:
            self._calls[-1].command, self._calls[-1].scan = line, None

    # ---- the engine --------------------------------------------------------------------------------

    def document(self, name: str, doc: Document) -> None:
        """A subscriber of documents: the moves of a call are those of its scan."""
        if name == "start" and self._calls:
            call = self._calls[-1]
            call.scan = doc.get("scan_id")
            call.scans.append(call.scan)
            call.command = call.command or str(doc.get("command") or "")  # as of a scan that is continued
            self.log.add("run", scan=doc.get("scan_id"), uid=doc["uid"])

    def engine(self, kind: str, facts: Mapping[str, Any]) -> None:
        """The engine's `log_hook`.

        Args:
            kind: "plan", "moving", "foreign", "paused", "resumed", "ended", "suspended" or "released".
            facts: see RunEngine.log_hook.
        """
        if kind == "plan":
            self._calls.append(_Call(facts["command"]))
            self.log.add("plan", **facts)
        elif kind == "moving":
            for device, target in _axis_by_axis(facts["device"], facts["target"]):
                self._moving(device, target)
        elif kind == "foreign":
            self._foreign(facts["motion"], facts["points"])
        elif kind in ("paused", "ended"):
            self._moved(
                target for msg in facts["moved"] for target in _axis_by_axis(msg.obj, msg.args[0] if msg.args else None)
            )
            scans = self._calls[-1].scans if self._calls else []
            self.log.add(kind, **{key: value for key, value in facts.items() if key != "moved"}, scans=scans)
            if kind == "ended" and self._calls:
                self._calls.pop()
        else:
            self.log.add(kind, **facts)

    def _foreign(self, motion: ForeignMotion, points: list[int]) -> None:
        """Somebody else has moved a device of the plan."""
        motors = (axes(name, device).items() for name, device in self._devices().items())
        names = {motor.name: typed for its_axes in motors for typed, motor in its_axes}
        circumstances = self._calls[-1].circumstances() if self._calls else {}
        self.log.add(
            "foreign",
            device=names.get(motion.device, motion.device),
            what=motion.words,
            points=points,
            **circumstances,
        )

    def _moving(self, obj: Any, target: Any) -> None:
        device = _motor_of(obj)
        if not self._calls or (device_name := self._name_of(device)) is None:
            return
        call = self._calls[-1]
        origin, unit = place_before(device)
        call.origins[id(obj)] = begin_place(device) if origin is None else partial(_same, origin)
        if origin is None:
            call.without_origin.add(id(obj))
        cause = call.causes[id(obj)] = call.circumstances()
        self.log.add(
            "moving",
            device=device_name,
            origin=origin,
            target=target,
            unit=unit,
            **_scale(device),
            **cause,
        )

    def _moved(self, targets: Iterable[tuple[Any, Any]]) -> None:
        """Note where the devices of a call are that have moved since the last note.

        Args:
            targets: (device, position), the last one of each that was sent.
        """
        if not self._calls:
            return
        call = self._calls[-1]
        for obj, target in targets:
            device = _motor_of(obj)
            if id(obj) not in call.origins or (device_name := self._name_of(device)) is None:
                continue
            origin, (place, unit) = call.origins[id(obj)](), place_after(device)
            call.origins[id(obj)] = partial(_same, place)
            needs_origin = id(obj) in call.without_origin
            call.without_origin.discard(id(obj))
            if place is not None and place == origin and not needs_origin:
                continue
            self.log.add(
                "moved",
                device=device_name,
                origin=origin,
                place=place,
                target=target,
                unit=unit,
                **_scale(device),
                **call.causes[id(obj)],
            )

    def _name_of(self, device: Any) -> str | None:
        """The name that one types; None for a setting of a device, such as a count time, which is no move."""
        if getattr(device, "parent", None) is not None and not hasattr(type(device), "position"):
            return None
        return as_word(device, self._devices())


class _Call:
    """A call of the engine that has not ended.

    Attributes:
        scans: the numbers of its runs so far.
        scan: the number of the last run of the present command; None before it.
        origins: by id of the device, gives the place where it was before it was moved.
        without_origin: ids of the devices whose origin is in no entry yet, as it comes with an answer.
        command: that runs; of several the present one.
        causes: by id of the device, the command that has moved it, and its scan.
    """

    def __init__(self, command: str) -> None:
        self.scans: list[Any] = []
        self.scan: Any = None
        self.origins: dict[int, PlaceLater] = {}
        self.without_origin: set[int] = set()
        self.command = command
        self.causes: dict[int, dict[str, Any]] = {}

    def circumstances(self) -> dict[str, Any]:
        """The command, and the scan if there is one."""
        return {"command": self.command, **({} if self.scan is None else {"scan": self.scan})}


def _axis_by_axis(obj: Any, target: Any) -> list[tuple[Any, Any]]:
    """The target, or those of the axes that were sent together."""
    return separated(obj, target) or [(obj, target)]


def _motor_of(obj: Any) -> Any:
    """The device that a message sets; of a search for home its motor."""
    return obj.motor if isinstance(obj, HomeSearch) else obj


def _outcome_of(failure: BaseException | None) -> str:
    if failure is None:
        return "ok"
    if isinstance(failure, RunEngineInterrupted):
        return "paused" if failure.paused else "interrupted"
    if isinstance(failure, Declined):
        return "declined"
    return "interrupted" if isinstance(failure, KeyboardInterrupt) else "error"


def _same(place: Any) -> Any:
    return place


def _scale(device: Any) -> dict[str, float]:
    """The offset of the positions, if the device has one that is known."""
    offset = recent_offset(device)
    return {} if offset is None else {"offset": offset}
