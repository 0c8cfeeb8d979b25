"""What holds for every experiment and whatever goes wrong: see engine-semantics, section 4.

By hand, more of them: ``pytest -n 0 --hypothesis-profile=long -s tests/engine/test_properties.py``.
"""

from __future__ import annotations

from collections import Counter

import pytest
from document_rules import check
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from random_programs import Beamline, Program, Trouble, play, programs, side_plans

from beamshell.engine.interrupts import PLAN_RULES, Action, rule_for, situation_of
from beamshell.engine.state import ENDING, LEGAL, State

CASES = 8 * settings.default.max_examples
many = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
tried: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def tell_how_many():
    yield
    print("\ncases tried:", dict(tried))


INTERRUPTIONS = ["pause", "soft pause", "stop", "abort", "halt", "suspend", "suspend both"]
FAULTS = ["status fails", "unstage fails", "stop fails", "read fails", "subscriber raises"]
decisions = st.lists(st.sampled_from(["resume", "resume", "stop", "abort", "halt"]), max_size=3).map(tuple)
trouble = st.builds(
    Trouble,
    at=st.dictionaries(st.integers(0, 70), st.sampled_from(INTERRUPTIONS + FAULTS), max_size=3),
    decisions=decisions,
)
pauses = st.builds(
    Trouble,
    at=st.dictionaries(st.integers(0, 70), st.sampled_from(["pause", "soft pause", "suspend"]), max_size=4),
    hands_on=st.booleans(),
)


@many
@given(programs, trouble)
def test_1_whatever_interrupts_it_everything_is_put_back(program: Program, what: Trouble):
    beamline = Beamline()
    core = play(beamline, program, what)
    tried["interrupt everywhere"] += 1
    event(core.exit_status)
    assert core.state is State.IDLE
    check(beamline.world.docs)
    for device in beamline.devices:
        assert device.log.count("stage") == device.log.count("unstage"), device
    stubborn = "stop fails" in what.at.values()
    assert stubborn or not any(motor.moving for motor in (*beamline.motors, beamline.slow, beamline.home))
    assert beamline.signal.callbacks == []
    assert not core.runs
    assert not core.staged


@many
@given(programs, pauses)
def test_2_a_plan_paused_and_resumed_gives_what_an_undisturbed_one_gives(program: Program, what: Trouble):
    quiet, disturbed = Beamline(), Beamline()
    expected, core = play(quiet, program), play(disturbed, program, what)
    tried["pause equivalence"] += 1
    assert core.exit_status == expected.exit_status == "success"
    for stream in ("primary", "other", "beside"):
        assert disturbed.world.final_data(stream) == quiet.world.final_data(stream)
    assert [motor.position for motor in disturbed.devices[:5]] == [motor.position for motor in quiet.devices[:5]]
    assert _values(core.result) == _values(expected.result)
    check(disturbed.world.docs)


@many
@given(programs, st.dictionaries(st.integers(0, 70), st.sampled_from(["pause", "soft pause"]), max_size=3), programs)
def test_2_a_plan_beside_which_others_run_gives_what_an_undisturbed_one_gives(program: Program, at, beside: Program):
    quiet, disturbed = Beamline(), Beamline()
    expected, core = play(quiet, program), play(disturbed, program, Trouble(at, beside=beside))
    tried["beside a paused plan"] += 1
    assert core.exit_status == expected.exit_status == "success"
    assert _data(disturbed, core.run_uids) == _data(quiet, expected.run_uids)
    assert _values(core.result) == _values(expected.result)
    check(disturbed.world.docs)
    for device in disturbed.devices:
        assert device.log.count("stage") == device.log.count("unstage"), device


def _data(beamline, run_uids):
    """By number of the run, stream and number of the point, the last data; a monitor sees all again on resume."""
    docs = beamline.world.docs
    streams = {
        doc["uid"]: (run_uids.index(doc["run_start"]), doc["name"])
        for name, doc in docs
        if name == "descriptor" and doc["run_start"] in run_uids and doc["name"] != "watched"
    }
    events = [doc for name, doc in docs if name == "event" and doc["descriptor"] in streams]
    return {(*streams[doc["descriptor"]], doc["seq_num"]): doc["data"] for doc in events}


