"""Leaving while something is unfinished: who is asked, and what an answer does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beamshell.shell.leaving import agrees_to_leave, ask_before_leaving, leave_without_a_traceback, what_is_unfinished
from beamshell.shell.messages_shown import Signalled
from beamshell.shell.prompt_names import DeviceNamespace


class Unreachable:
    @property
    def moving(self):
        raise TimeoutError("no answer")


def test_a_paused_plan_and_a_moving_motor_are_unfinished_and_an_idle_console_is_not():
    devices = {"th": SimpleNamespace(moving=True), "det": object(), "tth": Unreachable()}
    assert what_is_unfinished("paused", devices) == ["a plan is paused, and is aborted", "th is moving, and goes on"]
    assert what_is_unfinished("idle", {"th": SimpleNamespace(moving=False)}) == []


@pytest.mark.parametrize(("answer", "leaves"), [("y", True), (" YES ", True), ("n", False), ("", False), ("x", False)])
def test_a_person_is_asked_once_and_stays_unless_it_is_a_yes(answer, leaves, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or answer)
    assert agrees_to_leave(["a"], is_attended=True) is leaves
    assert asked == ["beamshell: a if you leave. Leave? [y/N] "]


@pytest.mark.parametrize(("error", "leaves"), [(KeyboardInterrupt, False), (EOFError, True)])
def test_ctrl_c_at_the_question_stays_and_ctrl_d_leaves(error, leaves, monkeypatch):
    def ask(_):
        raise error

    monkeypatch.setattr("builtins.input", ask)
    assert agrees_to_leave(["a"], is_attended=True) is leaves


def test_a_script_is_not_asked_and_leaves_with_a_word(capsys, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("nobody is there"))
    assert agrees_to_leave(["a plan is paused, and is aborted"], is_attended=False)
    assert capsys.readouterr().err == "beamshell: a plan is paused, and is aborted: leaving\n"


def test_a_signal_and_an_idle_console_leave_without_a_word(capsys):
    left = []
    shell = SimpleNamespace(ask_exit=lambda: left.append(True))
    session = SimpleNamespace(status=0, state="idle", registry={}, devices=DeviceNamespace({}, {}), second_engines=None)
    undo = ask_before_leaving(shell, session)
    shell.ask_exit()
    session.status, session.state = 143, "paused"
    shell.ask_exit()
    undo()
    assert left == [True, True]
    assert capsys.readouterr().err == ""


class Shell:
    def __init__(self):
        self.shown = []

    def showtraceback(self, *, exception_only=False):
        self.shown.append(exception_only)


@pytest.mark.parametrize(("error", "shown"), [(Signalled(143), []), (SystemExit(1), [True])])
def test_a_signal_that_ends_the_console_in_the_middle_of_a_cell_shows_no_traceback(error, shown):
    shell = Shell()
    undo = leave_without_a_traceback(shell)
    try:
        raise error
    except SystemExit:
        shell.showtraceback(exception_only=True)
    assert shell.shown == shown
    undo()
    shell.showtraceback()
    assert shell.shown == [*shown, False]
