"""What was written for bluesky runs here: its plans and preprocessors, ophyd's simulated devices, its callbacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import bluesky.utils
import pytest
from bluesky.callbacks import CallbackCounter, CollectThenCompute, LiveTable, collector
from document_rules import check
from ophyd import SoftPositioner, sim
from ophyd.status import DeviceStatus

from beamshell import RunEngine
from beamshell.errors import FailedStatus, RequestAbort, RequestStop, RunEngineInterrupted
from beamshell.plans.preprocessors import run_wrapper

Documents = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def hw() -> Any:
    """ophyd's simulated beamline; it starts threads that live as long as the process."""
    devices = sim.hw()
    devices.motor.set(0).wait(5)
    return devices


@pytest.fixture
def docs() -> Documents:
    return []


@pytest.fixture
def RE(docs: Documents) -> Iterator[RunEngine]:
    engine = RunEngine({})
    engine.subscribe(lambda name, doc: docs.append((name, doc)))
    yield engine
    check(docs)


def events(docs: Documents, stream: str = "primary") -> list[dict[str, Any]]:
    descriptors = {doc["uid"] for name, doc in docs if name == "descriptor" and doc["name"] == stream}
    return [doc["data"] for name, doc in docs if name == "event" and doc["descriptor"] in descriptors]


def stop_of(docs: Documents) -> tuple[str, str]:
    name, doc = docs[-1]
    assert name == "stop"
    return doc["exit_status"], doc["reason"]


def test_count(RE, hw, docs):
    RE(bp.count([hw.det], num=3))
    assert len(events(docs)) == 3
    assert docs[0][1]["plan_name"] == "count"


def test_scan_with_an_ophyd_motor_and_detector(RE, hw, docs):
    RE(bp.scan([hw.det], hw.motor, -1, 1, 5))
    assert [data["motor"] for data in events(docs)] == [-1, -0.5, 0, 0.5, 1]
    assert max(data["det"] for data in events(docs)) == pytest.approx(1)


def test_a_relative_scan_returns_to_where_it_began(RE, hw, docs):
    hw.motor.set(2).wait(5)
    RE(bp.rel_scan([hw.det], hw.motor, -1, 1, 3))
    assert [data["motor"] for data in events(docs)] == [1, 2, 3]
    assert hw.motor.position == 2


def test_a_list_scan(RE, hw, docs):
    RE(bp.list_scan([hw.det], hw.motor, [1, 5, 2]))
    assert [data["motor"] for data in events(docs)] == [1, 5, 2]


def test_a_snaked_grid_scan(RE, hw, docs):
    RE(bp.grid_scan([hw.det4], hw.motor1, 0, 1, 2, hw.motor2, 0, 2, 3, True))
    assert [(data["motor1"], data["motor2"]) for data in events(docs)] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 2),
        (1, 1),
        (1, 0),
    ]
    assert docs[0][1]["hints"]["gridding"] == "rectilinear"


def test_an_adaptive_scan_answers_to_what_it_reads(RE, hw, docs):
    RE(
        bp.adaptive_scan(
            [hw.det], "det", hw.motor, start=-3, stop=3, min_step=0.1, max_step=1, target_delta=0.2, backstep=True
        )
    )
    assert 6 < len(events(docs)) < 60


def test_a_flyer_of_ophyd(RE, hw, docs):
    RE(bp.fly([hw.flyer1]))
    pages = [doc for name, doc in docs if name == "event_page"]
    assert pages
    assert stop_of(docs) == ("success", "")


def test_finalize_runs_after_a_failure(RE, hw):
    def breaks():
        yield from bps.mv(hw.motor, 1)
        raise ZeroDivisionError("oh")

    with pytest.raises(ZeroDivisionError):
        RE(bpp.finalize_wrapper(breaks(), bps.mv(hw.motor, -7)))
    assert hw.motor.position == -7


def test_contingency_sees_the_exception_and_the_run_fails_with_its_words(RE, hw, docs):
    record = []

    def breaks():
        yield from bps.trigger_and_read([hw.det])
        raise ZeroDivisionError("oh")

    def handle(exc):
        record.append(str(exc))
        yield from bps.null()

    with pytest.raises(ZeroDivisionError):
        RE(bpp.run_wrapper(bpp.contingency_wrapper(breaks(), except_plan=handle)))
    assert record == ["oh"]
    assert stop_of(docs) == ("fail", "oh")


def test_baseline_and_monitors_around_a_scan(RE, hw, docs):
    plan = bp.scan([hw.det], hw.motor, 0, 1, 3)
    plan = bpp.baseline_wrapper(plan, [hw.motor1, hw.motor2])
    RE(bpp.monitor_during_wrapper(plan, [hw.motor.readback]))
    assert len(events(docs, "baseline")) == 2
    assert {doc["name"] for name, doc in docs if name == "descriptor"} == {"primary", "baseline", "motor_monitor"}
    assert len(events(docs, "motor_monitor")) >= 3


def test_supplemental_data_as_a_preprocessor(RE, hw, docs):
    RE.preprocessors.append(bpp.SupplementalData(baseline=[hw.motor1]))
    RE(bp.count([hw.det]))
    assert len(events(docs, "baseline")) == 2


