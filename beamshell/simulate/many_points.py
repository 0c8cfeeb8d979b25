"""Many points at once, as columns: their times and positions, and the durations of the moves between them.

Pure: it knows no plan and no device.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Generic, TypeGuard, TypeVar, overload

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
Floats = npt.NDArray[np.float64]

_MOST_KINDS = 100
"""The largest number of distances that are told apart; of more, so many moves are computed one by one."""
_SAMPLES = 10
"""Moves that are computed one by one, besides the first and the last of each distance."""
_DIGITS = 9
"""Distances that agree in so many digits of the longest one are the same."""


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


class Joined(Sequence[T], Generic[T]):
    """A list to which whole columns are added without a copy.

    Attributes:
        parts: lists and columns, which together are its items.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._last: list[T] = list(items)
        self.parts: list[Any] = [self._last]

    def append(self, item: T) -> None:
        """Add one item."""
        self._last.append(item)

    def add(self, column: Sequence[T] | Floats) -> None:
        """Add all items of a column, which must not change any more."""
        self._last = []
        self.parts += [column, self._last]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[T]:
        return itertools.chain.from_iterable(
            part.tolist() if isinstance(part, np.ndarray) else part for part in self.parts
        )

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return list(self)[index]
        number = range(len(self))[index]
        for part in self.parts:
            if number < len(part):
                item: T = part[number].item() if isinstance(part, np.ndarray) else part[number]
                return item
            number -= len(part)
        raise AssertionError("the parts have as many items as the whole")

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes, as a list does

    def __repr__(self) -> str:
        return repr(list(self))


class PointColumns(Sequence[SimulatedPoint]):
    """Points of one stream as columns.

    Attributes:
        stream: the stream of all.
        times_s: seconds from the start of the plan, float64 [points].
        columns: by motor that moves from point to point, its positions, float64 [points].
        standing: by name, the positions of the other motors.
    """

    def __init__(self, stream: str, times_s: Floats, columns: dict[str, Floats], standing: dict[str, Any]) -> None:
        self.stream, self.times_s, self.columns, self.standing = stream, times_s, columns, standing

    def __len__(self) -> int:
        return len(self.times_s)

    @overload
    def __getitem__(self, index: int) -> SimulatedPoint: ...
    @overload
    def __getitem__(self, index: slice) -> list[SimulatedPoint]: ...
    def __getitem__(self, index: int | slice) -> SimulatedPoint | list[SimulatedPoint]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        moved = {name: float(column[index]) for name, column in self.columns.items()}
        return SimulatedPoint(self.stream, float(self.times_s[index]), self.standing | moved)

    def positions(self, name: str) -> Floats | None:
        """The position of a motor at each point, float64 [points]; None if it is no number."""
        if name in self.columns:
            return self.columns[name]
        position = self.standing.get(name)
        return np.full(len(self), float(position)) if is_number(position) else None


def is_number(value: Any) -> TypeGuard[float]:
    """True for a finite number; a bool is none."""
    return isinstance(value, Real) and value is not True and value is not False and math.isfinite(value)


def numbers_of(positions: Sequence[Any] | Floats) -> Floats | None:
    """Positions as an array, float64 [positions]; None if one of them is no finite number."""
    parts = positions.parts if isinstance(positions, Joined) else [positions]
    if not all(isinstance(part, np.ndarray) or all(map(is_number, part)) for part in parts):
        return None
    return np.concatenate([np.asarray(part, dtype=float) for part in parts])


def move_durations(positions: Floats, duration_s: Callable[[float, float], float]) -> Floats:
    """Seconds of each move from a position to the next, float64 [positions - 1]; 0 between equal positions.

    Some are computed one by one; the others take about as long as those of the same distance. If one of these never
    ends, all are infinite.

    Args:
        positions: in order, float64 [positions].
        duration_s: seconds of a move from one position to another.
    """
    distances = np.diff(positions)
    seconds = np.zeros(len(distances))
    moves = np.flatnonzero(distances)
    if not len(moves):
        return seconds
    kinds = distances[moves]
    np.rint(kinds * (10**_DIGITS / np.abs(kinds).max()), out=kinds)
    if kinds.min() < kinds.max():
        order = np.argsort(kinds, kind="stable")  # by distance, then by time
        moves = moves[order]
        ends = np.flatnonzero(np.diff(kinds[order]))  # the last move of each distance but the longest one
    else:
        ends = np.empty(0, dtype=int)
    has_few_kinds = len(ends) < _MOST_KINDS
    evenly = np.linspace(0, len(moves) - 1, _SAMPLES if has_few_kinds else _MOST_KINDS).astype(int)
    sampled = np.unique(np.concatenate([evenly, ends, ends + 1] if has_few_kinds else [evenly]))
    starts, stops = positions[moves[sampled]].tolist(), positions[moves[sampled] + 1].tolist()
    sampled_s = list(map(duration_s, starts, stops))
    if not np.isfinite(sampled_s).all():
        seconds.fill(np.inf)
    elif min(sampled_s) == max(sampled_s):
        seconds[moves] = sampled_s[0]
    else:
        seconds[moves] = np.interp(np.arange(len(moves)), sampled, sampled_s)
    return seconds
