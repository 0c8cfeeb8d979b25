"""Every plan that visits points: where it goes, in what order its messages come, what its documents say."""

from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.engine._plan_stack import as_generator
from beamshell.engine._requests import EndWanted, PauseWanted
from beamshell.engine._state import State
from beamshell.errors import FailedStatus, LimitError, PlanError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps


class LimitedMotor(VirtualMotor):
    """A virtual motor that knows its limits without moving."""

    limits = (-100.0, 100.0)

    def check_value(self, value):
        low, high = self.limits
        if value > high:
            raise LimitError(f"{self.name}: {value:g} mm is above the limit {high:g} mm")
        if value < low:
            raise LimitError(f"{self.name}: {value:g} mm is below the limit {low:g} mm")


@pytest.fixture
def world():
    return VirtualWorld()


@pytest.fixture
def here(world):
    """Two motors at 10 and 20, and a detector."""
    x, y = LimitedMotor(world, "x"), LimitedMotor(world, "y")
    x.position = x.target = 10.0
    y.position = y.target = 20.0
    return SimpleNamespace(x=x, y=y, det=VirtualDetector(world, "det", motor=x))


ABSOLUTE = {
    "scan": (lambda h: bp.scan([h.det], h.x, 0, 2, h.y, 5, 7, 3), [(0, 5), (1, 6), (2, 7)]),
    "inner_product_scan": (lambda h: bp.inner_product_scan([h.det], 2, h.x, 0, 2, h.y, 5, 7), [(0, 5), (2, 7)]),
    "list_scan": (lambda h: bp.list_scan([h.det], h.x, [3, 1, 2], h.y, [4, 4, 5]), [(3, 4), (1, 4), (2, 5)]),
    "scan_nd": (lambda h: bp.scan_nd([h.det], [{h.x: 1, h.y: 2}, {h.x: 3, h.y: 4}]), [(1, 2), (3, 4)]),
    "grid_scan": (
        lambda h: bp.grid_scan([h.det], h.x, 0, 1, 2, h.y, 0, 2, 3, snake_axes=True),
        [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)],
    ),
    "list_grid_scan": (
        lambda h: bp.list_grid_scan([h.det], h.x, [0, 5], h.y, [1, 9]),
        [(0, 1), (0, 9), (5, 1), (5, 9)],
    ),
    "spiral_square": (
        lambda h: bp.spiral_square([h.det], h.x, h.y, 0, 0, 2, 2, 3, 3),
        [(0, 0), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)],
    ),
    "spiral": (lambda h: bp.spiral([h.det], h.x, h.y, 5, 5, 2, 2, 1, 4), [(6, 5), (5, 6), (4, 5), (5, 4)]),
    "mesh": (
        lambda h: bp.mesh(h.y, 0, 2, 2, h.x, 0, 1, 1, 0.1, detectors=[h.det]),
        [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)],
    ),
    "a2scan": (lambda h: bp.a2scan(h.x, 0, 2, h.y, 4, 8, 2, 0.1, detectors=[h.det]), [(0, 4), (1, 6), (2, 8)]),
}
RELATIVE = {
    "rel_scan": (lambda h: bp.rel_scan([h.det], h.x, -1, 1, h.y, 0, 4, num=3), [(9, 20), (10, 22), (11, 24)]),
    "relative_inner_product_scan": (
        lambda h: bp.relative_inner_product_scan([h.det], 2, h.x, -1, 1, h.y, 0, 4),
        [(9, 20), (11, 24)],
    ),
    "x2x_scan": (lambda h: bp.x2x_scan([h.det], h.x, h.y, -2, 2, 3), [(8, 19), (10, 20), (12, 21)]),
    "rel_list_scan": (lambda h: bp.rel_list_scan([h.det], h.x, [1, 2], h.y, [0, 5]), [(11, 20), (12, 25)]),
    "rel_grid_scan": (
        lambda h: bp.rel_grid_scan([h.det], h.x, 0, 1, 2, h.y, 0, 1, 2),
        [(10, 20), (10, 21), (11, 20), (11, 21)],
    ),
    "rel_list_grid_scan": (
        lambda h: bp.rel_list_grid_scan([h.det], h.x, [0, 5], h.y, [1, 9], snake_axes=[h.y]),
        [(10, 21), (10, 29), (15, 29), (15, 21)],
    ),
    "rel_spiral_square": (
        lambda h: bp.rel_spiral_square([h.det], h.x, h.y, 2, 1, 2, 2),
        [(9, 20.5), (11, 20.5), (11, 19.5), (9, 19.5)],
    ),
    "rel_spiral": (lambda h: bp.rel_spiral([h.det], h.x, h.y, 2, 2, 1, 4), [(11, 20), (10, 21), (9, 20), (10, 19)]),
    "d2scan": (lambda h: bp.d2scan(h.x, 0, 2, h.y, 4, 8, 1, 0.1, detectors=[h.det]), [(10, 24), (12, 28)]),
    "dmesh": (
        lambda h: bp.dmesh(h.y, 0, 1, 1, h.x, 0, 1, 1, 0.1, detectors=[h.det]),
        [(10, 20), (10, 21), (11, 20), (11, 21)],
    ),
    "th2th": (lambda h: bp.th2th(h.x, h.y, -2, 2, 2, 0.1, detectors=[h.det]), [(8, 19), (10, 20), (12, 21)]),
}
ONE_MOTOR = {
    "log_scan": (lambda h: bp.log_scan([h.det], h.x, -1, 1, 3), [0.1, 1, 10]),
    "rel_log_scan": (lambda h: bp.rel_log_scan([h.det], h.x, -1, 1, 3), [10.1, 11, 20]),
    "ascan": (lambda h: bp.ascan(h.x, 0, 2, 4, 0.1, detectors=[h.det]), [0, 0.5, 1, 1.5, 2]),
    "dscan": (lambda h: bp.dscan(h.x, -1, 1, 2, 0.1, detectors=[h.det]), [9, 10, 11]),
    "lup": (lambda h: bp.lup(h.x, -1, 1, 2, 0.1, detectors=[h.det]), [9, 10, 11]),
}
BOTH = {**ABSOLUTE, **RELATIVE}


