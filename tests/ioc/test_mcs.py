"""The multichannel scaler, seen over Channel Access. Simulated time runs ten times as fast."""

import time
from collections.abc import Iterator

import epics
import numpy as np
import pytest

from beamshell.ioc import physics

P = "BL:mcs:"


def get(name):
    return epics.caget(f"{P}{name}", use_monitor=False)


def put(**values):
    for name, value in values.items():
        assert epics.caput(f"{P}{name}", value, wait=True, timeout=60) == 1


def wait_for(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def scaler(demo_ioc) -> Iterator[None]:
    for name, angle in {"BL:th": 0.3, "BL:tth": 0}.items():  # other tests leave motors anywhere
        assert epics.caput(name, angle, wait=True, timeout=30) == 1
    put(StopAll=1, EraseAll=1, ChannelAdvance=0, PresetReal=0, Dwell=0.1, NuseAll=20)
    yield
    put(StopAll=1, PresetReal=0, ChannelAdvance=0)
    epics.caput("BL:th.VELO", 1, wait=True)
    epics.caput("BL:th", 0, wait=True, timeout=60)


def test_a_start_completes_when_all_bins_are_full_and_each_has_counted_for_its_time():
    began = time.monotonic()
    put(EraseStart=1)
    assert time.monotonic() - began >= 0.2
    assert (get("Acquiring"), get("CurrentChannel"), get("ElapsedReal")) == (0, 20, pytest.approx(2.0, abs=0.01))
    clock, monitor, counter = (get(f"mca{n}") for n in (1, 2, 3))
    assert clock == pytest.approx(np.full(20, 1e6), rel=1e-3)
    assert monitor == pytest.approx(np.full(20, 1e5), rel=0.05)
    assert counter.sum() == pytest.approx(2 * (physics.PEAK_RATE + physics.BACKGROUND_RATE), rel=0.02)


def test_each_bin_counts_what_is_where_the_motor_was_and_the_encoder_has_that_position():
    epics.caput("BL:th", -0.7, wait=True, timeout=60)
    epics.caput("BL:th.VELO", 0.04, wait=True)  # slow, so that it still moves when a busy machine starts the scaler
    put(NuseAll=200, Dwell=0.1)
    motor = epics.get_pv("BL:th.VAL", connect=True)
    starter = epics.get_pv(f"{P}EraseStart", connect=True)
    motor.put(1.3, use_complete=True)
    starter.put(1, use_complete=True)
    wait_for(lambda: starter.put_complete and motor.put_complete, 60.0)
    positions, counts = get("mca4"), get("mca3")
    assert np.diff(positions).min() > -1e-9
    assert positions[-1] > positions[0] + 0.5
    exact = np.array([physics.detector_rate(x, 1.0) for x in positions]) * 0.1
    assert np.abs(counts - exact).mean() < 2 * np.sqrt(exact).mean()


def test_bins_are_shown_while_they_fill_and_a_stop_keeps_them():
    put(NuseAll=10_000, Dwell=0.01)
    starter = epics.get_pv(f"{P}EraseStart", connect=True)
    starter.put(1, use_complete=True)
    wait_for(lambda: get("CurrentChannel") > 5)
    assert get("Acquiring") == 1
    assert not starter.put_complete
    put(StopAll=1)
    wait_for(lambda: starter.put_complete)
    assert get("Acquiring") == 0
    assert 5 < get("CurrentChannel") == len(get("mca3")) < 10_000


def test_a_preset_time_ends_it_early():
    put(NuseAll=1000, Dwell=1.0, PresetReal=10.0)  # a bin is a tenth of a second
    began = time.monotonic()
    put(EraseStart=1)
    late = max(0.0, time.monotonic() - began - 1.0) / 0.1  # bins that a busy machine counts on before it looks
    assert 9 <= get("CurrentChannel") <= 20 + late < 1000


def test_a_second_start_without_erase_goes_on_where_the_first_was_stopped():
    put(NuseAll=50, PresetReal=1.0)
    put(EraseStart=1)
    first = get("CurrentChannel")
    put(PresetReal=0)
    put(StartAll=1)
    assert first < get("CurrentChannel") == 50


def test_without_pulses_from_outside_nothing_is_counted():
    put(ChannelAdvance="External")
    starter = epics.get_pv(f"{P}EraseStart", connect=True)
    starter.put(1, use_complete=True)
    wait_for(lambda: get("Acquiring") == 1)
    time.sleep(0.05)
    assert not starter.put_complete
    assert get("CurrentChannel") == 0


def test_a_closed_shutter_leaves_dark_counts():
    epics.caput("BL:shutter", 0, wait=True)
    try:
        wait_for(lambda: epics.caget("BL:shutter:rbv", use_monitor=False) == 0)
        put(EraseStart=1)
        assert get("mca3").mean() < 10 * physics.DARK_RATE * 0.1
    finally:
        epics.caput("BL:shutter", 1, wait=True)
        wait_for(lambda: epics.caget("BL:shutter:rbv", use_monitor=False) == 1)
