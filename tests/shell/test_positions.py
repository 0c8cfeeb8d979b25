"""The table of positions, and which motors stand in it."""

from types import SimpleNamespace

import numpy as np
import ophyd
import pytest

from beamshell.devices import Component, Device, PseudoPositioner, PseudoSingle, Registry, SoftPositioner
from beamshell.devices.signal import Signal
from beamshell.devices.sim import SynGauss
from beamshell.errors import UnknownName, UsageError
from beamshell.shell.commands import commands
from beamshell.shell.positions import begin_position_text, places_of
from beamshell.shell.prompt_names import DeviceNamespace


class Jaws(PseudoPositioner):
    gap = Component(PseudoSingle, limits=(0, 8))
    centre = Component(PseudoSingle, precision=1)
    low = Component(SoftPositioner, limits=(-5, 5), units="mm")
    high = Component(SoftPositioner, limits=(-5, 5), units="mm")

    def forward(self, pseudo):
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    def inverse(self, real):
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)


@pytest.fixture
def devices():
    registry = Registry()
    registry.add(SoftPositioner(name="th", units="deg"))
    registry.add(Jaws(name="jaws")).set(2, 1).wait(5)
    registry.add(SynGauss(name="det"))
    return registry


@pytest.fixture
def shown(devices, capsys):
    """The cells that a command shows, a list for each line below the heading."""

    def show(command, *words):
        commands()[command].act(SimpleNamespace(devices=DeviceNamespace(devices, {}), offline_word="OFFLINE"), words)
        return [line.split() for line in capsys.readouterr().out.splitlines()[1:]]

    return show


GAP = ["jaws.gap", "2.000", "-", "0.000", "8.000", "mm"]
CENTRE = ["jaws.centre", "1.0", "-", "none", "none", "mm"]
LOW = ["jaws.low", "0.000", "-", "-5.000", "5.000", "mm"]
HIGH = ["jaws.high", "2.000", "-", "-5.000", "5.000", "mm"]
TH = ["th", "0.000", "-", "none", "none", "deg"]


def test_all_motors_are_shown_computed_axes_with_their_real_ones(shown):
    assert shown("wa") == [TH, GAP, CENTRE, LOW, HIGH]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["jaws.gap", "th"], [GAP, TH]),
        (["jaws"], [GAP, CENTRE, LOW, HIGH]),
        (["j*"], [GAP, CENTRE, LOW, HIGH]),
        (["jaws.*e*"], [CENTRE]),
        (["*gap", "t?"], [GAP, TH]),
        (["jaws.low", "jaws"], [LOW, GAP, CENTRE, HIGH]),
    ],
)
def test_some_motors_are_shown_by_their_names_or_by_those_of_their_axes(shown, words, rows):
    assert sorted(shown("wm", *words)) == sorted(rows)


@pytest.mark.parametrize(
    ("severity", "words"), [(1, ["MINOR", "alarm"]), (2, ["MAJOR", "alarm"]), (3, ["position", "INVALID"])]
)
def test_an_alarm_of_a_position_is_a_word_of_its_state(shown, devices, monkeypatch, severity, words):
    readback = devices.find("th").readback_signal
    reading = {"th": {"value": 0.0, "timestamp": 1.0, "alarm_severity": severity}}
    monkeypatch.setattr(readback, "begin_read", lambda: lambda: reading)
    assert shown("wm", "th") == [[*TH, *words]]


def test_an_alarm_of_a_value_is_a_word_too(shown, devices, monkeypatch):
    ring = Signal(name="ring", value=0.03)
    devices.add(ring)
    reading = {"ring": {"value": 0.03, "timestamp": 1.0, "alarm_severity": 2}}
    monkeypatch.setattr(ring, "begin_read", lambda: lambda: reading)
    (row,) = shown("wm", "ring")
    assert row[-2:] == ["MAJOR", "alarm"]


def test_where_motors_and_axes_stand_is_known_by_name(devices):
    places = {name: place for name, (_, place) in places_of(devices).items()}
    assert places == {"th": 0.0, "jaws.gap": 2.0, "jaws.centre": 1.0}


def test_what_is_no_motor_is_refused(shown):
    for word, error, message in (
        ("*foo", UnknownName, "no motor's name fits '[*]foo'"),
        ("jaws.gpa", UnknownName, "jaws has no part 'gpa': did you mean gap"),
        ("det", UsageError, "det has no position: ct det reads it"),
    ):
        with pytest.raises(error, match=message):
            shown("wm", word)


def test_a_device_of_several_axes_tells_where_each_is(devices):
    assert begin_position_text(devices["jaws"])() == "gap 2 mm, centre 1 mm"


def test_a_device_of_several_axes_is_not_moved_by_a_distance(shown):
    for command in ("movr", "umvr"):
        with pytest.raises(
            UsageError, match=r"cannot be moved by a distance, but its axes can: jaws\.gap, jaws\.centre"
        ):
            shown(command, "jaws", "1")


