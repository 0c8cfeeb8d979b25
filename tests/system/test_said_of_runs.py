"""What is said about runs in a terminal on the demo beamline: comments, corrections of several runs, and undo."""

from __future__ import annotations

import re

from beamshell.store import Runs
from beamshell.store.amendments import Amendments

SPEED = 20.0


def answered(console, line, reply):
    start = console.begin(line)
    console.wait_for(r"\[Y/n\]", start)
    if reply == "Ctrl+C":
        console.press_ctrl_c()
    else:
        console.process.send(f"{reply}\r")
    console.wait_for_prompt(start)
    return console.text(start)


def test_runs_are_amended_after_a_question_and_two_consoles_see_what_is_said(console):
    console.do("newsample Si")
    console.do("scan det th 0 1 2; scan det th 0 1 2")
    runs = Runs(console.data)
    for reply in ("n", "Ctrl+C"):
        assert "nothing is amended" in answered(console, "amend -2..-1 sample LaB6", reply)
    assert [run.metadata["sample"] for run in runs[-2:]] == ["Si", "Si"]

    assert "2 runs amended: undo takes it back" in answered(console, "amend -2..-1 sample LaB6", "")
    assert [run.metadata["sample"] for run in runs[-2:]] == ["LaB6", "LaB6"]

    Amendments(console.data, "another console").add("tag", runs[-1].uid, runs[-1].scan_id, "keep", operator="ben")
    assert re.search(r"^tag +\S+ +ben +keep$", console.do("runs -1"), re.MULTILINE)
    assert "sample: LaB6 -> Si" in console.do("undo")
    shown = console.do("runs -1")
    assert "keep" in shown
    assert "LaB6" not in shown
    runs.index.close()
