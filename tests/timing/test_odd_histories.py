"""A history may hold anything: whatever it is, a plan is rehearsed with finite times."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from beamshell import plans as bp
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.simulate import rehearse
from beamshell.timing.history import TimingHistory

NAMES = st.sampled_from(["th", "samx", "det", "cam"])
NUMBERS = st.one_of(
    st.floats(-5, 5),
    st.integers(-3, 3),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-300, 1e300, 10**400, True, None, "", "1", [1.0]]),
)
ANYTHING = st.one_of(NUMBERS, st.lists(NUMBERS, max_size=2), st.dictionaries(NAMES, NUMBERS, max_size=2))
SETTINGS = st.sampled_from(["velocity", "acceleration", "count_time", "exp", "cam_acquire_time"])


@st.composite
def histories(draw):
    """Runs that name the same few devices as motors and as detectors, some of them damaged."""
    return [draw(runs(number)) for number in range(draw(st.integers(1, 4)))]


@st.composite
def runs(draw, number):
    names = st.lists(NAMES, max_size=3) | ANYTHING if draw(st.booleans()) else st.lists(NAMES, max_size=3, unique=True)
    moment = st.floats(0, 100) | NUMBERS if draw(st.booleans()) else st.floats(0, 100)
    start = {"uid": "r", "time": draw(moment), "motors": draw(names), "detectors": draw(names)}
    if draw(st.booleans()):
        start["plan_args"] = draw(ANYTHING)
    configuration = {
        name: {"data": {f"{name}_{setting}": draw(NUMBERS) for setting in draw(st.lists(SETTINGS, max_size=2))}}
        for name in draw(st.lists(NAMES, unique=True))
    }
    if draw(st.integers(0, 9)) == 0:
        configuration = draw(ANYTHING)
    documents = [
        ("start", start),
        ("descriptor", {"uid": "d", "name": "primary", "configuration": configuration}),
        ("descriptor", {"uid": "b", "name": "baseline", "configuration": {}}),
    ]
    if draw(st.booleans()):
        documents.append(("event", {"descriptor": "b", "seq_num": 1, "time": draw(moment), "data": {"th": 0.0}}))
    points = draw(st.integers(0, 4))
    for point in range(1, points + 1):
        data = draw(st.dictionaries(NAMES | st.just("count_time"), NUMBERS, max_size=5))
        documents.append(("event", {"descriptor": "d", "seq_num": point, "time": draw(moment), "data": data}))
    stop = {"time": draw(moment), "exit_status": "success", "num_events": {"primary": points}}
    return PastRun(Path(f"{number}.jsonl"), documents, stop)


class PastRun:
    """A run that has ended."""

    def __init__(self, path, documents, stop):
        self.path, self.stop, self._documents = path, stop, documents

    def documents(self):
        return iter(self._documents)

    def __repr__(self):
        return f"PastRun({[*self._documents, ('stop', self.stop)]})"


def rehearsed(history):
    """The simulation of a scan that moves one motor and reads another, with what this history teaches."""
    th, samx = SynAxis(name="th"), SynAxis(name="samx")
    model = TimingHistory(lambda: 0.0).model(history, 1.0, exact=True)
    return rehearse(bp.scan([SynGauss(name="det", motor=samx), th], samx, 0, 1, 3), model)


@settings(max_examples=100, deadline=None)
@given(histories())
def test_a_rehearsal_survives_whatever_past_runs_hold(history):
    simulation = rehearsed(history)
    assert len(simulation.points) == 3
    assert simulation.problems == []
    assert 0 <= simulation.duration_s < math.inf
    assert simulation.error is None or 0 <= simulation.error < math.inf
    assert "3 points, about" in simulation.summary()


def run_of(number, motor, detectors, step_s, points=4):
    """A run without fault in which `motor` is moved by 0.1 a point."""
    documents = [
        ("start", {"uid": "r", "time": 0.0, "motors": [motor], "detectors": detectors}),
        ("descriptor", {"uid": "d", "name": "primary", "configuration": {}}),
        *(
            ("event", {"descriptor": "d", "seq_num": n, "time": n * step_s, "data": {motor: 0.1 * n}})
            for n in range(1, points + 1)
        ),
    ]
    stop = {"time": points * step_s, "exit_status": "success", "num_events": {"primary": points}}
    return PastRun(Path(f"{number}.jsonl"), documents, stop)


def test_a_motor_that_was_moved_in_one_run_and_read_in_another_is_timed_as_each():
    history = [run_of(1, "th", ["det"], 1.0), run_of(2, "samx", ["det", "th"], 2.0)]
    model = TimingHistory(lambda: 0.0).model(history, 1.0, exact=True)
    assert set(model.motors) == {"th", "samx"}
    assert set(model.detectors) == {"det", "th"}
    assert rehearsed(history).unmeasured == set()
