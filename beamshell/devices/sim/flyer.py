"""A simulated flyer: it passes a peak by itself, and hands over what it saw.

It knows no control system and no engine; a thread is at work only if its points take longer than 0 s.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from beamshell.devices._timers import Timer, call_later
from beamshell.devices.device import Device
from beamshell.devices.nearest import unknown
from beamshell.devices.status import DeviceStatus
from beamshell.devices.updates import completions
from beamshell.errors import BadValue, DeviceError, InvalidState
from beamshell.protocols import DataKey


class SynFlyer(Device):
    """A device that acquires by itself between `kickoff` and `complete`: a Gaussian peak, seen from start to stop.

    Handed over are `<name>_position` and `<name>_counts`, in one stream called after the flyer; also while it flies.

    Args:
        prefix: unused; there for device files.
        name: its name.
        start: where the flight begins.
        stop: where it ends.
        num: how many points it has.
        exp: seconds that each takes.
        center: where the peak is.
        sigma: its standard deviation.
        peak: counts at its top; what is counted has the statistics of Poisson.
        seed: makes the same counts again; None is different each time.
        kwargs: those of Device.

    Example:
        >>> flyer = SynFlyer(name="flyer", start=-2, stop=2, num=5)
        >>> flyer.kickoff().wait()
        >>> flyer.complete().wait()
        >>> [event["data"]["flyer_position"] for event in flyer.collect()]
        [-2.0, -1.0, 0.0, 1.0, 2.0]
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        start: float = -1.0,
        stop: float = 1.0,
        num: int = 11,
        exp: float = 0.0,
        center: float = 0.0,
        sigma: float = 0.5,
        peak: float = 1000.0,
        seed: int | None = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(prefix, name=name, **kwargs)
        self._random = np.random.default_rng(seed)
        self._center, self._sigma, self._peak = center, sigma, peak
        self._path: dict[str, Any] = {}
        self._set_path({"start": start, "stop": stop, "num": num, "exp": exp})
        self._counts = np.zeros(0, int)
        self._took_off = 0.0  # seconds since 1970
        self._handed_over = 0
        self._lost = 0  # points that a stop has cost the last flight
        self._flight: DeviceStatus | None = None
        self._timer: Timer | None = None

    def prepare(self, path: Mapping[str, Any]) -> DeviceStatus:
        """Choose the next flight, such as ``{"start": -2, "stop": 2, "num": 41}``; done at once.

        Raises:
            UnknownName: it has no such setting.
            BadValue: a setting makes no sense.
            DeviceError: it flies.
        """
        self._refuse_in_flight("prepared")
        self._set_path({**self._path, **path})
        return self._done("prepare")

    def _set_path(self, path: dict[str, Any]) -> None:
        for key in set(path) - {"start", "stop", "num", "exp"}:
            raise unknown("setting", key, ("start", "stop", "num", "exp"), of=self.name)
        if not (isinstance(path["num"], int) and path["num"] >= 1):
            raise BadValue(f"{self.name}: {path['num']!r} points make no flight; num is 1, 2, 3, ...")
        if not all(math.isfinite(path[key]) for key in ("start", "stop", "exp")) or path["exp"] < 0:
            raise BadValue(f"{self.name}: start, stop and exp are finite numbers, and exp is not below 0 s: {path}")
        self._path = path

    def kickoff(self) -> DeviceStatus:
        """Start to fly; done at once.

        Raises:
            DeviceError: it flies already.
        """
        self._refuse_in_flight("kicked off")
        exact = self._peak * np.exp(-((self._positions() - self._center) ** 2) / (2 * self._sigma**2))
        self._counts = self._random.poisson(exact)
        self._took_off, self._handed_over, self._lost = time.time(), 0, 0
        flight = self._flight = DeviceStatus(self, action="fly")
        duration_s = self._path["num"] * self._path["exp"]
        if duration_s > 0:
            self._timer = call_later(duration_s, lambda: completions.post(lambda: self._land(flight)))
        else:
            self._land(flight)
        return self._done("kickoff")

    def complete(self) -> DeviceStatus:
        """The flight: done when all its points are there.

        Raises:
            DeviceError: it was not kicked off.
        """
        if self._flight is None:
            raise DeviceError(f"{self.name}: it has not flown; kick it off first: {self.name}.kickoff()")
        return self._flight

    def stop(self, success: bool = False) -> None:
        """Land now; an unfinished flight then has failed, or succeeded if `success`. What it saw can be collected."""
        if self._flight is not None and not self._flight.done:
            self._land(self._flight, None if success else DeviceError(f"{self.name}: its flight was stopped"))

    def _land(self, flight: DeviceStatus, failure: BaseException | None = None) -> None:
        """The flight is over: at its end, or before."""
        if self._timer is not None:
            self._timer.cancel()
        with contextlib.suppress(InvalidState):  # it was stopped, or ended, at this very moment
            if failure is None:
                flight.set_finished()
            else:
                self._lost = self._path["num"] - self._points_seen()
                flight.set_exception(failure)

    # ---- what it saw -------------------------------------------------------------------------

    def describe_collect(self) -> dict[str, dict[str, DataKey]]:
        """What `collect` hands over, by stream."""
        source = f"sim://{self.name}"
        number: DataKey = {"source": f"{source}:position", "dtype": "number", "shape": [], "dtype_numpy": "<f8"}
        counts: DataKey = {"source": f"{source}:counts", "dtype": "integer", "shape": [], "dtype_numpy": "<i8"}
        return {self.name: {f"{self.name}_position": number, f"{self.name}_counts": counts}}

    def collect(self) -> Iterator[dict[str, Any]]:
        """Each point that it has seen and not handed over yet, as a partial event."""
        seen, positions = self._points_seen(), self._positions()
        first, self._handed_over = self._handed_over, seen
        for index in range(first, seen):
            moment = self._took_off + (index + 1) * self._path["exp"]
            data = {
                f"{self.name}_position": float(positions[index]),
                f"{self.name}_counts": int(self._counts[index]),
            }
            yield {"data": data, "timestamps": dict.fromkeys(data, moment), "time": moment}

    def _points_seen(self) -> int:
        if self._flight is None:
            return 0
        total: int = self._path["num"]
        if self._flight.done:
            return total - self._lost
        return min(total, int((time.time() - self._took_off) / self._path["exp"]))

    def _positions(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.linspace(self._path["start"], self._path["stop"], self._path["num"])

    def _refuse_in_flight(self, action: str) -> None:
        if self._flight is not None and not self._flight.done:
            raise DeviceError(f"{self.name}: it flies, and cannot be {action}; wait for it, or {self.name}.stop()")

    def _done(self, action: str) -> DeviceStatus:
        status = DeviceStatus(self, action=action)
        status.set_finished()
        return status
