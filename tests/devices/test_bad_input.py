"""What no record can hold is refused before it is sent, with device, PV, value and what to do; on a real IOC."""

import numpy as np
import pytest

from beamshell import RunEngine
from beamshell.devices import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, ReadOnlyError
from beamshell.plans import count


@pytest.fixture
def connect(demo_ioc):
    """Makes signals that are connected, and gives their channels back after the test."""
    made = []

    def make(address, cls=EpicsSignal, **options):
        made.append(cls(address, name="dev", **options))
        made[-1].wait_for_connection(10)
        return made[-1]

    yield make
    for one in made:
        one.destroy()


_NUMBER, _WHOLE, _STATE, _TEXT, _IMAGE = (
    "BL:temp:SP",
    "BL:webcam:width",
    "BL:shutter",
    "BL:samx.DESC",
    "BL:webcam:image",
)


@pytest.mark.parametrize(
    ("address", "value", "says"),
    [
        (_NUMBER, "warm", r"'warm' is not a number: give a number"),
        (_NUMBER, None, r"None is not a number: give a number"),
        (_NUMBER, {"value": 1}, r"\{'value': 1\} is not a number: give a number"),
        (_NUMBER, 1 + 2j, r"\(1\+2j\) is not a number: give a number"),
        (_NUMBER, 10**30, r"is not a number: give a number"),
        (_NUMBER, object(), r"is not a number: give a number"),
        (_NUMBER, float("nan"), r"nan is not finite: give a finite number, or make the signal with allow_nan=True"),
        (_NUMBER, float("-inf"), r"-inf is not finite"),
        (_NUMBER, np.float32("nan"), r"nan is not finite"),
        (_NUMBER, [1.0, 2.0], r"an array of 2 cannot be written: it holds one number; give one of them"),
        (_NUMBER, np.ones((2, 2)), r"an array of 4 cannot be written: it holds one number"),
        (_NUMBER, [[1, 2], [3]], r"is not an array of numbers"),
        (_NUMBER, [], r"an array of 0 cannot be written: it holds one number"),
        (_WHOLE, 1.5, r"1\.5 is not a whole number: it holds whole numbers only; round it"),
        (_WHOLE, 2**31, r"2147483648 does not fit: it holds whole numbers from -2147483648 to 2147483647"),
        (_STATE, "Ajar", r"'Ajar' is no state of it: choose one of Close, Open"),
        (_STATE, "open", r"'open' is no state of it: choose one of Close, Open"),
        (_STATE, 2, r"2 is no state of it: choose one of Close, Open"),
        (_STATE, -1, r"-1 is no state of it"),
        (_STATE, 0.5, r"0\.5 is no state of it"),
        (_STATE, float("nan"), r"nan is no state of it"),
        (_STATE, [1], r"\[1\] is no state of it"),
        (_STATE, {}, r"\{\} is no state of it"),
        (_TEXT, 5, r"5 cannot be written: it holds text; give a string"),
        (_TEXT, "x" * 50, r"is longer than the 39 characters that it holds"),
        (_IMAGE, np.ones(70_000), r"an array of 70000 cannot be written: it holds 65536; give 1 to 65536 numbers"),
        (_IMAGE, [1.0, float("nan")], r"an element of the array is not finite"),
        (_IMAGE, "picture", r"'picture' is not an array of numbers: give an array of numbers"),
    ],
)
def test_it_is_refused_with_device_address_value_and_remedy(connect, address, value, says):
    signal = connect(address)
    before = signal.get()
    for write in (signal.check_value, signal.set, signal.put, lambda v: signal.put(v, wait=True)):
        with pytest.raises(BadValue, match=rf"^dev: {address}: .*{says}"):
            write(value)
    if address != _IMAGE:  # the camera goes on
        assert signal.get() == before


