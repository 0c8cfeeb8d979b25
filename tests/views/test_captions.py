from __future__ import annotations

import numpy as np
import pytest

from beamshell.views.captions import RunDuration, last_line, points_by_stream, title


def test_a_run_is_called_by_the_line_that_was_typed():
    assert title({"scan_id": 7, "command": "scan det th -1 1 21"}) == "#7 scan det th -1 1 21"


def test_a_run_that_was_not_typed_is_called_by_its_plan():
    start = {
        "scan_id": 7,
        "plan_name": "scan",
        "detectors": ["det"],
        "motors": ("th",),
        "plan_args": {"args": ["EpicsMotor(...)", -1, 1]},
        "num_points": 21,
    }
    assert title(start) == "#7 scan det th -1 1 21"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["m", 8978.12345, 8979.5], "m 8978.12345 8979.5"),
        (["m", -1.0, -0.0], "m -1 0"),
        (["m", 123456789, 1e-7], "m 123456789 1e-07"),
        (["m", np.float32(0.5), np.int64(3)], "m 0.5 3"),
    ],
)
def test_numbers_of_a_title_are_not_rounded(arguments, words):
    start = {"plan_name": "scan", "motors": ["m"], "plan_args": {"args": ["Motor(m)", *arguments[1:]]}}
    assert title(start) == f"scan {words}"


@pytest.mark.parametrize(
    ("streams", "text"),
    [
        ({"cam": 101, "baseline": 2}, "101 points of cam"),
        ({"th_fly": 1, "ring_monitor": 35}, "1 point of th_fly, 35 points of ring_monitor"),
        ({"baseline": 2, "ring_monitor": 0}, "0 points"),
        ({"cam": 5, "interruptions": 2, "alarms": 7, "invalid_values": 5}, "5 points of cam"),
        ({}, "0 points"),
    ],
)
def test_points_are_counted_stream_by_stream_without_the_baseline(streams, text):
    assert points_by_stream({"num_events": streams}) == text


def test_the_last_line_says_how_a_run_ended_and_why():
    start = {"uid": "0123456789", "time": 10.0, "scan_id": 7, "plan_name": "scan"}
    stop = {"time": 75.2, "exit_status": "abort", "reason": "beam lost"}
    assert last_line(start, stop, "5 points") == ("scan 7: abort (beam lost), 5 points, 1 min 5 s")


def test_the_reason_of_a_failed_run_is_left_to_the_error_which_follows():
    start = {"uid": "0123456789", "time": 10.0, "scan_id": 7, "plan_name": "centre_on_peak"}
    stop = {"time": 12.1, "exit_status": "fail", "reason": "det has no clear peak"}
    assert last_line(start, stop, "5 points") == "scan 7: fail, 5 points, 2.1 s"


# ---- the clock of the computer is set in a run ---------------------------------------------------


class Clocks:
    """A clock that is set, and one that only grows."""

    def __init__(self):
        self.now, self.steady = 1.7e9, 100.0

    def pass_by(self, seconds):
        self.now += seconds
        self.steady += seconds


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, 0.0])
def test_a_run_in_progress_took_as_long_as_it_did_whatever_the_clock_says(step_s):
    clocks = Clocks()
    measured = RunDuration({"time": clocks.now}, lambda: clocks.now, lambda: clocks.steady)
    clocks.pass_by(1.5)
    clocks.now += step_s
    clocks.pass_by(0.5)
    assert measured.seconds({"time": clocks.now}) == pytest.approx(2.0)


def test_a_stored_run_took_what_its_documents_say_however_fast_they_are_shown():
    clocks = Clocks()
    measured = RunDuration({"time": clocks.now - 500}, lambda: clocks.now, lambda: clocks.steady)
    clocks.pass_by(0.01)
    assert measured.seconds({"time": clocks.now - 400}) == pytest.approx(100.0, abs=0.1)


def test_no_run_takes_less_than_no_time():
    line = last_line({"uid": "0123456789", "time": 3600.0}, {"time": 2.0, "exit_status": "success"}, "21 points")
    assert line.endswith("success, 21 points, the clock was set back meanwhile")
