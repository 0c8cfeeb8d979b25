"""Names that scripts written for bluesky use on an engine."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from beamshell import RunEngine
from beamshell.errors import PlanError, RunEngineInterrupted, TransitionError
from beamshell.messages import Msg

OPEN, CLOSE, CHECKPOINT = Msg("open_run"), Msg("close_run"), Msg("checkpoint")


@pytest.fixture
def RE():
    engine = RunEngine({})
    engine.say = lambda text: None
    return engine


def test_tab_shows_none_of_them(RE):
    hidden = ["loop", "request_suspend", "commands", "max_depth", "context_managers", "NO_PLAN_RETURN", "log"]
    assert [name for name in hidden if name in dir(RE)] == []
    assert all(hasattr(RE, name) for name in hidden)


# ---- the event loop ------------------------------------------------------------------------------


def test_coroutines_of_a_plan_run_on_the_loop(RE):
    loops = []

    async def note():
        loops.append(asyncio.get_running_loop())

    RE([Msg("wait_for", None, [note])])
    assert loops == [RE.loop]


def test_an_engine_runs_the_loop_that_it_is_given_in_a_thread():
    loop = asyncio.new_event_loop()
    RE = RunEngine({}, loop=loop)
    answers = []

    async def note():
        answers.append((asyncio.get_running_loop() is loop, threading.current_thread() is threading.main_thread()))

    RE([Msg("wait_for", None, [note])])
    assert RE.loop is loop
    assert answers == [(True, False)]
    loop.call_soon_threadsafe(loop.stop)
    RE._world.loop_thread.thread.join()
    loop.close()


def test_a_suspension_that_a_script_requests_lasts_until_its_coroutine_is_done(RE):
    sent, lines = [], []
    RE.msg_hook, RE.say = lambda msg: sent.append(msg.command), lines.append
    released = threading.Event()

    async def released_soon():
        while not released.is_set():
            await asyncio.sleep(0.001)

    def plan():
        yield OPEN
        yield CHECKPOINT
        RE.request_suspend(
            released_soon,
            pre_plan=[Msg("sleep", None, 0)],
            post_plan=lambda: [Msg("null", None, "after")],
            justification="the door is open",
        )
        threading.Timer(0.02, released.set).start()
        yield Msg("null", None, "measured")
        yield CLOSE

    RE(plan())
    assert sent == ["open_run", "checkpoint", "sleep", "wait_for_release", "null", "null", "close_run"]
    assert "Suspended: the door is open." in lines
    assert RE.suspenders == ()


def test_a_requested_suspension_ends_with_the_plan_that_it_holds(RE):
    lines, never = [], asyncio.Event()
    RE.say = lines.append

    def plan():
        yield CHECKPOINT
        RE.request_suspend(never.wait, justification="the door is open")
        threading.Timer(0.02, RE.request_pause).start()
        yield Msg("null")

    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    (suspension,) = RE.suspenders
    assert (suspension.name, suspension.signal) == ("request_suspend", None)
    assert repr(suspension).endswith(": the door is open>")
    with contextlib.suppress(RunEngineInterrupted):
        RE.abort()
    assert RE.suspenders == ()
    RE([CHECKPOINT, Msg("null")])
    assert not any("failed" in line for line in lines)


def test_a_suspension_that_waits_for_nothing_is_refused(RE):
    with pytest.raises(PlanError, match=r"such as event\.wait, and not for None"):
        RE.request_suspend(None)
    assert RE.suspenders == ()


def test_a_suspension_that_is_requested_while_the_engine_waits_begins_at_once(RE):
    done = threading.Event()

    async def short():
        done.set()
        await asyncio.sleep(0.01)

    threading.Timer(0.01, RE.request_suspend, (short,)).start()
    states = []
    RE.state_hook = lambda new, old: states.append(str(new))
    RE([CHECKPOINT, Msg("sleep", None, 0.1)])
    assert done.is_set()
    assert states == ["running", "suspending", "running", "idle"]


def test_a_requested_suspension_whose_coroutine_fails_is_over_and_says_why(RE):
    lines = []
    RE.say = lines.append

    async def fails():
        raise OSError("no such shutter")

    def plan():
        yield CHECKPOINT
        RE.request_suspend(fails)
        yield Msg("null")

    RE(plan())
    assert any("no such shutter" in line for line in lines)
    assert RE.suspenders == ()


def test_a_suspension_where_there_is_no_checkpoint_to_go_back_to_ends_the_plan(RE):
    def plan():
        yield Msg("clear_checkpoint")
        RE.request_suspend(asyncio.Event().wait)
        yield Msg("null")

    with pytest.raises(RunEngineInterrupted, match="no checkpoint"):
        RE(plan())


def test_the_numbers_of_runs_may_come_from_a_coroutine(RE):
    async def number(md):
        await asyncio.sleep(0)
        return md.get("scan_id", 40) + 2

    numbers = []
    RE.scan_id_source = number
    RE.subscribe(lambda name, doc: numbers.append(doc["scan_id"]), "start")
    RE([OPEN, CLOSE, OPEN, CLOSE])
    assert numbers == [42, 44]
    assert RE.md["scan_id"] == 44


# ---- the state of the call -----------------------------------------------------------------------


def test_a_deferred_pause_is_requested_until_the_next_checkpoint(RE):
    seen = []

    def plan():
        yield CHECKPOINT
        RE.request_pause(defer=True)
        yield Msg("null")
        seen.append(RE.deferred_pause_requested)
        yield CHECKPOINT

    assert RE.deferred_pause_requested is False
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    assert (seen, RE.deferred_pause_requested) == ([True], False)
    RE.resume()


def test_a_deferred_pause_after_the_last_checkpoint_stays_requested_until_the_next_plan(RE):
    with pytest.raises(RunEngineInterrupted, match="had just ended"):
        RE([CHECKPOINT, Msg("pause", None, defer=True)])
    assert RE.deferred_pause_requested is True
    RE([Msg("null")])
    assert RE.deferred_pause_requested is False


def test_a_plan_is_resumable_where_it_has_a_checkpoint(RE):
    seen = []

    def plan():
        for command in ("clear_checkpoint", "checkpoint"):
            yield Msg(command)
            seen.append(RE.resumable)

    RE(plan())
    assert (seen, RE.resumable) == ([False, True], True)


def test_what_is_not_rewindable_is_not_sent_again(RE):
    sent = []
    RE.msg_hook = lambda msg: sent.append(msg.command)
    RE.rewindable = False
    with pytest.raises(RunEngineInterrupted):
        RE([CHECKPOINT, Msg("null"), Msg("pause"), Msg("null")])
    assert RE.rewindable is False
    RE.resume()
    assert sent == ["checkpoint", "null", "pause", "null"]


def test_rewindable_can_be_changed_in_the_middle_of_a_plan(RE):
    def plan():
        RE.rewindable = False
        assert (yield Msg("rewindable", None, None)) is False

    RE(plan())
    assert RE.rewindable is True


def test_a_plan_that_fails_returns_nothing_and_one_that_ends_well_may_return_None(RE):
    def fails():
        yield Msg("null")
        raise ZeroDivisionError

    def ends():
        yield Msg("null")

    assert RE.run(fails()).plan_result is RE.NO_PLAN_RETURN
    assert RE.run(ends()).plan_result is None


def test_reset_ends_a_paused_plan_and_keeps_the_subscribers(RE):
    docs = []
    RE.subscribe(lambda name, doc: docs.append(name))
    with pytest.raises(RunEngineInterrupted):
        RE([OPEN, Msg("pause")])
    RE.reset()
    assert (docs, RE.state) == (["start", "stop"], "idle")
    assert len(RE.subscriptions()) == 1


# ---- settings ------------------------------------------------------------------------------------


def test_contexts_are_entered_while_a_plan_runs(RE):
    log = []

    def manager(engine):
        @contextlib.contextmanager
        def context():
            log.append("in" if engine is RE else "?")
            yield
            log.append("out")

        return context()

    RE.context_managers.append(manager)
    RE.msg_hook = lambda msg: log.append(msg.command)
    RE([Msg("null")])
    assert log == ["in", "null", "out"]


def test_a_context_that_cannot_be_entered_leaves_the_engine_idle(RE):
    def manager(engine):
        raise OSError("no lock")

    RE.context_managers.append(manager)
    with pytest.raises(OSError, match="no lock"):
        RE([Msg("null")])
    RE.context_managers.clear()
    RE([Msg("null")])


def test_an_engine_that_is_hidden_in_functions_refuses_with_max_depth(RE):
    RE.max_depth = 1000
    RE([Msg("null")])
    RE.max_depth = 1
    with pytest.raises(TransitionError, match="yield from"):
        RE([Msg("null")])


def test_a_failing_subscriber_ends_the_plan_if_its_failures_are_not_ignored(RE):
    def fails(name, doc):
        raise ZeroDivisionError("here")

    assert RE.ignore_callback_exceptions is True
    RE([OPEN, CLOSE], fails)
    RE.ignore_callback_exceptions = False
    with pytest.raises(ZeroDivisionError):
        RE([OPEN, CLOSE], fails)


def test_the_commands_are_those_of_messages_with_those_of_a_person(RE):
    def beep(msg):
        """Make a noise.

        A loud one.
        """

    RE.register_command("beep", beep)
    assert {"open_run", "set", "beep"} <= set(RE.commands)
    assert "beep : Make a noise.\n" in RE.print_command_registry()
    assert "A loud one." in RE.print_command_registry(verbose=True)
    lines = []
    RE.say = lines.append
    RE.print_commands()
    assert lines == [RE.print_command_registry().rstrip()]


def test_the_logger_is_switched_by_verbose(RE):
    assert RE.verbose is True
    RE.verbose = False
    assert RE.log.disabled
    RE.verbose = True
    assert not RE.log.disabled


def test_documents_can_be_subscribed_to_at_the_dispatcher(RE):
    docs = []
    token = RE.dispatcher.subscribe(lambda name, doc: docs.append(name))
    RE([OPEN, CLOSE])
    RE.unsubscribe(token)
    assert docs == ["start", "stop"]
    with pytest.raises(KeyError):
        RE.dispatcher.subscribe(print, "nothing")


def test_the_state_answers_the_questions_of_scripts(RE):
    seen = []
    RE.msg_hook = lambda msg: seen.append((RE.state.is_running, RE.state.is_idle))
    with pytest.raises(RunEngineInterrupted):
        RE([CHECKPOINT, Msg("pause")])
    assert (seen[0], RE.state.is_paused) == ((True, False), True)
    RE.abort()
    assert RE.state.is_idle
    with pytest.raises(RuntimeError):
        RE.resume()
