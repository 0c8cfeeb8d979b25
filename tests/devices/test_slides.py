"""The device examples of the slides, to the letter but for the package they are imported from, on the demo IOC."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("demo_ioc")

STAGES = """
from beamshell.devices import Device, Component, EpicsSignal

# Here we group signals into a Device
class XYStage(Device):
    x = Component(EpicsSignal, 'Mtr-X')
    y = Component(EpicsSignal, 'Mtr-Y')

# and connect to multiple instances
# of that device.
left_stage = XYStage('TEST:Left-', name='left_stage')
right_stage = XYStage('TEST:Right-', name='right_stage')
"""

RANDOM_WALK = """
from beamshell.devices import Device, Component, EpicsSignal, EpicsSignalRO

class RandomWalk(Device):
    x = Component(EpicsSignalRO, 'x')
    dt = Component(EpicsSignal, 'dt')

random_walk = RandomWalk('random_walk:', name='random_walk')
random_walk.wait_for_connection()

reading = random_walk.x.read()

description = random_walk.describe()

status = random_walk.dt.set(2)
"""

DECAY = """
from beamshell.devices import Device, Component, EpicsSignal, EpicsSignalRO, DeviceStatus

class Decay(Device):
    \"\"\"
    A device with a setpoint and readback that decays exponentially toward the
    setpoint.
    \"\"\"
    readback = Component(EpicsSignalRO, ':I')
    setpoint = Component(EpicsSignal, ':SP')
    done = Component(EpicsSignalRO, ':done')

    def set(self, setpoint):
        \"\"\"
        Set the setpoint and return a Status object that monitors the 'done' PV.
        \"\"\"
        status = DeviceStatus(self.done)

        # Wire up a callback that will mark the status object as finished
        # when the done signal goes from low to high---that is, a positive edge.
        def callback(old_value, value, **kwargs):
            if old_value == 0 and value == 1:
                status.set_finished()
                self.done.clear_sub(callback)

        self.done.subscribe(callback)

        # Now 'put' the value.
        self.setpoint.put(setpoint)

        # And return the Status object, which the caller can use to
        # tell when the action is complete.
        return status

decay = Decay('decay', name='decay')
status = decay.set(135)
"""

DECAY_AS_A_POSITIONER = """
from beamshell.devices import Component, EpicsSignal, EpicsSignalRO
from beamshell.devices import PVPositioner

class Decay(PVPositioner):
    \"\"\"
    A device with a setpoint and readback that decays
    exponentially toward the setpoint.
    \"\"\"
    readback = Component(EpicsSignalRO, ':I')
    setpoint = Component(EpicsSignal, ':SP')
    done = Component(EpicsSignalRO, ':done')
    actuate = Component(EpicsSignal, ...) # the "Go" button

def callback(status):
    print("DONE:", status)


decay = Decay('decay', name='decay')
status = decay.set(140)
status.add_callback(callback)
"""


def run(slide: str) -> dict[str, Any]:
    """What the prompt's namespace holds after the lines of a slide were typed."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(slide, namespace)
    return namespace


def test_a_stage_can_be_made_twice() -> None:
    typed = run(STAGES)
    left, right = typed["left_stage"], typed["right_stage"]
    left.x.set(3).wait(5)
    right.x.set(4).wait(5)
    assert left.x.name == "left_stage_x"
    assert left.read()["left_stage_x"]["value"] == 3.0
    assert right.read()["right_stage_x"]["value"] == 4.0
    assert {key: what["source"] for key, what in right.describe().items()} == {
        "right_stage_x": "ca://TEST:Right-Mtr-X",
        "right_stage_y": "ca://TEST:Right-Mtr-Y",
    }


def test_a_random_walk_is_read_described_and_set() -> None:
    typed = run(RANDOM_WALK)
    assert list(typed["reading"]) == ["random_walk_x"]
    assert set(typed["reading"]["random_walk_x"]) >= {"value", "timestamp"}
    assert typed["description"]["random_walk_dt"]["units"] == "s"
    typed["status"].wait(5)
    assert typed["random_walk"].dt.get() == 2.0
    typed["random_walk"].dt.set(1).wait(5)


def test_a_random_walk_walks_while_somebody_subscribes() -> None:
    random_walk = run(RANDOM_WALK)["random_walk"]
    steps: list[float] = []
    three = threading.Event()

    def callback(value: float, **_: Any) -> None:
        steps.append(value)
        if len(set(steps)) >= 3:
            three.set()

    random_walk.dt.set(0.1).wait(5)
    random_walk.x.subscribe(callback)
    assert three.wait(10)
    random_walk.x.clear_sub(callback)
    random_walk.dt.set(1).wait(5)


def test_a_device_may_have_a_set_of_its_own() -> None:
    typed = run(DECAY)
    typed["status"].wait(30)
    assert typed["decay"].readback.get() == pytest.approx(135, abs=0.05)


def test_a_positioner_writes_that_set_for_you(capsys: pytest.CaptureFixture[str]) -> None:
    typed = run(DECAY_AS_A_POSITIONER)
    typed["status"].wait(30)
    assert typed["status"].success
    assert typed["decay"].position == pytest.approx(140, abs=0.05)
    assert typed["decay"].actuate is None
    deadline = time.monotonic() + 5
    printed = ""
    while not printed and time.monotonic() < deadline:
        time.sleep(0.01)
        printed = capsys.readouterr().out
    assert printed == "DONE: <MoveStatus decay: move to 140: done>\n"


def test_to_the_same_place_again_does_not_wait_for_ever() -> None:
    decay = run(DECAY_AS_A_POSITIONER)["decay"]
    decay.set(140).wait(30)
    began = time.monotonic()
    decay.set(140).wait(20)
    assert time.monotonic() - began < 5


def test_a_positioner_of_the_slides_stops_at_a_wrong_target_before_it_moves() -> None:
    decay = run(DECAY_AS_A_POSITIONER)["decay"]
    decay.set(140).wait(30)
    with pytest.raises(ValueError, match="decay: nan is not a position"):
        decay.set(float("nan"))
    assert decay.setpoint.get() == 140.0
