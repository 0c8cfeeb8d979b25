"""Alignment: the motor is where the fit says, or back where it was, and the run tells which."""

import math
from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import LimitError, NoFit, PlanError
from beamshell.simulate import rehearse

CENTRE, SIGMA = 4.3, 0.2
ORIGIN = 4.0


@pytest.fixture
def here():
    """A motor at 4 deg, and a detector that sees a peak of 1000 at 4.3 deg."""
    world = VirtualWorld()
    motor = VirtualMotor(world, "th", speed=100.0)
    motor.position = motor.target = ORIGIN
    motor.units = "deg"
    det = VirtualDetector(world, "det", motor=motor, time=0.01)
    here = SimpleNamespace(world=world, motor=motor, det=det)
    sees(here, lambda th: 10 + 1000 * math.exp(-(((th - CENTRE) / SIGMA) ** 2) / 2))
    return here


def sees(here, curve):
    here.det.read = lambda: {"det": {"value": curve(here.motor.position), "timestamp": here.world.time()}}


def step(th):
    return 5 + 500 * (1 + math.erf((th - CENTRE) / SIGMA / math.sqrt(2)))


PLANS = {"centre_on_peak": bp.centre_on_peak, "find_edge": bp.find_edge, "knife_edge": bp.knife_edge}


def test_the_motor_goes_to_the_centre_of_the_peak_and_the_run_says_what_was_found(here):
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41))
    document_rules.check(here.world.docs)
    assert core.exit_status == "success", core.error
    found = core.result
    assert found.fit.centre == pytest.approx(CENTRE, abs=1e-6)
    assert found.fit.fwhm == pytest.approx(SIGMA * 2.3548, rel=1e-3)
    assert here.motor.position == found.position == found.fit.centre
    assert (found.origin, found.field) == (ORIGIN, "det")
    assert found.uid == here.world.docs[0][1]["uid"]
    recorded = here.world.final_data("fit")[1]
    assert recorded["centre"] == found.fit.centre
    assert (recorded["moved_from"], recorded["moved_to"]) == (ORIGIN, found.position)
    units = next(doc for name, doc in here.world.docs if name == "descriptor" and doc["name"] == "fit")["data_keys"]
    assert (units["fwhm"]["units"], "units" in units["height"]) == ("deg", False)


def test_what_it_is_going_to_do_stands_in_the_start_document(here):
    here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41, md={"sample": "Si"}))
    start = here.world.docs[0][1]
    assert start["plan_name"] == "centre_on_peak"
    assert start["num_points"] == 41
    assert start["sample"] == "Si"
    assert start["extents"] == ([3.0, 5.0],)
    assert start["hints"] == {"dimensions": [(["th"], "primary")]}
    assert start["plan_args"] == {
        "detectors": ["<det>"],
        "motor": "<th>",
        "start": -1,
        "stop": 1,
        "num": 41,
        "field": "det",
        "time": None,
        "dip": False,
    }


def test_an_edge_is_gone_to_and_a_knife_comes_back(here):
    sees(here, step)
    core = here.world.run(bp.find_edge([here.det], here.motor, -1, 1, 41))
    assert here.motor.position == pytest.approx(CENTRE, abs=1e-6)
    here.motor.position = here.motor.target = ORIGIN
    core = here.world.run(bp.knife_edge([here.det], here.motor, -1, 1, 41))
    assert here.motor.position == ORIGIN
    assert core.result.fit.centre == pytest.approx(CENTRE, abs=1e-6)
    assert core.result.fit.fwhm == pytest.approx(SIGMA * 2.3548, rel=1e-3)


def test_a_dip_is_found_when_it_is_asked_for(here):
    sees(here, lambda th: 1000 - 800 * math.exp(-(((th - CENTRE) / SIGMA) ** 2) / 2))
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41))
    assert "det has a dip and no peak: ask for the dip (at th [deg] 4.300)" in str(core.error)
    assert here.motor.position == ORIGIN
    here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41, dip=True))
    assert here.motor.position == pytest.approx(CENTRE, abs=1e-6)


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        (lambda th: 7.0, "there is no"),
        (lambda th: math.exp(-(((th - 6) / SIGMA) ** 2) / 2), "of what was scanned|clear"),
        (lambda th: min(300.0, 1000 * math.exp(-(((th - CENTRE) / SIGMA) ** 2) / 2)), "saturated"),
    ],
)
def test_where_there_is_no_peak_the_motor_is_back_and_the_run_says_why(here, curve, why):
    sees(here, curve)
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41))
    assert isinstance(core.error, NoFit)
    assert here.motor.position == ORIGIN
    stop = here.world.docs[-1][1]
    assert stop["exit_status"] == "fail"
    assert stop["reason"] == str(core.error)
    assert str(core.error).endswith("; th goes back to 4 deg")
    with pytest.raises(NoFit, match=why):
        raise core.error


@pytest.mark.parametrize("name", PLANS)
def test_it_is_checked_to_its_ends_before_anything_moves(here, name):
    def check(value):
        if value > 4.9:
            raise LimitError(f"th: {value:g} deg is above the limit 4.9 deg")

    here.motor.check_value = check
    core = here.world.run(PLANS[name]([here.det], here.motor, -1, 1, 41))
    assert str(core.error) == "point 40 of 41: th: 4.95 deg is above the limit 4.9 deg"
    assert here.motor.log == []


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("how", [State.STOPPING, State.ABORTING])
def test_the_motor_returns_when_it_is_ended_early(here, name, how):
    sees(here, step)
    core = here.world.interpreter()
    here.world.at(0.2, lambda: here.world.post(EndRequest(how, "enough")))
    core.start(as_generator(PLANS[name]([here.det], here.motor, -1, 1, 41)))
    assert core.interrupted
    assert here.motor.position == ORIGIN
    assert here.det.staged == here.motor.staged == 0


