"""What words and objects mean in a parameter's place."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from beamshell.devices.monochromator import Monochromator
from beamshell.devices.sim import SynAxis
from beamshell.errors import UnknownName, UsageError
from beamshell.shell.slots import DetectorsSlot, MotorSlot, NumberSlot
from beamshell.shell.tokens import Tokens, find_device, may_be_number, number
from beamshell.shell.typed_line import cut_line


class Detector:
    def __init__(self, name):
        self.name = name

    def read(self):
        return {}

    def describe(self):
        return {}


class Motor(Detector):
    component_names = ("velocity",)
    velocity = "the velocity"

    def set(self, value):
        raise AssertionError("nothing may move while words are looked at")

    def locate(self):
        return {"setpoint": 0, "readback": 0}


DEVICES = {"th": Motor("th"), "samx": Motor("samx"), "det": Detector("det"), "mon": Detector("mon")}


def tokens(line):
    return Tokens(cut_line(line)[0].words, SimpleNamespace(devices=DEVICES, detectors=lambda: []))


def motor(line):
    return MotorSlot().read(tokens(line), "motor", None)


@pytest.mark.parametrize(("word", "value"), [("1", 1), ("-1.5", -1.5), ("1e3", 1000), (".5", 0.5), ("+2.", 2)])
def test_numbers_are_parsed(word, value):
    assert number(word, "start") == value


@pytest.mark.parametrize("value", [1, -1.5, np.float64(0.25), np.int32(3)])
def test_numbers_of_python_are_taken_as_they_are(value):
    assert number(value, "start") == value


@pytest.mark.parametrize("word", ["abc", "1_0", "0x10", "nan", "inf", "--1", "", "__import__('os')", None, True])
def test_what_is_no_number_is_named_with_its_parameter(word):
    with pytest.raises(UsageError) as refused:
        number(word, "start")
    assert str(refused.value) == f"'{word}' is not a number (start)"


class Console(dict):
    """The devices by name, and the variables of the person."""

    variables = {"x": 2, "half": np.float32(0.5), "th": 7, "name": "x", "flag": True, "many": np.zeros(3)}


class Position:
    name = "samy"
    component_names = ("velocity",)
    position = 1.25
    connected = True

    class Velocity(Motor):
        def get(self):
            return 3.0

    velocity = Velocity("samy_velocity")

    read = describe = set = None


NAMES = Console(DEVICES, samy=Position())


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("x", 2),
        ("-x*half", -1),
        ("np.pi+1", np.pi + 1),
        ("samy.position", 1.25),
        ("samy.position+x", 3.25),
        ("samy.velocity", 3),
        ("\u22121", -1),
        ("\uff11", 1),
        ("1,", 1),
    ],
)
def test_a_number_may_be_a_variable_arithmetic_or_a_number_of_a_device(word, value):
    assert number(word, "start", NAMES) == pytest.approx(value)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("samy", ": write samy.position"),
        ("th", ": write th.position"),
        ("name", ""),
        ("flag", ""),
        ("many", ""),
        ("samy.connected", ": samy has no number 'connected'"),
        ("samy.name", ": samy has no number 'name'"),
        ("y+1", ": no number 'y'"),
        ("{y}", ": no number 'y'"),
        ("1,5", ": write 1.5"),
    ],
)
def test_a_word_that_stands_for_no_number_says_what_to_write(word, reason):
    with pytest.raises(UsageError) as refused:
        number(word, "start", NAMES)
    assert str(refused.value) == f"'{word}' is not a number (start){reason}"


def test_whether_a_word_may_be_a_number_is_known_without_asking_a_device():
    class Untouchable(Motor):
        @property
        def position(self):
            raise AssertionError("the hardware is asked")

    devices = Console(th=Untouchable("th"))
    assert [may_be_number(word, devices) for word in ("x/2", "y/2", "th", "th.position", "1")] == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_arithmetic_with_blanks_is_answered_with_how_to_write_it():
    with pytest.raises(UsageError, match="'/' stands alone: write arithmetic without blanks, such as pi/2"):
        motor("/ 2")


def test_a_decimal_comma_is_answered_with_the_point():
    with pytest.raises(UsageError, match=r"'1,5' is not a number \(start\): write 1.5"):
        number("1,5", "start")


@pytest.mark.parametrize("value", ["1e999", float("inf"), float("nan")])
def test_a_number_beyond_what_can_be_stored_is_refused(value):
    with pytest.raises(UsageError, match="is not a finite number"):
        number(value, "start")


@pytest.mark.parametrize(("word", "why"), [("2.5", "not a whole number"), ("0", "at least 1"), ("-3", "at least 1")])
def test_a_number_of_points_is_whole_and_above_zero(word, why):
    with pytest.raises(UsageError, match=why):
        NumberSlot(whole=True, at_least=1).read(tokens(word), "points", None)


@pytest.mark.parametrize("word", ["0", "-1"])
def test_a_count_time_is_above_zero(word):
    with pytest.raises(UsageError, match=rf"'{word}' is not above zero \(time in seconds\)"):
        NumberSlot(positive=True, unit="seconds").read(tokens(word), "time", None)


def test_an_unknown_device_offers_the_nearest():
    with pytest.raises(UnknownName, match=r"no device 'tht': did you mean th\?"):
        motor("tht 1")


def test_capital_letters_are_no_other_name():
    with pytest.raises(UnknownName, match=r"no device 'SAMX': did you mean samx\?"):
        motor("SAMX 1")


def test_a_part_of_a_device_is_found_by_its_dotted_name():
    assert find_device("th.velocity", DEVICES) == "the velocity"


def test_an_unknown_part_offers_the_nearest():
    with pytest.raises(UnknownName, match=r"th has no part 'velocty': did you mean velocity\?"):
        find_device("th.velocty", DEVICES)


def test_a_detector_cannot_be_moved():
    with pytest.raises(UsageError, match="det cannot be moved"):
        motor("det 1")


def test_a_device_may_be_given_itself():
    line = Tokens([DEVICES["th"]], SimpleNamespace(devices={}))
    assert MotorSlot().read(line, "motor", None) is DEVICES["th"]


def test_a_device_of_one_computed_axis_means_that_axis():
    mono = Monochromator(name="mono", motors=[SynAxis(name="theta", units="deg", value=10.0)])
    assert MotorSlot().read(Tokens(["mono"], SimpleNamespace(devices={"mono": mono})), "motor", None) is mono.energy


@pytest.mark.parametrize(
    ("text", "detectors"),
    [
        ("th -1 1 11", []),
        ("det th -1 1 11", ["det"]),
        ("det mon th -1 1 11", ["det", "mon"]),
        ("samx th -1 1 11", ["samx"]),
        ("det th abc 1 11", ["det"]),
        ("th abc 1 11", []),
    ],
)
def test_the_devices_before_the_motor_are_the_detectors(text, detectors):
    line = tokens(text)
    assert [detector.name for detector in DetectorsSlot().read(line, "detectors", MotorSlot())] == detectors
    assert MotorSlot().read(line, "motor", None).name == "th"


@pytest.mark.parametrize("text", ["det tht -1 1 11", "samx sam -1 1 11", "dte th -1 1 11"])
def test_a_misspelt_name_among_the_devices_is_an_unknown_device(text):
    line = tokens(text)
    with pytest.raises(UnknownName):
        DetectorsSlot().read(line, "detectors", MotorSlot()), MotorSlot().read(line, "motor", None)


def test_a_missing_word_is_named():
    line = tokens("1")
    NumberSlot().read(line, "start", None)
    with pytest.raises(UsageError, match="stop is missing"):
        NumberSlot().read(line, "stop", None)
