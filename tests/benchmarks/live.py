"""What a person sees while it measures, and what it costs.

Run it with `python tests/benchmarks/live.py [last_line] ...`. Processor time is measured, which other work on the
machine disturbs least. Each part is a function that prints a table of its own; PARTS lists them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from live_events import events, scan_with_a_window
from measure import Job, machine, median, rounds, table, verdict, with_range
from points import on_a_terminal
from terminal import Terminal
from text_plot import text_plot
from trivial_devices import Detector, Motor

from beamshell import plans as bp
from beamshell.callbacks import LiveTable
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.engine import RunEngine
from beamshell.shell.gui_loop import GuiLoop
from beamshell.shell.live_line import LiveLines
from beamshell.shell.plan_display import PlanDisplay

ROUNDS = 7

# ---- the last line -------------------------------------------------------------------------------

POINTS = 2000
REST_S = 20.0
MOST_OF_A_CORE = 0.002
MOST_OF_AN_EVENT_S = 5e-6


def last_line() -> None:
    """The line while a plan runs, on the path of a point; and the line below the prompt, at rest."""
    with on_a_terminal():
        taken = rounds({"the table alone": scanning(shown=False), "with the last line": scanning(shown=True)}, ROUNDS)
    alone_s, shown_s = (median(seconds) for seconds in taken.values())
    lines = [[name, with_range(seconds), ""] for name, seconds in taken.items()]
    added_us = max(0.0, shown_s - alone_s) * 1e6
    lines.append(["the last line", f"{added_us:.2g} µs", verdict(added_us, at_most=MOST_OF_AN_EVENT_S * 1e6)])
    table("A point of a scan of trivial devices in a terminal", ["", "a point", "goal"], lines)
    shares = {name: at_rest(*words) for name, words in RESTING.items()}
    plain, with_line = shares.values()
    rows = [[name, f"{share:.2%}", ""] for name, share in shares.items()]
    goal = verdict(round(max(0.0, with_line - plain) * 100, 3), at_most=MOST_OF_A_CORE * 100)
    rows.append(["the line below the prompt", f"{max(0.0, with_line - plain):.2%}", goal])
    table("Share of a core of a console at its prompt", ["", "of a core", "goal (%)"], rows)


RESTING = {
    "without a line": ("--Beamshell.status_line=[]",),
    "ring, shutter, th": ("--Beamshell.status_line=['ring', 'shutter', 'th']",),
}


def scanning(*, shown: bool) -> Job:
    """A job that scans in a terminal, with the table, and with or without the last line."""
    engine, painter = RunEngine(), Painter()
    rows = WaitingRows(painter)
    engine.subscribe(LiveTable(rows=rows))
    engine.pump = GuiLoop(painter).pump

    @contextmanager
    def with_the_table_alone(_: object) -> Iterator[None]:
        with LiveLines(rows.print_first), rows.allowed():
            yield

    engine.while_running = with_the_table_alone
    if shown:
        display = PlanDisplay(painter, rows=rows)
        engine.subscribe(display.progress)
        engine.while_running = display.running
    det, motor = Detector("det"), Motor("motor")

    def scan() -> float:
        begun = time.process_time()
        engine(bp.scan([det], motor, -1, 1, POINTS))
        return (time.process_time() - begun) / POINTS

    return scan


def at_rest(*words: str) -> float:
    """The part of a core that a console takes while its prompt waits for keys."""
    with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as folder:
        console = Terminal(Path(folder) / "data", words, 1.0, knows_cursor=True)
        try:
            console.wait_for_prompt()
            console.do("wm th")
            console.sleep(3.0)  # what goes on after the first command
            begun, at_first = time.monotonic(), processor_s(console.process.pid)
            console.sleep(REST_S)
            return (processor_s(console.process.pid) - at_first) / (time.monotonic() - begun)
        finally:
            console.close()


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has taken, by all its threads."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


# ---- all of it -----------------------------------------------------------------------------------

PARTS: tuple[Callable[[], None], ...] = (last_line, text_plot, events, scan_with_a_window)


def main(names: list[str]) -> None:
    print(machine())
    for part in PARTS:
        if not names or part.__name__ in names:
            part()


if __name__ == "__main__":
    main(sys.argv[1:])
