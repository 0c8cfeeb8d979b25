"""What a console keeps in memory of the runs that it has done: a few pages of their rows, and no points."""

from __future__ import annotations

import gc
import tracemalloc

from beamshell.devices.sim import SynGauss
from beamshell.shell.typed_history import keep_history

POINTS, RUNS = 1000, 3
KEPT_OF_A_RUN = 64 * 1024
"""Bytes: the last pages of its table, and where its file is. Three numbers of each of its points would be more."""


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
