"""The conditions under which plans wait: what trips each, what releases it, and what it says."""

from __future__ import annotations

import math
import re
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.devices.signal import Signal
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.engine import RunEngine
from beamshell.engine import suspenders as sus
from beamshell.engine.bluesky_suspenders import as_suspender
from beamshell.errors import BadValue, PlanError, RunEngineInterrupted
from beamshell.messages import Msg
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import suspend_wrapper


class Ring:
    """A signal that tells of values, alarms and its connection."""

    SUB_META = "meta"
    name, units = "ring", "mA"

    def __init__(self, value: Any = None, connected: bool = True) -> None:
        self.value, self.connected = value, connected
        self.listeners: list[tuple[Any, Any]] = []

    def subscribe(self, function: Any, event: Any = None) -> None:
        self.listeners.append((function, event))

    def clear_sub(self, function: Any) -> None:
        self.listeners = [entry for entry in self.listeners if entry[0] != function]

    def get(self) -> Any:
        return self.value

    def tell(self, value: Any, severity: int = 0) -> None:
        self.value = value
        for function, event in list(self.listeners):
            if event is None:
                function(value=value, severity=severity)

    def connection(self, connected: bool) -> None:
        self.connected = connected
        for function, event in list(self.listeners):
            if event == "meta":
                function(connected=connected)


class LikeBlueskys:
    """What a suspender of bluesky looks like: bad is what is not 1."""

    _sleep, _pre_plan, _post_plan, _tripped_message = 0.0, None, None, ""
    allow_resume = True

    def __init__(self, signal: Any) -> None:
        self._sig = signal

    def _should_suspend(self, value: Any) -> bool:
        return bool(value != 1)

    def _should_resume(self, value: Any) -> bool:
        return self.allow_resume and bool(value == 1)

    def _get_justification(self) -> str:
        return "it is not 1"


def story(suspender: Any, ring: Ring, values: Any) -> list[bool]:
    """Whether it is tripped after each value."""
    if not ring.listeners:
        suspender.install(lambda: None)
    answers = []
    for value in values:
        ring.tell(value)
        answers.append(suspender.tripped)
    return answers


T, F = True, False
BEHAVIOUR = [
    (lambda r: sus.SuspendFloor(r, 5), [6, 5, 4, 5, 6], [F, F, T, F, F]),
    (lambda r: sus.SuspendFloor(r, 5, resume_thresh=9), [6, 4, 8, 9, 8, 4], [F, T, T, F, F, T]),
    (lambda r: sus.SuspendCeil(r, 5), [4, 5, 6, 5], [F, F, T, F]),
    (lambda r: sus.SuspendCeil(r, 5, resume_thresh=1), [4, 6, 2, 1, 5], [F, T, T, F, F]),
    (lambda r: sus.SuspendWhenOutsideBand(r, 1, 3), [2, 1, 3, 2.9, 0], [F, T, T, F, T]),
    (lambda r: sus.SuspendInBand(r, 1, 3), [2, 1, 3, 2.9, 0], [T, F, F, T, F]),
    (lambda r: sus.SuspendBoolHigh(r), [0, 1, 0], [F, T, F]),
    (lambda r: sus.SuspendBoolLow(r), [1, 0, 1], [F, T, F]),
    (lambda r: sus.SuspendWhenChanged(r, expected_value="A"), ["A", "B", "A"], [F, T, F]),
    (lambda r: sus.SuspendWhenChanged(r), ["first", "B", "first"], [F, T, F]),
    (lambda r: sus.SuspendWhenChanged(r, expected_value=1, allow_resume=False), [1, 2, 1], [F, T, T]),
]


@pytest.mark.parametrize(("make", "values", "tripped"), BEHAVIOUR)
def test_each_kind_trips_and_releases_where_it_says(make, values, tripped):
    ring = Ring()
    assert story(make(ring), ring, values) == tripped


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30))
def test_between_its_two_borders_a_floor_keeps_the_answer_that_it_has(values):
    ring = Ring()
    answers = story(sus.SuspendFloor(ring, -2, resume_thresh=2), ring, values)
    expected, tripped = [], False
    for value in values:
        tripped = value < -2 or (tripped and value < 2)
        expected.append(tripped)
    assert answers == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda r: sus.SuspendFloor(r, 5, resume_thresh=4),
        lambda r: sus.SuspendCeil(r, 5, resume_thresh=6),
        lambda r: sus.SuspendInBand(r, 3, 1),
        lambda r: sus.SuspendWhenOutsideBand(r, 3, 3),
    ],
)
def test_borders_that_make_no_sense_are_refused_with_the_name(make):
    with pytest.raises(BadValue, match=r"^ring: "):
        make(Ring())


