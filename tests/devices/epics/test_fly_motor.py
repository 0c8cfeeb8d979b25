"""Fly scans of a real motor record and a multichannel scaler; simulated time runs ten times as fast."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import document_rules
import numpy as np
import pytest

from beamshell import plans as bp
from beamshell.analysis.peaks import peak
from beamshell.devices.epics.fly_motor import MotorFlyer
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.status import DeviceStatus
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import BadValue, DeviceError, FailedStatus, LimitError
from beamshell.ioc import physics
from beamshell.ioc.process import DemoIoc

WIDE = 5.0
"""deg: simulated time is too fast for points in the middle of their bins: 10 ms late are 0.1 s of a flight."""

PATH = {"start": -1.0, "stop": 1.0, "num": 41, "time": 0.1}
SLOW = {"start": -1.0, "stop": 1.0, "num": 201, "time": 0.1}


class Bench:
    """The motor, the counter and the flyer, and the hands of somebody else."""

    def __init__(self) -> None:
        self.th = EpicsMotor("BL:th", name="th")
        self.mcs = MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2, "it": 3, "where": 4}, hinted=["it"])
        self.flyer = MotorFlyer(name="fly", motor=self.th, counter=self.mcs, tolerance=WIDE)
        self.hands = {
            name: EpicsSignal(f"BL:{name}", name=name)
            for name in ("th.STOP", "th.SPMG", "th:stall", "th:hard_high", "th.VELO", "mcs:StopAll", "th.HLM")
        }
        for device in (self.th, self.mcs, *self.hands.values()):
            device.wait_for_connection(timeout=10)

    def put(self, name: str, value: Any) -> None:
        self.hands[name].set(value).wait(5)

    def put_right(self) -> None:
        for name, value in (("th:stall", 0), ("th:hard_high", 91), ("th.SPMG", 3), ("th.HLM", 90), ("th.VELO", 1)):
            self.put(name, value)
        self.put("mcs:StopAll", 1)
        self.th.limits = None
        self.th.velocity.set(10).wait(5)
        self.th.set(0).wait(30)
        self.th.velocity.set(1).wait(5)


@pytest.fixture(scope="module")
def shared(demo_ioc: DemoIoc) -> Bench:
    tth = EpicsMotor("BL:tth", name="tth")  # the arm of the counter, which other tests leave anywhere
    tth.wait_for_connection(timeout=10)
    tth.set(0).wait(30)
    return Bench()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    shared.put_right()
    yield shared
    shared.flyer.unstage()
    shared.put_right()


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def begin(bench: Bench, path: dict[str, Any] = PATH) -> DeviceStatus:
    bench.flyer.prepare(path).wait(30)
    bench.flyer.kickoff().wait(1)
    return bench.flyer.complete()


def half_way(bench: Bench, path: dict[str, Any] = SLOW) -> DeviceStatus:
    flight = begin(bench, path)
    until(lambda: flight.done or (bench.th.position > -0.5 and bench.mcs.bins.get() > 20))  # it shows bins now and then
    return flight


def collected(bench: Bench) -> dict[str, list[Any]]:
    keys = ("th", "mcs_i0", "mcs_it", "mcs_where", "fly_off_path", "time")
    columns: dict[str, list[Any]] = {key: [] for key in keys}
    for page in bench.flyer.collect_pages():
        for key, column in {**page["data"], "time": page["time"]}.items():
            columns[key] += column
    return columns


# ---- a flight that goes well ---------------------------------------------------------------------


def test_a_flight_counts_at_all_its_points_and_the_motor_has_its_speed_back(bench):
    flight = begin(bench)
    flight.wait(30)
    record = collected(bench)
    places = np.asarray(record["th"])
    assert len(places) == 41
    assert np.all(np.diff(places) >= 0)
    assert -1.5 < places[0] < places[-1] < 1.5  # a stall of the machine delays the first bin, and with it all places
    assert np.median(np.diff(record["th"])) == pytest.approx(0.05, abs=0.02)
    assert np.all(np.diff(record["time"]) > 0)
    assert bench.th.velocity.get() == 1.0
    assert bench.th.position > 1.0


def test_the_positions_are_those_of_the_encoder(bench):
    begin(bench).wait(30)
    record = collected(bench)
    assert record["th"] == pytest.approx(record["mcs_where"], abs=0.2)


def test_the_counts_are_those_of_where_the_motor_was(bench):
    begin(bench).wait(30)
    record = collected(bench)
    exact = np.array([physics.detector_rate(place, 1.0) for place in record["mcs_where"]]) * PATH["time"]
    assert np.abs(np.array(record["mcs_it"]) - exact).mean() < 2 * np.sqrt(exact).mean()


def test_times_are_those_on_the_wall(bench):
    before = time.time()
    begin(bench).wait(30)
    record = collected(bench)
    assert before < record["time"][0] < record["time"][-1] < time.time()


def test_it_flies_down_as_well(bench):
    begin(bench, {**PATH, "start": 1.0, "stop": -1.0}).wait(30)
    record = collected(bench)["th"]
    assert record[0] > 0.5 > -0.5 > record[-1]
    assert len(record) == 41


@pytest.mark.parametrize("backlash", [0.4, -0.4])
def test_a_motor_takes_out_its_backlash_beyond_the_last_bin(bench, backlash):
    slow = {"backlash_distance": backlash, "backlash_velocity": 0.2, "backlash_acceleration": 0.05}
    before = {name: bench.th.part(name).get() for name in slow}
    bench.th.configure(slow)
    try:
        until(lambda: bench.th.move_settings().backlash == backlash)
        seconds, _ = bench.flyer.planned(PATH)
        fast = 2.05 + 2 * 0.1375 + max(0.0, -backlash)
        assert seconds == pytest.approx((fast / 0.5 + 0.05) + (0.4 / 0.2 + 0.05))
        begin(bench).wait(30)
        record = collected(bench)
        steps = np.diff(record["mcs_where"])  # all at one speed, but where the machine has stalled
        assert np.median(steps) == pytest.approx(0.05, abs=0.005)
        assert np.median(steps[-5:]) == pytest.approx(0.05, abs=0.02)
        assert bench.th.position == pytest.approx(1.025 + 0.1375 + max(0.0, backlash), abs=0.002)
        with pytest.raises(LimitError, match=r"above the limit 90 deg; at this speed a flight needs 0\.56"):
            bench.flyer.check_value({**PATH, "start": 87.5, "stop": 89.5})
    finally:
        bench.th.configure(before)


def test_points_are_handed_over_on_the_way(bench):
    flight = half_way(bench)
    first = collected(bench)
    assert not flight.done
    assert 1 < len(first["th"]) < 201
    flight.wait(60)
    rest = collected(bench)
    assert len(first["th"]) + len(rest["th"]) == 201


def test_the_position_can_come_from_an_array_of_the_counter(bench):
    flyer = MotorFlyer(name="fly2", motor=bench.th, counter=bench.mcs, encoder="where", tolerance=WIDE)
    flyer.prepare(PATH).wait(30)
    flyer.kickoff()
    flyer.complete().wait(30)
    (page,) = flyer.collect_pages()
    assert list(page["data"]) == ["th", "mcs_i0", "mcs_it", "fly2_off_path"]
    assert page["data"]["th"] == pytest.approx(bench.mcs.part("where").get()[:41])


def test_the_first_points_can_be_left_out_for_they_were_flown_before(bench):
    begin(bench, {**PATH, "first": 30}).wait(30)
    record = collected(bench)["th"]
    assert len(record) == 11
    assert record[-1] == pytest.approx(1.0, abs=0.5)


def test_its_settings_are_recorded(bench):
    bench.flyer.prepare(PATH).wait(30)
    settings = {key: reading["value"] for key, reading in bench.flyer.read_configuration().items()}
    assert settings == {
        "fly_speed": pytest.approx(0.5),
        "fly_dwell": 0.1,
        "fly_run_up": pytest.approx(0.5 * (0.025 + 0.25)),
    }
    bench.th.set(0).wait(30)


# ---- what is refused before anything moves -------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (
            {"stop": 90.0},
            LimitError,
            r"^th: \d+\.\d+ deg is above the limit 90 deg; at this speed a flight needs .* deg beside its first",
        ),
        ({"start": -95.0}, LimitError, r"^th: -1?\d+\.\d+ deg is below the limit -90 deg; at this speed"),
        ({"time": 0.001}, LimitError, r"^th: 50 deg/s is above the limit 10 deg/s; take more time for each point"),
        (
            {"stop": -0.999, "time": 0.0005},
            LimitError,
            "mcs: bins of 0.0005 s are outside its limits 0.001 and 10000 s",
        ),
        ({"num": 10_001, "time": 1}, BadValue, "mcs: 10001 bins are more than it holds, which is 10000"),
    ],
)
def test_a_flight_out_of_limits_is_refused_and_nothing_moves(bench, change, error, words):
    for refuse in (bench.flyer.check_value, bench.flyer.prepare):
        with pytest.raises(error, match=words):
            refuse({**PATH, **change})
    assert bench.th.position == 0.0


def test_a_flight_whose_backlash_would_be_taken_out_at_a_speed_of_zero_is_refused(bench):
    standing = {"backlash_distance": 0.1, "backlash_velocity": 0.0}
    before = {name: bench.th.part(name).get() for name in standing}
    bench.th.configure(standing)
    try:
        until(lambda: all(bench.th.part(name).latest["value"] == value for name, value in standing.items()))
        with pytest.raises(DeviceError, match=r"^th: its backlash_velocity \(BVEL\) is 0"):
            bench.flyer.check_value(PATH)
    finally:
        bench.th.configure(before)


def test_the_limits_of_this_session_hold_for_the_run_up_too(bench):
    bench.th.limits = (-1.1, 1.1)
    with pytest.raises(LimitError, match=r"below the limit -1\.1 deg"):
        bench.flyer.prepare(PATH)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"motor": "th"}, "fly: its motor is 'th', and must be of the class EpicsMotor"),
        ({"counter": 3}, "fly: its counter is 3, and must be of the class MultichannelScaler"),
        ({"encoder": "mca9"}, "fly: mcs has no array mca9, only i0, it, where"),
    ],
)
def test_a_flyer_of_the_wrong_devices_is_refused(bench, arguments, words):
    with pytest.raises(BadValue, match=words):
        MotorFlyer(**{"name": "fly", "motor": bench.th, "counter": bench.mcs, **arguments})


def test_a_motor_that_was_moved_away_is_not_flown_from_there(bench):
    bench.flyer.prepare(PATH).wait(30)
    bench.th.set(0).wait(30)
    with pytest.raises(DeviceError, match=r"fly: th is at 0 deg, not at -1\.\d+ deg, where the flight begins"):
        bench.flyer.kickoff()
    assert bench.th.velocity.get() == 1.0


def test_a_motor_that_may_not_move_is_not_slowed_down_either(bench):
    bench.flyer.prepare(PATH).wait(30)
    bench.put("th.SPMG", 1)
    with pytest.raises(DeviceError, match="SPMG"):
        bench.flyer.kickoff()
    assert bench.th.velocity.get() == 1.0
    assert not bench.flyer.flying


# ---- a flight that ends early --------------------------------------------------------------------


def check_at_rest_with_its_speed(bench: Bench) -> None:
    """The motor stands and has its speed; the counter rests."""
    assert not bench.th.moving
    assert bench.th.velocity.get() == 1.0
    assert bench.mcs.acquiring.get() == 0


def test_a_stop_keeps_the_points(bench):
    flight = half_way(bench)
    bench.flyer.stop()
    record = collected(bench)
    assert str(flight.exception()) == "fly: its flight was stopped"
    assert 20 < len(record["th"]) < 201
    check_at_rest_with_its_speed(bench)


def test_a_stop_while_it_gets_ready_stops_the_motor(bench):
    ready = bench.flyer.prepare({**PATH, "start": -60.0, "stop": -58.0})
    until(lambda: bench.th.position < -0.5)
    bench.flyer.stop()
    assert "stopped while it got ready" in str(ready.exception(10))
    until(lambda: not bench.th.motor_is_moving.get())
    assert bench.th.position > -60
    with pytest.raises(DeviceError, match="its preparation failed"):
        bench.flyer.kickoff()


def test_a_pause_ends_the_flight_without_a_failure(bench):
    flight = half_way(bench)
    bench.flyer.pause()
    flight.wait(10)
    assert 20 < len(collected(bench)["th"]) < 201
    check_at_rest_with_its_speed(bench)


def test_what_was_counted_after_a_stop_is_flown_again_and_not_taken_for_points_on_the_way(bench):
    half_way(bench)
    bench.th.motor_stop.put(1)  # the counter goes on, with the motor at rest
    until(lambda: not bench.flyer.flying)
    record = collected(bench)
    assert np.all(np.diff(record["th"]) > 0)
    assert record["mcs_where"] == pytest.approx(record["th"], abs=0.2)
    assert len(record["th"]) <= len(bench.mcs.part("it").get())


def test_a_motor_that_somebody_else_stops_fails_the_flight_and_what_was_seen_is_kept(bench):
    flight = half_way(bench)
    bench.hands["th.STOP"].put(1)
    assert "th: move to" in str(flight.exception(10))
    assert 20 < len(collected(bench)["th"]) < 201
    check_at_rest_with_its_speed(bench)


def test_a_limit_switch_fails_the_flight_and_is_named(bench):
    bench.put("th:hard_high", 0.0)
    flight = begin(bench, SLOW)
    assert "high limit switch" in str(flight.exception(60))
    assert 50 < len(collected(bench)["th"]) <= 201
    check_at_rest_with_its_speed(bench)


def test_a_motor_that_slips_fails_the_flight(bench):
    flight = half_way(bench)
    bench.put("th:stall", 1)
    assert "th: move to" in str(flight.exception(60))
    check_at_rest_with_its_speed(bench)


def test_a_counter_that_somebody_else_stops_fails_the_flight_and_stops_the_motor(bench):
    flight = half_way(bench)
    bench.put("mcs:StopAll", 1)
    assert re.match(r"fly: mcs has counted \d+ of 201 bins: it was stopped", str(flight.exception(60)))
    assert bench.th.position < 0.9
    assert 20 < len(collected(bench)["th"]) < 201
    check_at_rest_with_its_speed(bench)


def test_unstaging_ends_a_flight_and_restores_the_speed(bench):
    bench.flyer.stage()
    flight = half_way(bench)
    bench.flyer.unstage()
    assert flight.done
    check_at_rest_with_its_speed(bench)


def test_after_an_early_end_it_flies_again(bench):
    half_way(bench)
    bench.flyer.stop()
    begin(bench).wait(30)
    assert len(collected(bench)["th"]) == 41


# ---- in a run ------------------------------------------------------------------------------------


def run(plan: Any) -> tuple[list[tuple[str, dict[str, Any]]], Exception | None]:
    docs: list[tuple[str, dict[str, Any]]] = []
    try:
        RunEngine()(plan, lambda name, doc: docs.append((name, doc)))
    except FailedStatus as exc:
        document_rules.check(docs)
        return docs, exc
    document_rules.check(docs)
    return docs, None


def columns(docs: list[tuple[str, dict[str, Any]]], key: str) -> list[Any]:
    return [value for name, doc in docs if name == "event_page" for value in doc["data"][key]]


def test_the_peak_of_a_fly_scan_is_where_a_step_scan_finds_it(bench):
    bin_deg = 0.02
    for _ in range(3):  # a stall of 20 ms shifts all places by a bin, as simulated time is fast: then it flies again
        flown, _ = run(bp.fly_scan(bench.flyer, -0.7, 1.3, 101, 0.2))
        shift = np.median(np.subtract(columns(flown, "th"), columns(flown, "mcs_where")))
        if abs(shift) < 0.75 * bin_deg:
            break
    bench.mcs.prepare_bins(1, 0.5)
    measured = peak("th", "it", columns(flown, "th"), columns(flown, "mcs_it"))
    places = np.linspace(-0.7, 1.3, 31)
    counts = []
    for place in places:
        bench.th.set(place).wait(10)
        bench.mcs.count_bins(1, 0.5).wait(10)
        counts.append(float(bench.mcs.begin_filled()()["it"][0]))
    stepped = peak("th", "it", places, counts)
    assert measured is not None
    assert stepped is not None
    assert measured.cen == pytest.approx(stepped.cen, abs=bin_deg)
    assert measured.com == pytest.approx(stepped.com, abs=bin_deg)
    assert measured.fwhm == pytest.approx(stepped.fwhm, abs=3 * bin_deg)


def test_the_documents_have_one_stream_with_motor_and_counts(bench):
    docs, _ = run(bp.fly_scan(bench.flyer, -1, 1, 201, 0.1, period=0.1))
    kinds = [name for name, _ in docs]
    assert kinds[:2] == ["start", "descriptor"]
    assert kinds.count("event_page") > 1
    start, descriptor, stop = docs[0][1], docs[1][1], docs[-1][1]
    assert start["hints"] == {"dimensions": [(["th"], "primary")]}
    assert (start["num_points"], start["motors"], start["detectors"]) == (201, ("th",), ["fly"])
    assert descriptor["name"] == "primary"
    assert descriptor["hints"] == {"fly": {"fields": ["mcs_it"]}}
    assert descriptor["data_keys"]["th"]["units"] == "deg"
    assert descriptor["configuration"]["fly"]["data"]["fly_dwell"] == 0.1
    assert stop["num_events"] == {"primary": 201}


def test_a_flight_that_fails_leaves_its_points_and_a_reason(bench):
    bench.put("th:hard_high", 0.0)
    docs, failure = run(bp.fly_scan(bench.flyer, -1, 1, 201, 0.1))
    assert "fly: complete failed: th: " in str(failure)
    stop = docs[-1][1]
    assert stop["exit_status"] == "fail"
    assert "high limit switch" in stop["reason"]
    assert 50 < stop["num_events"]["primary"] <= 201
    check_at_rest_with_its_speed(bench)


def test_a_plan_that_is_aborted_in_flight_restores_the_motors_speed(bench):
    def plan():
        from beamshell.plans import stubs as bps
        from beamshell.plans.preprocessors import run_wrapper

        def flight():
            yield from bps.prepare(bench.flyer, SLOW, wait=True)
            yield from bps.kickoff(bench.flyer, wait=True)
            yield from bps.complete(bench.flyer)
            yield from bps.sleep(0.6)
            raise ZeroDivisionError("the plan broke")

        yield from run_wrapper(flight())

    docs: list[tuple[str, dict[str, Any]]] = []
    with pytest.raises(ZeroDivisionError):
        RunEngine()(plan(), lambda name, doc: docs.append((name, doc)))
    document_rules.check(docs)
    assert docs[-1][1]["num_events"]["fly"] > 5
    check_at_rest_with_its_speed(bench)


def test_a_flight_too_fast_for_its_bins_keeps_its_points_marks_them_and_is_no_success(bench):
    flyer = MotorFlyer(name="strict", motor=bench.th, counter=bench.mcs)
    docs, failure = run(bp.fly_scan(flyer, 0, 0.1, 11, 0.002))  # ten times as fast: all is over within a read-back
    assert "strict: 11 points lie off the path: th by up to" in str(failure)
    stop = docs[-1][1]
    assert (stop["exit_status"], stop["num_events"]) == ("fail", {"primary": 11})
    assert columns(docs, "strict_off_path") == [True] * 11
    assert all(place > 0.1 for place in columns(docs, "th"))
    check_at_rest_with_its_speed(bench)
