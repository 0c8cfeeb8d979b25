"""What an event costs on the path of a scan: table, plot and peaks of the console, and bluesky's BestEffortCallback.

Both get the same documents in one run, round by round, and print to a terminal that somebody reads; their windows are
of Qt without a screen. What is measured is the call of the subscriber, during which the scan waits, in a fast scan: the
first event of each round, after a second of the other's drawing, is not timed. Measured besides: an event whose row is
printed at once, as one each tenth of a second is; and what is left for later: the rows that are printed while the
engine waits, and what bluesky's windows draw. The other part, `scan_with_a_window`, measures what is left of a scan's
speed while its window draws. Both are parts of `live.py`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ |= {"QT_QPA_PLATFORM": "offscreen", "BEAMSHELL_PLOTS": "window"}
sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from measure import Job, median, rounds, table, verdict, with_range
from points import on_a_terminal
from trivial_devices import Detector, Motor

from beamshell import plans as bp
from beamshell.callbacks import BestEffort
from beamshell.callbacks.painter import Painter, painter
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.engine import RunEngine
from beamshell.shell.gui_loop import GuiLoop
from beamshell.shell.live_line import LiveLines

Documents = Iterator[tuple[str, dict[str, Any]]]

POINTS = (10, 1000, 100_000)
MEASURED = 20
ROUNDS = 3
LEAST_RATIO = 50
SPEED_KEPT = 0.97


# ---- events --------------------------------------------------------------------------------------


def events() -> None:
    """An event at the 10th, the 1000th and the 100 000th point."""
    with on_a_terminal():
        taken = {
            points: rounds(
                {
                    "ours": ours(points),
                    "at once": ours(points, at_once=True),
                    "printed": ours(points, printed=True),
                    "bluesky": theirs(points),
                    "drawn": theirs(points, drawn=True),
                },
                ROUNDS,
            )
            for points in POINTS
        }
    lines = []
    for points, seconds in taken.items():
        ratio = median(seconds["bluesky"]) / median(seconds["ours"])
        row = [f"{points:,}", with_range(seconds["ours"]), with_range(seconds["bluesky"])]
        row += [f"{ratio:.0f}", verdict(round(ratio), at_least=LEAST_RATIO)]
        lines.append([*row, *(with_range(seconds[name]) for name in ("at once", "printed", "drawn"))])
    heads = ["at point", "an event here", "an event of bluesky", "ratio", "goal"]
    heads += ["its row printed at once", "all rows printed together", "of bluesky, with its drawing"]
    table("An event of a scan with table, plot and peaks", heads, lines)


def ours(points: int, *, at_once: bool = False, printed: bool = False) -> Job:
    """A job that hands some events to the console's subscriber, after so many points.

    Args:
        points: how many it has before.
        at_once: print each row when it comes.
        printed: print the rows at the end of the round; else they are printed afterwards, while the engine waits.
    """
    painter = Painter()
    rows = WaitingRows(painter)
    best = BestEffort(painter=painter, rows=rows)
    documents = scan_documents(points + (1 + MEASURED) * (ROUNDS + 1))
    for _ in range(2 + points):
        best(*next(documents))
    hand = handing(best, documents, rows.draw if printed else lambda: None)

    def hand_in_the_console() -> float:
        with LiveLines(rows.print_first), nullcontext() if at_once else rows.allowed():
            return hand()

    return hand_in_the_console


def theirs(points: int, *, drawn: bool = False) -> Job:
    """The same with bluesky's; its plot and statistics get the first points at once, which would take hours.

    Args:
        points: how many it has before.
        drawn: let Qt draw after each event, as bluesky's own loop does; ours draws while the engine waits.
    """
    import matplotlib
    from bluesky.callbacks.best_effort import BestEffortCallback
    from PySide6.QtWidgets import QApplication

    qt = QApplication.instance() or QApplication([])  # without one, matplotlib looks for a screen
    matplotlib.use("qtagg")
    best = BestEffortCallback()
    documents = scan_documents(points + (1 + MEASURED) * (ROUNDS + 1))
    best(*next(documents))
    best(*next(documents))
    first = [next(documents)[1] for _ in range(points)]
    for plots in best._live_plots.values():
        for plot in plots.values():
            plot.x_data += [event["data"]["motor"] for event in first]
            plot.y_data += [event["data"]["det"] for event in first]
    for statistics in best._peak_stats.values():
        for one in statistics.values():
            one._events += first

    def receive(name: str, document: dict[str, Any]) -> None:
        best(name, document)
        if drawn:
            qt.processEvents()

    return handing(receive, documents)


def handing(
    subscriber: Callable[[str, dict[str, Any]], Any], documents: Documents, at_end: Callable[[], object] = lambda: None
) -> Job:
    """A job that hands the next documents to a subscriber; seconds a document."""

    def hand() -> float:
        subscriber(*next(documents))
        following = [next(documents) for _ in range(MEASURED)]
        begun = time.process_time()
        for name, document in following:
            subscriber(name, document)
        at_end()
        return (time.process_time() - begun) / MEASURED

    return hand


def scan_documents(points: int) -> Documents:
    """The documents of a scan without its end."""
    uid = f"run of {points}"
    hints = {"dimensions": [(["motor"], "primary")]}
    start = {"uid": uid, "time": time.time(), "scan_id": 1, "plan_name": "scan", "hints": hints}
    yield "start", {**start, "motors": ["motor"], "detectors": ["det"], "num_points": points}
    key = {"source": "SIM", "dtype": "number", "shape": [], "precision": 3}
    yield (
        "descriptor",
        {
            "uid": f"{uid} primary",
            "run_start": uid,
            "name": "primary",
            "time": 0.0,
            "data_keys": {"motor": {**key, "object_name": "motor"}, "det": {**key, "object_name": "det"}},
            "object_keys": {"motor": ["motor"], "det": ["det"]},
            "hints": {"motor": {"fields": ["motor"]}, "det": {"fields": ["det"]}},
            "configuration": {},
        },
    )
    for number in range(points):
        yield (
            "event",
            {
                "uid": f"{uid} {number}",
                "descriptor": f"{uid} primary",
                "time": 1.7e9 + number,
                "seq_num": number + 1,
                "data": {"motor": number * 1e-3, "det": float(number % 17)},
                "timestamps": {"motor": 0.0, "det": 0.0},
                "filled": {},
            },
        )


# ---- a scan while its window draws ---------------------------------------------------------------

SCAN_S = 6.0
COUNT_TIMES_S = (0.005, 0.02, 0.1)


def scan_with_a_window() -> None:
    """The time of a scan without and with its window, for several count times."""
    lines = []
    for count_s in COUNT_TIMES_S:
        taken = rounds({"without": scanning(count_s, plots=False), "with": scanning(count_s, plots=True)}, ROUNDS)
        kept = median(taken["without"]) / median(taken["with"])
        row = [f"{count_s * 1e3:g} ms", with_range(taken["without"]), with_range(taken["with"]), f"{kept:.1%}"]
        lines.append([*row, verdict(round(kept, 3), at_least=SPEED_KEPT)])
    table("A point of a scan", ["count time", "without a window", "with a window", "speed kept", "goal"], lines)


def scanning(count_s: float, *, plots: bool) -> Job:
    """A job that scans with a detector that counts for some time; seconds a point."""
    engine = RunEngine()
    best = BestEffort(out=lambda text: None)
    best.table, best.plots = False, plots
    engine.subscribe(best)
    loop = GuiLoop(painter)
    loop.enable(SimpleNamespace(events=SimpleNamespace(register=lambda *_: None), simple_prompt=True))
    engine.pump = loop.pump
    detector, motor, points = CountingDetector("det", count_s), Motor("motor"), round(SCAN_S / count_s)

    def scan() -> float:
        begun = time.perf_counter()
        engine(bp.scan([detector], motor, -1, 1, points))
        return (time.perf_counter() - begun) / points

    return scan


class CountingDetector(Detector):
    """Counts for some time."""

    def __init__(self, name: str, count_s: float) -> None:
        super().__init__(name)
        self._count_s = count_s

    def trigger(self) -> Any:
        return Counting(self._count_s)


class Counting:
    """A status that is done after some time."""

    def __init__(self, seconds: float) -> None:
        self.done = self.success = False
        self._callbacks: list[Callable[[Any], Any]] = []
        threading.Timer(seconds, self._end).start()

    def add_callback(self, callback: Callable[[Any], Any]) -> None:
        self._callbacks.append(callback)

    def exception(self, timeout: float | None = None) -> None:
        return None

    def _end(self) -> None:
        self.done = self.success = True
        for callback in self._callbacks:
            callback(self)