def test_the_reason_says_value_unit_and_what_is_waited_for():
    ring = Ring(3.0)
    floor = sus.SuspendFloor(ring, 5, resume_thresh=9, tripped_message="call the floor manager")
    floor.install(lambda: None)
    assert floor.reason == "ring is 3 mA; plans wait until it is at least 9 mA (call the floor manager)"
    assert "TRIPPED since" in repr(floor)
    ring.tell(10.0)
    assert floor.reason == ""
    assert "good since" in repr(floor)


def test_since_is_when_it_last_changed(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(sus.time, "time", lambda: now[0])
    ring = Ring(10.0)
    floor = sus.SuspendFloor(ring, 5)
    floor.install(lambda: None)
    for when, value in ((200.0, 3.0), (300.0, 2.0), (400.0, 6.0)):
        now[0] = when
        ring.tell(value)
        if value < 5:
            assert floor.since == 200.0
    assert floor.since == 400.0


def test_what_cannot_be_trusted_counts_as_bad():
    ring = Ring(connected=False)
    floor = sus.SuspendFloor(ring, 5)
    floor.install(lambda: None)
    assert floor.reason == "ring is not connected"
    ring.connection(True)
    assert floor.reason == "ring has no value yet"
    ring.tell(10.0)
    assert not floor.tripped
    ring.tell(10.0, severity=3)
    assert floor.reason == "ring is INVALID (alarm severity 3)"
    ring.tell(10.0, severity=2)
    assert not floor.tripped
    ring.connection(False)
    ring.connection(True)
    assert floor.tripped, "a value from before the loss counts no more"


@pytest.fixture
def RE() -> RunEngine:
    engine = RunEngine({})
    engine.say = lambda text: None
    return engine


NO_NUMBERS = [
    (math.nan, "ring is NaN"),
    (np.float32("nan"), "ring is NaN"),
    ("Fault", "ring is 'Fault', which is no number"),
    (np.zeros(3), "ring is an array of shape (3,), which is no number"),
    ([1, 2], "ring is a list of 2, which is no number"),
]


@pytest.mark.parametrize(("value", "reason"), NO_NUMBERS)
@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (lambda ring: sus.SuspendFloor(ring, 5), 6),
        (lambda ring: sus.SuspendCeil(ring, 5), 4),
        (lambda ring: sus.SuspendWhenOutsideBand(ring, 5, 8), 6),
        (lambda ring: sus.SuspendInBand(ring, 5, 8), 4),
        (lambda ring: sus.SuspendBoolLow(ring), 1),
        (lambda ring: sus.SuspendBoolHigh(ring), 0),
    ],
)
def test_a_value_that_is_no_number_trips_what_needs_one_with_the_reason(kind, good, value, reason):
    ring = Ring(good)
    suspender = kind(ring)
    suspender.install(lambda: None)
    assert not suspender.tripped
    ring.tell(value)
    assert suspender.tripped
    assert suspender.reason == reason
    ring.tell(good)
    assert not suspender.tripped


@pytest.mark.parametrize("value", [10, 10.0, True, np.float64(10), np.array(10.0), np.array([10.0])])
def test_a_number_of_any_type_can_be_compared(value):
    ring = Ring(value)
    floor = sus.SuspendFloor(ring, 0.5)
    floor.install(lambda: None)
    assert not floor.tripped


def test_a_value_that_cannot_be_judged_trips_and_raises_nothing_in_the_thread_of_the_control_system():
    ring = Ring(1)
    changed = sus.SuspendWhenChanged(ring, expected_value=1)
    changed.install(lambda: None)
    ring.tell(np.arange(3))
    assert changed.tripped
    assert "an array of shape (3,), which cannot be judged: ValueError" in changed.reason


def test_a_condition_of_ones_own_says_what_is_bad_and_why():
    class AtNight(sus.SuspenderBase):
        def is_bad(self, value):
            return value > 22

        def why(self):
            return "says that it is night"

    clock = Ring(23)
    night = AtNight(clock)
    night.install(lambda: None)
    assert night.reason == "ring says that it is night"
    clock.tell(8)
    assert not night.tripped


