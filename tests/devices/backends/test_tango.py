"""Tango against a real device server in a process of its own, on loopback, without a database."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("tango")

from beamshell.devices.backends.tango import device_and_attribute
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, ReadFailed, StatusTimeoutError, WriteFailed
from beamshell.ioc.network import free_port

_SERVER = """
import enum, os, sys, threading, time
import numpy as np
from tango import AttrQuality, AttrWriteType, DevState
from tango.server import Device, attribute, command, run

class Mode(enum.IntEnum):
    SLOW = 0
    FAST = 1

class Axis(Device):
    def init_device(self):
        super().init_device()
        self.at, self.until, self.how, self.text, self.end = 1.5, 0.0, Mode.FAST, "run", DevState.ON

    @attribute(dtype=float, access=AttrWriteType.READ_WRITE, unit="mm", min_value=-10, max_value=10, format="%8.3f")
    def position(self):
        return self.at, time.time(), AttrQuality.ATTR_WARNING if self.at > 5 else AttrQuality.ATTR_VALID

    def write_position(self, value):
        if value == -7:
            raise RuntimeError("the interlock is open")
        self.at, self.until = value, time.time() + 0.3
        self.end = DevState.FAULT if value == -8 else DevState.ON

    mode = attribute(dtype=Mode, access=AttrWriteType.READ_WRITE)

    def read_mode(self):
        return self.how

    def write_mode(self, value):
        self.how = value

    title = attribute(dtype=str, access=AttrWriteType.READ_WRITE)

    def read_title(self):
        return self.text

    def write_title(self, value):
        self.text = value

    @attribute(dtype=int)
    def count(self):
        return 7

    @attribute(dtype=((np.uint16,),), max_dim_x=5, max_dim_y=4)
    def image(self):
        return np.arange(20, dtype=np.uint16).reshape(4, 5)

    @attribute(dtype=float)
    def broken(self):
        raise ValueError("the sensor is gone")

    @attribute(dtype=float)
    def invalid(self):
        return 0.0, time.time(), AttrQuality.ATTR_INVALID

    @attribute(dtype=float)
    def slow(self):
        time.sleep(1 if self.text == "slow" else 0)
        return 1.0

    def dev_state(self):
        return DevState.MOVING if time.time() < self.until else self.end

    @command
    def Stop(self):
        self.until = 0.0

threading.Thread(target=lambda: sys.stdin.read() or os._exit(0), daemon=True).start()
where = ["-nodb", "-dlist", "test/nodb/axis", "-ORBendPoint", f"giop:tcp:127.0.0.1:{sys.argv[1]}"]
run((Axis,), args=["Axis", "1", *where], post_init_callback=lambda: print("up", flush=True))
"""


class TangoServer:
    """The server's process; it ends with the tests."""

    def __init__(self):
        self.port = free_port()
        self.prefix = f"tango://127.0.0.1:{self.port}#dbase=no/test/nodb/axis/"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while (line := self.process.stdout.readline()) != "up\n":
            assert line, "the server did not start"

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", autouse=True)
def served():
    server = TangoServer()
    yield server
    if server.process.poll() is None:
        server.kill()


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


def test_the_description_comes_from_the_device(connect, served):
    assert connect(EpicsSignal, "position", name="position").describe()["position"] == {
        "source": f"{served.prefix}position",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": 3,
        "lower_ctrl_limit": -10.0,
        "upper_ctrl_limit": 10.0,
    }


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


def test_a_set_is_done_when_the_device_is_not_moving_any_more(connect):
    position = connect(EpicsSignal, "position")
    began = time.monotonic()
    position.set(2.0).wait(10)
    assert time.monotonic() - began >= 0.3
    assert position.get() == 2.0


def test_a_command_is_a_signal_that_is_written(connect):
    position, stop = connect(EpicsSignal, "position"), connect(EpicsSignal, "Stop()")
    state = connect(EpicsSignalRO, "State", string=True)
    position.set(3.0)
    wait_until(lambda: state.get() == "MOVING")
    stop.put(1)
    wait_until(lambda: state.get() == "ON")


def test_states_are_written_and_read_by_name(connect):
    mode, by_name = connect(EpicsSignal, "mode"), connect(EpicsSignalRO, "mode", string=True)
    mode.set("SLOW").wait(10)
    assert (mode.get(), by_name.get(), mode.enum_strs) == (0, "SLOW", ("SLOW", "FAST"))


def test_a_subscriber_hears_the_value_and_its_changes(connect):
    position, heard = connect(EpicsSignal, "position", poll_s=0.02), []
    position.set(1.0).wait(10)
    token = position.subscribe(lambda value, **_: heard.append((value, threading.current_thread().name)))
    wait_until(lambda: heard)
    position.set(2.0).wait(10)
    wait_until(lambda: [value for value, _ in heard] == [1.0, 2.0])
    assert all(thread.startswith("beamshell-updates") for _, thread in heard)
    position.unsubscribe(token)
    position.set(3.0).wait(10)
    assert [value for value, _ in heard] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "why"),
    [(-7.0, "the interlock is open"), (20.0, "above the maximum"), (-8.0, "the device is in FAULT")],
)
def test_a_refusal_is_told_with_its_reason(connect, value, why):
    position = connect(EpicsSignal, "position")
    with pytest.raises(WriteFailed, match=rf"x: 127\S+: .*{why}"):
        position.set(value).wait(10)
    position.set(0.0).wait(10)


