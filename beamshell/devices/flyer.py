"""Flyer: what all devices have in common that acquire by themselves, between `kickoff` and `complete`.

It knows no control system and no engine; when a flight may be prepared, begun, ended and collected is its business.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from beamshell.devices.device import Device
from beamshell.devices.status import DeviceStatus, Status
from beamshell.errors import BeamshellError, DeviceError, NotConnected
from beamshell.protocols import DataKey, Hints

logger = logging.getLogger(__name__)

LANDING_S = 10.0
"""How long a flight that was told to end is waited for."""


@dataclass(frozen=True)
class Points:
    """What a flyer has seen: a column for each key, all as long as `times`."""

    data: Mapping[str, Sequence[Any]]
    times: Sequence[float] = field(default_factory=list)
    """When each point was measured: seconds since 1970-01-01 UTC."""

    def page(self, first: int) -> dict[str, Any]:
        """A partial event page of the points from number `first` on, counted from 0."""
        times = [float(moment) for moment in self.times[first:]]
        return {
            "data": {key: list(column[first:]) for key, column in self.data.items()},
            "timestamps": dict.fromkeys(self.data, times),
            "time": times,
        }


class Flight(DeviceStatus):
    """The status of one flight; it ends when the flyer has landed.

    Attributes:
        told: how the end counts that somebody has asked for: "stop", "pause", "success"; "" while nobody has.
    """

    def __init__(self, flyer: Flyer) -> None:
        self.told = ""
        super().__init__(flyer, action="fly")

    def land(self, failure: BaseException | None = None) -> None:
        """The flight is over, because of `failure` if there is one; nothing if it was over already."""
        if self.told == "stop":
            failure = DeviceError(f"{self.device.name}: its flight was stopped")
        elif self.told:  # what was not seen is left to whoever asked for the end
            failure = None
        self.end(failure)


class Flyer(Device):
    """A device that acquires by itself, and hands over what it saw by the page; also while it flies.

    The order is `prepare`, `kickoff`, `complete`, `collect`; what comes out of turn is refused.

    A subclass says what a path means (`_understand`), how to get ready (`_make_ready`), to take off (`_take_off`) and
    to land (`_cut_short`), what its points are called (`_describe_points`) and which it has seen (`_seen`).
    """

    needs_path: ClassVar[bool] = True
    """Whether a flight has to be prepared each time."""
    lands_on_pause: ClassVar[bool] = False
    """Whether a pause of the engine ends the flight, as it must where something moves. What was seen is kept, and the
    flight counts as well ended, so that a plan that goes on can fly the rest."""

    def __init__(self, prefix: str = "", **kwargs: Any) -> None:
        self._path: Any = None  # of the flight that is prepared, or under way, or over
        self._ready: DeviceStatus | None = None
        self._flight: Flight | None = None
        self._has_taken_off = False  # else what it saw is of the flight before
        self._handed_over = 0
        super().__init__(prefix, **kwargs)

    # ---- what a subclass says ----------------------------------------------------------------

    def _understand(self, path: Mapping[str, Any]) -> Any:
        """What `path` means, checked as far as that is possible without moving; raises BadValue, LimitError."""
        raise NotImplementedError

    def _make_ready(self, ready: DeviceStatus) -> None:
        """Go where the flight begins, and end `ready` there."""
        ready.set_finished()

    def _take_off(self, flight: Flight) -> None:
        """Begin the flight, whose status is told when it has landed."""
        raise NotImplementedError

    def _cut_short(self, flight: Flight) -> None:
        """Land before the end; `flight` is told when that is done."""
        raise NotImplementedError

    def _describe_points(self) -> dict[str, DataKey]:
        """What each key of a point is."""
        raise NotImplementedError

    def _seen(self) -> Points:
        """All points of this flight that are complete by now."""
        raise NotImplementedError

    # ---- a flight ----------------------------------------------------------------------------

    @property
    def flying(self) -> bool:
        """True from the kickoff to the landing."""
        return self._flight is not None and not self._flight.done

    def check_value(self, path: Mapping[str, Any]) -> None:
        """Return if `prepare(path)` would be accepted; nothing moves.

        Raises:
            The same as `prepare`.
        """
        self._understand(path)

    def prepare(self, path: Mapping[str, Any]) -> DeviceStatus:
        """Get ready for a flight; done when it can be kicked off.

        Raises:
            UnknownName: a path has no such setting.
            BadValue: a setting makes no sense.
            LimitError: the flight would go beyond a limit; nothing has moved.
            DeviceError: it flies.
        """
        self._refuse_in_flight("prepared")
        self._path = self._understand(path)
        ready = self._ready = DeviceStatus(self, action="prepare")
        try:
            self._make_ready(ready)
        except BaseException as exc:
            ready.end(exc)
            raise
        return ready

    def kickoff(self) -> DeviceStatus:
        """Take off; done when it flies.

        Raises:
            DeviceError: it flies already, or was not prepared.
        """
        self._refuse_in_flight("kicked off")
        ready, self._ready = self._ready, None
        flight = self._flight = Flight(self)  # from here on there is something to collect, be it nothing
        self._has_taken_off, self._handed_over = False, 0
        try:
            self._refuse_unprepared(ready)
            self._take_off(flight)
            self._has_taken_off = True
        except BaseException as exc:
            flight.land(exc)
            raise
        return self._done("kickoff")

    def _refuse_unprepared(self, ready: DeviceStatus | None) -> None:
        if not self.needs_path:
            return
        if ready is None:
            raise DeviceError(
                f"{self.name}: it was not prepared for a flight: {self.name}.prepare({{...}}) comes first"
            )
        if not ready.success:
            state = f"failed: {ready.exception()}" if ready.done else "is under way; wait for it"
            raise DeviceError(f"{self.name}: its preparation {state}")

    def complete(self) -> DeviceStatus:
        """The flight: done when it has landed and all its points are there.

        Raises:
            DeviceError: it was not kicked off.
        """
        if self._flight is None:
            raise DeviceError(f"{self.name}: it has not flown; kick it off first: {self.name}.kickoff()")
        return self._flight

    def stop(self, success: bool = False) -> None:
        """Land now; an unfinished flight then has failed, or succeeded if `success`. What it saw can be collected."""
        self._tell("success" if success else "stop")

    def pause(self) -> None:
        """The engine pauses: land, if `lands_on_pause`; a flight cannot be held up half-way.

        If the plan is paused, and not ended, though the flight has failed, then what took the beam took the flight: it
        counts as one that was cut short.
        """
        if not self.lands_on_pause:
            return
        try:
            self._tell("pause")
        except NotConnected as exc:  # then the flight ends without being told
            logger.warning("%s: it could not be told to land: %s", self.name, exc)
        if self._flight is not None and self._flight.done and not self._flight.success:
            self._flight = Flight(self)
            self._flight.land()

    def resume(self) -> None:
        """The engine goes on: nothing, the plan decides whether to fly the rest."""

    def _tell(self, how: str) -> None:
        flight = self._flight
        if flight is not None and not flight.done:
            flight.told = flight.told or how
            self._cut_short(flight)
        elif self._ready is not None and not self._ready.done:
            self._ready.end(DeviceError(f"{self.name}: it was stopped while it got ready"))
            self._cut_preparation_short()

    def _cut_preparation_short(self) -> None:
        """Stop what gets it ready."""

    def unstage(self) -> list[Any]:
        """Land, if it flies, and put back what staging changed; all that was unstaged."""
        if self.flying:
            self.stop()
            self._wait_for_landing()
        return super().unstage()

    def _wait_for_landing(self) -> None:
        if self._flight is not None:
            with contextlib.suppress(BeamshellError):  # how it ended is told to those who wait for the flight
                self._flight.wait(LANDING_S)

    def _refuse_in_flight(self, action: str) -> None:
        if self._flight is not None and self._flight.told:
            self._wait_for_landing()
        if self.flying:
            raise DeviceError(f"{self.name}: it flies, and cannot be {action}; wait for it, or {self.name}.stop()")

    def _done(self, action: str) -> DeviceStatus:
        status = DeviceStatus(self, action=action)
        status.set_finished()
        return status

    # ---- what it saw -------------------------------------------------------------------------

    @property
    def hints(self) -> Hints:
        """What to show first: all that it records."""
        return {"fields": list(self._describe_points())}

    def describe_collect(self) -> dict[str, dict[str, DataKey]]:
        """What `collect` hands over: one stream, which has the flyer's name unless the plan gives it another."""
        return {self.name: self._describe_points()}

    def collect_pages(self) -> Iterator[dict[str, Any]]:
        """The points that it has seen and not handed over yet, as a partial event page; none if there are none.

        One that is landing because it was told to is waited for, so that nothing it saw is lost.

        Raises:
            DeviceError: it has never flown.
        """
        flight = self._flight
        if flight is None:
            raise DeviceError(f"{self.name}: it has not flown, so there is nothing to collect")
        if flight.told and not flight.done:
            self._wait_for_landing()
        seen = self._seen() if self._has_taken_off else Points({})
        first, self._handed_over = self._handed_over, max(self._handed_over, len(seen.times))
        if len(seen.times) > first:
            yield seen.page(first)

    def collect(self) -> Iterator[dict[str, Any]]:
        """The same as `collect_pages`, one partial event after the other."""
        for page in self.collect_pages():
            for row, moment in enumerate(page["time"]):
                data = {key: column[row] for key, column in page["data"].items()}
                yield {"data": data, "timestamps": dict.fromkeys(data, moment), "time": moment}


def end_with(status: DeviceStatus, parts: list[Status]) -> None:
    """End a status when all of `parts` have ended, or one of them badly."""

    def on_part(part: Status) -> None:
        if part.exception() is not None:
            status.end(part.exception())
        elif all(each.done and each.success for each in parts):
            status.end()

    for part in parts:
        part.add_callback(on_part)


def latest(signal: Any) -> float:
    """The value as its monitor told it last, without asking; asked for if it has told nothing."""
    told = signal.latest if signal.connected else None
    return float(signal.get() if told is None else told["value"])
