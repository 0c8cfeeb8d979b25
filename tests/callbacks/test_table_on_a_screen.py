"""The table of a scan on the screen of a terminal of some size: its text as it stands there, and its colours."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios

import pyte
import pytest
from run_documents import data_key

from beamshell.callbacks import LiveTable

HEIGHT = 24
POINTS = [(-1.0, 22, 0.001, "all is well"), (0.0, 3047, 1.5e-9, "the beam has moved a little"), (1.0, 28, 1e12, "ok")]
KEYS = {
    "th": data_key("deg", 4),
    "det": data_key("counts", 0, "integer"),
    "current": data_key("A"),
    "remark": data_key("", None, "string"),
}


class Screen:
    """A terminal whose screen can be read: its text and its colours."""

    def __init__(self, columns, height=HEIGHT):
        self._screen = pyte.Screen(columns, height)
        self._stream = pyte.Stream(self._screen)
        self.written = ""
        self._descriptors = os.openpty()  # has a size, as a window has
        self.resize(columns, height)

    def resize(self, columns, height=HEIGHT):
        fcntl.ioctl(self._descriptors[1], termios.TIOCSWINSZ, struct.pack("HHHH", height, columns, 0, 0))
        self._screen.resize(height, columns)

    def isatty(self):
        return True

    def fileno(self):
        return self._descriptors[1]

    def write(self, text):
        self.written += text
        self._stream.feed(text.replace("\n", "\r\n"))

    def flush(self):
        """As a stream."""

    @property
    def lines(self):
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip().split("\n")

    def colour(self, text):
        """The colour of the first letter of a text on the screen, and whether it is bold."""
        row, column = next((n, line.index(text)) for n, line in enumerate(self._screen.display) if text in line)
        letter = self._screen.buffer[row][column]
        return letter.fg, letter.bold

    def is_bold(self, row):
        """Whether the last letter of a line is bold."""
        return self._screen.buffer[row][len(self.lines[row]) - 1].bold

    def close(self):
        for descriptor in self._descriptors:
            os.close(descriptor)


@pytest.fixture
def open_screen(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    opened = []

    def open_one(columns, height=HEIGHT):
        opened.append(Screen(columns, height))
        monkeypatch.setattr(sys, "stdout", opened[-1])
        return opened[-1]

    yield open_one
    for screen in opened:
        screen.close()


@pytest.fixture(autouse=True)
def in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")


def show(documents, table=None):
    table = table or LiveTable()
    for name, doc in documents:
        table(name, doc)


SCREENS = {
    120: """
#1 scan det th -1 1 3
   #        time          th         det     current  remark
                         deg      counts           A
------------------------------------------------------------------
   1  00:16:40.0     -1.0000          22   1.000e-03  all is well
   2  00:16:41.0      0.0000        3047   1.500e-09  the beam has moved a little
   3  00:16:42.0      1.0000          28   1.000e+12  ok
-- max of det --------------------------------------------------------------------
   2  00:16:41.0      0.0000        3047   1.500e-09  the beam has moved a little
scan 1: success, 3 points, 2.1 s
""",
    80: """
#1 scan det th -1 1 3
   #        time          th         det     current  remark
                         deg      counts           A
------------------------------------------------------------------
   1  00:16:40.0     -1.0000          22   1.000e-03  all is well
   2  00:16:41.0      0.0000        3047   1.500e-09  the beam has moved a
                                                      little
   3  00:16:42.0      1.0000          28   1.000e+12  ok
-- max of det ------------------------------------------------------------------
   2  00:16:41.0      0.0000        3047   1.500e-09  the beam has moved a
                                                      little
scan 1: success, 3 points, 2.1 s
""",
    60: """
#1 scan det th -1 1 3
(hidden, the terminal is too narrow: time)
   #          th         det     current  remark
             deg      counts           A
------------------------------------------------------
   1     -1.0000          22   1.000e-03  all is well
   #       th      det    current  remark
          deg   counts          A
------------------------------------------------------------
   2   0.0000     3047  1.500e-09  the beam has moved a
                                   little
   3   1.0000       28  1.000e+12  ok
-- max of det ----------------------------------------------
   2   0.0000     3047  1.500e-09  the beam has moved a
                                   little
scan 1: success, 3 points, 2.1 s
""",
    40: """
#1 scan det th -1 1 3
(hidden, the terminal is too narrow:
  time, remark)
   #       th      det    current
          deg   counts          A
----------------------------------
   1  -1.0000       22  1.000e-03
   2   0.0000     3047  1.500e-09
   3   1.0000       28  1.000e+12
-- max of det --------------------
   2   0.0000     3047  1.500e-09
