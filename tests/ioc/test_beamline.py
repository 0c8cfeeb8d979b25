"""The demo beamline as a whole, seen over Channel Access. Simulated time runs ten times as fast."""

import re
import time
from collections.abc import Iterator

import epics
import numpy as np
import pytest

from beamshell.ioc import beamline, physics


def get(name):
    return epics.caget(name, use_monitor=False)


def wait_for(condition, timeout_s=3.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def at_rest(demo_ioc) -> Iterator[None]:
    assert epics.caput("BL:tth", 0, wait=True, timeout=30) == 1  # other tests leave it anywhere
    yield
    for name, value in {"BL:shutter": 1, "SR:current:drop": 0, "BL:det:TP": 0.1, "BL:th": 0}.items():
        epics.caput(name, value, wait=True, timeout=60)
    wait_for(lambda: get("BL:shutter:rbv") == 1 and get("SR:current") > 390)


def count(seconds=0.1):
    epics.caput("BL:det:TP", seconds, wait=True)
    assert epics.caput("BL:det:CNT", 1, wait=True, timeout=60) == 1
    return get("BL:det:S")


# ---- the point detector ----------------------------------------------------------------------


def test_a_count_takes_its_time_and_its_result_is_there_when_it_completes():
    began = time.monotonic()
    assert count(1.0) > 0
    assert time.monotonic() - began >= 0.1
    assert get("BL:det:CNT") == 0


def test_the_detector_sees_its_peak():
    rates = {}
    for th in (-0.3, 0.3):
        epics.caput("BL:th", th, wait=True, timeout=60)
        rates[th] = count(1.0)
    assert rates[0.3] == pytest.approx(physics.PEAK_RATE + physics.BACKGROUND_RATE, rel=0.05)
    assert rates[-0.3] < 0.05 * rates[0.3]


def test_a_count_in_which_the_shutter_closes_has_the_counts_of_before():
    epics.caput("BL:th", 0.3, wait=True, timeout=60)
    before = count(1.0)
    epics.caput("BL:det:TP", 1000, wait=True)
    pv = epics.get_pv("BL:det:CNT", connect=True)
    pv.put(1, use_complete=True)
    wait_for(lambda: get("BL:det:CNT") == 1)
    epics.caput("BL:shutter", "Close", wait=True)
    wait_for(lambda: get("BL:shutter:rbv") == 0)
    epics.caput("BL:det:CNT", 0)
    wait_for(lambda: pv.put_complete and get("BL:det:S") != before)
    assert get("BL:det:S") > 0.05 * physics.PEAK_RATE  # it is closed after 0.1 s at the earliest


def test_a_long_count_has_the_statistics_of_one_count():
    epics.caput("BL:th", 0.3, wait=True, timeout=60)
    drawn = np.array([count(0.5) for _ in range(30)])
    rate = physics.detector_rate(0.3, 1.0)
    assert drawn.mean() == pytest.approx(0.5 * rate, abs=5 * np.sqrt(0.5 * rate / 30) + 0.003 * rate)
    assert drawn.std(ddof=1) < 2 * np.sqrt(0.5 * rate)


def test_a_count_that_is_cancelled_completes():
    epics.caput("BL:det:TP", 1000, wait=True)
    pv = epics.get_pv("BL:det:CNT", connect=True)
    pv.put(1, use_complete=True)
    wait_for(lambda: get("BL:det:CNT") == 1)
    assert not pv.put_complete
    epics.caput("BL:det:CNT", 0)
    wait_for(lambda: pv.put_complete)


def test_a_closed_shutter_leaves_dark_counts_and_its_read_back_follows_late():
    epics.caput("BL:shutter", "Close", wait=True)
    wait_for(lambda: get("BL:shutter:rbv") == 0)
    assert count(1.0) < 10 * physics.DARK_RATE
    epics.caput("BL:shutter", "Open", wait=True)
    wait_for(lambda: get("BL:shutter:rbv") == 1)
    assert count(1.0) > 10 * physics.DARK_RATE


def test_the_ring_current_drops_and_returns_with_alarms_and_the_counts():
    assert get("SR:current") == pytest.approx(400, abs=2)
    epics.caput("SR:current:drop", "Yes", wait=True)
    wait_for(lambda: get("SR:current") < 1)
    assert get("SR:current.SEVR") == 2
    assert count(1.0) < 10 * physics.DARK_RATE
    epics.caput("SR:current:drop", "No", wait=True)
    wait_for(lambda: get("SR:current") > 390)
    assert get("SR:current.SEVR") == 0


def test_the_ring_current_decays_between_two_injections():
    current = []
    ring = epics.PV("SR:current", callback=lambda value, **_: current.append(value))
    wait_for(lambda: len(current) > 8, timeout_s=30)  # a reading each second
    ring.disconnect()
    falls = np.diff(current)
    assert np.count_nonzero(falls > 0.5) <= 2  # injections
    assert np.median(falls) < 0


def test_an_exposure_in_which_the_shutter_closes_has_the_light_of_before():
    def expose():
        assert epics.caput("BL:cam:cam1:Acquire", 1, wait=True, timeout=20) == 1
        return get("BL:cam:Stats1:Total_RBV")

    names = ("AcquireTime", "ImageMode", "Gain")
    before = {name: get(f"BL:cam:cam1:{name}") for name in names}
    for name, value in {"AcquireTime": 20.0, "ImageMode": 0, "Gain": 0.02}.items():
        epics.caput(f"BL:cam:cam1:{name}", value, wait=True)
    try:
        pv = epics.get_pv("BL:cam:cam1:Acquire", connect=True)
        pv.put(1, use_complete=True)
        wait_for(lambda: get("BL:cam:cam1:DetectorState_RBV") == 1)
        time.sleep(0.3)  # the light of this part of the 2 s is to be seen
        epics.caput("BL:shutter", "Close", wait=True)
        wait_for(lambda: pv.put_complete, timeout_s=20)
        part = get("BL:cam:Stats1:Total_RBV")
        dark = expose()
    finally:
        for name, value in before.items():
            epics.caput(f"BL:cam:cam1:{name}", value, wait=True)
    assert part > 1.02 * dark


# ---- the energy and the arm of the detector ---------------------------------------------------


@pytest.fixture
def energy_and_arm():
    bragg = get("BL:mono")
    yield
    for name, value in {"BL:mono": bragg, "BL:tth": 0}.items():
        epics.caput(name, value, wait=True, timeout=30)


def test_i0_the_foil_and_the_powder_line_follow_the_monochromator(energy_and_arm):
    def scaler():
        epics.caput("BL:scaler.TP", 1.0, wait=True)
        assert epics.caput("BL:scaler.CNT", 1, wait=True, timeout=9) == 1
        return get("BL:scaler.S2"), epics.caget("BL:scaler_calc1", use_monitor=False)

    epics.caput("BL:th", 0.3, wait=True, timeout=60)
    for energy_ev in (8800.0, 9500.0):
        bragg = np.degrees(np.arcsin(physics.HC_EV_ANGSTROM / (2 * physics.SI_LATTICE_ANGSTROM / 3**0.5 * energy_ev)))
        epics.caput("BL:mono", bragg, wait=True, timeout=30)
        monitor, absorption = scaler()
        light = physics.beam(400.0, True, energy_ev)
        assert monitor == pytest.approx(physics.scaler_rates(0, light, 1e7, energy_ev=energy_ev)[1], rel=0.01)
        assert absorption == pytest.approx(-np.log(physics.foil_transmission(energy_ev)), abs=0.01)
        line, _ = physics.powder_lines(energy_ev)[0]
        rates = []
        for tth in (line, line + 1):
            epics.caput("BL:tth", tth, wait=True, timeout=60)
            rates.append(count(1.0))
        assert rates[0] > 10 * rates[1]


# ---- positioners without a motor record ------------------------------------------------------


def test_the_decay_is_busy_from_the_moment_of_the_put_until_it_is_there():
    here = get("decay:I")  # wherever another test has left it
    for goal in (here + 140.0, here - 3.0):
        epics.caput("decay:SP", goal, wait=True)
        assert get("decay:done") == 0
        wait_for(lambda: get("decay:done") == 1)
        assert get("decay:I") == pytest.approx(goal, abs=0.01)


def test_a_decay_to_where_it_is_still_shows_an_edge():
    edges = []
    done = epics.PV("decay:done", callback=lambda value, **_: edges.append(value))
    done.wait_for_connection(timeout=60)
    epics.caput("decay:SP", get("decay:SP"), wait=True)
    wait_for(lambda: edges[-2:] == [0, 1])
    done.disconnect()


def test_the_temperature_ramps_at_its_rate():
    epics.caput("BL:temp:ramp", 500, wait=True)
    epics.caput("BL:temp:SP", 295, wait=True)  # from wherever another test has left it
    wait_for(lambda: get("BL:temp:done") == 1)
    epics.caput("BL:temp:ramp", 5, wait=True)
    began = time.monotonic()
    epics.caput("BL:temp:SP", 300, wait=True)
    assert get("BL:temp:done") == 0
    wait_for(lambda: get("BL:temp:done") == 1)
    assert time.monotonic() - began >= 0.05
    assert get("BL:temp:RBV") == 300
    assert epics.PV("BL:temp:RBV", auto_monitor=False).get_ctrlvars()["units"] == "K"
    epics.caput("BL:temp:SP", 295, wait=True)


# ---- everything else -------------------------------------------------------------------------


def test_the_random_walk_walks_at_its_interval():
    epics.caput("random_walk:dt", 0.1, wait=True)
    record = []
    walk = epics.PV("random_walk:x", callback=lambda value, **_: record.append(value))
    walk.wait_for_connection(timeout=60)
    wait_for(lambda: len(record) > 5)
    walk.disconnect()
    epics.caput("random_walk:dt", 1, wait=True)
    steps = np.abs(np.diff(record))
    assert 0 < steps.max() <= 1


def test_the_heartbeat_record_counts_up():
    beat = get("BL:heartbeat")
    wait_for(lambda: get("BL:heartbeat") > beat)


def test_the_image_is_a_spot_of_16_bit_pixels_that_comes_again_and_again():
    shape = (get("BL:webcam:height"), get("BL:webcam:width"))
    first = get("BL:webcam:count")
    wait_for(lambda: get("BL:webcam:count") > first)
    image = get("BL:webcam:image").reshape(shape)
    _, x = np.unravel_index(np.argmax(image), shape)
    assert abs(x - shape[1] / 2) < 40
    assert image.max() > 10 * np.median(image)


@pytest.mark.parametrize("name", [f"TEST:{side}-Mtr-{axis}" for side in ("Left", "Right") for axis in "XY"])
def test_the_stages_of_the_talk_hold_what_is_written(demo_ioc, name):
    epics.caput(name, 1.5, wait=True)
    assert get(name) == 1.5
    epics.caput(name, 0, wait=True)


def test_no_record_is_undefined_once_all_has_run_a_while():
    names = re.findall(r'record\(\w+, "([^"]+)"\)', beamline.records())
    assert len(names) > 40
    invalid = [name for name in names if get(f"{name}.SEVR") == 3]
    assert not invalid