def test_two_runs_at_the_same_time_by_their_keys(RE, hw, docs):
    @bpp.set_run_key_decorator("outer")
    @bpp.run_decorator(md={"which": "outer"})
    def outer():
        yield from bps.trigger_and_read([hw.det])
        yield from inner()
        yield from bps.trigger_and_read([hw.det])

    @bpp.set_run_key_decorator("inner")
    @bpp.run_decorator(md={"which": "inner"})
    def inner():
        yield from bps.trigger_and_read([hw.det4])

    assert len(RE(outer())) == 2
    assert [doc.get("which") for name, doc in docs if name == "start"] == ["outer", "inner"]


def test_subscriptions_of_a_plan(RE, hw):
    counter = CallbackCounter()
    RE(bpp.subs_wrapper(bp.count([hw.det], num=2), {"event": [counter]}))
    assert counter.value == 2
    RE(bp.count([hw.det]))
    assert counter.value == 2


def test_an_abort_closes_a_bluesky_plan_as_aborted_and_its_cleanup_is_done(RE, hw, docs):
    RE.subscribe(lambda name, doc: doc["seq_num"] == 2 and RE.abort("enough"), "event")
    with pytest.raises(RunEngineInterrupted):
        RE(bpp.finalize_wrapper(bp.scan([hw.det], hw.motor, 0, 1, 5), bps.mv(hw.motor, -3)))
    assert stop_of(docs) == ("abort", "enough")
    assert hw.motor.position == -3


def test_a_pause_in_a_bluesky_plan_is_resumed(RE, hw, docs):
    RE.subscribe(lambda name, doc: doc["seq_num"] == 2 and RE.state == "running" and RE.request_pause(), "event")
    with pytest.raises(RunEngineInterrupted):
        RE(bp.scan([hw.det], hw.motor, 0, 1, 5))
    while RE.state == "paused":
        try:
            RE.resume()
        except RunEngineInterrupted:
            RE.unsubscribe(RE.subscriptions()[-1].token)
    assert {doc["seq_num"] for name, doc in docs if name == "event"} == {1, 2, 3, 4, 5}
    assert stop_of(docs) == ("success", "")


def test_a_failing_ophyd_status_is_a_failed_status(RE, hw, docs):
    class Broken(sim.SynAxis):
        def set(self, value):
            broken = DeviceStatus(self)
            broken.set_exception(OSError("no power"))
            return broken

    with pytest.raises(FailedStatus, match=r"broken: set to 0\.0 failed: no power"):
        RE(bp.scan([hw.det], Broken(name="broken"), 0, 1, 2))
    assert stop_of(docs)[0] == "fail"


def test_an_area_detector_of_ophyd_writes_files(RE, docs, tmp_path):
    img = sim.hw(save_path=str(tmp_path)).img
    RE(bp.count([img], num=2))
    names = [name for name, _ in docs]
    assert names.count("resource") == 1
    assert names.count("datum") == 2


def test_live_table_of_bluesky_prints_our_documents(RE, hw, capsys):
    RE(bp.scan([hw.det], hw.motor, 0, 1, 3), LiveTable(["motor", "det"]))
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(rows) == 4


def test_collecting_callbacks_of_bluesky(RE, hw):
    class Mean(CollectThenCompute):
        def compute(self):
            values = [event["data"]["det"] for event in self._events]
            self.mean = sum(values) / len(values)

    mean, values = Mean(), []
    RE(bp.count([hw.det], num=4), [mean, lambda name, doc: name == "event" and collector("det", values)(name, doc)])
    assert mean.mean == pytest.approx(sum(values) / 4)


@pytest.mark.parametrize(
    ("in_run", "request_"),
    [
        (run_wrapper, RequestAbort),
        (run_wrapper, RequestStop),
        (bpp.run_wrapper, bluesky.utils.RequestAbort),
        (bpp.run_wrapper, bluesky.utils.RequestStop),
    ],
)
def test_a_plan_that_requests_its_own_end_has_not_failed(RE, hw, docs, in_run, request_):
    def plan():
        yield from bps.trigger_and_read([hw.det])
        raise request_("enough")

    assert RE(in_run(plan()))
    assert stop_of(docs)[0] == request_.exit_status
    assert RE.state == "idle"


class SlowToForget(SoftPositioner):
    """Takes a while between the end of a move and dropping the move's status."""

    def _setup_move(self, position: float, status: Any) -> None:
        self._moving = True
        threading.Timer(0.001, self._arrive, [position]).start()

    def _arrive(self, position: float) -> None:
        self._set_position(position)
        self._moving = False
        self._done_moving()

    def _reset_sub(self, event_type: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.02)
        super()._reset_sub(event_type)


def test_a_positioner_of_ophyd_is_sent_again_when_it_has_forgotten_its_last_move(
    caplog: pytest.LogCaptureFixture,
) -> None:
    motor = SlowToForget(name="motor")
    engine = RunEngine()
    for place in (1.0, 2.0, 2.0, 3.0):
        engine(bps.mv(motor, place, timeout=5))
        assert motor.position == place
    assert not caplog.records  # such as ophyd's "Subscription _req_done callback exception"
