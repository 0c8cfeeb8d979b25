"""`beamshell watch` in a terminal of its own, beside a console that scans."""

from __future__ import annotations

import pytest
from console_output import point_numbers
from terminal import Terminal

TEXT = "--Beamshell.plots=text"


@pytest.fixture
def open_watch(data):
    opened = []

    def open_one(columns=100):
        opened.append(terminal := Terminal(data, (TEXT,), 5.0, columns=columns, subcommand="watch"))
        terminal.wait_until(lambda: last_line(terminal), what="the last line")
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close()


def last_line(terminal):
    return next((line for line in reversed(terminal.window) if line), "")


def test_it_shows_what_the_console_shows_and_who_comes_late_sees_the_same(open_console, open_watch):
    console = open_console()
    early = open_watch()
    start = console.begin("scan det th -1 1 21 0.5")
    early.wait_for_point(8, 0)
    assert "> scan det th -1 1 21 0.5" in early.text()
    early.wait_until(lambda: "left" in last_line(early) and "of 21" in last_line(early), what="the time left")
    assert sum("┤" in line for line in early.window) > 1

    console.press_ctrl_c()
    console.wait_for_prompt(start)
    early.wait_until(lambda: last_line(early).startswith("paused: "), what="the pause")
    late = open_watch(columns=44)
    late.wait_until(lambda: last_line(late).startswith("paused: "), what="the pause")
    assert late.text().count("#1 scan det th") == 1
    assert set(point_numbers(late.text())) == set(point_numbers(early.text())) >= set(range(1, 9))

    console.do("resume")
    for watch in (early, late):
        watch.wait_for("success, 21 points")
        watch.wait_for("▼max")
        assert set(point_numbers(watch.text())) == set(range(1, 22))
        assert max(map(len, watch.lines())) <= watch.columns
    console.begin("mov th 1000")
    early.wait_for("th: 1000 deg is above")
    for watch in (early, late):
        watch.press_ctrl_c()
        assert watch.wait_for_end() == 0
        assert "Traceback" not in watch.text()


def test_a_console_that_is_killed_in_a_scan_is_told(open_console, open_watch):
    console = open_console()
    watch = open_watch()
    console.begin("scan det th -1 1 21 0.5")
    watch.wait_for_point(3, 0)
    console.close()
    watch.wait_for("has died while it ran scan det th -1 1 21 0.5")
    watch.wait_until(lambda: "has died, the run is not closed" in last_line(watch), what="the last line")
