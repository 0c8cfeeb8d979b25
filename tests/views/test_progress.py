"""How far a run is: its points, the time left that is learned on the way, its rate; and the line about it."""

from __future__ import annotations

import pytest

from beamshell.views.motion import PLAIN_BARS, Motion
from beamshell.views.progress import Expectation, RunProgress, plan_line


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Measured:
    """A run whose points come when a test says so."""

    def __init__(self, number=None, expectation=None):
        self.clock = Clock()
        start = {"uid": "run"} | ({} if number is None else {"num_points": number})
        self.progress = RunProgress(start, self.clock, expectation)
        for name in ("primary", "baseline"):
            self.progress("descriptor", {"uid": name, "name": name})

    def point(self, seq_num, after_s, stream="primary"):
        self.clock.now += after_s
        self.progress("event", {"descriptor": stream, "seq_num": seq_num, "data": {}})


def test_without_an_expectation_the_time_left_is_that_of_the_points_so_far():
    run = Measured(5)
    run.point(1, 10.0)
    assert run.progress.left_s is None
    run.point(2, 2.0)
    assert run.progress.left_s == pytest.approx(6.0)
    run.clock.now += 1.0
    assert run.progress.left_s == pytest.approx(5.0)


def test_the_expectation_is_the_time_left_before_the_first_point():
    run = Measured(10, Expectation(20.0, lambda point: 2.0 * point))
    assert run.progress.left_s == pytest.approx(20.0)
    run.clock.now += 1.0
    assert run.progress.left_s == pytest.approx(19.0)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_run_that_is_slower_or_faster_than_expected_is_expected_to_stay_so(factor):
    run = Measured(100, Expectation(200.0, lambda point: 2.0 * point))
    for point in range(1, 91):
        run.point(point, 2.0 * factor)
    assert run.progress.left_s == pytest.approx(20.0 * factor, rel=0.1)


def test_one_slow_point_at_the_start_does_not_make_the_whole_run_slow():
    run = Measured(100, Expectation(200.0, lambda point: 2.0 * point))
    run.point(1, 10.0)
    assert 198.0 < run.progress.left_s < 300.0


def test_a_point_that_takes_longer_than_expected_leaves_no_negative_time():
    run = Measured(2, Expectation(2.0, lambda point: float(point)))
    run.point(1, 1.0)
    run.clock.now += 1000.0
    assert run.progress.left_s == 0.0


def test_points_that_are_measured_again_are_not_counted_twice():
    run = Measured(9)
    for seq_num in (1, 2, 3, 2, 3):
        run.point(seq_num, 1.0)
    assert run.progress.points == 3


def test_the_baseline_is_no_point():
    run = Measured(9)
    run.point(1, 0.0, "baseline")
    assert run.progress.points == 0


def test_a_page_of_a_fly_scan_counts_as_many_points_as_it_has():
    run = Measured(100)
    run.progress("event_page", {"descriptor": "primary", "seq_num": list(range(1, 41))})
    assert run.progress.points == 40


def test_a_run_without_an_end_has_the_rate_of_its_newest_points():
    run = Measured()
    for seq_num in range(1, 50):
        run.point(seq_num, 10.0)
    for seq_num in range(50, 80):
        run.point(seq_num, 0.25)
    assert run.progress.texts() == ["79 points", "4 points/s", "8 min 17 s"]


def test_after_the_last_point_no_time_left_is_named():
    run = Measured(1, Expectation(1.0, lambda point: float(point)))
    run.point(1, 3.0)
    assert run.progress.texts() == ["point 1 of 1", "", "3 s"]


def th(position=0.352):
    motion = Motion("th", 0.4, started=0.0, start=0.3, units="deg")
    motion.note(1.0, position)
    return motion


RUN = ["point 7 of 21", "28 s left", "14 s"]
LINES = {
    120: "point 7 of 21  14 s, 28 s left  th 0.3520 deg ########-------- to 0.4000  Ctrl+C pauses",
    80: "point 7 of 21  14 s, 28 s left  th 0.3520 deg ####---- to 0.4000  Ctrl+C pauses",
    60: "point 7 of 21  14 s, 28 s left  th 0.3520 deg to 0.4000",
    40: "point 7 of 21  28 s left",
}
NOTICE = "pauses soon; Ctrl+C again: pause now"
NOTICES = {
    120: f"{NOTICE}  point 7 of 21  14 s, 28 s left  th 0.3520 deg ########-------- to 0.4000",
    80: f"{NOTICE}  point 7 of 21  28 s left",
    60: f"{NOTICE}  point 7 of 21",
    40: NOTICE,
}


@pytest.mark.parametrize("columns", LINES)
def test_the_line_fits_the_window_and_keeps_what_matters_most(columns):
    line = plan_line(columns - 1, run=RUN, motions=[th()], contract="Ctrl+C pauses", marks=PLAIN_BARS)
    assert line == LINES[columns]


@pytest.mark.parametrize("columns", NOTICES)
def test_what_a_press_of_ctrl_c_has_done_comes_first(columns):
    line = plan_line(columns - 1, notice=NOTICE, run=RUN, motions=[th()], marks=PLAIN_BARS)
    assert line == NOTICES[columns]


def test_the_detectors_that_count_are_named():
    assert plan_line(79, run=RUN, busy="counting det, cam") == "point 7 of 21  14 s, 28 s left  counting det, cam"


def test_several_motors_have_no_bars():
    samx = Motion("samx", 2.0, started=0.0, start=0.0, units="mm", digits=3)
    samx.note(1.0, 1.0)
    line = plan_line(99, run=RUN, motions=[th(), samx])
    assert line == "point 7 of 21  14 s, 28 s left  th 0.3520 deg to 0.4000  samx 1.000 mm to 2.000"
