"""Presses of Ctrl+C outside a plan: what they interrupt, without a terminal."""

import asyncio
import signal
import sys
from types import SimpleNamespace

import pytest
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys

from beamshell.engine.interrupts import InterruptOwner
from beamshell.shell.cell_interrupts import PRESSES_TO_GET_OUT, CellInterrupts, ClosingInterrupts, with_late_presses


class Shell:
    """As much of IPython's shell as is needed: it runs a function, and shows what that raised."""

    def __init__(self):
        self.in_one_line, self.as_they_are = [], []
        self.while_showing = self.between = lambda: None

    async def run_code(self, function):
        try:
            try:
                return function()
            except KeyboardInterrupt as exc:
                self.between()
                self.CustomTB(type(exc), exc, None)
        except BaseException:
            self.showtraceback()

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
def press(shell, owner):
    """One press of Ctrl+C in a console that listens."""
    CellInterrupts(shell, owner).listen()
    return owner.pressed


def run(shell, function):
    return asyncio.run(shell.run_code(function))


def test_a_cell_is_interrupted(shell, press):
    run(shell, press)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_a_press_between_cells_interrupts_nothing(shell, press):
    press()
    assert run(shell, lambda: 5) == 5
    press()
    assert (shell.in_one_line, shell.as_they_are) == ([], [])


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


@pytest.mark.parametrize(("is_running", "is_done"), [(False, False), (True, True)])
def test_a_press_that_comes_as_enter_ends_the_prompt_is_reported_and_ends_nothing(is_running, is_done, capsys):
    app = SimpleNamespace(is_running=is_running, is_done=is_done, exit=None)
    pressed = with_late_presses(KeyBindings()).get_bindings_for_keys((Keys.SIGINT,))[-1]
    pressed.handler(SimpleNamespace(app=app))
    assert "came before the line began" in capsys.readouterr().err


def test_a_press_at_the_prompt_ends_it_with_keyboard_interrupt():
    ended = []
    app = SimpleNamespace(is_running=True, is_done=False, exit=lambda exception: ended.append(exception))
    pressed = with_late_presses(KeyBindings()).get_bindings_for_keys((Keys.SIGINT,))[-1]
    pressed.handler(SimpleNamespace(app=app))
    assert isinstance(ended[0], KeyboardInterrupt)
