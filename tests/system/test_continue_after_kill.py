"""A person whose console has died in the middle of a scan opens another one and types `continue`."""

from __future__ import annotations

import signal

import numpy as np

from beamshell.store import Runs


def test_after_kill_9_the_next_console_shows_the_scan_asks_and_finishes_it(open_console, data):
    console = open_console()
    start = console.begin("scan det th -1 1 11 0.05")
    console.wait_for_point(4, start)
    console.process.kill(signal.SIGKILL)
    console.wait_for_end()

    console = open_console()
    start = console.begin("continue")
    console.wait_for(r"Continue it\? \[Y/n\]", start)
    measured = Runs(data)[1].num_events["primary"]
    shown = console.text(start)
    assert f"run 1 goes on at point {measured + 1} of 11: scan det th -1 1 11 0.05" in shown
    assert f"th: 0.0000 -> {-1 + 0.2 * (measured - 1):.4f} deg" in shown
    console.process.send("\r")
    console.wait_for_prompt(start)
    run = Runs(data)[2]
    assert run.exit_status == "success"
    assert run.num_events["primary"] == 11 - measured
    assert np.array_equal(run.whole()["th_user_setpoint"], np.linspace(-1, 1, 11))
    assert "it is complete, 11 of 11 points" in console.do("continue 1")

    assert console.do("for i in range(2): continue") == ""  # in a loop the word is Python's
    assert "(continues 1)" in console.do("runs")
