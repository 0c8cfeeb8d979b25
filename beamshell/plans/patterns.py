"""The points of scans: lines, grids and spirals, as lists of positions by motor.

A point is a dict of positions by motor, in the motors' own units. Pure: numbers in, points out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from beamshell.arrays import Floats, np
from beamshell.errors import PlanError
from beamshell.plans.arguments import real_number, require_not_too_many
from beamshell.plans.computed_axes import joined_columns, refuse_overlaps
from beamshell.protocols import speaks_asyncio

Point = dict[Any, Any]


if TYPE_CHECKING:
    import numpy.typing as npt

Column: TypeAlias = "Sequence[Any] | Floats"
"""The positions of a motor: floats as an array, float64 [points]; a list where some are not floats."""

_CHUNK = 1000
"""Points whose positions are taken out of the arrays at once."""


class Points(Sequence[Point]):
    """Points as columns, so that a million are made at once; each point is a dict of positions by motor.

    Args:
        columns: by motor, its positions, all of one length; a list of floats becomes an array.
    """

    def __init__(self, columns: Mapping[Any, Column]) -> None:
        self.columns = {motor: _column(positions) for motor, positions in columns.items()}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Points: ...
    def __getitem__(self, index: int | slice) -> Point | Points:
        if isinstance(index, slice):
            return Points({motor: column[index] for motor, column in self.columns.items()})
        return {
            motor: float(column[index]) if isinstance(column, np.ndarray) else column[index]
            for motor, column in self.columns.items()
        }

    def __iter__(self) -> Iterator[Point]:
        for first in range(0, len(self), _CHUNK):
            chunk = [listed(column[first : first + _CHUNK]) for column in self.columns.values()]
            for row in zip(*chunk, strict=True):
                yield dict(zip(self.columns, row, strict=True))


def _column(positions: Column) -> Column:
    if isinstance(positions, np.ndarray) or set(map(type, positions)) != {float}:
        return positions
    return np.array(positions)


def columns_of(points: Sequence[Mapping[Any, Any]]) -> dict[Any, Column]:
    """The positions of each motor, in the order of the points."""
    if isinstance(points, Points):
        return dict(points.columns)
    return {motor: [point[motor] for point in points] for motor in (points[0] if points else ())}


def chunked(args: Sequence[Any], size: int, form: str) -> list[tuple[Any, ...]]:
    """Arguments in groups of `size`, such as (motor, start, stop).

    Raises:
        PlanError: they cannot be divided into such groups; the message shows `form`, how to write them.
    """
    if not args or len(args) % size:
        raise PlanError(f"{len(args)} arguments where groups of {size} belong: {form}")
    return [tuple(args[i : i + size]) for i in range(0, len(args), size)]


def positions(start: float, stop: float, num: int) -> list[float]:
    """`num` positions at equal distances from `start` to `stop`, both included."""
    return list(line(start, stop, num).tolist())


def line(start: float, stop: float, num: int) -> Floats:
    """As `positions`, as an array, float64 [num]."""
    return np.linspace(real_number(start, "start"), real_number(stop, "stop"), num)


def listed(places: Iterable[Any]) -> list[Any]:
    """Positions as a list; the numbers of an array become Python's own, which are faster by far."""
    return list(places.tolist() if isinstance(places, np.ndarray) and places.ndim == 1 else places)


def around(center: float, width: float, num: int) -> list[float]:
    """`num` positions at equal distances over `width`, centred on `center`."""
    return positions(center - width / 2, center + width / 2, num) if num > 1 else [float(center)]


def together(axes: Iterable[tuple[Any, Column]]) -> Points:
    """Points at which all motors step at the same time.

    Args:
        axes: (motor, positions), all of the same length.

    Raises:
        PlanError: the lengths differ.
    """
    axes = list(axes)
    lengths = {len(values) for _, values in axes}
    if len(lengths) != 1:
        each = ", ".join(f"{getattr(motor, 'name', motor)} {len(values)}" for motor, values in axes)
        raise PlanError(f"motors that step together need lists of the same length: {each}")
    return Points(dict(axes))


