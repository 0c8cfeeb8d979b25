"""Live lines stay visible while whole lines are written above them, at the end of the screen and before."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios

import pyte
import pytest

from beamshell.shell.live_line import LiveLines

COLUMNS, ROWS = 30, 8
PLOT = ("det    ▼max", "  │  ⡜⢣", "point 2 of 9")


class Screen:
    """What a terminal of 30 columns and 8 rows shows of what is written to `stream`."""

    def __init__(self):
        self._ours, theirs = os.openpty()
        self._theirs = theirs
        self.resize(COLUMNS)
        os.set_blocking(self._ours, False)
        self.stream = open(theirs, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  closed by the fixture
        self._screen = pyte.HistoryScreen(COLUMNS, ROWS, history=100)
        self._feed = pyte.ByteStream(self._screen).feed

    def resize(self, columns):
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))

    def lines(self):
        try:
            while chunk := os.read(self._ours, 4096):
                self._feed(chunk)
        except BlockingIOError:
            pass
        above = ["".join(row[x].data for x in range(COLUMNS)).rstrip() for row in self._screen.history.top]
        shown = [line.rstrip() for line in self._screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return above + shown

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


@pytest.mark.parametrize("rows", [1, 4, 5, 6, 20])
def test_rows_of_a_table_stand_above_lines_that_stay(screen, rows):
    with screen, LiveLines() as lines:
        lines.draw(*PLOT)
        for row in range(rows):
            sys.stdout.write(f"row {row}\n")
            assert screen.lines() == [*(f"row {number}" for number in range(row + 1)), *PLOT]
    assert screen.lines() == [f"row {number}" for number in range(rows)]


def test_several_lines_and_colours_and_blank_lines_move_them_too(screen):
    with screen, LiveLines() as lines:
        lines.draw(*PLOT)
        sys.stdout.write("\x1b[31mone\x1b[0m\n\nthree µm\n")
        assert screen.lines() == ["one", "", "three µm", *PLOT]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("half a line", ["half a line"]),
        ("x" * 31 + "\n", ["x" * 30, "x"]),
        ("漢" * 16 + "\n", ["漢" * 15, "漢"]),
        ("tab\t\n", ["tab"]),
        ("".join(f"{number}\n" for number in range(9)), [str(number) for number in range(9)]),
    ],
)
def test_they_are_cleared_for_what_takes_nobody_knows_how_many_rows(screen, text, written):
    with screen, LiveLines() as lines:
        lines.draw(*PLOT)
        sys.stdout.write(text)
        sys.stdout.flush()
        assert [line.replace(" ", "") for line in screen.lines()] == [line.replace(" ", "") for line in written]


def test_they_are_cleared_where_the_window_has_another_size_now(screen):
    with screen, LiveLines() as lines:
        lines.draw(*PLOT)
        screen.resize(20)
        sys.stdout.write("row\n")
        assert screen.lines() == ["row"]


def test_after_they_have_moved_they_are_drawn_in_place(screen):
    with screen, LiveLines() as lines:
        lines.draw(*PLOT)
        for row in range(12):
            sys.stdout.write(f"row {row}\n")
            lines.draw("det", "plot", "point")
        lines.draw("point")
        assert screen.lines() == [*(f"row {row}" for row in range(12)), "point"]
