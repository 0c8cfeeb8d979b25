"""Instruments on a serial line: a pty, whose other end answers as one would."""

import os
import shlex
import sys
import time

import pexpect
import pytest
from layer_servers import Instrument

pytest.importorskip("serial")

from beamshell.channels.serial import SerialChannel, reply_pattern
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, NotConnected, ReadFailed, WriteFailed


@pytest.fixture
def instrument(tmp_path):
    instrument = Instrument(str(tmp_path / "line"))
    yield instrument
    instrument.close()


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
def test_an_answer_is_of_the_type_that_was_declared(connect, dtype, value):
    angle = connect(EpicsSignalRO, "ANGLE", dtype=dtype)
    assert (angle.get(), angle.describe()["x"]["dtype"]) == (value, dtype)


def test_a_set_is_done_when_the_instrument_has_acknowledged(connect, instrument):
    pos = connect(EpicsSignal, "POS")
    pos.set(2.0).wait(10)
    assert (instrument.values["POS"], pos.get()) == ("2.0", 2.0)


def test_signals_share_their_line_one_question_at_a_time(connect, instrument):
    signals = [connect(EpicsSignal, name) for name in ("POS", "ANGLE")] * 10
    assert [answer()["x"]["value"] for answer in [signal.begin_read() for signal in signals]] == [1.5, 30.0] * 10
    assert instrument.overlaps == 0


def test_a_plain_put_goes_before_questions_that_wait(connect, instrument):
    others, angle = [connect(EpicsSignal, f"TEN{n}") for n in range(5)], connect(EpicsSignal, "ANGLE")
    instrument.skip = 1  # the first question takes its time-out
    before = len(instrument.asked)
    waiting = [other.begin_read() for other in others]
    wait_until(lambda: len(instrument.asked) > before)
    angle.put(0)
    assert [answer()["x"]["value"] for answer in waiting] == [0, 1, 2, 3, 4]
    assert instrument.asked[before:].index("ANGLE 0.0") <= 2


def test_a_question_that_was_not_answered_is_asked_again(connect, instrument):
    pos = connect(EpicsSignal, "POS")
    instrument.skip = 2
    assert pos.get() == 1.5
    assert instrument.asked[-3:] == ["POS?"] * 3


def test_a_write_is_never_repeated(connect, instrument):
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
def test_a_refusal_says_the_words_of_the_instrument(connect, value, why):
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
    wait_until(lambda: pos._channel._problem)
    with pytest.raises(NotConnected, match=r"answered 'POS 1\.5', which is not of the form 'position {value}'"):
        pos.get()


def test_a_name_that_the_instrument_does_not_know_is_refused_in_its_words(make):
    missing = make(EpicsSignalRO, "NONESUCH", connection_timeout=0.05)
    wait_until(lambda: missing._channel._problem)
    with pytest.raises(NotConnected, match=r"x: .* has not answered since .*refused: 'ERR 7 no such thing'"):
        missing.get()


def test_a_value_that_can_only_be_written_is_connected_when_its_line_is(connect, instrument):
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
        SerialChannel(f"{instrument.path}?baud=115200#POS")


def test_a_reply_may_have_words_around_its_value():
    import re

    assert re.fullmatch(reply_pattern("POS = {value} mm"), "POS=1.5mm")["value"] == "1.5"


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


def test_nothing_is_written_to_the_terminal_that_the_program_runs_in():
    script = (
        "from beamshell.channels.line import Line, Settings\n"
        "import os\n"
        "try:\n    Line(os.ttyname(0), Settings()).exchange('FLOW?')\n"
        "except Exception as exc:\n    print(type(exc).__name__, exc)\n"
    )
    messages, status = pexpect.run(f"{sys.executable} -c {shlex.quote(script)}", withexitstatus=True, timeout=30)
    assert status == 0
    assert b"NotConnected" in messages
    assert b"is the terminal that this program runs in" in messages
    assert b"FLOW?" not in messages
