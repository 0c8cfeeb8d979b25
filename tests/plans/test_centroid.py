"""tune_centroid: it ends on the peak, or it fails and the motor is where it was."""

import math
from types import SimpleNamespace

import document_rules
import numpy as np
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import NoFit

CENTRE, WIDTH, ORIGIN = 1.3, 0.4, 0.25


@pytest.fixture
def here():
    """A motor at 0.25 deg, and a detector that sees a peak at 1.3 deg."""
    world = VirtualWorld()
    motor = VirtualMotor(world, "th", speed=100.0)
    motor.position = motor.target = ORIGIN
    motor.units, motor.precision = "deg", 3
    det = VirtualDetector(world, "det", motor=motor, time=0.0)
    here = SimpleNamespace(world=world, motor=motor, det=det)
    sees(here, lambda th, _: bell(th))
    return here


def bell(th, centre=CENTRE, width=WIDTH):
    return math.exp(-(((th - centre) / width) ** 2) / 2)


def sees(here, curve):
    """Let the detector see this function of the position and the number of readings before."""
    readings = iter(range(1_000_000))
    here.det.read = lambda: {"det": {"value": curve(here.motor.position, next(readings)), "timestamp": 0.0}}


def places(world):
    return [data["th"] for data in world.final_data().values()]


def tune(here, start=-1, stop=4, min_step=0.01, **more):
    core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, start, stop, min_step, **more))
    document_rules.check(here.world.docs)
    return core


def assert_failed_and_back(here, core, *words):
    assert isinstance(core.error, NoFit), core.error
    assert all(word in str(core.error) for word in words), str(core.error)
    assert str(core.error).endswith("; th goes back to 0.250 deg")
    assert here.motor.position == ORIGIN
    assert here.world.docs[-1][1]["exit_status"] == "fail"


@pytest.mark.parametrize("snake", [False, True])
def test_it_ends_on_the_middle_of_the_peak_with_a_point_there(here, snake):
    core = tune(here, snake=snake)
    assert core.exit_status == "success", core.error
    assert here.motor.position == pytest.approx(CENTRE, abs=0.02)
    assert places(here.world)[-1] == here.motor.position


def test_each_pass_has_all_its_points_and_is_narrower(here):
    sees(here, lambda th, _: round(1000 * bell(th)))  # as counts: six values of unknown noise would be too few
    tune(here, min_step=0.1, num=6, step_factor=2)
    visited = places(here.world)[:-1]
    widths = [visited[i + 5] - visited[i] for i in range(0, len(visited), 6)]
    assert widths == pytest.approx([5, 2.5, 1.25, 0.625])


def test_without_a_signal_there_is_no_centroid(here):
    sees(here, lambda th, _: 0.0)
    assert_failed_and_back(here, tune(here), "det is 0 from -1.000 to 4.000 deg: there is no peak to go to")


def test_it_is_not_pulled_by_a_background(here):
    sees(here, lambda th, _: 50 + bell(th))
    assert tune(here).exit_status == "success"
    assert here.motor.position == pytest.approx(CENTRE, abs=0.02)


def test_a_smallest_step_above_the_first_one_is_refused(here):
    assert (
        str(tune(here, min_step=2).error) == "min_step is 2, above the first step, 0.555556: nothing would be measured"
    )
    assert here.world.docs == []


def test_a_range_of_no_width_is_refused(here):
    assert str(tune(here, 1, 1).error) == "start and stop are both 1: give a range"
    assert here.world.docs == []


def test_it_never_leaves_its_range(here):
    sees(here, lambda th, _: bell(th, 0.9, 0.3))
    tune(here, -1, 1.0, 0.02)
    assert max(places(here.world)) <= 1.0
    assert min(places(here.world)) >= -1.0


# ---- counts, seen in many noisy scans ------------------------------------------------------------


