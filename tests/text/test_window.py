"""Text in a narrow window: it is broken between words, columns stay columns, and what is copied stays whole."""

import io
import os

import pytest

from beamshell.text.window import fitted, reflowed, window_width

LINES = (
    "beamshell: th: 95 deg is above the high limit 90 deg: set_lm th -90 95 changes it, or move less",
    "  lineup th -1 1 20 0.1                  Scan as dscan does, then go to where the detector counted most.",
    "scaler       0.000 mm       clock, I0, It and what a copper foil lets through",
    "scan 1: aborted because the sample fell off, 5 points, 1.1 s",
)


@pytest.mark.parametrize("width", [100, 80, 60, 40, 30])
@pytest.mark.parametrize("line", LINES)
def test_no_word_is_cut_and_no_line_is_longer_than_the_window(line, width):
    lines = fitted(line, width).split("\n")
    assert max(map(len, lines)) <= width
    assert " ".join(lines).split() == line.split()
    if len(line) <= width:
        assert lines == [line]


def test_a_line_goes_on_below_its_last_column_or_begins_it_on_a_line_of_its_own():
    line = "  mov th 1.5     Move motors to positions, all together"
    assert fitted(line, 40).split("\n") == [
        "  mov th 1.5     Move motors to",
        "                 positions, all together",
    ]
    assert fitted(line, 30).split("\n") == ["  mov th 1.5", "      Move motors to", "      positions, all together"]


def test_a_number_and_its_unit_stay_on_one_line():
    assert fitted("success after 5 points in 2 s", 28).split("\n") == ["success after 5 points in", "  2 s"]
    assert fitted("centre 8.9793(8) keV, more", 20).split("\n") == ["centre", "  8.9793(8) keV,", "  more"]


def test_a_column_goes_below_if_one_of_its_words_does_not_fit_beside_the_others():
    line = "    bragg.backlash  mono_bragg_backlash_distance"
    assert fitted(line, 44).split("\n") == ["    bragg.backlash", "        mono_bragg_backlash_distance"]


def test_columns_that_fit_without_the_last_stay_beside_each_other():
    line = "chiller           20.00 degC  HTTP: a chiller with a web service"
    assert fitted(line, 40).split("\n") == [
        "chiller           20.00 degC",
        "    HTTP: a chiller with a web service",
    ]


def test_what_is_longer_than_a_line_stays_whole_so_that_it_can_be_copied():
    assert fitted("data in /data/2026-11/experiments/my-sample-long-name", 20).split("\n") == [
        "data in",
        "  /data/2026-11/experiments/my-sample-long-name",
    ]


def test_without_a_window_nothing_is_broken():
    assert fitted("a " * 200, None) == "a " * 200
    assert window_width(io.StringIO()) is None
    assert window_width(None) is None


def test_the_lines_of_a_paragraph_are_joined_and_those_of_an_example_are_not():
    text = "Go to the centre\nof the peak.\n\n    a = 1\n    b = 2\n\nThen\nmeasure."
    assert reflowed(text, 60) == "Go to the centre of the peak.\n\n    a = 1\n    b = 2\n\nThen measure."


def test_the_width_is_that_of_the_terminal_now():
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        for columns in (60, 44):
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            assert window_width(stream) == columns
    os.close(master)
