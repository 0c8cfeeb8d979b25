"""What a console keeps in memory of the runs that it has done: a few pages of their rows, and no points."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from beamshell.callbacks import BestEffort, LivePlot
from beamshell.callbacks.painter import Painter
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.engine import RunEngine
from beamshell.plans import scan
from beamshell.shell.gui_loop import GuiLoop
from beamshell.shell.typed_history import keep_history
from beamshell.store import Journal
from beamshell.views.curves import Curves

PATIENCE_S = 600
"""What is allocated is traced, which takes long on a busy machine."""

POINTS, RUNS = 1000, 2
KEPT_OF_A_RUN = 64 * 1024
"""Bytes: the last pages of its table, and where its file is. Three numbers of each of its points would be more."""

FEW_POINTS = 250
KEPT_WITHOUT_A_PROMPT = 7 * 1024
"""Bytes: where its file is, and noise. One number of each of its points would be 8 KiB."""


@pytest.mark.timeout(PATIENCE_S)
def test_a_console_keeps_no_points_of_its_runs(prompt, typed):
    keep_history(prompt.shell.history_manager)  # as the application does
    prompt.names["gauss"] = SynGauss(name="gauss", motor=prompt.session.devices["th"])
    cell = f"scan gauss th -1 1 {POINTS}"
    assert f"success, {POINTS} points" in typed(cell)
    tracemalloc.start()
    try:
        typed(cell)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(RUNS):
            typed(cell)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < RUNS * KEPT_OF_A_RUN


def curves():
    return [each for each in gc.get_objects() if type(each) is Curves]


@pytest.mark.timeout(PATIENCE_S)
def test_twenty_runs_leave_the_curves_of_the_last_two_and_no_points(tmp_path):
    """With journal, table, peak statistics and a plot, which shows the last run in grey beside the present one."""
    engine, painter = RunEngine(), Painter()
    engine.subscribe(Journal(tmp_path), writer=True)
    best = BestEffort(painter=painter, out=lambda _: None)
    best.plots = False  # but for the one with axes that need no window
    engine.subscribe(best)
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_axis_off()  # nobody reads the numbers at it, and to write them takes most of the time of a drawing
    engine.subscribe(LivePlot("gauss", "th", ax=axes, painter=painter))
    engine.pump = GuiLoop(painter).pump
    th = SynAxis(name="th")
    gauss = SynGauss(name="gauss", motor=th)
    of_other_tests = curves()

    def kept_after(runs):
        for _ in range(runs):
            engine(scan([gauss], th, -1, 1, FEW_POINTS))
            painter.flush()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        growth = -kept_after(3) + kept_after(17)
    finally:
        tracemalloc.stop()
    assert growth < 17 * KEPT_WITHOUT_A_PROMPT
    assert len([each for each in curves() if not any(each is other for other in of_other_tests)]) <= 2
