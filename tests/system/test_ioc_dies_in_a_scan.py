"""A scan whose IOC is killed and started again: no point is lost and none is doubled."""

import threading
import time

import pytest

from beamshell import RunEngine
from beamshell.devices import EpicsMotor, EpicsSignalRO
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.engine.suspenders import SuspendFloor
from beamshell.plans.scans import scan

_POINTS = 12


class _Recorder:
    """The documents of a scan, and what is done at some of its points."""

    def __init__(self):
        self.documents = []
        self.at_point = {}

    def __call__(self, name, doc):
        self.documents.append((name, doc))
        if name == "event" and (action := self.at_point.pop(doc["seq_num"], None)) is not None:
            action()

    def of(self, name):
        return [doc for kind, doc in self.documents if kind == name]


@pytest.fixture
def beamline(own_ioc):
    samx, det = EpicsMotor("OWN:samx", name="samx"), EpicsCounter("OWN:det", name="det")
    ring = EpicsSignalRO("OWN:current", name="ring")
    parts = [signal for device in (samx, det) for _, signal in device.walk_signals()] + [ring]
    for one in parts:
        one.wait_for_connection(10)
    yield samx, det, ring
    for one in parts:
        one.destroy()


@pytest.mark.parametrize("has_suspender", [True, False])
@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.08, 0.15])
def test_a_scan_goes_through_the_death_of_its_ioc(beamline, own_ioc, delay_s, has_suspender):
    """Killed at whatever the fifth point does `delay_s` later: a move, a count, a read."""
    samx, det, ring = beamline
    engine, recorder = RunEngine(), _Recorder()
    engine.subscribe(recorder)
    if has_suspender:
        engine.install_suspender(SuspendFloor(ring, 50.0))

    def die_and_come_back():
        time.sleep(delay_s)
        own_ioc.kill()
        time.sleep(0.3)
        own_ioc.restart()
        own_ioc.wait_ready()

    trouble = threading.Thread(target=die_and_come_back)
    recorder.at_point[5] = trouble.start
    engine(scan([det], samx, 0.0, 1.1, _POINTS))
    trouble.join()
    stop = recorder.of("stop")[0]
    assert (stop["exit_status"], stop["num_events"]["primary"]) == ("success", _POINTS)
    points = {event["seq_num"]: event["data"] for event in recorder.of("event")}
    assert sorted(points) == list(range(1, _POINTS + 1))
    assert [points[number]["samx"] for number in sorted(points)] == pytest.approx(
        [n / 10 for n in range(_POINTS)], abs=2e-3
    )
    numbers = [event["seq_num"] for event in recorder.of("event")]
    # One death repeats one point at most, under its own number: that which was read before its checkpoint came.
    assert numbers == sorted(numbers)
    assert len(numbers) <= _POINTS + 1
