"""Interrupts: Ctrl+C at random moments of moves, scans and queues, in a real terminal, and then any answer.

By hand: ``python -m tests.system.long.interrupts --seed 1 --count 400``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
from terminal import PATIENCE_S, Terminal

from beamshell.store import Runs
from tests.system.long.harness import Log, LongTest, Step
from tests.system.long.processes import children

SPEED = 10.0
STEPS = 12
PRESS_AGAIN_S = 8.0
"""If the prompt is not back by then, a person presses again."""
MOST_ANSWERS = 12
BEFORE_IT_BEGAN = (
    "beamshell: interrupted",
    "Stopped: nothing has moved",
    "Stopped: shutter is",
    "halted by the operator",
)
"""What is said when presses have ended a plan that had no run yet, or no longer the next one."""
COMING_TO_REST = 0.5
"""How far a motor goes at most after its stop, in its units."""
CTRL_D = "\x04"
ANSWERS = ("resume",) * 3 + ("stop", "abort", "halt", "wm th", "mov th 0.1 samx 1", "ct 0.01", "wa", CTRL_D)

PROMPT_BACK = "the prompt comes back"
NOT_MOVING = "no motor moves when the prompt is idle"
BARE_MOVE = "a bare move ends at the first press: the prompt is back and idle, nothing to resume"
CLOSED = "a shutter that a plan opens is closed by its cleanup, unless it is halted"
POINTS = "no point is lost, doubled or at another place"
ON_PATH = "a point of a fly scan that is off its path is said, and the run is no success"
STOPPED = "each run has its stop document"
STATUS = "the run's exit status is what the last answer means"
IDLE = "the engine is idle at the end"
NOTHING_LEFT = "a scan is paused only while there is something left of it"
RETURNS = "a relative scan brings its motors back, unless it is halted"
ARRIVES = "a move that was not ended by a press arrives"
LEFTOVER = "no thread and no process is left"
TRACEBACK = "no traceback is shown"
LEAVES = "Ctrl+D leaves, after one question at most"

STARTUP = """
import json, pathlib, threading
from beamshell.devices import EpicsSignal
drop = EpicsSignal("SR:current:drop", name="drop")

def drop_soon(wait, how_long):
    for seconds, value in ((wait, 1), (wait + how_long, 0)):
        timer = threading.Timer(seconds, drop.put, [value])
        timer.name = "beamshell-drop"  # none that a command has left
        timer.start()

def with_shutter():
    def inner():
        yield from bps.mv(shutter, "Open")
        return (yield from bp.scan([det], samx, -1, 1, 9))
    return (yield from bpp.finalize_wrapper(inner(), lambda: bps.mv(shutter, "Close")))

def facts(path):
    motors = [th, tth, samx, samy]
    pathlib.Path(path).write_text(json.dumps({
        "positions": {motor.name: motor.user_readback.get() for motor in motors},
        "moving": [motor.name for motor in motors if not motor.motor_done_move.get()],
        "shutter": str(shutter.state),
        "threads": sorted(each.name for each in threading.enumerate()),
    }))
