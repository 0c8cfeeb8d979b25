"""A device of ophyd with computed axes at the prompt: moved together, in the tables, in the log of moves, and back."""

from __future__ import annotations

import ophyd
import pytest
from ophyd.pseudopos import pseudo_position_argument, real_position_argument


class Jaws(ophyd.PseudoPositioner):
    gap = ophyd.Component(ophyd.PseudoSingle, egu="mm")
    centre = ophyd.Component(ophyd.PseudoSingle, egu="mm")
    low = ophyd.Component(ophyd.SoftPositioner, init_pos=0, egu="mm", limits=(-5, 5))
    high = ophyd.Component(ophyd.SoftPositioner, init_pos=0, egu="mm", limits=(-5, 5))

    @pseudo_position_argument
    def forward(self, pseudo):
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    @real_position_argument
    def inverse(self, real):
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)


class LimitedJaws(Jaws):
    """With limits on an axis, as most devices of beamlines have."""

    gap = ophyd.Component(ophyd.PseudoSingle, egu="mm", limits=(-1, 8))


@pytest.fixture
def jaws(prompt):
    prompt.names["jaws"] = device = Jaws(name="jaws")
    return device


def test_two_axes_are_moved_together_and_shown_axis_by_axis(jaws, typed):
    shown = typed("mov jaws.gap 2 jaws.centre 1")
    assert jaws.position == (2, 1)
    assert [line.split(":")[0] for line in shown.splitlines()] == ["jaws_gap", "jaws_centre"]


def test_the_tables_have_a_row_for_each_axis_and_each_of_its_motors(jaws, typed):
    rows = [line.split()[:2] for line in typed("mov jaws.gap 2 jaws.centre 1\nwm jaws").splitlines()]
    assert [float(value) for name, value in rows if name.startswith("jaws.")] == [2, 1, 0, 2]
    assert "jaws.gap" in typed("wa")


def test_each_axis_is_in_the_log_of_moves_and_goes_back(jaws, typed):
    typed("mov jaws.gap 2 jaws.centre 1")
    moves = typed("moves")
    assert "jaws.gap" in moves
    assert "jaws.centre" in moves
    typed("back jaws.gap")
    assert jaws.position == (0, 1)


def test_a_combination_that_is_not_possible_is_refused_before_anything_moves(jaws, typed):
    assert "jaws" in typed("mov jaws.gap 8 jaws.centre 4")
    assert jaws.position == (0, 0)


@pytest.mark.parametrize("line", ["scan det jaws.gap -1 1 3", "dscan jaws.gap -1 1 2 0"])
def test_a_scan_of_an_axis_with_limits_is_rehearsed(prompt, typed, line):
    prompt.names["jaws"] = LimitedJaws(name="jaws")
    assert "not rehearsed" not in typed(line)


def test_a_scan_that_leaves_the_limits_of_an_axis_is_refused_before_it_begins(prompt, typed):
    prompt.names["jaws"] = LimitedJaws(name="jaws")
    shown = typed("scan det jaws.gap -1 9 3")
    assert "point 3 of 3: jaws_gap: " in shown
    assert "not rehearsed" not in shown


class LostJaws(Jaws):
    low = ophyd.Component(ophyd.EpicsMotor, "BEAMSHELL:NOWHERE:m1")


@pytest.mark.parametrize(
    "line",
    [
        "mov jaws.gap 1",
        "movr jaws.gap 1",
        "mov jaws.gap 1 jaws.centre 0",
        "RE(bps.mv(jaws.gap, 1))",
        "RE(bps.mv(jaws.gap, 1, jaws.centre, 0))",
        "scan det jaws.gap 0 1 3",
    ],
)
def test_an_axis_with_a_motor_that_is_offline_says_which(prompt, typed, line):
    prompt.names["jaws"] = LostJaws(name="jaws")
    shown = typed(line)
    assert "jaws_low does not answer (type offline for the addresses)" in shown
    assert "TypeError" not in shown
