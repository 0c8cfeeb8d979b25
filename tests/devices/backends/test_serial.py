"""Instruments on a serial line: a pty, whose other end answers as one would."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import threading
import time
import tty

import pytest

pytest.importorskip("serial")

from beamshell.devices.backends.serial import SerialBackend, reply_pattern
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, ReadFailed, StatusTimeoutError, WriteFailed


class Instrument:
    """Two axes, a mode, and some bad manners; it can be unplugged and plugged in again under the same name."""

    def __init__(self, path):
        self.path = path
        self.plug_in()

    def plug_in(self):
        self.values = {"POS": "1.5", "ANGLE": "30", "MODE": "ON", "NAME": "linkam"}
        self.asked, self.mute, self.skip, self.moving_until, self.overlaps = [], False, 0, 0.0, 0
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self._slave, self._quit = slave, os.pipe()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.symlink(os.ttyname(slave), self.path)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def unplug(self):
        os.write(self._quit[1], b"q")
        self._thread.join()
        os.unlink(self.path)
        for descriptor in (self.master, self._slave, *self._quit):
            os.close(descriptor)

    def _serve(self):
        got = b""
        while True:
            ready, _, _ = select.select([self.master, self._quit[0]], [], [])
            if self._quit[0] in ready:
                return
            got += os.read(self.master, 1024)
            self.overlaps += got.count(b"\r") > 1
            while b"\r" in got:
                line, got = got.split(b"\r", 1)
                reply = self._reply(line.decode())
                if reply is not None:
                    os.write(self.master, reply.encode() + b"\r")

    def _reply(self, line):
        self.asked.append(line)
        if self.mute:
            return None
        if self.skip:
            self.skip -= 1
            return None
        if line == "BUSY?":
            return str(int(time.monotonic() < self.moving_until))
        name, _, value = line.partition(" ")
        if name.endswith("?"):
            name = name[:-1]
            return f"{name} {self.values[name]}" if name in self.values else "ERR 7 no such thing"
        if value == "-1":
            return "ERR 3 interlock open"
        if value == "-2":
            return "WHAT"
        self.values[name] = value
        self.moving_until = time.monotonic() + (0.3 if name == "ANGLE" else 0)
        return "OK"


@pytest.fixture
def instrument(tmp_path):
    instrument = Instrument(str(tmp_path / "line"))
    yield instrument
    instrument.unplug()


_SPEECH = "?end=CR&timeout_s=0.3&reply={name} {value}&ack=OK&error=ERR#"


@pytest.fixture
def make(instrument):
    made = []

    def make(cls, value, **options):
        made.append(cls(f"serial://{instrument.path}{_SPEECH}{value}", name=options.pop("name", "x"), **options))
        return made[-1]

    yield make
    for signal in made:
        signal.destroy()


@pytest.fixture
def connect(make):
    def connect(cls, value, **options):
        signal = make(cls, value, **options)
        signal.wait_for_connection(20)
        return signal

    return connect


def wait_until(condition, timeout=20.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def test_a_value_is_asked_for_by_its_name(connect, instrument):
    reading = connect(EpicsSignal, "POS", name="pos").read()["pos"]
    assert reading["value"] == 1.5
    assert abs(reading["timestamp"] - time.time()) < 60
    assert set(instrument.asked) == {"POS?"}


def test_it_is_described_as_the_address_says(connect, instrument):
    pos = connect(EpicsSignalRO, "POS", name="pos", units="mm", precision=2, limits=(-5, 5))
    key = pos.describe()["pos"]
    assert key.pop("source") == f"serial://{instrument.path}{_SPEECH}POS"
    assert key == {
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": 2,
        "lower_ctrl_limit": -5.0,
        "upper_ctrl_limit": 5.0,
    }


@pytest.mark.parametrize(("dtype", "value"), [("integer", 30), ("number", 30.0), ("string", "30")])
def test_an_answer_is_of_the_type_that_was_said(connect, dtype, value):
    angle = connect(EpicsSignalRO, "ANGLE", dtype=dtype)
    assert (angle.get(), angle.describe()["x"]["dtype"]) == (value, dtype)


def test_a_set_is_done_when_the_instrument_has_acknowledged(connect, instrument):
    pos = connect(EpicsSignal, "POS")
    pos.set(2.0).wait(10)
    assert (instrument.values["POS"], pos.get()) == ("2.0", 2.0)


def test_a_set_is_done_when_the_instrument_is_not_busy_any_more(connect):
    angle = connect(EpicsSignal, "ANGLE", busy="BUSY?", format=".1f")
    began = time.monotonic()
    angle.set(45).wait(10)
    assert time.monotonic() - began >= 0.3
    assert angle.get() == 45.0


def test_states_are_called_as_the_instrument_does(connect, instrument):
    mode = connect(EpicsSignal, "MODE", choices="OFF,ON")
    by_name = connect(EpicsSignalRO, "MODE", choices="OFF,ON", string=True)
    mode.set("OFF").wait(10)
    assert (mode.get(), by_name.get(), instrument.values["MODE"]) == (0, "OFF", "OFF")
    assert mode.describe()["x"]["choices"] == ["OFF", "ON"]


def test_a_subscriber_hears_the_value_and_its_changes(connect, instrument):
    pos, heard = connect(EpicsSignal, "POS", poll_s=0.02), []
    token = pos.subscribe(lambda value, **_: heard.append((value, threading.current_thread().name)))
    wait_until(lambda: heard)
    instrument.values["POS"] = "3.5"
    wait_until(lambda: [value for value, _ in heard] == [1.5, 3.5])
    assert all(thread.startswith("beamshell-updates") for _, thread in heard)
    pos.unsubscribe(token)
    counts = []
    wait_until(lambda: counts.append(len(instrument.asked)) or counts[-30:] == [counts[-1]] * 30)


def test_signals_share_their_line_one_question_at_a_time(connect, instrument):
    signals = [connect(EpicsSignal, name) for name in ("POS", "ANGLE")] * 10
    assert [answer()["x"]["value"] for answer in [signal.begin_read() for signal in signals]] == [1.5, 30.0] * 10
    assert instrument.overlaps == 0


def test_a_plain_put_goes_before_questions_that_wait(connect, instrument):
    pos, angle = connect(EpicsSignal, "POS"), connect(EpicsSignal, "ANGLE")
    instrument.skip = 1  # the first question takes its time-out
    before = len(instrument.asked)
    waiting = [pos.begin_read() for _ in range(5)]
    wait_until(lambda: len(instrument.asked) > before)
    angle.put(0)
    assert [answer()["x"]["value"] for answer in waiting] == [1.5] * 5
    assert instrument.asked[before:].index("ANGLE 0.0") <= 2


def test_a_question_that_was_not_answered_is_asked_again(connect, instrument):
    pos = connect(EpicsSignal, "POS")
    instrument.skip = 2
    assert pos.get() == 1.5
    assert instrument.asked[-3:] == ["POS?"] * 3


def test_what_is_told_is_never_repeated(connect, instrument):
    pos = connect(EpicsSignal, "POS")
    instrument.skip = 1
    with pytest.raises(WriteFailed, match=r"x: \S+line#POS did not acknowledge 2\.0 within 0\.3 s"):
        pos.set(2.0).wait(10)
    assert instrument.asked.count("POS 2.0") == 1


def test_an_answer_that_came_too_late_is_not_taken_for_the_next(connect, instrument):
    pos = connect(EpicsSignal, "POS")
    os.write(instrument.master, b"POS 99\r")
    time.sleep(0.05)  # until it is there
    assert pos.get() == 1.5


@pytest.mark.parametrize(
    ("value", "why"),
    [(-1, r"the instrument refused: 'ERR 3 interlock open'"), (-2, r"answered 'WHAT' to -2, not 'OK'")],
)
def test_a_refusal_is_told_with_its_words(connect, value, why):
    with pytest.raises(WriteFailed, match=why):
        connect(EpicsSignal, "POS", dtype="integer", ask="ANGLE?", reply="ANGLE {value}").set(value).wait(10)


@pytest.mark.parametrize(
    ("answer", "why"),
    [("1.5 mm", "answered 'POS 1.5 mm', which is no number"), ("", "answered 'POS ', which is no number")],
)
def test_an_answer_that_is_no_value_fails_the_read_alone(connect, instrument, answer, why):
    pos = connect(EpicsSignal, "POS")
    instrument.values["POS"] = answer
    with pytest.raises(ReadFailed, match=f"x: .*{why}"):
        pos.get()
    assert pos.connected


def test_an_answer_of_another_form_is_named(make):
    pos = make(EpicsSignalRO, "POS", reply="position {value}", connection_timeout=0.05)
    wait_until(lambda: pos._backend._problem)
    with pytest.raises(NotConnected, match=r"answered 'POS 1\.5', which is not of the form 'position {value}'"):
        pos.get()


def test_a_name_that_the_instrument_does_not_know_is_told_in_its_words(make):
    missing = make(EpicsSignalRO, "NONESUCH", connection_timeout=0.05)
    wait_until(lambda: missing._backend._problem)
    with pytest.raises(NotConnected, match=r"x: .* has not answered since .*refused: 'ERR 7 no such thing'"):
        missing.get()


def test_values_that_do_not_fit_are_refused(connect):
    with pytest.raises(BadValue, match="it holds one number"):
        connect(EpicsSignal, "POS").set("far")
    with pytest.raises(BadValue, match="choose one of OFF, ON"):
        connect(EpicsSignal, "MODE", choices=("OFF", "ON")).set("PERHAPS")
    with pytest.raises(LimitError, match="x: 11 is above the limit 10"):
        connect(EpicsSignal, "POS", limits=(-10, 10)).set(11)


def test_a_set_that_takes_too_long_times_out(connect):
    with pytest.raises(StatusTimeoutError, match="x: set to 5"):
        connect(EpicsSignal, "ANGLE", busy="BUSY?").set(5.0, timeout=0.05).wait(10)


def test_what_can_only_be_told_is_connected_when_its_line_is(connect, instrument):
    command = connect(EpicsSignal, "POS", ask="")
    assert instrument.asked == []
    command.set(4).wait(10)
    assert (command.get(), instrument.values["POS"]) == (4, "4.0")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("serial:///dev/x?baud=fast#A", "baud=fast is no number"),
        ("serial:///dev/x?bauds=9600#A", "there is no setting bauds"),
        ("serial:///dev/x?dtype=text#A", "dtype=text is none of number, integer, string"),
    ],
)
def test_a_wrong_setting_is_named(address, why):
    with pytest.raises(BadValue, match=why):
        EpicsSignal(address)


def test_one_line_has_one_set_of_settings(make, instrument):
    make(EpicsSignal, "POS")
    with pytest.raises(BadValue, match=r"in use already as .*give all its signals the same settings"):
        SerialBackend(f"{instrument.path}?baud=115200#POS")


def test_a_reply_may_have_words_around_its_value():
    import re

    assert re.fullmatch(reply_pattern("POS = {value} mm"), "POS=1.5mm")["value"] == "1.5"


class Stage(Device):
    position = Component(EpicsSignal, "POS")
    angle = Component(EpicsSignal, "ANGLE")


def test_a_device_class_works_over_it_by_its_prefix(instrument):
    stage = Stage(f"serial://{instrument.path}{_SPEECH}", name="stage")
    stage.wait_for_connection(20)
    assert [reading["value"] for reading in stage.read().values()] == [1.5, 30.0]
    for part in (stage.position, stage.angle):
        part.destroy()


def test_an_instrument_that_is_switched_off_is_noticed_and_comes_back(connect, instrument):
    pos = connect(EpicsSignal, "POS", timeout=20)
    instrument.mute = True
    with pytest.raises(
        NotConnected, match=r"'POS\?' was not answered within 0\.3 s \(asked 3 times\): is the instrument"
    ):
        pos.get()
    assert not pos.connected
    instrument.mute = False
    pos.wait_for_connection(20)
    assert pos.get() == 1.5


def test_a_line_that_is_pulled_is_noticed_and_comes_back_with_its_subscribers(connect, instrument):
    angle, connections, heard = connect(EpicsSignal, "ANGLE", busy="BUSY?", poll_s=0.02), [], []
    angle.subscribe(lambda connected, **_: connections.append(connected), event_type="meta")
    angle.subscribe(lambda value, **_: heard.append(value))
    angle.set(60).wait(10)
    wait_until(lambda: heard[-1:] == [60.0] and connections == [True])
    move = angle.set(70)
    instrument.unplug()
    assert isinstance(move.exception(timeout=10), WriteFailed)
    wait_until(lambda: not angle.connected)
    angle.connection_timeout = 0.05
    with pytest.raises(NotConnected, match=r"x: \S+line#ANGLE lost its connection at .*check the cable"):
        angle.get()
    instrument.plug_in()
    angle.wait_for_connection(20)
    wait_until(lambda: heard[-1:] == [30.0])
    wait_until(lambda: connections == [True, False, True])


def test_a_missing_library_names_the_extra():
    script = "import sys; sys.modules['serial'] = None; from beamshell.devices.backends import open_channel\n"
    script += "try: open_channel('serial:///dev/x#A')\nexcept ImportError as exc: print(type(exc).__name__, exc)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.startswith("MissingLibrary serial:// addresses need the library serial")
    assert 'pip install "beamshell[serial]"' in said.stdout