def positions(world, *motors):
    return [tuple(data[motor.name] for motor in motors) for data in world.final_data().values()]


@pytest.mark.parametrize("name", BOTH)
def test_a_plan_visits_exactly_its_points(world, here, name):
    make, expected = BOTH[name]
    core = world.run(make(here))
    assert core.exit_status == "success", core.error
    assert positions(world, here.x, here.y) == [pytest.approx(point, abs=1e-12) for point in expected]
    assert [data["det"] for data in world.final_data().values()] == pytest.approx([10 * x for x, _ in expected])


@pytest.mark.parametrize("name", ONE_MOTOR)
def test_a_plan_of_one_motor_visits_exactly_its_points(world, here, name):
    make, expected = ONE_MOTOR[name]
    assert world.run(make(here)).exit_status == "success"
    assert [x for (x,) in positions(world, here.x)] == pytest.approx(expected)


@pytest.mark.parametrize("name", [*BOTH, *ONE_MOTOR])
def test_the_documents_are_valid_and_the_start_says_what_comes(world, here, name):
    make, expected = {**BOTH, **ONE_MOTOR}[name]
    world.run(make(here))
    document_rules.check(world.docs)
    start = world.docs[0][1]
    assert start["plan_name"] in (name, "dscan" if name == "lup" else name)
    assert (
        start["num_points"] == start["num_intervals"] + 1 == len(expected) == world.docs[-1][1]["num_events"]["primary"]
    )
    assert start["detectors"] == ["det"]
    assert sorted(start["motors"]) == (["x", "y"] if name in BOTH else ["x"])
    keys = [key for fields, _ in start["hints"]["dimensions"] for key in fields]
    assert sorted(keys) == sorted(start["motors"])
    assert start["plan_args"]["detectors"] == ["<det>"]


@pytest.mark.parametrize("name", [*BOTH, *ONE_MOTOR])
def test_extents_are_the_places_that_are_visited(world, here, name):
    make, _ = {**BOTH, **ONE_MOTOR}[name]
    world.run(make(here))
    motors = [here.x, here.y] if name in BOTH else [here.x]
    visited = list(zip(*positions(world, *motors), strict=True))
    expected = sorted([min(values), max(values)] for values in visited)
    assert sorted(world.docs[0][1]["extents"]) == [pytest.approx(extent) for extent in expected]


@pytest.mark.parametrize("name", ["grid_scan", "rel_grid_scan", "mesh"])
def test_a_grid_says_its_shape_its_snaking_and_that_it_can_be_drawn_as_an_image(world, here, name):
    world.run(BOTH[name][0](here))
    start = world.docs[0][1]
    assert start["shape"] == ((2, 2) if name == "rel_grid_scan" else (2, 3))
    assert start["snaking"] == ((False, True) if name == "grid_scan" else (False, False))
    assert start["hints"] == {"dimensions": [(["x"], "primary"), (["y"], "primary")], "gridding": "rectilinear"}