def grid(axes: Sequence[tuple[Any, Column]], snaked: Sequence[bool]) -> Points:
    """The points of a grid: every combination of positions; the first axis is the slowest.

    Args:
        axes: (motor, positions), slowest first.
        snaked: by axis, True if it goes back and forth; the value of the slowest axis has no effect.
    """
    indices: dict[Any, Any] = {}  # by motor, the index of its position at each point
    rows = 1
    for (motor, values), snake in zip(axes, snaked, strict=True):
        indices = {slower: np.repeat(index, len(values)) for slower, index in indices.items()}
        index = np.tile(np.arange(len(values)), (rows, 1))
        if snake:
            index[1::2] = index[1::2, ::-1]
        indices[motor] = index.ravel()
        rows *= len(values)
    columns = {motor: _column(values) for motor, values in axes}
    return Points(
        {
            motor: column[indices[motor]]
            if isinstance(column, np.ndarray)
            else [column[index] for index in indices[motor].tolist()]
            for motor, column in columns.items()
        }
    )


def snakes(motors: Sequence[Any], snake_axes: bool | Iterable[Any] | None) -> list[bool]:
    """By axis, True if it goes back and forth (snakes).

    Args:
        motors: slowest first.
        snake_axes: True for all but the slowest, False or None for none, or the motors that snake.

    Raises:
        PlanError: one of these motors is not scanned, or is the slowest.
    """
    if snake_axes is None or snake_axes is False:
        return [False] * len(motors)
    if snake_axes is True:
        return [False, *[True] * (len(motors) - 1)]
    snaked = list(snake_axes)
    for motor in snaked:
        if not any(motor is other for other in motors):
            raise PlanError(f"{getattr(motor, 'name', motor)} is in snake_axes but is not scanned")
        if motor is motors[0]:
            raise PlanError(f"{getattr(motor, 'name', motor)} is the slowest axis: it cannot snake")
    return [any(motor is other for other in snaked) for motor in motors]


def extents(points: Sequence[Point]) -> tuple[list[Any], ...]:
    """The lowest and highest position of each motor, in the order of the motors.

    Of positions that are arrays, or of several axes, those of each element or axis: ``[[0, 0], [2, 5]]``.
    """
    return tuple(_extent(column) for column in columns_of(points).values())


def _extent(values: Column) -> list[Any]:
    if isinstance(values, np.ndarray):
        return [float(values.min()), float(values.max())]
    first = values[0]
    if isinstance(first, Mapping):
        by_axis = {axis: [value[axis] for value in values if axis in value] for value in values for axis in value}
        return [{axis: low_or_high(places) for axis, places in by_axis.items()} for low_or_high in (min, max)]
    if isinstance(first, Sequence | np.ndarray) and not isinstance(first, str):
        table = np.array(values)
        return [table.min(axis=0).tolist(), table.max(axis=0).tolist()]
    return [min(values), max(values)]


