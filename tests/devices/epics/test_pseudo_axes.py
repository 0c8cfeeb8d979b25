"""Slits and a monochromator on motor records: what they compute, and that it is true when they have arrived."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from motor_bench import until

from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.monochromator import (
    HC_KEV_ANGSTROM,
    SI111_SPACING_ANGSTROM,
    Monochromator,
    bragg_rad,
    energy_kev,
)
from beamshell.devices.slits import Slits
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import BadValue, LimitError, MoveFailed
from beamshell.ioc.process import DemoIoc
from beamshell.messages import Msg

CU_K_ALPHA_KEV, CU_K_ALPHA_ANGSTROM, CU_K_ALPHA_SI111_DEG = 8.04778, 1.540593, 14.2216


@pytest.fixture(scope="module")
def slits(demo_ioc: DemoIoc) -> Slits:
    slits = Slits("BL:", name="slits", low="samx", high="samy")
    slits.wait_for_connection(timeout=10)
    return slits


@pytest.fixture(scope="module")
def shared_mono(demo_ioc: DemoIoc) -> Monochromator:
    mono = Monochromator("BL:th", name="mono")
    mono.wait_for_connection(timeout=10)
    return mono


@pytest.fixture
def mono(shared_mono: Monochromator) -> Iterator[Monochromator]:
    yield shared_mono
    shared_mono.bragg.limits = None
    shared_mono.bragg.set(0).wait(30)


# ---- blades of different speeds


@pytest.mark.parametrize("centre", [1.5, -1.5])
def test_blades_of_different_speeds_do_not_cross_on_their_way(slits: Slits, centre: float) -> None:
    fast, slow = (slits.low, slits.high) if centre > 0 else (slits.high, slits.low)
    before = [blade.velocity.get() for blade in (fast, slow)]
    slits.set(gap=0.5, centre=0).wait(30)
    fast.velocity.set(5.0).wait(10)
    slow.velocity.set(0.5).wait(10)
    gaps: list[float] = []
    tokens = [
        (blade, blade.subscribe(lambda **_: gaps.append(slits.high.readback_signal.latest["value"] - _low(slits))))
        for blade in (fast, slow)
    ]
    try:
        slits.centre.set(centre).wait(60)
    finally:
        for blade, token in tokens:
            blade.unsubscribe(token)
        for blade, velocity in zip((fast, slow), before, strict=True):
            blade.velocity.set(velocity).wait(10)
    assert len(gaps) > 5
    assert min(gaps) > 0.5 - 0.01


def _low(slits: Slits) -> float:
    return float(slits.low.readback_signal.latest["value"])


# ---- formulas


def test_the_constants_are_those_of_the_literature() -> None:
    assert pytest.approx(12.398419843, abs=1e-9) == HC_KEV_ANGSTROM
    assert pytest.approx(3.13560, abs=1e-5) == SI111_SPACING_ANGSTROM


def test_copper_k_alpha_is_reflected_where_the_tables_say() -> None:
    angle = math.degrees(bragg_rad(CU_K_ALPHA_KEV, SI111_SPACING_ANGSTROM))
    assert angle == pytest.approx(CU_K_ALPHA_SI111_DEG, abs=1e-3)


@pytest.mark.parametrize("kev", [2.0, 5.0, 8.048, 12.398, 30.0, 100.0])
def test_angle_and_energy_are_each_others_inverse(kev: float) -> None:
    assert energy_kev(bragg_rad(kev, SI111_SPACING_ANGSTROM), SI111_SPACING_ANGSTROM) == pytest.approx(kev, rel=1e-12)


@pytest.mark.parametrize("kev", [0.0, -1.0, 1.9])
def test_an_energy_that_no_angle_reflects_has_none(kev: float) -> None:
    assert math.isnan(bragg_rad(kev, SI111_SPACING_ANGSTROM))


# ---- a monochromator


def test_a_monochromator_goes_to_an_energy(mono: Monochromator) -> None:
    mono.energy.set(CU_K_ALPHA_KEV).wait(30)
    assert mono.bragg.position == pytest.approx(CU_K_ALPHA_SI111_DEG, abs=2e-3)
    assert mono.energy.position == pytest.approx(CU_K_ALPHA_KEV, abs=1e-3)
    assert mono.wavelength == pytest.approx(CU_K_ALPHA_ANGSTROM, abs=2e-4)
    assert mono.energy.units == "keV"
    assert mono.energy.describe()["mono_energy"]["units"] == "keV"


def test_the_limits_of_an_energy_are_those_of_the_angle(mono: Monochromator) -> None:
    mono.bragg.limits = (5, 60)
    low, high = mono.energy.limits
    assert (low, high) == (pytest.approx(2.2829, abs=1e-3), pytest.approx(22.684, abs=1e-2))
    with pytest.raises(LimitError, match=r"^mono_energy: 30 keV is above the limit 22\.68\d* keV$"):
        mono.energy.set(30)


def test_an_energy_that_the_crystal_cannot_reflect_is_refused(mono: Monochromator) -> None:
    with pytest.raises(LimitError, match=r"^mono_energy: 1\.5 keV is below the limit 1\.977\d* keV$"):
        mono.energy.set(1.5)


def test_an_angle_that_reflects_nothing_has_no_energy(mono: Monochromator) -> None:
    mono.bragg.set(-1).wait(30)
    assert math.isnan(mono.energy.position)


def test_a_motor_whose_unit_is_no_angle_is_refused(mono: Monochromator) -> None:
    unit = EpicsSignal("BL:th.EGU", name="unit")
    unit.put("mm", wait=True)
    try:
        other = Monochromator("BL:th", name="other")
        with pytest.raises(BadValue, match="other_bragg: its unit 'mm' is no angle; set its EGU to deg, rad or mrad"):
            other.energy.set(8)
    finally:
        unit.put("deg", wait=True)


# ---- slits


def test_slits_open_and_shift(slits: Slits) -> None:
    slits.set(gap=1, centre=0.5).wait(30)
    assert (slits.low.position, slits.high.position) == pytest.approx((0.0, 1.0), abs=0.001)
    slits.gap.set(0.5).wait(30)
    assert slits.position == pytest.approx((0.5, 0.5), abs=0.002)


def test_gap_and_centre_sent_together_arrive_together(slits: Slits) -> None:
    slits.set(gap=0, centre=0).wait(30)
    gap, centre = slits.gap.set(2), slits.centre.set(1)
    gap.wait(30)
    centre.wait(30)
    assert slits.position == pytest.approx((2.0, 1.0), abs=0.002)


def test_a_blade_that_is_stopped_stops_the_other_and_the_gap_has_failed(slits: Slits) -> None:
    slits.set(gap=0, centre=0).wait(30)
    status = slits.gap.set(40)
    until(lambda: slits.gap.position > 0.2)
    EpicsSignal("BL:samy.STOP", name="elsewhere").put(1)
    error = status.exception(timeout=15)
    assert isinstance(error, MoveFailed)
    assert str(error).startswith("slits_gap: move to 40 mm: slits_high: move to 20 mm was stopped at ")
    until(lambda: not slits.moving)
    assert slits.low.position > -19


def test_a_gap_is_moved_and_recorded_by_the_engine(slits: Slits) -> None:
    def plan() -> Iterator[Msg]:
        yield Msg("open_run")
        for gap in (0, 0.5, 1):
            yield Msg("set", slits.gap, gap, group="gap")
            yield Msg("wait", None, group="gap")
            yield Msg("create", name="primary")
            yield Msg("read", slits.gap)
            yield Msg("save")
        yield Msg("close_run")

    events: list[dict[str, float]] = []
    RunEngine()(plan(), {"event": lambda _, doc: events.append(doc["data"])})
    assert [event["slits_gap_setpoint"] for event in events] == pytest.approx([0, 0.5, 1])
    assert [event["slits_gap"] for event in events] == pytest.approx([0, 0.5, 1], abs=0.002)
