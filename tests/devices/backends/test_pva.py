"""PV Access against a real server in a process of its own, on loopback."""

import signal as signals
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("p4p")

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, ReadFailed, StatusTimeoutError, WriteFailed

_SERVER = """
import sys, threading, time
import numpy as np
from p4p.nt import NTEnum, NTNDArray, NTScalar, NTTable
from p4p.server import Server
from p4p.server.thread import SharedPV

position = SharedPV(
    nt=NTScalar("d", display=True, form=True, control=True),
    initial={"value": 1.5, "alarm.severity": 1, "display.units": "mm", "display.precision": 3,
             "control.limitLow": -10, "control.limitHigh": 10},
)
count = SharedPV(nt=NTScalar("h"), initial=7)
title = SharedPV(nt=NTScalar("s"), initial="run")
spectrum = SharedPV(nt=NTScalar("ad"), initial=np.arange(5.0))
mode = SharedPV(nt=NTEnum(), initial={"index": 1, "choices": ["slow", "fast"]})
image = SharedPV(nt=NTNDArray(), initial=np.arange(20, dtype="u2").reshape(4, 5))
table = SharedPV(nt=NTTable([("x", "d")]), initial=[])
refusing = SharedPV(nt=NTScalar("d"), initial=0.0)
mute = SharedPV(nt=NTScalar("d"), initial=0.0)
fixed = SharedPV(nt=NTScalar("d"), initial=3.0)

@position.put
def put(pv, op):  # takes 0.3 s for whoever waits for the end, and changes its unit at 9
    value = float(op.value())
    pv.post({"value": value, "display.units": "um"} if value == 9.0 else {"value": value}, timestamp=time.time())
    threading.Timer(0.3, op.done).start()

@mode.put
@title.put
@spectrum.put
@count.put
def put(pv, op):
    pv.post(op.value())
    op.done()

@refusing.put
def put(pv, op):
    op.done(error="the interlock is open")

@mute.put
def put(pv, op):
    muted.append(op)  # and never answers

muted = []
names = "position count title spectrum mode image table refusing mute fixed".split()
conf = {"EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_PVAS_SERVER_PORT": sys.argv[1],
        "EPICS_PVAS_BROADCAST_PORT": sys.argv[2], "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_PVAS_BEACON_ADDR_LIST": "127.0.0.1"}
server = Server(providers=[{f"T:{name}": globals()[name] for name in names}], conf=conf, useenv=False)
print("ready", flush=True)
sys.stdin.read()
server.stop()
"""


class PvaServer:
    """The server's process; it ends with the tests."""

    def __init__(self, ports):
        self.ports = ports
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *self.ports], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", autouse=True)
def served(pva_ports):
    server = PvaServer(pva_ports)
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture
def connect():
    made = []

    def make(cls, pv, **options):
        made.append(cls(f"pva://T:{pv}", name=options.pop("name", pv), **options))
        made[-1].wait_for_connection(20)
        return made[-1]

    yield make
    for signal in made:
        signal.destroy()


