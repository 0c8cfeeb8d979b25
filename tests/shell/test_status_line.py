"""The line below the prompt: what it says, what comes first, and how little it looks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from jaws import jaws_of

from beamshell.devices import Registry, Signal, SoftPositioner
from beamshell.devices.sim import SynGauss
from beamshell.errors import UnknownName
from beamshell.shell.status_line import DeviceValue, StatusLine, StatusPart, offline_text, suspenders_text


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def text(line):
    return "".join(text for _, text in line.fragments())


def test_trouble_stands_first_and_in_colour():
    line = StatusLine([StatusPart(lambda: "ring 400 mA"), StatusPart(lambda: "offline: th", is_trouble=True)])
    assert line.look()
    assert line.fragments() == [("noreverse fg:ansiyellow", "offline: th"), ("noreverse", "  ring 400 mA")]


def test_without_anything_to_show_it_is_empty():
    line = StatusLine([StatusPart(lambda: "")])
    assert not line.look()
    assert line.fragments() == []


def test_a_part_that_is_added_later_is_shown():
    line = StatusLine()
    line.parts.append(StatusPart(lambda: "2 followers behind", is_trouble=True))
    assert line.look()
    assert text(line) == "2 followers behind"


def test_only_a_change_is_to_be_drawn():
    values = iter(["ring 400 mA", "ring 400 mA", "ring 399 mA"])
    line = StatusLine([StatusPart(lambda: next(values))], Clock())
    assert [line.look(), line.look(), line.look()] == [True, False, True]


def test_a_part_that_takes_long_is_looked_at_less_often():
    clock, looks = Clock(), []

    def slow():
        clock.now += 0.01
        looks.append(clock.now)
        return "offline: th"

    line = StatusLine([StatusPart(slow)], clock)
    for _ in range(30):
        line.look()
        clock.now += 1.0
    assert len(looks) == 2
    assert text(line) == "offline: th"


def test_a_part_that_fails_does_no_harm_and_an_unknown_device_is_named():
    def fail():
        raise ZeroDivisionError

    def unknown():
        raise UnknownName("no device 'rign': did you mean ring")

    line = StatusLine([StatusPart(fail), StatusPart(unknown), StatusPart(lambda: "shutter Open")])
    line.look()
    assert text(line) == "status_line: no device 'rign': did you mean ring  shutter Open"


@pytest.mark.parametrize(
    ("tripped", "off", "said"),
    [
        ([], "", ""),
        ([False], "", ""),
        ([True], "", "scans wait: ring is 0 mA"),
        ([True, False, True], "", "scans wait: ring is 0 mA (and 1 more)"),
        ([True], "OFF until 17:20:00", "OFF until 17:20:00"),
    ],
)
def test_suspenders_that_would_hold_a_scan_say_why(tripped, off, said):
    suspenders = [SimpleNamespace(tripped=is_tripped, reason=f"ring is {n} mA") for n, is_tripped in enumerate(tripped)]
    assert suspenders_text(suspenders, off) == said


def test_of_many_devices_offline_three_are_named():
    assert [offline_text([]), offline_text(["th"]), offline_text(list("abcde"))] == [
        "",
        "offline: th",
        "offline: a, b, c and 2 more",
    ]


@pytest.fixture
def registry():
    registry = Registry()
    registry.add(SoftPositioner(name="th", value=1.5, units="deg"))
    registry.add(jaws_of(SoftPositioner))
    registry.add(Signal(name="gain", value=3))
    registry.add(SynGauss(name="det"))
    return registry


@pytest.mark.parametrize(
    ("name", "shown"), [("th", "th 1.500 deg"), ("gain", "gain 3"), ("th.setpoint", "th.setpoint 1.5")]
)
def test_the_last_value_of_a_device_or_a_part_is_shown_with_its_unit(registry, name, shown):
    assert DeviceValue(name, registry.find)() == shown


def test_a_computed_axis_is_shown_too(registry):
    value = DeviceValue("jaws.gap", registry.find)
    registry.find("jaws").set(2.0).wait(5)
    assert value() == "jaws.gap 2.000 mm"


def test_a_device_without_one_value_says_so(registry):
    assert DeviceValue("jaws", registry.find)() == "jaws: no single value"


class FakeSignal:
    """A signal as the line sees it; anything else that is asked of it fails."""

    name = "ring"
    connected = True
    enum_strs: tuple[str, ...] = ()
    units = "mA"
    precision = 1

    def __init__(self, value, severity=0):
        self.latest = None if value is None else {"value": value, "timestamp": 0.0, "alarm_severity": severity}
        self.subscriptions = []

    def subscribe(self, callback):
        self.subscriptions.append(callback)
        return len(self.subscriptions)

    def unsubscribe(self, token):
        self.subscriptions.pop(token - 1)


@pytest.mark.parametrize(
    ("signal", "shown"),
    [
        (FakeSignal(400.02), "ring 400.0 mA"),
        (FakeSignal(99.5, severity=1), "ring 99.5 mA~"),
        (FakeSignal(9.5, severity=2), "ring 9.5 mA^"),
        (FakeSignal(0.0, severity=3), "ring 0.0 mA!"),
        (FakeSignal(None), "ring ?"),
        (FakeSignal([1, 2, 3]), "ring an array of 3 mA"),
    ],
)
def test_a_value_is_as_precise_as_it_says_and_one_with_an_alarm_is_marked(signal, shown):
    assert DeviceValue("ring", lambda _name: signal)() == shown


def test_a_state_is_shown_in_words_and_a_device_that_is_offline_with_a_question_mark():
    shutter = FakeSignal(1)
    shutter.enum_strs, shutter.units = ("Closed", "Open"), ""
    value = DeviceValue("shutter", lambda _name: shutter)
    assert value() == "shutter Open"
    shutter.connected = False
    assert value() == "shutter ?"


def test_after_a_reload_the_new_device_is_followed_and_the_old_one_no_more():
    old, new = FakeSignal(1.0), FakeSignal(2.0)
    devices = iter([old, old, new])
    value = DeviceValue("ring", lambda _name: next(devices))
    assert [value(), value(), value()] == ["ring 1.0 mA", "ring 1.0 mA", "ring 2.0 mA"]
    assert (len(old.subscriptions), len(new.subscriptions)) == (0, 1)
