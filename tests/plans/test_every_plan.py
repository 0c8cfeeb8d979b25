"""Every plan: the messages that it sends, in order; the points that it visits; what its documents say."""

import document_rules
import pytest
from plans.plan_cases import ALONG_LINES, CASES, GRIDS, RELATIVE, SPEC, SPIRALS, beamline, play

from beamshell import plans as bp

MODULES = {f"beamshell.plans.{name}" for name in ("adaptive", "centroid", "grids", "scans", "spec_style", "spirals")}
ADDED_BY_THE_ENGINE = ("uid", "time", "scan_id")


@pytest.fixture
def here():
    return beamline()


@pytest.mark.parametrize("name", CASES)
def test_a_plan_sends_exactly_these_messages(here, name):
    case = CASES[name]
    core, messages = play(case, here)
    assert core.exit_status == "success", core.error
    assert messages == case.messages


@pytest.mark.parametrize("name", CASES)
def test_a_plan_says_exactly_this_of_itself(here, name):
    case = CASES[name]
    play(case, here)
    document_rules.check(here.world.docs)
    start = here.world.docs[0][1]
    plan_metadata = {key: value for key, value in start.items() if key not in ADDED_BY_THE_ENGINE}
    places = {"x": 10.0, "y": 20.0}
    origins = {"origins": {motor: places[motor] for motor in case.start["motors"]}} if name in RELATIVE else {}
    assert plan_metadata == {"plan_name": case.name or name, **case.start, **origins}


@pytest.mark.parametrize("name", {**ALONG_LINES, **GRIDS, **SPIRALS, **SPEC})
def test_the_events_are_those_of_the_points_that_were_announced(here, name):
    """The motors were where they had been sent, and the detector saw them there."""
    play(CASES[name], here)
    start, stop = here.world.docs[0][1], here.world.docs[-1][1]
    data = list(here.world.final_data().values())
    assert len(data) == start["num_points"] == stop["num_events"]["primary"]
    fields = [field for fields, _ in start["hints"]["dimensions"] for field in fields]
    for motor, extent in zip(fields, start["extents"], strict=True):
        places = [event[motor] for event in data]
        assert [min(places), max(places)] == extent
    assert [event["det"] for event in data] == [10.0 * event["x"] for event in data]


DIFFERENT = {
    "scan": "steps of several motors",
    "rel_scan": "motors that return",
    "grid_scan": "a motor that stays where it is",
    "adaptive_scan": "points that depend on the readings",
    "tune_centroid": "several passes, then a point at the centroid",
    "tweak": "questions to the operator",
    "count": "delays, and no motor",
    "timescan": "no end",
    "fly": "flyers",
    "dscan": "a count time that is set and put back, around motors that return",
    "lineup": "a move after the run",
}
"""Plans that differ in structure, and in what; a ramp goes on while it is paused, and reads less then."""


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_plan_that_is_paused_at_any_message_measures_the_same_points_once(here, name):
    case = CASES[name]
    _, messages = play(case, here)
    for index in range(len(messages)):
        other = beamline()
        core, _ = play(case, other, pause_at=index)
        assert core.exit_status == "success", (index, messages[index], core.error)
        document_rules.check(other.world.docs)
        assert other.world.final_data() == here.world.final_data(), (index, messages[index])
        assert (other.x.position, other.y.position) == (here.x.position, here.y.position), (index, messages[index])


def test_no_plan_is_left_out():
    named = {getattr(bp, name) for name in bp.__all__ if getattr(getattr(bp, name), "__module__", None) in MODULES}
    assert {plan.__name__ for plan in named if not isinstance(plan, type)} <= CASES.keys()
