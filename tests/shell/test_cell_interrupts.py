"""Presses of Ctrl+C outside a plan: what they interrupt, without a terminal."""

import asyncio
import functools
import os
import select
import signal
import sys
from types import CodeType, SimpleNamespace

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.output import DummyOutput

from beamshell.engine.interrupts import InterruptOwner
from beamshell.shell.cell_interrupts import (
    PRESSES_TO_GET_OUT,
    CellInterrupts,
    ClosingInterrupts,
    has_ctrl_c,
    keep_sigint,
)


class Shell:
    """As much of IPython's shell as is needed: it runs a function, and shows what that raised."""

    def __init__(self):
        self.in_one_line, self.as_they_are = [], []
        self.while_showing = self.between = lambda: None

    async def run_code(self, function, async_=False):
        if isinstance(function, CodeType):
            function = functools.partial(exec, function)
        try:
            try:
                return function()
            except KeyboardInterrupt as exc:
                self.between()
                self.CustomTB(type(exc), exc, None)
        except BaseException:
            self.showtraceback()

    def prompt_for_code(self):
        return "a cell"

    def CustomTB(self, kind, exc, tb):
        self.while_showing()
        self.in_one_line.append(kind)

    def showtraceback(self):
        self.while_showing()
        self.as_they_are.append(sys.exc_info()[0])


@pytest.fixture
def shell():
    return Shell()


@pytest.fixture
def owner():
    """The owner of SIGINT, told of presses by the test."""
    before = signal.getsignal(signal.SIGINT)
    yield InterruptOwner()
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupts(shell, owner):
    """A console that listens."""
    interrupts = CellInterrupts(shell, owner)
    interrupts.listen()
    return interrupts


@pytest.fixture
def press(interrupts, owner):
    """One press of Ctrl+C in a console that listens."""
    return owner.pressed


def run(shell, function):
    return asyncio.run(shell.run_code(function))


def test_a_cell_is_interrupted(shell, press):
    run(shell, press)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_a_press_at_the_prompt_interrupts_nothing(shell, press, capsys):
    press()
    assert run(shell, lambda: 5) == 5
    press()
    shell.prompt_for_code()
    assert run(shell, lambda: 5) == 5
    assert (shell.in_one_line, shell.as_they_are) == ([], [])


class Application:
    """As much of prompt_toolkit's application as is needed: a prompt that reads keys, then is done."""

    def __init__(self, at_keys, at_end):
        self.pre_run_callables, self.is_running, self.is_done = [], False, False
        self.renderer = SimpleNamespace(reset=lambda: None)
        self.invalidate = lambda: None
        self.steps = at_keys, at_end

    def run(self):
        at_keys, at_end = self.steps
        self.is_running = True
        while self.pre_run_callables:
            self.pre_run_callables.pop()()
        at_keys()
        self.is_done = True  # Enter
        at_end()
        self.is_running = self.is_done = False
        return "a cell"


@pytest.fixture
def keys_are_read(interrupts, shell):
    """Let the prompt be one that reads keys, with something to happen before and after Enter."""

    def read(at_keys=lambda: None, at_end=lambda: None):
        app = Application(at_keys, at_end)
        shell.pt_app = SimpleNamespace(app=app, input=SimpleNamespace(fileno=lambda: -1, typeahead_hash=lambda: "x"))
        interrupts._prompt_for_code = app.run

    return read


def test_a_press_after_enter_and_before_the_prompt_is_left_keeps_the_statement_from_beginning(
    shell, press, keys_are_read, capsys
):
    keys_are_read(at_end=press)
    shell.prompt_for_code()
    run(shell, lambda: pytest.fail("it has begun"))
    assert capsys.readouterr().err == "Ctrl+C: what has not begun is not run.\n"


def test_a_press_while_keys_are_read_is_about_nothing_and_the_cell_runs(shell, press, keys_are_read, capsys):
    keys_are_read(at_keys=press)
    shell.prompt_for_code()
    assert run(shell, lambda: 5) == 5
    assert capsys.readouterr().err == "Nothing runs that could be interrupted.\n"


