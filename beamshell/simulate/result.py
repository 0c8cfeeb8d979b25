"""The result of a simulation: points, path, duration, problems; and how it is shown as text.

It knows no device and no message.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Real
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.simulate import path_drawing
from beamshell.simulate.accepted_positions import AcceptedPositions
from beamshell.text.lists import listed
from beamshell.text.numbers import counted, in_full
from beamshell.text.times import duration

_MAX_LISTED = 5


@dataclass(frozen=True)
class SimulatedPoint:
    """One event that the plan would record.

    Attributes:
        stream: its stream.
        time_s: seconds from the start of the plan.
        positions: by name, the position of each motor that the plan moves.
    """

    stream: str
    time_s: float
    positions: dict[str, Any]


@dataclass
class SimulationResult:
    """The result of a simulated plan: points, path, duration, problems.

    Attributes:
        points: the events, in order.
        path: by motor, each position it is sent to, in order.
        origins: by motor, its position before; None if it is not known.
        units: by motor, the unit of its positions; "" if it has none.
        settings: by setting, each value it is given, in order.
        staged: names of the devices that are staged.
        runs: metadata of each run.
        duration_s: duration of the plan in seconds.
        error: relative uncertainty of the duration (one standard deviation); None if it is not known.
        learned_from: number of past runs behind the duration; 0 if it is computed from the devices' settings alone.
        untimed: names of devices whose moves or counts are not in the duration, because their time is unknown.
        unmeasured: names of devices that occur in no past run, if there are past runs.
        suspenders: one line for each suspender, from the caller.
        not_recorded: names of devices that would be recorded beside the plan but do not answer, from the caller.
        problems: refusals and failures, in order; empty if the plan can be done.
        endless: True if the plan has no end, or was too long for its end to be known.
        more_points: number of points at the end of a long run that were not simulated one by one; their duration is
            that of the simulated ones.
        accepted: the positions that the devices have accepted.
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
    not_recorded: list[str] = field(default_factory=list)
    problems: list[BeamshellError] = field(default_factory=list)
    endless: bool = False
    more_points: int = 0
    accepted: AcceptedPositions = field(default_factory=AcceptedPositions, repr=False, compare=False)

    # ---- numbers -----------------------------------------------------------------------------

    @property
    def error_s(self) -> float | None:
        """Uncertainty of the duration in seconds; None if it is not known."""
        return None if self.error is None else self.error * self.duration_s

    def way(self, motor: str) -> float:
        """Total distance that a motor travels, in its units; nan if its positions are not numbers."""
        positions = [place for place in (self.origins.get(motor), *self.path[motor]) if place is not None]
        if not all(map(_is_number, positions)):
            return math.nan
        return float(sum(abs(after - before) for before, after in pairwise(positions)))

    @property
    def motors(self) -> list[str]:
        """The motors whose position differs from point to point; the one that moves most often comes last."""
        return list(self.trajectory())

    def trajectory(self) -> dict[str, list[float]]:
        """By scanned motor, its position at each point; the slowest motor comes first."""
        streams = Counter(point.stream for point in self.points)
        main_stream = max(streams, key=streams.__getitem__, default="")
        main = [point.positions for point in self.points if point.stream == main_stream]
        columns: dict[str, list[float]] = {}
        for name in self.path:
            positions = [at[name] for at in main if name in at and _is_number(at[name])]
            if len(positions) == len(main) and len(set(positions)) > 1:
                columns[name] = [float(position) for position in positions]
        return dict(sorted(columns.items(), key=lambda item: sum(map(operator.ne, item[1], item[1][1:]))))

    # ---- text --------------------------------------------------------------------------------

    def picture(self, width: int = path_drawing.WIDTH, height: int = path_drawing.HEIGHT) -> list[str]:
        """The trajectory drawn as lines of text; no lines if no motor is scanned.

        Two motors are drawn as a path in their plane; one, and each of three or more, over the number of the point.
        """
        trajectory = self.trajectory()
        if len(trajectory) == 2:
            slow, fast = trajectory.items()
            return path_drawing.over_plane(fast, slow, width, height)
        lines: list[str] = []
        for name, positions in trajectory.items():
            lines += path_drawing.over_points(name, positions, width, height)
        return lines

    def summary(self) -> str:
        """The number of points and the duration in one line."""
        points = counted(len(self.points) + self.more_points, "point")
        if len(self.runs) != 1:
            points = f"{points} in {len(self.runs)} runs" if self.runs else "no run"
        if not self.endless:
            return f"{points}, {self.time_in_words()}"
        if self.more_points or (self.runs and self.runs[-1].get("num_points")):
            return f"more than {points}, more than {self.time_in_words()}"
        each = self.duration_s / max(1, len(self.points))
        return f"it goes on until it is stopped, about {duration(each)} a point"

    def time_in_words(self) -> str:
        """The duration with its uncertainty and source: "about 2 min 10 s ± 8 s (learned from 14 runs)"."""
        about = f"about {duration(self.duration_s)}"
        if not self.learned_from:
            return f"{about} (never measured here: from the devices' speeds and count times alone)"
        is_worth_saying = self.error_s is not None and self.error_s < self.duration_s
        uncertainty = f" ± {duration(self.error_s or 0.0, digits=1)}" if is_worth_saying else ""
        runs = counted(self.learned_from, "run")
        unmeasured = f"; never measured: {listed(sorted(self.unmeasured))}" if self.unmeasured else ""
        return f"{about}{uncertainty} (learned from {runs}{unmeasured})"

    def lines(self) -> list[str]:
        """What the plan would do, in words."""
        lines = [f"cannot be done: {problem}" for problem in self.problems]
        if self.points or not self.problems:
            lines.append(self.summary())
        if self.more_points:
            lines.append(f"of the first {counted(len(self.points), 'point')}, which were simulated one by one:")
        if self.untimed:
            lines.append(f"not counted, how long they take is unknown: {listed(sorted(self.untimed))}")
        lines += [self._path_line(name) for name in self.path]
        lines += [f"{name} is set to {_few(values)}" for name, values in self.settings.items()]
        if self.staged:
            lines.append(f"staged: {listed(self.staged)}")
        lines += [f"suspender: {line}" for line in self.suspenders]
        if self.not_recorded:
            lines.append(f"not recorded, no answer: {listed(self.not_recorded)}")
        return lines

    def __str__(self) -> str:
        return "\n".join([*self.lines(), *self.picture()])

    __repr__ = __str__

    def _path_line(self, name: str) -> str:
        positions, unit = self.path[name], self.units.get(name, "")
        moves = f"{name}: {counted(len(positions), 'move')}"
        if not all(map(_is_number, positions)):
            return f"{moves}, {listed(dict.fromkeys(map(str, positions)))}"
        unit = f" {unit}" if unit else ""
        low, high = in_full(min(positions), 10), in_full(max(positions), 10)
        range_text = f"to {low}" if low == high else f"between {low} and {high}"
        return f"{moves} {range_text}{unit}, {self.way(name):.4g}{unit} of way"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and value is not True and value is not False and math.isfinite(value)


def _few(values: list[Any]) -> str:
    """The values, each once; of many, the first and the last."""
    values = list(dict.fromkeys(map(str, values)))
    if len(values) <= _MAX_LISTED:
        return listed(values)
    return f"{len(values)} values, first {listed(values[:1])}, last {listed(values[-1:])}"
