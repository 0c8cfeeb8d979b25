"""What RE.run and RE.proceed give back, and what follows a call."""

from __future__ import annotations

import threading

import pytest
from document_rules import check

from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.devices.status import Status
from beamshell.engine import RunEngine
from beamshell.errors import PlanError, RunEngineInterrupted, TransitionError, UnknownName
from beamshell.messages import Msg
from beamshell.plans import scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper


@pytest.fixture
def RE():
    engine = RunEngine({})
    engine.say = lambda text: None
    return engine


@pytest.fixture
def ended():
    """The results that `then` was called with."""
    return []


def pausing():
    """A run with a pause in it; the plan returns the run's uid."""

    def plan():
        yield Msg("checkpoint")
        yield Msg("pause")

    return run_wrapper(plan())


def failing():
    yield Msg("null")
    raise ZeroDivisionError("oh")


def test_a_plan_that_ends_well_has_succeeded(RE):
    result = RE.run(run_wrapper(iter([Msg("null")])))
    assert result.succeeded
    assert (result.exit_status, result.paused, len(result.run_start_uids)) == ("success", False, 1)
    assert RE.last_result is result


def test_a_pause_is_a_result(RE):
    result = RE.run(pausing())
    assert (result.paused, result.exit_status, result.interrupted) == (True, "paused", True)
    assert not result.succeeded
    assert RE.state == "paused"
    assert RE.proceed("resume").plan_result == result.run_start_uids[0]
    assert RE.state == "idle"


def test_the_error_of_a_plan_is_a_result(RE):
    result = RE.run(failing())
    assert (result.exit_status, result.reason, result.interrupted) == ("fail", "oh", False)
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [("stop", "success", "enough"), ("abort", "abort", "enough"), ("halt", "abort", "enough")],
)
def test_a_plan_that_is_ended_says_so_and_why(RE, how, status, reason):
    RE.run(pausing())
    result = RE.proceed(how, reason)
    assert (result.exit_status, result.reason, result.interrupted, result.paused) == (status, reason, True, False)
    assert not result.succeeded


def test_a_halt_without_a_reason_says_halted(RE):
    RE.run(pausing())
    assert RE.proceed("halt").reason == "halted"


def test_a_request_in_a_callback_is_a_result_of_the_call(RE):
    result = RE.run(run_wrapper(iter([Msg("null")])), {"start": lambda *_: RE.abort("no beam")})
    assert (result.exit_status, result.reason) == ("abort", "no beam")


def test_what_is_no_plan_is_refused_at_once(RE):
    with pytest.raises(PlanError):
        RE.run(pausing)


def paused_in_a_scan(RE, det, th, docs, ended):
    """A scan of three points that is paused at the second."""

    def pauses_in_the_scan(msg):
        if msg.command == "read" and len(docs) == 3 and not asked:
            asked.append(msg)
            RE.request_pause()

    asked = []
    RE.msg_hook = pauses_in_the_scan
    assert RE.run(scan([det], th, 0, 2, 3), lambda name, doc: docs.append((name, doc)), then=ended.append).paused


def test_beside_a_paused_scan_another_runs_and_each_has_its_own_points(RE):
    th, tth, docs, ended = SynAxis(name="th"), SynAxis(name="tth"), [], []
    det = SynGauss(name="det", motor=th, center=0, sigma=1)
    paused_in_a_scan(RE, det, th, docs, ended)
    before, nested = len(docs), []
    result = RE.run(scan([det], th, 5, 6, 2), lambda name, doc: nested.append((name, doc)))
    assert result.succeeded
    assert RE.run(scan([det], tth, 1, 2, 2)).succeeded
    assert (RE.state, ended) == ("paused", [])
    check(nested)
    assert [doc["data"]["th"] for name, doc in nested if name == "event"] == [5, 6]
    assert len(docs) == before  # a subscriber of the paused call gets nothing of them
    assert RE.proceed("resume").succeeded
    assert [doc["data"]["th"] for name, doc in docs if name == "event"] == [0, 1, 2]
    assert len(ended) == 1
    check(docs)


def test_a_device_that_the_paused_plan_has_staged_stays_staged_for_it(RE):
    class Staged(SynAxis):
        log = ()

        def stage(self):
            self.log = (*self.log, "stage")
            return super().stage()

        def unstage(self):
            self.log = (*self.log, "unstage")
            return super().unstage()

    th, tth, docs = Staged(name="th"), Staged(name="tth"), []
    det = SynGauss(name="det", motor=th, center=0, sigma=1)
    paused_in_a_scan(RE, det, th, docs, [])
    RE(scan([det], th, 5, 6, 2))
    RE(scan([det], tth, 5, 6, 2))
    assert (th.log, tth.log) == (("stage",), ("stage", "unstage"))
    RE.abort()
    assert th.log == ("stage", "unstage")


