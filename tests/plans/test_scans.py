"""Hooks, refusals and counts; what every plan does is in test_every_plan.py."""

import math

import document_rules
import numpy as np
import pytest
from plans.plan_cases import beamline

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import LimitError, NoFit, PlanError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps
from beamshell.plans.environment import use_clock
from beamshell.views.columns import columns_of


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


def per_step_of_one(detectors, motor, step):
    yield from bps.one_1d_step(detectors, motor, step)


ONE_MOTOR = {
    "scan": lambda h, step: bp.scan([h.det], h.x, 0, 1, 3, per_step=step),
    "rel_scan": lambda h, step: bp.rel_scan([h.det], h.x, 0, 1, 3, per_step=step),
    "inner_product_scan": lambda h, step: bp.inner_product_scan([h.det], 3, h.x, 0, 1, per_step=step),
    "list_scan": lambda h, step: bp.list_scan([h.det], h.x, [0, 0.5, 1], per_step=step),
    "rel_list_scan": lambda h, step: bp.rel_list_scan([h.det], h.x, [0, 0.5, 1], per_step=step),
    "log_scan": lambda h, step: bp.log_scan([h.det], h.x, 0, 1, 3, per_step=step),
    "rel_log_scan": lambda h, step: bp.rel_log_scan([h.det], h.x, 0, 1, 3, per_step=step),
    "grid_scan": lambda h, step: bp.grid_scan([h.det], h.x, 0, 1, 3, per_step=step),
    "scan_nd": lambda h, step: bp.scan_nd([h.det], [{h.x: 0}, {h.x: 1}, {h.x: 2}], per_step=step),
}


@pytest.mark.parametrize("name", ONE_MOTOR)
def test_a_per_step_of_one_motor_gets_the_motor_and_the_position(world, here, name):
    core = world.run(ONE_MOTOR[name](here, per_step_of_one))
    assert core.exit_status == "success", core.error
    with_it = [data["x"] for data in world.final_data().values()]
    other = beamline()
    other.world.run(ONE_MOTOR[name](other, None))
    assert with_it == [data["x"] for data in other.world.final_data().values()]


def test_a_per_step_of_one_motor_is_refused_for_two_before_anything_moves(world, here):
    core = world.run(bp.scan([here.det], here.x, 0, 1, here.y, 0, 1, 3, per_step=per_step_of_one))
    expected = (
        "per_step_of_one(detectors, motor, step) is for one motor: write per_step_of_one(detectors, step, pos_cache)"
    )
    assert str(core.error) == expected
    assert here.x.log == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda h: bp.scan(h.x, 0, 1, 3), "scan: the detectors are missing: write scan([det], x, 0, 1, 3)"),
        (lambda h: bp.rel_scan(h.x, 0, 1, 3), "rel_scan: the detectors are missing: write rel_scan([det], x, 0, 1, 3)"),
        (lambda h: bp.scan(h.x, 0, 1, num=3), "scan: the detectors are missing"),
        (lambda h: bp.grid_scan(h.x, 0, 1, 3), "grid_scan([det], x, 0, 1, 3)"),
        (lambda h: bp.list_scan(h.x, [0, 1]), "list_scan([det], x, [0, 1])"),
        (lambda h: bp.list_grid_scan(h.x, [0, 1]), "list_grid_scan([det], x, [0, 1])"),
        (lambda h: bp.log_scan(h.x, 0, 1, 3), "log_scan([det], x, 0, 1, 3)"),
        (lambda h: bp.x2x_scan(h.x, h.y, 0, 1, 3), "x2x_scan([det], x, y, 0, 1, 3)"),
        (lambda h: bp.spiral(h.x, h.y, 0, 0, 1, 1, 0.1, 5), "spiral: the detectors are missing"),
        (lambda h: bp.adaptive_scan("det", h.x, 0, 1, 0.1, 0.2, 1, False), "adaptive_scan: the detectors are missing"),
        (lambda h: bp.region_scan(h.x, [(0, 1, 0.1)]), "region_scan: the detectors are missing"),
        (lambda h: bp.time_scan(600), "time_scan: the detectors are missing: write time_scan([det], 600)"),
        (
            lambda h: bp.scan([h.det], 0, 1, 3),
            "0 is where a motor belongs: scan(detectors, motor, start",
        ),
        (lambda h: bp.count(3), "3 cannot be read: detectors are a list of devices, as in [det]"),
    ],
)
def test_detectors_that_were_forgotten_are_named(world, here, make, message):
    with pytest.raises(PlanError) as raised:
        for _ in make(here):
            pass
    assert message in str(raised.value)


