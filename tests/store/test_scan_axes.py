"""The axes of a scan, and the cells of a grid."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.plans import patterns
from beamshell.store.scan_axes import ScanAxes, axes_of


def grid_start(*shape, snaking=(), gridding="rectilinear", **more):
    motors = ["samz", "samy", "samx"][-len(shape) :]
    hints = {"dimensions": [[[motor], "primary"] for motor in motors], "gridding": gridding}
    return {"hints": hints, "shape": list(shape), "snaking": list(snaking) or [False] * len(shape), **more}


def columns_of(axes, snaking, **more):
    """The positions of a grid as its plan visits them."""
    points = patterns.grid(list(axes.items()), snaking)
    columns = {motor: np.array([point[motor] for point in points], dtype=float) for motor in axes}
    return {"seq_num": np.arange(1, len(points) + 1), **columns, **more}


AXES = {"samz": [0.0, 1.0], "samy": [5.0, 6.0, 7.0], "samx": [0.0, 0.1, 0.2, 0.3]}


@pytest.mark.parametrize(
    "snaking", [(False, False, False), (False, True, True), (False, True, False), (False, False, True)]
)
def test_each_point_of_a_grid_has_the_cell_of_its_position_whichever_axis_snakes(snaking):
    columns = columns_of(AXES, snaking)
    axes = axes_of(grid_start(2, 3, 4, snaking=snaking), "primary")
    cells = axes.cells(columns)
    for axis, (motor, positions) in enumerate(AXES.items()):
        assert np.array(positions)[cells[axis]].tolist() == columns[motor].tolist()
        assert axes.positions(axis, columns, cells).tolist() == positions


def test_the_points_of_a_continued_run_go_on_where_the_first_has_ended():
    columns = columns_of(AXES, (False, True, True))
    rest = {name: column[5:] for name, column in columns.items()} | {"seq_num": np.arange(1, 20)}
    start = grid_start(2, 3, 4, snaking=(False, True, True), continued_at=6)
    axes = axes_of(start, "primary")
    whole = axes_of(start | {"continued_at": 1}, "primary")
    assert axes.cells(rest).tolist() == whole.cells(columns)[:, 5:].tolist()


def test_rows_that_were_not_measured_have_the_planned_positions():
    columns = {name: column[:2] for name, column in columns_of(AXES, (False,) * 3).items()}
    axes = axes_of(grid_start(2, 3, 4, extents=[[0, 1], [5, 7], [0, 0.3]]), "primary")
    cells = axes.cells(columns)
    assert axes.positions(1, columns, cells).tolist() == [5, 6, 7]
    assert axes.positions(2, columns, cells).tolist() == pytest.approx([0, 0.1, 0.2, 0.3])
    unknown = axes_of(grid_start(2, 3, 4, gridding=None), "primary")
    assert np.isnan(unknown.positions(1, columns, cells)).tolist() == [False, True, True]


def test_planned_positions_fall_where_the_scan_went_down():
    columns = {"seq_num": np.array([1]), "samy": np.array([7.0]), "samx": np.array([0.3])}
    axes = axes_of(grid_start(3, 4, extents=[[5, 7], [0, 0.3]]), "primary")
    assert axes.positions(0, columns, axes.cells(columns)).tolist() == [7, 6, 5]


def test_setpoints_say_the_positions_where_they_are_recorded():
    noisy = np.array([0.01, 1.02, -0.01, 0.97])
    columns = {"seq_num": np.arange(1, 5), "samy": noisy, "samx": noisy, "samx_setpoint": np.array([0.0, 1, 0, 1])}
    axes = axes_of(grid_start(2, 2), "primary")
    cells = axes.cells(columns)
    assert axes.positions(1, columns, cells).tolist() == [0, 1]
    assert axes.positions(0, columns, cells).tolist() == pytest.approx([0.515, 0.48])


def test_rows_that_were_not_measured_have_the_positions_that_were_typed():
    columns = {name: column[:2] + 10 for name, column in columns_of(AXES, (False,) * 3).items()}  # a relative scan
    columns["seq_num"] -= 10
    args = [word for motor, positions in AXES.items() for word in (motor, positions)]
    axes = axes_of(grid_start(2, 3, 4, gridding=None, plan_args={"args": args}), "primary")
    assert [positions.tolist() for positions in axes.grid(columns).positions] == [
        [10, 11],
        [15, 16, 17],
        pytest.approx([10, 10.1, 10.2, 10.3]),
    ]


def test_points_that_are_not_where_their_cells_are_make_no_grid():
    columns = columns_of({"samy": [0, 1], "samx": [0, 1, 2]}, (False, False))
    axes = axes_of(grid_start(2, 3), "primary")
    assert axes.grid(columns) is not None
    columns["samx"][1] = 0.2
    assert axes.grid(columns) is None


@pytest.mark.parametrize("snaking", [(False, False), (False, True)])
def test_a_grid_that_does_not_say_if_it_snakes_is_as_its_points_are(snaking):
    columns = columns_of({"samy": [0, 1], "samx": [0, 1, 2]}, snaking)
    start = grid_start(2, 3)
    del start["snaking"]
    grid = axes_of(start, "primary").grid(columns)
    assert grid.cells[1].tolist() == columns["samx"].tolist()


@pytest.mark.parametrize("number", [0, -1])
def test_points_numbered_from_anything_but_one_are_no_grid(number):
    columns = columns_of({"samy": [0, 1], "samx": [0, 1]}, (False, False)) | {"seq_num": np.arange(4) + number}
    assert axes_of(grid_start(2, 2), "primary").grid(columns) is None


def test_a_shape_beyond_all_scans_takes_no_memory():
    columns = {"seq_num": np.array([1]), "samy": np.array([0.0]), "samx": np.array([0.0])}
    assert axes_of(grid_start(10**6, 10**6), "primary").grid(columns) is None


def test_a_grid_that_is_not_measured_row_by_row_has_its_cells_by_position():
    start = grid_start(3, 3, gridding="rectilinear_nonsequential", extents=[[0, 2], [0, 2]])
    spiral = patterns.square_spiral(3, 3)
    columns = {"seq_num": np.arange(1, 10), "samx": spiral.T[0].astype(float), "samy": spiral.T[1].astype(float)}
    axes = axes_of(start, "primary")
    assert axes.cells(columns).tolist() == [columns["samy"].tolist(), columns["samx"].tolist()]
    columns["samx"][4] += 0.4
    assert axes.cells(columns) is None


def test_more_points_than_cells_are_no_grid():
    columns = columns_of({"samy": [0, 1], "samx": [0, 1]}, (False, False))
    assert axes_of(grid_start(1, 3), "primary").cells(columns) is None


@pytest.mark.parametrize(
    ("start", "line"),
    [
        ({"hints": {"dimensions": [[["th"], "primary"]]}}, "th"),
        ({"hints": {"dimensions": [[["th", "tth"], "primary"]]}}, "th"),
        ({"hints": {"dimensions": [[["th"], "primary"], [["tth"], "primary"]]}}, "seq_num"),
        ({"hints": {"dimensions": [[["gone"], "primary"]]}}, "seq_num"),
        ({"hints": {"dimensions": [[["th"], "fly"]]}}, "time"),
        ({"hints": {"dimensions": [[["time"], "primary"]]}}, "time"),
        ({}, "time"),
    ],
)
def test_a_scan_that_is_no_grid_has_one_axis(start, line):
    columns = {"seq_num": np.arange(2), "th": np.zeros(2), "tth": np.zeros(2)}
    axes = axes_of(start, "primary")
    assert axes.cells(columns) is None
    assert axes.line(columns) == line


@pytest.mark.parametrize(
    "start",
    [
        {"hints": 5},
        {"hints": {"dimensions": 5}},
        {"hints": {"dimensions": [5]}},
        {"hints": {"dimensions": [[5, "primary"]]}},
        {"hints": {"dimensions": [[[], "primary"]]}},
    ],
)
def test_hints_of_any_kind_are_read(start):
    assert axes_of(start, "primary") == ScanAxes()


@pytest.mark.parametrize("shape", [5, [2], [2, "3"], [0, 4], [2, True], "ab", None])
def test_a_shape_that_is_none_makes_no_grid(shape):
    start = grid_start(2, 3, extents="ab") | {"shape": shape, "snaking": 5}
    assert axes_of(start, "primary").shape == ()


@pytest.mark.parametrize("odd", [-5, "ab", [], [[0, 1]], [[0, "1"], 5], [[0, 10**400], [0, 1]], {"args": 5}, 0.5])
def test_positions_of_any_kind_are_read(odd):
    start = grid_start(2, 3, extents=odd, plan_args=odd) | {"snaking": odd}
    start2 = grid_start(2, 3, plan_args={"args": odd}, continued_at=odd)
    for document in (start, start2):
        axes = axes_of(document, "primary")
        assert (axes.shape, axes.extents, axes.measured_before) == ((2, 3), (), 0)
