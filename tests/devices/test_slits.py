"""Slits of motors that exist already: the motors stay what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import document_rules
import pytest

from beamshell import RunEngine
from beamshell import plans as bp
from beamshell.devices.loader import load_devices
from beamshell.devices.monochromator import Monochromator
from beamshell.devices.sim import SynAxis
from beamshell.devices.slits import Slits
from beamshell.errors import BadValue, LimitError
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import baseline_wrapper
from beamshell.shell.positions import axes
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
    events(bp.scan_nd([], [{slits: (1, 0), samx: -0.5}]))
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
    with pytest.raises(LimitError, match=r"slits_gap at 20 mm is not possible: samx: -10 mm is below the limit -5 mm"):
        slits.gap.set(20)
    assert rehearse(bps.mv(slits.gap, 20)).problems


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