def test_what_a_scan_beside_the_paused_one_has_moved_is_put_back_before_the_next_point(RE):
    th, said = SynAxis(name="th"), []
    RE.say = said.append

    def paused_behind_a_move():
        yield Msg("set", th, 1, group="a")
        yield Msg("wait", None, group="a")
        yield Msg("checkpoint")
        yield Msg("pause")
        return th.position

    RE.run(paused_behind_a_move())
    RE(scan([SynGauss(name="det", motor=th, center=0, sigma=1)], th, 5, 6, 2))
    assert th.position == 6
    assert RE.proceed("resume").plan_result == 1
    assert any("th is at 6" in line and "goes back to 1" in line for line in said)


def test_a_scan_beside_a_paused_one_that_fails_leaves_it_paused_and_whole(RE):
    th, docs, ended = SynAxis(name="th"), [], []
    det = SynGauss(name="det", motor=th, center=0, sigma=1)
    paused_in_a_scan(RE, det, th, docs, ended)

    def fails():
        yield Msg("open_run")
        raise RuntimeError("it broke")

    nested = []
    assert RE.run(fails(), lambda name, doc: nested.append(doc)).exit_status == "fail"
    assert nested[-1]["exit_status"] == "fail"
    assert RE.state == "paused"
    assert RE.proceed("resume").succeeded
    assert [doc["data"]["th"] for name, doc in docs if name == "event"] == [0, 1, 2]


class Camera:
    """A detector that writes its pictures into a file."""

    name, parent = "cam", None

    def stage(self):
        return [self]

    def unstage(self):
        return [self]

    def trigger(self):
        raise AssertionError("a picture too many")

    def collect_asset_docs(self):
        return ()


class Flyer:
    """A device that flies."""

    name, parent = "flyer", None

    def stage(self):
        return [self]

    def unstage(self):
        return [self]

    def kickoff(self):
        raise AssertionError("it must not fly")


def test_a_detector_that_writes_the_paused_runs_file_is_not_measured_beside_it(RE):
    cam = Camera()
    RE.run([Msg("stage", cam), Msg("pause")])
    for plan in ([Msg("trigger", cam)], [Msg("stage", cam)]):
        with pytest.raises(TransitionError, match=r"cam writes the file of the paused run.*type resume, stop"):
            RE(iter(plan))
    with pytest.raises(TransitionError, match="cam writes the file of the paused run"):
        RE.check_beside_paused(["det", "cam"])
    RE.check_beside_paused(["det"])
    assert RE(run_wrapper(iter([])))
    RE.abort()
    RE.check_beside_paused(["cam"])


def test_beside_a_flight_that_is_paused_nothing_is_measured(RE):
    RE.run([Msg("stage", Flyer()), Msg("pause")])
    for plan in (run_wrapper(iter([])), iter([Msg("stage", SynAxis(name="th"))])):
        with pytest.raises(TransitionError, match="flyer flies for the paused plan: type resume, stop, abort or halt"):
            RE(plan)
    assert RE(bps.mv(SynAxis(name="th"), 1)) == ()
    RE.abort()


def test_beside_a_point_that_cannot_be_measured_again_nothing_is_measured(RE):
    th = SynAxis(name="th")
    det = SynGauss(name="det", motor=th, center=0, sigma=1)
    counted = [Msg("trigger", det, group="a"), Msg("wait", None, group="a")]
    recorded = [Msg("create", name="primary"), Msg("read", det), Msg("save"), Msg("close_run")]
    RE.run([Msg("rewindable", None, False), Msg("open_run"), *counted, Msg("pause"), *recorded])
    assert RE.state == "paused"
    for plan in (run_wrapper(iter([])), iter([Msg("trigger", det)])):
        with pytest.raises(TransitionError, match="within a point that it cannot measure again: type resume"):
            RE(plan)
    assert RE.proceed("resume").succeeded