"""


def _line(start: float, end: float, points: int) -> list[float]:
    return [start + (end - start) * number / (points - 1) for number in range(points)]


def _command(rng: random.Random) -> Step:
    """A command, and the positions of the runs that it makes, by motor."""
    n = rng.randint(5, 21)
    drop = f"drop_soon({rng.uniform(0.05, 0.5):.2f}, {rng.uniform(0.1, 0.6):.2f})"
    suspended = {"before": drop} if rng.random() < 0.2 else {}
    a, b = sorted((round(rng.uniform(-2, 2), 2), round(rng.uniform(-2, 2), 2)))
    kinds: list[Step] = [
        {"command": f"scan det th {a} {b} {n}", "runs": [{"th": _line(a, b, n)}]},
        {"command": f"scan det th {a} {b} {n}", "runs": [{"th": _line(a, b, n)}], **suspended},
        {"command": f"rscan det samx {a} {b} {n}", "runs": [{"samx": _line(a, b, n)}], "relative": True},
        {"command": f"dscan samy {a} {b} {n - 1} 0.05", "runs": [{"samy": _line(a, b, n)}], "relative": True},
        {
            "command": f"grid det samy 0 1 3 samx {a} {b} 4",
            "runs": [{"samy": [y for y in (0, 0.5, 1) for _ in range(4)], "samx": _line(a, b, 4) * 3}],
        },
        {"command": f"scan cam samx {a} {b} 6", "runs": [{"samx": _line(a, b, 6)}]},
        {"command": f"fscan th {a} {a + 1} 41 0.03", "runs": [{"th": _line(a, a + 1, 41)}], "fly": True},
        {"command": f"loopscan {n} 0.1", "runs": [{"det": [None] * n}], **suspended},
        {"command": f"mov th {b * 20}", "goal": {"th": b * 20}},
        {"command": f"umv samx {b * 10}", "goal": {"samx": b * 10}},
        {"command": f"mov samx {a} th {b * 10}", "goal": {"samx": a, "th": b * 10}},
        {"command": "RE(with_shutter())", "runs": [{"samx": _line(-1, 1, 9)}], "shutter": True, **suspended},
        {
            "before": "queue clear; queue add scan det th 0 1 7; queue add scan det samx 0 1 5",
            "command": "queue run",
            "runs": [{"th": _line(0, 1, 7)}, {"samx": _line(0, 1, 5)}],
        },
    ]
    return rng.choice(kinds)


def story(rng: random.Random) -> list[Step]:
    """Commands, when Ctrl+C is pressed, and what is answered at each pause."""
    steps = []
    for _ in range(STEPS):
        presses = [round(rng.choice((rng.uniform(0, 0.2), rng.uniform(0, 2.5))), 3)]
        presses += [round(rng.uniform(0, 0.4), 3) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        answers = [
            {"word": rng.choice(ANSWERS), "presses": [round(rng.uniform(0, 0.8), 3)] if rng.random() < 0.4 else []}
            for _ in range(rng.randint(1, 3))
        ]
        steps.append({**_command(rng), "presses": presses, "answers": answers, "by": rng.choice(("key", "signal"))})
    return steps


class _Person:
    """One who types into a console and presses Ctrl+C."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._data = folder / "data"
        self._facts = folder / "facts.json"
        self._log = log
        startup = self._data / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        (startup / "00-facts.py").write_text(STARTUP)
        self.terminal = Terminal(self._data, (), SPEED)
        self.terminal.wait_for_prompt()
        self.terminal.do("drop.wait_for_connection(10)")
        self._threads = self.facts()["threads"]
        self._processes = children(self.terminal.process.pid)

    def facts(self) -> dict[str, Any]:
        """Where everything is, asked from the console at its prompt."""
        self._facts.unlink(missing_ok=True)
        self.terminal.do(f"facts({str(self._facts)!r})")
        return dict(json.loads(self._facts.read_text()))

    def moves_on(self, before: dict[str, Any]) -> dict[str, float]:
        """How far each motor goes from here until it rests; one that comes to rest at once is not among them."""
        after, deadline = before, time.monotonic() + PATIENCE_S
        while after["moving"] and time.monotonic() < deadline:
            after = self.facts()
        ways = {motor: after["positions"][motor] - before["positions"][motor] for motor in before["positions"]}
        return {motor: way for motor, way in ways.items() if motor in after["moving"] or abs(way) > COMING_TO_REST}

    def runs(self) -> list[Any]:
        return list(Runs(self._data))

    def begin(self, line: str, presses: list[float], by: str) -> int:
        """Type a line and press; how often was pressed while it ran, when the prompt is back."""
        terminal = self.terminal
        start = terminal.begin(line)
        pressed = 0
        for delay in presses:
            terminal.sleep(delay)
            if terminal.row >= start and terminal.at_prompt:
                break
            self._press(by)
            pressed += 1
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                terminal.wait_for_prompt(start - 1, PRESS_AGAIN_S)
                return pressed
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                self._press(by)
                pressed += 1

    def _press(self, by: str) -> None:
        self._log.figures["presses"] += 1
        if by == "key":
            self.terminal.press_ctrl_c()
        else:
            os.kill(self.terminal.process.pid, signal.SIGINT)

    def leave_by_ctrl_d(self) -> None:
        """Ctrl+D, and yes if there is a question."""
        terminal = self.terminal
        terminal.process.send(CTRL_D)
        deadline = time.monotonic() + PATIENCE_S
        while terminal.process.isalive() and time.monotonic() < deadline:
            terminal.sleep(0.3)
            if "?" in terminal.last_line:
                terminal.process.send("y\r")
                terminal.sleep(1.0)
        self._log.check(not terminal.process.isalive(), LEAVES, terminal.text()[-1500:])
        self.close()

    def check_threads(self, facts: dict[str, Any]) -> None:
        ours_for_ever = ("beamshell-", "Dummy")  # services that live as long as the process, and threads of C libraries
        new = [name for name in facts["threads"] if name not in self._threads and not name.startswith(ours_for_ever)]
        self._log.check(not new, LEFTOVER, f"threads {new}")

    def leave(self) -> None:
        self.terminal.leave()
        self.close()

    def close(self) -> None:
        self.terminal.close()
        deadline = time.monotonic() + PATIENCE_S
        while (
            left := [pid for pid in self._processes if Path(f"/proc/{pid}").exists()]
        ) and time.monotonic() < deadline:
            time.sleep(0.1)
        self._log.check(not left, LEFTOVER, f"processes {left}")


