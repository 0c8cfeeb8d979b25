"""The live line on a terminal: one line, cut to the width, that leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import struct
import sys
import termios

import pyte
import pytest

from beamshell.engine.interrupts import announce
from beamshell.shell.live_line import LiveLine

COLUMNS, ROWS = 30, 8


class Screen:
    """What a terminal of 30 columns shows of what is written to `stream`."""

    def __init__(self):
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.set_blocking(self._ours, False)
        self.stream = open(theirs, "w", buffering=1)  # noqa: SIM115  closed by the fixture
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._feed = pyte.ByteStream(self._screen).feed

    def lines(self):
        try:
            while chunk := os.read(self._ours, 4096):
                self._feed(chunk)
        except BlockingIOError:
            pass
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def __enter__(self):
        self._before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self.stream
        return self

    def __exit__(self, *_exc):
        sys.stdout, sys.stderr = self._before

    def close(self):
        self.stream.close()
        os.close(self._ours)


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    yield screen
    screen.close()


def test_it_is_one_line_however_often_it_is_drawn(screen):
    with screen, LiveLine() as line:
        for position in range(50):
            line.draw(f"th {position} deg")
        assert screen.lines() == ["th 49 deg"]


def test_it_is_cut_to_the_width_so_that_it_never_wraps(screen):
    with screen, LiveLine() as line:
        for position in range(5):
            line.draw(f"samx {position}.0000 mm   samy {position}.0000 mm   th {position}.0000 deg")
        assert screen.lines() == ["samx 4.0000 mm   samy 4.0000"]


def test_a_shorter_text_leaves_nothing_of_the_longer_one(screen):
    with screen, LiveLine() as line:
        line.draw("th 10.0000 deg")
        line.draw("th 9 deg")
        assert screen.lines() == ["th 9 deg"]


def test_at_its_end_it_is_gone_and_what_is_printed_begins_at_the_left(screen):
    with screen:
        with LiveLine() as line:
            line.draw("th 0.0159 deg")
        print("th: 0.0000 -> 0.0200 deg")
    assert screen.lines() == ["th: 0.0000 -> 0.0200 deg"]


def test_what_is_printed_meanwhile_stands_on_its_own_lines_above(screen):
    with screen, LiveLine() as line:
        line.draw("th 0.0159 deg")
        print("th: 0.0000 -> 0.0200 deg")
        line.draw("th 0.0200 deg")
        print("beamshell: a message", file=sys.stderr)
        line.draw("th 0.0201 deg")
        assert screen.lines() == ["th: 0.0000 -> 0.0200 deg", "beamshell: a message", "th 0.0201 deg"]
    assert screen.lines() == ["th: 0.0000 -> 0.0200 deg", "beamshell: a message"]


def test_the_sentence_of_ctrl_c_which_is_written_past_python_stands_on_its_own_line(screen):
    with screen, LiveLine() as line:
        line.draw("th 0.0159 deg")
        announce("Stopping the move.")
        line.draw("th 0.0160 deg")
        assert screen.lines() == ["Stopping the move.", "th 0.0160 deg"]


def test_it_is_not_drawn_into_a_line_that_has_only_begun(screen):
    with screen, LiveLine() as line:
        print("Start it? ", end="", flush=True)
        line.draw("th 0.0159 deg")
        assert screen.lines() == ["Start it?"]
        print("yes")
        line.draw("th 0.0159 deg")
        assert screen.lines() == ["Start it? yes", "th 0.0159 deg"]


def test_it_is_gone_too_when_the_block_fails(screen):
    def fail():
        with line:
            line.draw("th 0.0159 deg")
            raise RuntimeError

    with screen:
        line = LiveLine()
        with pytest.raises(RuntimeError):
            fail()
        assert sys.stdout is sys.stderr is screen.stream
    line.draw("late")
    assert screen.lines() == []


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_in_a_pipe_and_on_a_dumb_terminal_nothing_is_drawn(monkeypatch, term):
    stream = io.StringIO()
    stream.isatty = lambda: term == "dumb"
    monkeypatch.setenv("TERM", term)
    with contextlib.redirect_stdout(stream), LiveLine() as line:
        assert not line.is_visible
        line.draw("th 0.0159 deg")
        print("th: 0 -> 1")
    assert stream.getvalue() == "th: 0 -> 1\n"
