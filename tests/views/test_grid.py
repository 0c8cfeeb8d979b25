"""Where each point of a grid scan is in its image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_documents import data_key

from beamshell import plans as bp
from beamshell.views.grid import edges, grid_of, is_grid

EXPECTED = [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]


def snake(offset=0.0):
    cells = [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]
    return [(row + offset, column / 2 + offset, 10.0 * row + column) for row, column in cells]


@pytest.fixture
def image_of(make_run):
    def image_of(rows, **start):
        (_, start), (_, descriptor), *events, _ = make_run(["samy", "samx"], ["det"], rows, shape=(2, 3), **start)
        grid = grid_of(start, descriptor)
        for _, event in events:
            grid.add(event)
        return grid.image()

    return image_of


def test_a_snake_is_laid_out_by_its_positions(image_of):
    values, x, y = image_of(snake(), extents=([0, 1], [0, 1]))
    assert values.tolist() == EXPECTED
    assert (x.tolist(), y.tolist()) == ([0, 0.5, 1], [0, 1])


def test_a_grid_scanned_downwards_is_the_same_picture(image_of):
    assert image_of(snake()[::-1], extents=([1, 0], [1, 0])).values.tolist() == EXPECTED


def test_a_relative_snake_is_laid_out_by_its_numbers(image_of):
    values, x, y = image_of(snake(50.0), extents=([-0.5, 0.5], [-0.5, 0.5]), snaking=(False, True))
    assert values.tolist() == EXPECTED
    assert (x.tolist(), y.tolist()) == ([50, 50.5, 51], [50, 51])


def test_the_rest_of_a_grid_that_was_continued_is_laid_out_by_its_numbers_in_the_whole_grid(image_of):
    values = image_of(snake(50.0)[2:], extents=([-0.5, 0.5], [-0.5, 0.5]), snaking=(False, True), continued_at=3).values
    assert np.isnan(values).tolist() == [[True, True, False], [False] * 3]
    assert values[1].tolist() == EXPECTED[1]


@pytest.mark.parametrize("odd", [None, "off", [1.0, 2.0], np.array([1.0, 2.0])])
def test_a_value_that_is_no_number_leaves_its_cell_empty(image_of, odd):
    rows = snake()
    rows[1] = (*rows[1][:2], odd)
    values = image_of(rows, extents=([0, 1], [0, 1])).values
    assert np.isnan(values).tolist() == [[False, True, False], [False] * 3]


def test_what_is_not_measured_yet_is_empty(image_of):
    values, *_ = image_of(snake()[:4], extents=([0, 1], [0, 1]))
    assert np.isnan(values).tolist() == [[False] * 3, [True, True, False]]


def test_before_the_first_point_all_is_empty(image_of):
    assert np.isnan(image_of([], extents=([0, 1], [0, 1])).values).all()


@pytest.mark.parametrize("start", [{}, {"shape": (2,)}, {"shape": (0, 3)}])
def test_a_run_over_no_rectangle_of_two_motors_is_no_grid(make_run, start):
    (_, document), *_ = make_run(["samy", "samx"], ["det"], [], **start)
    assert not is_grid(document)


# ---- the points of the plans themselves ------------------------------------------------------------


class Named:
    """A device for plans that are looked at and not run."""

    def __init__(self, name):
        self.name = name
        self.hints = {"fields": [name]}

    def read(self):
        raise NotImplementedError


class Motor(Named):
    def locate(self):
        raise NotImplementedError

    def set(self, value):
        raise NotImplementedError


SLOW, FAST, DET = Motor("samy"), Motor("samx"), Named("det")


def walk(plan):
    """The start document of a plan, and the (slow, fast) positions of its points."""
    start, at, points = {}, {}, []
    response = None
    while True:
        try:
            msg = plan.send(response)
        except StopIteration:
            return start, points
        response = "uid" if msg.command == "open_run" else None
        if msg.command == "locate":
            response = {"setpoint": 7.0, "readback": 7.0}
        elif msg.command == "open_run":
            start = dict(msg.kwargs)
        elif msg.command == "set":
            at[msg.obj] = msg.args[0]
        elif msg.command == "save":
            points.append((at[SLOW], at[FAST]))


def documents(plan, *, setpoints, noise=lambda: 0.0):
    """The grid of a plan with its points added, by the order in which they were measured."""
    start, points = walk(plan)
    names = ["samy", "samx"]
    objects = {name: [name, f"{name}_setpoint"] if setpoints else [name] for name in names}
    keys = [*itertools.chain.from_iterable(objects.values()), "det"]
    descriptor = {
        "name": "primary",
        "data_keys": {key: data_key() for key in keys},
        "object_keys": {**objects, "det": ["det"]},
        "hints": {name: {"fields": [name]} for name in [*names, "det"]},
    }
    grid = grid_of(start, descriptor)
    for number, (slow, fast) in enumerate(points, start=1):
        data = {"samy": slow + noise(), "samx": fast + noise(), "det": float(number)}
        if setpoints:
            data |= {"samy_setpoint": slow, "samx_setpoint": fast}
        grid.add({"seq_num": number, "data": data})
    return grid, points


def assert_right(grid, points):
    """Each point is in the cell at its positions, and no other cell has a value."""
    image = grid.image()
    assert image is not None
    assert np.isfinite(image.values).sum() == len(points)
    for number, (slow, fast) in enumerate(points, start=1):
        row, column = np.argwhere(image.values == number)[0]
        assert (image.y[row], image.x[column]) == pytest.approx((slow, fast))


uneven = st.lists(st.integers(-20, 20), min_size=1, max_size=5, unique=True)


@given(uneven, uneven, st.booleans(), st.booleans(), st.booleans())
def test_uneven_grids_keep_each_point_at_its_positions(slow, fast, snaking, is_relative, setpoints):
    plan = (bp.rel_list_grid_scan if is_relative else bp.list_grid_scan)(
        [DET], SLOW, slow, FAST, fast, snake_axes=snaking
    )
    assert_right(*documents(plan, setpoints=setpoints))


@given(st.integers(1, 5), st.integers(1, 5), st.booleans(), st.booleans())
def test_even_grids_in_either_direction_and_of_one_row_or_column_are_right(rows, columns, snaking, setpoints):
    plan = bp.grid_scan([DET], SLOW, 3, -1, rows, FAST, -2, 5, columns, snake_axes=snaking)
    assert_right(*documents(plan, setpoints=setpoints))


@pytest.mark.parametrize("make", [bp.spiral_square, bp.grid_scan])
@pytest.mark.parametrize("noise", [0.02, 0.3, 3.0])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("setpoints", [True, False])
def test_noisy_readbacks_make_the_right_image_or_none(make, noise, seed, setpoints):
    random = np.random.default_rng(seed)
    spiral = make is bp.spiral_square
    arguments = (FAST, SLOW, 0, 0, 6, 4, 7, 5) if spiral else (SLOW, -2, 2, 5, FAST, -3, 3, 7)
    grid, points = documents(make([DET], *arguments), setpoints=setpoints, noise=lambda: random.normal(0, noise))
    if setpoints or noise < 0.1:
        assert_right(grid, points)
    elif spiral or noise > 1:
        assert grid.image() is None
    else:
        values = grid.image().values
        assert values.tolist() == (np.arange(35.0) + 1).reshape(5, 7).tolist()


def test_two_points_in_each_cell_are_not_laid_out_by_their_numbers(image_of):
    twice = [point for point in snake(50.0)[:3] for _ in range(2)]
    assert image_of(twice, extents=([0, 1], [0, 1])) is None


def test_a_relative_scan_that_does_not_say_whether_it_snakes_is_right_at_each_point(image_of):
    for points, expected in ((snake(50.0), EXPECTED), (sorted(snake(50.0)), EXPECTED)):
        for number in range(1, 7):
            values = image_of(points[:number], extents=([0, 1], [0, 1]), snaking=None).values
            measured = np.isfinite(values)
            assert measured.sum() == number
            assert values[measured].tolist() == np.array(expected)[measured].tolist()


def test_positions_that_nobody_recorded_make_no_image(make_run):
    (_, start), (_, descriptor), *_ = make_run(["samy", "samx"], ["det"], [], shape=(2, 3))
    assert grid_of(start, descriptor) is None


def test_a_position_visited_twice_makes_no_image_because_one_would_hide_the_other():
    assert documents_of_repeated_row() is None


def documents_of_repeated_row():
    start, _ = walk(bp.list_grid_scan([DET], SLOW, [0, 1, 0], FAST, [0, 1]))
    keys = ["samy", "samx", "det"]
    descriptor = {
        "name": "primary",
        "data_keys": {key: data_key() for key in keys},
        "object_keys": {key: [key] for key in keys},
        "hints": {key: {"fields": [key]} for key in keys},
    }
    return grid_of(start, descriptor)


def test_a_cell_reaches_half_way_to_its_neighbours():
    assert edges(np.array([0.0, 1.0, 5.0])).tolist() == [-0.5, 0.5, 3.0, 7.0]
    assert edges(np.array([3.0])).tolist() == [2.5, 3.5]