@pytest.mark.parametrize("points", [1_000_001, 1e11, np.int64(10**11)])
def test_too_many_points_are_refused_in_one_line_before_they_are_made(world, here, points):
    for plan in (bp.scan([here.det], here.x, 0, 1, points), bp.grid_scan([here.det], here.x, 0, 1, points)):
        core = world.run(plan)
        assert "a scan has at most 1 000 000 points" in str(core.error)
    core = world.run(bp.grid_scan([here.det], here.x, 0, 1, 2000, here.y, 0, 1, 2000))
    assert str(core.error) == "the number of points is 4 000 000: a scan has at most 1 000 000 points"


@pytest.mark.parametrize(
    "make",
    [
        lambda h: bp.spiral([h.det], h.x, h.y, 0, 0, 1, 1, 1e-6, 5),
        lambda h: bp.spiral_fermat([h.det], h.x, h.y, 0, 0, 1, 1, 1e-6, 1),
        lambda h: bp.spiral_square([h.det], h.x, h.y, 0, 0, 1, 1, 100_000, 100_000),
        lambda h: bp.region_scan([h.det], h.x, [(0, 1, 1e-9)]),
        lambda h: bp.list_grid_scan([h.det], h.x, range(2000), h.y, range(2000)),
    ],
)
def test_too_many_points_of_any_shape_are_refused_before_they_are_made(world, here, make):
    core = world.run(make(here))
    assert "the number of points is" in str(core.error)
    assert str(core.error).endswith(": a scan has at most 1 000 000 points")


def test_a_count_makes_no_list_and_may_have_any_number_of_readings(here):
    plan = bp.count([here.det], 10**11)
    assert next(msg.kwargs["num_points"] for msg in plan if msg.command == "open_run") == 10**11


# ---- a motor that is read too --------------------------------------------------------------------

READ_TOO = {
    "scan": lambda h: bp.scan([h.det, h.x], h.x, 0, 1, 3),
    "rel_scan": lambda h: bp.rel_scan([h.x, h.det, h.x], h.x, 0, 1, 3),
    "list_scan": lambda h: bp.list_scan([h.x], h.x, [0, 0.5, 1]),
    "grid_scan": lambda h: bp.grid_scan([h.det, h.y], h.x, 0, 1, 2, h.y, 0, 1, 2),
    "adaptive_scan": lambda h: bp.adaptive_scan([h.det, h.x], "det", h.x, 0, 1, 0.1, 0.5, 5, False),
    "ascan": lambda h: bp.ascan(h.x, 0, 1, 2, 0.1, detectors=[h.timed, h.x]),
    "count": lambda h: bp.count([h.x, h.x], 2),
}


@pytest.mark.parametrize("name", READ_TOO)
def test_a_motor_may_be_read_as_a_detector_too_and_is_one_column(world, here, name):
    core = world.run(READ_TOO[name](here))
    assert core.exit_status == "success", core.error
    document_rules.check(world.docs)
    (descriptor,) = [doc for kind, doc in world.docs if kind == "descriptor"]
    start = world.docs[0][1]
    assert len(start["detectors"]) == len(set(start["detectors"]))
    headings = [column.name for column in columns_of(start, descriptor)[0]]
    assert headings == list(dict.fromkeys([*start.get("motors", ()), *start["detectors"]]))


def test_a_lineup_looks_for_no_peak_in_its_own_motor(world, here):
    shows(here.det, lambda: round(1003 - 601 * abs(here.x.position - 10.5)))
    world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.x, here.det]))
    assert here.x.position == 10.5


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


DELAYS = [0.5, 1, np.float64(0.5), np.float32(0.5), np.int64(1), np.array(0.5), [0.5, 0.5], np.array([0.5, 0.5])]


