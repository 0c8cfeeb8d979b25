"""Hooks, refusals and counts; what every plan does is in test_every_plan.py."""

import document_rules
import pytest
from plans.plan_cases import beamline

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import LimitError, NoFit, PlanError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps


@pytest.fixture
def here():
    return beamline()


@pytest.fixture
def world(here):
    return here.world


def shows(detector, value):
    """Let a detector read what `value()` returns."""
    detector.read = lambda: {detector.name: {"value": value(), "timestamp": 0.0}}


def test_the_plans_own_metadata_come_before_computed_ones(world, here):
    world.run(bp.scan([here.det], here.x, 0, 1, 2, md={"plan_name": "mine", "purpose": "test"}))
    assert (world.docs[0][1]["plan_name"], world.docs[0][1]["purpose"]) == ("mine", "test")


def test_a_motor_that_is_there_already_is_not_sent_again(here):
    sent = [
        (msg.obj.name, msg.args[0])
        for msg in bp.grid_scan([here.det], here.x, 0, 1, 2, here.y, 0, 1, 2, snake_axes=True)
        if msg.command == "set"
    ]
    assert sent == [("x", 0), ("y", 0), ("y", 1), ("x", 1), ("y", 0)]


def test_a_per_step_hook_replaces_what_is_done_at_a_point(world, here):
    def twice(detectors, step, pos_cache):
        yield from bps.move_per_step(step, pos_cache)
        yield from bps.trigger_and_read([*detectors, *step])
        yield from bps.trigger_and_read([*detectors, *step])

    world.run(bp.scan([here.det], here.x, 0, 1, 2, per_step=twice))
    assert [data["x"] for data in world.final_data().values()] == [0, 0, 1, 1]


# ---- what is refused -----------------------------------------------------------------------------


def test_a_scan_whose_seventh_point_is_beyond_a_limit_is_refused_before_anything_moves(world, here):
    here.x.limits = (-100, 5.5)
    core = world.run(bp.scan([here.det], here.x, 0, 10, 11))
    assert str(core.error) == "point 7 of 11: x: 6 mm is above the limit 5.5 mm"
    assert isinstance(core.error, LimitError)
    assert world.docs == []
    assert here.x.log == here.det.log == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda h: bp.scan([h.det], h.x, 0, 1), "how many points"),
        (lambda h: bp.scan([h.det], h.x, 0, 1, 0), "at least 1"),
        (lambda h: bp.scan([h.det], h.x, 0, 1, 2.5), "whole number"),
        (lambda h: bp.scan([h.det], h.x, 0, 1, h.x, 0, 1, 5), "x is given twice"),
        (lambda h: bp.scan(["det"], h.x, 0, 1, 5), "'det' cannot be read"),
        (lambda h: bp.list_scan([h.det], h.x, []), "list of positions of x is empty"),
        (lambda h: bp.list_grid_scan([h.det], h.x, [1], h.y, []), "list of positions of y is empty"),
        (lambda h: bp.list_scan([h.det], h.x, [1, 2], h.y, [1]), "x 2, y 1"),
        (lambda h: bp.grid_scan([h.det], h.x, 0, 1, 2, h.y, 0, 1), "groups of 4"),
        (lambda h: bp.scan_nd([h.det], [{h.x: 1}, {h.x: 1, h.y: 2}]), "point 2 of 2 moves"),
        (lambda h: bp.scan_nd([h.det], []), "no point to visit"),
        (lambda h: bp.ascan(h.x, 0, 1, 0, 1.0, detectors=[h.det]), "intervals is 0"),
    ],
)
def test_what_cannot_be_scanned_is_refused_with_the_reason(world, here, make, message):
    core = world.run(make(here))
    assert isinstance(core.error, PlanError)
    assert message in str(core.error)
    assert world.docs == []


# ---- count ---------------------------------------------------------------------------------------


def test_a_count_takes_as_many_readings_as_asked(world, here):
    world.run(bp.count([here.det], num=5))
    document_rules.check(world.docs)
    start = world.docs[0][1]
    assert (start["num_points"], start["num_intervals"]) == (5, 4)
    assert start["hints"] == {"dimensions": [(("time",), "primary")]}
    assert len(world.events()) == 5


def test_one_detector_alone_is_taken_as_a_list_of_one(world, here):
    world.run(bp.count(here.det))
    assert len(world.events()) == 1


def test_too_few_delays_are_refused_when_they_run_out(world, here):
    core = world.run(bp.count([here.det], num=4, delay=[0, 0]))
    assert "4 times need 3 delays, but there are 2" in str(core.error)
    assert len(world.events()) == 3


def test_a_count_for_ever_ends_when_it_is_stopped(world, here):
    core = world.interpreter()
    world.at(1.05, lambda: world.post(EndRequest(State.STOPPING, "")))
    core.start(as_generator(bp.count([here.det], num=None)))
    assert world.docs[-1][1]["exit_status"] == "success"
    assert len(world.events()) == 10


def test_a_per_shot_hook_replaces_the_reading(world, here):
    def shot(detectors):
        yield Msg("checkpoint")
        yield from bps.trigger_and_read(detectors, name="shots")

    world.run(bp.count([here.det], num=3, per_shot=shot))
    assert len(world.events("shots")) == 3


def test_a_loopscan_and_a_timescan_are_counts(world, here):
    world.run(bp.loopscan(4, 0.1, detectors=[here.det]))
    assert len(world.events()) == 4
    core = world.interpreter()
    world.at(0.55, lambda: world.post(EndRequest(State.STOPPING, "")))
    core.start(as_generator(bp.timescan(0.1, detectors=[here.det])))
    assert [doc["plan_name"] for name, doc in world.docs if name == "start"] == ["loopscan", "timescan"]
    assert world.docs[-1][1]["num_events"]["primary"] == 5


def test_a_lineup_goes_to_the_highest_point(world, here):
    shows(here.det, lambda: round(1003 - 601 * abs(here.x.position - 10.5)))
    world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det]))
    assert here.x.position == 10.5


def test_a_lineup_over_noise_leaves_the_motor_where_it_was_and_says_how_to_insist(world, here):
    counts = iter([9, 12, 8, 11, 10] * 2)
    shows(here.det, lambda: next(counts))
    core = world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det]))
    assert isinstance(core.error, NoFit)
    assert str(core.error).startswith(
        "no clear peak in det (0.5 times counting noise, clear is 2.2): x is where it was"
    )
    assert here.x.position == 10
    world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det], anyway=True))
    assert here.x.position == 9.5


def test_a_lineup_passes_a_flat_detector_for_one_that_has_a_peak(world, here):
    here.timed.name = "monitor"
    shows(here.timed, lambda: 100.0)
    shows(here.det, lambda: round(1003 - 601 * abs(here.x.position - 10.5)))
    core = world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.timed, here.det]))
    assert core.exit_status == "success", core.error
    assert here.x.position == 10.5


def test_a_lineup_on_something_that_nobody_records_leaves_the_motor_where_it_was(world, here):
    core = world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det], field="nothing"))
    assert "nothing records both nothing and x" in str(core.error)
    assert here.x.position == 10
