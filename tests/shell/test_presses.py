"""Presses of Ctrl+C outside a plan: what they interrupt, without a terminal."""

import asyncio
import sys

import pytest

from beamshell.shell.presses import PATIENCE, Presses


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
def presses(shell):
    return Presses(shell)


def run(shell, function):
    return asyncio.run(shell.run_code(function))


def test_a_cell_is_interrupted(shell, presses):
    run(shell, presses.pressed)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_a_press_between_cells_interrupts_nothing(shell, presses):
    presses.pressed()
    assert run(shell, lambda: 5) == 5
    presses.pressed()
    assert (shell.in_one_line, shell.as_they_are) == ([], [])


def test_a_press_while_an_error_is_shown_lets_it_be_shown(shell, presses):
    shell.while_showing = presses.pressed
    run(shell, presses.pressed)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_a_second_press_before_the_first_is_told_is_told_as_one(shell, presses):
    shell.between = presses.pressed
    run(shell, presses.pressed)
    assert (shell.in_one_line, shell.as_they_are) == ([KeyboardInterrupt], [])


def test_other_errors_are_shown_as_they_are_and_not_disturbed(shell, presses):
    shell.while_showing = presses.pressed
    run(shell, lambda: 1 / 0)
    assert (shell.in_one_line, shell.as_they_are) == ([], [ZeroDivisionError])


def test_whoever_presses_on_and_on_gets_out_of_whatever_holds_the_console_up(shell, presses):
    for _ in range(PATIENCE - 1):
        presses.pressed()
    with pytest.raises(KeyboardInterrupt):
        presses.pressed()
    presses.pressed()  # and it begins anew


def test_a_cell_in_between_begins_the_count_anew(shell, presses):
    for _ in range(PATIENCE - 1):
        presses.pressed()
    run(shell, lambda: None)
    presses.pressed()