def many(here, curve, scans=20, min_step=0.01, **more):
    """The final positions of the scans that succeeded; the others have put the motor back."""
    ends = []
    for seed in range(scans):
        random = np.random.default_rng(seed)
        sees(here, lambda th, number, random=random: int(random.poisson(curve(th, number))))
        here.motor.position = here.motor.target = ORIGIN
        core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, 0, 2, min_step, **more))
        if core.exit_status == "success":
            ends.append(here.motor.position)
        else:
            assert isinstance(core.error, NoFit), core.error
            assert here.motor.position == ORIGIN
    return ends


@pytest.mark.parametrize("num", [10, 21])
def test_a_narrow_peak_is_gone_to_in_every_scan(here, num):
    ends = many(here, lambda th, _: 10 + 100 * bell(th, width=0.1), num=num)
    assert len(ends) == 20
    assert np.abs(np.array(ends) - CENTRE).max() < 0.03


def test_a_broad_peak_is_gone_to_though_its_last_scans_are_narrower_than_its_centroid_is_known(here):
    ends = many(here, lambda th, _: 10 + 1000 * bell(th, 1.0, 0.3), num=21, min_step=0.001)
    assert len(ends) == 20
    assert np.abs(np.array(ends) - 1.0).max() < 0.05


@pytest.mark.parametrize(
    ("num", "curve"),
    [
        pytest.param(10, lambda th, _: 10 + 1000 * bell(th, 0.5, 0.1) + 900 * bell(th, 1.5, 0.1), id="two peaks"),
        pytest.param(41, lambda th, _: 10 + 1000 * bell(th, 0.5, 0.1) + 900 * bell(th, 1.5, 0.1), id="two fine peaks"),
        pytest.param(10, lambda th, number: 1e5 if number == 7 else 10, id="hot point"),
        pytest.param(21, lambda th, number: 1e5 if number == 7 else 10, id="hot point of 21"),
        pytest.param(21, lambda th, number: 10 + 1000 * bell(th, width=0.1) * (number < 21), id="beam lost"),
        pytest.param(
            10, lambda th, number: 10 + 1000 * bell(th, width=0.05) * (number < 24), id="lost in the last pass"
        ),
        pytest.param(10, lambda th, number: 10 + 1000 * bell(th, width=0.1) * (number < 30), id="lost before the end"),
        pytest.param(21, lambda th, _: 10, id="noise"),
        pytest.param(21, lambda th, _: 1000 if th > CENTRE else 10, id="edge"),
        pytest.param(21, lambda th, _: 1000 - 900 * bell(th, width=0.1), id="dip"),
    ],
)
def test_where_the_peak_is_not_seen_to_the_end_no_scan_succeeds(here, num, curve):
    assert many(here, curve, num=num) == []


def test_two_peaks_are_named_with_the_place_between_them(here):
    sees(here, lambda th, _: round(10 + 1000 * bell(th, 0.5, 0.1) + 900 * bell(th, 1.5, 0.1)))
    assert_failed_and_back(here, tune(here, 0, 2, num=41), "more than one peak", "beside the highest, at 0.500 deg")


def test_a_beam_that_is_lost_before_the_last_point_is_said_with_both_values(here):
    sees(here, lambda th, number: round(10 + 1000 * bell(th) * (number < 40)))
    assert_failed_and_back(here, tune(here), "det is 10 at 1.3", " before: the peak is lost")


# ---- failures of another kind --------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "many", [1, 2]])
def test_a_value_that_is_no_number_is_named_and_the_motor_is_back(here, value):
    sees(here, lambda th, number: value if number == 4 else 5)
    core = tune(here)
    assert str(core.error) == f"det is {value!r}: name a value that is a number"
    assert here.motor.position == ORIGIN


def test_a_failing_detector_sends_the_motor_back(here):
    here.det.failing_statuses = 1
    assert tune(here).exit_status == "fail"
    assert here.motor.position == ORIGIN


@pytest.mark.parametrize("how", [State.STOPPING, State.ABORTING])
def test_the_motor_returns_when_it_is_ended_early(here, how):
    core = here.world.interpreter()
    here.world.at(0.1, lambda: here.world.post(EndRequest(how, "enough")))
    core.start(as_generator(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 0.01)))
    assert core.interrupted
    assert here.motor.position == ORIGIN
