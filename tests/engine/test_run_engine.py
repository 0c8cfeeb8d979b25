"""The RunEngine with real threads, time and documents."""

from __future__ import annotations

import platform
import threading
import time

import pytest
from document_rules import check

from beamshell import __version__
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.engine import RunEngine
from beamshell.errors import NotInControl, PlanError, RunEngineInterrupted, TransitionError, UnknownName, UsageError
from beamshell.messages import Msg
from beamshell.plans import count, plan, scan
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def RE(said):
    engine = RunEngine({})
    engine.say = said.append
    return engine


@pytest.fixture
def motor():
    return SynAxis(name="motor")


@pytest.fixture
def det(motor):
    return SynGauss(name="det", motor=motor, center=0, sigma=1)


def test_a_call_returns_the_uids_of_its_runs(RE, det):
    docs = []
    uids = RE(count([det], num=2), lambda name, doc: docs.append((name, doc)))
    assert uids == (docs[0][1]["uid"],)
    check(docs)


def test_metadata_of_the_call_come_before_the_plans_before_the_engines(RE, det):
    starts = []
    RE.md.update(sample="from RE.md", purpose="from RE.md", project="from RE.md")
    RE(
        count([det], md={"sample": "plan", "purpose": "plan"}),
        {"start": lambda _, doc: starts.append(doc)},
        sample="call",
    )
    assert (starts[0]["sample"], starts[0]["purpose"], starts[0]["project"]) == ("call", "plan", "from RE.md")
    assert (starts[0]["plan_name"], starts[0]["plan_type"]) == ("count", "generator")


def test_a_run_says_what_it_was_made_with_unless_somebody_else_does(RE, det):
    starts = []
    RE(count([det]), {"start": lambda _, doc: starts.append(doc)})
    RE(count([det]), {"start": lambda _, doc: starts.append(doc)}, versions={"beamshell": "mine"})
    assert starts[0]["versions"] == {"beamshell": __version__, "python": platform.python_version()}
    assert starts[1]["versions"] == {"beamshell": "mine"}


def test_scan_ids_count_up_and_a_refused_run_uses_none(RE, det):
    def refuse(md):
        if "sample" not in md:
            raise ValueError("which sample?")

    RE(count([det]))
    RE.md_validator = refuse
    with pytest.raises(ValueError, match="which sample"):
        RE(count([det]))
    assert RE.md["scan_id"] == 1
    RE(count([det]), sample="LaB6")
    assert RE.md["scan_id"] == 2


def test_the_normalizer_has_the_last_word(RE, det):
    starts = []
    RE.md_normalizer = lambda md: {**md, "sample": md["sample"].upper()}
    RE(count([det]), {"start": [lambda _, doc: starts.append(doc)]}, sample="lab6")
    assert starts[0]["sample"] == "LAB6"


def test_what_the_plan_raises_is_raised(RE):
    def plan():
        yield Msg("null")
        raise ZeroDivisionError("oh")

    with pytest.raises(ZeroDivisionError, match="oh"):
        RE(plan())
    assert RE.state == "idle"


def test_a_function_given_for_a_plan_is_explained(RE):
    with pytest.raises(PlanError, match=r"call it, as in RE\(count\(\.\.\.\)\)"):
        RE(count)


def test_a_plan_that_is_paused_says_how_it_goes_on(RE):
    with pytest.raises(RunEngineInterrupted, match="Type resume"):
        RE([Msg("checkpoint"), Msg("pause")])
    RE.abort()
    assert RE.state == "idle"


def test_a_plan_cannot_start_another_in_the_engine(RE):
    def plan():
        yield Msg("null")
        RE([Msg("null")])

    with pytest.raises(TransitionError, match="yield from"):
        RE(plan())


@pytest.mark.parametrize("request_", ["request_pause", "stop", "abort", "halt"])
def test_a_callback_may_ask_for_anything_without_a_deadlock(RE, det, request_):
    with pytest.raises(RunEngineInterrupted):
        RE(count([det], num=100), {"event": lambda *_: getattr(RE, request_)()})
    if RE.state == "paused":
        RE.stop()
    assert RE.state == "idle"