def test_an_attribute_that_is_only_read_refuses_to_be_written(connect):
    with pytest.raises(WriteFailed, match=r"x: .*cannot be written: its server says that it is read-only"):
        connect(EpicsSignal, "count").set(1)


def test_values_that_do_not_fit_are_refused(connect):
    with pytest.raises(BadValue, match="it holds one number"):
        connect(EpicsSignal, "position").set("far")
    with pytest.raises(BadValue, match="choose one of SLOW, FAST"):
        connect(EpicsSignal, "mode").set("LUDICROUS")
    with pytest.raises(LimitError, match="x: 11 mm is above the limit 10 mm"):
        connect(EpicsSignal, "position", limits=True).set(11.0)


def test_a_set_that_takes_too_long_times_out(connect):
    with pytest.raises(StatusTimeoutError, match="x: set to 1"):
        connect(EpicsSignal, "position").set(1.0, timeout=0.1).wait(10)


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
    wait_until(lambda: signal._backend._problem)
    with pytest.raises(NotConnected, match=rf"x: 127\S+ has not answered since .*{why}"):
        signal.get()


def test_a_device_that_is_too_slow_is_named(connect):
    title, slow = connect(EpicsSignal, "title"), connect(EpicsSignalRO, "slow", timeout_s=0.3)
    title.set("slow").wait(10)
    with pytest.raises(ReadFailed, match=r"x: .* did not answer within 0\.3 s"):
        slow.get()
    title.write_timeout = 30
    wait_until(lambda: title.connected)
    title._backend._timeout_s = 30
    title._backend._device.set_timeout_millis(30000)
    title.set("run").wait(30)


def test_an_address_that_nothing_answers_is_named():
    missing = EpicsSignal(f"tango://127.0.0.1:{free_port()}#dbase=no/a/b/c/d", name="missing", connection_timeout=0.05)
    wait_until(lambda: missing._backend._problem)
    with pytest.raises(NotConnected, match=r"missing: .* has not answered since .*check its spelling.*TANGO_HOST"):
        missing.get()
    missing.destroy()


def test_addresses_are_taken_apart_as_tango_writes_them():
    assert device_and_attribute("sys/tg_test/1/ampli") == ("sys/tg_test/1", "ampli")
    assert device_and_attribute("h:1/a/b/c/d") == ("tango://h:1/a/b/c", "d")
    assert device_and_attribute("h:1#dbase=no/a/b/c/d") == ("tango://h:1/a/b/c#dbase=no", "d")
    assert device_and_attribute("h:1/a/b/c/d#dbase=no") == ("tango://h:1/a/b/c#dbase=no", "d")
    with pytest.raises(BadValue, match="write tango://host:port/domain/family/member/attribute"):
        device_and_attribute("h:1/a/b/c")


class Stage(Device):
    position = Component(EpicsSignal, "position")
    mode = Component(EpicsSignal, "mode", string=True)


def test_a_device_class_works_over_it_by_its_prefix(served):
    stage = Stage(served.prefix, name="stage")
    stage.wait_for_connection(30)
    assert stage.read()["stage_mode"]["value"] in ("SLOW", "FAST")
    for part in (stage.position, stage.mode):
        part.destroy()


def test_a_missing_library_names_the_extra():
    script = "import sys; sys.modules['tango'] = None; from beamshell.devices.backends import open_channel\n"
    script += "try: open_channel('tango://a/b/c/d')\nexcept ImportError as exc: print(type(exc).__name__, exc)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.startswith("MissingLibrary tango:// addresses need the library tango")
    assert 'pip install "beamshell[tango]"' in said.stdout


def test_a_server_that_dies_is_noticed_and_comes_back_with_its_subscribers(connect, served):
    position, connections, heard = connect(EpicsSignal, "position", poll_s=0.02), [], []
    position.subscribe(lambda connected, **_: connections.append(connected), event_type="meta")
    position.subscribe(lambda value, **_: heard.append(value))
    position.set(4.0).wait(10)
    wait_until(lambda: 4.0 in heard and connections == [True])
    move = position.set(5.0)
    served.kill()
    assert isinstance(move.exception(timeout=20), WriteFailed)
    wait_until(lambda: not position.connected)
    position.connection_timeout = 0.05
    with pytest.raises(NotConnected, match=r"x: 127\S+ lost its connection at .*is its server running"):
        position.get()
    served.start()
    position.wait_for_connection(30)
    assert position.get() == 1.5
    wait_until(lambda: heard[-1] == 1.5)
    wait_until(lambda: connections == [True, False, True])
    served.kill()  # the last test: one that leaves a new process behind has failed
