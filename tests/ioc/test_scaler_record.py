"""The scaler record, seen over Channel Access. Simulated time runs ten times as fast."""

import math
import time
from collections.abc import Iterator

import epics
import pytest


def get(field):
    return epics.caget(f"BL:scaler.{field}", use_monitor=False)


@pytest.fixture(autouse=True)
def scaler(demo_ioc) -> Iterator[None]:
    epics.caput("BL:scaler.TP", 0.5, wait=True)
    yield
    epics.caput("BL:scaler.CNT", 0, wait=True)


def test_a_count_completes_after_its_preset_time_and_has_counted():
    began = time.monotonic()
    assert epics.caput("BL:scaler.CNT", 1, wait=True, timeout=60) == 1
    assert time.monotonic() - began >= 0.05
    assert (get("CNT"), get("S1"), get("T")) == (0, 0.5 * get("FREQ"), 0.5)
    assert get("S2") == pytest.approx(0.5e6, rel=0.02)
    assert all(get("S2") > get(f"S{i}") for i in range(3, 9))
    assert all(get(f"S{i}") > 0 for i in range(3, 7))  # the last two count a few a second


def test_counters_start_from_zero_each_time():
    for _ in range(2):
        epics.caput("BL:scaler.CNT", 1, wait=True, timeout=60)
    assert get("S1") == 0.5 * get("FREQ")


def test_the_preset_of_the_clock_channel_and_the_preset_time_are_one():
    epics.caput("BL:scaler.TP", 2, wait=True)
    assert get("PR1") == 2 * get("FREQ")
    epics.caput("BL:scaler.PR1", get("FREQ"), wait=True)
    assert get("TP") == 1


def test_no_preset_loses_a_tick_and_none_is_cut_to_32_bits():
    for hundredths in (*range(1, 100), 100_000):
        epics.caput("BL:scaler.TP", hundredths / 100, wait=True)
        assert get("PR1") == hundredths * 100_000
    assert get("TP") == 1000


def test_a_clock_counts_on_beyond_32_bits():
    epics.caput("BL:scaler.FREQ", 1e11, wait=True)  # as a clock of 10 MHz does in hours
    try:
        assert epics.caput("BL:scaler.CNT", 1, wait=True, timeout=60) == 1
        assert get("S1") == get("PR1") == 0.5 * 1e11
    finally:
        epics.caput("BL:scaler.FREQ", 1e7, wait=True)


def test_a_count_can_be_ended_early_and_keeps_what_it_has():
    epics.caput("BL:scaler.TP", 100, wait=True)
    pv = epics.get_pv("BL:scaler.CNT", connect=True)
    pv.put(1, use_complete=True)
    time.sleep(0.1)
    assert get("CNT") == 1
    assert not pv.put_complete
    epics.caput("BL:scaler.CNT", 0)
    deadline = time.monotonic() + 3
    while not pv.put_complete:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert get("CNT") == 0
    assert 0 < get("S1") < 100 * get("FREQ")


def test_counts_are_shown_while_they_grow():
    epics.caput("BL:scaler.TP", 100, wait=True)
    epics.caput("BL:scaler.CNT", 1)
    counts = [0.0]
    deadline = time.monotonic() + 9.0  # it counts for ten seconds of real time
    while len(counts) < 3 and time.monotonic() < deadline:
        if (now := get("S2")) > counts[-1]:
            counts.append(now)
    assert len(counts) == 3
    assert get("CNT") == 1


def test_channels_have_names():
    assert [get(f"NM{i}") for i in range(1, 4)] == ["clock", "I0", "It"]


def test_the_absorption_of_the_foil_is_that_of_the_count_that_has_just_completed():
    for seconds in (0.2, 0.5):
        epics.caput("BL:scaler.TP", seconds, wait=True)
        assert epics.caput("BL:scaler.CNT", 1, wait=True, timeout=60) == 1
        mu = epics.caget("BL:scaler_calc1", use_monitor=False)
        assert mu == pytest.approx(math.log(get("S2") / get("S4")), rel=1e-9)