def test_a_press_between_enter_and_the_first_statement_keeps_it_from_beginning(shell, press, capsys):
    shell.prompt_for_code()
    press()
    run(shell, lambda: pytest.fail("it has begun"))
    assert shell.in_one_line == [KeyboardInterrupt]
    assert capsys.readouterr().err == "Ctrl+C: what has not begun is not run.\n"
    assert run(shell, lambda: 5) == 5


def test_a_press_between_two_statements_keeps_the_second_from_beginning(shell, press):
    shell.prompt_for_code()
    assert run(shell, lambda: 5) == 5
    press()
    run(shell, lambda: pytest.fail("it has begun"))
    assert shell.in_one_line == [KeyboardInterrupt]


@pytest.fixture
def terminal():
    """A terminal: the end at which keys are typed, and the prompt's input at the other end."""
    pty = pytest.importorskip("pty")
    from prompt_toolkit.input.vt100 import Vt100Input

    typed, end = pty.openpty()
    with os.fdopen(end, "r", encoding="utf-8") as stdin:
        yield typed, Vt100Input(stdin)
    os.close(typed)


def type_keys(terminal, keys):
    typed, keyboard = terminal
    with keyboard.raw_mode():  # as at the prompt, where Ctrl+C is a key
        os.write(typed, keys)
        select.select([keyboard.fileno()], [], [], 60)


def test_a_ctrl_c_that_the_prompt_has_not_read_is_found_and_the_keys_after_it_are_kept(terminal):
    assert not has_ctrl_c(terminal[1])
    type_keys(terminal, b"ab\x03cd")
    assert has_ctrl_c(terminal[1])
    assert [key.data for key in get_typeahead(terminal[1])] == ["c", "d"]
    assert not has_ctrl_c(terminal[1])


def test_keys_that_were_typed_ahead_are_kept(terminal):
    type_keys(terminal, b"wa")
    assert not has_ctrl_c(terminal[1])
    assert [key.data for key in get_typeahead(terminal[1])] == ["w", "a"]


def test_a_ctrl_c_among_the_unread_keys_keeps_the_statement_from_beginning(shell, interrupts, terminal):
    shell.pt_app = SimpleNamespace(input=terminal[1])
    shell.prompt_for_code()
    type_keys(terminal, b"\x03")
    run(shell, lambda: pytest.fail("it has begun"))
    assert shell.in_one_line == [KeyboardInterrupt]


def test_a_press_while_an_error_is_shown_lets_it_be_shown(shell, press):
    shell.while_showing = press
    run(shell, press)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_a_second_press_before_the_first_is_reported_counts_as_one(shell, press):
    shell.between = press
    run(shell, press)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_other_errors_are_shown_as_they_are_and_not_disturbed(shell, press):
    shell.while_showing = press
    run(shell, lambda: 1 / 0)
    assert (shell.in_one_line, shell.as_they_are) == ([], [ZeroDivisionError])


def test_whoever_presses_on_and_on_gets_out_of_whatever_holds_the_console_up(shell, press):
    for _ in range(PRESSES_TO_GET_OUT - 1):
        press()
    with pytest.raises(KeyboardInterrupt):
        press()
    press()  # and it begins anew


def test_a_cell_in_between_begins_the_count_anew(shell, press):
    for _ in range(PRESSES_TO_GET_OUT - 1):
        press()
    run(shell, lambda: None)
    press()


def test_a_press_that_interrupts_nothing_is_answered(press, capsys):
    press()
    assert capsys.readouterr().err == "Nothing runs that could be interrupted.\n"


def test_a_press_while_the_console_closes_is_answered_and_stops_nothing(press, owner, capsys):
    with owner.watch(ClosingInterrupts()):
        for _ in range(2 * PRESSES_TO_GET_OUT):
            owner.pressed()
    messages = capsys.readouterr().err.splitlines()
    assert set(messages) == {"Leaving already: devices and data are put in order first."}


def test_the_prompt_leaves_sigint_to_its_owner(interrupts):
    interrupts.listen()
    handler, at_the_prompt = signal.getsignal(signal.SIGINT), []
    with create_pipe_input() as keys:
        prompt = PromptSession(input=keys, output=DummyOutput())
        keep_sigint(prompt)
        keys.send_text("wa\r")
        assert prompt.prompt("", pre_run=lambda: at_the_prompt.append(signal.getsignal(signal.SIGINT))) == "wa"
    assert at_the_prompt == [handler]
