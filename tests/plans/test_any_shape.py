"""Scans of any shape: what is written down is what an independent description of the same points says."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp

counts = st.lists(st.integers(1, 4), min_size=1, max_size=3)
places = st.lists(st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=4, unique=True), min_size=1, max_size=3)
origins = st.integers(-3, 3).map(float)


class Hall:
    """Three motors at one place, and a detector."""

    def __init__(self, origin: float = 0.0) -> None:
        self.world = VirtualWorld()
        self.motors = [VirtualMotor(self.world, name, speed=1e6) for name in "xyz"]
        self.det = VirtualDetector(self.world, "det", motor=self.motors[0], time=0.0)
        self.origin = origin
        for motor in self.motors:
            motor.position = motor.target = origin

    def run(self, plan, dimensions: int) -> list[tuple[float, ...]]:
        core = self.world.run(plan)
        assert core.exit_status == "success", core.error
        self.start = self.world.docs[0][1]
        names = [motor.name for motor in self.motors[:dimensions]]
        return [tuple(data[name] for name in names) for data in self.world.final_data().values()]

    def is_back(self) -> bool:
        return all(motor.position == self.origin for motor in self.motors)


def snaked(axes, snaking):
    """The points of a grid in order: a row goes backwards if the rows before it, all told, are odd in number."""
    points = []
    for index in itertools.product(*(range(len(values)) for values in axes)):
        point, row = [], 0
        for values, i, snake in zip(axes, index, snaking, strict=True):
            point.append(values[-1 - i] if snake and row % 2 else values[i])
            row = row * len(values) + i
        points.append(tuple(point))
    return points


def wanted_snakes(draw, motors):
    """What `snake_axes` may be, and what it stands for."""
    kind = draw(st.sampled_from(["none", "all", "some"]))
    if kind != "some":
        return kind == "all", (False, *[kind == "all"] * (len(motors) - 1))
    named = [draw(st.booleans()) for _ in motors[1:]]
    return [motor for motor, snake in zip(motors[1:], named, strict=True) if snake], (False, *named)


@given(places, st.data(), st.booleans(), origins)
def test_a_grid_of_lists_visits_every_combination_in_order(axes, data, relative, origin):
    hall = Hall(origin)
    motors = hall.motors[: len(axes)]
    snake_axes, snaking = wanted_snakes(data.draw, motors)
    plan = bp.rel_list_grid_scan if relative else bp.list_grid_scan
    args = [item for axis in zip(motors, axes, strict=True) for item in axis]
    shift = origin if relative else 0.0
    visited = hall.run(plan([hall.det], *args, snake_axes=snake_axes), len(axes))
    assert visited == [tuple(value + shift for value in point) for point in snaked(axes, snaking)]
    assert hall.start["shape"] == tuple(map(len, axes))
    assert hall.start["snaking"] == snaking
    assert hall.start["num_points"] == math.prod(hall.start["shape"]) == len(visited)
    assert not relative or hall.is_back()


@given(counts, st.data(), st.booleans(), origins)
def test_a_grid_visits_every_combination_in_order(shape, data, relative, origin):
    hall = Hall(origin)
    motors = hall.motors[: len(shape)]
    snake_axes, snaking = wanted_snakes(data.draw, motors)
    plan = bp.rel_grid_scan if relative else bp.grid_scan
    args = [item for motor, n in zip(motors, shape, strict=True) for item in (motor, 1, n, n)]  # steps of 1
    shift = origin if relative else 0.0
    axes = [[1.0 + i + shift for i in range(n)] for n in shape]
    visited = hall.run(plan([hall.det], *args, snake_axes=snake_axes), len(shape))
    assert visited == snaked(axes, snaking)
    assert hall.start["shape"] == tuple(shape)
    assert hall.start["extents"] == tuple([values[0], values[-1]] for values in axes)
    assert not relative or hall.is_back()


@given(st.integers(1, 12), st.integers(-5, 5), st.integers(1, 5), st.booleans(), origins)
def test_a_scan_has_as_many_points_as_asked_at_equal_distances(num, begin, step, relative, origin):
    hall = Hall(origin)
    plan = bp.rel_scan if relative else bp.scan
    shift = origin if relative else 0.0
    visited = hall.run(plan([hall.det], hall.motors[0], begin, begin + step * (num - 1), num=num), 1)
    assert [x for (x,) in visited] == pytest.approx([begin + shift + step * i for i in range(num)])
    assert hall.start["num_points"] == hall.start["num_intervals"] + 1 == num
    assert not relative or hall.is_back()


@given(st.integers(1, 5), st.integers(1, 5), st.booleans(), origins)
def test_a_square_spiral_visits_each_cell_of_its_grid_once_outwards(columns, rows, relative, origin):
    hall = Hall(origin)
    x, y = hall.motors[:2]
    centre = () if relative else (0, 0)
    plan = bp.rel_spiral_square if relative else bp.spiral_square
    shift = origin if relative else 0.0
    visited = hall.run(plan([hall.det], x, y, *centre, columns - 1, rows - 1, columns, rows), 2)  # steps of 1
    cells = {(i - (columns - 1) / 2 + shift, j - (rows - 1) / 2 + shift) for i in range(columns) for j in range(rows)}
    assert set(visited) == cells
    assert len(visited) == len(cells)
    rings = [max(abs(a - visited[0][0]), abs(b - visited[0][1])) for a, b in visited]
    assert rings == sorted(rings)
    assert hall.start["shape"] == (rows, columns)


@given(st.integers(1, 9), st.booleans())
def test_a_count_has_as_many_readings_as_asked(num, alone):
    hall = Hall()
    assert len(hall.run(bp.count(hall.det if alone else [hall.det], num), 0)) == num
