"""Which console has control, when it is free, and what becomes of a request; by the rules alone."""

from __future__ import annotations

import pytest

from beamshell.store.control_rules import (
    DEAD_AFTER_S,
    FREE,
    Answer,
    Console,
    Control,
    SignsOfLife,
    State,
    answer_to,
    has_died,
)

ME = Console("me", "anna", "ws1", "boot-1", 10, 0.0)
HERE = Console("it", "bob", "ws1", "boot-1", 20, 0.0)
BEFORE_RESTART = HERE._replace(boot="boot-0")
ELSEWHERE = HERE._replace(host="ws2", boot="boot-2")
LONG, NOW = DEAD_AFTER_S + 1, 0.0


@pytest.mark.parametrize(
    ("console", "is_locked", "silent_s", "process_exists", "is_dead"),
    [
        (HERE, True, LONG, True, False),  # stopped with SIGSTOP: it lives, and may go on
        (HERE, False, NOW, True, True),  # killed, and its number is another process's now
        (HERE, None, NOW, False, True),  # no locks on this file system: its process says it
        (HERE, None, LONG, True, False),
        (BEFORE_RESTART, False, NOW, True, True),
        (BEFORE_RESTART, None, NOW, True, True),
        (ELSEWHERE, True, LONG, False, False),  # the file system shows its lock
        (ELSEWHERE, False, NOW, False, False),  # or it does not, and its silence says it
        (ELSEWHERE, False, LONG, False, True),
        (ELSEWHERE, None, LONG, True, True),
        (ELSEWHERE._replace(boot=""), False, NOW, False, False),
    ],
)
def test_a_dead_console_is_known_at_once_on_its_computer_and_by_its_silence_elsewhere(
    console, is_locked, silent_s, process_exists, is_dead
):
    assert has_died(console, ME, SignsOfLife(is_locked, silent_s, process_exists)) is is_dead


def test_where_the_system_has_no_boot_id_the_host_says_what_is_here():
    me = ME._replace(boot="")
    assert has_died(HERE._replace(boot=""), me, SignsOfLife(None, NOW, False))
    assert not has_died(ELSEWHERE._replace(boot=""), me, SignsOfLife(False, NOW, False))


IDLE, BUSY = Control(State.IDLE, "it"), Control(State.BUSY, "it")


@pytest.mark.parametrize(
    ("control", "is_dead", "is_refused", "asked_for_s", "has_reason", "answer"),
    [
        (FREE, False, False, 0, False, Answer.TAKE),
        (BUSY, True, False, 0, False, Answer.TAKE),
        (IDLE, False, False, 5, True, Answer.WAIT),
        (BUSY, False, False, 5, True, Answer.WAIT),
        (IDLE, False, True, 5, True, Answer.REFUSED),
        (IDLE, False, True, 99, True, Answer.REFUSED),
        (IDLE, False, False, 30, True, Answer.TAKE),
        (IDLE, False, False, 30, False, Answer.NO_REASON),
        (BUSY, False, False, 30, True, Answer.BUSY),
        (BUSY, False, False, 30, False, Answer.BUSY),
    ],
)
def test_control_is_taken_from_one_who_is_free_dead_or_idle_and_silent_and_never_in_a_scan(
    control, is_dead, is_refused, asked_for_s, has_reason, answer
):
    asked = {"is_dead": is_dead, "is_refused": is_refused, "asked_for_s": asked_for_s, "has_reason": has_reason}
    assert answer_to(control, **asked, wait_s=30) is answer
