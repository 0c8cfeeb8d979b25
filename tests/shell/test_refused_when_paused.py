"""What is measured beside a paused plan, and what is refused there: a refusal leaves nothing behind."""

from __future__ import annotations

import gc

import pytest

from beamshell.devices.sim import SynGauss

PAUSING = """
def pausing():
    yield from bps.stage(cam)
    yield from bps.mv(samx, 1)
    yield from bps.checkpoint()
    yield from bps.pause()
    yield from bps.unstage(cam)
RE(pausing())
"""


class Camera(SynGauss):
    """A detector that writes its pictures into a file."""

    def collect_asset_docs(self):
        return ()


@pytest.fixture
def paused(prompt, typed):
    """The prompt of a console whose plan is paused, and has staged a camera."""
    prompt.names["cam"] = Camera(name="cam", motor=prompt.session.devices["th"])
    typed(PAUSING)
    assert prompt.session.state == "paused"
    yield prompt
    if prompt.session.state == "paused":
        typed("abort")


REFUSED = "beamshell: cam writes the file of the paused run"
LINES = ["scan cam th 0 1 3", "scan(cam, th, 0, 1, 3)", "RE(bp.scan([cam], th, 0, 1, 3))", "align cam th"]


@pytest.mark.parametrize("line", LINES)
def test_a_refused_plan_is_not_said_to_be_forgotten_later(line, typed, paused):
    assert REFUSED in typed(line)
    gc.collect()
    assert typed("x = 1") == ""
    assert "not run" not in typed("abort")


LONG = [
    "align cam th -1 1 41 1",
    "edge cam th -1 1 41 1",
    "lineup cam th -1 1 40 1",
    "scan cam th -1 1 41 1",
    "regions cam th -1:1:0.1:1",
    "tscan cam 60 1",
    "loopscan cam 60 1",
]


@pytest.mark.parametrize("line", LONG)
def test_a_refused_plan_is_not_announced_before(line, typed, paused):
    """Its points and its time would say that it begins."""
    answer = typed(line).replace("checking all points before anything moves", "")  # which a busy machine says
    assert REFUSED in answer
    assert "points" not in answer


def test_a_scan_runs_beside_a_paused_plan_and_what_it_has_moved_goes_back(typed, paused):
    assert "scan " in typed("scan det samx 4 5 3")
    run = paused.session.runs[-1]
    assert (run.exit_status, run.table()["samx"].tolist()) == ("success", [4, 4.5, 5])
    assert paused.session.state == "paused"
    assert "goes back to 1" in typed("resume")
    assert paused.position("samx") == 1
    assert paused.session.state == "idle"


def test_the_scan_of_the_paused_run_and_the_one_beside_it_are_two_runs(typed, prompt):
    engine = prompt.session.RE
    token = engine.subscribe(lambda _, doc: doc["seq_num"] == 2 and engine.request_pause(), "event")
    typed("scan det th 0 1 5")
    engine.unsubscribe(token)
    typed("scan det th 7 8 3")
    typed("resume")
    first, beside = prompt.session.runs[-2:]
    assert first.table()["th"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert beside.table()["th"].tolist() == [7, 7.5, 8]
    assert first.exit_status == beside.exit_status == "success"


def test_a_queue_is_refused_with_its_items_as_they_were(typed, paused):
    typed("queue add scan det th 0 1 3")
    assert "queue 1 of 1" not in typed("queue run")
    assert "FAILED" not in typed("queue")
    typed("abort")