def play(steps: list[Step], folder: Path, log: Log) -> None:
    """Play commands and presses."""
    person: _Person | None = None
    try:
        for log.step, step in enumerate(steps):
            person = person or _Person(folder, log)
            if not _play_one(step, person, log):
                person = None
        if person is not None:
            person.leave()
            person = None
    except (AssertionError, pexpect.EOF, OSError) as exc:
        raise log.fail(PROMPT_BACK, f"{steps[log.step]}: {str(exc)[-1500:]}") from exc
    finally:
        if person is not None:
            person.terminal.close()


def _play_one(step: Step, person: _Person, log: Log) -> bool:
    """Play one step; False if it has ended the console."""
    terminal = person.terminal
    row = terminal.row
    before = person.facts()
    known = {run.uid for run in person.runs()}
    if "before" in step:
        terminal.do(step["before"])
    pressed = person.begin(step["command"], step["presses"], step["by"])
    if "goal" in step and pressed:
        log.check(not terminal.state, BARE_MOVE, f"{step['command']}: {pressed} presses, {terminal.state}")
    if step["command"].startswith(("scan", "grid", "loopscan")) and terminal.state:
        ended = [run for run in person.runs() if run.uid not in known and run.stop is not None]
        log.check(not ended, NOTHING_LEFT, f"{step['command']}: {terminal.text(row)[-1000:]}")
    last = _answer(step, person, log)
    text = terminal.text(row)
    log.check("Traceback" not in text, TRACEBACK, text[-2500:])
    log.figures[f"ended by {last.replace(CTRL_D, 'Ctrl+D') or 'itself'}"] += 1
    new = [run for run in person.runs() if run.uid not in known]
    if last == CTRL_D:
        for run in new:
            log.check(run.stop is not None, STOPPED, f"{step['command']}, left by Ctrl+D")
        return False
    log.check(not terminal.state, IDLE, text[-1000:])
    after = person.facts()
    moved_on = person.moves_on(after)
    log.check(not moved_on, NOT_MOVING, f"{moved_on} after {step['command']}, {last}: {text[-800:]}")
    person.check_threads(after)
    if step.get("shutter") and last != "halt" and any(new):
        log.check(after["shutter"].lower().startswith("close"), CLOSED, f"{after['shutter']}: {text[-800:]}")
    if step.get("relative") and last != "halt":
        (motor,) = step["runs"][0]
        at, was = after["positions"][motor], before["positions"][motor]
        log.check(abs(at - was) < 0.02, RETURNS, f"{motor} was at {was}, is at {at} after {last}: {text[-800:]}")
    if "goal" in step and not pressed and not last:
        arrived = all(abs(after["positions"][motor] - goal) < 0.02 for motor, goal in step["goal"].items())
        log.check(arrived, ARRIVES, f"{after['positions']}: {text[-500:]}")
    if not last and "goal" not in step and not any(words in text for words in BEFORE_IT_BEGAN):
        log.check(len(new) == len(step["runs"]), POINTS, f"{len(new)} runs, ended by itself: {text[-1500:]}")
    _check_runs(step, new, last, before, log)
    return True


