"""Each plan that bluesky has as well, on both engines and the same devices: positions, event data, start metadata."""

from types import SimpleNamespace

import bluesky
import bluesky.plans
import pytest
from bluesky.utils import RunEngineInterrupted
from cycler import cycler
from interop.plan_differences import ONLY_HERE, PLAN_ARGS, START
from ophyd import Signal
from ophyd.sim import SynAxis, SynGauss
from virtual_world import VirtualStatus

from beamshell import RunEngine
from beamshell import plans as ours
from beamshell.plans import stubs as bps

PLANS = {
    "count": lambda bp, d: bp.count([d.det], 3),
    "scan": lambda bp, d: bp.scan([d.det], d.x, -1, 1, d.y, 0, 5, 5),
    "scan one point": lambda bp, d: bp.scan([d.det], d.x, 2, 3, num=1),
    "rel_scan": lambda bp, d: bp.rel_scan([d.det], d.x, -1, 1, d.y, 0, 5, num=4),
    "count, with delays": lambda bp, d: bp.count([d.det], 3, delay=[0.01, 0.02]),
    "rel_scan down": lambda bp, d: bp.rel_scan([d.det], d.x, 1, -1, 3),
    "relative_inner_product_scan": lambda bp, d: bp.relative_inner_product_scan([d.det], 3, d.x, -1, 1, d.y, 0, 5),
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
    "rel_grid_scan, snaked": lambda bp, d: bp.rel_grid_scan([d.det], d.x, -1, 1, 3, d.y, 0, 5, 2, snake_axes=True),
    "rel_grid_scan": lambda bp, d: bp.rel_grid_scan([d.det], d.x, -1, 1, 3, d.y, 0, 5, 4, snake_axes=False),
    "list_grid_scan": lambda bp, d: bp.list_grid_scan([d.det], d.x, [1, 5], d.y, [0, 2, 9], snake_axes=True),
    "rel_list_grid_scan": lambda bp, d: bp.rel_list_grid_scan([d.det], d.x, [1, 5], d.y, [0, 2, 9]),
    "spiral": lambda bp, d: bp.spiral([d.det], d.x, d.y, 0.1, 0.2, 2, 3, 0.31, 5, dr_y=0.4, tilt=0.1),
    "rel_spiral": lambda bp, d: bp.rel_spiral([d.det], d.x, d.y, 2, 3, 0.31, 5),
    "rel_spiral, leaning": lambda bp, d: bp.rel_spiral([d.det], d.x, d.y, 2, 3, 0.31, 5, dr_y=0.4, tilt=0.1),
    "spiral_fermat": lambda bp, d: bp.spiral_fermat([d.det], d.x, d.y, 0.1, 0.2, 2, 3, 0.5, 1.2, tilt=0.2),
    "rel_spiral_fermat": lambda bp, d: bp.rel_spiral_fermat([d.det], d.x, d.y, 2, 3, 0.5, 1.2),
    "spiral_square": lambda bp, d: bp.spiral_square([d.det], d.x, d.y, 1, 2, 2, 3, 4, 3),
    "rel_spiral_square": lambda bp, d: bp.rel_spiral_square([d.det], d.x, d.y, 2, 3, 3, 5),
    "adaptive_scan": lambda bp, d: bp.adaptive_scan([d.det], "det", d.x, -4, 4, 0.05, 1.0, 0.1, True),
    "adaptive_scan, never back": lambda bp, d: bp.adaptive_scan([d.det], "det", d.x, 3, -4, 0.05, 1, 0.1, False),
    "rel_adaptive_scan": lambda bp, d: bp.rel_adaptive_scan([d.det], "det", d.x, -3, 3, 0.05, 1.0, 0.1, True),
    "tweak": lambda bp, d: bp.tweak(d.det, "det", d.x, 0.5),
    "fly": lambda bp, d: bp.fly([d.flyer, d.other_flyer]),
    "ramp_plan": lambda bp, d: bp.ramp_plan(bps.abs_set(d.ramp, 3.0, wait=False), d.signal, d.ramp.reading([d.det])),
    "ramp_plan, none before": lambda bp, d: bp.ramp_plan(
        bps.abs_set(d.ramp, 3.0), d.signal, d.ramp.reading([d.det]), take_pre_data=False, md={"oven": "small"}
    ),
}
ANSWERS = ["", "0.25", "-1", "q"]


class Ramp:
    """Something slow that has arrived when it was looked at four times."""

    name, parent = "ramp", None

    def __init__(self):
        self.status, self.looks = VirtualStatus(), 0

    def set(self, value):
        return self.status

    def stop(self, success=False):
        pass

    def reading(self, detectors):
        def look():
            yield from bps.trigger_and_read(detectors)
            self.looks += 1
            if self.looks == 4:
                self.status.finish()

        return look


class Flyer:
    """Three events of its own."""

    parent = None

    def __init__(self, name):
        self.name = name

    def kickoff(self):
        return self._done()

    complete = kickoff

    def _done(self):
        status = VirtualStatus()
        status.finish()
        return status

    def describe_collect(self):
        return {f"{self.name}_stream": {self.name: {"source": "here", "dtype": "number", "shape": []}}}

    def collect(self):
        for i in range(3):
            yield {"data": {self.name: i * 1.5}, "timestamps": {self.name: i}, "time": float(i)}

    def read_configuration(self):
        return {}

    describe_configuration = read_configuration


