"""Keys as a terminal sends them, and the steps of tweak."""

from __future__ import annotations

import os
import pty

import pytest

from beamshell.shell.commands.tweaking import next_step
from beamshell.shell.keys import Key, Keyboard, keys_of


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\x1b[D\x1b[C\x1b[A\x1b[B", [Key.LEFT, Key.RIGHT, Key.UP, Key.DOWN]),
        (b"\x1bOD\x1bOC", [Key.LEFT, Key.RIGHT]),
        (b"q", [Key.QUIT]),
        (b"\r\n\x04Q", [Key.QUIT] * 4),
        (b"xyz \x1b[3~\x1b[1;5C\x1b", []),
        (b"", []),
    ],
)
def test_what_a_terminal_sends_are_keys(data, keys):
    assert keys_of(data) == keys


def test_keys_come_one_by_one_and_those_before_a_move_are_forgotten():
    ours, theirs = pty.openpty()
    try:
        import tty

        tty.setcbreak(theirs)
        keyboard = Keyboard(theirs)
        os.write(ours, b"\x1b[A\x1b[C\x1b[C")
        assert [keyboard.next_key(), keyboard.next_key()] == [Key.UP, Key.RIGHT]
        keyboard.forget()
        os.write(ours, b"xq")
        assert keyboard.next_key() is Key.QUIT
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("step", [1e-6, 0.05, 0.1, 0.3, 1.0, 5.0, 20.0, 999.0])
def test_steps_go_up_and_down_in_ones_twos_and_fives(step):
    up, down = next_step(step, up=True), next_step(step, up=False)
    assert down < step < up <= 2.5001 * step
    assert f"{up:.0e}"[0] in "125"
    assert next_step(up, up=False) <= step
