"""PV Access against a real server in a process of its own, on loopback."""

import gc
import sys
import time

import numpy as np
import pytest
from frozen import frozen
from layer_servers import PvaServer

pytest.importorskip("p4p")

from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, NotConnected, ReadFailed, StatusTimeoutError, WriteFailed


@pytest.fixture(scope="module", autouse=True)
def served(pva_ports):
    server = PvaServer(pva_ports)
    yield server
    server.close()


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


def test_what_is_followed_is_as_good_as_read_until_something_is_written(connect):
    position = connect(EpicsSignal, "position")
    assert position.current is None
    position.follow()
    wait_until(lambda: position.current)
    assert position.current == position.read()["position"]
    position.put(3.5)
    assert position.current is None or position.current["value"] == 3.5
    wait_until(lambda: position.current)
    assert position.current["value"] == 3.5


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


def test_a_unit_that_changes_on_the_server_is_followed(connect):
    position = connect(EpicsSignal, "position")
    position.put(9.0)
    wait_until(lambda: position.units == "um")


def test_a_refusal_says_its_reason(connect):
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


@pytest.fixture
def left_to_the_collector(monkeypatch):
    """The operations of the library that the garbage collector has ended, since nobody had closed them before."""
    from p4p.client import raw

    closed, left = set(), []

    def watch(kind):
        close = kind.close

        def closing(operation):
            if id(operation) not in closed and sys._getframe(1).f_code.co_name == "__del__":
                left.append(type(operation).__name__)
            closed.add(id(operation))
            close(operation)

        monkeypatch.setattr(kind, "close", closing, raising=False)

    watch(raw._ClientOperation)
    watch(raw.Subscription)
    return left


def test_no_operation_is_left_to_the_garbage_collector_which_may_run_where_a_lock_is_held(
    connect, left_to_the_collector
):
    """There it would wait for the library's thread, which may wait for that lock: both would wait for ever."""
    position = connect(EpicsSignal, "position")
    position.follow()
    position.set(2.5).wait(10)
    position.put(3.5)
    position.get()
    position.begin_read()  # nobody collects it
    with pytest.raises(WriteFailed):
        connect(EpicsSignal, "refusing").set(1.0).wait(10)
    position.renew()
    position.wait_for_connection(20)
    position.put(9.0)  # its unit changes, and the structure is asked for again
    wait_until(lambda: position.units == "um")
    position.destroy()
    gc.collect()
    assert left_to_the_collector == []


def test_a_server_that_does_not_answer_in_time_is_named(connect, served):
    count = connect(EpicsSignal, "count", timeout=0.2)
    with (
        frozen(served.process.pid),
        pytest.raises(ReadFailed, match=r"count: T:count did not answer within 0\.2 s"),
    ):
        count.get()
    count.timeout = 10
    assert count.get() == 7
