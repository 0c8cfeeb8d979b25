"""Slits of motors that exist already: the motors stay what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import document_rules
import pytest

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.analysis.move_times import MoveSettings
from beamshell.devices.loader import load_devices
from beamshell.devices.monochromator import Monochromator
from beamshell.devices.positioner import MoveStatus
from beamshell.devices.sim import SynAxis
from beamshell.devices.slits import Slits
from beamshell.errors import BadValue, LimitError
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import baseline_wrapper
from beamshell.shell.device_parts import axes
from beamshell.shell.tokens import find_device
from beamshell.simulate import rehearse

FILE = """
slits: {class: slits, motors: [samx, samy], tags: [beam]}
samx: {class: sim_motor, units: mm, limits: [-5, 5]}
samy: {class: sim_motor, units: mm, limits: [-5, 5]}
"""


@pytest.fixture
def samx() -> SynAxis:
    return SynAxis(name="samx", units="mm", limits=(-5, 5))


@pytest.fixture
def samy() -> SynAxis:
    return SynAxis(name="samy", units="mm", limits=(-5, 5))


@pytest.fixture
def slits(samx: SynAxis, samy: SynAxis) -> Slits:
    return Slits(name="slits", motors=[samx, samy])


def events(plan: Any) -> list[dict[str, Any]]:
    docs: list[tuple[str, dict[str, Any]]] = []
    RunEngine()(plan, lambda name, doc: docs.append((name, doc)))
    document_rules.check(docs)
    return [doc["data"] for name, doc in docs if name == "event"]


def test_the_gap_moves_the_motors_and_the_motors_the_gap(slits: Slits, samx: SynAxis, samy: SynAxis) -> None:
    slits.set(gap=2, centre=1).wait(1)
    assert (samx.position, samy.position) == (0, 2)
    samy.set(3).wait(1)
    assert slits.position == (3, 1.5)


def test_the_motors_keep_their_names_and_are_parts_by_their_place(slits: Slits, samx: SynAxis, samy: SynAxis) -> None:
    slits.name = "guard"
    assert (samx.name, samy.name, samx.parent) == ("samx", "samy", None)
    assert (slits.low, slits.high) == (samx, samy)
    assert slits.gap.name == "guard_gap"
    assert find_device("slits.low", {"slits": slits}) is samx
    assert list(axes("slits", slits)) == ["slits.gap", "slits.centre", "slits.low", "slits.high"]


def test_slits_and_their_motors_can_be_recorded_at_one_point(slits: Slits, samx: SynAxis, samy: SynAxis) -> None:
    rows = events(baseline_wrapper(bp.scan([samx, samy], slits.gap, 0, 2, 3), [slits, samx]))
    assert [row["samx"] for row in rows if "samy" in row] == [0, -0.5, -1]
    assert {"slits_gap", "slits_centre", "samx"} <= set(rows[0])


def test_slits_and_their_motors_can_be_staged_together(slits: Slits, samx: SynAxis, samy: SynAxis) -> None:
    events(bp.count([slits, samx]))
    assert samx in samx.stage()
    slits.stage()
    slits.unstage()
    samx.unstage()


def test_a_stop_of_the_slits_stops_the_motors(slits: Slits, samx: SynAxis) -> None:
    samx.delay = 3600.0
    status = slits.gap.set(2)
    slits.stop()
    assert not status.success
    assert not samx.moving


def test_limits_of_the_motors_hold(slits: Slits) -> None:
    slits.centre.set(1).wait(1)
    with pytest.raises(LimitError, match=r"slits_gap at 10 mm is not possible: samy: 6 mm is above the limit 5 mm"):
        slits.gap.set(10)
    assert rehearse(bps.mv(slits.gap, 10)).problems


def test_the_blades_never_close_beyond_each_other(slits: Slits, samx: SynAxis, samy: SynAxis) -> None:
    slits.set(gap=1, centre=0).wait(1)
    for move in (lambda: slits.gap.set(-0.1), lambda: slits.set(gap=-0.1, centre=0), lambda: slits.gap.move(-0.1)):
        with pytest.raises(LimitError, match=r"slits_gap: -0.1 mm is below the limit 0 mm"):
            move()
    assert (samx.position, samy.position) == (-0.5, 0.5)
    assert any("below the limit 0 mm" in str(p) for p in rehearse(bps.mvr(slits.gap, -2)).problems)
    slits.gap.set(0.3 - 0.1 - 0.2).wait(1)  # -3e-17: closed, but for rounding
    assert slits.gap.position == 0


class Blade(SynAxis):
    """A blade that arrives when it is told to."""

    def start_move(self, move: MoveStatus) -> None:
        self.setpoint.put(float(move.target))

    @property
    def is_sent(self) -> bool:
        return self._move is not None and not self._move.done

    def arrive(self) -> None:
        assert self._move is not None
        self._arrive(self._move)


@pytest.fixture
def blades() -> tuple[Slits, Blade, Blade]:
    """Slits with a gap of 1 around 0."""
    low, high = Blade(name="low", value=-0.5, units="mm"), Blade(name="high", value=0.5, units="mm")
    return Slits(name="slits", motors=[low, high]), low, high


Blades = tuple[Slits, Blade, Blade]


@pytest.mark.parametrize(("centre", "first"), [(6, "high"), (-6, "low")])
def test_the_blade_that_opens_arrives_before_the_one_that_closes_is_sent(
    blades: Blades, centre: float, first: str
) -> None:
    slits, *_ = blades
    second = {"high": "low", "low": "high"}[first]
    opens, closes = getattr(slits, first), getattr(slits, second)
    status = slits.centre.set(centre)
    assert (opens.is_sent, closes.is_sent) == (True, False)
    opens.arrive()
    assert (closes.is_sent, status.done) == (True, False)
    closes.arrive()
    status.wait(1)
    assert slits.position == (1, centre)


@pytest.mark.parametrize("gap", [0.2, 5])
def test_blades_that_both_open_or_both_close_are_sent_together(blades: Blades, gap: float) -> None:
    slits, low, high = blades
    slits.gap.set(gap)
    assert low.is_sent
    assert high.is_sent


@pytest.mark.parametrize("success", [True, False])
def test_a_stop_on_the_way_leaves_the_blade_that_closes_where_it_is(blades: Blades, success: bool) -> None:
    slits, low, high = blades
    status = slits.centre.set(6)
    slits.stop(success=success)
    assert (high.is_sent, low.is_sent, status.success) == (False, False, success)
    assert low.setpoint.get() == -0.5


def test_a_stop_of_the_opening_blade_alone_keeps_the_other_one_from_closing(blades: Blades) -> None:
    slits, low, high = blades
    status = slits.centre.set(6)
    high.stop(success=True)
    assert (low.is_sent, status.success) == (False, False)
    assert "high was stopped" in str(status.exception())


def test_a_failure_of_the_opening_blade_keeps_the_other_one_from_closing(blades: Blades) -> None:
    slits, low, high = blades
    status = slits.centre.set(6)
    high.stop()
    assert (low.is_sent, status.success) == (False, False)


def test_a_move_that_is_overtaken_on_the_way_sends_no_blade_any_more(blades: Blades) -> None:
    slits, low, high = blades
    before = slits.centre.set(6)
    after = slits.centre.set(-2)  # now the low blade opens, and the high one has not moved yet
    assert not before.success
    assert (low.is_sent, low.setpoint.get()) == (True, -2.5)
    high.arrive()  # of the move before: it must not send the low blade to 5.5
    assert low.setpoint.get() == -2.5
    low.arrive()
    high.arrive()
    after.wait(1)
    assert slits.position == (1, -2)


def test_a_blade_that_refuses_its_part_ends_the_move_with_its_reason(blades: Blades) -> None:
    slits, low, high = blades
    status = slits.centre.set(6)
    low.limits = (-1, 1)  # on the way, as a limit of a record may change
    high.arrive()
    assert "low: 5.5 mm is above the limit 1 mm" in str(status.exception())
    assert not low.is_sent


def test_backlash_beyond_the_other_blade_is_refused_before_anything_moves(blades: Blades) -> None:
    slits, low, high = blades
    high.move_settings = lambda: MoveSettings(1.0, 0.1, backlash=0.2, backlash_velocity=1.0, backlash_ramp_s=0.1)
    with pytest.raises(LimitError, match=r"slits_gap: its blades take out their backlash \(BDST\) 0.2 mm beyond"):
        slits.gap.set(0.1)
    assert not low.is_sent
    assert "would touch at a gap of 0.1 mm" in str(rehearse(bps.mv(slits.gap, 0.1)).problems)
    assert slits.gap.set(0.5) is not None


def test_a_move_in_two_steps_takes_the_time_of_both() -> None:
    slits = Slits(name="slits", motors=[SynAxis(name="low", delay=2.0), SynAxis(name="high", delay=3.0)])
    assert slits.estimate_time_s((1, 0), (1, 5)) == 5.0
    assert slits.estimate_time_s((1, 0), (3, 0)) == 3.0


def test_the_axes_show_the_limits_that_the_blades_leave_to_them(slits: Slits) -> None:
    assert (slits.gap.limits, slits.centre.limits) == ((0, 10), (-5, 5))
    slits.high.limits = (-1, 3)
    assert (slits.gap.limits, slits.centre.limits) == ((0, 8), (-3, 4))
    slits.gap.limits = (0.1, 4)
    assert slits.gap.limits == (0.1, 4)


def test_without_limits_of_the_blades_the_gap_still_ends_at_0() -> None:
    slits = Slits(name="slits", motors=[SynAxis(name="left"), SynAxis(name="right")])
    assert slits.gap.limits == (0, float("inf"))
    assert slits.centre.limits[0] == slits.centre.limits[1]
    slits.set(gap=1e6, centre=-1e6).wait(1)
    with pytest.raises(LimitError, match="slits_gap: -1 is below the limit 0"):
        slits.gap.set(-1)


def test_slits_whose_blades_have_passed_each_other_can_be_opened_and_moved(slits: Slits, samx: SynAxis) -> None:
    samx.set(1).wait(1)  # by hand, or because the zeros of the blades are not set yet
    assert slits.gap.position == -1
    slits.centre.set(0).wait(1)
    slits.gap.set(1).wait(1)
    assert slits.position == (1, 0)


def test_a_device_file_makes_them_of_its_motors_wherever_these_stand(tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text(FILE)
    registry, problems = load_devices(tmp_path / "devices.yml")
    assert problems == []
    registry["slits"].set(gap=2, centre=0).wait(1)
    assert (registry["samx"].position, registry["samy"].position) == (-1, 1)
    assert registry["slits"].low is registry["samx"]


def test_a_monochromator_too_can_have_a_motor_that_exists() -> None:
    theta = SynAxis(name="theta", units="deg", value=10.0)
    mono = Monochromator(name="mono", motors=[theta])
    mono.energy.set(8.048).wait(1)
    assert theta.position == pytest.approx(14.22, abs=0.01)
    assert list(mono.simulation({})) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_real_axis_needs_a_motor_of_its_own(samx: SynAxis, number: int) -> None:
    with pytest.raises(
        BadValue, match=r"slits: its motors are .*, and must be a list with another one for each of: low"
    ):
        Slits(name="slits", motors=[samx] * number)


def test_what_cannot_be_positioned_is_no_motor() -> None:
    wrong: Any = ["samx", "samy"]
    with pytest.raises(BadValue, match="must be a list with another one for each of: low, high"):
        Slits(name="slits", motors=wrong)
