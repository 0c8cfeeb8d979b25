"""Plans of different structure, paused or ended at any moment: the same data, and everything put back.

xafs and spec_scan have the structure of region_scan, find_edge that of centre_on_peak.
"""

import math
from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.plans.environment import use_clock
from beamshell.plans.queue import Task, work_through

MOMENTS = [0.05 * n + 0.013 for n in range(40)]


class Timer(VirtualSignal):
    def set(self, value):
        self.value = value
        return self.status_in(0.01)


def beamline():
    """Two motors at 0, and a detector that sees a peak at 0.3 of x."""
    world = VirtualWorld()
    x, y = (VirtualMotor(world, name, speed=5.0) for name in "xy")
    x.units = "keV"
    det = VirtualDetector(world, "det", motor=x, time=0.05)
    det.count_time = Timer(world, "det_count_time", value=0.3)
    det.read = lambda: {
        "det": {"value": 1000 * math.exp(-(((x.position - 0.3) / 0.2) ** 2)), "timestamp": world.time()}
    }
    return SimpleNamespace(world=world, x=x, y=y, det=det)


def with_an_edge(here):
    """The detector, which sees an edge at 0 of x."""
    here.det.read = lambda: {"det": {"value": 1000 * math.erf(here.x.position / 0.1), "timestamp": here.world.time()}}
    return here.det


def queue(here):
    makes = iter([lambda: bp.scan([here.det], here.x, 0, 1, 3), lambda: bp.count([here.det], 3)])

    def take():
        make = next(makes, None)
        return None if make is None else Task(make, lambda failure, uids: None)

    return work_through(take)


PLANS = {
    "region_scan": lambda here: bp.region_scan([here.det], here.x, [(0, 1, 0.25, 0.1), (1, 2, 0.5, 0.2)]),
    "scan_until": lambda here: bp.scan_until([here.det], here.x, -1, 0.1, until=bp.above("det", 900), limit=2),
    "count_until": lambda here: bp.count_until([here.det], lambda point: point.number == 12, delay=0.1),
    "centre_on_peak": lambda here: bp.centre_on_peak([here.det], here.x, -1, 1, 15, time=0.2),
    "knife_edge": lambda here: bp.knife_edge([with_an_edge(here)], here.x, -0.5, 0.3, 12),
    "for_each_sample": lambda here: bp.for_each_sample(
        {"a": {here.y: 1}, "b": {here.y: 2}}, lambda name: bp.scan([here.det], here.x, 0, 1, 4)
    ),
    "at_temperatures": lambda here: bp.at_temperatures(here.y, [1, 2], 0.2, lambda t: bp.count([here.det], 4)),
    "queue": queue,
}
RETURNS = ("centre_on_peak", "knife_edge")


def whole(name):
    here = beamline()
    with use_clock(here.world.clock):
        core = here.world.run(PLANS[name](here))
    assert core.exit_status == "success", core.error
    return here


def result(here):
    """By run and stream, the last data of each point; where the motors are, and how long the detector counts."""
    run = -1
    streams, data = {}, {}
    for name, doc in here.world.docs:
        run += name == "start"
        if name == "descriptor":
            streams[doc["uid"]] = (run, doc["name"])
        elif name == "event":
            data[(*streams[doc["descriptor"]], doc["seq_num"])] = doc["data"]
    return data, here.x.position, here.y.position, here.det.count_time.value


@pytest.mark.parametrize("name", PLANS)
def test_a_pause_at_any_moment_changes_nothing_of_the_data(name):
    expected = result(whole(name))
    paused = 0
    for moment in MOMENTS:
        here = beamline()
        core = here.world.interpreter()
        here.world.at(moment, lambda here=here: here.world.post(PauseRequest(False)))
        with use_clock(here.world.clock):
            done = core.start(as_generator(PLANS[name](here)))
            if not done:
                paused += 1
                here.world.pass_time(3.0)
                core.resume()
        assert core.exit_status == "success", (moment, core.error)
        assert result(here) == expected, moment
        document_rules.check(here.world.docs)
    assert paused > 5


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("how", [State.STOPPING, State.ABORTING])
def test_ended_at_any_moment_everything_is_put_back(name, how):
    ended = 0
    for moment in MOMENTS:
        here = beamline()
        core = here.world.interpreter()
        here.world.at(moment, lambda here=here: here.world.post(EndRequest(how, "enough")))
        with use_clock(here.world.clock):
            core.start(as_generator(PLANS[name](here)))
        if not core.interrupted:
            continue
        ended += 1
        assert here.det.staged == here.x.staged == here.y.staged == 0
        assert here.det.count_time.value == 0.3
        assert not here.x.moving
        if name in RETURNS:
            assert here.x.position == 0.0
        names = here.world.names()
        assert names.count("start") == names.count("stop")
    assert ended > 5
