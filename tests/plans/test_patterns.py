import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import LimitError, PlanError
from beamshell.plans import patterns
from beamshell.plans.arguments import whole_number


class Motor:
    def __init__(self, name="m"):
        self.name = name


X, Y, Z = Motor("x"), Motor("y"), Motor("z")
lengths = st.integers(1, 6)
finite = st.floats(-1e6, 1e6)


@given(finite, finite, st.integers(2, 50))
def test_positions_have_both_ends_and_equal_steps(start, stop, num):
    values = patterns.positions(start, stop, num)
    assert len(values) == num
    assert values[0] == start
    assert values[-1] == pytest.approx(stop, abs=1e-9)
    steps = [b - a for a, b in itertools.pairwise(values)]
    assert all(step == pytest.approx((stop - start) / (num - 1), abs=1e-6) for step in steps)


@pytest.mark.parametrize("bad", [0, -1, 2.5, True, "3", None])
def test_a_number_of_points_is_whole_and_at_least_one(bad):
    with pytest.raises(PlanError, match="num is"):
        whole_number(bad)


@pytest.mark.parametrize(
    ("absurd", "shown"), [(10**300, "1e+300"), (10**400, "1e+400"), (1e300, "1e+300"), (10**7, "10 000 000")]
)
def test_an_absurd_number_of_points_is_named_in_one_line(absurd, shown):
    with pytest.raises(PlanError) as info:
        whole_number(absurd)
    assert str(info.value) == f"num is {shown}: a scan has at most 1 000 000 points"


def test_an_absurd_negative_number_of_points_is_named_in_one_line():
    with pytest.raises(PlanError, match=r"num is -1e\+300: a scan has at least 1 point"):
        whole_number(-(10**300))


def test_arguments_that_do_not_come_out_even_are_refused_with_the_form():
    with pytest.raises(PlanError, match=r"5 arguments where groups of 3 belong: motor, start, stop"):
        patterns.chunked((X, 1, 2, Y, 3), 3, "motor, start, stop")


@given(st.lists(lengths, min_size=1, max_size=3))
def test_a_grid_has_every_combination_once(shape):
    axes = [(motor, list(range(n))) for motor, n in zip((X, Y, Z), shape, strict=False)]
    points = patterns.grid(axes, [False] * len(axes))
    assert len({tuple(point.values()) for point in points}) == len(points) == math.prod(shape)
    assert [tuple(point.values()) for point in points] == sorted(tuple(point.values()) for point in points)


@given(st.lists(lengths, min_size=1, max_size=3), st.data())
def test_a_snake_visits_the_same_points_as_the_grid(shape, data):
    axes = [(motor, list(range(n))) for motor, n in zip((X, Y, Z), shape, strict=False)]
    snaked = [False, *(data.draw(st.booleans()) for _ in axes[1:])]
    plain, snake = patterns.grid(axes, [False] * len(axes)), patterns.grid(axes, snaked)
    assert sorted(tuple(p.values()) for p in snake) == sorted(tuple(p.values()) for p in plain)


@given(st.lists(lengths, min_size=1, max_size=3))
def test_a_grid_that_snakes_on_all_axes_moves_one_motor_by_one_step(shape):
    axes = [(motor, list(range(n))) for motor, n in zip((X, Y, Z), shape, strict=False)]
    points = patterns.grid(axes, patterns.snakes([m for m, _ in axes], True))
    for before, after in itertools.pairwise(points):
        assert sum(abs(after[m] - before[m]) for m in before) == 1


def test_only_the_axes_named_snake():
    points = patterns.grid([(X, [0, 1]), (Y, [0, 1]), (Z, [0, 1])], patterns.snakes([X, Y, Z], [Z]))
    assert [(p[Y], p[Z]) for p in points] == [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0)]


def test_the_slowest_axis_cannot_snake():
    with pytest.raises(PlanError, match="x is the slowest axis"):
        patterns.snakes([X, Y], [X])


