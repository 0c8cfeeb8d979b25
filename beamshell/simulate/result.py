"""What came of a rehearsal: points, ways, time, what stands in the way; to be read by people and by programs.

It knows no device and no message.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Real
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.simulate import pictures

_MOST_LISTED = 5


@dataclass(frozen=True)
class SimulatedPoint:
    """One event that the plan would record.

    Attributes:
        stream: its stream.
        time_s: when, in seconds from the start.
        positions: where each motor that the plan moves would be by then, by name.
    """

    stream: str
    time_s: float
    positions: dict[str, Any]


@dataclass
class SimulationResult:
    """What came of a rehearsal.

    Attributes:
        points: the events, in order.
        path: by motor, each position it is sent to, in order.
        origins: by motor, where it was before; None if nobody knows.
        units: by motor, the unit of its positions; "" if it has none.
        settings: by setting, each value it is given, in order.
        staged: the names of the devices that are staged.
        runs: the metadata of each run.
        duration_s: how long it takes.
        error: the fraction of the duration by which it may well be wrong; None if nobody knows.
        learned_from: how many past runs tell how long things take here; 0: all comes from what devices say.
        untimed: the names of devices that were moved or triggered and cannot say how long that takes.
        unmeasured: the names of those of which no past run tells, although others are told of.
        suspenders: what may hold it up, a line each, as the caller knew.
        problems: why it cannot be done; empty if it can.
        endless: True if it goes on until it is stopped, or was too long to be looked at to its end.
    """

    points: list[SimulatedPoint] = field(default_factory=list)
    path: dict[str, list[Any]] = field(default_factory=dict)
    origins: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    settings: dict[str, list[Any]] = field(default_factory=dict)
    staged: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float = 0.0
    error: float | None = None
    learned_from: int = 0
    untimed: set[str] = field(default_factory=set)
    unmeasured: set[str] = field(default_factory=set)
    suspenders: list[str] = field(default_factory=list)
    problems: list[BeamshellError] = field(default_factory=list)
    endless: bool = False

    # ---- in numbers --------------------------------------------------------------------------

    @property
    def error_s(self) -> float | None:
        """By how many seconds the duration may well be wrong; None if nobody knows."""
        return None if self.error is None else self.error * self.duration_s

    def way(self, motor: str) -> float:
        """How far a motor goes in all, in its units; nan if its places are no numbers."""
        places = [place for place in (self.origins.get(motor), *self.path[motor]) if place is not None]
        if not all(map(_is_number, places)):
            return math.nan
        return float(sum(abs(there - here) for here, there in pairwise(places)))

    @property
    def motors(self) -> list[str]:
        """The motors that are at different places at different points, the one that changes most often last."""
        names = [name for name in self.path if len(self._places(name)) == len(self._seen) > 0]
        changes = {name: sum(here != there for here, there in pairwise(self._places(name))) for name in names}
        return sorted((name for name in names if changes[name]), key=lambda name: changes[name])

    @property
    def _seen(self) -> list[SimulatedPoint]:
        """The points of the stream that has most of them."""
        streams = [point.stream for point in self.points]
        most = max(dict.fromkeys(streams), key=streams.count, default="")
        return [point for point in self.points if point.stream == most]

    def _places(self, motor: str) -> list[float]:
        places = (point.positions.get(motor) for point in self._seen)
        return [float(place) for place in places if place is not None and _is_number(place)]

    def trajectory(self) -> dict[str, list[float]]:
        """By motor that is scanned, where it is at each point; of a grid, the slow motor first."""
        return {name: self._places(name) for name in self.motors}

    # ---- in words ----------------------------------------------------------------------------

    def picture(self, width: int = pictures.WIDTH, height: int = pictures.HEIGHT) -> list[str]:
        """The trajectory as lines of text; none if no motor is scanned.

        One motor is drawn over the points, two over their plane, more than two each over the points.
        """
        places = self.trajectory()
        if len(places) == 2:
            slow, fast = places.items()
            return pictures.over_plane(fast, slow, width, height)
        lines: list[str] = []
        for name, positions in places.items():
            lines += pictures.over_points(name, positions, width, height)
        return lines

    def summary(self) -> str:
        """Points and time in one line."""
        points = _number(len(self.points), "point")
        if len(self.runs) != 1:
            points = f"{points} in {len(self.runs)} runs" if self.runs else "no run"
        if not self.endless:
            return f"{points}, {self.time_in_words()}"
        if self.runs and self.runs[-1].get("num_points"):
            return f"more than {points}, more than {self.time_in_words()}"
        each = self.duration_s / max(1, len(self.points))
        return f"it goes on until it is stopped, about {in_words(each)} a point"

    def time_in_words(self) -> str:
        """The duration, how far it may be trusted, and why: "about 2 min 10 s ± 8 s, learned from 14 runs"."""
        about = f"about {in_words(self.duration_s)}"
        if not self.learned_from:
            return f"{about} (never measured here: from the devices' speeds and count times alone)"
        give_or_take = "" if self.error_s is None else f" ± {in_words(self.error_s, digits=1)}"
        runs = _number(self.learned_from, "run")
        doubt = f"; never measured: {_listed(self.unmeasured)}" if self.unmeasured else ""
        return f"{about}{give_or_take} (learned from {runs}{doubt})"

    def __str__(self) -> str:
        lines = [f"cannot be done: {problem}" for problem in self.problems]
        if self.points or not self.problems:
            lines.append(self.summary())
        if self.untimed:
            lines.append(f"not counted, since nobody knows how long they take: {_listed(self.untimed)}")
        lines += [self._path_line(name) for name in self.path]
        lines += [f"{name} is set to {_few(list(dict.fromkeys(values)))}" for name, values in self.settings.items()]
        if self.staged:
            lines.append(f"staged: {', '.join(self.staged)}")
        lines += [f"suspender: {line}" for line in self.suspenders]
        lines += self.picture()
        return "\n".join(lines)

    __repr__ = __str__

    def _path_line(self, name: str) -> str:
        places, unit = self.path[name], self.units.get(name, "")
        moves = f"{name}: {_number(len(places), 'move')}"
        if not all(map(_is_number, places)):
            return f"{moves}, {_listed(dict.fromkeys(places))}"
        unit = f" {unit}" if unit else ""
        low, high = f"{min(places):g}", f"{max(places):g}"
        where = f"to {low}" if low == high else f"between {low} and {high}"
        return f"{moves} {where}{unit}, {self.way(name):.4g}{unit} of way"


def in_words(seconds: float, digits: int = 2) -> str:
    """A duration as people say it: "0.35 s", "12 s", "2 min 10 s", "1 h 5 min".

    Args:
        seconds: how long.
        digits: how many count, below ten seconds.
    """
    if not math.isfinite(seconds):
        return "for ever"
    if seconds < 9.5:
        return f"{seconds:.{digits}g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if not hours:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _number(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and value is not True and value is not False and math.isfinite(value)


def _few(values: list[Any]) -> str:
    """The values, or the first and the last of many."""
    if len(values) <= _MOST_LISTED:
        return _listed(values)
    return f"{len(values)} values, first {_listed(values[:1])}, last {_listed(values[-1:])}"


def _listed(names: Sequence[Any] | set[str] | dict[Any, Any]) -> str:
    return ", ".join(map(str, sorted(names) if isinstance(names, set) else names))
