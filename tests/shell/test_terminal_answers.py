"""The terminal is asked which pictures it shows; its answer and what is typed meanwhile are told apart."""

from __future__ import annotations

import os
import sys
import termios
import threading

import pytest

from beamshell.shell import terminal_answers
from beamshell.shell.terminal_answers import ask, may_be_asked, pictures_of, type_again, typed_in

KITTY = b"\x1b_Gi=31;OK\x1b\\"
NO_KITTY = b"\x1b_Gi=31;EINVAL:no\x1b\\"
ITERM = b"\x1bP>|iTerm2 3.5.4\x1b\\"
XTERM = b"\x1bP>|XTerm(390)\x1b\\"
WITH_SIXELS, PLAIN = b"\x1b[?64;1;2;4;22c", b"\x1b[?1;2c"
TERMINALS = {
    "kitty": (KITTY + b"\x1bP>|kitty(0.35.2)\x1b\\" + b"\x1b[?62;c", "kitty"),
    "iTerm2": (ITERM + WITH_SIXELS, "iterm"),
    "xterm -ti vt340": (XTERM + WITH_SIXELS, "sixel"),
    "tmux with sixels": (b"\x1bP>|tmux 3.4\x1b\\" + b"\x1b[?1;2;4c", "sixel"),
    "tmux": (b"\x1bP>|tmux 3.3a\x1b\\" + PLAIN, None),
    "one that refuses": (NO_KITTY + PLAIN, None),
    "VT100": (b"\x1b[?4c", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize(("answer", "protocol"), TERMINALS.values(), ids=TERMINALS)
def test_an_answer_says_which_pictures_there_are(answer, protocol):
    assert pictures_of(answer) == protocol


def test_what_is_typed_among_the_answers_is_kept():
    assert typed_in(b"sc" + KITTY + b"an" + XTERM + PLAIN + b" det\n") == b"scan det\n"


@pytest.mark.parametrize(
    ("environ", "may"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux"}, True),
        ({"TERM": "screen", "TMUX": "/tmp/tmux"}, True),
        ({"TERM": "screen-256color", "STY": "1.pts"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "linux"}, False),
        ({}, False),
    ],
)
def test_a_terminal_that_might_show_the_questions_is_not_asked(environ, may):
    assert may_be_asked(environ) is may


class FakeTerminal:
    """A terminal that answers, its other side being the standard input and output."""

    def __init__(self, answer, typed_before=b""):
        self.ours, self.theirs = os.openpty()
        self.asked = b""
        self._answer = answer
        if typed_before:
            os.write(self.ours, typed_before)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while b"\x1b[c" not in self.asked:
            self.asked += os.read(self.ours, 1024)
        os.write(self.ours, self._answer)

    def shown(self):
        """What it was sent beside the questions: an echo of the answers would stand there."""
        os.write(self.theirs, b"\x1b]end\x07")
        received = self.asked
        while not received.endswith(b"\x1b]end\x07"):
            received += os.read(self.ours, 1024)
        return received.removesuffix(b"\x1b]end\x07").replace(terminal_answers._QUESTIONS, b"")

    def close(self):
        os.close(self.ours)


@pytest.fixture
def terminal(monkeypatch):
    """Make a fake terminal the standard input and output."""
    opened = []

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def terminal(answer, typed_before=b""):
        fake = FakeTerminal(answer, typed_before)
        streams = [open(os.dup(fake.theirs), mode) for mode in "rw"]  # noqa: SIM115
        for name, stream in zip(("stdin", "stdout"), streams, strict=True):
            monkeypatch.setattr(sys, name, stream)
        opened.extend([fake, *streams])
        return fake

    yield terminal
    monkeypatch.undo()
    for one in reversed(opened):
        one.close()


XTERM_ENVIRONMENT = {"TERM": "xterm-256color"}


@pytest.mark.parametrize("name", ["kitty", "iTerm2", "xterm -ti vt340", "tmux"])
def test_a_terminal_is_asked_and_nothing_of_its_answer_is_seen(terminal, name):
    answer, protocol = TERMINALS[name]
    fake, typed = terminal(answer), []
    before = termios.tcgetattr(fake.theirs)
    assert ask(XTERM_ENVIRONMENT, typed.append) == protocol
    assert typed == []
    assert fake.shown() == b""
    assert termios.tcgetattr(fake.theirs) == before


def test_what_was_typed_before_is_handed_on(terminal):
    typed = []
    terminal(b"more" + KITTY + PLAIN, typed_before=b"scan det\n")
    assert ask(XTERM_ENVIRONMENT, typed.append) == "kitty"
    assert b"".join(typed) == b"scan det\nmore"


def test_a_terminal_that_never_answers_shows_none(terminal, monkeypatch):
    monkeypatch.setattr(terminal_answers, "_PATIENCE_S", 0.05)
    terminal(b"")
    assert ask(XTERM_ENVIRONMENT, lambda typed: None) is None


def test_where_no_escape_codes_are_wanted_nobody_is_asked(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    fake = terminal(TERMINALS["kitty"][0])
    assert ask(XTERM_ENVIRONMENT, lambda typed: None) is None
    os.write(fake.theirs, b"\x1b[c")  # all that it has received then
    fake.thread.join(10)
    assert fake.asked == b"\x1b[c"


def test_in_a_pipe_nobody_is_asked(monkeypatch):
    ours, theirs = os.pipe()
    with open(ours) as source, open(theirs, "w") as target:
        monkeypatch.setattr(sys, "stdin", source)
        monkeypatch.setattr(sys, "stdout", target)
        assert ask(XTERM_ENVIRONMENT, lambda typed: None) is None


def test_what_was_typed_meanwhile_comes_at_the_next_prompt():
    from types import SimpleNamespace

    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    with create_pipe_input() as source:
        session = PromptSession(input=source, output=DummyOutput())
        type_again(SimpleNamespace(pt_app=session), b"mov th 1\n")
        assert session.prompt("") == "mov th 1"


def test_a_shell_without_a_prompt_takes_nothing():
    type_again(object(), b"mov th 1\n")
