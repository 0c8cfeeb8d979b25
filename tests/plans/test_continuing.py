"""A scan that ended early, at any point, goes on behind it: both runs together are one that nothing has disturbed."""

from __future__ import annotations

import random
from types import SimpleNamespace

import document_rules
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import PlanError
from beamshell.messages import Msg
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.plans.environment import use_clock
from beamshell.simulate import rehearse
from beamshell.simulate.many_points import PointColumns
from beamshell.store.encoding import from_json, to_json
from beamshell.store.parts import Part, readings_of_parts, table_of_parts


class Timer(VirtualSignal):
    def set(self, value):
        self.value = value
        return self.status_in(0.01)


def beamline(x=0.37, y=-1.25, z=7.0):
    """Three motors, and a detector whose value tells where they are and how long it counts."""
    world = VirtualWorld()
    motors = [VirtualMotor(world, name, speed=50.0) for name in "xyz"]
    for motor, place in zip(motors, (x, y, z), strict=True):
        motor.position = motor.target = place
    det = VirtualDetector(world, "det", time=0.05)
    det.count_time = Timer(world, "det_count_time", value=0.3)

    def read():
        value = 1000 * motors[0].position + motors[1].position + 1e-3 * det.count_time.value
        return {"det": {"value": value, "timestamp": world.time()}}

    def read_configuration():
        return {"det_count_time": {"value": det.count_time.value, "timestamp": world.time()}}

    det.read, det.read_configuration = read, read_configuration
    det.describe_configuration = lambda: {"det_count_time": {"source": "", "dtype": "number", "shape": []}}
    return SimpleNamespace(world=world, x=motors[0], y=motors[1], z=motors[2], motors=motors, det=det)


PLANS = {
    "scan": lambda h: bp.scan([h.det], h.x, -1, 1, 21),
    "snaked grid": lambda h: bp.grid_scan([h.det], h.y, 0, 1, 5, h.x, -2, 2, 5, snake_axes=True),
    "grid": lambda h: bp.grid_scan([h.det], h.y, 0, 1, 3, h.x, -2, 2, 4),
    "two motors": lambda h: bp.a2scan(h.x, 0, 1, h.y, 3, 1, 6, 0.1, detectors=[h.det]),
    "distances": lambda h: bp.rel_scan([h.det], h.x, -0.3, 0.3, 7),
    "SPEC's distances": lambda h: bp.dmesh(h.x, -1, 1, 2, h.y, -1, 1, 3, 0.2, detectors=[h.det]),
    "a spiral around": lambda h: bp.rel_spiral_square([h.det], h.x, h.y, 2, 2, 3, 3),
    "regions with times": lambda h: bp.region_scan([h.det], h.x, [(0, 1, 0.25, 0.1), (1, 3, 0.5, 0.2)]),
    "count": lambda h: bp.count([h.det], 6, delay=0.5),
    "lineup": lambda h: bp.lineup(h.x, -0.5, 0.5, 8, 0.1, detectors=[h.det], anyway=True),
    "a plan of one's own": lambda h: own_plan(h),
}
DISTANCES = ("distances", "SPEC's distances", "a spiral around")


@bp.plan
def own_plan(here):
    """It opens a window at each point, and closes it behind."""

    def step(detectors, point, pos_cache):
        yield from bps.move_per_step(point, pos_cache)
        yield from bps.mv(here.z, 1)
        yield from bps.trigger_and_read([*detectors, *point, here.z])
        yield from bps.mv(here.z, 0)

    return (yield from bp.scan([here.det], here.x, 0, 1, 5, per_step=step))


def run(here, plan):
    with use_clock(here.world.clock):
        core = here.world.run(plan)
    assert core.exit_status == "success", core.error
    document_rules.check(here.world.docs)
    return from_json(to_json(here.world.docs))


def killed(documents, points):
    """What is on disk of a run that was killed behind this point."""
    kept, count = [], 0
    for name, doc in documents:
        if name == "stop" or (name == "event" and count == points):
            return kept
        count += name == "event"
        kept.append((name, doc))
    return kept


def parts_of(runs):
    return [Part(documents[0][1].get("continued_at", 1), documents) for documents in runs]


def go_on(name, runs, places=(0.37, -1.25, 7.0)):
    """Continue the last of these runs on a beamline whose motors are elsewhere: its documents, and the beamline."""
    here = beamline(*places)
    here.det.count_time.value = 0.9
    plan = bpp.continue_wrapper(PLANS[name](here), runs[-1][0][1], readings_of_parts(parts_of(runs)))
    (seconds,) = {
        doc["configuration"]["det"]["data"]["det_count_time"] for kind, doc in runs[0] if kind == "descriptor"
    }
    return run(here, bpp.configure_count_time_wrapper(plan, {"det": seconds})), here


def points(table):
    """All that a point says but when it was measured."""
    return {key: table[key].tolist() for key in table.columns if key != "time"}