scan 1: success, 3 points, 2.1 s
""",
}


@pytest.mark.parametrize("columns", SCREENS)
def test_the_table_as_it_stands_on_a_screen(make_run, open_screen, columns):
    screen = open_screen(columns)
    show(make_run(["th"], ["det", "current", "remark"], POINTS, keys=KEYS, command="scan det th -1 1 3"))
    assert screen.lines == SCREENS[columns].strip("\n").split("\n")


# ---- colours -------------------------------------------------------------------------------------


def with_an_alarm(documents, severity):
    """The documents, the value of det at the second point with this alarm."""
    for name, doc in documents:
        if name == "event" and doc["seq_num"] == 2:
            yield "descriptor", {"uid": "marks", "run_start": documents[0][1]["uid"], "name": "alarms"}
            data = {"stream": "primary", "point": 2, "key": "det", "severity": severity, "event": doc["uid"]}
            yield "event", {"uid": "m", "descriptor": "marks", "seq_num": 1, "data": data}
        yield name, doc


def test_an_invalid_value_is_red_and_marked_and_its_digits_stay_in_their_column(make_run, open_screen):
    screen = open_screen(80)
    documents = make_run(["th"], ["det"], [(0.0, 10), (1.0, 999), (2.0, 12), (3.0, 11)], keys=KEYS)
    show(with_an_alarm(documents, "INVALID"))
    assert screen.lines[4:8] == [
        "   1  00:16:40.0      0.0000          10",
        "   2  00:16:41.0      1.0000         999!",
        "   3  00:16:42.0      2.0000          12",
        "   4  00:16:43.0      3.0000          11",
    ]
    assert screen.colour("999!") == ("red", False)
    assert screen.colour("1.0000") == ("default", False)
    assert screen.lines[9] == screen.lines[6]  # a value that is not to be trusted is not the highest
    assert screen.colour("! INVALID alarm") == ("red", False)


@pytest.mark.parametrize(("severity", "mark", "colour"), [("MINOR", "~", "brown"), ("MAJOR", "^", "red")])
def test_a_minor_alarm_is_yellow_and_a_major_one_is_red(make_run, open_screen, severity, mark, colour):
    screen = open_screen(80)
    show(with_an_alarm(make_run(["th"], ["det"], [(0.0, 10), (1.0, 999)], keys=KEYS), severity))
    assert screen.lines[5] == f"   2  00:16:41.0      1.0000         999{mark}"
    assert screen.colour(f"999{mark}") == (colour, False)  # as pyte calls yellow
    assert screen.colour("1.0000") == ("default", False)
    assert screen.colour(f"{mark} {severity} alarm: det") == (colour, False)


def test_a_row_that_was_measured_again_is_yellow(make_run, open_screen):
    screen = open_screen(80)
    show(make_run(["th"], ["det"], [(0.0, 10), (1.0, 19), (1.5, 12)], keys=KEYS, numbers=[1, 2, 2]))
    assert screen.lines[6] == "   2* 00:16:42.0      1.5000          12"
    assert screen.colour("2* ") == screen.colour("1.5000") == ("brown", False)  # as pyte calls yellow
    assert screen.colour("1.0000") == ("default", False)


@pytest.mark.parametrize(("status", "colour"), [("success", "green"), ("abort", "brown"), ("fail", "red")])
def test_the_last_line_has_the_colour_of_how_the_run_ended(make_run, open_screen, status, colour):
    screen = open_screen(80)
    show(make_run(["th"], ["det"], [(0.0, 10)], keys=KEYS, status=status))
    assert screen.colour("scan 1:") == (colour, False)


def test_headings_and_the_highest_point_are_bold(make_run, open_screen):
    screen = open_screen(80)
    show(make_run(["th"], ["det"], [(0.0, 10), (1.0, 19), (2.0, 12)], keys=KEYS))
    assert [screen.colour(text)[1] for text in ("#1 scan", "time", "counts")] == [True, True, False]
    assert screen.lines[-2] == screen.lines[5] == "   2  00:16:41.0      1.0000          19"
    highest = next(n for n, line in enumerate(screen.lines) if "max of det" in line) + 1
    assert screen.is_bold(highest)
    assert not screen.is_bold(5)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_where_no_colour_is_wanted_there_is_none_and_the_text_is_the_same(
    make_run, open_screen, monkeypatch, variable, value
):
    monkeypatch.setenv(variable, value)
    screen = open_screen(80)
    documents = make_run(["th"], ["det"], [(0.0, 10), (1.0, 999), (2.0, 12)], keys=KEYS, status="fail")
    show(with_an_alarm(documents, "INVALID"))
    assert "\x1b" not in screen.written
    assert "999!" in screen.written


# ---- the height and the width of the window --------------------------------------------------------


def heading_rows(screen_lines):
    return [n for n, line in enumerate(screen_lines) if line.split()[:1] == ["#"]]


def test_the_heading_comes_again_when_it_has_left_the_screen_and_not_before(make_run, open_screen):
    tall = open_screen(80, height=100)
    run = make_run(["th"], ["det"], [(float(n), n) for n in range(40)], keys=KEYS)
    table = LiveTable()
    show(run, table)
    assert len(heading_rows(tall.lines)) == 1
    low = open_screen(80, height=12)
    for name, doc in run:
        table(name, doc)
        if name == "event":
            assert heading_rows(low.lines), low.lines
    assert low.written.count("time") <= 6


def test_a_window_made_narrower_in_a_scan_has_its_table_from_the_next_heading_on(make_run, open_screen):
    screen = open_screen(80, height=12)
    *documents, stop = make_run(["th"], ["det", "current"], [(n, n, n) for n in range(20)], keys=KEYS)
    table = LiveTable()
    show(documents[:5], table)
    screen.resize(40, height=12)
    show([*documents[5:], stop], table)
    assert screen.lines[heading_rows(screen.lines)[-1]].split() == ["#", "th", "det", "current"]
    assert max(map(len, screen.lines)) <= 40
