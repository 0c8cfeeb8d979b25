"""A simulated flyer: it counts along a peak by itself, and hands over its points.

It knows no control system and no engine; a thread is at work only if its points take longer than 0 s.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from typing_extensions import override

from beamshell.channels.timers import Timer, call_later
from beamshell.channels.updates import completions
from beamshell.devices.flyer import Flight, Flyer, Points
from beamshell.errors import BadValue
from beamshell.protocols import DataKey
from beamshell.text.nearest import unknown


class SynFlyer(Flyer):
    """A device that acquires by itself between `kickoff` and `complete`: a Gaussian peak, seen from start to stop.

    Handed over are `<name>_position` and `<name>_counts`, in one stream; also while it flies.

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
        >>> [page["data"]["flyer_position"] for page in flyer.collect_pages()]
        [[-2.0, -1.0, 0.0, 1.0, 2.0]]
    """

    needs_path: ClassVar[bool] = False

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
        self._path = self.parse_path({"start": start, "stop": stop, "num": num, "exp": exp})
        self._counts = np.zeros(0, int)
        self._started_at = 0.0  # seconds since 1970
        self._began_at = 0.0  # of the monotonic clock, since the other may be set meanwhile
        self._ended_at: float | None = None  # of the monotonic clock
        self._timer: Timer | None = None

    def parse_path(self, path: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a flight; those that are not given stay as they were."""
        path = {**(self._path or {}), **path}
        for key in set(path) - {"start", "stop", "num", "exp"}:
            raise unknown("setting", key, ("start", "stop", "num", "exp"), of=self.name)
        if not (isinstance(path["num"], int) and path["num"] >= 1):
            raise BadValue(f"{self.name}: {path['num']!r} points make no flight; num is 1, 2, 3, ...")
        if not all(math.isfinite(path[key]) for key in ("start", "stop", "exp")) or path["exp"] < 0:
            raise BadValue(f"{self.name}: start, stop and exp are finite numbers, and exp is not below 0 s: {path}")
        return path

    @override
    def start_flight(self, flight: Flight) -> None:
        exact = self._peak * np.exp(-((self._positions() - self._center) ** 2) / (2 * self._sigma**2))
        self._counts = self._random.poisson(exact)
        self._started_at, self._began_at, self._ended_at = time.time(), time.monotonic(), None
        duration_s = self._path["num"] * self._path["exp"]
        if duration_s > 0:
            self._timer = call_later(duration_s, lambda: completions.post(flight.finish))
        else:
            flight.finish()

    @override
    def end_flight(self, flight: Flight) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._ended_at = time.monotonic()
        flight.finish()

    # ---- what it saw -------------------------------------------------------------------------

    @override
    def describe_points(self) -> dict[str, DataKey]:
        source = f"sim://{self.name}"
        number: DataKey = {"source": f"{source}:position", "dtype": "number", "shape": [], "dtype_numpy": "<f8"}
        counts: DataKey = {"source": f"{source}:counts", "dtype": "integer", "shape": [], "dtype_numpy": "<i8"}
        return {f"{self.name}_position": number, f"{self.name}_counts": counts}

    @override
    def points_so_far(self) -> Points:
        number = self._points_done()
        data = {
            f"{self.name}_position": self._positions()[:number].tolist(),
            f"{self.name}_counts": self._counts[:number].tolist(),
        }
        return Points(data, [self._started_at + (index + 1) * self._path["exp"] for index in range(number)])

    def _points_done(self) -> int:
        total: int = self._path["num"]
        if self._ended_at is None and not self.flying:
            return total
        moment = time.monotonic() if self._ended_at is None else self._ended_at
        return min(total, int((moment - self._began_at) / self._path["exp"]))

    def _positions(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.linspace(self._path["start"], self._path["stop"], self._path["num"])