@pytest.mark.parametrize("delay", DELAYS, ids=repr)
def test_a_delay_may_come_out_of_numpy(here, delay):
    with use_clock(lambda: 0.0):
        sleeps = [msg.args[0] for msg in bp.count([here.det], 3, delay) if msg.command == "sleep"]
    assert sleeps == [np.max(delay)] * 2


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (-1, "delay is -1 s: it must be 0 or more"),
        (np.nan, "delay is nan: give a number"),
        (np.float32(np.inf), "delay is inf: give a number"),
        ("1", "delay is '1': give a number"),
        (True, "delay is True: give a number"),
        ([0.1, np.nan], "delay 2 is nan: give a number"),
        (np.array([0.1, -2.0]), "delay 2 is -2 s: it must be 0 or more"),
    ],
)
def test_a_delay_that_is_no_time_is_refused_before_the_first_reading(world, here, delay, message):
    core = world.run(bp.count([here.det], 3, delay))
    assert str(core.error) == message
    assert world.docs == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda h: bp.scan([h.det], h.x, np.nan, 1, 3), "start is nan: give a number"),
        (lambda h: bp.grid_scan([h.det], h.x, 0, np.inf, 3), "stop is inf: give a number"),
        (lambda h: bp.log_scan([h.det], h.x, 0, np.nan, 3), "stop is nan: give a number"),
        (lambda h: bp.scan([h.det], h.x, 0, 1, np.nan), "num is nan: give a whole number of points, at least 1"),
        (lambda h: bp.ascan(h.x, 0, 1, 3, np.nan, detectors=[h.timed]), "time is nan: give a number"),
        (lambda h: bp.ascan(h.x, 0, 1, 3, -1, detectors=[h.timed]), "time is -1 s: it must be more than 0"),
        (lambda h: bp.loopscan(3, 0, detectors=[h.timed]), "time is 0 s: it must be more than 0"),
        (lambda h: bp.timescan(1, -1, detectors=[h.timed]), "sleep is -1 s: it must be 0 or more"),
        (lambda h: bp.count_until([h.det], bp.above("det", 1), delay=np.nan), "delay is nan: give a number"),
        (lambda h: bp.time_scan([h.det], np.nan), "duration_s is nan: give a number"),
        (lambda h: bp.spiral([h.det], h.x, h.y, 0, 0, 1, np.inf, 0.1, 5), "y_range is inf: give a number"),
    ],
)
def test_a_number_that_is_none_is_named_before_anything_moves(world, here, make, message):
    core = world.run(make(here))
    assert str(core.error) == message
    assert world.docs == []
    assert here.x.log == []


@pytest.mark.parametrize("num", [3, 3.0, np.int32(3), np.float32(3), np.array(3)])
def test_a_number_of_points_may_come_out_of_numpy(world, here, num):
    world.run(bp.scan([here.det], here.x, np.float32(0), np.array(1), num))
    assert [data["x"] for data in world.final_data().values()] == [0, 0.5, 1]


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
    core = world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det]))
    assert here.x.position == 10.5
    uid = world.docs[0][1]["uid"]
    assert core.result == bp.LineupResult(uid, field="det", origin=10, position=10.5)


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        pytest.param(
            lambda x: 100_000 if abs(x - 10.35) < 0.01 else 4 + round(7 * x) % 3, "the peak of det is", id="hot"
        ),
        pytest.param(lambda x: round(1000 + 900 * (x - 10)), "slope", id="slope"),
        pytest.param(lambda x: round(1000 * (x > 10.3)) + 10, "edge", id="edge"),
        pytest.param(lambda x: round(1000 - 900 * math.exp(-(((x - 10.3) / 0.1) ** 2) / 2)), "dip", id="dip"),
    ],
)
def test_a_lineup_without_a_peak_leaves_the_motor_where_it_was_and_says_why(world, here, curve, why):
    shows(here.det, lambda: curve(here.x.position))
    core = world.run(bp.lineup(here.x, -1, 1, 40, 0.1, detectors=[here.det]))
    assert isinstance(core.error, NoFit)
    assert why in str(core.error)
    assert str(core.error).endswith("; x is where it was, to insist: lineup ... anyway")
    assert here.x.position == 10


def test_a_lineup_of_no_width_is_refused_before_anything_moves(world, here):
    core = world.run(bp.lineup(here.x, 0.5, 0.5, 4, 0.1, detectors=[here.det]))
    assert str(core.error) == "start and stop are both 0.5: give a range"
    assert world.docs == []


def test_a_lineup_over_noise_leaves_the_motor_where_it_was_and_says_how_to_insist(world, here):
    counts = iter([9, 12, 8, 11, 10] * 2)
    shows(here.det, lambda: next(counts))
    core = world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det]))
    assert isinstance(core.error, NoFit)
    assert str(core.error) == (
        "det has no clear peak from 9.000 to 11.000 in x: 0.5 sigma over counting noise, clear is 3.8; "
        "x is where it was, to insist: lineup ... anyway"
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


def test_a_count_of_nothing_makes_a_run_without_points():
    commands = [msg.command for msg in bp.count([], num=2)]
    assert commands.count("create") == commands.count("save") == 2