def test_a_pause_changes_nothing_of_what_is_found(here):
    core = here.world.interpreter()
    here.world.at(0.2, lambda: here.world.post(PauseRequest(False)))
    assert not core.start(as_generator(bp.centre_on_peak([here.det], here.motor, -1, 1, 41)))
    core.resume()
    assert here.motor.position == pytest.approx(CENTRE, abs=1e-6)
    assert len(here.world.final_data()) == 41


def test_a_field_that_nothing_records_is_named_and_the_motor_comes_back(here):
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41, field="dett"))
    assert isinstance(core.error, PlanError)
    assert str(core.error) == "nothing records 'dett': the point has det, th"
    assert here.motor.position == ORIGIN


def test_a_failing_detector_sends_the_motor_back(here):
    here.det.failing_statuses = 1
    core = here.world.run(bp.find_edge([here.det], here.motor, -1, 1, 41))
    assert core.exit_status == "fail"
    assert here.motor.position == ORIGIN


def test_a_rehearsal_cannot_know_the_peak_and_reports_no_problem(here):
    sees(here, lambda th: 7.0)
    simulation = rehearse(bp.centre_on_peak([here.det], here.motor, -1, 1, 41))
    assert len(simulation.points) == 41
    assert simulation.problems == []
    simulation = rehearse(bp.centre_on_peak([here.det], here.motor, -1, 1, 41, field="dett"))
    assert "nothing records 'dett'" in str(simulation.problems[0])


def test_too_few_points_for_a_fit_are_refused_before_anything_moves(here):
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 4))
    assert str(core.error) == "4 points: a fit needs at least 5"
    assert here.world.docs == []


@pytest.mark.parametrize("name", PLANS)
def test_a_range_of_no_width_is_refused_before_anything_moves(here, name):
    core = here.world.run(PLANS[name]([here.det], here.motor, 0, 0, 41))
    assert str(core.error) == "start and stop are both 0: give a range"
    assert here.world.docs == []


def test_where_the_motor_goes_back_to_has_the_digits_of_the_motor(here):
    here.motor.precision = 4
    here.motor.position = here.motor.target = -0.130094
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41))
    assert str(core.error).endswith("; th goes back to -0.1301 deg")


def test_a_run_that_is_refused_sends_no_motor_anywhere(here):
    def refuse(*_):
        raise PlanError("no proposal")

    here.world.open_metadata = refuse
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41))
    assert str(core.error) == "no proposal"
    assert "set" not in here.motor.log


def test_over_noise_the_motor_is_back_and_the_reason_says_how_much_the_values_vary(here):
    counts = iter([9, 12, 8, 11, 10, 9, 10])
    sees(here, lambda th: next(counts))
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 7))
    assert isinstance(core.error, NoFit)
    assert "det has no clear peak" in str(core.error)
    assert here.motor.position == ORIGIN


def test_a_flat_detector_is_passed_for_one_that_has_the_peak(here):
    monitor = VirtualDetector(here.world, "monitor", time=0.01)
    core = here.world.run(bp.centre_on_peak([monitor, here.det], here.motor, -1, 1, 41))
    assert core.exit_status == "success", core.error
    assert core.result.field == "det"
    assert here.motor.position == pytest.approx(CENTRE, abs=1e-6)


def test_a_value_that_is_no_number_is_passed_over(here):
    words = VirtualDetector(here.world, "state", time=0.01)
    words.read = lambda: {"state": {"value": "open", "timestamp": 0.0}}
    core = here.world.run(bp.centre_on_peak([words, here.det], here.motor, -1, 1, 41))
    assert core.exit_status == "success", core.error
    assert core.result.field == "det"


def test_a_ratio_is_fitted_where_the_monitor_alone_makes_a_false_peak(here):
    def read():
        th, monitor = here.motor.position, 1000 * math.exp(-(((here.motor.position - 3.4) / 0.3) ** 2) / 2) + 1000
        seen = monitor * (0.1 + math.exp(-(((th - CENTRE) / SIGMA) ** 2) / 2))
        return {"it": {"value": seen, "timestamp": 0.0}, "i0": {"value": monitor, "timestamp": 0.0}}

    here.det.read = read
    here.det.describe = lambda: {key: {"source": "", "dtype": "number", "shape": []} for key in ("it", "i0")}
    core = here.world.run(bp.centre_on_peak([here.det], here.motor, -1, 1, 41, field="it/i0"))
    assert core.exit_status == "success", core.error
    assert core.result.field == "it/i0"
    assert here.motor.position == pytest.approx(CENTRE, abs=1e-6)


def test_a_knife_narrower_than_a_step_is_in_that_step_and_its_width_is_not_invented(here):
    sees(here, lambda th: 1000.0 if th > 4.31 else 3.0)
    core = here.world.run(bp.knife_edge([here.det], here.motor, -1, 1, 41))
    fit = core.result.fit
    assert (fit.centre, fit.fwhm) == pytest.approx((4.325, 0.05))
    assert fit.centre_error == pytest.approx(0.05 / math.sqrt(12))
    assert not fit.is_resolved
    assert here.world.final_data("fit")[1]["is_resolved"] is False
