"""The mca record, seen over Channel Access. Simulated time runs ten times as fast."""

import time
from collections.abc import Iterator

import epics
import numpy as np
import pytest

from beamshell.ioc import physics
from beamshell.ioc.mca_record import CHANNELS, region

RECORD = "BL:mca1"


def get(field):
    return epics.caget(f"{RECORD}.{field}", use_monitor=False)


def put(field, value, **how):
    assert epics.caput(f"{RECORD}.{field}", value, wait=True, **how) == 1


@pytest.fixture
def mca(demo_ioc) -> Iterator[None]:
    put("PRTM", 0.5)
    yield
    epics.caput(f"{RECORD}.STOP", 1)
    for field, value in {"PRTM": 1, "PLTM": 0, "NUSE": CHANNELS, "R0LO": 610, "R0HI": 670, "R0BG": -1}.items():
        put(field, value)


def test_an_acquisition_completes_after_its_real_time_and_has_counted(mca):
    began = time.monotonic()
    put("ERST", 1, timeout=60)
    assert time.monotonic() - began >= 0.05
    assert (get("ACQG"), get("ERST"), get("ERTM")) == (0, 0, 0.5)
    spectrum = get("VAL")
    assert (spectrum.shape, spectrum.dtype) == ((CHANNELS,), np.int32)
    assert spectrum.sum() == get("ACT") > 1000
    assert get("R0") == spectrum[610:671].sum() > 0


def test_an_erase_begins_from_zero_and_a_start_goes_on(mca):
    for _ in range(2):
        put("ERST", 1, timeout=60)
        assert get("ERTM") == 0.5
    put("PRTM", 1)
    put("STRT", 1, timeout=60)
    assert get("ERTM") == 1
    put("ERAS", 1)
    assert (get("ERTM"), get("ACT"), get("VAL").sum(), get("R0")) == (0, 0, 0, 0)


def test_the_detector_is_blind_for_a_part_of_the_time_and_a_live_time_is_counted_longer(mca):
    put("PRTM", 0)
    put("PLTM", 0.5)
    put("ERST", 1, timeout=60)
    assert get("ELTM") == pytest.approx(0.5, rel=0.02)
    assert get("ERTM") > get("ELTM")
    assert get("DTIM") == pytest.approx(100 * (1 - get("ELTM") / get("ERTM")), abs=0.01)
    assert 0 < get("IDTIM") < 50


def test_an_acquisition_can_be_stopped_and_keeps_what_it_has(mca):
    put("PRTM", 1000)
    pv = epics.get_pv(f"{RECORD}.ERST", connect=True)
    pv.put(1, use_complete=True)
    time.sleep(0.15)
    assert get("ACQG") == 1
    assert not pv.put_complete
    epics.caput(f"{RECORD}.STOP", 1)  # plain: one with completion would wait for that of the start
    deadline = time.monotonic() + 5
    while not pv.put_complete:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert 0 < get("ERTM") < 1000
    assert get("ACT") > 0


def test_the_spectrum_is_shown_while_it_grows(mca):
    put("PRTM", 1000)
    record = []
    pv = epics.PV(f"{RECORD}.VAL", auto_monitor=True, callback=lambda value, **_: record.append(int(value.sum())))
    epics.caput(f"{RECORD}.ERST", 1)
    deadline = time.monotonic() + 5
    while len(set(record)) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pv.disconnect()
    assert sorted(record[1:]) == record[1:]


def test_only_the_channels_in_use_are_counted_and_sent(mca):
    put("NUSE", 100)
    put("ERST", 1, timeout=60)
    assert len(get("VAL")) == 100
    assert get("VAL").sum() == get("ACT")
    put("NUSE", 10**6)
    assert get("NUSE") == CHANNELS


def test_the_spectrum_is_not_for_writing(mca):
    with pytest.raises(epics.ca.CASeverityException, match="Write access denied"):
        epics.caput(f"{RECORD}.VAL", [1, 2, 3], wait=True)


def test_a_new_region_is_summed_at_once(mca):
    put("R0NM", "Fe Ka")  # another client of the shared record may have renamed it
    put("ERST", 1, timeout=60)
    put("R0LO", 0)
    put("R0HI", CHANNELS - 1)
    assert get("R0") == get("ACT")
    assert epics.caget(f"{RECORD}.R0NM") == "Fe Ka"


@pytest.mark.parametrize(
    ("low", "high", "beside", "sums"),
    [
        (2, 4, -1, (60, 60)),
        (2, 4, 0, (60, 15)),
        (3, 3, 1, (30, 30 - 20)),
        (-1, 4, -1, (0, 0)),
        (4, 2, -1, (0, 0)),
        (4, 99, -1, (25, 25)),
        (9, 9, -1, (0, 0)),
    ],
)
def test_a_region_has_its_counts_and_those_above_the_line_between_its_ends(low, high, beside, sums):
    assert region(np.array([5, 5, 15, 30, 15, 10], dtype=np.int32), low, high, beside) == sums


ENERGIES = np.arange(2048) * 0.01


def test_the_lines_stand_where_they_belong_and_are_strong_where_the_sample_is_hit():
    hit, missed = (physics.fluorescence_rates(ENERGIES, th, 1.0, 12_000) for th in (0.3, 5.0))
    assert ENERGIES[np.argmax(hit)] == pytest.approx(6.40)
    iron = slice(600, 681)
    assert missed[iron].sum() < 0.02 * hit[iron].sum()
    assert ENERGIES[np.argmax(missed)] == pytest.approx(12.0, abs=0.011)


def test_without_light_there_are_dark_counts_alone():
    assert physics.fluorescence_rates(ENERGIES, 0.3, 0.0, 9000).sum() == pytest.approx(physics.SPECTRUM_DARK_RATE)


def test_the_more_arrives_the_less_is_seen_of_it():
    assert physics.live_fraction(0) == 1
    assert 1 > physics.live_fraction(1e4) > physics.live_fraction(1e5) > 0