def compare(name, runs, here):
    undisturbed, there = whole(name)
    assert points(table_of_parts(parts_of(runs))) == points(table_of_parts(parts_of([undisturbed])))
    is_moved = {motor.name for motor in there.motors if "set" in motor.log}
    for motor, other in zip(here.motors, there.motors, strict=True):
        if motor.name in is_moved:
            assert motor.position == other.position
        else:
            assert "set" not in motor.log
    assert here.det.count_time.value == 0.9  # as it was before
    assert all(device.staged == 0 for device in (*here.motors, here.det))


def whole(name):
    here = beamline()
    return run(here, PLANS[name](here)), here


def elsewhere(name, rng):
    """Where somebody has moved the motors of the scan meanwhile; the others are where they were."""
    return [rng.uniform(-5, 5) if "set" in motor.log else motor.position for motor in whole(name)[1].motors]


def count_of(documents):
    return sum(1 for kind, _ in documents if kind == "event")


@pytest.mark.parametrize("name", PLANS)
def test_killed_at_each_point_and_continued_it_is_as_if_undisturbed(name):
    documents, _ = whole(name)
    for cut in range(count_of(documents)):
        kept = killed(documents, cut)
        rest, here = go_on(name, [kept], elsewhere(name, random.Random(cut)))
        compare(name, [kept, rest], here)
        assert count_of(kept) + count_of(rest) == count_of(documents)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(list(PLANS)), st.lists(st.integers(0, 8), min_size=1, max_size=4), st.randoms())
def test_killed_again_and_again_it_still_comes_to_its_end(name, cuts, rng):
    documents, _ = whole(name)
    runs = [killed(documents, cuts[0])]
    for cut in cuts[1:]:
        if sum(map(count_of, runs)) + cut >= count_of(documents):
            break
        rest, _ = go_on(name, runs, elsewhere(name, rng))
        runs.append(killed(rest, cut))
    if sum(map(count_of, runs)) == count_of(documents):
        return
    rest, here = go_on(name, runs, elsewhere(name, rng))
    compare(name, [*runs, rest], here)


def test_the_slow_axis_of_a_snaked_grid_is_sent_back_to_its_row_before_the_first_point():
    documents, _ = whole("snaked grid")
    here = beamline(5.0, 5.0)
    plan = bpp.continue_wrapper(
        PLANS["snaked grid"](here), documents[0][1], readings_of_parts(parts_of([documents]))[:7]
    )
    sets = [(msg.obj.name, msg.args[0]) for msg in list(plan) if msg.command == "set"]
    assert sets[:3] == [("y", 0.25), ("x", 1.0), ("x", 0.0)]


def test_a_window_that_was_closed_behind_the_last_point_is_not_opened_before_the_next():
    documents, _ = whole("a plan of one's own")
    here = beamline()
    plan = bpp.continue_wrapper(own_plan(here), documents[0][1], readings_of_parts(parts_of([documents]))[:2])
    messages = [(msg.command, getattr(msg.obj, "name", "")) for msg in plan]
    before_measuring = messages[: messages.index(("trigger", "det"))]
    assert before_measuring.count(("set", "z")) == 2  # closed, as it was; then opened for the point


def test_the_new_run_says_which_it_continues_and_has_its_metadata():
    here = beamline()
    here.world.metadata = {"sample": "LaB6", "command": "scan det x -1 1 21"}
    documents = run(here, PLANS["scan"](here))
    rest, _ = go_on("scan", [killed(documents, 8)])
    start, first = rest[0][1], documents[0][1]
    assert {key: start[key] for key in ("continues", "continued_at", "num_points", "num_intervals")} == {
        "continues": first["uid"],
        "continued_at": 9,
        "num_points": 13,
        "num_intervals": 12,
    }
    assert start["continues_scan"] == first["scan_id"]
    for key in ("sample", "command", "plan_name", "plan_args", "extents", "hints", "motors", "detectors"):
        assert start[key] == first[key]


def test_a_scan_of_distances_counts_them_from_where_the_motor_was_when_it_began():
    for name in DISTANCES:
        documents, _ = whole(name)
        rest, here = go_on(name, [killed(documents, 3)], (100.0, -1.25 if name == "distances" else 100.0, 7.0))
        compare(name, [killed(documents, 3), rest], here)
        assert here.x.position == 0.37  # where it went back to at the end


def test_an_alignment_goes_where_all_points_say():
    def align(h):
        return bp.centre_on_peak([h.det], h.x, -1, 1, 15)

    def with_a_peak(places):
        here = beamline(*places)
        here.det.read = lambda: {
            "det": {"value": 2000 / (1 + (here.x.position - 0.5) ** 2 / 0.04), "timestamp": here.world.time()}
        }
        return here

    undisturbed = with_a_peak((0.37, 0, 0))
    documents = run(undisturbed, align(undisturbed))
    for cut in range(15):
        kept = killed(documents, cut)
        here = with_a_peak((3.0, 0, 0))
        run(here, bpp.continue_wrapper(align(here), kept[0][1], readings_of_parts(parts_of([kept]))))
        assert here.x.position == pytest.approx(undisturbed.x.position)


