"""Continuing: SIGKILL of the console at each point of a scan and of a snaked grid; the next console continues it.

By hand, all points: ``python -m tests.system.long.continuing --count 44``. Both runs together must be the scan that
nothing has disturbed: as many points, in their order, each where it belongs.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from console_output import point_numbers
from terminal import PATIENCE_S, QUICK, environment

from beamshell.store import Runs
from tests.system.long.harness import Log, LongTest, Step

SPEED = 50.0
LINE = {"th": np.linspace(-1, 1, 21)}
ROWS = np.linspace(-2, 2, 5)
GRID = {
    "samy": np.repeat(np.linspace(0, 1, 5), 5),
    "samx": np.concatenate([ROWS if row % 2 == 0 else ROWS[::-1] for row in range(5)]),
}
SCANS = {
    "scan det th -1 1 21 0.02": LINE,
    "grid det samy 0 1 5 samx -2 2 5 0.02 snake": GRID,
}
"""By the command, where each motor has to be at each point."""

BEGUN = "a scan begins, and shows the point at which the console is killed"
CONTINUED = "the next console continues the scan to its end"
SAME = "the points of both runs are those of one, in order and exactly where they belong"
ONCE = "no point is measured twice"


def story(rng: random.Random) -> list[Step]:
    """Each point of each scan once."""
    steps = [{"scan": scan, "point": point} for scan, places in SCANS.items() for point in range(1, _length(places))]
    rng.shuffle(steps)
    return steps


def play(steps: list[Step], folder: Path, log: Log) -> None:
    """Kill a console at a point, move the motors elsewhere, and continue; each in a data folder of its own."""
    for log.step, step in enumerate(steps):
        data = folder / f"data{log.step}"
        if _killed_at(step, data, log):
            _continue(step, data, log)


def _length(places: dict[str, np.ndarray]) -> int:
    return len(next(iter(places.values())))


def _killed_at(step: Step, data: Path, log: Log) -> bool:
    command = [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={SPEED}", "-c", step["scan"]]
    process = subprocess.Popen(
        command,
        env=environment(data) | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = "".join(_until_point(process, step["point"]))
    process.kill()
    process.communicate()
    is_shown = step["point"] in point_numbers(shown)
    log.check(is_shown, BEGUN, shown)
    return is_shown


def _until_point(process: subprocess.Popen[str], point: int) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if point in point_numbers(line):
            return


def _continue(step: Step, data: Path, log: Log) -> None:
    places = SCANS[step["scan"]]
    elsewhere = " ".join(f"{motor} 1.5" for motor in places)
    line = f"mov {elsewhere}; continue 1"
    command = [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={SPEED}", "-c", line]
    done = subprocess.run(
        command, env=environment(data), capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False
    )
    runs = list(Runs(data))
    shown = done.stdout + done.stderr
    log.figures["points at which it was killed"] += 1
    if runs[0].num_events.get("primary", 0) == _length(places):  # killed behind its last point
        log.check("it is complete" in shown, CONTINUED, shown)
        return
    if done.returncode != 0 or len(runs) != 2 or runs[1].exit_status != "success":
        log.check(False, CONTINUED, shown)
        return
    whole = runs[1].whole()
    for motor, expected in places.items():
        is_same = np.array_equal(whole[f"{motor}_user_setpoint"], expected) and np.allclose(
            whole[motor], expected, rtol=0, atol=2e-3
        )
        log.check(is_same, SAME, f"{motor}: {whole[f'{motor}_user_setpoint'].tolist()}")
    points = [run.num_events.get("primary", 0) for run in runs]
    log.check(sum(points) == _length(places), ONCE, points)
    log.figures["points continued"] += points[1]


CONTINUING = LongTest("continuing", "kills", story, play)

if __name__ == "__main__":
    sys.exit(CONTINUING.main())
