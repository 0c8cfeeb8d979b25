"""Scans of many points are simulated in columns, with the result of one point after the other."""

import itertools
import math
import random

import numpy as np
import pytest

from beamshell import plans as bp
from beamshell.analysis.move_times import MoveSettings
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import LimitError
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.simulate import rehearse
from beamshell.simulate.many_points import Joined, move_durations
from beamshell.simulate.simulator import MAX_MESSAGES, PlanSimulator
from beamshell.timing.model import DeviceTiming, TimingModel


class Motor(SynAxis):
    """Speeds up as a motor record does, and takes out backlash."""

    estimates = 0

    def estimate_time_s(self, start, stop):
        self.estimates += 1
        return MoveSettings(2.0, 0.2, backlash=0.1, backlash_velocity=1.0, backlash_ramp_s=0.2).duration_s(start, stop)


@pytest.fixture
def x():
    return Motor(name="x", units="mm", limits=(-10, 10), value=1.0)


@pytest.fixture
def y():
    return Motor(name="y", units="mm", limits=(-10, 10))


@pytest.fixture
def det(x):
    return SynGauss(name="det", motor=x, exp=0.5)


TIMING = TimingModel(run_s=1, point_s=0.1, motors={"x": DeviceTiming(0.02, 1.1)}, detectors={"det": DeviceTiming(0.01)})


def one_by_one(plan, timing=None):
    simulator = PlanSimulator(timing or TimingModel())
    assert simulator.run(plan, 10 * MAX_MESSAGES, lambda _: None)
    return simulator.finished([])


CHANCE = random.Random(1)
ANY_PLACES = [CHANCE.uniform(-3, 3) for _ in range(800)]
SCANS = {
    "a line": lambda det, x, y: bp.scan([det], x, -1, 3, 300),
    "two motors together": lambda det, x, y: bp.scan([det], x, -1, 3, y, 5, -5, 300),
    "one that stands still": lambda det, x, y: bp.scan([det], x, -1, 3, y, 5, 5, 300),
    "around where it is": lambda det, x, y: bp.rel_scan([det], x, -1, 1, 200),
    "a logarithm": lambda det, x, y: bp.log_scan([det], x, -2, 0.9, 500),
    "a list": lambda det, x, y: bp.list_scan([det], x, [0.0, 0.1, 0.4] * 100),
    "integers": lambda det, x, y: bp.list_scan([det], x, [0, 1, 4] * 100),
    "any places": lambda det, x, y: bp.list_scan([det], x, ANY_PLACES),
    "dicts": lambda det, x, y: bp.scan_nd([det], [{x: n / 100, y: -n / 50} for n in range(300)]),
    "a grid": lambda det, x, y: bp.grid_scan([det], x, 0, 1, 12, y, 0, 9, 15),
    "a snake": lambda det, x, y: bp.grid_scan([det], x, 0, 1, 12, y, 0, 9, 15, snake_axes=True),
    "a spiral": lambda det, x, y: bp.spiral([det], x, y, 0, 0, 2, 2, 0.1, 4),
    "a sunflower": lambda det, x, y: bp.spiral_fermat([det], x, y, 0, 0, 2, 2, 0.1, 1),
    "a square spiral": lambda det, x, y: bp.rel_spiral_square([det], x, y, 2, 2, 15, 14),
    "regions": lambda det, x, y: bp.region_scan([det], x, [(0, 2, 0.01, 0.1), (2, 3, 0.005, 0.3), (3, 4, 0.1, 0.1)]),
    "regions without times": lambda det, x, y: bp.region_scan([det], x, [(0, 2, 0.01), (2, 3, 0.005)]),
    "a count time": lambda det, x, y: bp.mesh(x, 0, 1, 12, y, 0, 9, 15, 0.2, detectors=[det]),
    "a count": lambda det, x, y: bp.count([det], 300),
    "a count now and then": lambda det, x, y: bp.count([det], 300, 2),
    "a count with its own delays": lambda det, x, y: bp.count([det], 300, [n / 100 for n in range(299)]),
    "a run in a run's cleanup": lambda det, x, y: bpp.finalize_wrapper(bp.scan([det], x, 0, 1, 200), bps.mv(y, 3)),
    "another plan's distances": lambda det, x, y: bpp.relative_set_wrapper(bp.scan([det], x, 0, 1, 200)),
    "a peak to go to": lambda det, x, y: bp.lineup(x, -1, 1, 200, 0.1, detectors=[det]),
}