def _values(readings):
    return [None if r is None else {key: entry["value"] for key, entry in r.items()} for r in readings]


@many
@given(
    programs,
    st.integers(0, 40),
    st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4),
    st.sampled_from([None, "abort", "stop"]),
)
def test_3_cleanup_is_done_to_its_end_whatever_fails(program, index, faults, way_out):
    beamline = Beamline()
    program = Program(**{**vars(program), "finalized": True})
    at = {index + i: fault for i, fault in enumerate(faults)}
    if way_out:
        at[index + len(faults)] = way_out
    core = play(beamline, program, Trouble(at))
    tried["cleanup survives"] += 1
    assert core.state is State.IDLE
    assert "set" in beamline.home.log, "the last step of the cleanup was not done"
    if core.error is None and core.exit_status == "success" and not core.interrupted:
        assert beamline.home.position == 1.0
    for device in beamline.devices:
        assert device.log.count("stage") == device.log.count("unstage")


@many
@given(st.lists(st.tuples(st.sampled_from(sorted(State)), st.booleans()), min_size=12, max_size=40))
def test_4_pressing_ctrl_c_often_enough_always_asks_for_more_than_before(story):
    tried["escalation"] += 1
    for presses, (state, stuck) in enumerate(story, 1):
        action = rule_for(PLAN_RULES, situation_of(state), presses, stuck).action
        if stuck and presses >= 6:
            assert action is Action.BREAK_EVERY_LINE
        elif stuck and presses >= 3:
            assert action is Action.BREAK_IN
        elif state in ENDING - {State.HALTING} and presses >= 3:
            assert action is Action.HALT
        elif state in (State.RUNNING, State.SUSPENDING) and presses >= 2:
            assert action is Action.PAUSE_NOW


def test_4_from_every_state_there_is_a_way_to_idle():
    for state in State:
        reached, frontier = {state}, [state]
        while frontier:
            new = LEGAL[frontier.pop()] - reached
            reached |= new
            frontier += new
        assert State.IDLE in reached
        if state in (State.STOPPING, State.ABORTING):
            assert State.HALTING in LEGAL[state]


suspensions = st.lists(
    st.tuples(st.floats(0, 6), st.sampled_from(["trip 0", "trip 1", "clear 0", "clear 1", "pause"])), max_size=10
)


@many
@given(programs, suspensions)
def test_5_nothing_is_begun_while_a_condition_is_bad(program: Program, story):
    beamline = Beamline()
    side_plans(beamline)
    begun_while_bad = []

    def on_msg(msg):
        bad = any(suspender.tripped for suspender in beamline.suspenders)
        if bad and msg.command in ("set", "trigger", "kickoff"):
            begun_while_bad.append(msg)

    world = beamline.world
    for when, what in story:
        if what == "pause":
            from random_programs import cause

            world.at(when, lambda: cause(world, beamline, "pause"))
        else:
            word, number = what.split()
            suspender = beamline.suspenders[int(number)]
            world.at(when, lambda suspender=suspender, word=word: suspender.trip(word == "trip"))
    for suspender in beamline.suspenders:
        world.at(100.0, lambda suspender=suspender: suspender.trip(False))
    watched = Trouble({})
    watched.hook = lambda _: on_msg  # type: ignore[method-assign]
    core = play(beamline, program, watched)
    tried["suspender algebra"] += 1
    assert core.exit_status == "success"
    assert begun_while_bad == []
    depth: list[str] = []
    for entry in beamline.events:
        word, name = entry.split()
        if word == "pre":
            depth.append(name)
        else:
            assert depth.pop() == name, beamline.events
    assert depth == []


@many
@given(programs, trouble)
def test_6_every_subscriber_gets_the_same_documents_though_others_raise(program: Program, what: Trouble):
    beamline = Beamline()
    first: list[str] = []
    last: list[str] = []

    def raises(name, doc):
        raise RuntimeError("always")

    beamline.world.dispatcher.subscribe(lambda name, doc: first.append(name))
    beamline.world.dispatcher.subscribe(raises)
    beamline.world.dispatcher.subscribe(lambda name, doc: last.append(name))
    play(beamline, program, what)
    tried["document stream"] += 1
    assert first == last == beamline.world.names()
    check(beamline.world.docs)
