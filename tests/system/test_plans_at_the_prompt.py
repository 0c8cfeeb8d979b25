"""The talk's plans as a person runs them: for ever until Ctrl+C, pausing by themselves, and forgotten to be run."""

from __future__ import annotations

import re

from beamshell.store import Runs


def define(console, *lines: str) -> None:
    """Type a function, as the prompt indents it; an empty line ends it."""
    for line in lines:
        console.begin(line)
        console.wait_for(r"\.\.\.:?\s*$", console.row)
    for _ in range(4):
        start = console.begin("")
        console.wait_until(
            lambda start=start: console.row >= start and (console.at_prompt or "...:" in console.last_line)
        )
        if console.at_prompt:
            return
    raise AssertionError(f"the function did not end:\n{console.text()}")


def test_a_count_for_ever_goes_on_until_ctrl_c_and_is_a_success_when_stopped(console):
    start = console.begin("RE(bp.count([det], num=None))")
    console.wait_for_point(5, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert console.state == "PAUSED"
    console.do("stop")
    assert console.state == ""
    run = console.runs[-1]
    assert run[0][1]["num_points"] is None
    assert run[-1][1]["exit_status"] == "success"
    assert run[-1][1]["num_events"]["primary"] == sum(name == "event" for name, _ in run) >= 5
    assert "Traceback" not in console.text(start)


def test_a_pausing_plan_is_resumed_as_often_as_one_likes_and_stopped(console):
    define(
        console,
        "def pausing_plan():",
        "while True:",
        "yield from bp.count([det])",
        "yield from bps.checkpoint()",
        "yield from bps.pause()",
    )
    output = console.do("RE(pausing_plan())")
    assert console.state == "PAUSED"
    assert "resume" in output
    for _ in range(2):
        console.do("resume")
        assert console.state == "PAUSED"
    console.do("stop")
    assert console.state == ""
    assert [run[-1][1]["exit_status"] for run in console.runs[-3:]] == ["success"] * 3


def test_a_relative_scan_that_was_interrupted_brings_the_motor_back(console):
    console.do("mov th 5")
    start = console.begin("rscan det th -1 1 41")
    console.wait_for_point(3, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert console.state == "PAUSED"
    console.do("abort sample fell off")
    assert console.state == ""
    assert "th  5.0000" in console.do("wm th")
    run = console.runs[-1]
    assert (run[-1][1]["exit_status"], run[-1][1]["reason"]) == ("abort", "sample fell off")


def test_a_plan_that_is_typed_or_forgotten_without_being_run_is_reported(console):
    before = len(console.runs)
    console.do("mov th 0")
    assert "<count: a plan that has not been run; RE(...) runs it>" in console.do("bp.count([det])")
    assert "PlanNotRun" not in console.do("plan = bp.count([det])")
    assert "beamshell: count(...) was called but not run, so nothing has happened" in console.do("del plan")
    define(console, "def forgetful():", "bps.mv(th, 1)", "yield from bp.count([det])")
    output = re.sub(r"\s+", "", console.do("RE(forgetful())"))  # a long line goes on in the next row
    assert "mv(...)wascalledbutnotrun(line2,inforgetful:bps.mv(th,1))" in output
    assert "write`yieldfrommv(...)`inaplan" in output
    assert "0.0000" in console.do("wm th")
    assert len(console.runs) == before + 1
    assert "Traceback" not in console.text()


TALK = """\
from beamshell.plans import count, scan
from beamshell.plans.stubs import mv
def sweep_exposure_time(times):
    "Multiple scans: one per exposure time setting."
    for t in times:
        yield from mv(det.count_time, t)
        yield from scan([det], th, -1, 1, 5)
def my_plan():
    yield from count([det], md={'purpose': 'calibration'})
    yield from scan([det], th, 1, 5, 5, md={'purpose': 'good data'})
    yield from count([det], md={'purpose': 'sanity check'})
RE.md['proposal_id'] = 123456
RE(sweep_exposure_time([0.01, 0.1, 1]))
RE(my_plan())
"""


def test_the_talks_sweep_and_its_plan_with_metadata_run_on_the_demo_beamline(run_beamshell, data):
    finished = run_beamshell(stdin=TALK, speed=20.0)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    runs = Runs(data)[-6:]
    assert [run.start.get("purpose") for run in runs] == [None] * 3 + ["calibration", "good data", "sanity check"]
    assert {run.start["proposal_id"] for run in runs} == {123456}
    assert [run.config["det"]["det_count_time"] for run in runs[:3]] == [0.01, 0.1, 1.0]
    assert [run.num_events["primary"] for run in runs] == [5, 5, 5, 1, 5, 1]
