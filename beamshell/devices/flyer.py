"""Flyer: the base of all devices that acquire by themselves between `kickoff` and `complete`.

It keeps the order in which a flight is prepared, started, ended and collected. It knows no control system, no engine.
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

ENDS_WITHIN_S = 10.0
"""Seconds to wait for a flight that was asked to end."""


@dataclass(frozen=True)
class Points:
    """The points of a flyer: a column for each key, all as long as `times`."""

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
    """The status of one flight; done when nothing moves or counts any more.

    Attributes:
        ended_by: who has asked for its end: "stop", "pause", "success"; "" while nobody has.
    """

    def __init__(self, flyer: Flyer) -> None:
        self.ended_by = ""
        super().__init__(flyer, action="fly")

    def finish(self, failure: BaseException | None = None) -> None:
        """End the flight, because of `failure` if there is one; do nothing if it has ended."""
        if self.ended_by == "stop":
            failure = DeviceError(f"{self.device.name}: its flight was stopped")
        elif self.ended_by:  # points that are missing are the business of whoever asked for the end
            failure = None
        self.end(failure)


class Flyer(Device):
    """A device that acquires by itself, and hands over its points in pages, also while it flies.

    The order is `prepare`, `kickoff`, `complete`, `collect`; anything else is refused.

    A subclass reads a path (`parse_path`), gets ready (`make_ready`), starts (`start_flight`), ends early
    (`end_flight`), describes its points (`describe_points`) and returns them (`points_so_far`).
    """

    HIDDEN: ClassVar[tuple[str, ...]] = (
        *("describe_points", "end_flight", "make_ready", "parse_path", "points_so_far"),
        *("start_flight", "stop_preparation"),
    )
    needs_path: ClassVar[bool] = True
    """Whether a flight has to be prepared each time."""
    ends_on_pause: ClassVar[bool] = False
    """Whether a pause of the engine ends the flight, as it must where something moves.

    Its points are kept and the flight counts as a success, so that a plan that goes on can fly the rest."""

    def __init__(self, prefix: str = "", **kwargs: Any) -> None:
        self._path: Any = None  # of the flight that is prepared, or under way, or over
        self._preparation: DeviceStatus | None = None
        self._flight: Flight | None = None
        self._has_started = False  # else its points are those of the flight before
        self._handed_over = 0
        super().__init__(prefix, **kwargs)

    # ---- what a subclass says ----------------------------------------------------------------

    def parse_path(self, path: Mapping[str, Any]) -> Any:
        """The settings of a path, checked as far as possible without moving; raises BadValue, LimitError."""
        raise NotImplementedError

    def make_ready(self, ready: DeviceStatus) -> None:
        """Go to the beginning of the flight, then end `ready`."""
        ready.set_finished()

    def start_flight(self, flight: Flight) -> None:
        """Start the flight; call `flight.finish()` when it is over."""
        raise NotImplementedError

    def end_flight(self, flight: Flight) -> None:
        """End the flight early; call `flight.finish()` when that is done."""
        raise NotImplementedError

    def describe_points(self) -> dict[str, DataKey]:
        """The data key of each key of a point."""
        raise NotImplementedError

    def points_so_far(self) -> Points:
        """All points of this flight that are complete now."""
        raise NotImplementedError

    # ---- a flight ----------------------------------------------------------------------------

    @property
    def flying(self) -> bool:
        """True from the kickoff until the flight is over."""
        return self._flight is not None and not self._flight.done

    def check_value(self, path: Mapping[str, Any]) -> None:
        """Return if `prepare(path)` would be accepted; nothing moves.

        Raises:
            The same as `prepare`.
        """
        self.parse_path(path)

    def prepare(self, path: Mapping[str, Any]) -> DeviceStatus:
        """Get ready for a flight; done when it can be kicked off.

        Raises:
            UnknownName: a path has no such setting.
            BadValue: a setting makes no sense.
            LimitError: the flight would go beyond a limit; nothing has moved.
            DeviceError: it flies.
        """
        self._refuse_while_flying("prepared")
        self._path = self.parse_path(path)
        ready = self._preparation = DeviceStatus(self, action="prepare")
        try:
            self.make_ready(ready)
        except BaseException as exc:
            ready.end(exc)
            raise
        return ready

    def kickoff(self) -> DeviceStatus:
        """Start the flight; done when it flies.

        Raises:
            DeviceError: it flies already, or was not prepared.
        """
        self._refuse_while_flying("kicked off")
        ready, self._preparation = self._preparation, None
        flight = self._flight = Flight(self)  # from here on `collect` is allowed, though there may be no points
        self._has_started, self._handed_over = False, 0
        try:
            self._refuse_unprepared(ready)
            self.start_flight(flight)
            self._has_started = True
        except BaseException as exc:
            flight.finish(exc)
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
        """The flight: done when it is over and all its points are there.

        Raises:
            DeviceError: it was not kicked off.
        """
        if self._flight is None:
            raise DeviceError(f"{self.name}: it has not flown; kick it off first: {self.name}.kickoff()")
        return self._flight

    def stop(self, success: bool = False) -> None:
        """End the flight now: it has failed, or succeeded if `success`. Its points can be collected."""
        self._end_as("success" if success else "stop")

    def pause(self) -> None:
        """End the flight as the engine pauses, if `ends_on_pause`; a flight cannot be interrupted and continued.

        A flight that has failed before a pause counts as one that was ended early: the same cause, such as a lost beam,
        has stopped both.
        """
        if not self.ends_on_pause:
            return
        try:
            self._end_as("pause")
        except NotConnected as exc:  # then the flight ends by itself
            logger.warning("%s: the flight could not be ended: %s", self.name, exc)
        if self._flight is not None and self._flight.done and not self._flight.success:
            self._flight = Flight(self)
            self._flight.finish()

    def resume(self) -> None:
        """Do nothing: the plan decides whether to fly the rest."""

    def _end_as(self, reason: str) -> None:
        flight = self._flight
        if flight is not None and not flight.done:
            flight.ended_by = flight.ended_by or reason
            self.end_flight(flight)
        elif self._preparation is not None and not self._preparation.done:
            self._preparation.end(DeviceError(f"{self.name}: it was stopped while it got ready"))
            self.stop_preparation()

    def stop_preparation(self) -> None:
        """Stop what `make_ready` has started."""

    def unstage(self) -> list[Any]:
        """End the flight, if there is one, and undo the changes of staging; the unstaged devices."""
        if self.flying:
            self.stop()
            self._wait_for_end()
        return super().unstage()

    def _wait_for_end(self) -> None:
        if self._flight is not None:
            with contextlib.suppress(BeamshellError):  # how it ended is raised where the flight is waited for
                self._flight.wait(ENDS_WITHIN_S)

    def _refuse_while_flying(self, action: str) -> None:
        if self._flight is not None and self._flight.ended_by:
            self._wait_for_end()
        if self.flying:
            raise DeviceError(f"{self.name}: it flies, and cannot be {action}; wait for it, or {self.name}.stop()")

    def _done(self, action: str) -> DeviceStatus:
        status = DeviceStatus(self, action=action)
        status.set_finished()
        return status

    # ---- its points --------------------------------------------------------------------------

    @property
    def hints(self) -> Hints:
        """The fields to show first: all that it records."""
        return {"fields": list(self.describe_points())}

    def describe_collect(self) -> dict[str, DataKey]:
        """The data keys of `collect`, all of one stream, which the plan names."""
        return self.describe_points()

    def collect_pages(self) -> Iterator[dict[str, Any]]:
        """The points that were not handed over yet, as a partial event page; nothing if there are none.

        A flight that was asked to end is waited for, so that none of its points is lost.

        Raises:
            DeviceError: it has never flown.
        """
        flight = self._flight
        if flight is None:
            raise DeviceError(f"{self.name}: it has not flown, so there is nothing to collect")
        if flight.ended_by and not flight.done:
            self._wait_for_end()
        points = self.points_so_far() if self._has_started else Points({})
        first, self._handed_over = self._handed_over, max(self._handed_over, len(points.times))
        if len(points.times) > first:
            yield points.page(first)


def end_with(status: DeviceStatus, parts: list[Status]) -> None:
    """End a status when all of `parts` have ended, or one of them badly."""

    def on_part(part: Status) -> None:
        if part.exception() is not None:
            status.end(part.exception())
        elif all(each.done and each.success for each in parts):
            status.end()

    for part in parts:
        part.add_callback(on_part)
