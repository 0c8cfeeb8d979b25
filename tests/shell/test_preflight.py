"""What the console does with a rehearsal, before a scan and in place of one; no IOC, no terminal, no engine."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from beamshell import plans as bp
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import BadValue, CommandError, LimitError, NotConnected, StoreError, UnknownName, UsageError
from beamshell.plans.unrun_plan_guard import call_of
from beamshell.shell import preflight
from beamshell.shell.commands import commands
from beamshell.shell.preflight import Preflight, announcement, said_if_slow
from beamshell.simulate.result import SimulationResult
from beamshell.store import ConsoleLog, Queue


class Axis(SynAxis):
    """Goes at 1 mm/s."""

    def estimate_time_s(self, start, stop):
        return abs(stop - start)


class Offline(SynAxis):
    connected = False


class Console:
    """What a rehearsal needs of a session."""

    def __init__(self, runs=(), interact=False, **facts):
        self.x = Axis(name="x", units="mm", limits=(-10, 10))
        self.det = SynGauss(name="det", motor=self.x, exp=1.0)
        self.registry = self.devices = {"x": self.x, "det": self.det, "gone": Offline(name="gone")}
        self.runs = runs
        self.config = SimpleNamespace(ask_above=0.0, **facts)
        self.preflight = Preflight(
            runs,
            ask_above_s=lambda: self.config.ask_above,
            suspender_lines=lambda: ["good   <ring>"],
            is_attended=lambda: interact,
            not_recorded=lambda: ["temp"],
        )
        self.rehearse = self.preflight.rehearse
        self.ran = []
        self.runner = self
        self.recorder, self.status = None, 0

    def detectors(self):
        return [self.det]

    state = "idle"

    def plan_note(self, _):
        return nullcontext()

    def run(self, plan, **_):
        self.ran.append(plan)

    def type(self, line):
        name, *words = line.split()
        return commands()[name].act(self, words)


@pytest.fixture
def console():
    return Console()


def scan(console, stop, points=3):
    return lambda: bp.scan([console.det], console.x, 0, stop, points)


# ---- before a scan -------------------------------------------------------------------------------


def test_a_short_scan_is_let_pass_without_a_word(console, capsys):
    console.preflight.before(scan(console, 1))
    assert capsys.readouterr() == ("", "")


def test_what_is_beyond_a_limit_is_refused_with_its_point(console):
    with pytest.raises(LimitError, match=r"^point 2 of 3: x: 12 mm is above the limit 10 mm$"):
        console.preflight.before(scan(console, 24))


def test_a_long_scan_is_announced_with_points_and_time_and_end(console, capsys):
    console.preflight.before(scan(console, 9, points=10))
    text = "10 points, about 19 s (never measured here: from the devices' speeds and count times alone), until"
    assert text in capsys.readouterr().err


def test_a_scan_without_an_end_says_so(console, capsys):
    console.preflight.before(lambda: bp.timescan(detectors=[console.det]))
    assert "it goes on until it is stopped, about 1 s a point" in capsys.readouterr().err


def test_a_detector_that_is_offline_is_reported_and_left_to_the_scan(console, capsys):
    console.preflight.before(lambda: bp.scan([console.devices["gone"]], console.x, 0, 1, 2))
    assert "not rehearsed to its end: gone: it does not answer" in capsys.readouterr().err


def test_what_ends_a_scan_before_it_has_begun_is_reported_once(console, capsys):
    def refuse(_):
        raise NotConnected("x: its limits are unknown")

    console.x.check_value = refuse
    with pytest.raises(NotConnected, match="point 1 of 2: x: its limits are unknown"):
        console.preflight.before(scan(console, 1, points=2))
    assert capsys.readouterr().err == ""


def test_a_plan_that_cannot_be_rehearsed_is_left_to_itself(console, capsys):
    def odd():
        yield SimpleNamespace(command="set", obj=None, args=(), kwargs={})

    console.preflight.before(odd)
    assert "not rehearsed: " in capsys.readouterr().err


def test_above_the_time_that_staff_have_set_a_person_is_asked(monkeypatch, capsys):
    console = Console(interact=True)
    console.config.ask_above = 15.0
    answers = iter(["perhaps", "n", "Y", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    for _ in range(2):
        with pytest.raises(CommandError, match="not started"):
            console.preflight.before(scan(console, 9, points=10))
    console.preflight.before(scan(console, 9, points=10))
    console.preflight.before(scan(console, 9, points=10))
    assert next(answers, "no more") == "no more"
    assert capsys.readouterr().err.count("10 points") == 4
    console.preflight.before(scan(console, 1))


def test_nobody_is_asked_where_nobody_is(monkeypatch, capsys):
    console = Console(interact=False)
    console.config.ask_above = 1.0
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("nobody is there"))
    console.preflight.before(scan(console, 9, points=10))
    assert "not asked, since nobody is at the prompt" in capsys.readouterr().err


def test_an_item_of_the_queue_is_rehearsed_when_its_turn_has_come_and_nobody_is_asked(monkeypatch, capsys, tmp_path):
    console = Console(interact=True)
    console.config.ask_above = 1.0
    console.queue = Queue(tmp_path)
    console.log = ConsoleLog(tmp_path)

    def check(plan, ask, command="", metadata=None):
        try:
            return console.preflight.before(call_of(plan).repeat, ask=ask)
        except BaseException:
            plan.close()  # as a session does
            raise

    console.check = check
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("a queue is running"))
    console.type("queue add scan det x 0 9 10")
    console.type("queue add rscan det x 0 9 10")
    console.type("queue run")
    (plan,) = map(iter, console.ran)
    next(msg for msg in plan if msg.command == "open_run")
    assert "10 points, about 19 s" in capsys.readouterr().err
    console.x.set(4)
    with pytest.raises(LimitError, match=r"point 8 of 10: x: 11 mm is above the limit 10 mm"):
        for _ in plan:
            pass


def test_past_runs_that_cannot_be_read_are_no_reason_not_to_scan(capsys):
    class Broken:
        def __getitem__(self, _):
            raise StoreError("the disk is gone")

    Console(Broken()).preflight.before(lambda: iter(()))
    assert "past runs cannot be read" in capsys.readouterr().err


def test_the_time_of_day_of_the_end_names_the_day_if_it_is_another():
    noon = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
    assert announcement(SimulationResult(duration_s=90.0, runs=[{}]), noon).endswith(", until 12:01:30")
    assert announcement(SimulationResult(duration_s=86400.0, runs=[{}]), noon).endswith(", until Mon 12:00")


def test_a_count_of_decades_ends_in_a_year_and_an_error_above_the_value_is_not_said():
    result = SimulationResult(duration_s=1e9, runs=[{}], error=2.2, learned_from=3)
    assert announcement(result, 1.8e9).endswith("about 32 years (learned from 3 runs), until the year 2059")


# ---- in place of a scan --------------------------------------------------------------------------


def test_a_command_is_rehearsed_and_not_run(console, capsys):
    console.type("rehearse scan det x 0 4 5")
    output = capsys.readouterr().out
    assert output.startswith("5 points, about 9 s")
    assert "x: 5 moves between 0 and 4 mm, 4 mm of way" in output
    assert "suspender: good   <ring>" in output
    assert "not recorded, no answer: temp" in output
    assert "started now: until" in output
    assert console.ran == []
    assert console.x.position == 0


def test_a_move_is_rehearsed_too_and_dryrun_is_the_same(console, capsys):
    console.type("dryrun mov x 4")
    assert "x: 1 move to 4 mm, 4 mm of way" in capsys.readouterr().out
    assert console.x.position == 0


def test_what_cannot_be_done_comes_first(console, capsys):
    console.type("rehearse ascan x 6 12 6 1")
    output = capsys.readouterr().out
    assert output.startswith("cannot be done: point 6 of 7: x: 11 mm is above the limit 10 mm")
    assert "started now" not in output


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("rehearse scann det x 0 1 3", UnknownName, "no command 'scann': did you mean scan?"),
        ("rehearse md sample Si", UsageError, "md is no scan and no move"),
        ("rehearse scan det x 0 one 3", UsageError, r"^scan: 'one' is not a number \(stop\)\.\nUsage: scan "),
        ("rehearse plot", UsageError, "command is missing"),
    ],
)
def test_wrong_words_are_answered_as_the_command_itself_would(console, line, kind, words):
    with pytest.raises(kind, match=words):
        console.type(line)


def test_a_figure_is_asked_for_with_plot_and_missed_where_there_is_no_display(console, capsys, monkeypatch):
    monkeypatch.setenv("BEAMSHELL_PLOTS", "none")
    console.type("rehearse plot scan det x 0 4 5")
    assert "no plot: there is no display" in capsys.readouterr().out
    console.type("rehearse plot loopscan 2")
    assert "no motor is scanned" in capsys.readouterr().out


def test_completion_offers_what_can_be_rehearsed_and_then_what_that_takes(console):
    rehearse = commands()["rehearse"]
    offered = rehearse.candidates([], console.devices)
    assert {"plot", "scan", "mesh", "mov"} <= set(offered)
    assert not {"md", "wa", "abort"} & set(offered)
    assert rehearse.candidates(["plot", "scan"], console.devices) == ["x", "det", "gone"]
    assert rehearse.candidates(["nothing"], console.devices) == []


@pytest.mark.parametrize(
    ("problem", "refused"), [(LimitError("a"), True), (BadValue("b"), True), (NotConnected("c"), False)]
)
def test_a_problem_in_the_middle_of_a_scan_is_refused_unless_it_may_heal(
    console, monkeypatch, capsys, problem, refused
):
    result = SimulationResult(problems=[problem], runs=[{}])
    monkeypatch.setattr("beamshell.simulate.simulator.rehearse", lambda *_, **__: result)
    if refused:
        with pytest.raises(type(problem)):
            console.preflight.before(scan(console, 1))
    else:
        console.preflight.before(scan(console, 1))
        assert "not rehearsed to its end: c" in capsys.readouterr().err


def test_words_may_be_handed_over_taken_apart(console):
    with pytest.raises(UsageError, match=r"^scan: start is missing\.\nUsage: scan"):
        commands()["scan"].act(console, ["det", "x"])


def test_what_takes_long_is_said_while_it_lasts_and_nothing_is_said_of_the_rest(monkeypatch):
    lines, has_said = [], threading.Event()
    monkeypatch.setattr(preflight, "say", lambda line: (lines.append(line), has_said.set()))
    with said_if_slow("checking all points"):
        pass
    monkeypatch.setattr(preflight, "SLOW_S", 0.0)
    with said_if_slow("simulating the plan"):
        assert has_said.wait(60)
    assert lines == ["simulating the plan ..."]
    assert preflight.SLOW_S < 1


def test_a_scan_of_many_points_is_announced_with_the_number_that_was_typed(capsys):
    console = Console()
    with console.preflight.before(lambda: bp.scan([console.det], console.x, 0, 1, 100_000)):
        pass
    assert "100000 points, about 27 h 47 min" in capsys.readouterr().err