def wait_until(condition, timeout=20.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def test_a_value_comes_with_its_time_and_alarm(connect):
    position = connect(EpicsSignal, "position")
    position.set(1.5).wait(10)
    reading = position.read()["position"]
    assert (reading["value"], reading["alarm_severity"]) == (1.5, 1)
    assert abs(reading["timestamp"] - time.time()) < 60


def test_the_description_comes_from_the_server(connect):
    assert connect(EpicsSignal, "position").describe()["position"] == {
        "source": "pva://T:position",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": 3,
        "lower_ctrl_limit": -10.0,
        "upper_ctrl_limit": 10.0,
    }


@pytest.mark.parametrize(
    ("pv", "dtype", "shape"),
    [
        ("count", "integer", []),
        ("title", "string", []),
        ("spectrum", "array", [5]),
        ("mode", "integer", []),
        ("image", "array", [4, 5]),
    ],
)
def test_each_type_is_described_as_it_is(connect, pv, dtype, shape):
    key = connect(EpicsSignalRO, pv).describe()[pv]
    assert (key["dtype"], key["shape"]) == (dtype, shape)


def test_an_image_keeps_its_rows_columns_and_type(connect):
    image = connect(EpicsSignalRO, "image").get()
    assert image.dtype == np.uint16
    assert np.array_equal(image, np.arange(20).reshape(4, 5))


def test_a_set_is_done_when_the_server_says_that_all_has_ended(connect):
    position = connect(EpicsSignal, "position")
    began = time.monotonic()
    position.set(2.0).wait(10)
    assert time.monotonic() - began >= 0.3
    assert position.get() == 2.0


def test_a_set_during_a_set_supersedes_it(connect):
    position = connect(EpicsSignal, "position")
    first, second = position.set(3.0), position.set(4.0)
    second.wait(10)
    with pytest.raises(WriteFailed, match=r"position: set to 3 was superseded by 4"):
        first.wait()
    assert position.get() == 4.0


def test_a_plain_put_does_not_wait_for_the_one_under_way(connect):
    position = connect(EpicsSignal, "position")
    status = position.set(3.0)
    position.put(5.0)
    wait_until(lambda: position.get() == 5.0)
    with pytest.raises(WriteFailed, match="superseded"):
        status.wait(10)


def test_states_are_written_and_read_by_name(connect):
    mode = connect(EpicsSignal, "mode")
    by_name = connect(EpicsSignalRO, "mode", name="by_name", string=True)
    mode.set("slow").wait(10)
    assert (mode.get(), mode.get(as_string=True), by_name.get()) == (0, "slow", "slow")
    assert mode.enum_strs == ("slow", "fast")


def test_texts_and_arrays_are_written(connect):
    connect(EpicsSignal, "title").set("night").wait(10)
    spectrum = connect(EpicsSignal, "spectrum")
    spectrum.set([1, 2, 3]).wait(10)
    assert connect(EpicsSignalRO, "title").get() == "night"
    assert spectrum.get().tolist() == [1.0, 2.0, 3.0]
    spectrum.set(np.arange(5.0)).wait(10)


@pytest.mark.parametrize(
    ("pv", "value", "why"),
    [
        ("position", "far", "it holds one number"),
        ("position", float("nan"), "is not finite"),
        ("count", 1.5, "it holds whole numbers"),
        ("count", 70000, "whole numbers from -32768 to 32767"),
        ("mode", "ludicrous", "choose one of slow, fast"),
        ("title", 3, "it holds text"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(connect, pv, value, why):
    with pytest.raises(BadValue, match=f"{pv}: T:{pv}: .*{why}"):
        connect(EpicsSignal, pv).set(value)


def test_limits_are_those_of_the_server(connect):
    with pytest.raises(LimitError, match="position: 11 mm is above the limit 10 mm"):
        connect(EpicsSignal, "position", limits=True).set(11.0)


def test_a_subscriber_hears_the_value_and_its_changes(connect):
    position, heard = connect(EpicsSignal, "position"), []
    position.set(1.0).wait(10)
    token = position.subscribe(lambda value, **_: heard.append((value, threading.current_thread().name)))
    wait_until(lambda: heard)
    position.set(2.0).wait(10)
    wait_until(lambda: [value for value, _ in heard] == [1.0, 2.0])
    assert all(thread.startswith("beamshell-updates") for _, thread in heard)
    position.unsubscribe(token)
    position.set(3.0).wait(10)
    assert [value for value, _ in heard] == [1.0, 2.0]


def test_a_unit_that_changes_on_the_server_is_followed(connect):
    position = connect(EpicsSignal, "position")
    position.put(9.0)
    wait_until(lambda: position.units == "um")


def test_a_refusal_is_told_with_its_reason(connect):
    with pytest.raises(WriteFailed, match="refusing: T:refusing: the interlock is open"):
        connect(EpicsSignal, "refusing").set(1.0).wait(10)


def test_a_pv_without_puts_says_so(connect):
    with pytest.raises(WriteFailed, match=r"fixed: T:fixed: .*not supported"):
        connect(EpicsSignal, "fixed").set(1.0).wait(10)


def test_a_write_that_never_ends_times_out(connect):
    with pytest.raises(StatusTimeoutError, match="mute: set to 1"):
        connect(EpicsSignal, "mute").set(1.0, timeout=0.3).wait(10)


def test_a_structure_without_a_single_value_is_named():
    table = EpicsSignalRO("pva://T:table", name="table", connection_timeout=0.5)
    wait_until(lambda: "NTTable" in str(_failure(table)))
    assert "table: T:table has not answered since" in str(_failure(table))
    table.destroy()


def _failure(signal):
    with pytest.raises(NotConnected) as caught:
        signal.get()
    return caught.value


def test_an_address_that_does_not_exist_is_named_with_what_to_check():
    missing = EpicsSignal("pva://T:nonesuch", name="missing", connection_timeout=0.1)
    for attempt in (missing.get, missing.describe, lambda: missing.set(1)):
        with pytest.raises(NotConnected, match=r"missing: T:nonesuch has not answered since .*EPICS_PVA_ADDR_LIST"):
            attempt()
    missing.destroy()


def test_a_server_that_does_not_answer_in_time_is_named(connect, served):
    count = connect(EpicsSignal, "count", timeout=0.2)
    served.process.send_signal(signals.SIGSTOP)
    try:
        with pytest.raises(ReadFailed, match=r"count: T:count did not answer within 0\.2 s"):
            count.get()
    finally:
        served.process.send_signal(signals.SIGCONT)
    count.timeout = 10
    assert count.get() == 7


class Stage(Device):
    position = Component(EpicsSignal, "position")
    mode = Component(EpicsSignal, "mode", string=True)


def test_a_device_class_works_over_it_by_its_prefix():
    stage = Stage("pva://T:", name="stage")
    stage.wait_for_connection(20)
    assert set(stage.read()) == {"stage_position", "stage_mode"}
    for part in (stage.position, stage.mode):
        part.destroy()


def test_a_missing_library_names_the_extra():
    script = "import sys; sys.modules['p4p'] = None; from beamshell.devices.backends import open_channel\n"
    script += "try: open_channel('pva://T:x')\nexcept ImportError as exc: print(type(exc).__name__, exc)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.startswith("MissingLibrary pva:// addresses need the library p4p")
    assert 'pip install "beamshell[pva]"' in said.stdout


def test_a_server_that_dies_is_noticed_and_comes_back_with_its_monitors(connect, served):
    position, connections, heard = connect(EpicsSignal, "position"), [], []
    position.subscribe(lambda connected, **_: connections.append(connected), event_type="meta")
    position.subscribe(lambda value, **_: heard.append(value))
    position.set(6.0).wait(10)
    wait_until(lambda: 6.0 in heard and connections == [True])
    move = position.set(7.0)
    served.kill()
    assert isinstance(move.exception(timeout=10), WriteFailed)
    wait_until(lambda: not position.connected)
    position.connection_timeout = 0.1
    with pytest.raises(NotConnected, match=r"position: T:position lost its connection at .*is its IOC running"):
        position.get()
    with pytest.raises(NotConnected):
        position.put(8.0)
    served.start()
    position.wait_for_connection(30)
    assert position.get() == 1.5  # the move that was cut short is not carried out afterwards
    wait_until(lambda: heard[-1] == 1.5)
    wait_until(lambda: connections == [True, False, True])
    served.kill()  # the last test: one that leaves a new process behind has failed
