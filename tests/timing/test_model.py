"""What is learned from past runs: paces of devices, despite pauses, failures and lack of data."""

from __future__ import annotations

import pytest

from beamshell import plans as bp
from beamshell.analysis.move_times import MoveSettings, trapezoid_s
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.simulate.simulator import rehearse
from beamshell.timing.model import DeviceTiming, TimingModel, learn
from beamshell.timing.run_times import times_of

SPEED, RAMP = 2.0, 0.1
TRUE_MOVE, TRUE_COUNT, POINT_S = DeviceTiming(0.2, 1.1), DeviceTiming(0.05, 1.0), 0.01
"""How the beamline of these tests really is."""


def took(distance, count_time):
    move = TRUE_MOVE.seconds(trapezoid_s(distance, SPEED, RAMP)) if distance else 0.0
    return move + TRUE_COUNT.seconds(count_time) + POINT_S


def run_of(
    places=(), count_time=0.5, *, number=5, pauses=None, speed=SPEED, status="success", motor="x", factor=1.0, **start
):
    """The documents of a run on that beamline; `pauses` are seconds by the point before which they came."""
    motors = [motor] if places else []
    places = list(places) or [None] * number
    now = 1000.0
    yield "start", {"uid": "r", "time": now, "motors": motors, "detectors": ["det"], **start}
    settings = {"det": {"data": {"det_count_time": count_time}}}
    if motors and speed:
        settings[motor] = {"data": {f"{motor}_velocity": speed, f"{motor}_acceleration": RAMP, f"{motor}_egu": "mm"}}
    yield "descriptor", {"uid": "d", "name": "primary", "configuration": settings}
    for n, place in enumerate(places):
        distance = abs(place - places[n - 1]) if motors and n else 0.0
        now += factor * took(distance, count_time) + (pauses or {}).get(n, 0.0)
        data = {"det": 1.0} if place is None else {"det": 1.0, motor: place, f"{motor}_setpoint": place}
        yield "event", {"descriptor": "d", "seq_num": n + 1, "time": now, "data": data}
    yield "stop", {"time": now + 0.001, "exit_status": status, "num_events": {"primary": len(places)}}


def line(step, number=6):
    return [step * n for n in range(number)]


def learned(*runs):
    return learn([times for run in runs if (times := times_of(run)) is not None])


@pytest.fixture
def ordinary():
    """Six runs of different steps and count times."""
    scans = [run_of(line(step), count_time) for step, count_time in ((0.1, 0.1), (1, 0.5), (2, 1), (5, 0.2))]
    return [*scans, run_of((), 0.3), run_of((), 2, number=3)]


def seconds_of_a_point(overheads, distance, count_time):
    move = overheads.motor("x").seconds(trapezoid_s(distance, SPEED, RAMP)) if distance else 0.0
    return overheads.point_s + move + overheads.detector("det").seconds(count_time)


def test_the_pace_of_each_device_is_found_again(ordinary):
    model = learned(*ordinary)
    assert model.runs == 6
    assert model.motors["x"].factor == pytest.approx(1.1, abs=0.01)
    for distance, count_time in ((0, 1), (0.3, 0.2), (3, 3), (8, 0.1)):
        assert seconds_of_a_point(model, distance, count_time) == pytest.approx(took(distance, count_time), rel=0.02)
    assert model.error <= 0.05


def test_a_pause_in_each_third_run_spoils_nothing(ordinary):
    paused = [
        run_of(line(1), 0.5, pauses={3: 600}),
        run_of((), 0.3, pauses={2: 20, 3: 5}),
        run_of([0, 7], pauses={1: 60}),
    ]
    model = learned(*ordinary, *paused)
    for distance, count_time in ((0, 1), (0.3, 0.2), (3, 3)):
        assert seconds_of_a_point(model, distance, count_time) == pytest.approx(took(distance, count_time), rel=0.03)


@pytest.mark.parametrize(
    "run",
    [
        run_of(line(1), 0.5, status="abort"),
        run_of(line(1), 0.5, status="fail"),
        run_of((), 0.1, plan_args={"delay": 5.0}),
        run_of((), 0.1, plan_args={"sleep": 5.0}),
        list(run_of(line(1)))[:-1],
        [("start", {"uid": "r", "time": 0.0}), ("stop", {"exit_status": "success", "time": 1.0})],
    ],
)
def test_runs_that_teach_nothing_are_left_out(run):
    assert times_of(run) is None


def test_a_run_on_the_fly_teaches_nothing_even_if_it_was_looked_at_between_its_pages():
    head, descriptor, *events, tail = run_of(line(1, 8), 0.5)
    page = {"descriptor": "d", "seq_num": [1, 2], "time": [1000.01, 1000.02], "data": {"x": [0.0, 1.0]}}
    assert times_of([head, descriptor, *events, tail]) is not None
    assert times_of([head, descriptor, ("event_page", page), *events[2:], tail]) is None


def test_a_point_that_was_measured_again_is_no_step():
    run = list(run_of(line(1, 4)))
    later = [(name, {**doc, "time": doc["time"] + 100}) for name, doc in run[4:]]
    (step,) = times_of([*run[:5], *later]).intervals
    assert step.number == 3
    assert step.seconds == pytest.approx(took(1, 0.5))


def test_a_clock_that_was_set_back_in_a_run_makes_no_negative_time():
    run = list(run_of(line(1, 4)))
    for first_after in range(1, 7):  # the descriptor to the stop document
        documents = [
            (name, {**doc, "time": doc["time"] - 3600} if n >= first_after and "time" in doc else doc)
            for n, (name, doc) in enumerate(run)
        ]
        times = times_of(documents)
        assert all(interval.seconds >= 0 for interval in times.intervals)
        assert times.first is None or times.first.seconds >= 0
        assert times.last_s is None or times.last_s >= 0


