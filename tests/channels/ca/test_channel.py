"""Channel Access against the demo beamline: a real IOC on loopback."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest

from beamshell.channels.ca import libca, requests
from beamshell.channels.updates import LatestValue
from beamshell.devices import Signal
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, ReadOnlyError, WriteFailed


@pytest.fixture
def connect(demo_ioc):
    """Makes signals that are connected, and gives their channels back after the test."""
    made = []

    def make(cls, address, **options):
        signal = cls(address, name=options.pop("name", "x"), **options)
        made.append(signal)
        signal.wait_for_connection(5)
        return signal

    yield make
    for signal in made:
        signal.destroy()


def wait_until(condition, timeout=5.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def test_a_value_comes_with_its_time_and_alarm(connect):
    signal = connect(EpicsSignalRO, "BL:samy.VELO", name="velocity")
    reading = signal.read()["velocity"]
    assert reading["value"] == signal.get()
    assert reading["alarm_severity"] == 0
    assert abs(reading["timestamp"] - time.time()) < 3600


def test_a_stop_goes_out_while_a_set_is_outstanding(connect):
    setpoint, stop = connect(EpicsSignal, "BL:samy", name="samy"), connect(EpicsSignal, "BL:samy.STOP")
    setpoint.set(0.0).wait(20)
    move = setpoint.set(24.0)
    stop.put(1)
    move.wait(2)
    assert abs(setpoint.get()) < 12


def test_a_state_is_read_as_index_and_written_by_name(connect):
    shutter = connect(EpicsSignal, "BL:shutter", name="shutter")
    shutter.set("Close").wait(5)
    assert (shutter.get(), shutter.get(as_string=True)) == (0, "Close")
    shutter.set("Open").wait(5)
    assert shutter.describe()["shutter"]["choices"] == ["Close", "Open"]
    assert connect(EpicsSignalRO, "BL:shutter", string=True).get() == "Open"
    with pytest.raises(BadValue, match="Close, Open"):
        shutter.set("Ajar")


def test_text_is_written_and_read(connect):
    description = connect(EpicsSignal, "BL:samy.DESC")
    before = description.get()
    description.set("sample height").wait(5)
    assert description.get() == "sample height"
    description.set(before).wait(5)


def test_an_image_comes_as_the_numbers_it_was_made_of(connect):
    narrow = connect(EpicsSignalRO, "BL:webcam:image", name="image", array_dtype="uint16")
    wide = connect(EpicsSignalRO, "BL:webcam:image")
    image = narrow.get()
    assert image.dtype == np.uint16
    assert image.size == wide.get().size > 1000
    assert narrow.describe()["image"]["shape"] == [image.size]


def test_limits_of_the_record_are_enforced_if_asked_for(connect):
    with pytest.raises(LimitError, match="samy: 1e\\+09 mm is above the limit 25 mm"):
        connect(EpicsSignal, "BL:samy", name="samy", limits=True).set(1e9)
    with pytest.raises(LimitError, match="samy: 2 mm is above the limit 1 mm"):
        connect(EpicsSignal, "BL:samy", name="samy", limits=(-1, 1)).set(2)


def test_a_read_only_signal_says_so(connect):
    with pytest.raises(ReadOnlyError, match="heartbeat"):
        connect(EpicsSignalRO, "BL:heartbeat", name="heartbeat").put(1)


def test_another_setpoint_address_is_recorded_too(connect):
    signal = connect(EpicsSignal, "BL:temp:RBV", write_pv="BL:temp:SP", name="temp")
    assert set(signal.read()) == set(signal.describe()) == {"temp", "temp_setpoint"}
    assert signal.setpoint == signal.read()["temp_setpoint"]["value"]


def test_a_subscriber_may_read_and_write_signals(connect):
    heartbeat, velocity = connect(EpicsSignalRO, "BL:heartbeat"), connect(EpicsSignal, "BL:samx.VELO")
    read = []

    def callback(**kwargs):
        velocity.set(velocity.get()).wait(5)
        read.append(velocity.get())

    heartbeat.subscribe(callback)
    wait_until(lambda: read)
    assert read[0] > 0


def test_a_slow_subscriber_of_one_signal_does_not_delay_another(connect):
    release, called = threading.Event(), threading.Event()
    slow, quick = connect(EpicsSignalRO, "BL:heartbeat"), connect(EpicsSignalRO, "BL:samx.VELO")
    slow.subscribe(lambda **kwargs: release.wait(20))
    quick.subscribe(lambda **kwargs: called.set())
    arrived = called.wait(5)
    release.set()
    assert arrived


def test_the_callback_of_the_slides_finishes_on_the_edge(connect):
    """Status, signal and IOC together: the talk's Decay without its device."""
    setpoint, done = connect(EpicsSignal, "decay:SP"), connect(EpicsSignalRO, "decay:done")
    reached = threading.Event()

    def callback(old_value, value, **kwargs):
        if old_value == 0 and value == 1:
            reached.set()
            done.clear_sub(callback)

    done.subscribe(callback)
    setpoint.put(setpoint.get() + 10)
    assert reached.wait(10)


