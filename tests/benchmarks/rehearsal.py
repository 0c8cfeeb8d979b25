"""How near a rehearsal's time is to the real one after ten runs of learning, and what it costs before a scan."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import machine, table, with_range

sys.path.insert(0, str(Path(__file__).parents[1]))  # for terminal
sys.path.insert(0, str(Path(__file__).parents[1] / "system"))

from terminal import QUICK, environment
from test_rehearsal import LEARNING, MEASURING, SCANS

SPEEDS = (1, 10)
"""The demo beamline as fast as life, where settings tell nearly all; and ten times as fast, where they tell nothing."""

COSTS = """
def cost(make):
    begun = time.process_time()
    session.runner.preflight.before(make)
    return time.process_time() - begun

for points in (10, 1000, 100_000, 1_000_000):
    make = lambda: bp.ascan(th, -1, 1, points - 1, 0.1, detectors=[det])
    print('COST', json.dumps([points, [cost(make) for _ in range(9)]]))

def first_row(points):
    rows = []
    def row(name, doc):
        if not rows:
            rows.append(time.perf_counter())
            RE.stop()
    token = RE.subscribe(row, 'event')
    begun = time.perf_counter()
    get_ipython().run_cell(f'scan det th -1 1 {points}')
    RE.unsubscribe(token)
    return rows[0] - begun

for points in (10, 1000, 100_000, 1_000_000):
    print('ROW', json.dumps([points, [first_row(points) for _ in range(9)]]))

"""


def measured_at(speed: int) -> list[tuple[str, list]]:
    """What a console has to say that learns from ten runs, then rehearses and runs five other scans."""
    measure = "".join(
        f"print('RESULT', json.dumps(['{name}', compare(lambda: {plan})]))\n" for name, plan in SCANS.items()
    )
    with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as data:
        finished = subprocess.run(
            [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={speed}"],
            env=environment(Path(data)),
            input=LEARNING + MEASURING + measure + COSTS,
            capture_output=True,
            text=True,
            check=True,
        )
    lines = [line.partition(" ") for line in finished.stdout.splitlines()]
    return [(word, json.loads(rest)) for word, _, rest in lines if word in ("RESULT", "COST", "ROW")]


def main() -> None:
    print(machine())
    answers = {speed: measured_at(speed) for speed in SPEEDS}
    table(
        "A rehearsal's time beside the real one, after ten runs of learning",
        ["scan", "beamline's speed", "foretold", "real", "difference", "stated error"],
        [
            [
                name,
                f"{speed} x life",
                f"{foretold:.2f} s",
                f"{real:.2f} s",
                f"{foretold / real - 1:+.1%}",
                f"{error:.0%}",
            ]
            for speed, lines in answers.items()
            for word, (name, *rest) in lines
            if word == "RESULT"
            for foretold, real, _, error in rest
        ],
    )
    for title, kind in (
        ("What a rehearsal costs before a scan, in processor time", "COST"),
        ("From Enter to the first row of `scan det th -1 1 ...`, the first move included", "ROW"),
    ):
        lines = [[f"{points:,}", with_range(seconds)] for word, (points, seconds) in answers[10] if word == kind]
        table(title, ["points", "time"], lines)


if __name__ == "__main__":
    main()