def test_a_value_beyond_the_limits_names_the_limit_and_the_unit(connect):
    signal = connect(_NUMBER, limits=True)
    with pytest.raises(LimitError, match=r"^dev: 2000 K is above the limit 1000 K"):
        signal.set(2000)
    with pytest.raises(LimitError, match=r"^dev: 1 K is below the limit 4 K"):
        signal.put(1)


def test_what_is_only_read_says_so_with_the_value(connect):
    with pytest.raises(ReadOnlyError, match=r"^dev: it is read-only, so 5 was not written"):
        connect(_NUMBER, EpicsSignalRO).set(5)


def test_a_misspelt_address_is_named_with_what_to_check(demo_ioc):
    signal = EpicsSignal("BL:samx.VELOO", name="dev", connection_timeout=0.2)
    for attempt in (signal.get, signal.read, signal.describe, lambda: signal.set(1), lambda: signal.put(1)):
        with pytest.raises(NotConnected, match=r"^dev: BL:samx\.VELOO has not answered since .*: check its spelling"):
            attempt()
    signal.destroy()


# ---- alarms


def test_the_alarm_severity_is_recorded_on_demand(connect):
    plain, watched = connect("SR:current", EpicsSignalRO), connect("SR:current", EpicsSignalRO, record_alarm=True)
    assert list(plain.read()) == list(plain.describe()) == ["dev"]
    assert list(watched.read()) == list(watched.describe()) == ["dev", "dev_severity"]
    key = watched.describe()["dev_severity"]
    assert (key["dtype"], key["shape"], key["source"]) == ("integer", [], "ca://SR:current.SEVR")
    watched.record_alarm = False
    assert list(watched.read()) == ["dev"]


def test_a_severity_describes_the_alarm(connect):
    watched = connect("BL:temp:SP", record_alarm=True)
    high, severity = connect("BL:temp:SP.HIGH"), connect("BL:temp:SP.HSV")
    high.set(100.0).wait(10)
    severity.set("MAJOR").wait(10)
    value = watched.get()
    try:
        watched.set(value).wait(10)
        assert watched.begin_read()()["dev_severity"]["value"] == 2
    finally:
        severity.set("NO_ALARM").wait(10)
        watched.set(value).wait(10)
    assert watched.read()["dev_severity"]["value"] == 0


@pytest.fixture
def documents_of_counts(connect):
    """By stream, the data of the events of one count for each alarm that a value has."""
    signal = connect("BL:temp:SP")
    high, severity = connect("BL:temp:SP.HIGH"), connect("BL:temp:SP.HSV")
    value, limit = signal.get(), high.get()

    def count_with(*alarms):
        engine, events = RunEngine(), []
        descriptors: dict[str, str] = {}
        engine.subscribe(lambda _, doc: descriptors.update({doc["uid"]: doc["name"]}), "descriptor")
        engine.subscribe(lambda _, doc: events.append((descriptors[doc["descriptor"]], doc["data"])), "event")
        high.set(1.0).wait(10)
        for alarm in alarms:
            severity.set(alarm).wait(10)
            signal.set(value).wait(10)
            engine(count([signal]))
        return events, value

    yield count_with
    severity.set("NO_ALARM").wait(10)
    high.set(limit).wait(10)
    signal.set(value).wait(10)


def test_a_value_with_an_invalid_alarm_is_marked_in_its_run_and_no_other(documents_of_counts):
    ((stream, mark), *events), value = documents_of_counts("INVALID", "NO_ALARM")
    assert (stream, mark["stream"], mark["point"], mark["key"]) == ("alarms", "primary", 1, "dev")
    assert mark["severity"] == "INVALID"
    assert events == [("primary", {"dev": value})] * 2


@pytest.mark.parametrize("alarm", ["MINOR", "MAJOR"])
def test_a_value_with_another_alarm_is_marked_with_its_severity(documents_of_counts, alarm):
    ((stream, mark), *events), value = documents_of_counts(alarm, "NO_ALARM")
    assert (stream, mark["key"], mark["severity"]) == ("alarms", "dev", alarm)
    assert events == [("primary", {"dev": value})] * 2