# ---- its plans ---------------------------------------------------------------------------------------


def test_a_plan_given_as_pre_and_post_plan_runs_at_each_trip(RE):
    ring, shutter = Ring(10.0), Signal(name="shutter", value="open")
    floor = sus.SuspendFloor(ring, 5, pre_plan=bps.mv(shutter, "closed"), post_plan=bps.mv(shutter, "open"))
    RE.install_suspender(floor)
    seen = []

    def look(msg):
        if msg.command == "wait_for_release":
            seen.append(shutter.get())
            ring.tell(10.0)

    RE.msg_hook = look

    def plan():
        for _ in range(2):
            yield Msg("checkpoint")
            ring.tell(1.0)
            yield Msg("checkpoint")
            seen.append(shutter.get())

    RE(plan())
    assert seen == ["closed", "open", "closed", "open"]


def test_a_generator_as_pre_plan_is_refused_with_what_to_write():
    def close_shutter():
        yield Msg("null")

    with pytest.raises(PlanError, match=r"runs only once: give the function that makes it, pre_plan=close_shutter"):
        sus.SuspendFloor(Ring(1.0), 5, pre_plan=close_shutter())
    sus.SuspendFloor(Ring(1.0), 5, pre_plan=close_shutter)


def test_the_engine_is_informed_of_changes_only():
    ring, changes = Ring(10.0), []
    floor = sus.SuspendFloor(ring, 5)
    floor.install(lambda: changes.append(floor.tripped))
    for value in (9, 4, 3, 8, 9):
        ring.tell(value)
    assert changes == [True, False]
    floor.remove()
    assert ring.listeners == []


def test_reset_takes_the_present_value_for_the_good_one():
    ring = Ring()
    changed = sus.SuspendWhenChanged(ring, expected_value=1, allow_resume=False)
    assert story(changed, ring, [1, 2]) == [False, True]
    changed.reset()
    assert story(changed, ring, [2, 1]) == [False, True]


def test_any_function_can_be_a_condition_and_one_that_raises_is_a_bad_one():
    answers: list[Any] = [False, True, OSError("no route")]

    def look() -> bool:
        answer = answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    when = sus.SuspendWhen(look, "the hutch is open")
    assert not when.tripped
    answers.pop(0)
    assert (when.tripped, when.reason) == (True, "the hutch is open makes plans wait")
    answers.pop(0)
    assert when.tripped
    assert f"is unknown: OSError: no route ({__file__}:" in when.reason


# ---- in the engine -----------------------------------------------------------------------------------


def test_a_real_signal_suspends_and_releases_a_plan(RE):
    ring = Signal(name="ring", value=100.0)
    RE.install_suspender(sus.SuspendFloor(ring, 50))
    states = []

    def state_changed(new, old):
        states.append(new)
        if new == "suspending":
            ring.put(90.0)

    RE.state_hook = state_changed
    RE([Msg("checkpoint"), Msg("null")])
    assert states == ["running", "idle"]
    ring.put(3.0)
    _until(lambda: RE.suspenders[0].tripped)
    RE([Msg("checkpoint"), Msg("null")])
    assert states[2:] == ["running", "suspending", "running", "idle"]


def _until(condition: Any) -> None:
    import time

    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


@pytest.mark.parametrize("kind", ["ours", "bluesky's"])
def test_a_suspender_that_never_releases_plans_is_not_said_to_go_on_by_itself(RE, kind):
    lines, ring = [], Ring(1)
    suspender = LikeBlueskys(ring) if kind == "bluesky's" else sus.SuspendWhenChanged(ring, expected_value=1)
    suspender.allow_resume = False
    RE.say = lines.append
    RE.install_suspender(suspender)

    def plan():
        yield Msg("checkpoint")
        yield Msg("trigger", SynAxis(name="m"), group="g")
        ring.tell(2)
        threading.Timer(0.02, ring.tell, (1,)).start()
        threading.Timer(0.04, RE.request_pause).start()
        yield Msg("wait", None, group="g")

    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    assert "It does not go on by itself. Not to wait: Ctrl+C, suspenders off 10min, resume." in lines
    assert not any(line.startswith("It goes on by itself") for line in lines)
    RE.clear_suspenders()
    RE.resume()


def test_what_never_releases_plans_says_what_does():
    ring = Ring(1)
    suspender = sus.SuspendWhenChanged(ring, expected_value=1, allow_resume=False)
    suspender.install(lambda: None)
    ring.tell(2)
    assert suspender.reason == "ring is 2 mA and was 1 mA; plans wait until its reset() is called"