def test_another_thread_may_abort_a_sleeping_plan_at_once(RE):
    timer = threading.Timer(0.1, lambda: RE.abort("from afar"))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(RunEngineInterrupted, match="from afar"):
        RE([Msg("sleep", None, 30)])
    assert time.monotonic() - begun < 5
    timer.join()


def test_the_engine_runs_off_the_main_thread(RE, det):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(RE(count([det], num=3))))
    thread.start()
    thread.join(10)
    assert len(answers) == 1


def test_a_raising_subscriber_is_named_once_and_starves_nobody(RE, det, said):
    names = []

    def broken(name, doc):
        raise ValueError("not today")

    RE.subscribe(broken)
    RE.subscribe(lambda name, doc: names.append(name))
    RE(count([det], num=2))
    assert names == ["start", "descriptor", "event", "event", "stop"]
    assert len(said) == 1
    assert "broken" in said[0]
    assert "not today" in said[0]


def test_a_strict_engine_raises_what_a_subscriber_raised_after_serving_the_others(det):
    RE = RunEngine({}, strict=True)
    names = []

    def broken(name, doc):
        if name == "event":
            raise ValueError("not today")

    RE.subscribe(broken)
    RE.subscribe(lambda name, doc: names.append(name))
    with pytest.raises(ValueError, match="not today"):
        RE(count([det]))
    assert names == ["start", "descriptor", "event", "stop"]


def test_a_failing_writer_pauses_the_engine(RE, det, said):
    broken = [True]

    def writer(name, doc):
        if name == "event" and broken[0]:
            raise OSError("disk full")

    RE.subscribe(writer, writer=True)
    with pytest.raises(RunEngineInterrupted):
        RE(count([det], num=3))
    assert RE.state == "paused"
    assert any("disk full" in line for line in said)
    broken[0] = False
    RE.resume()
    assert RE.state == "idle"


@pytest.mark.parametrize("document", ["event", "stop"])
def test_why_data_could_not_be_written_is_said_also_when_the_plan_is_aborted(RE, det, said, document):
    def writer(name, doc):
        if name == document or (name == "stop" and document == "event"):
            raise OSError(f"disk full at the {name}")

    RE.subscribe(writer, writer=True)
    if document == "event":
        with pytest.raises(RunEngineInterrupted):
            RE(count([det], num=3))
        said.clear()
        RE.abort("the disk")
    else:
        RE.run([Msg("open_run"), Msg("null")])  # the engine closes this run after its plan
    assert RE.state == "idle"
    assert said == ["While ending: Data cannot be written: disk full at the stop"]


def test_writers_are_served_first_and_the_listing_says_who_listens(RE):
    def reader(name, doc): ...

    def writer(name, doc): ...

    RE.subscribe(reader, "event")
    token = RE.subscribe(writer, writer=True)
    assert [sub.function for sub in RE.subscriptions()] == [writer, reader]
    RE.unsubscribe(token)
    assert "reader gets event" in repr(RE.subscriptions()[0])


def test_subscribing_to_documents_that_do_not_exist_is_refused(RE):
    with pytest.raises(UnknownName, match="'evnet'"):
        RE.subscribe(print, "evnet")


def test_subscriptions_of_one_call_end_with_it(RE, det):
    names = []
    RE(count([det]), lambda name, doc: names.append(name))
    RE(count([det]))
    assert names == ["start", "descriptor", "event", "stop"]


def test_two_subscriptions_of_one_function_are_two(RE, det):
    names = []

    def listen(name, doc):
        names.append(name)

    first, _ = RE.subscribe(listen, "stop"), RE.subscribe(listen, "stop")
    RE(count([det]))
    RE.unsubscribe(first)
    RE(count([det]))
    assert names == ["stop"] * 3


def test_the_result_form_tells_all(det):
    RE = RunEngine({}, call_returns_result=True)

    def plan():
        yield from count([det])
        return "done"

    result = RE(plan())
    assert (result.plan_result, result.exit_status, result.interrupted, len(result.run_start_uids)) == (
        "done",
        "success",
        False,
        1,
    )