class Side:
    """An engine with its plans, and devices of its own."""

    def __init__(self, engine, plans):
        self.engine, self.plans = engine, plans
        self.docs = []
        engine.subscribe(lambda name, doc: self.docs.append((name, doc)))

    def run(self, make, plans=None):
        self.docs.clear()
        x, y, z = (SynAxis(name=name, value=value) for name, value in (("x", 1.0), ("y", 2.0), ("z", 3.0)))
        det = SynGauss("det", x, "x", center=0.3, Imax=1, sigma=0.8)
        self.devices = devices = SimpleNamespace(
            x=x, y=y, z=z, det=det, ramp=Ramp(), signal=Signal(name="T", value=4.0)
        )
        devices.flyer, devices.other_flyer = Flyer("first"), Flyer("second")
        self.answers = iter(ANSWERS)
        self.engine(make(plans or self.plans, devices))
        self.ended = [motor.position for motor in (x, y, z)]
        return self

    def outcome(self):
        """What came of the last run, to keep."""
        return SimpleNamespace(start=self.start, data=self.data, ended=self.ended)

    def answer(self, msg):
        return next(self.answers)

    @property
    def start(self):
        return next(doc for name, doc in self.docs if name == "start")

    @property
    def data(self):
        """By stream, the data of its events; those of a page one by one."""
        streams = {doc["uid"]: doc["name"] for name, doc in self.docs if name == "descriptor"}
        data = {stream: [] for stream in sorted(streams.values())}
        for name, doc in self.docs:
            if name == "event":
                data[streams[doc["descriptor"]]].append(doc["data"])
            elif name == "event_page":
                columns = doc["data"]
                rows = zip(*columns.values(), strict=True)
                data[streams[doc["descriptor"]]] += [dict(zip(columns, row, strict=True)) for row in rows]
        return data


@pytest.fixture(scope="module")
def engines():
    theirs = bluesky.RunEngine({}, context_managers=[])
    here, there = Side(RunEngine(), ours), Side(theirs, bluesky.plans)
    here.engine.register_command("input", here.answer)

    async def answer(msg):
        return there.answer(msg)

    theirs.register_command("input", answer)
    yield here, there
    theirs.loop.call_soon_threadsafe(theirs.loop.stop)
    theirs._th.join()
    theirs.loop.close()


@pytest.fixture(params=PLANS, scope="module")
def sides(request, engines):
    """What came of one plan here and there."""
    return tuple(side.run(PLANS[request.param]).outcome() for side in engines)


def test_the_same_points_give_the_same_data_and_leave_the_motors_at_the_same_place(sides):
    here, there = sides
    assert there.data
    assert here.data.keys() == there.data.keys()
    for stream, data in there.data.items():
        assert here.data[stream] == [pytest.approx(event, abs=1e-12) for event in data], stream
    assert here.ended == pytest.approx(there.ended, abs=1e-12)


def test_the_start_documents_agree_but_for_what_is_listed(sides):
    here, there = (comparable(side.start) for side in sides)
    assert {key: here.get(key) for key in there} == there
    assert here.keys() - there.keys() <= ONLY_HERE.keys()


def test_the_arguments_are_recorded_alike_but_for_what_is_listed(sides):
    here, there = (side.start.get("plan_args", {}) for side in sides)
    left_out = {*PLAN_ARGS["any"], *PLAN_ARGS.get(sides[0].start["plan_name"], {})}
    compared = there.keys() - left_out
    assert {key: here.get(key) for key in compared} == {key: there[key] for key in compared}


def comparable(start):
    """What is compared of a start document: the order of motors and of what comes as list or tuple aside."""
    left_out = {"uid", "time", "scan_id", "versions", "plan_args", *START}
    kept = {key: listed(value) for key, value in start.items() if key not in left_out}
    if "motors" in kept:
        kept["motors"].sort()
    kept.get("hints", {}).get("dimensions", []).sort()
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


# ---- our plans on their engine -------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_of_ours_does_the_same_on_their_engine(engines, name):
    here, there = engines
    mine = here.run(PLANS[name]).data
    assert there.run(PLANS[name], ours).data == mine
    assert there.ended == here.ended
    assert there.docs[-1][1]["exit_status"] == "success"


def test_on_their_engine_our_relative_plans_return_their_motors_after_a_failure(engines):
    def broken_after(detector, readings):
        def read():
            readings.append(1)
            if len(readings) == 3:
                raise OSError("no answer")
            return SynGauss.read(detector)

        detector.read = read
        return detector

    _, there = engines
    with pytest.raises(OSError, match="no answer"):
        there.run(lambda bp, d: bp.rel_scan([broken_after(d.det, [])], d.x, -1, 1, d.y, 0, 5, num=4), ours)
    assert [there.devices.x.position, there.devices.y.position] == [1.0, 2.0]
    assert there.docs[-1][1]["exit_status"] == "fail"


def test_on_their_engine_our_clean_up_is_done_after_an_abort(engines):
    def per_step(detectors, step, pos_cache):
        yield from bps.one_nd_step(detectors, step, pos_cache)
        yield from bps.pause()

    _, there = engines
    with pytest.raises(RunEngineInterrupted):
        there.run(lambda bp, d: bp.rel_scan([d.det], d.x, -1, 1, num=4, per_step=per_step), ours)
    there.engine.abort("enough")
    assert there.devices.x.position == 1.0
    assert there.docs[-1][1]["exit_status"] == "abort"