def same_position(one: Any, other: Any) -> bool:
    """True if two positions are the same: numbers, states, arrays, or positions of several axes."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def unique(motors: Iterable[Any]) -> list[Any]:
    """The motors as a list, each only once.

    Raises:
        PlanError: a motor is given twice.
    """
    motors = list(motors)
    for first, second in itertools.combinations(motors, 2):
        if first is second:
            raise PlanError(f"{getattr(first, 'name', first)} is given twice: a motor moves once a point")
    return motors


def check_points(points: Sequence[Point], check: Callable[[Any, Any], None]) -> None:
    """Call ``check(motor, position)`` for each position of each motor, before any point is visited.

    Raises:
        Exception: of the kind that `check` raised, its message naming the first such point.
    """
    columns = columns_of(points)
    refuse_overlaps(columns)
    refusals = [_first_refusal(motor, column, check) for motor, column in joined_columns(columns).items()]
    index, exc = min((refusal for refusal in refusals if refusal), key=lambda refusal: refusal[0], default=(0, None))
    if exc is not None:
        raise type(exc)(f"point {index + 1} of {len(points)}: {exc}") from exc


def _first_refusal(motor: Any, column: Column, check: Callable[[Any, Any], None]) -> tuple[int, Exception] | None:
    """The index of the first position that `check` refuses, and its exception.

    Equal positions are checked once; of a motor that accepts all positions between two, the lowest and the highest.
    """
    # A coroutine costs some round trips for each answer; what is between two ends is checked again when it is set.
    only_ends = getattr(motor, "accepts_all_between", False) or speaks_asyncio(type(motor))
    if only_ends and _are_finite_numbers(column):
        try:
            for end in _extent(column):
                check(motor, end)
            return None
        except Exception:  # noqa: BLE001  the loop below finds the first such point
            pass
    column = listed(column)
    try:
        different: Iterable[Any] = dict.fromkeys(column)
    except TypeError:  # positions without a hash, such as arrays
        different = column
    for number, position in enumerate(different):
        try:
            check(motor, position)
        except Exception as exc:  # noqa: BLE001  it is raised again, with the number of its point
            return (number if different is column else column.index(position)), exc
    return None


def _are_finite_numbers(column: Column) -> bool:
    if not isinstance(column, np.ndarray):
        kinds = set(map(type, column))
        if any(not issubclass(kind, float | int | np.number) or kind is bool for kind in kinds):
            return False
    return bool(np.isfinite(column).all())


# ---- spirals -------------------------------------------------------------------------------------

GOLDEN_ANGLE = math.radians(137.508)
"""Angle between a point of a sunflower and the next, in radians (H. Vogel, Mathematical Biosciences 44, 1979)."""


def spiral(
    x_range: float, y_range: float, dr: float, nth: float, *, dr_y: float | None = None, tilt: float = 0.0
) -> Floats:
    """The (x, y) on rings around (0, 0) that lie in the region, from the inside out.

    Args:
        x_range: width of the region.
        y_range: its height.
        dr: distance between rings along x.
        nth: number of points on the first ring; ring n has n times as many.
        dr_y: distance between rings along y; None takes `dr`.
        tilt: angle by which the region's sides lean, in radians.

    Returns:
        The points in order, float64 [points, 2].

    Raises:
        PlanError: a length is not positive, or no point lies in the region.
    """
    aspect = _aspect(x_range, y_range, dr, dr_y, nth=nth)
    rings = 2 + int(np.hypot(x_range, y_range / aspect) / 2 / dr)
    require_not_too_many(nth * rings * (rings + 1) / 2)
    numbers = [int(ring * nth) for ring in range(1, rings + 1)]
    ring = np.repeat(np.arange(1, rings + 1), numbers)
    turn = np.concatenate([np.arange(number) for number in numbers])
    return _inside(ring * dr, 2 * np.pi * turn / (ring * nth), x_range, y_range, aspect, tilt)


def fermat_spiral(
    x_range: float, y_range: float, dr: float, factor: float, *, dr_y: float | None = None, tilt: float = 0.0
) -> Floats:
    """The (x, y) around (0, 0) that lie in the region, spread evenly like the seeds of a sunflower.

    Args:
        x_range: width of the region.
        y_range: its height.
        dr: the radius of point n is sqrt(n) * dr / factor, along x.
        factor: divides `dr`.
        dr_y: the same along y; None takes `dr`.
        tilt: angle by which the region's sides lean, in radians.

    Returns:
        The points in order, float64 [points, 2].

    Raises:
        PlanError: a length is not positive, or no point lies in the region.
    """
    aspect = _aspect(x_range, y_range, dr, dr_y, factor=factor)
    step = dr / factor
    last = int((1.5 * np.hypot(x_range, y_range / aspect) / 2 / step) ** 2)
    require_not_too_many(last / 2.25 / np.pi)  # those of the largest circle inside
    number = np.arange(1, last)
    return _inside(np.sqrt(number) * step, GOLDEN_ANGLE * number, x_range, y_range, aspect, tilt)


def _aspect(x_range: float, y_range: float, dr: float, dr_y: float | None, **others: float) -> float:
    dr_y = dr if dr_y is None else dr_y
    for name, value in {"x_range": x_range, "y_range": y_range, "dr": dr, "dr_y": dr_y, **others}.items():
        if not real_number(value, name) > 0:
            raise PlanError(f"{name} is {value}: it must be more than 0")
    return dr_y / dr


def _inside(radius: Any, angle: Any, x_range: float, y_range: float, aspect: float, tilt: float) -> Floats:
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    inside = (np.abs(x + y * np.tan(tilt)) <= x_range / 2) & (np.abs(y) <= y_range / aspect / 2)
    if not inside.any():
        raise PlanError(f"no point of the spiral lies in a region of {x_range} x {y_range}: take a smaller dr")
    return np.column_stack([x[inside], y[inside] * aspect])


def square_spiral(x_num: int, y_num: int) -> npt.NDArray[np.int64]:
    """The (column, row) of every cell of a grid, from the middle outwards along a square spiral, int64 [cells, 2].

    From the middle it goes right, down, left, up, each ring one cell wider.
    """
    x, y = np.indices((x_num, y_num)).reshape(2, -1)
    dx, dy = x - (x_num - 1) // 2, y - y_num // 2
    ring = np.maximum(abs(dx), abs(dy))
    sides = [(dx == ring) & (dy < ring), dy == -ring, dx == -ring]  # down, left, up; what remains goes right
    along_side = [ring - 1 - dy, 3 * ring - 1 - dx, 5 * ring - 1 + dy]
    turn = np.select(sides, along_side, default=7 * ring - 1 + dx)
    order = np.lexsort((turn, ring))
    return np.column_stack([x[order], y[order]])
