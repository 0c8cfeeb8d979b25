"""The last lines while a plan runs: a real engine on motors that a test moves by hand, a terminal, a clock by hand."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import sys

import pytest
from jaws import jaws_of
from screen import Screen

from beamshell.callbacks.painter import Painter
from beamshell.devices import SoftPositioner
from beamshell.devices.sim import SynGauss
from beamshell.devices.status import Status
from beamshell.engine import RunEngine
from beamshell.engine.suspenders import SuspendBoolHigh
from beamshell.errors import FailedStatus, RunEngineInterrupted
from beamshell.messages import Msg
from beamshell.plans import scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import pchain
from beamshell.shell.plan_display import PlanDisplay
from beamshell.simulate.simulator import rehearse


class HandMotor(SoftPositioner):
    """A motor that goes where a test puts it, and arrives when the test says so."""

    clock = staticmethod(lambda: 0.0)

    def start_move(self, move):
        move.started = self.clock()
        self.setpoint.put(float(move.target))

    def go(self, position):
        self.readback.put(float(position), force=True)

    def arrive(self):
        self._arrive(self._move)


class Bench:
    """An engine whose waits are the steps of a test: at each a second passes, and the screen is drawn."""

    def __init__(self, columns=80):
        self.now, self.second = 0.0, 1.0
        self.painter = Painter(clock=lambda: self.now)
        self.display = PlanDisplay(self.painter, lambda: self.now)
        self.screen = Screen(columns)
        self.steps = []
        self.engine = RunEngine({})
        self.engine.pump = self.pump
        self.engine.while_running = self.display.running
        self.engine.subscribe(self.display.progress)
        self.th = HandMotor(name="th", units="deg", precision=4)
        self.samx = HandMotor(name="samx", units="mm")
        self.th.clock = self.samx.clock = lambda: self.now
        self.det = SynGauss(name="det", motor=self.th, center=0, sigma=1)

    def pump(self, inbox, timeout_s):
        self.now += self.second if timeout_s != 0 else 0.0
        self.painter.paint(self.now)
        self.screen.lines()  # as a terminal does, it takes what is written
        if inbox.ready() or timeout_s == 0:
            return
        assert self.steps, f"the plan waits for ever:\n{self.screen.lines()}"
        self.steps.pop(0)()

    def run(self, plan, *steps):
        """Run a plan; each step is done in one of its waits, when the screen was drawn."""
        self.steps[:] = steps
        with self.screen:
            self.engine(plan)

    def looks(self, seen):
        """A step that looks at the screen."""
        return lambda: seen.append(self.screen.lines())


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    bench = Bench()
    yield bench
    bench.screen.close()


def both(bench):
    return bps.mv(bench.th, 2, bench.samx, 4)


def test_a_move_that_lasts_has_a_row_for_each_motor_and_leaves_nothing(bench):
    seen = []
    bench.run(
        both(bench),
        bench.looks(seen),
        lambda: (bench.th.go(1), bench.samx.go(1)),
        bench.looks(seen),
        bench.samx.arrive,
        bench.looks(seen),
        bench.th.arrive,
    )
    assert seen == [
        [
            "th   0.0000 deg  0.0000 ──────────────────────── 2.0000  moving",
            "samx   0.000 mm   0.000 ────────────────────────  4.000  moving",
        ],
        [
            "th   1.0000 deg  0.0000 ━━━━━━━━━━━━──────────── 2.0000  3 s left  moving",
            "samx   1.000 mm   0.000 ━━━━━━──────────────────  4.000  9 s left  moving",
        ],
        [
            "th   1.0000 deg  0.0000 ━━━━━━━━━━━━──────────── 2.0000  3 s left  moving",
            "samx   4.000 mm   0.000 ━━━━━━━━━━━━━━━━━━━━━━━━  4.000            arrived",
        ],
    ]
    assert bench.screen.lines() == []


@pytest.mark.parametrize(("at_once", "first"), [(False, []), (True, ["th 0.0000 deg  0.0000 "])])
def test_a_move_that_is_soon_over_has_no_row_unless_it_is_to_be_shown_at_once(bench, at_once, first):
    seen = []
    bench.second = 0.1
    with bench.display.at_once() if at_once else contextlib.nullcontext():
        bench.run(bps.mv(bench.th, 3), bench.looks(seen), bench.th.arrive)
    assert [line.partition("─")[0] for line in seen[0]] == first


@pytest.mark.parametrize(("columns", "row"), [(40, "th 0.5000 deg  to 2.0000  moving"), (30, "th 0.5000 deg  moving")])
def test_in_a_narrow_window_a_row_is_short(bench, columns, row):
    seen = []
    bench.run(
        bps.mv(bench.th, 2),
        lambda: bench.screen.resize(columns, 8),
        lambda: bench.th.go(0.5),
        bench.looks(seen),
        bench.th.arrive,
    )
    assert [line.replace("5 s left  ", "").replace("6 s left  ", "") for line in seen[0]] == [row]


def test_one_press_of_ctrl_c_ends_the_rows_and_says_so_on_a_line_of_its_own(bench):
    def press():
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(RunEngineInterrupted):
        bench.run(both(bench), lambda: None, press)
    assert bench.screen.lines() == ["Stopping th, samx."]


def test_a_move_that_fails_ends_its_rows(bench):
    with pytest.raises(FailedStatus):
        bench.run(both(bench), lambda: None, lambda: bench.th._move.fail(RuntimeError("it sticks")))
    assert bench.screen.lines() == []
    assert sys.stdout is not bench.screen.stream


def test_one_that_somebody_else_sends_elsewhere_says_so(bench):
    seen = []
    bench.run(
        bps.mv(bench.th, 2), lambda: None, lambda: bench.th.setpoint.put(-5.0), bench.looks(seen), bench.th.arrive
    )
    assert seen[0][0].endswith("moved by someone else to -5.0000 deg")


def test_a_scan_has_its_point_its_times_and_the_motor_in_one_line_below_what_is_printed(bench):
    seen = []

    def next_point(*looks):
        return [lambda: bench.th.go(bench.th.setpoint.get()), *looks, bench.th.arrive]

    bench.engine.subscribe(lambda _name, doc: print("row", doc["seq_num"]), "event")
    plan = scan([bench.det], bench.th, 1, 3, 3)
    bench.run(plan, *next_point(), *next_point(), *next_point(bench.looks(seen)))
    assert seen == [
        ["row 1", "row 2", "point 2 of 3  6 s, 1 s left  th 3.0000 deg ━━━━━━━━━━━ to 3.0000  Ctrl+C pauses"]
    ]
    assert bench.screen.lines() == ["row 1", "row 2", "row 3"]


def test_the_time_left_is_that_of_the_simulation_until_points_tell_more(bench):
    seen = []
    plan = scan([bench.det], bench.th, 1, 4, 4)
    bench.th.delay = 10.0  # as its simulation says
    bench.display.expect(rehearse(scan([bench.det], bench.th, 1, 4, 4)))
    bench.run(plan, bench.looks(seen), bench.th.arrive, bench.looks(seen), *[bench.th.arrive] * 3)
    assert [re.findall(r"(?<= )\d+ s", line) for (line,) in seen] == [["1 s", "39 s"], ["3 s", "12 s"]]


def test_after_the_first_press_the_line_says_what_the_next_one_does(bench):
    seen = []
    plan = scan([bench.det], bench.th, 1, 3, 3)
    with pytest.raises(RunEngineInterrupted):
        bench.run(plan, lambda: signal.raise_signal(signal.SIGINT), bench.looks(seen), bench.th.arrive)
    assert seen[0][-1].startswith("pauses soon; Ctrl+C again: pause now  point 0 of 3")
    assert seen[0][0].startswith("Pausing at the next checkpoint")
    bench.engine.abort()


def test_the_time_of_a_pause_is_not_that_of_the_scan(bench):
    seen = []
    plan = scan([bench.det], bench.th, 1, 2, 2)
    with pytest.raises(RunEngineInterrupted):
        bench.run(plan, bench.th.arrive, lambda: bench.engine.request_pause())
    bench.now += 1000
    bench.steps[:] = [bench.looks(seen), bench.th.arrive]
    with bench.screen:
        bench.engine.resume()
    assert "point 1 of 2  3 s" in seen[0][-1]


def test_a_plan_that_suspenders_hold_says_why(bench):
    beam_is_gone = bench.samx.setpoint
    suspender = SuspendBoolHigh(beam_is_gone, tripped_message="no beam")
    bench.engine.install_suspender(suspender)
    seen = []
    bench.run(
        scan([bench.det], bench.th, 1, 2, 2),
        lambda: beam_is_gone.put(1.0),
        bench.looks(seen),
        lambda: beam_is_gone.put(0.0),
        *[bench.th.arrive] * 2,
    )
    assert seen[0][-1].startswith("waiting: ")
    assert "no beam" in seen[0][-1]


def test_drawing_asks_no_device_for_anything(bench, monkeypatch):
    asked, draw = [], bench.display.draw

    def drawn():
        with monkeypatch.context() as patch:
            for signal_ in (bench.th.readback, bench.th.setpoint):
                patch.setattr(signal_, "begin_read", lambda: asked.append("read"))
                patch.setattr(signal_, "get", lambda: asked.append("get"))
            draw()

    monkeypatch.setattr(bench.display, "draw", drawn)
    seen = []
    bench.run(bps.mv(bench.th, 2), bench.looks(seen), bench.th.arrive)
    assert seen[0]
    assert asked == []


def test_what_counts_without_a_run_is_named(bench):
    seen, counted = [], Status()
    bench.det.trigger = lambda: counted
    bench.run([Msg("trigger", bench.det, group="a"), Msg("wait", None, group="a")], bench.looks(seen), counted.end)
    assert seen == [["1 s  counting det  Ctrl+C stops"]]


def test_a_move_beside_a_paused_scan_has_its_own_rows(bench):
    seen = []
    with pytest.raises(RunEngineInterrupted):
        bench.run(scan([bench.det], bench.th, 1, 2, 2), lambda: bench.engine.request_pause())
    bench.run(bps.mv(bench.samx, 2), bench.looks(seen), bench.samx.arrive)
    bench.engine.abort()
    assert seen == [["samx 0.000 mm  0.000 ──────────────────────── 2.000  moving"]]


def test_a_computed_axis_has_a_row_too(bench):
    seen, jaws = [], jaws_of(HandMotor)

    def half_way():
        jaws.low.go(-0.5)
        jaws.high.go(0.5)

    bench.run(
        bps.mv(jaws.gap, 2), lambda: None, half_way, bench.looks(seen), lambda: (jaws.low.arrive(), jaws.high.arrive())
    )
    assert seen[0][0].startswith("jaws_gap 1.000 mm  0.000 ━━━━━━━━━━━━──────────── 2.000")


def test_of_many_moves_of_a_motor_the_last_one_is_shown(bench):
    def there_and_back():
        for position in (1, 2, 3):
            yield from bps.mv(bench.th, position)

    seen = []
    bench.run(there_and_back(), *[bench.th.arrive] * 2, bench.looks(seen), bench.th.arrive)
    assert seen == [["th 2.0000 deg  2.0000 ──────────────────────── 3.0000  moving"]]


class ForeignMotor:
    """A motor of another library: it calls back with its position, and asks the network for its unit."""

    name = "m1"
    parent = None
    position = 0.0

    def subscribe(self, callback):
        self.callback = callback
        return 7

    def unsubscribe(self, token):
        self.callback = None if token == 7 else self.callback

    @property
    def egu(self):
        raise AssertionError("it was asked")

    def set(self, position):  # it goes nowhere by itself
        self.status = Status()
        return self.status


def test_a_motor_of_another_library_is_followed_for_as_long_as_it_moves(bench):
    seen, m1 = [], ForeignMotor()
    bench.run(
        [Msg("set", m1, 2.0, group="a"), Msg("wait", None, group="a")],
        lambda: m1.callback(value=0.0),
        lambda: m1.callback(value=1.0, timestamp=0.0),
        bench.looks(seen),
        lambda: m1.status.end(),
    )
    assert seen[0][0].startswith("m1 1.0000  0.0000 ━━━━━━━━━━━━──────────── 2.0000")
    assert m1.callback is None


def test_in_a_pipe_nothing_is_drawn_and_nothing_waits_to_be_drawn(bench, monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stdout", pipe)
    waits = []
    bench.steps[:] = [lambda: waits.append(bench.painter.due_in()), bench.th.arrive]
    bench.engine(pchain([Msg("null")], bps.mv(bench.th, 2)))
    assert (pipe.getvalue(), waits) == ("", [None])


def test_what_a_plan_says_of_itself_stands_below_its_moves_while_it_says_it(bench):
    seen = []

    def plan():
        with bench.display.noting(lambda: "night.txt: 2 of 4"):
            yield from bps.mv(bench.th, 2)
            yield from bps.mv(bench.samx, 1)
        yield from bps.mv(bench.th, 3)

    look = bench.looks(seen)
    bench.run(plan(), look, bench.th.arrive, look, bench.samx.arrive, look, bench.th.arrive)
    assert [[line.split("  ")[0].split(" ")[0] for line in lines] for lines in seen] == [
        ["th", "night.txt:"],
        ["samx", "night.txt:"],
        ["samx", "th"],
    ]
