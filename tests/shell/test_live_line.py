"""Live lines on a terminal: cut to the window, below whatever is printed, and gone without a trace."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading

import pytest
from screen import Screen

from beamshell.engine.interrupts import announce
from beamshell.shell.live_line import LiveLines


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    yield screen
    screen.close()


def test_it_is_one_line_however_often_it_is_drawn(screen):
    with screen, LiveLines() as line:
        for position in range(50):
            line.draw(f"th {position} deg")
        assert screen.lines() == ["th 49 deg"]


def test_it_is_cut_to_the_width_so_that_it_never_wraps(screen):
    with screen, LiveLines() as line:
        for position in range(5):
            line.draw(f"samx {position}.0000 mm   samy {position}.0000 mm   th {position}.0000 deg")
        assert screen.lines() == ["samx 4.0000 mm   samy 4.0000"]


def test_lines_that_arrive_when_the_window_is_narrower_already_leave_nothing(screen):
    with screen, LiveLines() as lines:
        lines.draw("det [counts]   a long heading", "th 0.0159 deg   a long line", "last")
        screen.becomes(15, 8)  # before it has read what was written
        lines.draw("th 0.02 deg")
        assert screen.lines() == ["th 0.02 deg"]


def test_a_shorter_text_leaves_nothing_of_the_longer_one(screen):
    with screen, LiveLines() as line:
        line.draw("th 10.0000 deg")
        line.draw("th 9 deg")
        assert screen.lines() == ["th 9 deg"]


def test_at_its_end_it_is_gone_and_what_is_printed_begins_at_the_left(screen):
    with screen:
        with LiveLines() as line:
            line.draw("th 0.0159 deg")
        print("th: 0.0000 -> 0.0200 deg")
    assert screen.lines() == ["th: 0.0000 -> 0.0200 deg"]


def test_what_is_printed_meanwhile_stands_on_its_own_lines_above(screen):
    with screen, LiveLines() as line:
        line.draw("th 0.0159 deg")
        print("th: 0.0000 -> 0.0200 deg")
        line.draw("th 0.0200 deg")
        print("beamshell: a message", file=sys.stderr)
        line.draw("th 0.0201 deg")
        assert screen.lines() == ["th: 0.0000 -> 0.0200 deg", "beamshell: a message", "th 0.0201 deg"]
    assert screen.lines() == ["th: 0.0000 -> 0.0200 deg", "beamshell: a message"]


def test_the_sentence_of_ctrl_c_which_is_written_past_python_stands_on_its_own_line(screen):
    with screen, LiveLines() as line:
        line.draw("th 0.0159 deg")
        announce("Stopping the move.")
        line.draw("th 0.0160 deg")
        assert screen.lines() == ["Stopping the move.", "th 0.0160 deg"]


def test_it_is_not_drawn_into_a_line_that_has_only_begun(screen):
    with screen, LiveLines() as line:
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
        line = LiveLines()
        with pytest.raises(RuntimeError):
            fail()
        assert sys.stdout is sys.stderr is screen.stream
    line.draw("late")
    assert screen.lines() == []


def test_several_lines_stay_together_below_what_is_printed_also_at_the_end_of_the_screen(screen):
    with screen, LiveLines() as lines:
        for number in range(20):
            lines.draw(f"th {number} deg", f"samx {number} mm")
            print(f"row {number}")
        lines.draw("th 20 deg", "samx 20 mm")
        rows = [f"row {number}" for number in range(14, 20)]
        assert screen.lines() == [*rows, "th 20 deg", "samx 20 mm"]
        lines.draw("th 21 deg")
        assert screen.lines() == [*rows, "th 21 deg"]
    assert screen.lines() == rows


def test_a_log_handler_that_has_kept_the_stream_and_another_thread_do_not_write_into_it(screen):
    with screen:
        handler = logging.StreamHandler(sys.stderr)
        with LiveLines() as lines:
            lines.draw("th 0.0159 deg")
            handler.emit(logging.LogRecord("beamshell", logging.WARNING, "", 0, "a warning", (), None))
            lines.draw("th 0.0160 deg")
            thread = threading.Thread(target=print, args=("from a thread",))
            thread.start()
            thread.join()
            lines.draw("th 0.0161 deg")
            assert screen.lines() == ["a warning", "from a thread", "th 0.0161 deg"]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_it_fits_the_window_whatever_its_width(columns, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen(columns)
    with screen, LiveLines() as lines:
        for number in range(3):
            lines.draw("x" * 200, "y" * 200)
            print(f"row {number}")
        lines.draw("x" * 200, "y" * 200)
        assert screen.lines() == ["row 0", "row 1", "row 2", "x" * (columns - 1), "y" * (columns - 1)]
    screen.close()


def test_after_the_window_was_made_narrow_or_wide_what_was_printed_stays_whole(screen):
    with screen, LiveLines() as lines:
        print("row 1")
        lines.draw("x" * 100)
        screen.resize(12, 8)
        print("row 2")
        lines.draw("x" * 100)
        assert screen.lines() == ["row 1", "row 2", "x" * 11]
        screen.resize(40, 8)
        lines.draw("x" * 100)
        assert screen.lines() == ["row 1", "row 2", "x" * 39]
    assert screen.lines() == ["row 1", "row 2"]


def test_a_window_of_two_lines_has_one_live_line(screen):
    screen.resize(30, 2)
    with screen, LiveLines() as lines:
        for _ in range(3):
            lines.draw("first", "second", "third")
        assert screen.lines() == ["first"]


def test_characters_that_the_terminal_cannot_show_do_no_harm(screen):
    screen.stream.reconfigure(encoding="ascii")
    with screen, LiveLines() as lines:
        lines.draw("gap 1.0 µm")
        assert screen.lines() == ["gap 1.0 ?m"]


def test_each_drawing_is_cleared_from_its_beginning_whatever_the_terminal_made_of_it(screen):
    """A terminal that breaks a long line anew in a narrow window keeps the cursor at its beginning."""
    with screen, LiveLines() as lines:
        lines.draw("th 0.0159 deg", "samx 1.000 mm")
        assert screen.written().endswith(b"\x1b[J\x1b[1A\r\x1b[?7h")
        print("row", end="\n")
        assert screen.written() == b"\r\x1b[Jrow\r\n"


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_in_a_pipe_and_on_a_dumb_terminal_nothing_is_drawn(monkeypatch, term):
    stream = io.StringIO()
    stream.isatty = lambda: term == "dumb"
    monkeypatch.setenv("TERM", term)
    with contextlib.redirect_stdout(stream), LiveLines() as line:
        assert not line.is_visible
        line.draw("th 0.0159 deg")
        print("th: 0 -> 1")
    assert stream.getvalue() == "th: 0 -> 1\n"
