"""Flights of two motors over a profile move; simulated time runs ten times as fast."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import document_rules
import numpy as np
import pytest

from beamshell import plans as bp
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics.trajectory import TrajectoryFlyer
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import BadValue, DeviceError, LimitError
from beamshell.ioc import physics
from beamshell.ioc.process import DemoIoc

TH = np.linspace(-0.5, 1.0, 31)
PATH = {"positions": {"th": TH.tolist(), "tth": (2 * TH**2).tolist()}, "time": 0.4}
LONG = {"positions": {"th": np.linspace(-1, 1, 101).tolist(), "tth": np.linspace(2, -2, 101).tolist()}, "time": 0.2}


class Bench:
    """Two motors, their controller and a counter, and the hands of somebody else."""

    def __init__(self) -> None:
        self.motors = [EpicsMotor("BL:th", name="th"), EpicsMotor("BL:tth", name="tth")]
        self.mcs = MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2, "it": 3})
        self.traj = TrajectoryFlyer("BL:traj1:", name="traj", motors=self.motors, counter=self.mcs)
        self.stop_tth = EpicsSignal("BL:tth.STOP", name="stop_tth")
        for device in (*self.motors, self.mcs, self.traj, self.stop_tth):
            device.wait_for_connection(timeout=10)

    def put_right(self) -> None:
        self.mcs.stop_all.set(1).wait(5)
        self.mcs.advance.set(0).wait(5)
        for move in [motor.set(0) for motor in self.motors]:
            move.wait(30)


@pytest.fixture(scope="module")
def shared(demo_ioc: DemoIoc) -> Bench:
    return Bench()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    shared.put_right()
    yield shared
    shared.traj.unstage()
    shared.put_right()


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def begin(bench: Bench, path: dict[str, Any] = PATH) -> Any:
    bench.traj.prepare(path).wait(30)
    bench.traj.kickoff().wait(5)
    return bench.traj.complete()


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_flight_of_ours_is_not_taken_for_somebody_elses_motion(bench: Bench, is_stopped: bool) -> None:
    noticed: list[Any] = []
    ends = [motor.on_foreign_motion(noticed.append) for motor in bench.motors]
    flight = half_way(bench) if is_stopped else begin(bench)
    if is_stopped:
        bench.traj.stop()
    flight.exception(60)
    for motor in bench.motors:
        motor.set(motor.position + 0.1).wait(10)  # what it has sent before has come then
    assert noticed == []
    for end in ends:
        end()


def half_way(bench: Bench) -> Any:
    flight = begin(bench, LONG)
    until(lambda: bench.motors[0].position > -0.5)
    return flight


def collected(bench: Bench) -> dict[str, Any]:
    pages = list(bench.traj.collect_pages())
    return {key: [value for page in pages for value in page["data"][key]] for key in ("th", "tth", "mcs_i0", "mcs_it")}


def test_two_motors_move_along_a_curve_and_the_counts_are_those_of_its_points(bench):
    begin(bench).wait(30)
    record = collected(bench)
    assert record["th"] == pytest.approx(TH, abs=0.2)
    assert record["tth"] == pytest.approx(2 * np.asarray(record["th"]) ** 2, abs=0.1)
    exact = np.array([physics.detector_rate(place, 1.0) for place in record["th"]])
    rates = np.asarray(record["mcs_it"]) / np.asarray(record["mcs_i0"]) * physics.MONITOR_RATE
    assert rates == pytest.approx(exact, rel=0.25, abs=600)


def test_one_of_its_motors_can_fly_alone(bench):
    begin(bench, {"positions": {"tth": [0.0, 0.5, 1.0, 1.5]}, "time": 2.0}).wait(30)
    (page,) = bench.traj.collect_pages()
    assert page["data"]["traj_off_path"] == [False] * 4
    assert list(page["data"]) == ["tth", "mcs_i0", "mcs_it", "traj_off_path"]
    assert page["data"]["tth"] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.4)
    assert bench.motors[0].position == 0.0


def test_a_path_with_turning_points_moves_and_passes_them(bench):
    turning = {"positions": {"th": [0.0, 1.0, 0.0, 1.0, 0.0]}, "time": 2.0}
    assert bench.traj.misses(turning)["th"] == pytest.approx([0.0, 0.00625, 0.00625, 0.00625, 0.0])
    begin(bench, turning).wait(30)
    (page,) = bench.traj.collect_pages()
    assert page["data"]["th"] == pytest.approx([0.0, 1.0, 0.0, 1.0, 0.0], abs=0.1)
    where = np.atleast_1d(EpicsSignal("BL:mcs:mca4", name="where").get())
    assert where == pytest.approx([0.0, 0.75, 0.25, 0.75, 0.0], abs=0.15)  # the mean of a bin with a corner


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"positions": {"th": [0, 50, 95]}}, LimitError, r"point 3 of 3: th: 95 deg is above the limit 90 deg"),
        ({"positions": {"th": [88.0, 89.0, 90.0]}, "time": 1.0}, LimitError, "needs room to speed up and slow down"),
        ({"positions": {"tth": [0, 0.1, 20, 20.1]}}, LimitError, r"point 3 of 4: tth: 49.75 deg/s is above the limit"),
        ({"positions": {"th": [0] * 1999}}, BadValue, "traj: 1999 points and two ends are more than the 2000 that"),
        (
            {"positions": {"th": [0, 1, 0, 1, 0]}, "time": 0.11},
            LimitError,
            r"^point 2 of 5: th turns there and misses it by 2.1 deg, above 1 deg; take more time for each point$",
        ),
    ],
)
def test_a_path_out_of_limits_is_refused_point_by_point_and_nothing_moves(bench, change, error, words):
    for refuse in (bench.traj.check_value, bench.traj.prepare):
        with pytest.raises(error, match=words):
            refuse({**PATH, **change})
    assert [motor.position for motor in bench.motors] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"motors": []}, r"its motors are \[\], and must be a list of EpicsMotors"),
        ({"motors": ["th"]}, r"its motors are \['th'\]"),
        ({"counter": "mcs"}, "its counter is 'mcs'"),
    ],
)
def test_a_flyer_of_the_wrong_devices_is_refused(bench, arguments, words):
    with pytest.raises(BadValue, match=words):
        TrajectoryFlyer("BL:traj1:", **{"name": "traj", "motors": bench.motors, "counter": bench.mcs, **arguments})


def test_a_profile_that_the_controller_does_not_build_is_no_preparation(bench):
    bench.traj._path = bench.traj.parse_path(PATH)
    bench.traj.num_points.set(1).wait(5)
    assert str(bench.traj._build_profile().exception(10)) == "traj: build: 1 points make no profile"


def test_a_stop_ends_the_flight_and_keeps_its_points(bench):
    flight = half_way(bench)
    bench.traj.stop()
    record = collected(bench)
    assert str(flight.exception(1)) == "traj: its flight was stopped"
    assert 5 < len(record["th"]) < 101
    assert not bench.motors[0].moving
    assert bench.mcs.acquiring.get() == 0


def test_a_pause_ends_the_flight_without_a_failure_and_the_rest_can_be_flown(bench):
    flight = half_way(bench)
    bench.traj.pause()
    flight.wait(10)
    first = collected(bench)["th"]
    begin(bench, {**LONG, "first": len(first)}).wait(60)
    rest = collected(bench)["th"]
    assert len(first) + len(rest) == 101
    assert first + rest == pytest.approx(np.linspace(-1, 1, 101), abs=0.2)


def test_a_motor_that_somebody_else_stops_fails_the_flight_and_stops_the_others(bench):
    flight = half_way(bench)
    bench.stop_tth.put(1)
    assert str(flight.exception(10)) == "traj: execute: M2 stopped before its end"
    assert 5 < len(collected(bench)["th"]) < 101
    assert not bench.motors[0].moving


def test_a_counter_that_is_stopped_fails_the_flight(bench):
    flight = half_way(bench)
    bench.mcs.stop_all.put(1)
    assert "of 101 bins were counted" in str(flight.exception(30))


def test_in_a_run_it_is_one_stream_with_both_motors(bench):
    docs: list[tuple[str, dict[str, Any]]] = []
    th, tth = bench.motors
    RunEngine()(bp.fly_path(bench.traj, {th: TH, tth: 2 * TH**2}, 0.1), lambda name, doc: docs.append((name, doc)))
    document_rules.check(docs)
    start, stop = docs[0][1], docs[-1][1]
    assert start["hints"] == {"dimensions": [(["th", "tth"], "primary")]}
    assert start["motors"] == ("th", "tth")
    assert stop["num_events"] == {"primary": 31}


def test_it_flies_only_what_was_prepared(bench):
    with pytest.raises(DeviceError, match="it was not prepared"):
        bench.traj.kickoff()
