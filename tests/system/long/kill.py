"""Kill: SIGKILL of the console, or of its IOC, at random moments; then the data folder is opened anew.

By hand: ``python -m tests.system.long.kill --seed 1 --count 200``. What the journal promises: when a document has been
handed on, to the table for one, it survives the death of the process.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
from console_output import point_numbers
from terminal import PATIENCE_S, QUICK, Terminal, environment

from beamshell.errors import BeamshellError
from beamshell.store import Runs
from beamshell.store.run import Run
from tests.system.long.harness import Log, LongTest, Step
from tests.system.long.processes import children, is_alive

SPEED = 50.0
STEPS = 6
SCANS = (
    "scan det th -1 1 300; scan det samx 0 1 300",
    "loopscan 400 0.01",
    "scan det scaler th 0 1 200; mov th 0",
    "scan cam samx -1 1 40",
    "queue clear; queue add scan det th 0 1 50; queue add scan det samx 0 1 50; queue run",
    "fscan th -1 1 101 0.02; scan det th 0 1 100",
)

KEPT = "a point that the table has shown, and a run that was announced, are in the data folder"
READABLE = "each run can be listed, read and exported"
INDEX = "the index has what the files have"
CLOSED = "the next console closes each run that was left open"
MARKERS = "no marker of an open run stays"
NUMBERS = "no scan number is given twice"
STARTS = "the next console starts, runs commands and leaves with status 0"
LEFTOVER = "no process is left of a console that was killed"
IOC_DIES = "a console whose IOC has died gives the prompt back, and its run a stop document"
TRACEBACK = "no traceback is shown"


def story(rng: random.Random) -> list[Step]:
    """Consoles that are killed, one after the other, in one data folder."""
    return [_step(rng) for _ in range(STEPS)]


def _step(rng: random.Random) -> Step:
    after = round(rng.choice((rng.uniform(0, 0.1), rng.uniform(0, 3))), 4)
    what = rng.choices(("console", "start", "ioc"), (6, 2, 1))[0]
    return {"kill": what, "command": rng.choice(SCANS), "after": after}


def play(steps: list[Step], folder: Path, log: Log) -> None:
    """Start and kill consoles; in the end start one that lives."""
    data = folder / "data"
    for log.step, step in enumerate(steps):
        if step["kill"] == "ioc":
            _kill_ioc(step, data, log)
        else:
            _kill_console(step, data, log)
        _look_at(data, log)
    _start_again(data, log)


# ---- the console -----------------------------------------------------------------------------------


def _start(data: Path, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={SPEED}", "-c", command],
        env=environment(data) | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _kill_console(step: Step, data: Path, log: Log) -> None:
    process = _start(data, step["command"])
    output = ""
    if step["kill"] == "console":
        assert process.stdout is not None
        for line in process.stdout:  # it ends by itself if the command fails
            output += line
            if point_numbers(line):
                log.check(_open_runs(data) <= 1, MARKERS, f"{_open_runs(data)} runs are marked as open")
                break
        else:
            log.check(False, STARTS, f"{step['command']}: {output}{process.communicate()[1]}")
    time.sleep(step["after"])
    started = children(process.pid)
    process.kill()
    rest, errors = process.communicate()
    output += rest
    log.check("Traceback" not in output + errors, TRACEBACK, (output + errors)[-2000:])
    log.check(_all_end(started), LEFTOVER, f"{started} of {process.pid}")
    log.figures["consoles killed"] += 1
    _check_kept(output, data, log)


def _check_kept(output: str, data: Path, log: Log) -> None:
    """What the output has shown is in the run files."""
    runs = {run.scan_id: run for run in _runs(data)}
    for part in re.split(r"^(?=#\d+ )", output, flags=re.MULTILINE)[1:]:
        scan_id = int(part[1:].split(" ", 1)[0])
        shown = max(point_numbers(part), default=0)
        log.figures["points shown"] += shown
        stored = runs[scan_id].num_events if scan_id in runs else None
        is_there = stored is not None and stored.get("primary", 0) >= shown
        log.check(is_there, KEPT, f"run {scan_id}: {shown} points shown, stored are {stored}")


def _all_end(pids: list[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# ---- the IOC ---------------------------------------------------------------------------------------


def _kill_ioc(step: Step, data: Path, log: Log) -> None:
    terminal = Terminal(data, (), SPEED)
    try:
        terminal.wait_for_prompt()
        before = len(_runs(data))
        start = terminal.begin("scan det th -1 1 300")
        terminal.wait_for_point(1, start)
        terminal.sleep(step["after"])
        for pid in children(terminal.process.pid):
            if "beamshell.ioc.server" in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
        log.figures["IOCs killed"] += 1
        terminal.sleep(0.5)
        terminal.wait_until(lambda: _prompt_back(terminal), what="the prompt")
        if terminal.state:
            terminal.do("abort the IOC has died")
        terminal.wait_until(lambda: terminal.at_prompt and not terminal.state, what="an idle prompt")
        (run,) = _runs(data)[before:]
        log.check(run.stop is not None, IOC_DIES, repr(run))
        terminal.do("wa")
        log.check("Traceback" not in terminal.text(start), TRACEBACK, terminal.text(start)[-2000:])
        _check_kept(terminal.text(start), data, log)
        terminal.leave()
    except (AssertionError, pexpect.EOF, OSError, ValueError) as exc:
        log.check(False, IOC_DIES, str(exc)[-2000:])
    finally:
        terminal.close()


def _prompt_back(terminal: Terminal) -> bool:
    if terminal.at_prompt:
        return True
    terminal.press_ctrl_c()
    terminal.sleep(1.0)
    return terminal.at_prompt


# ---- the data folder -------------------------------------------------------------------------------


def _runs(data: Path) -> list[Run]:
    return list(Runs(data)) if data.exists() else []


def _open_runs(data: Path) -> int:
    return len(list((data / "runs" / ".open").glob("*.json")))


def _look_at(data: Path, log: Log) -> None:
    """Read everything that is there, as the next console finds it."""
    files = [path for path in (data / "runs").rglob("*.jsonl") if b"\n" in path.read_bytes()]
    try:
        runs = list(Runs(data)) if data.exists() else []
        for run in runs:
            repr(run)
            list(run.documents())
            if run.descriptors:
                run.table(run.streams[0])
    except (BeamshellError, OSError, ValueError, KeyError) as exc:
        log.check(False, READABLE, f"{type(exc).__name__}: {exc}")
        return
    log.check(sorted(run.path for run in runs) == sorted(files), INDEX, f"{len(runs)} runs, {len(files)} files")
    numbers = [run.scan_id for run in runs]
    log.check(len(set(numbers)) == len(numbers), NUMBERS, numbers)


def _start_again(data: Path, log: Log) -> None:
    """A console that lives: it closes, lists and exports what it finds, and leaves."""
    process = _start(data, "runs; wm th; loopscan 2 0.01; export csv")
    try:
        output, errors = process.communicate(timeout=2 * PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
    log.check(process.returncode == 0, STARTS, f"status {process.returncode}: {output[-1000:]} {errors[-1000:]}")
    log.check("Traceback" not in output + errors, TRACEBACK, (output + errors)[-2000:])
    markers = [path.name for path in (data / "runs" / ".open").glob("*")]  # half written ones too
    log.check(not markers, MARKERS, markers)
    for run in _runs(data):
        log.check(run.stop is not None, CLOSED, repr(run))
        log.figures["runs"] += 1
    _look_at(data, log)


KILL = LongTest("kill", "kills", story, play)

if __name__ == "__main__":
    sys.exit(KILL.main())
