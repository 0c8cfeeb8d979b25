"""Tango against a real device server in a process of its own, on loopback, without a database."""

import subprocess
import sys
import time

import numpy as np
import pytest
from layer_servers import TangoServer

pytest.importorskip("tango")

from beamshell.channels.tango import device_and_attribute
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, NotConnected, ReadFailed, WriteFailed


@pytest.fixture(scope="module", autouse=True)
def served():
    server = TangoServer()
    yield server
    server.close()


@pytest.fixture
def make(served):
    made = []

    def make(cls, attribute, **options):
        made.append(cls(served.prefix + attribute, name=options.pop("name", "x"), **options))
        return made[-1]

    yield make
    for signal in made:
        signal.destroy()


@pytest.fixture
def connect(make):
    def connect(cls, attribute, **options):
        signal = make(cls, attribute, **options)
        signal.wait_for_connection(30)
        return signal

    return connect


def wait_until(condition, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def test_a_value_comes_with_its_time_and_alarm(connect):
    position = connect(EpicsSignal, "position", name="position")
    position.set(6.0).wait(10)
    reading = position.read()["position"]
    assert (reading["value"], reading["alarm_severity"]) == (6.0, 1)
    assert abs(reading["timestamp"] - time.time()) < 60


@pytest.mark.parametrize(
    ("attribute", "dtype", "shape"),
    [
        ("count", "integer", []),
        ("title", "string", []),
        ("mode", "integer", []),
        ("image", "array", [4, 5]),
        ("State", "integer", []),
    ],
)
def test_each_type_is_described_as_it_is(connect, attribute, dtype, shape):
    key = connect(EpicsSignalRO, attribute).describe()["x"]
    assert (key["dtype"], key["shape"]) == (dtype, shape)


def test_an_image_keeps_its_rows_columns_and_type(connect):
    image = connect(EpicsSignalRO, "image").get()
    assert image.dtype == np.uint16
    assert np.array_equal(image, np.arange(20).reshape(4, 5))


def test_a_command_is_a_signal_that_is_written(connect):
    position, stop = connect(EpicsSignal, "position"), connect(EpicsSignal, "Stop()")
    state = connect(EpicsSignalRO, "State", string=True)
    position.set(3.0)
    wait_until(lambda: state.get() == "MOVING")
    stop.put(1)
    wait_until(lambda: state.get() == "ON")


@pytest.mark.parametrize("attribute", ["polled", "pushed"])
def test_a_change_event_of_the_server_is_delivered_at_once(connect, attribute):
    pushed, position, values = connect(EpicsSignal, attribute), connect(EpicsSignal, "position"), []
    position.set(0.0).wait(10)
    token = pushed.subscribe(lambda value, **_: values.append(value))
    wait_until(lambda: values[-1:] == [0.0] and pushed._channel._events)
    assert pushed._channel._poll_interval_s() == 1.0  # it is still asked whether it is there
    began = time.monotonic()
    for value in (1.0, 2.0, 3.0):
        position.put(value)
        wait_until(lambda value=value: values[-1] == value)
    assert time.monotonic() - began < 2.0  # three questions would have taken longer
    assert sorted(set(values)) == values
    pushed.unsubscribe(token)
    wait_until(lambda: pushed._channel._events is None)


def test_an_attribute_without_events_is_polled(connect):
    position, values = connect(EpicsSignal, "position"), []
    position.subscribe(lambda value, **_: values.append(value))
    position.set(4.0).wait(10)
    wait_until(lambda: values[-1:] == [4.0])
    assert (position._channel._events, position._channel._poll_interval_s()) == (None, 0.2)


def test_an_interpreter_ends_without_noise_while_events_come(served):
    script = f"""
from beamshell.devices.epics_signal import EpicsSignalRO
import time
signal = EpicsSignalRO({served.prefix + "polled"!r}, name="x")
signal.subscribe(lambda **_: None)
signal.wait_for_connection(30)
while not signal._channel._events:
    time.sleep(0.01)
print("events")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "events\n", "")


@pytest.mark.parametrize(
    ("value", "why"),
    [(-7.0, "the interlock is open"), (20.0, "above the maximum"), (-8.0, "the device is in FAULT")],
)
def test_a_refusal_says_its_reason(connect, value, why):
    position = connect(EpicsSignal, "position")
    with pytest.raises(WriteFailed, match=rf"x: 127\S+: .*{why}"):
        position.set(value).wait(10)
    position.set(0.0).wait(10)


def test_an_attribute_that_is_only_read_refuses_to_be_written(connect):
    with pytest.raises(WriteFailed, match=r"x: .*cannot be written: its server says that it is read-only"):
        connect(EpicsSignal, "count").set(1)


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("nonesuch", "nonesuch attribute not found"),
        ("Nonesuch()", "Nonesuch"),
        ("broken", "ValueError: the sensor is gone"),
        ("invalid", "the device says that the value is invalid"),
    ],
)
def test_a_wrong_answer_is_named(make, attribute, why):
    signal = make(EpicsSignalRO, attribute, connection_timeout=0.05)
    wait_until(lambda: signal._channel._problem)
    with pytest.raises(NotConnected, match=rf"x: 127\S+ has not answered since .*{why}"):
        signal.get()


def test_a_device_that_is_too_slow_is_named(connect):
    title, slow = connect(EpicsSignal, "title"), connect(EpicsSignalRO, "slow", timeout_s=0.3)
    title.set("slow").wait(10)
    with pytest.raises(ReadFailed, match=r"x: .* did not answer within 0\.3 s"):
        slow.get()
    title.write_timeout = 30
    wait_until(lambda: title.connected)
    title._channel._timeout_s = 30
    title._channel._device.set_timeout_millis(30000)
    title.set("run").wait(30)


def test_addresses_are_taken_apart_as_tango_writes_them():
    assert device_and_attribute("sys/tg_test/1/ampli") == ("sys/tg_test/1", "ampli")
    assert device_and_attribute("h:1/a/b/c/d") == ("tango://h:1/a/b/c", "d")
    assert device_and_attribute("h:1#dbase=no/a/b/c/d") == ("tango://h:1/a/b/c#dbase=no", "d")
    assert device_and_attribute("h:1/a/b/c/d#dbase=no") == ("tango://h:1/a/b/c#dbase=no", "d")
    with pytest.raises(BadValue, match="write tango://host:port/domain/family/member/attribute"):
        device_and_attribute("h:1/a/b/c")


def test_of_attributes_that_are_read_in_one_call_the_broken_one_fails_alone(connect):
    good, again = connect(EpicsSignalRO, "count", name="good"), connect(EpicsSignalRO, "COUNT", name="again")
    broken = connect(EpicsSignalRO, "slow", name="broken")
    broken._channel._attribute = "broken"
    collect_good, collect_again, collect_broken = [signal.begin_read() for signal in (good, again, broken)]
    assert (collect_good()["good"]["value"], collect_again()["again"]["value"]) == (7, 7)
    with pytest.raises(ReadFailed, match=r"broken: .*the sensor is gone"):
        collect_broken()