def test_ctrl_c_while_one_of_blueskys_says_why_loses_no_trip():
    class Slow(LikeBlueskys):
        def _get_justification(self) -> str:
            raise KeyboardInterrupt

    ring, changes = Ring(1), []
    suspender = as_suspender(Slow(ring))
    suspender.install(lambda: changes.append(suspender.tripped))
    with pytest.raises(KeyboardInterrupt):
        ring.tell(0)
    assert (suspender.tripped, changes) == (True, [True])
    assert suspender.reason == "ring is 0 mA; Slow holds plans"


@pytest.mark.parametrize("signal", ["s5", None, 5])
def test_a_suspender_that_watches_no_signal_is_refused_when_it_is_installed(RE, signal):
    with pytest.raises(PlanError, match="is no signal that a suspender can watch"):
        RE.install_suspender(sus.SuspendFloor(signal, 5))
    with pytest.raises(PlanError, match="is no signal that a suspender can watch"):
        RE.install_suspender(LikeBlueskys(signal))
    assert RE.suspenders == ()


def test_the_engine_lists_and_removes_its_suspenders_and_takes_none_twice(RE):
    ring = Ring(10.0)
    floor = sus.SuspendFloor(ring, 5)
    RE.install_suspender(floor)
    RE.install_suspender(floor)
    assert RE.suspenders == (floor,)
    assert len(ring.listeners) == 2
    RE.clear_suspenders()
    assert RE.suspenders == ()
    assert ring.listeners == []


def test_taking_the_bad_condition_away_lets_the_plan_go_on(RE):
    floor = sus.SuspendFloor(Ring(1.0), 5)
    RE.install_suspender(floor)
    RE.say = lambda text: text.startswith("Suspended") and RE.remove_suspender(floor)
    assert RE([Msg("checkpoint")]) == ()


def test_a_condition_of_ones_own_is_asked_while_the_plan_waits(RE):
    calls = []

    def bad() -> bool:
        calls.append(True)
        return len(calls) in (2, 3)

    RE(suspend_wrapper([Msg("checkpoint"), Msg("sleep", None, 0.05)], sus.SuspendWhen(bad, "a rule")))
    assert len(calls) > 3
    assert RE.suspenders == ()


def test_a_suspended_plan_can_be_paused_and_aborted(RE):
    RE.install_suspender(sus.SuspendFloor(Ring(1.0), 5))
    RE.state_hook = lambda new, old: new == "suspending" and RE.request_pause()
    with pytest.raises(RunEngineInterrupted, match="Paused"):
        RE([Msg("checkpoint")])
    RE.abort()
    assert RE.state == "idle"


def test_without_beam_a_bare_move_is_made_and_a_count_waits(RE):
    ring, motor = Ring(1.0), SynAxis(name="motor")
    RE.install_suspender(sus.SuspendFloor(ring, 5))
    RE(bps.mv(motor, 1))
    assert motor.position == 1
    reached = []
    RE.state_hook = lambda new, old: new == "suspending" and (reached.append(motor.position), ring.tell(10.0))
    RE(scan([SynGauss(name="det", motor=motor, center=0, sigma=1)], motor, 2, 3, 2))
    assert reached == [1], "it did not wait before it moved"


def test_a_suspender_may_count_for_bare_moves_too(RE):
    ring, motor = Ring(1.0), SynAxis(name="motor")
    RE.install_suspender(sus.SuspendFloor(ring, 5, suspend_moves=True))
    reached = []
    RE.state_hook = lambda new, old: new == "suspending" and (reached.append(motor.position), ring.tell(10.0))
    RE(bps.mv(motor, 1))
    assert (reached, motor.position) == ([0], 1)


def test_a_move_that_was_made_before_the_scan_is_not_made_again_when_the_beam_is_back(RE):
    ring, motor = Ring(1.0), SynAxis(name="motor")
    RE.install_suspender(sus.SuspendFloor(ring, 5))
    sent = []
    RE.msg_hook = lambda msg: msg.command == "set" and sent.append(msg.args[0])
    RE.state_hook = lambda new, old: new == "suspending" and ring.tell(10.0)

    def plan():
        yield from bps.mv(motor, 7)
        yield from count([motor])

    RE(plan())
    assert sent == [7]


# ---- switched off ------------------------------------------------------------------------------------


