"""After a move that was aborted, relative moves start where the device stands, and not where it was sent."""

from __future__ import annotations

import pytest

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.devices import Component, PVPositioner, Signal, SignalRO
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.devices.sim import SynAxis
from beamshell.devices.soft_positioner import SoftPositioner
from beamshell.errors import RunEngineInterrupted
from beamshell.plans import stubs as bps
from beamshell.simulate import rehearse

FOR_EVER_S = 3600.0


class Valve(PVPositioner):
    """A set point, a readback that stays, and a done flag: every move goes on until it is stopped."""

    setpoint = Component(Signal)
    readback = Component(SignalRO)
    done = Component(SignalRO, value=0, kind="omitted")


class Furnace(PVPositioner):
    """A set point and a readback that stays."""

    setpoint = Component(Signal)
    readback = Component(SignalRO)
    tolerance = 0.5


class Shifted(PseudoPositioner):
    """One axis, 10 more than the real one."""

    offset = Component(PseudoSingle)
    real = Component(SoftPositioner, delay=FOR_EVER_S)

    def forward(self, pseudo):
        return self.RealPosition(pseudo.offset - 10)

    def inverse(self, real):
        return self.PseudoPosition(real.real + 10)


DEVICES = {
    "soft": lambda: SynAxis(name="x", delay=FOR_EVER_S),
    "done": lambda: Valve(name="x"),
    "tolerance": lambda: Furnace(name="x"),
    "pseudo": lambda: Shifted(name="owner").offset,
}


@pytest.fixture(params=DEVICES)
def x(request):
    return DEVICES[request.param]()


@pytest.fixture
def RE():
    return RunEngine()


def abort_a_move(RE, x, target):
    """Send the device there, and abort before it arrives."""

    def plan():
        yield from bps.abs_set(x, target, group="away")
        yield from bps.pause()

    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    RE.abort()


@pytest.mark.parametrize(
    "relative",
    [
        lambda x: bps.mvr(x, 1),
        lambda x: bps.rel_set(x, 1, wait=True),
        lambda x: bp.rel_scan([], x, 1, 2, 3),
        lambda x: bp.rel_list_scan([], x, [1, 2]),
        lambda x: bp.rel_grid_scan([], x, 1, 2, 3),
        lambda x: bp.rel_log_scan([], x, 0, 1, 3),
    ],
    ids=["mvr", "rel_set", "rel_scan", "rel_list_scan", "rel_grid_scan", "rel_log_scan"],
)
def test_after_an_abort_a_relative_plan_starts_where_the_device_stands(RE, x, relative):
    start = x.position
    abort_a_move(RE, x, start + 50)
    assert rehearse(relative(x)).path[x.name][0] == start + 1
    first = []
    RE.msg_hook = lambda msg: first.append(msg.args[0]) if msg.command == "set" else None

    def first_move_only():
        plan = relative(x)
        reply = None
        while True:
            msg = plan.send(reply)
            if msg.command == "wait":
                return
            reply = yield msg

    RE(first_move_only())
    assert first[0] == start + 1


def test_a_relative_scan_after_an_abort_goes_back_to_where_it_began(RE):
    x = DEVICES["soft"]()
    abort_a_move(RE, x, 50)
    x.delay, at = 0.0, []
    RE(bp.rel_scan([], x, -1, 1, 3), {"event": lambda _, doc: at.append(doc["data"]["x"])})
    assert (at, x.position) == ([-1.0, 0.0, 1.0], 0.0)