def test_many_signals_are_asked_together(connect):
    """A hundred reads take nowhere near a hundred round trips."""
    signals = [connect(EpicsSignalRO, f"BL:{motor}.{field}") for motor in ("samx", "samy") for field in _FIELDS] * 5
    one_by_one = _best(lambda: [signal.read() for signal in signals])
    together = _best(lambda: [collect() for collect in [signal.begin_read() for signal in signals]])
    assert together < one_by_one / 2


_FIELDS = ["VAL", "RBV", "VELO", "ACCL", "HLM", "LLM", "OFF", "DVAL", "DRBV", "DMOV"]


def _best(action):
    times = []
    for _ in range(5):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)


def test_requests_to_a_channel_that_is_gone_are_forgotten(connect, demo_ioc):
    number = len(requests._batches)
    for _ in range(20):
        signal = EpicsSignalRO("BL:samx.VELO", name="velocity")
        signal.wait_for_connection(5)
        calls = [signal.begin_read() for _ in range(3)]
        signal.destroy()  # before the requests are sent: they are never answered
        requests.batch().wait_for(-1, 0.0)  # the next ones are another batch
    del calls
    assert len(requests._batches) <= number + 1


def test_signals_that_do_not_answer_are_waited_for_together(demo_ioc):
    missing = [EpicsSignalRO(f"BL:nonesuch{n}", name=f"n{n}", connection_timeout=1.0) for n in range(10)]
    began = time.monotonic()
    for collect in [signal.begin_read() for signal in missing]:
        with pytest.raises(NotConnected):
            collect()
    assert time.monotonic() - began < 6  # ten times a second would be 10
    for signal in missing:
        signal.destroy()


_SESSION = """
from beamshell.devices import Signal
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
position, missing = EpicsSignal("BL:samx", name="samx"), EpicsSignalRO("BL:nonesuch", name="nonesuch")
position.subscribe(lambda **kwargs: None)
position.wait_for_connection(5)
status = position.set(position.get() + 1)
print(position.connected, position.get() is not None)
"""


def test_an_interpreter_ends_without_noise_while_channels_are_in_use(demo_ioc):
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", _SESSION],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **demo_ioc.client_environment},
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True True\n", "")


@pytest.fixture
def counted(monkeypatch):
    """Counts what is done for the updates of a signal: those that came, decodes, and hand-overs to the worker."""

    def count(signal):
        channel, counts = signal._channel, Counter()

        def counting(what, function):
            def call(*args):
                counts[what] += 1
                return function(*args)

            return call

        offer = LatestValue.offer

        def counted_offer(latest_value, value):
            counts["hand-overs"] += latest_value is channel._changes
            offer(latest_value, value)

        monkeypatch.setattr(channel, "_decoder", counting("decodes", channel._decoder))
        monkeypatch.setattr(channel, "on_value", counting("updates", channel.on_value))
        monkeypatch.setattr(LatestValue, "offer", counted_offer)
        return counts

    return count


def put_many(signal, counts, values=(1.25, 1.5, 1.75) * 20):
    """Have another client write one value after the other, and wait until each has come as an update."""
    client = EpicsSignal(signal.pvname, name="another")
    before = counts["updates"]
    for number, value in enumerate(values, before + 1):
        client.put(value)
        wait_until(lambda number=number: counts["updates"] >= number)
    client.destroy()
    return counts["updates"] - before


def test_updates_that_nobody_listens_to_are_not_handed_over_and_decoded_once_somebody_looks(connect, counted):
    signal = connect(EpicsSignal, "BL:samx.VELO", name="velocity", auto_monitor=True)
    wait_until(lambda: signal.latest)
    counts = counted(signal)
    assert put_many(signal, counts) == 60
    assert (counts["decodes"], counts["hand-overs"]) == (0, 0)
    assert signal.latest["value"] == 1.75
    assert signal.latest is signal.latest
    assert counts["decodes"] == 1


