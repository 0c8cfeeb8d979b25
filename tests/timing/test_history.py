"""A timing model that is learned from past runs a few at a time, each read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from beamshell.analysis.move_times import trapezoid_s
from beamshell.timing.history import TimingHistory

FACTOR = 1.5
"""Each move of the motor x takes so many times what its settings say."""


class PastRun:
    """A finished run of four points; `reads` counts how often its documents were read."""

    def __init__(self, scan_id, *, open=False):
        self.path, self.reads = Path(f"{scan_id:06d}.jsonl"), 0
        begin, step = 1.8e9 + 100 * scan_id, 0.5 + 0.5 * (scan_id % 4)
        times = [begin + n * (FACTOR * trapezoid_s(step, 1.0, 0.0) + 1.0) for n in range(1, 5)]
        settings = {"x": {"data": {"x_velocity": 1.0, "x_acceleration": 0.0}}, "det": {"data": {"det_exp": 1.0}}}
        self.docs = [
            ("start", {"uid": str(scan_id), "time": begin, "motors": ["x"], "detectors": ["det"]}),
            ("descriptor", {"uid": "d", "name": "primary", "configuration": settings}),
            *(
                ("event", {"descriptor": "d", "seq_num": n, "time": time, "data": {"x": n * step}})
                for n, time in enumerate(times, 1)
            ),
        ]
        self.stop = None if open else {"time": times[-1], "exit_status": "success", "num_events": {"primary": 4}}

    def documents(self):
        self.reads += 1
        return iter(self.docs)


def newest_first(number):
    return [PastRun(scan_id) for scan_id in range(number, 0, -1)]


class SlowClock:
    """A second passes whenever somebody looks."""

    now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.fixture
def history():
    return TimingHistory(clock=lambda: 0.0)


def test_the_model_is_learned_from_the_runs_and_from_each_that_is_added(history):
    runs = newest_first(4)
    model = history.model(runs, 10.0, exact=True)
    assert model.runs == 4
    assert model.motors["x"].factor == pytest.approx(FACTOR, abs=0.02)
    assert history.model([PastRun(5), *runs], 10.0, exact=True).runs == 5


def test_reading_stops_when_its_time_is_over_and_goes_on_at_the_next_call():
    history, runs = TimingHistory(SlowClock()), newest_first(6)
    assert [history.model(runs, 0.5).runs for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_a_damaged_run_is_one_less_to_learn_from(history):
    runs = newest_first(3)
    for _, doc in runs[0].docs:
        doc.pop("seq_num", None)
    assert history.model(runs, 10.0, exact=True).runs == 2


def test_an_open_run_is_read_when_it_has_ended(history):
    runs = [PastRun(4, open=True), *newest_first(3)]
    assert history.model(runs, 10.0, exact=True).runs == 3
    runs[0] = PastRun(4)
    assert history.model(runs, 10.0, exact=True).runs == 4


def test_a_run_is_read_once(history):
    runs = newest_first(3)
    model = history.model(runs, 10.0)
    assert history.model(runs, 10.0) is model
    assert [run.reads for run in runs] == [1, 1, 1]


def test_one_run_more_among_many_does_not_fit_the_model_again_unless_it_is_to_be_exact(history):
    runs = newest_first(20)
    model = history.model(runs, 10.0)
    runs = [PastRun(21), *runs]
    assert history.model(runs, 10.0) is model
    assert history.model(runs, 10.0, exact=True).runs == 21


def test_nothing_is_kept_of_a_run_that_is_not_asked_for_any_more(history):
    *newer, oldest = newest_first(5)
    history.model([*newer, oldest], 10.0)
    history.model(newer, 10.0)
    history.model([*newer, oldest], 10.0)
    assert ([run.reads for run in newer], oldest.reads) == ([1] * 4, 2)
