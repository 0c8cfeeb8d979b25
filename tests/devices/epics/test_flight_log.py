"""When the bins of a flight began, and where the motor was then, whatever becomes of the news of the counter."""

from __future__ import annotations

import numpy as np
import pytest
from fly_bins import BINS, News, flown, worst_steps
from hypothesis import assume, given
from hypothesis import strategies as st

from beamshell.devices.epics.flight_log import BinTimes, FlightLog

FLIGHTS = 40
places = st.floats(-1e4, 1e4).map(lambda x: round(x, 6))


# ---- late, early, missing and jittered news ------------------------------------------------------


@pytest.mark.parametrize("poll_s", [0.0, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("dwell_s", [0.002, 0.05, 1.0])
def test_late_news_of_full_bins_does_not_stretch_them(poll_s, dwell_s):
    assert worst_steps(dwell_s, News(poll_s=poll_s, late_s=poll_s), FLIGHTS) < 0.5


def test_101_bins_told_at_polls_of_half_a_second_are_where_they_were():
    log = FlightLog(0.05)
    for moment in np.arange(-1.0, 6.2, 0.04):
        log.add_position(moment / 0.05 - 0.5, moment, moment)
    log.note_start(0.0)
    for poll in np.arange(0.5, 6.0, 0.5):  # each tells what the poll before it has seen
        log.add_full_bins(min(BINS, round((poll - 0.5) / 0.05)), poll)
    _, steps = log.points(BINS)
    assert steps == pytest.approx(np.arange(BINS), abs=1e-6)


@pytest.mark.parametrize(
    ("news", "steps"),
    [
        (News(ahead=1), 1.0),
        (News(missing=0.9), 0.5),
        (News(missing=1.0), 0.5),
        (News(jitter_s=0.02), 0.5),
        (News(clock_s=1.0), 0.5),
        (News(clock_s=-1.0), 0.5),
        (News(poll_s=0.5, late_s=0.5, ahead=1, jitter_s=0.02, missing=0.5), 1.0),
    ],
)
def test_early_missing_or_jittered_news_moves_no_bin_by_more_than_the_counter_takes_to_start(news, steps):
    assert worst_steps(0.05, news, FLIGHTS) < steps


@pytest.mark.parametrize("dwell_s", [0.002, 0.05, 1.0])
def test_if_all_news_is_late_the_true_start_is_within_the_stated_uncertainty(dwell_s):
    random = np.random.default_rng(12)
    for _ in range(FLIGHTS):
        log = flown(dwell_s, News(poll_s=0.5, late_s=0.5, all_late=True), random)
        start = log.edges(BINS)[0]
        assert start - log.start_uncertainty_s <= 0.0
        assert start > -0.002  # but for the end of the count, if no position came as fast as that


def test_readbacks_with_time_stamps_in_the_future_do_not_make_the_start_late():
    log = FlightLog(0.1)
    for number, moment in enumerate(np.arange(-1.0, 0.0, 0.1)):
        log.add_position(moment, moment + (0.5 if number == 5 else 0.0), moment + 0.001)
    log.note_command(0.0)
    log.note_start(0.002)
    log.note_end(10, 1.01)
    assert log.edges(1)[0] == pytest.approx(0.002)
    assert log.start_uncertainty_s == pytest.approx(0.003)


def test_clocks_that_drift_apart_in_a_long_flight_leave_the_bins_where_they_were():
    log, drift = FlightLog(1.0), 1e-3
    log.add_position(0.0, 0.0, 0.0)
    log.note_command(0.0)
    log.note_start(0.001)
    for moment in np.arange(1.0, 1000.0):
        log.add_position(moment, moment, moment * (1 - drift))
    log.note_end(999, 999.001 * (1 - drift))
    assert log.edges(1)[0] == pytest.approx(0.001, abs=0.1)  # in all they are one second apart by then


def test_a_count_that_was_erased_is_not_that_of_this_flight():
    log = BinTimes(0.1)
    log.add_full_bins(50, 0.0)
    log.add_full_bins(0, 1.0)
    log.note_start(1.0)
    log.add_full_bins(5, 1.5)
    assert log.edges(1) == pytest.approx([1.0, 1.1])


def test_a_clock_that_runs_ten_times_as_fast_as_the_counter_says_is_used():
    log = FlightLog(0.1)
    log.add_position(0.0, -0.01, 5.0)
    log.note_command(5.0)
    log.note_start(0.0)
    log.add_full_bins(100, 1.0)
    assert log.edges(100) == pytest.approx(np.linspace(0, 1, 101))


def test_without_news_of_the_counter_its_command_says_when_it_began():
    log = FlightLog(0.1)
    log.add_position(3.0, 100.0, 1.0)
    log.note_command(1.5)
    assert log.edges(1) == pytest.approx([100.5, 100.6])
    assert log.start_uncertainty_s == np.inf


def test_a_start_that_is_known_well_has_a_small_uncertainty():
    log = FlightLog(0.1)
    log.add_position(3.0, 100.0, 1.0)
    log.note_command(1.5)
    log.note_start(100.52)
    assert log.start_uncertainty_s == pytest.approx(0.02)


def test_the_times_of_a_path_follow_from_full_bins_alone():
    times = BinTimes(1.0)
    for bins, timestamp in ((4, 14.3), (10, 20.0)):
        times.compare_clocks(timestamp, timestamp)
        times.add_full_bins(bins, timestamp)
    assert times.middles(10) == pytest.approx(np.arange(10.5, 20.5))


# ---- where the motor was -------------------------------------------------------------------------


def test_bins_behind_the_last_readback_are_not_covered():
    log = FlightLog(0.1)
    for moment in np.arange(-1.0, 1.0, 0.25):
        log.add_position(moment, moment, moment)
    log.note_start(0.0)
    assert log.covered(10) == 7  # the last read-back is of 0.75 s
    assert log.covered(3) == 3


def test_readbacks_whose_time_stamps_are_out_of_order_are_sorted():
    log = FlightLog(1.0)
    for moment in (0.0, 2.0, 1.0, 3.0):
        log.add_position(moment, moment, moment)
    log.note_start(0.0)
    assert log.points(3)[1] == pytest.approx([0.5, 1.5, 2.5])


def test_an_empty_log_has_no_points():
    log = FlightLog(0.1)
    assert (len(log.edges(3)), log.covered(3), log.speed()) == (0, 0, 0.0)
    assert [len(column) for column in log.points(3)] == [0, 0]


@given(st.lists(st.tuples(st.floats(0, 10), places), min_size=2, max_size=20))
def test_positions_lie_between_those_that_were_read(seen):
    seen.sort()
    assume(seen[-1][0] > seen[0][0])
    log = FlightLog(0.5)
    for stamp, place in seen:
        log.add_position(place, stamp, stamp)
    log.note_start(seen[0][0])
    _, places_at = log.points(5)
    low, high = min(place for _, place in seen), max(place for _, place in seen)
    assert np.all((places_at >= low - 1e-6) & (places_at <= high + 1e-6))


def test_the_speed_is_that_between_the_last_two_readbacks():
    log = FlightLog(0.1)
    log.add_position(0.0, 10.0, 10.0)
    assert log.speed() == 0.0
    log.add_position(0.2, 10.1, 10.1)
    log.add_position(0.1, 10.2, 10.2)
    assert log.speed() == pytest.approx(-1.0)
    log.add_position(0.5, 10.2, 10.2)
    assert log.speed() == 0.0


def test_the_time_until_the_first_bin_counts_from_when_the_readback_was_true():
    log = FlightLog(0.1)
    for position, timestamp, received in ((-0.1, 9.9, 0.9), (0.0, 10.0, 1.0), (0.1, 10.1, 1.3)):
        log.add_position(position, timestamp, received)  # the last is delivered 0.2 s late
    assert log.seconds_until(0.5, 1.0, 1.3) == pytest.approx(0.2)
    assert log.seconds_until(0.1, 1.0, 1.3) == 0.0
    assert log.seconds_until(-0.5, -1.0, 1.3) is None
