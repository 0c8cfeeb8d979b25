"""What a point of a scan of trivial devices costs: the engine alone, and what each subscriber of the console adds.

The table is printed to a terminal that somebody reads, and the window is one of Qt without a screen. Processor time is
measured: nothing here waits, and other work on the machine disturbs it least.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ |= {"QT_QPA_PLATFORM": "offscreen", "BEAMSHELL_PLOTS": "window"}

from measure import Job, machine, median, rounds, table, verdict, with_range
from trivial_devices import Detector, Motor

from beamshell import plans as bp
from beamshell.callbacks import BestEffort
from beamshell.callbacks.figures import Windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.plot import LinePicture
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.engine import RunEngine
from beamshell.shell.gui_loop import GuiLoop
from beamshell.shell.plan_display import PlanDisplay
from beamshell.store import Journal
from beamshell.views.curves import Curves
from beamshell.views.fields import Field

POINTS = 2000
ROUNDS = 7
MOST_S = 0.15e-3
DET, MOTOR = Detector("det"), Motor("motor")


def console(folder: Path, *, journal: bool = False, **views: bool) -> Job:
    """A job that scans with some of the console's subscribers; the views are those of BestEffort."""
    engine = RunEngine()
    painter = Painter()
    rows = WaitingRows(painter)
    if journal:
        engine.subscribe(Journal(folder), writer=True)
    if views:
        best = BestEffort(painter=painter, rows=rows)
        best.table, best.plots, best.peaks = (views.get(name, False) for name in ("table", "plots", "peaks"))
        engine.subscribe(best)
    engine.pump = GuiLoop(painter).pump
    engine.while_running = PlanDisplay(painter, rows=rows).running  # where it shows the last line, rows may wait

    def scan() -> float:
        begun = time.process_time()
        engine(bp.scan([DET], MOTOR, -1, 1, POINTS))
        return (time.process_time() - begun) / POINTS

    return scan


@contextlib.contextmanager
def on_a_terminal() -> Iterator[None]:
    """Let the standard output be a terminal whose other end is read all the time by another process."""
    reader_fd, terminal_fd = os.openpty()
    reader = subprocess.Popen(["cat"], stdin=reader_fd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(reader_fd)
    printed, sys.stdout = sys.stdout, os.fdopen(terminal_fd, "w", buffering=1)
    try:
        yield
    finally:
        sys.stdout.close()
        sys.stdout = printed
        reader.wait()


def drawing(windows: Windows, points: int) -> Job:
    """A job that draws a curve of so many points while its scan runs."""
    curves = Curves({"uid": "run"}, {}, Field("motor"), [Field("det")])
    for number in range(points):
        curves.add({"seq_num": number + 1, "data": {"motor": number / points, "det": math.sin(20 * number / points)}})
    window = windows.window(points, f"{points} points")
    window.show(LinePicture(curves, {}, "linear", windows))

    def draw() -> float:
        begun = time.process_time()
        window.draw()
        return time.process_time() - begun

    return draw


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as data:
        folder = Path(data)
        alone = {
            "the journal": {"journal": True},
            "peak statistics": {"peaks": True},
            "the table": {"table": True},
            "the plot": {"plots": True},
        }
        jobs = {"the engine and the plan": console(folder)}
        jobs |= {name: console(folder, **subscribers) for name, subscribers in alone.items()}
        jobs["all of them"] = console(folder, journal=True, peaks=True, table=True, plots=True)
        with on_a_terminal():
            taken = rounds(jobs, ROUNDS)
    engine_s = median(taken["the engine and the plan"])
    lines = [["the engine and the plan", with_range(taken["the engine and the plan"]), ""]]
    for name in alone:
        added = max(0.0, median(taken[name]) - engine_s)
        lines.append([f"with {name} alone", with_range(taken[name]), f"{added * 1e6:.0f} µs"])
    everything = taken["all of them"]
    goal = verdict(round(median(everything) * 1e3, 3), at_most=MOST_S * 1e3)
    lines.append(["with all of them", with_range(everything), f"{(median(everything) - engine_s) * 1e6:.0f} µs"])
    table("A point of a scan, by subscriber", ["", "a point", "added"], lines)
    print(f"\nA point with everything on, in ms: {goal}")
    windows = Windows()
    drawn = rounds({f"{points:,}": drawing(windows, points) for points in (100, 10_000, 100_000, 1_000_000)}, ROUNDS)
    table("A drawing of a growing curve", ["points", "a drawing"], [[n, with_range(t)] for n, t in drawn.items()])


if __name__ == "__main__":
    main()
