"""The last line of a real console in a terminal: while plans run, in a narrow window, and below the prompt."""

from __future__ import annotations

import re

import pytest
from terminal import Terminal

POINT = r"point \d+ of 9  .*left"
ROW = re.compile(r"^\|\s+(\d+) \|", re.MULTILINE)


def is_drawn(line: str, columns: int) -> bool:
    """Whether a line is about a run, and ends before the edge of the window."""
    return re.match(r"point \d+ of 9", line) is not None and len(line) < columns


@pytest.fixture
def console(data):
    terminal = Terminal(data, (), 1.0, 80, knows_cursor=True)
    terminal.wait_for_prompt()
    yield terminal
    terminal.close()


def test_the_last_line_tells_where_a_scan_is_survives_prints_and_resizes_and_leaves_nothing(console):
    console.do("import logging; log = logging.getLogger('mine')")
    console.do("log.addHandler(logging.StreamHandler())")
    console.do("RE.subscribe(lambda _, doc: print('printed', doc['seq_num']), 'event')")
    console.do("RE.subscribe(lambda _, doc: log.warning('logged'), 'event')")
    start = console.begin("scan det th -1 1 9")
    for columns in (120, 60, 40, 80):
        console.resize(columns)
        console.wait_until(lambda columns=columns: is_drawn(console.last_line, columns), what="the last line")
    console.wait_until(lambda: re.search(r"th -?\d\.\d+ deg .*to -?\d\.\d+", console.last_line), what="the motor")
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert console.state == "PAUSED"
    assert not re.search(POINT, console.text(start))
    console.begin("resume")
    console.wait_until(lambda: re.match(r"point [1-9] of 9", console.last_line), what="the last line")
    console.wait_for_prompt(start)
    assert console.state == ""
    text = console.text(start)
    assert not re.search(POINT, text)
    assert set(re.findall(r"^printed (\d)$", text, re.MULTILINE)) == set("123456789")
    assert set(re.findall(r"^.*logged.*$", text, re.MULTILINE)) == {"logged"}


def test_a_move_that_lasts_has_a_row_for_each_motor_and_its_end_stands_in_their_place(console):
    console.do("mov th 0 samx 0")
    start = console.begin("umv th 4 samx 2")
    th = r"th   [0-3]\.\d+ deg  0\.0000 ━+─+ 4\.0000  \d+ s left  moving"
    samx = r"samx   2\.000 mm   0\.000 ━+  2\.000 +arrived"
    console.wait_until(lambda: re.fullmatch(f"{th}\n{samx}", "\n".join(console.below)), what="the rows")
    console.wait_for_prompt(start)
    assert console.lines(start)[:2] == ["th: 0.0000 -> 4.0000 deg", "samx: 0.000 -> 2.000 mm"]


def test_the_line_below_the_prompt_shows_ring_and_shutter_and_why_scans_wait(console):
    console.wait_until(lambda: re.match(r"ring \d+\.\d+ mA  shutter Open", console.bottom_line), what="the values")
    console.do("mov shutter close")
    console.wait_until(lambda: "shutter Closed" in console.bottom_line, what="the shutter")
    console.do("from beamshell.devices import EpicsSignal")
    console.do("drop = EpicsSignal('SR:current:drop', name='drop')")
    console.do("drop.put(1)")
    console.wait_until(lambda: re.match(r"scans wait: ring .*  ring ", console.bottom_line), what="the suspender")