def test_hooks_see_messages_states_and_waits(RE, motor):
    messages, states, waits = [], [], []
    RE.msg_hook = messages.append
    RE.state_hook = lambda new, old: states.append((old, new))
    RE.waiting_hook = waits.append
    motor.delay = 0.05
    RE(bps.mv(motor, 1))
    assert [msg.command for msg in messages] == ["set", "wait"]
    assert states == [("idle", "running"), ("running", "idle")]
    assert len(waits) == 2
    assert waits[-1] is None


def test_the_waiting_hook_gets_what_has_ended_already_too(RE, motor):
    waits = []
    RE.waiting_hook = waits.append
    RE(bps.mv(motor, 1))
    (statuses, end) = waits
    assert ([status.done for status in statuses], end) == ([True], None)


def test_commands_of_ones_own_may_be_plain_or_coroutines(RE):
    async def later(msg):
        return msg.args[0] * 2

    RE.register_command("double", later)
    RE.register_command("triple", lambda msg: msg.args[0] * 3)

    def plan():
        return ((yield Msg("double", None, 4)), (yield Msg("triple", None, 4)))

    RE.call_returns_result = True
    assert RE(plan()).plan_result == (8, 12)
    RE.unregister_command("double")
    with pytest.raises(KeyError):
        RE(plan())


def test_coroutines_can_be_waited_for(RE):
    import asyncio

    async def slow():
        await asyncio.sleep(0.05)
        return "slept"

    def plan():
        futures = yield from bps.wait_for([slow])
        return futures[0].result()

    RE.call_returns_result = True
    assert RE(plan()).plan_result == "slept"


def test_preprocessors_see_every_plan(RE, det):
    from beamshell.plans.preprocessors import SupplementalData

    streams = []
    RE.preprocessors.append(SupplementalData(baseline=[det]))
    RE(count([det]), {"descriptor": lambda _, doc: streams.append(doc["name"])})
    assert streams == ["baseline", "primary"]


def test_interruptions_are_recorded_on_demand(RE, det):
    RE.record_interruptions = True
    docs = []
    with pytest.raises(RunEngineInterrupted):
        RE(
            count([det], num=3),
            [
                lambda name, doc: docs.append((name, doc)),
                lambda name, doc: name == "event" and len(docs) == 3 and RE.request_pause(),
            ],
        )
    RE.resume()
    check(docs)
    words = [doc["data"]["interruption"] for name, doc in docs if name == "event" and "interruption" in doc["data"]]
    assert words == ["pause", "resume"]


def test_a_scan_reads_the_motor_where_it_went(RE, det, motor):
    values = []
    RE(scan([det], motor, -1, 1, 3), {"event": lambda _, doc: values.append(doc["data"]["motor"])})
    assert values == [-1, 0, 1]


def test_an_exception_out_of_nowhere_still_closes_the_run_and_unstages(RE, det):
    names = []

    def told_to_end(msg):
        if msg.command == "read":
            raise SystemExit(3)

    RE.msg_hook = told_to_end
    RE.subscribe(lambda name, doc: names.append((name, doc.get("exit_status"))))
    with pytest.raises(SystemExit):
        RE(count([det]))
    assert names[-1] == ("stop", "abort")
    assert RE.state == "idle"
    RE.msg_hook = None
    RE(count([det]))


PUBLIC = """
abort answer_wait_s ask call_returns_result check_beside_paused check_call_metadata check_run_metadata
clear_suspenders describe_plan halt install_suspender last_result log_hook look_around md md_normalizer md_validator
msg_hook permission preprocessors proceed pump record_interruptions register_command remove_suspender request_pause
resume run say scan_id_source state state_hook stop subscribe subscriptions suspenders suspenders_off
suspenders_off_until suspenders_on unanswered unregister_command unsubscribe waiting_hook while_running
"""


@pytest.mark.parametrize("call", [lambda RE, plan: RE(plan), lambda RE, plan: RE.run(plan)])
def test_a_plan_that_is_not_permitted_has_not_begun_and_can_be_run_later(RE, call):
    def refuse():
        raise NotInControl("anna has control")

    begun = []

    def plan():
        begun.append(True)
        yield Msg("null")

    later, RE.permission = plan(), refuse
    with pytest.raises(NotInControl, match="anna has control"):
        call(RE, later)
    assert (begun, str(RE.state)) == ([], "idle")
    RE.permission = lambda: None
    call(RE, later)
    assert begun == [True]