def _answer(step: Step, person: _Person, log: Log) -> str:
    """Answer at each pause until the engine is idle; the word that has ended the plan, "" if it ended by itself."""
    answers = list(step["answers"])
    last = ""
    for number in range(MOST_ANSWERS):
        if not person.terminal.state:
            break
        answer = (
            answers.pop(0) if answers else {"word": "resume" if number < MOST_ANSWERS - 2 else "abort", "presses": []}
        )
        log.figures["answers"] += 1
        last = answer["word"] if answer["word"] in ("stop", "abort", "halt", CTRL_D) else ""
        if last == CTRL_D:
            person.leave_by_ctrl_d()
            break
        person.begin(answer["word"], answer["presses"] if answer["word"] == "resume" else [], step["by"])
    return last


def _check_runs(step: Step, new: list[Any], last: str, before: Step, log: Log) -> None:
    expected_runs = step.get("runs", [])
    log.check(len(new) <= len(expected_runs), POINTS, f"{len(new)} runs by {step['command']}")
    for run, expected in zip(new, expected_runs, strict=False):
        log.figures["runs"] += 1
        stop = run.stop
        log.check(stop is not None, STOPPED, f"{run!r} of {step['command']}")
        if stop is None:
            continue
        is_last = run is new[-1]
        wanted = {"abort", "success"} if last in ("abort", "halt") and is_last else {"success"}
        if step.get("fly"):  # a point may have been off its path
            wanted.add("fail")
        log.check(stop["exit_status"] in wanted, STATUS, f"{stop} after {last!r}")
        whole = not last and stop["exit_status"] == "success"
        _check_points(step, run, expected, before, whole, log)


def _check_points(step: Step, run: Any, expected: dict[str, list[Any]], before: Step, whole: bool, log: Log) -> None:
    seen = f"{step['command']}: {run!r}"
    number = len(next(iter(expected.values())))
    events = {}
    primary = {doc["uid"] for doc in run.descriptors if doc["name"] == "primary"}
    for name, doc in run.documents():
        if name == "event" and doc["descriptor"] in primary:
            events[doc["seq_num"]] = doc["data"]
        elif name == "event_page" and doc["descriptor"] in primary:
            for at, seq_num in enumerate(doc["seq_num"]):
                events[seq_num] = {key: values[at] for key, values in doc["data"].items()}
    log.figures["points"] += len(events)
    log.check(sorted(events) == list(range(1, len(events) + 1)), POINTS, f"{seen}: points {sorted(events)}")
    log.check(len(events) == number if whole else len(events) <= number, POINTS, f"{seen}: {len(events)} of {number}")
    tolerance = 0.05 if step.get("fly") else 0.012
    off_path = []
    for motor, positions in expected.items():
        origin = before["positions"][motor] if step.get("relative") else 0.0
        for seq_num, data in events.items():
            place = positions[seq_num - 1] if seq_num <= len(positions) else None
            if place is not None and motor in data and abs(data[motor] - place - origin) > tolerance:
                off_path.append(f"point {seq_num}: {motor} at {data[motor]} instead of {place + origin}")
    if step.get("fly"):
        log.check(not off_path or run.exit_status != "success", ON_PATH, f"{seen}: {off_path[:5]}")
    else:
        log.check(not off_path, POINTS, f"{seen}: {off_path[:5]}")
    if whole and "cam" in step["command"]:
        pictures = run.images("cam")
        log.check(len(pictures) == number, POINTS, f"{seen}: {len(pictures)} pictures")


INTERRUPTS = LongTest("interrupts", "commands", story, play)

if __name__ == "__main__":
    sys.exit(INTERRUPTS.main())
