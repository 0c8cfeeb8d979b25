"""Each plan that bluesky has as well, on both engines and the same devices: positions, event data, start metadata."""

from types import SimpleNamespace

import bluesky
import bluesky.plans
import pytest
from cycler import cycler
from interop.plan_differences import PLAN_ARGS, START
from ophyd.sim import SynAxis, SynGauss

from beamshell import RunEngine
from beamshell import plans as ours

PLANS = {
    "count": lambda bp, d: bp.count([d.det], 3),
    "scan": lambda bp, d: bp.scan([d.det], d.x, -1, 1, d.y, 0, 5, 5),
    "scan one point": lambda bp, d: bp.scan([d.det], d.x, 2, 3, num=1),
    "rel_scan": lambda bp, d: bp.rel_scan([d.det], d.x, -1, 1, d.y, 0, 5, num=4),
    "inner_product_scan": lambda bp, d: bp.inner_product_scan([d.det], 3, d.x, -1, 1, d.y, 0, 5),
    "list_scan": lambda bp, d: bp.list_scan([d.det], d.x, [3, 1, 2], d.y, [4, 4, 5]),
    "rel_list_scan": lambda bp, d: bp.rel_list_scan([d.det], d.x, [3, 1, 2], d.y, [4, 4, 5]),
    "log_scan": lambda bp, d: bp.log_scan([d.det], d.x, -1, 1, 5),
    "rel_log_scan": lambda bp, d: bp.rel_log_scan([d.det], d.x, -1, 1, 5),
    "scan_nd": lambda bp, d: bp.scan_nd([d.det], cycler(d.x, [1, 2]) * cycler(d.y, [3, 4, 5])),
    "x2x_scan": lambda bp, d: bp.x2x_scan([d.det], d.x, d.y, -1, 1, 5),
    "grid_scan": lambda bp, d: bp.grid_scan([d.det], d.x, -1, 1, 3, d.y, 0, 5, 4, d.z, 0, 1, 2, snake_axes=True),
    "grid_scan, one snakes": lambda bp, d: bp.grid_scan(
        [d.det], d.x, -1, 1, 3, d.y, 0, 5, 4, d.z, 0, 1, 2, snake_axes=[d.z]
    ),
    "rel_grid_scan": lambda bp, d: bp.rel_grid_scan([d.det], d.x, -1, 1, 3, d.y, 0, 5, 4, snake_axes=False),
    "list_grid_scan": lambda bp, d: bp.list_grid_scan([d.det], d.x, [1, 5], d.y, [0, 2, 9], snake_axes=True),
    "rel_list_grid_scan": lambda bp, d: bp.rel_list_grid_scan([d.det], d.x, [1, 5], d.y, [0, 2, 9]),
    "spiral": lambda bp, d: bp.spiral([d.det], d.x, d.y, 0.1, 0.2, 2, 3, 0.31, 5, dr_y=0.4, tilt=0.1),
    "rel_spiral": lambda bp, d: bp.rel_spiral([d.det], d.x, d.y, 2, 3, 0.31, 5),
    "spiral_fermat": lambda bp, d: bp.spiral_fermat([d.det], d.x, d.y, 0.1, 0.2, 2, 3, 0.5, 1.2, tilt=0.2),
    "rel_spiral_fermat": lambda bp, d: bp.rel_spiral_fermat([d.det], d.x, d.y, 2, 3, 0.5, 1.2),
    "spiral_square": lambda bp, d: bp.spiral_square([d.det], d.x, d.y, 1, 2, 2, 3, 4, 3),
    "rel_spiral_square": lambda bp, d: bp.rel_spiral_square([d.det], d.x, d.y, 2, 3, 3, 5),
    "adaptive_scan": lambda bp, d: bp.adaptive_scan([d.det], "det", d.x, -4, 4, 0.05, 1.0, 0.1, True),
    "adaptive_scan, never back": lambda bp, d: bp.adaptive_scan([d.det], "det", d.x, 3, -4, 0.05, 1, 0.1, False),
    "rel_adaptive_scan": lambda bp, d: bp.rel_adaptive_scan([d.det], "det", d.x, -3, 3, 0.05, 1.0, 0.1, True),
}


