"""Disk: while a scan runs, its disk is full, or its folder is moved or removed; then there is space again.

By hand: ``python -m tests.system.long.disk --seed 1 --count 100``. The full disk is a limit on the size of the
console's files (RLIMIT_FSIZE), which is set from outside while it runs: all that it writes is concerned.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
from console_output import point_numbers
from terminal import PATIENCE_S, QUICK, Terminal, environment

from beamshell.store import Runs
from beamshell.store.run import Run
from tests.system.long.harness import Log, LongTest, Step

SPEED = 20.0
STEPS = 4
POINTS = 40
COMMANDS = (f"scan det th -1 1 {POINTS}", f"scan det scaler samx 0 1 {POINTS}", f"loopscan {POINTS} 0.01")

KEPT = "once there is space, each point that the table has shown is in the data folder with the next scan"
KEPT_AT_EXIT = (
    "once there is space, each point that the table has shown is in the data folder when the console has left"
)
HONEST = "a run that says success has all its points"
WHOLE = "a scan that was resumed until its end has all its points"
FOLDER = "a scan whose folder was moved or removed loses no point, or does not say success"
GOES_ON = "the console goes on: the prompt comes back, and the next scan is recorded"
TRACEBACK = "no traceback is shown"
CLOSED = "after the next start each run is closed and no marker is left"
INDEX = "the index lists no run whose file is gone"
AT_PROMPT = "at a full disk the prompt answers"
OUR_WORDS = "a full disk is said in one line of ours, and the history of lines is kept"


def story(rng: random.Random) -> list[Step]:
    """Faults in one console, one after the other."""
    return [_step(rng) for _ in range(STEPS)]


def _step(rng: random.Random) -> Step:
    return {
        "fault": rng.choices(("full", "moved", "removed", "prompt"), (6, 1, 1, 1))[0],
        "at": rng.choice((0, 1, rng.randint(1, POINTS), rng.randint(1, POINTS))),
        "room": rng.choice((0, rng.randint(0, 300), rng.randint(0, 6000))),
        "tries": rng.choice((0, 0, 1, 2)),
        "answer": rng.choice(("resume", "resume", "resume", "stop", "abort", "halt")),
        "lift": rng.choice(("before", "before", "after")),
        "command": rng.choice(
            (f"scan det th -1 1 {POINTS}", f"scan det scaler samx 0 1 {POINTS}", f"loopscan {POINTS} 0.01")
        ),
    }


class _Disk:
    """The disk of one console."""

    def __init__(self, terminal: Terminal, data: Path) -> None:
        self._pid = terminal.process.pid
        self._runs = data / "runs"
        self._away = data / "moved-away"

    def break_it(self, fault: str, room: int) -> None:
        """Let it be full but for `room` bytes of the newest run, or move or remove the folder of the runs."""
        if fault in ("full", "prompt"):
            files = sorted(self._runs.rglob("*.jsonl"), key=lambda path: path.stat().st_mtime)
            size = (files[-1].stat().st_size if files and fault == "full" else 0) + room
            resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        elif fault == "moved" and self._runs.exists():
            os.rename(self._runs, self._away)
        elif fault == "removed":
            shutil.rmtree(self._runs, ignore_errors=True)

    def mend(self) -> None:
        """Give it space again; bring the folder back, with what was written meanwhile."""
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if self._away.exists():
            shutil.copytree(self._away, self._runs, dirs_exist_ok=True)
            shutil.rmtree(self._away)


def play(steps: list[Step], folder: Path, log: Log) -> None:
    """Break and mend the disk of one console; then open the folder anew."""
    data = folder / "data"
    terminal = Terminal(data, (), SPEED)
    shown: dict[str, int] = {}  # by the uid of a run, the points that the table has shown
    try:
        terminal.wait_for_prompt()
        _do(terminal, "wa")
        disk = _Disk(terminal, data)
        for log.step, step in enumerate(steps):
            row = terminal.row
            if step["fault"] == "prompt":
                _at_the_prompt(step, terminal, disk, log)
            else:
                shown |= _in_a_scan(step, terminal, disk, data, log)
            text = terminal.text(row)
            log.check("Traceback" not in text, TRACEBACK, text[-3000:])
            log.check("[BeamshellApp]" not in text, OUR_WORDS, text[-1500:])
            disk.mend()
            log.check(
                point_numbers(_do(terminal, "scan det samy 0 0.1 3")) == [1, 2, 3], GOES_ON, terminal.text(row)[-1500:]
            )
            if step["fault"] == "removed":  # with the runs before it
                shown.clear()
            if step["fault"] == "full":
                _check_kept(shown, data, log, KEPT, f"{step}\n{text[-1500:]}")
        terminal.leave()
        _check_kept(shown, data, log, KEPT_AT_EXIT, "")
    except (AssertionError, pexpect.EOF, OSError) as exc:
        raise log.fail(GOES_ON, f"{steps[log.step]}: {str(exc)[-2500:]}") from exc
    finally:
        terminal.close()
    _open_anew(data, log)


def _do(terminal: Terminal, line: str) -> str:
    """What a line has written when the prompt is back."""
    start = terminal.begin(line)
    _wait_for_prompt(terminal, start)
    return "\n".join(terminal.lines(start)[:-1])


def _wait_for_prompt(terminal: Terminal, start: int) -> None:
    """Wait for the prompt; if a library has written over it, Enter shows it again."""
    try:
        terminal.wait_for_prompt(start - 1, 4.0)
    except AssertionError:
        terminal.process.send("\r")
        terminal.wait_for_prompt(start - 1)


def _runs(data: Path) -> list[Run]:
    """The runs whose files are there."""
    return [run for run in Runs(data) if run.path.exists()]


def _check_kept(shown: dict[str, int], data: Path, log: Log, rule: str, seen: str) -> None:
    stored = {run.uid: run.num_events.get("primary", 0) for run in _runs(data)}
    lost = {uid: (stored.get(uid, 0), number) for uid, number in shown.items() if stored.get(uid, 0) < number}
    log.check(not lost, rule, f"stored and shown: {lost}; {seen}")


def _at_the_prompt(step: Step, terminal: Terminal, disk: _Disk, log: Log) -> None:
    """Commands that write and commands that do not, on a full disk."""
    disk.break_it("prompt", step["room"])
    for line in ("md sample x", "wm th", "runs", "queue add mov th 1", "ct 0.01", "1 + 1"):
        _do(terminal, line)
    log.check(re.search(r"^th ", _do(terminal, "wm th"), re.MULTILINE), AT_PROMPT, terminal.text()[-1500:])


def _in_a_scan(step: Step, terminal: Terminal, disk: _Disk, data: Path, log: Log) -> dict[str, int]:
    """The run that was made, and the points that were shown."""
    known = {run.uid for run in _runs(data)}
    start = terminal.begin(step["command"])
    if step["at"]:
        terminal.wait_for_point(step["at"], start)
    disk.break_it(step["fault"], step["room"])
    _wait_for_prompt(terminal, start)
    log.figures["pauses"] += bool(terminal.state)
    for _ in range(step["tries"]):
        if terminal.state:
            _do(terminal, "resume")
    if step["lift"] == "before" or step["answer"] == "resume":
        disk.mend()
    answer = step["answer"] if terminal.state else ""
    if answer:
        _do(terminal, answer)
    disk.mend()
    if terminal.state:
        log.check(False, GOES_ON, f"{step}: {terminal.text(start)[-1500:]}")
        _do(terminal, "halt")
    shown = max(point_numbers(terminal.text(start)), default=0)
    log.figures["points"] += shown
    gone = [run.path.name for run in Runs(data) if not run.path.exists()]
    log.check(not gone, INDEX, f"{step}: {gone}")
    new = [run for run in _runs(data) if run.uid not in known]
    folder_is_at_fault = step["fault"] in ("moved", "removed")
    seen = f"{step}: {new}, {shown} points shown\n{terminal.text(start)[-1200:]}"
    if len(new) != 1:
        log.check(len(new) == 0 and not shown, FOLDER if folder_is_at_fault else KEPT, seen)
        return {}
    (run,) = new
    if run.exit_status == "success" and answer != "stop":
        log.check(_numbers(run) == list(range(1, POINTS + 1)), FOLDER if folder_is_at_fault else HONEST, seen)
    if answer == "resume":
        log.check(run.exit_status == "success", FOLDER if folder_is_at_fault else WHOLE, seen)
    return {} if folder_is_at_fault else {run.uid: shown}


def _numbers(run: Run) -> list[int]:
    primary = {doc["uid"] for doc in run.descriptors if doc["name"] == "primary"}
    return sorted({doc["seq_num"] for name, doc in run.documents() if name == "event" and doc["descriptor"] in primary})


def _open_anew(data: Path, log: Log) -> None:
    """Open the folder with another console, which closes what is open."""
    done = subprocess.run(
        [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={SPEED}", "-c", "runs"],
        env=environment(data),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    log.check(
        done.returncode == 0 and "Traceback" not in done.stderr, CLOSED, f"{done.stdout[-500:]} {done.stderr[-1500:]}"
    )
    for run in _runs(data):
        log.check(run.stop is not None, CLOSED, repr(run))
    markers = [path.name for path in (data / "runs" / ".open").glob("*")]
    log.check(not markers, CLOSED, markers)


DISK = LongTest("disk", "faults", story, play, awaited=frozenset({INDEX}))

if __name__ == "__main__":
    sys.exit(DISK.main())
