"""Motors that are to go to known positions: computed axes and their motors, where they stand, the plan."""

from __future__ import annotations

import pytest
from jaws import TwoAxes

from beamshell.devices.sim import SynAxis
from beamshell.errors import NotConnected
from beamshell.shell.plan_form import plan_form
from beamshell.shell.position_changes import Change, Standing, changes_table, move_plan, standing, without_computed


@pytest.fixture
def jaws():
    return TwoAxes(name="jaws")


def change(name, motor, target, now=0.0):
    return Change(name, motor, target, Standing(now, now))


def form(changes, **devices):
    plan = move_plan(changes)
    text = plan_form(plan, devices)
    plan.close()
    return text


def test_motors_go_together(jaws):
    th, tth = SynAxis(name="th"), SynAxis(name="tth")
    assert form([change("th", th, 1.0), change("tth", tth, 2.0)], th=th, tth=tth) == "bps.mv(th, 1, tth, 2)"


def test_one_computed_axis_goes_by_itself(jaws):
    assert form([change("jaws.gap", jaws.gap, 1.0)], jaws=jaws) == "bps.mv(jaws.gap, 1)"


def test_several_axes_of_a_device_go_as_one_move_of_it(jaws):
    changes = [change("jaws.gap", jaws.gap, 1.0), change("jaws.centre", jaws.centre, 0.5)]
    assert form(changes, jaws=jaws) == "bps.mv(jaws, {'gap': 1, 'centre': 0.5})"
    jaws.set({"gap": 1.0, "centre": 0.5}).wait(5)
    assert jaws.position == (1.0, 0.5)


def test_a_computed_axis_is_left_to_its_motors_if_they_all_go(jaws):
    axis, low, high = (change(f"jaws.{name}", getattr(jaws, name), 1.0) for name in ("gap", "low", "high"))
    assert without_computed([axis, low, high]) == [low, high]
    assert without_computed([axis, low]) == [axis, low]


def test_a_motor_that_does_not_answer_is_left_out():
    class Lost(SynAxis):
        def begin_location(self):
            raise NotConnected("lost")

    th = SynAxis(name="th", value=2.0)
    assert standing({"lost": Lost(name="lost"), "th": th}) == {"th": (2.0, 2.0)}


def test_any_object_with_a_position_stands_somewhere():
    class Foreign:
        name, position = "theta", 3.5

        def set(self, position):
            raise AssertionError

    assert standing({"theta": Foreign()}) == {"theta": (3.5, 3.5)}


def test_a_motor_is_there_if_its_position_or_where_it_was_sent_is_the_target():
    th = SynAxis(name="th", precision=3)
    assert Change("th", th, 1.0, Standing(1.0, 1.0004)).is_there
    assert Change("th", th, 1.0, Standing(5.0, 1.001)).is_there
    assert not Change("th", th, 1.0, Standing(5.0, 5.0)).is_there
    assert not Change("th", th, 1.0, Standing(1.0, 1.0), problem="its unit has changed").is_there


def test_the_table_shows_the_way_to_go_and_why_a_motor_stays():
    th = SynAxis(name="th", units="deg", precision=3)
    rows = changes_table([change("th", th, 1.5), Change("old", None, 2.0, None, "it is gone")], "at run 12")
    cells = [row.split(maxsplit=4) for row in rows.splitlines()[1:]]
    assert cells == [["th", "0.000", "1.500", "+1.500", "deg"], ["old", "2", "it", "is", "gone"]]
