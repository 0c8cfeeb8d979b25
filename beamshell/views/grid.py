"""The image of a grid scan: one detector over two motors, filled point by point.

Pure: it never draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from beamshell.analysis.signals import value_of
from beamshell.documents import Document
from beamshell.documents.continuation import first_point
from beamshell.views.captions import title, when
from beamshell.views.curves import NumberRows
from beamshell.views.fields import Field, as_rates, axes, detectors, field, is_real, plan_arguments, resolve, siblings

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Cells = tuple[Indices, Floats]

_CLEARLY = 0.25
"""A point that is further from the middle of a cell, in steps to the next cell, may belong to another cell."""
_PLAUSIBLY = 0.5
"""A point that is further from the cell of its number, in steps to the next cell, contradicts the order of the scan."""
_MOSTLY = 0.8
"""The part of the points that must not contradict the order of the scan."""
_SETPOINTS = ("_setpoint", "_user_setpoint")
"""How the key of a setpoint ends, here and in ophyd."""


class Image(NamedTuple):
    """An image of a grid scan."""

    values: Floats
    """Shape (rows, columns), nan where nothing is measured yet."""
    x: Floats
    """The position of each column, rising."""
    y: Floats
    """The position of each row, rising."""


class Axis:
    """The positions that one motor of a grid visits.

    Args:
        visited: the positions, all different, in the order of the scan, in the unit of the motor.
        is_sure: False if they are a guess, which each point must confirm.
    """

    def __init__(self, visited: Floats, *, is_sure: bool) -> None:
        self._visited = visited
        self._is_sure = is_sure
        self._cells: Indices = visited.argsort().argsort()  # by step of the scan
        self._centres: Floats = np.sort(visited)
        gaps = np.diff(self._centres)
        self._middles = self._centres[:-1] + gaps / 2
        sides = np.pad(gaps, 1, mode="edge") if gaps.size else np.full(2, np.inf)
        self._nearer, self._further = np.minimum(sides[:-1], sides[1:]), np.maximum(sides[:-1], sides[1:])

    def __len__(self) -> int:
        return len(self._visited)

    def by_position(self, positions: Floats) -> Cells | None:
        """The cell of each position, and the positions of all cells; None if one position is not clearly in a cell."""
        if len(self) == 1:
            return self.by_step(positions, np.zeros(len(positions), dtype=np.intp))
        cells = np.searchsorted(self._middles, positions)
        off = np.abs(positions - self._centres[cells])
        return (cells, self._centres) if np.all(off <= _CLEARLY * self._nearer[cells]) else None

    def by_step(self, positions: Floats, steps: Indices, *, is_sure: bool = True) -> Cells | None:
        """The cells visited at these steps of the scan, and the positions of all cells; None if `positions` deny it.

        A relative scan may record distances instead of positions: then all are shifted by the same distance.

        Args:
            positions: shape (n,).
            steps: of the scan, from 0; shape (n,).
            is_sure: False if they are a guess, which each point must confirm.
        """
        cells = self._cells[steps]
        shifts = positions - self._visited[steps]
        known = np.isfinite(shifts)
        if not known.any():
            return cells, self._centres
        shift = np.median(shifts[known])
        off = np.abs(shifts[known] - shift) / self._further[cells[known]]
        is_order_sure = is_sure and self._is_sure
        if not (np.mean(off <= _PLAUSIBLY) >= _MOSTLY if is_order_sure else np.all(off <= _CLEARLY)):
            return None
        is_noise = len(self) > 1 and abs(shift) <= _CLEARLY * self._nearer.min()
        return cells, self._centres if is_noise else self._centres + shift


class Grid:
    """The points of one grid scan: the fast motor along x, the slow one along y.

    Args:
        start: the run's start document, with the `shape` of the grid.
        x: the fast motor.
        y: the slow motor.
        z: the detector.
        setpoints: the keys of the setpoints of x and y; those of their readbacks if no setpoint is recorded.
        positions: those of x and of y.

    Attributes:
        key: identifies the kind of grid: those of one key share a window.
        name: the kind in words.
        title: the run in a few words.
        when: its date and time.
    """

    def __init__(
        self, start: Document, x: Field, y: Field, z: Field, setpoints: tuple[str, str], positions: tuple[Axis, Axis]
    ) -> None:
        self.x, self.y, self.z = x, y, z
        self.key = ("grid", z.key, x.key, y.key)
        self.name = f"{z.key} over {x.key} and {y.key}"
        self.title, self.when = title(start), when(start)
        self._keys = (x.key, y.key, z.key, *setpoints)
        self._x, self._y = positions
        self._measured_before = first_point(start) - 1  # in the run that this one continues
        self._is_sequential = (start.get("hints") or {}).get("gridding") != "rectilinear_nonsequential"
        snaking = start.get("snaking")
        self._snaking = [bool(snaking[-1])] if snaking else [False, True]  # bluesky does not always record it
        self._points = NumberRows(len(self._keys))

    def add(self, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        data = event.get("data") or {}
        self._points.add(event["seq_num"], [value_of(key, data) for key in self._keys])

    def image(self) -> Image | None:
        """The image of the points so far; None if it is not certain to which cell each of them belongs.

        A point belongs to the cell of its setpoints, or of its readbacks where no setpoints are recorded. Where these
        do not say it clearly, as in a relative scan that records distances or with a motor that is less precise than
        the grid, it belongs to the cell that its number says, if the scan goes row by row.
        """
        xs, ys, zs, x_setpoints, y_setpoints = self._points.table().T
        xs, ys = (
            np.where(np.isfinite(setpoints), setpoints, readbacks)
            for setpoints, readbacks in ((x_setpoints, xs), (y_setpoints, ys))
        )
        columns, rows = self._x.by_position(xs), self._y.by_position(ys)
        if columns is None or rows is None:
            columns, rows = self._by_number(xs, ys)
        if columns is None or rows is None:
            return None
        values = np.full((len(self._y), len(self._x)), np.nan)
        values[rows[0], columns[0]] = zs
        return Image(values, columns[1], rows[1])

    def _by_number(self, xs: Floats, ys: Floats) -> tuple[Cells | None, Cells | None]:
        """Columns and rows from the numbers of the points; None if the scan does not go row by row."""
        steps = np.array(self._points.seq_nums(), dtype=np.intp) - 1 + self._measured_before
        width = len(self._x)
        if not self._is_sequential or steps.max() >= width * len(self._y):
            return None, None
        slow, fast = np.divmod(steps, width)
        columns: Cells | None = None
        for snaking in self._snaking:
            visited = np.where(slow % 2, width - 1 - fast, fast) if snaking else fast
            columns = columns or self._x.by_step(xs, visited, is_sure=len(self._snaking) == 1)
        return columns, self._y.by_step(ys, slow)


def is_grid(start: Document, stream: str = "primary") -> bool:
    """True for a run over a rectangle of two motors."""
    shape = start.get("shape") or ()
    return len(shape) == 2 and min(shape) > 0 and len(axes(start, stream)) == 2


def grid_of(start: Document, descriptor: Document, z: Any = None) -> Grid | None:
    """The grid that a stream fills, still empty; None if it has no number to show, or no rectangle of positions.

    Args:
        start: the start document of a run that `is_grid`.
        descriptor: of the stream.
        z: name or device of the detector; None takes the first hinted one.
    """
    keys = detectors(start, descriptor) if z is None else as_rates(descriptor, resolve(descriptor, [z])[0])
    numbers = [about for key in keys if (about := field(descriptor, key)).is_number]
    y, x = (field(descriptor, key) for key in axes(start, descriptor.get("name", "primary")))
    rows, columns = _axis(start, 0), _axis(start, 1)
    if not numbers or rows is None or columns is None:
        return None
    setpoints = (_setpoint(descriptor, x.key), _setpoint(descriptor, y.key))
    return Grid(start, x, y, numbers[0], setpoints, (columns, rows))


def edges(centres: Floats) -> Floats:
    """The edges of cells, shape (n + 1,): midway between their centres; a single cell is 1 wide."""
    half_gaps = np.diff(centres) / 2 if len(centres) > 1 else np.array([0.5])
    left: Floats = np.append(half_gaps[:1], half_gaps)[: len(centres)]
    return np.append(centres - left, centres[-1] + half_gaps[-1])


def _setpoint(descriptor: Document, readback: str) -> str:
    """The key of the setpoint beside a readback; the readback's own if there is none."""
    stem = readback.removesuffix("_readback")
    recorded = siblings(descriptor, readback)
    return next((key for end in _SETPOINTS if (key := stem + end) in recorded), readback)


