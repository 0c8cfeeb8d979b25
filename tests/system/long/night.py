"""Night: two consoles on one beamline, commands and wrong lines, Ctrl+C, dying IOCs and consoles, a ring that drops.

By hand: ``python -m tests.system.long.night --seed 1 --count 300``. One console has control and loses it at times; the
other looks. Only `th` and `samx` are ever named, so no other motor may move.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pexpect
from console_output import point_numbers
from terminal import PATIENCE_S, Terminal

from beamshell.ioc.process import DemoIoc
from beamshell.store import ConsoleLog, Runs
from tests.system.long.harness import Log, LongTest, Step

SPEED = 20.0
STEPS = 300
WARM = 150  # lines after which memory, threads and files are looked at first: until then modules are loaded
MOST_GROWTH_MB, MOST_MORE_THREADS, MOST_MORE_FILES = 40, 6, 8

PROMPT_BACK = "the prompt comes back"
NO_TRACEBACK = "no traceback is shown"
UNASKED = "no motor moves that no line has named"
LOOKS_ONLY = "the console without control moves nothing"
KEPT = "each point that a table has shown is in the data folder"
CLOSED = "when all consoles have left, each run is closed"
FLAT = "memory, threads and files of a console stay as they are"
LOGGED = "each line is in the console log"

_MOVES = ("mov th {a}", "mov samx {b}", "mov th {a} samx {b}", "movr th {d}", "movr samx {d}", "umv th {a}")
_SCANS = (
    "scan det th -1 1 9",
    "rscan det samx -0.5 0.5 5",
    "grid det th -1 1 3 samx -1 1 3",
    "scan det scaler samx 0 1 7",
    "loopscan 5 0.01",
    "ct det 0.05",
    "ct",
)
_LOOKS = (
    "wa",
    "wm th samx",
    "runs",
    "queue",
    "moves 5",
    "why",
    "devices th",
    "bhelp moving",
    "offline",
    "md",
    "control",
)
_RETURNS = ("back", "back th", "redo -1", "continue", "goscan -1 th", "cen", "peak")
_WRONG = (
    "mov th",
    "mov thh 1",
    "mov th 999",
    "scan det th -1",
    "scan det th -1 1 0",
    "scan det th -200 1 5",
    "sacn det th -1 1 5",
    "goscan 999999",
    "continue 999999",
    "redo x",
    "back nothing",
    "moves -1",
    "preset go nowhere",
    "mov th one",
    "1 +",
    "th.nix",
    ")",
)


def story(rng: random.Random) -> list[Step]:
    """One night: what happens, one after the other."""
    return [_step(rng) for _ in range(STEPS)]


def _step(rng: random.Random) -> Step:
    kind = rng.choices(("line", "press", "control", "ioc", "ring", "kill"), (60, 20, 8, 4, 5, 3))[0]
    who = rng.choices(("holder", "other"), (5, 1))[0]
    if kind == "line":
        lines = rng.choices((_MOVES, _SCANS, _LOOKS, _RETURNS, _WRONG), (4, 3, 3, 2, 3))[0]
        return {"do": kind, "who": who, "line": _filled(rng.choice(lines), rng)}
    if kind in ("press", "ioc", "ring"):
        line = _filled(rng.choice((*_MOVES, *_SCANS, *_SCANS)), rng)
        after = round(rng.choice((0.0, rng.uniform(0, 0.3), rng.uniform(0, 1.5))), 3)
        answer = rng.choice(("resume", "resume", "stop", "abort", "halt"))
        return {"do": kind, "who": "holder", "line": line, "after": after, "answer": answer, "times": rng.randint(1, 3)}
    return {"do": kind, "gives": rng.random() < 0.6}


def _filled(line: str, rng: random.Random) -> str:
    return line.format(a=round(rng.uniform(-5, 5), 2), b=round(rng.uniform(-2, 2), 2), d=round(rng.uniform(-1, 1), 2))


class _Beamline:
    """One IOC, and two consoles on it that share a data folder."""

    def __init__(self, folder: Path, log: Log) -> None:
        self.data = folder / "data"
        self.log = log
        self.ioc = DemoIoc.start(seed=1, speed=SPEED)
        self.ioc.wait_ready()
        self.shown: dict[int, int] = {}  # by the number of a scan, the points that its table has shown
        self.typed = 0
        self.first_look: dict[int, tuple[int, dict[str, int]]] = {}
        self.holder, self.other = self.open("anna"), self.open("bob")
        self.do(self.holder, "mov th 0 samx 0")
        self.do(self.holder, "control take")

    def open(self, operator: str) -> Terminal:
        words = ("--Beamshell.demo_ioc=False", "--Beamshell.control_wait=0.3", f"--Beamshell.operator={operator}")
        console = Terminal(self.data, words, SPEED, variables=self.ioc.client_environment)
        console.wait_for_prompt()
        self.do(
            console, "import matplotlib.pyplot, scipy.optimize, scipy.stats"
        )  # else they are memory that grows later
        return console

    def close(self) -> None:
        for console in (self.holder, self.other):
            console.close()
        self.ioc.close()

    # ---- typing ------------------------------------------------------------------------------------

    def do(self, console: Terminal, line: str) -> str:
        """Type a line, say no to whatever is asked, and give what was shown when the prompt is back."""
        start = console.begin(line)
        self.typed += 1
        return self.wait(console, start, line)

    def wait(self, console: Terminal, start: int, line: str) -> str:
        def is_back() -> bool:
            if console.row >= start and console.at_prompt:
                return True
            if console.last_line.rstrip().endswith(("]", "?", "]:", "?:")) and "▸" not in console.last_line:
                console.process.send("n\r")
                console.sleep(0.1)
            return False

        try:
            console.wait_until(is_back, PATIENCE_S, "the prompt")
        except AssertionError as exc:
            raise self.log.fail(PROMPT_BACK, f"{line}: {str(exc)[-2500:]}") from exc
        text = console.text(start)
        self.log.check("Traceback" not in text, NO_TRACEBACK, f"{line}: {text[-3000:]}")
        return text

    def settle(self, console: Terminal, answer: str = "abort") -> None:
        """End a paused plan: with `answer`, and if that does not, by halt."""
        for word in (answer, "abort", "halt"):
            if console.state:
                self.note_points(self.do(console, word))

    def note_points(self, text: str) -> None:
        """Keep how many points the tables in a text have shown."""
        for number, points in re.findall(r"^scan (\d+): \w+, (\d+) points", text, re.MULTILINE):
            self.shown[int(number)] = max(self.shown.get(int(number), 0), int(points))
        self.log.figures["points"] += len(point_numbers(text))

    def positions(self) -> dict[str, float]:
        """Where all motors are, as the console says that looks."""
        text = self.do(self.other, "wm th tth samx samy")
        return {name: float(place) for name, place in re.findall(r"^(\w+) +(-?\d+\.\d+)", text, re.MULTILINE)}


def play(steps: list[Step], folder: Path, log: Log) -> None:
    """One night."""
    beamline = _Beamline(folder, log)
    try:
        before = beamline.positions()
        for log.step, step in enumerate(steps):
            _PARTS[step["do"]](beamline, step)
            after = beamline.positions()
            _check_moves(beamline, step, before, after)
            before = after or before
            _check_growth(beamline)
        _leave(beamline)
    except (AssertionError, pexpect.EOF, OSError) as exc:
        raise log.fail(PROMPT_BACK, f"{steps[log.step]}: {str(exc)[-2500:]}") from exc
    finally:
        beamline.close()
    _check_folder(beamline)


def _check_moves(beamline: _Beamline, step: Step, before: dict[str, float], after: dict[str, float]) -> None:
    moved = {name for name in before.keys() & after.keys() if abs(before[name] - after[name]) > 0.002}
    beamline.log.check(moved <= {"th", "samx"}, UNASKED, f"{step}: {before} -> {after}")
    if step.get("who") == "other":
        beamline.log.check(not moved, LOOKS_ONLY, f"{step}: {before} -> {after}")
    named = {name for name in ("th", "samx") if re.search(rf"\b{name}\b", step.get("line", ""))}
    if step["do"] == "line" and step["line"].split()[0] not in (*(line.split()[0] for line in _RETURNS), "loopscan"):
        beamline.log.check(moved <= named, UNASKED, f"{step}: {before} -> {after}")


# ---- what happens --------------------------------------------------------------------------------------


def _line(beamline: _Beamline, step: Step) -> None:
    console = beamline.holder if step["who"] == "holder" else beamline.other
    text = beamline.do(console, step["line"])
    beamline.note_points(text)
    beamline.settle(console)


def _press(beamline: _Beamline, step: Step) -> None:
    console = beamline.holder
    start = console.begin(step["line"])
    beamline.typed += 1
    console.sleep(step["after"])
    for _ in range(step["times"]):
        console.press_ctrl_c()
        console.sleep(0.05)
    beamline.note_points(beamline.wait(console, start, step["line"]))
    beamline.log.figures["pauses"] += bool(console.state)
    beamline.settle(console, step["answer"])


def _ioc(beamline: _Beamline, step: Step) -> None:
    """The IOC dies while something runs, and comes back."""
    console = beamline.holder
    start = console.begin(step["line"])
    beamline.typed += 1
    console.sleep(step["after"])
    beamline.ioc.kill()
    console.sleep(0.3)
    beamline.ioc.restart()
    beamline.ioc.wait_ready()
    beamline.log.figures["IOC deaths"] += 1
    beamline.note_points(beamline.wait(console, start, step["line"]))
    beamline.settle(console, step["answer"])
    for one in (beamline.holder, beamline.other):
        beamline.do(one, "reconnect")
    beamline.do(console, "mov th 0 samx 0")
    beamline.settle(console)


def _ring(beamline: _Beamline, step: Step) -> None:
    """The beam is lost while something runs, and comes back."""
    console = beamline.holder
    beamline.do(console, f"demo beam off 0.5 after={max(step['after'], 0.05)}")
    start = console.begin(step["line"])
    beamline.typed += 1
    beamline.log.figures["beam losses"] += 1
    beamline.note_points(beamline.wait(console, start, step["line"]))
    beamline.settle(console, step["answer"])
    beamline.do(console, "demo beam on")  # the timer of a console that has lost control may write no more


def _control(beamline: _Beamline, step: Step) -> None:
    """The other console asks for control; it is given, or taken after a while, since the holder does nothing."""
    asked_at = beamline.other.begin("control take it is my turn")
    beamline.typed += 1
    if step["gives"]:
        beamline.do(beamline.holder, "control give")
    beamline.wait(beamline.other, asked_at, "control take")
    text = beamline.do(beamline.other, "control")
    if "this console" in text:
        beamline.holder, beamline.other = beamline.other, beamline.holder
        beamline.log.figures["changes of control"] += 1


def _kill(beamline: _Beamline, _step: Step) -> None:
    """The console with control is killed in a scan; another one is opened in its place."""
    start = beamline.holder.begin("scan det th -1 1 9")
    beamline.holder.wait_until(lambda: 2 in point_numbers(beamline.holder.text(start)) or beamline.holder.at_prompt)
    beamline.holder.process.kill(signal.SIGKILL)
    beamline.holder.wait_for_end()
    beamline.log.figures["kills"] += 1
    beamline.holder = beamline.open("carol")
    beamline.do(beamline.holder, "control take")
    beamline.do(beamline.holder, "mov th 0")
    beamline.settle(beamline.holder)


_PARTS: dict[str, Any] = {
    "line": _line,
    "press": _press,
    "ioc": _ioc,
    "ring": _ring,
    "control": _control,
    "kill": _kill,
}


# ---- what must be so -----------------------------------------------------------------------------------


def _usage(pid: int) -> dict[str, int]:
    """Megabytes, threads and open files of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes, threads = (int(re.search(rf"^{key}:\s+(\d+)", status, re.MULTILINE)[1]) for key in ("VmRSS", "Threads"))  # type: ignore[index]
    return {"MB": kilobytes // 1024, "threads": threads, "files": len(os.listdir(f"/proc/{pid}/fd"))}


def _check_growth(beamline: _Beamline) -> None:
    for console in (beamline.holder, beamline.other):
        pid = console.process.pid
        count, first = beamline.first_look.get(pid, (beamline.typed, {}))
        if not first and beamline.typed - count < WARM:
            beamline.first_look.setdefault(pid, (beamline.typed, {}))
            continue
        now = _usage(pid)
        first = first or now
        beamline.first_look[pid] = (count, first)
        growth = {key: now[key] - first[key] for key in now}
        is_flat = (
            growth["MB"] < MOST_GROWTH_MB
            and growth["threads"] < MOST_MORE_THREADS
            and growth["files"] < MOST_MORE_FILES
        )
        beamline.log.check(is_flat, FLAT, f"{first} -> {now} in {beamline.typed - count} commands")
        for key, more in growth.items():
            beamline.log.figures[f"most {key} more"] = max(beamline.log.figures[f"most {key} more"], more)


def _leave(beamline: _Beamline) -> None:
    for console in (beamline.holder, beamline.other):
        console.leave()


def _check_folder(beamline: _Beamline) -> None:
    runs = {run.scan_id: run for run in Runs(beamline.data)}
    for number, points in beamline.shown.items():
        stored = runs[number].num_events.get("primary", 0) if number in runs else 0
        beamline.log.check(stored >= points, KEPT, f"scan {number}: {points} shown, {stored} stored")
    for run in runs.values():
        beamline.log.check(run.stop is not None, CLOSED, repr(run))
    typed = sum(1 for _ in ConsoleLog(beamline.data).newest_first("typed"))
    beamline.log.check(typed >= beamline.typed, LOGGED, f"{typed} in the log, {beamline.typed} typed")
    beamline.log.figures["scans"] += len(runs)
    beamline.log.figures["lines"] += beamline.typed


NIGHT = LongTest("night", "steps", story, play)

if __name__ == "__main__":
    sys.exit(NIGHT.main())