# ---- devices of others, and parts of bundles -----------------------------------------------------


class Stage(Device):
    """A bundle of ours."""

    x = Component(SoftPositioner, units="mm")
    y = Component(SoftPositioner, units="mm")
    note = Component(Signal, value="none")


class Odd:
    """A motor of a beamline's own library, as it may be."""

    parent = None

    def __init__(self, name, position=0.0, limits=(0, 0), egu="mm", connected=True):
        self.name, self.connected = name, connected
        self._facts = {"position": position, "limits": limits, "egu": egu}

    def set(self, value):
        raise NotImplementedError

    def _fact(self, name):
        fact = self._facts[name]
        if isinstance(fact, Exception):
            raise fact
        return fact

    position = property(lambda self: self._fact("position"))
    limits = property(lambda self: self._fact("limits"))
    egu = property(lambda self: self._fact("egu"))


@pytest.mark.parametrize(
    ("motor", "cells"),
    [
        (Odd("odd", connected=False), ["odd", "OFFLINE"]),
        (
            Odd("odd", position=TimeoutError("no answer of 192.168.1.7")),
            ["odd", "OFFLINE", "no", "answer", "of", "192.168.1.7"],
        ),
        (Odd("odd", position=ZeroDivisionError("odd")), ["odd", "no", "answer", "ZeroDivisionError:", "odd"]),
        (Odd("odd", position=None), ["odd", "no", "value", "-", "none", "none", "mm"]),
        (Odd("odd", position="in the beam"), ["odd", "in", "the", "beam", "-", "none", "none", "mm"]),
        (Odd("odd", position=np.float32(1.5)), ["odd", "1.5000", "-", "none", "none", "mm"]),
        (Odd("odd", limits=OSError("gone")), ["odd", "0.0000", "-", "none", "none", "mm"]),
        (Odd("odd", limits=5), ["odd", "0.0000", "-", "none", "none", "mm"]),
        (Odd("odd", limits=(None, 3)), ["odd", "0.0000", "-", "none", "3.0000", "mm"]),
        (Odd("odd", egu=ValueError("gone")), ["odd", "0.0000", "-", "none", "none"]),
    ],
)
def test_an_odd_motor_says_so_in_its_row_and_the_others_stand(shown, devices, motor, cells):
    devices.add(motor)
    rows = shown("wm", "*")
    assert cells in rows
    assert TH in rows


X, Y = (["stage." + axis, "0.000", "-", "none", "none", "mm"] for axis in "xy")


def test_the_axes_of_a_bundle_are_shown_with_all_motors(shown, devices):
    devices.add(Stage("", name="stage"))
    assert shown("wa") == [TH, GAP, CENTRE, LOW, HIGH, X, Y]


@pytest.mark.parametrize(("word", "rows"), [("stage", [X, Y]), ("stage.y", [Y]), ("stage*", [X, Y]), ("*.x", [X])])
def test_a_bundle_and_its_axes_are_named(shown, devices, word, rows):
    devices.add(Stage("", name="stage"))
    assert shown("wm", word) == rows


def test_a_motor_with_two_names_has_one_row(shown, devices):
    stage = devices.add(Stage("", name="stage"))
    devices.add(stage.x, name="x")
    assert [row[0] for row in shown("wm", "*x", "stage")] == ["x", "stage.x", "stage.y"]
    assert [row[0] for row in shown("wa")] == ["th", *(f"jaws.{each}" for each in Jaws.component_names), "stage.y", "x"]


def test_the_name_of_a_run_finds_the_axis_of_a_bundle(devices):
    devices.add(Stage("", name="stage"))
    assert DeviceNamespace(devices, {}).typed_name("stage_x") == "stage.x"


def test_a_bundle_of_ophyd_shows_its_axes_and_none_of_its_signals_is_waited_for(shown, devices):
    class Bundle(ophyd.Device):
        near = ophyd.Component(ophyd.SoftPositioner, init_pos=2)
        far = ophyd.Component(ophyd.EpicsMotor, "m1")

    devices.add(Bundle("NOBODY:", name="bundle"))
    assert shown("wm", "bundle") == [
        ["bundle.near", "2.0000", "-", "none", "none"],
        ["bundle.far", "OFFLINE"],
    ]


def test_a_pseudo_positioner_of_ophyd_shows_computed_axes_first(shown, devices):
    class Half(ophyd.PseudoPositioner):
        real = ophyd.Component(ophyd.SoftPositioner, init_pos=2)
        half = ophyd.Component(ophyd.PseudoSingle)

        def forward(self, pseudo):
            return self.RealPosition(real=pseudo.half * 2)

        def inverse(self, real):
            return self.PseudoPosition(half=real.real / 2)

    devices.add(Half(name="pseudo"))
    assert [row[:2] for row in shown("wm", "pseudo")] == [["pseudo.half", "1.0000"], ["pseudo.real", "2.0000"]]