def test_an_axis_that_is_not_scanned_cannot_snake():
    with pytest.raises(PlanError, match="z is in snake_axes but is not scanned"):
        patterns.snakes([X, Y], [Z])


def test_lists_that_step_together_have_one_length():
    with pytest.raises(PlanError, match="x 2, y 3"):
        patterns.together([(X, [1, 2]), (Y, [1, 2, 3])])


def test_a_motor_given_twice_is_refused():
    with pytest.raises(PlanError, match="x is given twice"):
        patterns.unique([X, Y, X])


def test_extents_are_the_lowest_and_highest_of_each_motor():
    assert patterns.extents([{X: 1, Y: 5}, {X: -2, Y: 7}]) == ([-2, 1], [5, 7])


def test_a_refused_point_is_named_and_its_error_keeps_its_kind():
    def check(motor, position):
        if position > 10:
            raise LimitError(f"{motor.name}: {position} mm is above the limit 10 mm")

    with pytest.raises(LimitError, match=r"point 3 of 4: x: 11 mm is above the limit 10 mm"):
        patterns.check_points([{X: 1}, {X: 2}, {X: 11}, {X: 12}], check)


# ---- spirals -------------------------------------------------------------------------------------

sizes = st.floats(0.5, 10)


@given(sizes, sizes, st.floats(0.2, 0.5), st.integers(1, 8), st.floats(0.2, 0.5), st.floats(0, 0.5))
def test_a_spiral_stays_in_its_region_and_goes_outwards(width, height, dr, nth, dr_y, tilt):
    try:
        points = patterns.spiral(width, height, dr, nth, dr_y=dr_y, tilt=tilt)
    except PlanError:
        return  # the region is too narrow for the first ring
    aspect = dr_y / dr
    assert all(abs(y) <= height / 2 + 1e-9 for _, y in points)
    assert all(abs(x + y / aspect * math.tan(tilt)) <= width / 2 + 1e-9 for x, y in points)
    rings = [math.hypot(x, y / aspect) / dr for x, y in points]
    assert rings == pytest.approx([round(ring) for ring in rings])
    assert [round(ring) for ring in rings] == sorted(round(ring) for ring in rings)


@given(sizes, sizes, st.floats(0.2, 0.4), st.floats(0.5, 2), st.floats(0.2, 0.4))
def test_a_fermat_spiral_fills_its_region_evenly(width, height, dr, factor, dr_y):
    points = patterns.fermat_spiral(width, height, dr / 4, factor, dr_y=dr_y / 4)
    assert all(abs(x) <= width / 2 and abs(y) <= height / 2 for x, y in points)
    area_of_one = math.pi * dr * dr_y / 16 / factor**2
    assert len(points) * area_of_one == pytest.approx(width * height, rel=0.25, abs=12 * area_of_one)


