"""The reference's faults that concern signals, by their numbers, on a real IOC; and an IOC that dies or freezes."""

import os
import signal as posix
import threading
import time

import pytest
from frozen import frozen

from beamshell import Msg, RunEngine
from beamshell.devices import Component, Device, EpicsSignal, EpicsSignalRO
from beamshell.devices.epics.counter import EpicsCounter
from beamshell.errors import DeviceError, FailedStatus, NotConnected, ReadFailed, WriteFailed


@pytest.fixture
def connect(demo_ioc):
    """Makes signals that are connected, and gives their channels back after the test."""
    made = []

    def make(address, cls=EpicsSignal, **options):
        made.append(cls(address, name=options.pop("name", address), **options))
        made[-1].wait_for_connection(10)
        return made[-1]

    yield make
    for one in made:
        one.destroy()


def wait_until(condition, timeout=10.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def elapsed(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


# ---- the faults of the reference


def test_fault_8_a_set_while_another_is_under_way_takes_over(connect):
    """There is no "another set() is still in progress", and no set that waits for a readback for ever."""
    samy = connect("BL:samy", name="samy")
    first, second = samy.set(-20.0), samy.set(20.0)
    third = samy.set(connect("BL:samy.RBV").get() + 0.05)
    third.wait(20)
    for superseded in (first, second):
        assert isinstance(superseded.exception(), WriteFailed)
        assert "samy: set to" in str(superseded.exception())
    assert samy.set(samy.get()).wait(5) is None


def test_fault_12_a_failure_in_the_background_ends_any_wait_and_says_why(own_ioc, connect):
    samx, velocity = connect("OWN:samx", name="samx"), connect("OWN:samx.VELO")
    velocity.set(0.5).wait(10)  # nobody is quick enough to see the end of the move

    def plan():
        yield Msg("set", samx, 50.0, group="later")
        own_ioc.kill()
        yield Msg("sleep", None, 60)
        raise AssertionError("nothing has ended the sleep")

    engine = RunEngine()
    engine.answer_wait_s = 0.0
    with pytest.raises(FailedStatus, match=r"samx.*OWN:samx lost its connection before the write had ended"):
        engine(plan())


def test_fault_21_addresses_that_do_not_answer_cost_one_time_out_together(demo_ioc):
    parts = {f"n{index}": Component(EpicsSignalRO, f"{index}", connection_timeout=0.3) for index in range(50)}
    offline = type("Offline", (Device,), parts)("BL:nonesuch", name="offline")
    with pytest.raises(NotConnected, match="BL:nonesuch7"):
        offline.wait_for_connection(timeout=0.3)
    began = time.monotonic()
    with pytest.raises(NotConnected, match=r"offline_n0: BL:nonesuch0 has not answered .*check its spelling"):
        offline.read()
    assert time.monotonic() - began < 10  # fifty times 0.3 s would be 15
    for _, one in offline.walk_signals():
        one.destroy()


def test_fault_22_a_slow_subscriber_of_one_pv_delays_no_other(connect):
    slow, quick = connect("BL:heartbeat", EpicsSignalRO), connect("BL:samx.VELO")
    release, stuck, delays = threading.Event(), threading.Event(), []
    now, sent_at = quick.get(), {}

    def block(**_):
        stuck.set()
        release.wait(30)

    slow.subscribe(block)
    assert stuck.wait(10)
    quick.subscribe(lambda value, **_: value in sent_at and delays.append(time.monotonic() - sent_at[value]))
    try:
        for step in range(1, 6):
            sent_at[now + step / 8] = time.monotonic()
            quick.set(now + step / 8).wait(10)
            wait_until(lambda step=step: len(delays) == step)
    finally:
        release.set()
        quick.set(now).wait(10)
    assert max(delays) < 1.0


def test_fault_22_a_subscriber_that_is_slow_gets_the_latest_value_and_not_a_queue_of_old_ones(connect):
    setpoint, updates, release = connect("BL:temp:SP"), [], threading.Event()
    before = setpoint.get()

    def slow(value, **_):
        updates.append(value)
        release.wait(30)

    setpoint.subscribe(slow)
    wait_until(lambda: updates)
    for value in range(300, 350):
        setpoint.set(float(value)).wait(10)
    release.set()
    wait_until(lambda: updates[-1] == 349.0)
    assert len(updates) <= 4
    setpoint.set(before).wait(10)


def test_fault_23_a_hundred_pvs_take_nowhere_near_a_hundred_round_trips(connect):
    """The figures themselves are held by tests/system/test_reading_speed.py."""
    fields = ["VAL", "RBV", "VELO", "ACCL", "HLM", "LLM", "OFF", "DVAL", "DRBV", "DMOV"]
    parts = {f"{field.lower()}{turn}": Component(EpicsSignalRO, field) for turn in range(10) for field in fields}
    device = type("Hundred", (Device,), parts)("BL:samx.", name="hundred")
    device.wait_for_connection(10)
    signals = [one for _, one in device.walk_signals()]
    together = min(elapsed(device.read) for _ in range(10))
    one_by_one = min(elapsed(lambda: [one.read() for one in signals]) for _ in range(10))
    for one in signals:
        one.destroy()
    assert together < one_by_one / 3


def test_fault_24_subscribers_get_what_the_ioc_holds_never_the_requested_value(connect):
    setpoint, updates = connect("BL:temp:SP", name="temperature"), []
    before = setpoint.get()
    setpoint.subscribe(lambda value, **_: updates.append(value))
    wait_until(lambda: updates)
    setpoint.set(1e9).wait(10)  # the record goes to its drive limit
    wait_until(lambda: updates[-1] == 1000.0)
    setpoint.put(-1e9)
    wait_until(lambda: updates[-1] == 4.0)
    setpoint.set(before).wait(10)
    assert set(updates) <= {before, 1000.0, 4.0}


# ---- an IOC that dies


def test_an_ioc_killed_during_a_read_is_a_clear_error_at_once(own_ioc, connect):
    velocity = connect("OWN:samx.VELO", name="velocity", timeout=100.0)
    with frozen(own_ioc.pid):  # so that the answer is certainly outstanding
        collect = velocity.begin_read()
        os.kill(own_ioc.pid, posix.SIGKILL)
        with pytest.raises(NotConnected, match=r"velocity: OWN:samx\.VELO lost its connection at .*is its IOC running"):
            collect()


def test_an_ioc_killed_during_a_count_fails_the_count_with_its_name(own_ioc):
    det = EpicsCounter("OWN:det", name="det")
    det.wait_for_connection(10)
    det.count_time.set(100.0).wait(10)
    counting = det.trigger()
    wait_until(lambda: det.start.get() == 1)
    own_ioc.kill()
    assert isinstance(counting.exception(timeout=10), DeviceError)
    assert "det_start: OWN:det:CNT lost its connection" in str(counting.exception())
    own_ioc.restart()
    own_ioc.wait_ready()
    det.wait_for_connection(10)
    det.trigger().wait(30)
    for _, one in det.walk_signals():
        one.destroy()


def test_an_ioc_killed_during_a_put_fails_the_put_and_later_ones_work(own_ioc, connect):
    samx = connect("OWN:samx", name="samx")
    put = samx.set(90.0)
    own_ioc.kill()
    with pytest.raises(WriteFailed, match="samx: OWN:samx lost its connection before the write had ended"):
        put.wait(10)
    wait_until(lambda: not samx.connected)
    samx.connection_timeout = 0.1
    with pytest.raises(NotConnected, match="samx"):
        samx.set(1.0)
    own_ioc.restart()
    own_ioc.wait_ready()
    samx.wait_for_connection(10)
    samx.set(samx.get() + 0.1).wait(10)


def test_channels_are_back_long_before_the_library_would_look_again_with_monitors_and_limits(own_ioc, connect):
    names = [f"OWN:{motor}.{field}" for motor in ("th", "samx") for field in ("RBV", "VELO", "HLM", "LLM")]
    channels, values = [connect(name) for name in names], {}
    for one in channels:
        one.subscribe(lambda value, obj, **_: values.update({obj.name: value}))
    wait_until(lambda: len(values) == len(names))
    own_ioc.kill()
    wait_until(lambda: not any(one.connected for one in channels))
    values.clear()
    own_ioc.restart()
    own_ioc.wait_ready()
    took = elapsed(lambda: wait_until(lambda: all(one.connected for one in channels)))
    assert took < 6  # half a second if the machine has nothing else to do; the library waits for eight
    wait_until(lambda: len(values) == len(names))
    assert all(one.units for one in channels)
    assert connect("OWN:samx").limits == (-100.0, 100.0)


def test_a_frozen_ioc_is_not_taken_for_a_dead_one_and_goes_on_where_it_was(own_ioc, connect):
    velocity, values = connect("OWN:samx.VELO", name="velocity", timeout=0.3), []
    before = velocity.get()
    velocity.subscribe(lambda value, **_: values.append(value))
    wait_until(lambda: values)
    with frozen(own_ioc.pid):
        with pytest.raises(
            ReadFailed, match=r"velocity: OWN:samx\.VELO did not answer within 0\.3 s: .*busy or frozen"
        ):
            velocity.get()
        late = velocity.set(before + 1, timeout=0.3)
        assert "velocity: set to" in str(late.exception(timeout=5))
    velocity.timeout = 10.0
    wait_until(lambda: velocity.get() == before + 1)  # it was sent, and is done as soon as somebody does it
    wait_until(lambda: values[-1] == before + 1)


# ---- what the IOC says of its values


def test_limits_and_units_that_change_on_the_ioc_are_followed(connect):
    setpoint, top = connect("BL:temp:SP", name="temperature", limits=True), connect("BL:temp:SP.DRVH")
    unit = connect("BL:temp:SP.EGU")
    before = top.get()
    top.set(500.0).wait(10)
    unit.set("degC").wait(10)
    try:
        wait_until(lambda: setpoint.limits == (4.0, 500.0) and setpoint.units == "degC")
        with pytest.raises(DeviceError, match="temperature: 600 degC is above the limit 500 degC"):
            setpoint.set(600.0)
    finally:
        top.set(before).wait(10)
        unit.set("K").wait(10)
    wait_until(lambda: setpoint.limits == (4.0, before) and setpoint.units == "K")
