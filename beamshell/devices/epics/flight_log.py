"""The record of a flight: when each bin of the counter began, and where the motor was then.

Pure: numbers and time stamps in, numbers out; no device, no clock.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_NEWS = 100
"""So many of the last news compare the clocks, which drift apart during a long flight."""
_FASTEST = 0.9
"""A bin takes at least this part of its dwell, as far as early or jittered time stamps can tell."""


class BinTimes:
    """The times of the bins of one flight: they follow each other at the counter's own dwell.

    Only the start of the first bin is measured. News of a counter may be late by any time, since drivers poll; so each
    piece of news is a bound. The counter did not start before its command; it started no later than the news of its
    start says, nor later than news of n full bins less n dwells, nor than the end of the count less all dwells. The
    start is taken to be the last moment within these bounds.

    Time stamps are those of the IOC, seconds since 1970. The moments of the console are of another clock; both are
    compared by the delays of the last news: by their median for the command, and for the end by the shortest one, so
    that delays and jitter loosen a bound and never make it wrong.

    Args:
        dwell_s: seconds that a bin lasts, as the counter says.
    """

    def __init__(self, dwell_s: float) -> None:
        self._dwell_s = dwell_s
        self._delays: deque[float] = deque(maxlen=_NEWS)  # received less time stamp: the clocks differ by any time
        self._delays_before: tuple[float, ...] = ()  # those known at the command
        self._command: float | None = None
        self._start: float | None = None
        self._full: list[tuple[int, float]] = []
        self._end: tuple[int, float] | None = None

    def compare_clocks(self, timestamp: float, received: float) -> None:
        """Compare the clocks by news with this time stamp, received at this moment of the console's clock."""
        self._delays.append(received - timestamp)

    def note_command(self, moment: float) -> None:
        """Note the moment of the console's clock just before the counter was told to start."""
        self._command, self._delays_before = moment, tuple(self._delays)

    def note_start(self, timestamp: float) -> None:
        """Note the news that the counter has started."""
        self._start = timestamp

    def add_full_bins(self, bins: int, timestamp: float) -> None:
        """Add the news that so many bins were full."""
        if self._full and bins < self._full[-1][0]:  # erased since: the news before was of another count
            self._full.clear()
        if bins > 0 and (not self._full or bins > self._full[-1][0]):
            self._full.append((bins, timestamp))

    def note_end(self, bins: int, moment: float) -> None:
        """Note that all `bins` were full by this moment of the console's clock, if clocks were compared."""
        if self._delays:
            self._end = (bins, moment - min(self._delays))

    def _command_time(self) -> float | None:
        """The time stamp of the command; None if it is not known."""
        delays = self._delays_before or self._delays
        return None if self._command is None or not delays else self._command - median(delays)

    def _bounds(self) -> tuple[float, float]:
        """The earliest and the latest time at which the first bin may have begun; infinite where nothing is known."""
        command, news, dwell_s = self._command_time(), self._news(), self.bin_s
        latest = [timestamp - bins * dwell_s for bins, timestamp in news]
        earliest = -math.inf if command is None else command
        return earliest, max(earliest, min(latest, default=math.inf))

    def _news(self) -> list[tuple[int, float]]:
        """All news as numbers of full bins and time stamps; the start is 0 full bins."""
        command = self._command_time()
        news = [*([] if self._start is None else [(0, self._start)]), *self._full]
        if command is not None and self._start is not None and self._start < command:  # a counter whose clock is behind
            news = [(bins, timestamp + command - self._start) for bins, timestamp in news]
        return news if self._end is None else [*news, self._end]

    @property
    def bin_s(self) -> float:
        """Seconds of a bin: the dwell, unless far more bins were full than that allows since the command.

        Then the counter's clock is faster than that of the time stamps, as in a simulation whose time runs fast.
        """
        command, news = self._command_time(), self._news()
        if command is None or not news:
            return self._dwell_s
        (first, first_at), (last, last_at) = news[0], max(news)
        is_possible = last_at - command >= _FASTEST * (last - 1) * self._dwell_s
        if is_possible or last == first or last_at <= first_at:
            return self._dwell_s
        return (last_at - first_at) / (last - first)

    @property
    def start_uncertainty_s(self) -> float:
        """Seconds by which the first bin may have begun earlier than taken; infinite if nothing is known."""
        earliest, latest = self._bounds()
        return latest - earliest if math.isfinite(latest) else math.inf

    def edges(self, bins: int) -> Numbers:
        """The times at which bins began and the last ended: seconds since 1970, shape (bins + 1,); empty if unknown."""
        earliest, latest = self._bounds()
        start = latest if math.isfinite(latest) else earliest
        if not math.isfinite(start):
            return np.zeros(0)
        return start + self.bin_s * np.arange(bins + 1, dtype=np.float64)

    def middles(self, bins: int) -> Numbers:
        """The time of the middle of each bin: seconds since 1970, shape (bins,); empty if unknown."""
        edges = self.edges(bins)
        return (edges[:-1] + edges[1:]) / 2


class FlightLog(BinTimes):
    """The times of the bins, and the positions of the motor with their time stamps.

    Args:
        dwell_s: seconds that a bin lasts, as the counter says.
    """

    def __init__(self, dwell_s: float) -> None:
        super().__init__(dwell_s)
        self._positions: list[tuple[float, float]] = []

    def add_position(self, position: float, timestamp: float, received: float) -> None:
        """Add a position of the motor, its time stamp, and the moment of the console's clock at which it came."""
        self.compare_clocks(timestamp, received)
        self._positions.append((timestamp, position))

    def speed(self) -> float:
        """The speed of the motor between its last two positions, in units/s; 0 if unknown."""
        if len(self._positions) < 2 or self._positions[-1][0] <= self._positions[-2][0]:
            return 0.0
        (time_1, position_1), (time_2, position_2) = self._positions[-2:]
        return (position_2 - position_1) / (time_2 - time_1)

    def seconds_until(self, place: float, direction: float, moment: float) -> float | None:
        """Seconds until the motor comes by a place, 0 if it has; None if it does not come nearer.

        Args:
            place: the place, in the units of the motor.
            direction: +1 or -1, the direction of the flight.
            moment: now, by the console's clock; the last position may be old by then.
        """
        timestamp, position = self._positions[-1]
        ahead, speed = (place - position) * direction, self.speed() * direction
        if ahead <= 0:
            return 0.0
        if speed <= 0:
            return None
        return max(0.0, ahead / speed - (moment - median(self._delays) - timestamp))

    def covered(self, bins: int) -> int:
        """The number of bins that ended before the last known position of the motor, of `bins`."""
        edges = self.edges(bins)
        if not edges.size or not self._positions:
            return 0
        return int(np.searchsorted(edges[1:], max(self._positions)[0], "right"))

    def points(self, bins: int) -> tuple[Numbers, Numbers]:
        """The time of the middle of each bin, and the motor's position then: two arrays, shape (bins,)."""
        times = self.middles(bins)
        if not times.size or not self._positions:
            return np.zeros(0), np.zeros(0)
        timestamps, places = zip(*sorted(self._positions), strict=True)  # jittered time stamps may be out of order
        return times, np.interp(times, timestamps, places)
