"""Ctrl+C on a running engine, as real signals to this process; and the table that says what each press does."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import beamshell
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.engine import RunEngine, interrupts
from beamshell.engine.interrupts import PLAN_RULES, Action, Situation, Subject, rule_for
from beamshell.engine.plan_cursor import PlanCursor
from beamshell.engine.state import Modes
from beamshell.errors import RunEngineInterrupted
from beamshell.messages import Msg
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps
from beamshell.shell.cell_interrupts import CellInterrupts, ClosingInterrupts

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent with os.kill")


class Finger:
    """Presses Ctrl+C at given moments."""

    def __init__(self) -> None:
        self._timers: list[threading.Timer] = []

    def press(self, *after_s: float) -> None:
        for seconds in after_s:
            timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT))
            self._timers.append(timer)
            timer.start()

    def wait(self) -> None:
        for timer in self._timers:
            timer.join()


@pytest.fixture
def finger() -> Iterator[Finger]:
    finger = Finger()
    before = signal.signal(signal.SIGINT, lambda *_: None)  # presses that come after the engine has ended
    yield finger
    finger.wait()
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def RE(said):
    RE = RunEngine({})
    RE.say = said.append
    return RE


class Stuck:
    """A device whose read does not return, however often it is called."""

    name, parent = "stuck", None
    calls = 0
    patient = True

    def read(self):
        self.calls += 1
        while self.patient:
            time.sleep(0.01)
        return {"stuck": {"value": 1, "timestamp": 0.0}}

    def describe(self):
        return {"stuck": {"source": "test", "dtype": "number", "shape": []}}


def sleepy(points=100):
    for _ in range(points):
        yield Msg("checkpoint")
        yield Msg("sleep", None, 0.05)


def test_one_press_pauses_at_the_next_checkpoint_and_says_so(RE, finger, said):
    finger.press(0.12)
    with pytest.raises(RunEngineInterrupted):
        RE(sleepy())
    assert RE.state == "paused"
    assert "next checkpoint" in said[0]
    RE.stop()
    assert RE.state == "idle"


def test_two_presses_pause_in_the_middle_of_a_long_sleep(RE, finger, said):
    finger.press(0.1, 0.2)
    begun = time.monotonic()
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("sleep", None, 30)])
    assert time.monotonic() - begun < 20
    assert RE.state == "paused"
    assert said[1].startswith("Pausing now")
    RE.abort()


def test_one_press_stops_a_bare_move_and_the_engine_is_idle(RE, finger, said):
    motor = SynAxis(name="th", delay=30)
    finger.press(0.1)
    with pytest.raises(RunEngineInterrupted, match=r"^Stopped: th is at .*The engine is idle\.$"):
        RE(bps.mv(motor, 60))
    assert RE.state == "idle"
    assert said == ["Stopping th."]


def test_one_press_ends_a_count_without_a_run_as_it_ends_a_bare_move(RE, finger, said):
    det = SynGauss(name="det", exp=3e4)
    finger.press(0.1)
    with pytest.raises(RunEngineInterrupted, match=r"^Stopped: the count of det was cut short\. The engine is idle\.$"):
        RE(bps.trigger(det, wait=True))
    assert (RE.state, said) == ("idle", ["Stopping det."])


def test_one_press_in_a_count_of_a_run_pauses_at_the_next_checkpoint(RE, finger, said):
    RE.msg_hook = lambda msg: finger.press(0.1, 0.3) if msg.command == "trigger" else None  # behind the checkpoint
    with pytest.raises(RunEngineInterrupted):
        RE(count([SynGauss(name="det", exp=3e4)]))
    assert RE.state == "paused"
    assert ["next checkpoint" in said[0], said[1]] == [True, "Pausing now."]
    RE.abort()


def test_one_press_stops_a_move_beside_a_paused_plan_which_stays_paused(RE, finger, said):
    motor = SynAxis(name="th", delay=30)
    RE.run([Msg("checkpoint"), Msg("pause")])
    finger.press(0.1)
    with pytest.raises(RunEngineInterrupted, match=r"^Stopped: th is at .*The other plan is still paused\.$"):
        RE(bps.mv(motor, 60))
    assert RE.state == "paused"
    assert said == ["Stopping th."]
    RE.resume()
    assert RE.state == "idle"


def test_one_press_ends_a_count_beside_a_paused_plan(RE, finger, said):
    RE.run([Msg("checkpoint"), Msg("pause")])
    finger.press(0.1)
    with pytest.raises(RunEngineInterrupted, match="The other plan is still paused"):
        RE([Msg("checkpoint"), Msg("sleep", None, 300)])
    assert (RE.state, said) == ("paused", ["Stopping."])
    RE.abort()


def test_a_move_whose_device_does_not_return_is_broken_into_and_the_engine_is_idle(RE, finger):
    motor = SynAxis(name="th")

    def hangs(value):
        while True:
            time.sleep(0.01)

    motor.set = hangs
    finger.press(0.1, 0.2, 0.3)
    with pytest.raises(RunEngineInterrupted, match="Stopped"):
        RE(bps.mv(motor, 60))
    assert RE.state == "idle"


def test_one_press_at_a_plans_question_pauses_the_plan_which_asks_again_when_it_goes_on(RE):
    def no_answer(_question):
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the question goes on waiting")

    def plan():
        yield Msg("checkpoint")
        return (yield Msg("input", None, prompt="how many?"))

    RE.call_returns_result, RE.ask = True, no_answer
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    assert RE.state == "paused"
    RE.ask = lambda question: f"{question} 3"
    assert RE.resume().plan_result == "how many? 3"


def test_a_device_that_does_not_return_is_broken_into_by_the_third_press(RE, finger, said):
    stuck = Stuck()
    finger.press(0.1, 0.2, 0.3)
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("read", stuck)])
    assert RE.state == "paused"
    assert "stuck.read()" in said[-1]
    stuck.patient = False
    RE.resume()
    assert stuck.calls == 2


def test_a_plan_that_blocks_ends_as_aborted(RE, finger):
    def plan():
        yield Msg("null")
        while True:
            time.sleep(0.01)

    finger.press(0.1, 0.2, 0.3)
    with pytest.raises(RunEngineInterrupted, match="interrupted in the plan"):
        RE(plan())
    assert RE.state == "idle"


def test_code_that_swallows_every_exception_is_left_too(RE, finger):
    def plan():
        yield Msg("null")
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass

    finger.press(*(0.1 * n for n in range(1, 9)))
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    assert RE.state == "idle"


def test_a_hanging_subscriber_is_broken_into_and_the_run_is_closed(RE, finger):
    det = SynGauss(name="det", motor=SynAxis(name="motor"), center=0, sigma=1)
    names = []

    def hangs(name, doc):
        if name == "event":
            while True:
                time.sleep(0.01)

    RE.subscribe(hangs)
    RE.subscribe(lambda name, doc: names.append(name))
    finger.press(0.1, 0.2, 0.3)
    with pytest.raises(RunEngineInterrupted):
        RE(count([det], num=3))
    assert RE.state == "paused"
    RE.abort()
    assert names[-1] == "stop"


def test_presses_while_a_plan_that_swallows_the_abort_cleans_up_halt_it(RE, finger, said):
    def plan():
        while True:
            try:
                yield Msg("checkpoint")
                yield Msg("sleep", None, 0.02)
            except Exception:
                pass

    finger.press(0.1)
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    finger.wait()
    time.sleep(0.01)
    finger.press(0.1, 0.2, 0.3)
    RE.abort()
    assert RE.state == "idle"
    assert any("cleaning up" in line for line in said)
    assert any(line.startswith("Halting") for line in said)


def test_the_engine_works_after_all_that(RE, finger):
    finger.press(0.1)
    with pytest.raises(RunEngineInterrupted):
        RE(sleepy())
    RE.halt()
    assert RE([Msg("null")]) == ()


def test_the_handler_is_put_back(RE):
    before = signal.getsignal(signal.SIGINT)
    RE([Msg("null")])
    assert signal.getsignal(signal.SIGINT) is before


def test_once_a_pause_is_promised_the_next_press_pauses_now_however_late_it_comes(RE, finger, said, monkeypatch):
    monkeypatch.setattr(interrupts, "WINDOW_S", 0.05)
    finger.press(0.1, 0.3)
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("sleep", None, 30)])
    assert RE.state == "paused"
    assert [line.split()[1] for line in said] == ["at", "now."]
    RE.abort()


def test_whoever_waits_for_a_device_to_be_put_back_can_give_up(RE, finger, said):
    from beamshell.devices.status import Status

    class NeverUnstaged:
        name, parent = "never", None

        def stage(self):
            return [self]

        def unstage(self):
            return Status()

    finger.press(0.1, 0.2, 0.3)
    with pytest.raises(RunEngineInterrupted, match="had just ended"):
        RE([Msg("stage", NeverUnstaged())])
    assert said[0].startswith("The plan has ended; devices are being put back.")
    assert said[-1] == "While ending: never: cannot unstage: interrupted by the operator"


class HangsOnce:
    """A hook that does not return until three presses have broken into it; then it answers at once."""

    def __init__(self) -> None:
        self.is_broken = False

    def __call__(self, *_):
        if not self.is_broken:
            self.is_broken = True
            for _press in range(3):
                signal.raise_signal(signal.SIGINT)
            pytest.fail("the third press has not broken into it")
        return 7


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("waiting_hook", "RE.waiting_hook"),
        ("msg_hook", "RE.msg_hook"),
        ("state_hook", "RE.state_hook"),
        ("scan_id_source", "RE.scan_id_source"),
        ("md_validator", "the check of the run's metadata"),
        ("log_hook", "RE.log_hook"),
    ],
)
def test_a_hook_of_the_engine_that_hangs_is_broken_into_by_the_third_press(RE, said, hook, words):
    hangs = HangsOnce()
    motor = SynAxis(name="motor")
    if hook == "log_hook":  # while the plan runs, as a position that is asked for the log
        RE.log_hook = lambda kind, _: hangs() if kind == "moving" else None
    else:
        setattr(RE, hook, hangs)
    with pytest.raises(RunEngineInterrupted):
        RE(scan([motor], motor, 1, 2, 2))
    assert any(f"Breaking into {words}, which does not return." in line for line in said)
    assert (RE.state, hangs.is_broken) == ("paused", True)
    assert not RE._ctx.modes.foreign
    if hook in ("msg_hook", "log_hook"):
        assert motor.position == 0  # nothing was sent after the presses
    RE.resume()
    assert (RE.state, motor.position) == ("idle", 2)


class HangsAtItsEnd:
    """A context manager whose end does not return until the operator breaks into it."""

    def __init__(self) -> None:
        self.hangs = HangsOnce()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hangs()


def test_a_context_manager_that_hangs_at_its_end_is_broken_into_and_the_result_stays(RE, said):
    manager, left = HangsAtItsEnd(), []

    @contextlib.contextmanager
    def outer():
        yield
        left.append("outer")

    RE.context_managers = [lambda _: outer(), lambda _: manager]
    uids = RE(count([SynAxis(name="motor")]))
    assert (RE.state, manager.hangs.is_broken, left, len(uids)) == ("idle", True, ["outer"], 1)
    assert any("Breaking into RE.context_managers, which does not return." in line for line in said)
    assert RE.last_result.exit_status == "success"


def test_a_context_manager_that_hangs_at_its_beginning_is_broken_into_and_no_plan_begins(RE):
    hangs, sent = HangsOnce(), []
    RE.context_managers, RE.msg_hook = [hangs], sent.append
    with pytest.raises(KeyboardInterrupt):
        RE([Msg("null")])
    assert (RE.state, sent) == ("idle", [])
    RE.context_managers = []
    RE([Msg("null")])


def test_a_command_of_ones_own_that_hangs_is_broken_into_by_the_third_press(RE):
    hangs = HangsOnce()
    RE.register_command("look", hangs)
    with pytest.raises(RunEngineInterrupted):
        RE([Msg("checkpoint"), Msg("look")])
    RE.resume()
    assert hangs.is_broken


def test_presses_after_the_plan_are_about_what_was_there_before_it(RE):
    owner = interrupts.InterruptOwner()
    prompt = interrupts.Subject()
    prompt.rules = (interrupts.Rule(Situation.PROMPT, 1, Action.TELL, "nothing runs"),)
    prompt.situation, messages = Situation.PROMPT, []
    prompt.say = messages.append
    before = signal.getsignal(signal.SIGINT)
    with owner.watch(prompt):
        owner.pressed()
        with owner.watch(ClosingInterrupts()):
            pass
        owner.pressed()
    assert messages == ["nothing runs"] * 2
    assert signal.getsignal(signal.SIGINT) is before


# ---- the table ---------------------------------------------------------------------------------------

RULES = (*PLAN_RULES, *CellInterrupts.rules, *ClosingInterrupts.rules, *interrupts.QuestionInterrupts.rules)


@pytest.mark.parametrize("situation", Situation)
@pytest.mark.parametrize("stuck", [False, True])
def test_every_press_in_every_situation_does_something_or_says_why_not(situation, stuck):
    for presses in range(1, 10):
        rule = rule_for(RULES, situation, presses, stuck)
        assert rule.sentence or rule.action is Action.INTERRUPT


def test_nobody_else_installs_a_handler_of_sigint():
    package = Path(beamshell.__file__).parent
    installs = re.compile(r"signal\.signal\(|set_wakeup_fd|siginterrupt")
    installers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "SIGINT" in (text := path.read_text()) and installs.search(text)
    }
    processes_of_their_own = {"follow/process.py", "ioc/server.py", "shell/file_commands.py"}
    assert installers - processes_of_their_own == {"engine/interrupts.py"}


@pytest.mark.parametrize(
    ("elapsed_s", "words"),
    [(0.0, "just now"), (0.0013, "just now"), (1.23, "1.2 s ago"), (60.0, "1 min 0 s ago"), (125.3, "2 min 5 s ago")],
)
def test_how_long_ago_the_last_checkpoint_was_is_said_as_people_say_it(elapsed_s, words):
    cursor = PlanCursor()
    cursor.checkpoint_at = 1000.0
    resources = SimpleNamespace(moved={}, tasks=())
    ctx = SimpleNamespace(modes=Modes(), cursor=cursor, resources=resources, clock=lambda: 1000.0 + elapsed_s)
    subject = interrupts.PlanInterrupts(ctx, inbox=None, say=print)
    assert subject.words()["since"] == words


class Cell(Subject):
    """Code of a person that runs: a press interrupts it."""

    rules = CellInterrupts.rules
    situation = Situation.CELL


class Dying:
    """Something that is pressed in while it dies, by its finalizer or by a callback of its weak reference."""


class Finalized(Dying):
    def __del__(self):
        interrupts.OWNER.pressed()


@pytest.mark.parametrize("kind", [Dying, Finalized], ids=["the callback of a weak reference", "a finalizer"])
def test_a_press_in_code_whose_errors_python_forgets_comes_once_more_when_that_is_done(kind, capsys):
    dying = kind()
    reference = weakref.ref(dying, lambda _: interrupts.OWNER.pressed()) if kind is Dying else None
    with interrupts.OWNER.watch(Cell()):
        del dying  # nothing is raised here
        with pytest.raises(KeyboardInterrupt):
            time.sleep(60)
    assert reference is None or reference() is None
    assert capsys.readouterr().err == ""


def test_a_press_just_before_a_long_call_ends_it():
    """A signal that another thread takes leaves the main thread's call alone, as one before that call does."""
    raised = threading.Event()
    in_time = []

    def press_beside_the_main_thread():
        time.sleep(0.05)  # until the main thread is in its call, most likely; the outcome is the same if it is not
        signal.raise_signal(signal.SIGINT)
        in_time.append(raised.wait(30))

    finger = threading.Thread(target=press_beside_the_main_thread)
    with interrupts.OWNER.watch(Cell()):
        finger.start()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(60)
    raised.set()
    finger.join()
    assert in_time == [True]


def test_a_press_is_not_taken_from_an_event_loop_that_asks_for_signals():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    try:
        with interrupts.OWNER.watch(Subject()):
            assert signal.set_wakeup_fd(writing) == writing
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def test_a_press_at_a_question_is_a_press_although_python_calls_a_second_signal_an_error():
    def read_line(_question: str) -> str:
        raise SystemError("<handler> returned a result with an exception set") from KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        interrupts.ask("Move? ", read_line)


def test_any_other_error_of_python_at_a_question_is_no_press():
    def read_line(_question: str) -> str:
        raise SystemError("bad internal call")

    with pytest.raises(SystemError):
        interrupts.ask("Move? ", read_line)