@given(st.integers(1, 7), st.integers(1, 7))
def test_a_square_spiral_visits_every_cell_once_from_the_middle(x_num, y_num):
    cells = [tuple(cell) for cell in patterns.square_spiral(x_num, y_num).tolist()]
    assert sorted(cells) == [(x, y) for x in range(x_num) for y in range(y_num)]
    assert cells[0] == ((x_num - 1) // 2, y_num // 2)


def test_a_square_spiral_of_a_square_moves_one_cell_at_a_time():
    cells = patterns.square_spiral(5, 5)
    assert all(abs(a - c) + abs(b - d) == 1 for (a, b), (c, d) in itertools.pairwise(cells))


def test_a_single_column_stands_in_the_middle():
    assert patterns.around(3.0, 10.0, 1) == [3.0]


@pytest.mark.parametrize("bad", [{"dr": 0}, {"x_range": -1}, {"dr_y": 0}, {"nth": 0}])
def test_a_spiral_without_a_size_is_refused(bad):
    with pytest.raises(PlanError, match=f"{next(iter(bad))} is"):
        patterns.spiral(**{"x_range": 1, "y_range": 1, "dr": 0.1, "nth": 4, **bad})


def test_a_spiral_with_no_point_in_its_region_is_refused():
    with pytest.raises(PlanError, match="take a smaller dr"):
        patterns.spiral(1, 1, 5, 4)


# ---- many points ---------------------------------------------------------------------------------


class LimitedMotor(Motor):
    """A motor between 0 and 10 that counts how often it is asked."""

    def __init__(self, name="m", *, accepts_all_between=False):
        super().__init__(name)
        self.accepts_all_between = accepts_all_between
        self.asked = 0

    def check(self, position):
        self.asked += 1
        if not 0 <= position <= 10:
            raise LimitError(f"{self.name}: {position:g} is outside")


def check(motor, position):
    motor.check(position)


def test_a_position_that_comes_often_is_checked_once():
    slow, fast = LimitedMotor("slow"), LimitedMotor("fast")
    points = patterns.grid([(slow, [1.0, 2.0]), (fast, patterns.positions(0, 10, 500))], [False, False])
    patterns.check_points(points, check)
    assert (slow.asked, fast.asked, len(points)) == (2, 500, 1000)


def test_of_a_motor_with_limits_alone_the_ends_of_a_hundred_thousand_points_are_checked():
    motor = LimitedMotor(accepts_all_between=True)
    patterns.check_points(patterns.together([(motor, patterns.positions(0, 10, 100_000))]), check)
    assert motor.asked == 2


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_the_first_refused_point_is_named_whatever_the_motor_says_of_its_limits(places):
    messages = []
    for accepts_all_between in (False, True):
        motor = LimitedMotor(accepts_all_between=accepts_all_between)
        try:
            patterns.check_points(patterns.together([(motor, places)]), check)
            messages.append("")
        except LimitError as exc:
            messages.append(str(exc))
    assert messages[0] == messages[1]


def test_of_two_motors_the_earlier_refused_point_is_named():
    x, y = LimitedMotor("x"), LimitedMotor("y")
    with pytest.raises(LimitError, match="point 2 of 3: y: 12 is outside"):
        patterns.check_points(patterns.together([(x, [1, 2, 13]), (y, [1, 12, 3])]), check)


def test_points_are_a_sequence_of_positions_by_motor():
    points = patterns.together([(X, [1, 2, 3]), (Y, [4, 5, 6])])
    assert (len(points), points[1], points[-1]) == (3, {X: 2, Y: 5}, {X: 3, Y: 6})
    assert list(points) == [points[0], points[1], points[2]]
    assert list(points[1:]) == [{X: 2, Y: 5}, {X: 3, Y: 6}]


def test_a_square_spiral_of_one_long_row_goes_to_both_ends_by_turns():
    cells = patterns.square_spiral(100_001, 1)
    assert cells[:5].tolist() == [[50_000, 0], [50_001, 0], [49_999, 0], [50_002, 0], [49_998, 0]]
    assert sorted(cells[:, 0].tolist()) == list(range(100_001))


@pytest.mark.parametrize(
    "make",
    [
        lambda: patterns.together([(X, patterns.line(0, 1, 2500))]),
        lambda: patterns.grid([(X, patterns.line(0, 1, 50)), (Y, [0.0, 1.0] * 25)], [False, True]),
        lambda: patterns.Points(dict(zip((X, Y), patterns.spiral(2, 2, 0.02, 4).T, strict=True))),
    ],
)
def test_a_million_points_are_kept_as_arrays_and_given_out_as_plain_floats(make):
    points = make()
    assert all(column.dtype == float for column in points.columns.values())
    assert {type(position) for point in points for position in point.values()} == {float}
    assert [list(points)[n] for n in (0, 999, 1000, -1)] == [points[n] for n in (0, 999, 1000, -1)]
    assert {type(end) for extent in patterns.extents(points) for end in extent} == {float}


def test_positions_that_are_no_floats_stay_as_they_were_given():
    points = patterns.grid([(X, ["in", "out"]), (Y, [1, 2])], [False, True])
    assert list(points) == [{X: "in", Y: 1}, {X: "in", Y: 2}, {X: "out", Y: 2}, {X: "out", Y: 1}]
    assert {type(point[Y]) for point in points} == {int}