def test_a_paused_plan_that_is_not_permitted_to_go_on_stays_paused_and_can_be_ended(RE):
    def refuse():
        raise NotInControl("anna has control")

    assert RE.run([Msg("checkpoint"), Msg("pause"), Msg("null")]).paused
    RE.permission = refuse
    with pytest.raises(NotInControl):
        RE.proceed("resume")
    assert str(RE.state) == "paused"
    assert RE.proceed("abort").exit_status == "abort"


def test_what_a_user_sees_of_the_engine_is_what_a_user_needs_and_each_has_help(RE):
    names = [name for name in dir(RE) if not name.startswith("_")]
    assert names == PUBLIC.split()
    assert [name for name in names if not getattr(RunEngine, name).__doc__] == []


def test_what_is_told_from_a_plan_is_in_its_runs_unless_the_plan_says_it(RE):
    docs = []
    RE.subscribe(lambda _, doc: docs.append(doc), "start")
    RE.describe_plan = lambda plan: {"plan_form": f"{plan.__name__}()", "sample": "?"}
    RE(bpp.run_wrapper(iter([]), md={"sample": "LaB6"}))
    assert {key: docs[0][key] for key in ("plan_form", "sample")} == {"plan_form": "run_wrapper()", "sample": "LaB6"}


# ---- a plan that is paused, run once more ----------------------------------------------------------


def walk(motor):
    yield Msg("open_run")
    for place in range(4):
        yield Msg("checkpoint")
        if place == 2 and not walk.paused:
            walk.paused = True
            yield Msg("pause")
        yield from bps.mv(motor, place)
        yield from bps.trigger_and_read([motor])
    yield Msg("close_run")


@pytest.mark.parametrize("make", [walk, plan(walk)], ids=["bare", "guarded"])
def test_a_paused_plan_that_is_run_once_more_loses_no_point(RE, make):
    walk.paused = False
    points = []
    RE.subscribe(lambda _, doc: points.append(doc["seq_num"]), "event")
    paused = make(SynAxis(name="motor"))
    assert RE.run(paused).paused
    with pytest.raises(PlanError, match="has begun already: resume goes on"):
        RE(paused)
    assert RE.state == "paused"
    RE.resume()
    assert points == [1, 2, 3, 4]


def test_metadata_that_are_assigned_go_into_those_that_number_the_runs_and_only_the_number_stays():
    class Kept(dict):
        def next_scan_id(self):
            self["scan_id"] += 1
            return self["scan_id"]

    kept = Kept(scan_id=4, sample="LaB6", operator="me")
    RE = RunEngine(kept)
    RE.md = {"sample": "Si"}
    assert RE.md is kept
    assert kept == {"scan_id": 4, "sample": "Si"}
    RE.md |= {"mass": 3}
    assert RE.md is kept
    plain = RunEngine({"a": 1})
    other = plain.md = {"b": 2}
    assert plain.md is other


def test_metadata_of_a_call_that_are_refused_begin_nothing_and_the_plan_can_be_run_later(RE):
    def refuse(metadata):
        if "bad" in metadata:
            raise UsageError("bad is bad")

    RE.check_call_metadata = refuse
    plan = count([])
    with pytest.raises(UsageError, match="bad is bad"):
        RE(plan, bad=1)
    assert RE.state == "idle"
    assert len(RE(plan, good=1)) == 1


def test_metadata_of_a_run_that_are_refused_use_up_no_number(RE):
    def refuse(metadata):
        raise UsageError(f"no sample in scan {metadata['scan_id']}")

    RE.check_run_metadata = refuse
    with pytest.raises(UsageError, match="no sample in scan 1"):
        RE(count([]))
    RE.check_run_metadata = lambda _: None
    RE(count([]))
    assert RE.md["scan_id"] == 1


@pytest.mark.parametrize("number", ["abc", None, [1], float("nan"), float("inf")])
def test_what_stands_in_place_of_the_last_number_and_is_none_stops_no_run(number):
    engine = RunEngine({"scan_id": number})
    starts = []
    engine.subscribe(lambda _, doc: starts.append(doc["scan_id"]), "start")
    engine(count([]))
    assert starts == [1]