@pytest.mark.parametrize("how", [State.STOPPING, State.ABORTING])
def test_ended_at_any_moment_a_continued_scan_puts_everything_back(how):
    documents, _ = whole("distances")
    kept = killed(documents, 3)
    for tick in range(40):
        here = beamline(2.0)
        here.det.count_time.value = 0.9
        here.world.at(0.013 * tick, lambda here=here: here.world.post(EndRequest(how, "enough")))
        plan = bpp.continue_wrapper(PLANS["distances"](here), kept[0][1], readings_of_parts(parts_of([kept])))
        core = here.world.run(bpp.configure_count_time_wrapper(plan, {"det": 0.3}))
        assert core.state is State.IDLE
        assert here.det.count_time.value == 0.9
        assert here.x.staged == here.det.staged == 0
        assert not here.x.moving
        assert here.x.position in (2.0, 0.37)  # not moved yet, or back where the scan began


# ---- in a simulation -----------------------------------------------------------------------------


@pytest.mark.parametrize("done", [0, 1, 49, 50, 60, 150, 399])
def test_a_simulation_of_many_points_has_those_that_are_missing(done):
    here = beamline()
    documents = run(here, bp.scan([here.det], here.x, 0, 4, 400))
    readings = readings_of_parts(parts_of([documents]))[:done]
    here = beamline()
    plan = bpp.continue_wrapper(bp.scan([here.det], here.x, 0, 4, 400), documents[0][1], readings)
    result = rehearse(plan)
    assert result.problems == []
    assert len(result.points) == 400 - done
    assert result.points[0].positions["x"] == pytest.approx(4 * done / 399)
    assert result.points[-1].positions["x"] == 4.0
    assert result.path["x"][0] == pytest.approx(4 * max(0, done - 1) / 399)
    is_computed = any(isinstance(part, PointColumns) for part in result.points.parts)
    assert is_computed == (done < 300)  # and not simulated one by one


# ---- what cannot be continued --------------------------------------------------------------------


def refused(plan, start, readings=()):
    """The reason, and no message that moves anything."""
    sent: list[Msg] = []
    with pytest.raises(PlanError, match="run 1 cannot be continued: ") as caught:
        sent.extend(bpp.continue_wrapper(plan, start, list(readings)))
    assert not any(msg.command in ("open_run", "trigger") for msg in sent)
    assert not any(msg.command == "set" and isinstance(msg.obj, VirtualMotor) for msg in sent)
    return str(caught.value).removeprefix("run 1 cannot be continued: ")


def test_a_plan_that_would_measure_other_points_is_refused():
    documents, here = whole("scan")
    start, readings = documents[0][1], readings_of_parts(parts_of([documents]))[:4]
    assert "other extents" in refused(bp.scan([here.det], here.x, -1, 2, 21), start, readings)
    assert "20 points now, and not 21" in refused(bp.scan([here.det], here.x, -1, 1, 20), start, readings)
    assert "other motors" in refused(bp.scan([here.det], here.y, -1, 1, 21), start, readings)
    assert "other plan_name" in refused(bp.ascan(here.x, -1, 1, 20, 1, detectors=[here.det]), start, readings)


def test_a_plan_whose_beginning_is_not_recorded_is_refused():
    documents, here = whole("distances")
    start = {key: value for key, value in documents[0][1].items() if key != "origins"}
    assert refused(PLANS["distances"](here), start) == "where x was when it began is not recorded"


def test_a_plan_that_moves_by_a_distance_before_its_run_is_refused():
    documents, here = whole("scan")

    def plan():
        yield from bps.mvr(here.z, 1)
        yield from PLANS["scan"](here)

    assert refused(plan(), documents[0][1]) == "where z was when it began is not recorded"


def test_a_plan_that_has_become_shorter_is_refused():
    documents, _ = whole("scan")

    def plan():
        start = {**documents[0][1]}
        yield Msg("open_run", None, **start)
        yield Msg("close_run")

    readings = readings_of_parts(parts_of([documents]))[:4]
    with pytest.raises(PlanError, match="its plan has only 0 points now, and 4 are measured"):
        list(bpp.continue_wrapper(plan(), documents[0][1], readings))


def test_a_plan_of_several_runs_is_refused():
    documents, here = whole("scan")

    def twice():
        yield from PLANS["scan"](here)
        yield from PLANS["scan"](here)

    result = rehearse(bpp.continue_wrapper(twice(), documents[0][1], readings_of_parts(parts_of([documents]))[:4]))
    assert "more than one run" in str(result.problems[0])


def test_a_plan_that_flies_is_refused():
    documents, here = whole("scan")

    def flying():
        yield Msg("open_run", None, **documents[0][1])
        yield Msg("kickoff", here.det)

    result = rehearse(bpp.continue_wrapper(flying(), documents[0][1], []))
    assert "on the fly" in str(result.problems[0])