def test_a_subscriber_of_a_signal_that_only_kept_its_latest_value_gets_that_and_all_that_follow(connect, counted):
    signal = connect(EpicsSignal, "BL:samx.VELO", name="velocity", auto_monitor=True)
    wait_until(lambda: signal.latest)
    counts = counted(signal)
    put_many(signal, counts)
    values = []
    token = signal.subscribe(lambda value, **_: values.append(value))
    wait_until(lambda: values == [1.75])
    put_many(signal, counts, [1.0])
    wait_until(lambda: values == [1.75, 1.0])
    assert (counts["decodes"], counts["hand-overs"]) == (2, 2)  # the first is the one that was kept
    signal.unsubscribe(token)
    put_many(signal, counts, [1.25])
    assert (values, signal.latest["value"]) == ([1.75, 1.0], 1.25)
    assert counts["hand-overs"] == 2


def test_the_thread_of_a_circuit_keeps_its_python_state_between_updates(connect, counted):
    signal = connect(EpicsSignal, "BL:samx.VELO", name="velocity", auto_monitor=True)
    counts, of_thread, seen = counted(signal), threading.local(), []
    channel = signal._channel
    on_value = channel.on_value

    def numbered(data):
        of_thread.number = getattr(of_thread, "number", 0) + 1
        seen.append(of_thread.number)
        on_value(data)

    channel.on_value = numbered
    put_many(signal, counts)
    assert seen == list(range(1, len(seen) + 1))


# ---- what has come by subscription in place of a reading


def test_what_was_followed_is_current_and_needs_no_reading(connect):
    speed = connect(EpicsSignal, "BL:samy.TWV")
    assert speed.current is None
    speed.follow()
    wait_until(lambda: speed.current is not None)
    assert speed.current["value"] == speed.get()


def test_a_value_that_was_written_here_is_not_current_until_it_comes_back(connect):
    """A value that came before the write must not stand for it, and neither must a late one."""
    tweak = connect(EpicsSignal, "BL:samy.TWV")
    tweak.set(0.5).wait(5)
    tweak.follow()
    wait_until(lambda: tweak.current is not None)
    for value in (0.25, 0.75, 0.75, 0.5):
        tweak.set(value).wait(5)
        assert tweak.current is None or tweak.current["value"] == value
        wait_until(lambda: tweak.current is not None)
        assert tweak.current["value"] == value


def test_after_a_lost_connection_nothing_is_current_before_it_has_come_anew(connect):
    tweak = connect(EpicsSignal, "BL:samy.TWV")
    tweak.follow()
    wait_until(lambda: tweak.current is not None)
    tweak.renew()
    assert tweak.current is None
    wait_until(lambda: tweak.current is not None)


@pytest.mark.parametrize("write", ["put", "set"])
@pytest.mark.parametrize(
    "answers",
    [
        {"ca_array_put": libca.DISCONNECTED, "ca_array_put_callback": libca.DISCONNECTED},
        {"ca_write_access": 0, "ca_state": libca.CONNECTED - 1},
    ],
    ids=["the library refuses", "no access any more"],
)
def test_a_write_at_the_moment_in_which_the_circuit_breaks_is_no_refusal_of_the_server(
    connect, monkeypatch, write, answers
):
    """The library knows it before it tells us. A plan waits for what is not connected, and fails at a refusal."""
    tweak = connect(EpicsSignal, "BL:samy.TWV")
    for function, answer in answers.items():
        monkeypatch.setattr(requests.library(), function, lambda *_, answer=answer: answer)
    with pytest.raises(NotConnected, match=r"BL:samy.TWV has lost its connection at this moment"):
        getattr(tweak, write)(0.5)


def test_a_server_that_refuses_a_write_says_so(connect, monkeypatch):
    tweak = connect(EpicsSignal, "BL:samy.TWV")
    monkeypatch.setattr(requests.library(), "ca_write_access", lambda _: 0)
    with pytest.raises(WriteFailed, match="gives this computer no write access"):
        tweak.put(0.5)


def test_a_value_in_this_process_is_not_followed():
    signal = Signal(name="gain", value=1.0)
    signal.follow()
    assert signal.current is None
