"""Axes that are computed from motors: ours in plans of bluesky on both engines, ophyd's in our plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bluesky
import bluesky.plan_stubs as bbps
import bluesky.plans as bbp
import ophyd
import pytest
from jaws import LimitedAxes as Jaws
from ophyd.pseudopos import pseudo_position_argument, real_position_argument

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.devices.sim import SynGauss
from beamshell.errors import LimitError
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.simulate import rehearse


class JawsOfOphyd(ophyd.PseudoPositioner):
    gap = ophyd.Component(ophyd.PseudoSingle, egu="mm")
    centre = ophyd.Component(ophyd.PseudoSingle, egu="mm")
    low = ophyd.Component(ophyd.SoftPositioner, init_pos=0, limits=(-5, 5))
    high = ophyd.Component(ophyd.SoftPositioner, init_pos=0, limits=(-5, 5))

    @pseudo_position_argument
    def forward(self, pseudo):
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    @real_position_argument
    def inverse(self, real):
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)


@pytest.fixture(params=["ours", "bluesky's"])
def engine(request) -> Iterator[Any]:
    if request.param == "ours":
        yield RunEngine({})
        return
    theirs = bluesky.RunEngine({}, context_managers=[])
    yield theirs
    theirs.loop.call_soon_threadsafe(theirs.loop.stop)
    theirs._th.join(5)
    theirs.loop.close()


@pytest.fixture
def RE() -> RunEngine:
    return RunEngine({})


@pytest.fixture
def ours() -> Jaws:
    return Jaws(name="jaws")


@pytest.fixture
def theirs() -> JawsOfOphyd:
    return JawsOfOphyd(name="jaws")


@pytest.fixture
def det(ours):
    return SynGauss(ours.gap, "jaws_gap", name="det")


def points_of(engine: Any, plan: Any) -> list[tuple[float, float]]:
    """Where the axes of "jaws" were at each point of a plan."""
    points = []

    def note(_: str, event: dict[str, Any]) -> None:
        points.append((event["data"]["jaws_gap"], event["data"]["jaws_centre"]))

    token = engine.subscribe(note, "event")
    engine(plan)
    engine.unsubscribe(token)
    return points


# ---- ours in plans of bluesky ------------------------------------------------------------------


def test_bluesky_moves_one_of_our_axes_and_both(engine, ours):
    engine(bbps.mv(ours.gap, 2))
    assert ours.position == (2, 0)
    engine(bbps.mv(ours.gap, 3, ours.centre, 1))
    assert ours.position == (3, 1)
    engine(bbps.mvr(ours.gap, -1, ours.centre, 0.5))
    assert ours.position == (2, 1.5)


def test_bluesky_scans_one_of_our_axes_and_a_grid_of_both(engine, ours):
    assert points_of(engine, bbp.scan([ours], ours.gap, 1, 2, 2)) == [(1, 0), (2, 0)]
    grid = bbp.grid_scan([], ours.gap, 1, 2, 2, ours.centre, 0, 1, 2)
    assert points_of(engine, grid) == [(1, 0), (1, 1), (2, 0), (2, 1)]


def test_a_relative_scan_of_bluesky_brings_both_of_our_axes_back(engine, ours):
    ours.set(2, 1).wait(5)
    scan = bbp.rel_grid_scan([], ours.gap, 0, 1, 2, ours.centre, 0, 1, 2)
    assert points_of(engine, scan) == [(2, 1), (2, 2), (3, 1), (3, 2)]
    assert ours.position == (2, 1)


def test_positions_of_several_axes_can_be_added(ours):
    assert ours.position + {"gap": 1} == (1, 0)
    distance = (1, 2)
    assert ours.position + distance == (1, 2)
    assert ours.position - (1, 2) == (-1, -2)
    with pytest.raises(TypeError):
        ours.position + {"angle": 1}


# ---- ophyd's in our plans ----------------------------------------------------------------------


@pytest.fixture
def sets(theirs, monkeypatch) -> list[Any]:
    """What the device, or an axis of it, was sent to."""
    sent: list[Any] = []
    monkeypatch.setattr(theirs, "set", _noting(theirs.set, sent))
    for axis in (theirs.gap, theirs.centre):
        monkeypatch.setattr(axis, "set", _noting(axis.set, sent))
    return sent


def _noting(set_: Any, sent: list[Any]) -> Any:
    def noting(position: Any, **kwargs: Any) -> Any:
        sent.append(position)
        return set_(position, **kwargs)

    return noting


def test_two_axes_of_ophyd_that_move_together_are_one_set_of_their_device(RE, theirs, sets):
    RE(bps.mv(theirs.gap, 2, theirs.centre, 1))
    assert sets == [{"gap": 2, "centre": 1}]
    assert theirs.position == (2, 1)


def test_one_axis_of_ophyd_is_moved_alone(RE, theirs, sets):
    RE(bps.mv(theirs.gap, 2))
    assert sets == [2]
    assert theirs.position == (2, 0)


def test_a_grid_of_two_axes_of_ophyd_visits_its_points(RE, theirs):
    grid = bp.grid_scan([], theirs.gap, 1, 2, 2, theirs.centre, 0, 1, 2)
    assert points_of(RE, grid) == [(1, 0), (1, 1), (2, 0), (2, 1)]


def test_a_relative_scan_of_two_axes_of_ophyd_brings_both_back(RE, theirs, sets):
    RE(bps.mv(theirs.gap, 2, theirs.centre, 1))
    scan = bp.rel_scan([], theirs.gap, 0, 1, theirs.centre, 0, 1, 2)
    assert points_of(RE, scan) == [(2, 1), (3, 2)]
    assert theirs.position == (2, 1)
    assert sets[-1] == {"gap": 2, "centre": 1}


def test_axes_that_are_possible_only_together_are_checked_together(RE, theirs):
    RE(bps.mv(theirs.gap, 8, theirs.centre, 0))
    RE(bps.mv(theirs.gap, 2, theirs.centre, 4))  # neither a gap of 8 around 4 nor what follows is asked for
    assert theirs.position == (2, 4)
    with pytest.raises(ValueError, match="point 2 of 2"):
        RE(bp.scan([], theirs.gap, 2, 8, theirs.centre, 4, 4, 2))
    assert theirs.position == (2, 4)


def test_a_rehearsal_follows_each_of_the_axes_that_are_sent_together(theirs):
    result = rehearse(bp.scan([], theirs.gap, 1, 2, theirs.centre, 0, 1, 2))
    assert {name: list(places) for name, places in result.path.items()} == {"jaws_gap": [1, 2], "jaws_centre": [0, 1]}


class LimitedJaws(JawsOfOphyd):
    """With limits on an axis, as most devices of beamlines have."""

    gap = ophyd.Component(ophyd.PseudoSingle, egu="mm", limits=(-1, 8))


def test_a_rehearsal_checks_an_axis_of_ophyd_with_the_others_where_the_plan_has_sent_them():
    jaws = LimitedJaws(name="jaws")
    assert not rehearse(bp.scan([], jaws.gap, -1, 1, 3)).problems
    assert not rehearse(bp.rel_scan([], jaws.gap, -1, 1, 3)).problems
    (refusal,) = rehearse(bp.scan([], jaws.gap, -1, 9, 3)).problems
    assert isinstance(refusal, LimitError)
    assert "point 3 of 3: jaws_gap: " in str(refusal)
    jaws.set(gap=0, centre=4).wait(5)
    back_in_the_middle = rehearse(bpp.pchain(bps.abs_set(jaws.centre, 0), bps.abs_set(jaws.gap, 8)))
    assert not back_in_the_middle.problems
    (refusal,) = rehearse(bps.abs_set(jaws.gap, 8)).problems  # around 4 it is too far for a motor
    assert isinstance(refusal, LimitError)


def test_axes_that_are_sent_together_are_put_back_together(RE, theirs):
    RE(bps.mv(theirs.gap, 2, theirs.centre, 1))
    events = []
    plan = bp.scan([theirs], theirs.gap, 0, 1, theirs.centre, 1, 2, num=3)
    RE(bpp.reset_positions_wrapper(plan), lambda name, doc: events.append(doc["data"]) if name == "event" else None)
    assert [(event["jaws_gap"], event["jaws_centre"]) for event in events] == [(0, 1), (0.5, 1.5), (1, 2)]
    assert tuple(theirs.position) == (2, 1)


def test_distances_of_axes_that_are_sent_together_are_added_to_where_they_were(RE, theirs):
    RE(bps.mv(theirs.gap, 2, theirs.centre, 1))
    RE(bpp.relative_set_wrapper(bps.mv(theirs.gap, 1, theirs.centre, -1)))
    assert tuple(theirs.position) == (3, 0)