class Side:
    """An engine with its plans, and devices of its own."""

    def __init__(self, engine, plans):
        self.engine, self.plans = engine, plans
        self.docs = []
        engine.subscribe(lambda name, doc: self.docs.append((name, doc)))

    def run(self, make):
        self.docs.clear()
        x, y, z = (SynAxis(name=name, value=value) for name, value in (("x", 1.0), ("y", 2.0), ("z", 3.0)))
        devices = SimpleNamespace(x=x, y=y, z=z, det=SynGauss("det", x, "x", center=0.3, Imax=1, sigma=0.8))
        self.engine(make(self.plans, devices))
        self.ended = [motor.position for motor in (x, y, z)]
        return self

    @property
    def start(self):
        return next(doc for name, doc in self.docs if name == "start")

    @property
    def data(self):
        return [doc["data"] for name, doc in self.docs if name == "event"]


@pytest.fixture(scope="module")
def engines():
    theirs = bluesky.RunEngine({}, context_managers=[])
    yield Side(RunEngine(), ours), Side(theirs, bluesky.plans)
    theirs.loop.call_soon_threadsafe(theirs.loop.stop)
    theirs._th.join()


@pytest.fixture(params=PLANS)
def sides(request, engines):
    """What came of one plan here and there."""
    return tuple(side.run(PLANS[request.param]) for side in engines)


def test_the_same_points_give_the_same_data_and_leave_the_motors_at_the_same_place(sides):
    here, there = sides
    assert there.data
    assert here.data == [pytest.approx(data, abs=1e-12) for data in there.data]
    assert here.ended == pytest.approx(there.ended, abs=1e-12)


def test_the_start_documents_agree_but_for_what_is_listed(sides):
    here, there = (known(side.start) for side in sides)
    assert {key: here.get(key) for key in there} == there


def test_the_arguments_are_recorded_alike_but_for_what_is_listed(sides):
    here, there = (side.start["plan_args"] for side in sides)
    left_out = {*PLAN_ARGS["any"], *PLAN_ARGS.get(sides[0].start["plan_name"], {})}
    wanted = there.keys() - left_out
    assert {key: here.get(key) for key in wanted} == {key: there[key] for key in wanted}


def known(start):
    """What is compared of a start document: the order of motors and of what comes as list or tuple aside."""
    left_out = {"uid", "time", "scan_id", "versions", "plan_args", *START}
    kept = {key: listed(value) for key, value in start.items() if key not in left_out}
    kept["motors"] = sorted(kept.get("motors", []))
    kept["hints"].get("dimensions", []).sort()
    return kept


def listed(value):
    if isinstance(value, list | tuple):
        return [listed(item) for item in value]
    return {key: listed(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_tune_centroid_ends_at_the_same_place(engines):
    make = lambda bp, d: bp.tune_centroid([d.det], "det", d.x, -3, 4, 0.01, 10, 2)  # noqa: E731
    here, there = (side.run(make) for side in engines)
    assert here.ended == pytest.approx(there.ended, abs=0.02)
    assert here.ended[0] == pytest.approx(0.3, abs=0.02)


def test_a_plan_of_ours_runs_on_their_engine(engines):
    here, there = engines
    mine = Side.run(here, PLANS["grid_scan"]).data
    there.docs.clear()
    x, y, z = (SynAxis(name=name) for name in "xyz")
    det = SynGauss("det", x, "x", center=0.3, Imax=1, sigma=0.8)
    there.engine.register_command("begin_cleanup", _nothing)
    there.engine.register_command("end_cleanup", _nothing)
    there.engine(PLANS["grid_scan"](ours, SimpleNamespace(x=x, y=y, z=z, det=det)))
    assert there.data == mine


async def _nothing(msg):
    return None
