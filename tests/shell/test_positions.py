"""The table of positions, and which motors stand in it."""

from types import SimpleNamespace

import pytest

from beamshell.devices import Component, PseudoPositioner, PseudoSingle, Registry, SoftPositioner
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
