"""A short look at devices: `devices`, a device typed alone, `wm` and `ct` of what is no motor."""

from __future__ import annotations

import pytest

from beamshell.devices import Signal, SoftPositioner
from beamshell.devices.sim import SynGauss
from beamshell.errors import NotConnected
from beamshell.shell.device_look import Look, begin_look
from beamshell.shell.positions import positions_table


class Door:
    """A shutter: a state in words."""

    name = "door"
    connected = True

    def begin_state(self):
        return lambda: {"connected": True, "position": "Open", "words": ["moving"]}


class Slow(SynGauss):
    def read(self):
        raise NotConnected("slow: no answer")

    begin_read = read


class Away:
    name = "away"
    connected = False


@pytest.mark.parametrize(
    ("device", "look"),
    [
        (SoftPositioner(name="th", units="deg"), Look("0.000 deg", "")),
        (Signal(name="ring", value=400.25, units="mA", precision=2), Look("400.25 mA", "")),
        (Signal(name="gauge", value=2.01e-4, units="mbar"), Look("0.000201 mbar", "")),
        (Signal(name="mode", value=1, choices=("Off", "On")), Look("On", "")),
        (Signal(name="note", value="hello"), Look("hello", "")),
        (Signal(name="many", value=[1.0, 2.0]), Look("an array of 2", "")),
        (Door(), Look("Open", "moving")),
        (SynGauss(name="det"), Look("1", "")),
        (Slow(name="slow"), Look("", "offline")),
        (Away(), Look("", "offline")),
    ],
)
def test_a_look_is_the_value_with_its_unit_and_the_state_in_words(device, look):
    assert begin_look(device)() == look


def test_a_shutter_and_a_signal_stand_in_the_table_of_positions():
    ring = Signal(name="ring", value=400.25, units="mA", precision=2)
    rows = [line.split() for line in positions_table({"door": Door(), "ring": ring}).splitlines()[1:]]
    assert rows == [["door", "Open", "-", "-", "-", "moving"], ["ring", "400.25", "-", "-", "-", "mA"]]


def test_a_motor_that_does_not_answer_just_after_the_start_is_connecting():
    assert "connecting" in positions_table({"away": Away()}, "connecting")


@pytest.fixture
def ring(prompt):
    ring = Signal(name="ring", value=400.25, units="mA", precision=2)
    prompt.session.registry.add(ring, doc="ring current")
    prompt.session.names.set_devices(prompt.session.registry)
    yield ring
    prompt.session.registry.remove("ring")
    prompt.session.names.set_devices(prompt.session.registry)


def test_a_signal_typed_alone_shows_its_value(ring, typed):
    assert typed("ring").endswith("  400.25 mA\n")
    assert typed("wm ring").splitlines()[1].split() == ["ring", "400.25", "-", "-", "-", "mA"]
    assert typed("ct ring") == "ring  400.25 mA\n"


def test_devices_shows_value_state_and_description(ring, typed):
    lines = typed("devices").splitlines()
    assert "ring   400.25 mA    ring current" in lines
    assert next(line.split() for line in lines if line.startswith("th ")) == ["th", "0.000", "SynAxis"]


def test_a_state_is_counted_in_words(prompt, typed):
    typed("from beamshell.devices import Signal; mode = Signal(name='mode', value=1, choices=('Off', 'On'))")
    assert typed("ct mode") == "mode  On\n"