@pytest.mark.parametrize("timing", [None, TIMING], ids=["nominal", "measured"])
@pytest.mark.parametrize("name", SCANS)
def test_the_columns_say_what_one_point_after_the_other_says(name, timing, det, x, y):
    quick, slow = rehearse(SCANS[name](det, x, y), timing), one_by_one(SCANS[name](det, x, y), timing)
    assert quick.problems == slow.problems == []
    assert not quick.endless
    assert [point.positions for point in quick.points] == [point.positions for point in slow.points]
    assert {point.stream for point in quick.points} == {point.stream for point in slow.points}
    assert quick.path == slow.path
    assert quick.settings == slow.settings
    assert [p.time_s for p in quick.points] == pytest.approx([p.time_s for p in slow.points], rel=0.005)
    assert quick.duration_s == pytest.approx(slow.duration_s, rel=0.005)
    assert {name: quick.way(name) for name in quick.path} == pytest.approx({name: slow.way(name) for name in slow.path})
    assert quick.picture() == slow.picture()
    assert quick.trajectory() == slow.trajectory()


def counted(plan, numbers):
    """The plan; `numbers` gets its number of messages."""
    number, response = 0, None
    while True:
        try:
            msg = plan.send(response)
        except StopIteration:
            numbers.append(number)
            return
        number += 1
        response = yield msg


MANY = {
    "a line": lambda det, x, y, num: bp.scan([det], x, -1, 1, num),
    "a grid": lambda det, x, y, num: bp.grid_scan([det], y, 0, 1, num // 100, x, 0, 1, 100, snake_axes=True),
    "a list": lambda det, x, y, num: bp.list_scan([det], x, [math.sin(n) for n in range(num)]),
    "integers": lambda det, x, y, num: bp.list_scan([det], x, [n % 7 for n in range(num)]),
    "around where it is": lambda det, x, y, num: bp.rel_scan([det], x, -1, 1, num),
    "regions": lambda det, x, y, num: bp.region_scan([det], x, [(0, 4, 8 / num, 0.1), (4, 8, 8 / (num - 2), 0.3)]),
    "a count": lambda det, x, y, num: bp.count([det], num),
}


@pytest.mark.parametrize("name", MANY)
def test_a_hundred_thousand_points_take_no_more_messages_and_questions_than_a_thousand(name, det, x, y):
    messages, estimates = [], []
    for num in (1000, 100_000):
        x.estimates = 0
        simulation = rehearse(counted(MANY[name](det, x, y, num), messages))
        assert len(simulation.points) == num
        assert simulation.points[num - 1] == simulation.points[-1]
        estimates.append(x.estimates)
    assert messages[0] == messages[1] < 1500
    assert max(estimates) < 500


def test_a_count_of_a_year_is_timed_and_needs_no_memory_for_its_points(det):
    simulation = rehearse(bp.count([det], 60_000_000))
    assert simulation.duration_s == pytest.approx(60_000_000 * 0.5)
    assert (len(simulation.points), simulation.more_points) == (50, 60_000_000 - 50)
    assert not simulation.endless


def test_a_point_beyond_a_limit_among_a_hundred_thousand_is_named(det, x):
    (problem,) = rehearse(bp.scan([det], x, 0, 11, 100_001)).problems
    assert isinstance(problem, LimitError)
    assert str(problem) == "point 90911 of 100001: x: 10.0001 mm is above the limit 10 mm"


def test_a_motor_that_never_arrives_is_not_computed_in_columns(det, x):
    x.estimate_time_s = lambda start, stop: math.inf
    assert rehearse(bp.scan([det], x, -1, 3, 300)).duration_s == math.inf


def test_points_that_a_plan_of_ones_own_adds_are_all_there(det, x):
    def twice():
        for _ in range(2):
            yield from bp.scan([det], x, 0, 1, 500)
            yield from bps.mv(x, 5)

    simulation = rehearse(twice())
    assert simulation.summary().startswith("1000 points" if len(simulation.runs) == 1 else "1000 points in 2 runs")
    assert list(simulation.path["x"])[-2:] == [1.0, 5]


def test_a_joined_list_is_a_list_of_its_parts():
    joined = Joined([1.0, 2.0])
    joined.add(np.array([3.0, 4.0]))
    joined.append(5.0)
    assert joined == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [joined[n] for n in range(-5, 5)] == 2 * [1.0, 2.0, 3.0, 4.0, 5.0]
    assert {type(item) for item in joined} == {type(joined[2])} == {float}
    assert (joined[1:4], len(joined), repr(joined)) == ([2.0, 3.0, 4.0], 5, "[1.0, 2.0, 3.0, 4.0, 5.0]")
    with pytest.raises(IndexError):
        joined[5]


@pytest.mark.parametrize("number", [60, 5000])
def test_the_durations_of_many_moves_are_those_of_each(number):
    settings = MoveSettings(2.0, 0.2, backlash=0.1, backlash_velocity=1.0, backlash_ramp_s=0.2, delay_s=0.05)
    places = np.array([CHANCE.choice([0.0, 1.0, 1.5, 4.0]) for _ in range(number)])
    expected = [settings.duration_s(a, b) for a, b in itertools.pairwise(places.tolist())]
    assert move_durations(places, settings.duration_s).tolist() == pytest.approx(expected)
    assert move_durations(np.ones(5), settings.duration_s).tolist() == [0.0] * 4