def test_the_plans_own_metadata_come_before_computed_ones(world, here):
    world.run(bp.scan([here.det], here.x, 0, 1, 2, md={"plan_name": "mine", "purpose": "test"}))
    assert (world.docs[0][1]["plan_name"], world.docs[0][1]["purpose"]) == ("mine", "test")


def test_the_messages_of_a_scan_come_in_this_order(here):
    told = [(msg.command, getattr(msg.obj, "name", None)) for msg in bp.scan([here.det], here.x, 0, 1, 2)]
    point = [
        ("checkpoint", None),
        ("set", "x"),
        ("wait", None),
        ("trigger", "det"),
        ("wait", None),
        ("create", None),
        ("read", "det"),
        ("read", "x"),
        ("save", None),
    ]
    assert told == [
        ("stage", "det"),
        ("stage", "x"),
        ("open_run", None),
        *point,
        *point,
        ("close_run", None),
        ("begin_cleanup", None),
        ("unstage", "x"),
        ("unstage", "det"),
        ("end_cleanup", None),
    ]


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


@pytest.mark.parametrize("name", RELATIVE)
def test_a_relative_plan_checks_its_points_where_they_will_be(world, here, name):
    here.x.limits = (-100, 9.5)
    core = world.run(RELATIVE[name][0](here))
    assert isinstance(core.error, LimitError)
    assert str(core.error).startswith("point ")
    assert world.docs == []
    assert "stage" not in here.x.log


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


# ---- relative ones return ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*RELATIVE, "rel_log_scan", "dscan"])
def test_a_relative_plan_returns_its_motors(world, here, name):
    make, _ = {**RELATIVE, **ONE_MOTOR}[name]
    world.run(make(here))
    assert (here.x.position, here.y.position) == (10, 20)


ENDS = {"stop": State.STOPPING, "abort": State.ABORTING}


@pytest.mark.parametrize("name", RELATIVE)
@pytest.mark.parametrize("how", ENDS)
def test_a_relative_plan_returns_its_motors_when_it_is_ended_early(world, here, name, how):
    core = world.interpreter()
    world.at(0.75, lambda: world.post(EndWanted(ENDS[how], "enough")))
    core.start(as_generator(RELATIVE[name][0](here)))
    assert core.interrupted
    assert (here.x.position, here.y.position) == (10, 20)
    assert world.docs[-1][1]["exit_status"] == {"stop": "success", "abort": "abort"}[how]


@pytest.mark.parametrize("name", RELATIVE)
def test_a_relative_plan_returns_its_motors_after_a_failure(world, here, name):
    here.det.failing_statuses = 1
    core = world.run(RELATIVE[name][0](here))
    assert core.exit_status == "fail"
    assert (here.x.position, here.y.position) == (10, 20)


def test_a_relative_plan_that_is_paused_and_resumed_goes_where_it_would_have(world, here):
    core = world.interpreter()
    world.at(0.75, lambda: world.post(PauseWanted(False)))
    make, expected = RELATIVE["rel_scan"]
    assert not core.start(as_generator(make(here)))
    core.resume()
    assert positions(world, here.x, here.y) == expected
    assert (here.x.position, here.y.position) == (10, 20)


def test_a_motor_that_fails_on_its_way_is_sent_back(world, here):
    here.x.failing_statuses = 1
    core = world.run(bp.rel_scan([here.det], here.x, -1, 1, 3))
    assert core.exit_status == "fail"
    assert isinstance(core.error, FailedStatus)
    assert here.x.position == 10


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
    world.at(1.05, lambda: world.post(EndWanted(State.STOPPING, "")))
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
    world.at(0.55, lambda: world.post(EndWanted(State.STOPPING, "")))
    core.start(as_generator(bp.timescan(0.1, detectors=[here.det])))
    assert [doc["plan_name"] for name, doc in world.docs if name == "start"] == ["loopscan", "timescan"]
    assert world.docs[-1][1]["num_events"]["primary"] == 5


def test_a_lineup_goes_to_the_highest_point(world, here):
    here.det.read = lambda: {"det": {"value": -abs(here.x.position - 10.5), "timestamp": world.time()}}
    world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det]))
    assert here.x.position == 10.5


def test_a_lineup_on_something_that_nobody_records_leaves_the_motor_where_it_was(world, here):
    core = world.run(bp.lineup(here.x, -1, 1, 4, 0.1, detectors=[here.det], field="nothing"))
    assert "nothing records both nothing and x" in str(core.error)
    assert here.x.position == 10