def _axis(start: Document, axis: int) -> Axis | None:
    """The axis of this number; None if its positions are unknown, or not all different.

    The positions are among the arguments of the plan. Without those they may be equidistant between the extents.
    """
    number = int(start["shape"][axis])
    extents = start.get("extents") or ()
    ends: Any = extents[axis] if axis < len(extents) else None
    has_ends = isinstance(ends, (list, tuple)) and len(ends) == 2 and all(map(is_real, ends))
    visited: Floats = _listed(plan_arguments(start), axis, number)
    is_sure = len(visited) == number
    if has_ends and is_sure:
        visited += min(ends) - visited.min()  # the arguments of a relative scan are distances
    elif has_ends:
        visited = np.linspace(min(ends), max(ends), number)
    is_usable = len(np.unique(visited)) == number and bool(np.isfinite(visited).all())
    return Axis(visited, is_sure=is_sure) if is_usable else None


def _listed(arguments: Sequence[Any], axis: int, number: int) -> Floats:
    """The positions of an axis among the arguments of a plan: ``motor, start, stop, num`` or ``motor, [positions]``."""
    words = [number for number, argument in enumerate(arguments) if isinstance(argument, str)]
    if axis >= len(words):
        return np.empty(0)
    end = words[axis + 1] if axis + 1 < len(words) else None
    match list(arguments[words[axis] + 1 : end]):
        case [list() | tuple() as positions] if all(map(is_real, positions)):
            return np.array(positions, dtype=np.float64)
        case [first, last, num, *_] if is_real(first) and is_real(last) and num == number:
            return np.linspace(first, last, number)
    return np.empty(0)
