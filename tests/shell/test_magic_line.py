"""What a typed line says."""

from __future__ import annotations

import pytest

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.magic_line import Words, number, split_commands, split_words, whole_number


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


def words(text):
    return Words(split_words(text), DEVICES)


def test_a_line_is_cut_at_each_semicolon():
    assert split_commands("mov th 1; scan det th -1 1 11 ;; wa") == ["mov th 1", "scan det th -1 1 11", "wa"]


@pytest.mark.parametrize("text", ["md note 'a; b'", 'md note "a; b"', "x = f(';')", "d = {1: [2, (3)]}"])
def test_a_semicolon_in_quotes_or_brackets_cuts_nothing(text):
    assert split_commands(text) == [text]


def test_an_apostrophe_in_a_word_opens_no_quote():
    assert split_commands("md note don't; wa") == ["md note don't", "wa"]


def test_quotes_keep_blanks_together_and_are_taken_off():
    assert split_words("sample 'LaB6 660c' \"b c\" [1, 2]") == ["sample", "LaB6 660c", "b c", "[1, 2]"]


def test_a_comment_is_left_out_but_a_number_sign_in_a_word_is_kept():
    assert split_words("th 1 # there") == ["th", "1"]
    assert split_words("sample #3") == ["sample", "#3"]


@pytest.mark.parametrize(("word", "value"), [("1", 1), ("-1.5", -1.5), ("1e3", 1000), (".5", 0.5), ("+2.", 2)])
def test_numbers_are_parsed(word, value):
    assert number(word, "start") == value


@pytest.mark.parametrize("word", ["abc", "1_0", "0x10", "nan", "inf", "--1", "1+1", "", "__import__('os')"])
def test_what_is_no_number_is_named_with_its_slot(word):
    with pytest.raises(UsageError) as refused:
        number(word, "start")
    assert str(refused.value) == f"'{word}' is not a number (start)"


def test_a_decimal_comma_is_answered_with_the_point():
    with pytest.raises(UsageError, match=r"'1,5' is not a number \(start\): write 1.5"):
        number("1,5", "start")


def test_a_number_beyond_what_can_be_stored_is_refused():
    with pytest.raises(UsageError, match="too large"):
        number("1e999", "start")


@pytest.mark.parametrize(("word", "why"), [("2.5", "not a whole number"), ("0", "at least 1"), ("-3", "at least 1")])
def test_a_number_of_points_is_whole_and_above_zero(word, why):
    with pytest.raises(UsageError, match=why):
        whole_number(word, "points")


def test_an_unknown_device_offers_the_nearest():
    with pytest.raises(UnknownName, match=r"no device 'tht': did you mean th\?"):
        words("tht 1").motor()


def test_a_part_of_a_device_is_found_by_its_dotted_name():
    assert words("th.velocity").device("signal") == "the velocity"


def test_an_unknown_part_offers_the_nearest():
    with pytest.raises(UnknownName, match=r"th has no part 'velocty': did you mean velocity\?"):
        words("th.velocty").device("signal")


def test_a_detector_cannot_be_moved():
    with pytest.raises(UsageError, match="det cannot be moved"):
        words("det 1").motor()


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
    line = words(text)
    assert [found.name for found in line.detectors()] == detectors
    assert line.motor().name == "th"


@pytest.mark.parametrize("text", ["det tht -1 1 11", "samx sam -1 1 11", "dte th -1 1 11"])
def test_a_misspelt_name_among_the_devices_is_an_unknown_device(text):
    line = words(text)
    with pytest.raises(UnknownName):
        line.detectors(), line.motor()


def test_a_missing_word_is_named_by_its_slot():
    line = words("1")
    line.number("start")
    with pytest.raises(UsageError, match="stop is missing"):
        line.number("stop")


def test_a_word_too_many_is_named():
    with pytest.raises(UsageError, match="'7' is one word too many"):
        words("7").end()


@pytest.mark.parametrize("word", ["0", "-1"])
def test_a_count_time_is_above_zero(word):
    with pytest.raises(UsageError, match="not above zero"):
        words(word).optional_seconds()


def test_no_count_time_is_none():
    assert words("").optional_seconds() is None