def starts_of(RE: RunEngine) -> list[dict[str, Any]]:
    starts: list[dict[str, Any]] = []
    RE.subscribe(lambda _, doc: starts.append(doc), "start")
    return starts


def test_while_suspenders_are_off_no_plan_waits_and_each_run_says_so(RE):
    RE.install_suspender(sus.SuspendFloor(Ring(1.0), 5))
    starts = starts_of(RE)
    RE.suspenders_off(3600)
    RE(count([SynAxis(name="motor")]))
    assert starts[0]["suspenders_off_until"] == RE.suspenders_off_until > time.time()
    RE.suspenders_on()
    RE.state_hook = lambda new, old: new == "suspending" and RE.clear_suspenders()
    RE(count([SynAxis(name="motor")]))
    assert "suspenders_off_until" not in starts[1]


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e6, 1e300, float("nan")])
def test_they_cannot_be_off_for_ever_or_no_time_and_then_count_as_before(RE, seconds):
    with pytest.raises(BadValue, match="suspenders can be off for a day at most"):
        RE.suspenders_off(seconds)
    assert RE.suspenders_off_until is None


def test_a_suspended_plan_that_goes_on_because_they_are_off_does_not_say_that_all_is_good(RE):
    said = []
    RE.say = said.append
    RE.install_suspender(sus.SuspendFloor(Ring(1.0), 5))
    RE.state_hook = lambda new, old: new == "suspending" and RE.suspenders_off(60)
    RE(count([SynAxis(name="motor")]))
    assert re.fullmatch(r"Suspenders off until .*: going on\.", said[-1])
    RE.suspenders_on()


def test_the_time_for_which_they_are_off_ends_by_itself_and_the_plan_waits_again(RE):
    ring, ended = Ring(1.0), threading.Event()
    RE.install_suspender(sus.SuspendFloor(ring, 5))
    states = []

    def state_changed(new, old):
        states.append(new)
        if new == "suspending":
            assert ended.wait(60)
            ring.tell(10.0)

    RE.state_hook = state_changed
    RE.suspenders_off(0.1, on_again=ended.set)

    def plan():
        yield Msg("checkpoint")
        while "suspending" not in states:
            yield Msg("checkpoint")
            yield Msg("sleep", None, 0.01)

    RE(plan())
    assert states == ["running", "suspending", "running", "idle"]
    assert RE.suspenders_off_until is None


def test_a_suspended_run_that_goes_on_without_waiting_records_it(RE):
    RE.install_suspender(sus.SuspendFloor(Ring(1.0), 5, sleep=3600))
    docs, asked = [], []
    RE.state_hook = lambda new, old: new == "suspending" and not asked and (asked.append(new), RE.request_pause())

    def plan():
        yield Msg("open_run")
        yield Msg("checkpoint")
        RE.suspenders_on()
        yield Msg("checkpoint")
        yield Msg("close_run")

    RE.suspenders_off(3600)
    with pytest.raises(RunEngineInterrupted, match="Paused"):
        RE(plan(), lambda name, doc: docs.append((name, doc)))
    RE.suspenders_off(3600)
    RE.resume()
    words = [doc["data"]["interruption"] for name, doc in docs if name == "event"]
    assert len(words) == 1
    assert words[0].startswith("suspenders off until ")
    RE.suspenders_on()


def test_a_suspender_that_is_installed_while_they_are_off_counts_when_they_are_on(RE):
    RE.suspenders_off(3600)
    floor = sus.SuspendFloor(Ring(1.0), 5)
    RE.install_suspender(floor)
    assert RE.suspenders == (floor,)
    RE(count([SynAxis(name="motor")]))
    RE.suspenders_on()
    RE.state_hook = lambda new, old: new == "suspending" and RE.remove_suspender(floor)
    RE(count([SynAxis(name="motor")]))
    assert RE.suspenders == ()


def test_the_waiting_line_names_the_way_out(RE):
    said: list[str] = []
    ring = Ring(1.0)
    RE.install_suspender(sus.SuspendFloor(ring, 5))
    RE.say = lambda text: (said.append(text), ring.tell(10.0))
    RE([Msg("checkpoint")])
    assert said[0] == "Suspended: ring is 1 mA; plans wait until it is at least 5 mA."
    assert said[1] == "It goes on by itself. Not to wait: Ctrl+C, suspenders off 10min, resume."
    assert max(map(len, said)) <= 80
