"""docs/how-to/extend/plan.md does what it says."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.devices.sim.axes import SynAxis
from beamshell.devices.sim.detectors import SynGauss
from beamshell.plans import stubs as bps
from beamshell.plans.unrun_plan_guard import PlanNotRun
from beamshell.simulate import rehearse

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "plan.md").read_text()
MODULE, OWN_POINT, FOR_BLUEAPI = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def snake():
    names = {}
    exec(MODULE, names)
    return names["snake"]


@pytest.fixture
def motor():
    return SynAxis(name="th", limits=(-5, 5))


@pytest.fixture
def det(motor):
    return SynGauss(name="det", motor=motor)


def test_the_points_of_a_scan_may_be_measured_by_ones_own_function(motor, det):
    events = []
    engine = RunEngine()
    engine.subscribe(lambda name, doc: events.append(doc["data"]["th"]), "event")
    exec(OWN_POINT, {"bp": bp, "bps": bps, "RE": engine, "det": det, "th": motor})
    assert len(events) == 42
    assert events[:4] == pytest.approx([-1, -1, -0.9, -0.9])


def test_the_plan_of_the_page_is_one_run_with_its_points(snake, motor, det):
    documents = []
    RunEngine()(snake([det], motor, -1, 1, 3), lambda name, doc: documents.append((name, doc)))
    positions = [doc["data"]["th"] for name, doc in documents if name == "event"]
    assert positions == [-1, 1, -1, 1, -1, 1]
    assert documents[0][1]["plan_name"] == "snake"
    assert documents[-1][1]["exit_status"] == "success"


def test_it_is_rehearsed_without_moving_anything_and_refused_at_a_limit(snake, motor, det):
    rehearsal = rehearse(snake([det], motor, -1, 1, 3))
    assert [point.positions["th"] for point in rehearsal.points] == [-1, 1, -1, 1, -1, 1]
    assert motor.position == 0
    (problem,) = rehearse(snake([det], motor, -1, 9, 3)).problems
    assert "th" in str(problem)


def test_it_says_that_it_was_called_and_not_run(snake, motor, det):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.warns(PlanNotRun, match="snake"):
            snake([det], motor, -1, 1, 3)


def test_a_plan_with_types_measures(motor, det):
    names = {}
    exec(FOR_BLUEAPI, names)
    events = []
    RunEngine()(names["sweep"]([det], motor), lambda name, doc: events.append(doc["data"]) if name == "event" else None)
    assert [round(event["th"], 3) for event in events][::20] == [-0.5, 0.5]
