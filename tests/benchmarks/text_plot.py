"""What a frame of the plot in the terminal costs; a part of `live.py`. Processor time is measured."""

from __future__ import annotations

import math
import time

from measure import Job, machine, median, rounds, table, verdict, with_range

from beamshell.views.run_plot import RunPlot

ROUNDS = 15
COLUMNS, LINES = 80, 16
MOST_S = {101: 1e-3, 100_000: 3e-3}
"""Seconds that a frame may take, by number of points."""
GRID = 101, 101

KEYS = {name: {"source": "sim", "dtype": "number", "shape": []} for name in ("x", "y", "det")}


def filled(motors: list[str], rows: list[tuple[float, ...]], **start: object) -> RunPlot:
    """The plot of a run with these points."""
    dimensions = [([motor], "primary") for motor in motors]
    hints = {name: {"fields": [name]} for name in (*motors, "det")}
    plot = RunPlot({"uid": "run", "detectors": ["det"], "motors": motors, "hints": {"dimensions": dimensions}, **start})
    plot("descriptor", {"uid": "stream", "name": "primary", "data_keys": KEYS, "object_keys": {}, "hints": hints})
    for number, row in enumerate(rows, 1):
        data = dict(zip((*motors, "det"), row, strict=True))
        plot("event", {"descriptor": "stream", "seq_num": number, "time": 0.0, "data": data, "timestamps": {}})
    return plot


def noisy_peak(points: int) -> list[tuple[float, float]]:
    """A peak whose lines cross each column of the terminal many times."""
    return [
        (x, math.exp(-(((x - 0.6) / 0.1) ** 2)) + 0.1 * math.sin(1e4 * x)) for x in (n / points for n in range(points))
    ]


def drawing(plot: RunPlot) -> Job:
    """A job that draws a frame; the processor time of one."""

    def draw() -> float:
        begun = time.process_time()
        for _ in range(10):
            plot.lines(COLUMNS, LINES)
        return (time.process_time() - begun) / 10

    return draw


def text_plot() -> None:
    """A frame of the plot in the terminal."""
    height, width = GRID
    places = [(y, x, math.sin(x / 9) * math.sin(y / 9)) for y in range(height) for x in range(width)]
    extents = [[0, height - 1], [0, width - 1]]
    grid = filled(["y", "x"], places, shape=[height, width], extents=extents, snaking=[False, False])
    jobs = {f"curve of {points} points": drawing(filled(["x"], noisy_peak(points))) for points in MOST_S}
    jobs[f"grid of {height} x {width} points"] = drawing(grid)
    taken = rounds(jobs, ROUNDS)
    goals = dict(zip(jobs, MOST_S.values(), strict=False))
    lines = []
    for name, seconds in taken.items():
        goal = verdict(median(seconds) * 1e3, at_most=goals[name] * 1e3) if name in goals else ""
        lines.append((name, with_range(seconds), goal))
    table(f"The plot in the terminal, {COLUMNS} x {LINES} characters", ("", "a frame", "goal (ms)"), lines)


if __name__ == "__main__":
    print(machine())
    text_plot()