def test_beside_a_paused_plan_one_may_move_and_count_and_its_documents_are_not_disturbed(RE):
    th, docs, ended = SynAxis(name="th"), [], []
    det = SynGauss(name="det", motor=th, center=0, sigma=1)
    paused_in_a_scan(RE, det, th, docs, ended)
    before = len(docs)
    RE(bps.mv(th, 7))
    RE(iter([Msg("trigger", det, group="count"), Msg("wait", None, group="count"), Msg("read", det)]))
    assert (len(docs), RE.state, ended) == (before, "paused", [])
    assert RE.proceed("resume").succeeded
    assert [doc["data"]["th"] for name, doc in docs if name == "event"] == [0, 1, 2]
    assert len(ended) == 1
    check(docs)


def test_a_plan_beside_a_paused_one_is_ended_where_others_are_paused(RE):
    RE.run(pausing())
    result = RE.run([Msg("checkpoint"), Msg("pause")])
    assert (result.paused, result.exit_status, result.afterwards) == (
        False,
        "success",
        "The other plan is still paused.",
    )
    assert RE.state == "paused"
    RE.abort()
    assert RE.state == "idle"


def test_a_failure_of_the_paused_plan_does_not_reach_the_plan_beside_it(RE):
    class Slow:
        name, parent = "slow", None

        def __init__(self):
            self.status = Status()

        def trigger(self):
            return self.status

    slow, th = Slow(), SynAxis(name="th", delay=0.1)
    RE.run([Msg("trigger", slow, group="later"), Msg("checkpoint"), Msg("pause"), Msg("wait", None, group="later")])
    threading.Timer(0.02, lambda: slow.status.set_exception(RuntimeError("it broke"))).start()
    assert RE.run(bps.mv(th, 1)).succeeded
    assert "it broke" in str(RE.proceed("resume").exception)


def test_two_threads_cannot_begin_a_plan_at_once(RE):
    both, begun, refused = threading.Barrier(2), [], []

    def meet(plan):  # both have seen an engine that is idle
        both.wait(60)
        return plan

    RE.preprocessors.append(meet)

    def run():
        try:
            begun.append(RE.run([Msg("sleep", None, 0.2)]))
        except TransitionError as exc:
            refused.append(exc)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(begun), len(refused)) == (1, 1)


@pytest.mark.parametrize("how", ["resume", "stop", "abort", "halt"])
def test_nothing_can_proceed_while_nothing_is_paused(RE, how):
    with pytest.raises(TransitionError, match=f"cannot {how}: the engine is idle, not paused"):
        RE.proceed(how)


def test_a_paused_plan_can_proceed_in_four_ways_only(RE):
    RE.run(pausing())
    with pytest.raises(UnknownName, match="'continue'"):
        RE.proceed("continue")
    RE.abort()


# ---- what follows a call -----------------------------------------------------------------------------


def test_what_follows_is_done_once_with_the_result_and_an_idle_engine(RE, ended):
    result = RE.run([Msg("null")], then=lambda result: ended.append((result, RE.state)))
    assert ended == [(result, "idle")]


@pytest.mark.parametrize("way_out", ["resume", "stop", "abort", "halt"])
@pytest.mark.parametrize("form", ["proceed", "method"])
def test_what_follows_waits_for_the_end_of_a_paused_plan_whatever_way_that_ends(RE, ended, way_out, form):
    RE.run(pausing(), then=ended.append)
    assert ended == []
    RE.proceed(way_out) if form == "proceed" else getattr(RE, way_out)()
    assert [result.paused for result in ended] == [False]
    assert ended[0] is RE.last_result


def test_what_follows_a_plan_that_was_aborted_is_not_done_after_the_next_one(RE, ended):
    RE.run(pausing(), then=lambda _: ended.append("the move"))
    RE.abort()
    with pytest.raises(RunEngineInterrupted):
        RE(pausing())
    RE.resume()
    assert ended == ["the move"]


def test_what_follows_is_informed_of_a_failure(RE, ended):
    RE.run(failing(), then=ended.append)
    assert [result.exit_status for result in ended] == ["fail"]


def test_what_follows_may_run_the_next_plan(RE, ended):
    RE.run([Msg("null")], then=lambda _: ended.append(RE.run(run_wrapper(iter([])))))
    assert ended[0].succeeded


def test_nothing_follows_when_the_process_is_told_to_end(RE, ended):
    def leave(msg):
        raise SystemExit(3)

    RE.msg_hook = leave
    with pytest.raises(SystemExit):
        RE.run([Msg("null")], then=ended.append)
    assert ended == []
    assert RE.state == "idle"


def test_any_word_can_be_metadata_of_a_call_also_then(RE):
    starts = []
    RE(run_wrapper([Msg("null")]), {"start": lambda _, doc: starts.append(doc)}, then="dusk")
    assert starts[0]["then"] == "dusk"
