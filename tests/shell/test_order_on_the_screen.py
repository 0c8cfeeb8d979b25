"""Rows of a table that wait are printed before anything else is written, whoever writes it."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import sys

import pytest
from screen import Screen

from beamshell.callbacks.painter import Painter
from beamshell.callbacks.table import LiveTable
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.devices.sim import SynAxis
from beamshell.engine import RunEngine
from beamshell.errors import RunEngineInterrupted
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_decorator
from beamshell.shell.gui_loop import GuiLoop
from beamshell.shell.plan_display import PlanDisplay

POINTS = 4


class Console:
    """An engine in a terminal, with the table and the last line, whose clock stands still: each row but one waits."""

    def __init__(self):
        painter = Painter(clock=lambda: 0.0)
        rows = WaitingRows(painter, clock=lambda: 0.0)
        self.display = PlanDisplay(painter, lambda: 0.0, rows=rows)
        self.screen = self.screen_of_run = Screen(60, 40)
        self.engine = RunEngine({})
        self.engine.subscribe(LiveTable(rows=rows))
        self.engine.pump = GuiLoop(painter).pump
        self.engine.while_running = self.display.running
        self.th = SynAxis(name="th")

    def run(self, between, subs=None):
        """Measure some points, and do something after each; what is on the screen, a word a line."""

        @run_decorator()
        def plan():
            for point in range(1, POINTS + 1):
                yield from bps.checkpoint()
                yield from bps.trigger_and_read([self.th])
                yield from between(point) or ()

        with self.screen_of_run:
            with contextlib.suppress(RunEngineInterrupted, RuntimeError):
                self.engine(plan(), subs)
            if self.engine.state == "paused":
                print("paused")
                self.engine.abort()
        return self.seen

    @property
    def seen(self):
        lines = self.screen.all_lines()
        rows = [re.sub(r"^ +([0-9]+) .*", r"row \1", line) for line in lines]
        return [line for line in rows if re.match(r"row|says|paused|Pausing|scan ", line)]


@pytest.fixture
def console(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    console = Console()
    yield console
    console.screen.close()


def printed(point):
    print("says", point)


def printed_in_pieces(point):
    for text in ("says", " ", f"{point}", "\n"):
        sys.stderr.write(text)


def logged(point):
    handler = logging.StreamHandler(sys.stderr)
    handler.emit(logging.LogRecord("mine", logging.WARNING, "", 0, f"says {point}", (), None))


def written_past_python(point):
    sys.stdout.flush()
    os.write(sys.stdout.buffer.fileno(), f"says {point}\n".encode())


@pytest.mark.parametrize("say", [printed, printed_in_pieces, logged, written_past_python])
def test_what_a_plan_writes_stands_between_the_rows_of_its_points(console, say):
    seen = console.run(say)
    assert seen[:-1] == [line for point in range(1, POINTS + 1) for line in (f"row {point}", f"says {point}")]
    assert seen[-1].startswith("scan 1: success, 4 points")


def test_what_a_subscriber_prints_stands_below_the_row_of_its_event(console):
    def subscriber(name, doc):
        if name == "event":
            printed(doc["seq_num"])

    seen = console.run(lambda _: None, subscriber)
    assert seen[:-1] == [line for point in range(1, POINTS + 1) for line in (f"row {point}", f"says {point}")]


def test_the_answer_to_ctrl_c_stands_below_the_rows_measured_until_then_and_the_pause_below_all(console):
    seen = console.run(lambda point: signal.raise_signal(signal.SIGINT) if point == 3 else None)
    assert [line.split(" at ")[0] for line in seen[:5]] == ["row 1", "row 2", "row 3", "Pausing", "paused"]
    assert seen[-1].startswith("scan 1: abort, 3 points")


def test_an_error_of_the_plan_ends_the_table_with_all_its_rows(console):
    def fail(point):
        if point == 3:
            raise RuntimeError("of the plan")

    seen = console.run(fail)
    assert seen[:-1] == ["row 1", "row 2", "row 3"]
    assert seen[-1].startswith("scan 1: fail, 3 points")


def test_rows_that_wait_are_printed_while_the_engine_waits(console):
    seen = []

    def look(point):
        yield from bps.sleep(0.001)
        seen.append([line for line in console.seen if line.startswith("row")])

    console.run(look)
    assert seen[1] == ["row 1", "row 2"]


def test_in_a_pipe_each_row_comes_when_its_point_is_measured(console, capsys):
    shown = []
    console.screen_of_run = contextlib.nullcontext()
    console.run(lambda _: shown.append(capsys.readouterr().out))
    assert [len(re.findall(r"(?m)^ +[0-9]+ ", text)) for text in shown] == [1, 1, 1, 1]