def test_points_with_count_times_of_their_own_are_told_apart():
    run = list(run_of((), 0.1, number=5))
    for name, doc in run:
        if name == "event":
            doc["data"]["count_time"] = 2.0 if doc["seq_num"] > 3 else 1.0
    assert [(step.counts, step.number) for step in times_of(run).intervals] == [({"det": 1.0}, 2), ({"det": 2.0}, 2)]


def test_a_run_that_does_not_say_what_counts_teaches_nothing_of_counting():
    run = [(name, {**doc, "detectors": []}) if name == "start" else (name, doc) for name, doc in run_of(line(1))]
    assert times_of(run).intervals == ()
    assert learned(run) == TimingModel()


def test_a_few_documents_of_a_long_run_and_its_end_are_enough():
    run = list(run_of(line(1, 50)))
    times = times_of([*run[:12], run[-1]])
    assert times.intervals[0].number == 9
    assert times.last_s is None


def test_where_no_speed_is_recorded_the_time_of_a_unit_is_learned():
    model = learned(*(run_of(line(step), 0.1, speed=None) for step in (1, 2, 5, 10)))
    assert model.motors["x"].per_unit
    point_s = model.point_s + model.motor("x").seconds(7) + model.detector("det").seconds(0.1)
    assert point_s == pytest.approx(took(7, 0.1), rel=0.03)


def test_one_of_which_little_is_known_is_as_its_kind(ordinary):
    fast = [list(run_of(line(step), 0.5, factor=0.1)) for step in (0.5, 1, 2, 4)]
    fast += [list(run_of((), count_time, factor=0.1)) for count_time in (0.5, 1, 2)]
    model = learned(*fast, run_of(line(3, 4), 0.5, factor=0.1, motor="y"))
    assert model.motors["x"].factor == pytest.approx(0.11, abs=0.01)
    assert model.motors["y"].factor == pytest.approx(0.11, abs=0.03)
    assert model.motor("never_moved").factor == pytest.approx(0.11, abs=0.03)


def test_what_a_run_itself_takes_is_learned_from_runs_whose_first_point_needs_no_move():
    model = learned(*(late(run_of((), count_time), 1.5) for count_time in (0.1, 0.5, 1)))
    assert model.run_s == pytest.approx(1.5, abs=0.1)


def late(run, seconds):
    for name, doc in run:
        yield name, doc if name == "start" else {**doc, **({"time": doc["time"] + seconds} if "time" in doc else {})}


def test_a_baseline_tells_where_the_first_move_began():
    run = list(run_of(line(1), 0.5))
    baseline = [
        ("descriptor", {"uid": "b", "name": "baseline"}),
        ("event", {"descriptor": "b", "seq_num": 1, "time": 1000.0, "data": {"x": -4.0, "x_setpoint": -4.0}}),
    ]
    times = times_of([run[0], *baseline, *run[1:]])
    assert times.first.moves["x"] == pytest.approx(trapezoid_s(4, SPEED, RAMP))


def test_the_nominal_time_of_a_move_counts_backlash_and_delay_in_the_direction_of_the_move():
    recorded = {
        "x_backlash_distance": 0.5, "x_backlash_velocity": 0.1, "x_backlash_acceleration": 0.2,
        "x_readback_settle_time": 1.5, "x_user_offset_dir": 1,
    }  # fmt: skip

    def moves(step):
        run = list(run_of(line(step, 3), 0.5))
        run[1][1]["configuration"]["x"]["data"] |= recorded
        (interval,) = times_of(run).intervals
        return interval.moves["x"]

    settings = MoveSettings(SPEED, RAMP, -0.5, 0.1, 0.2, 1.5)  # a reversed motor: BDST is of the dial
    assert moves(4) == pytest.approx(settings.duration_s(0, 4)) == pytest.approx(2.25 + RAMP + 5.2 + 1.5)
    assert moves(-4) == pytest.approx(settings.duration_s(0, -4)) == pytest.approx(1.75 + RAMP + 5.2 + 1.5)


def test_nothing_is_learned_from_nothing_and_no_error_is_stated_from_two():
    assert learn([]) == TimingModel()
    assert learned(run_of(line(1)), run_of(line(2))).error is None


def test_the_error_that_is_stated_is_that_of_runs_which_differ():
    runs = [run_of(line(1), 0.5, factor=factor) for factor in (0.8, 0.9, 1.0, 1.1, 1.2, 1.3)]
    assert 0.1 < learned(*runs).error < 0.6


class TimedAxis(SynAxis):
    settle_time = 0.0

    def estimate_time_s(self, start, stop):
        return trapezoid_s(stop - start, SPEED, RAMP)


def test_a_rehearsal_uses_what_was_learned_and_says_from_how_much(ordinary):
    x = TimedAxis(name="x")
    det = SynGauss(name="det", motor=x, exp=0.7)
    simulation = rehearse(bp.scan([det], x, 0, 12, 5), learned(*ordinary))
    assert simulation.duration_s == pytest.approx(4 * took(3, 0.7) + took(0, 0.7) + TRUE_MOVE.extra_s, rel=0.02)
    assert simulation.time_in_words() == "about 12 s ± 0.2 s (learned from 6 runs)"


def test_a_device_that_was_never_measured_is_named(ordinary):
    other = TimedAxis(name="other")
    det = SynGauss(name="det", motor=other, exp=0.7)
    simulation = rehearse(bp.scan([det], other, 0, 12, 5), learned(*ordinary))
    assert simulation.unmeasured == {"other"}
    assert "never measured: other" in str(simulation)
