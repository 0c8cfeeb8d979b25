"""A console in a terminal that shows pictures: it is asked once, and scans, runs and images are pictures there."""

from __future__ import annotations

import re
import signal
import sys
import time

import pexpect
import pytest
from terminal import PATIENCE_S, QUICK, environment

ANSWERS = {
    "kitty": (b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.35.2)\x1b\\\x1b[?62;c", rb"\x1b_Ga=T[^\x1b]*\x1b\\"),
    "sixel": (b"\x1bP>|tmux 3.4\x1b\\\x1b[?1;2;4c", rb'\x1bP0;1;0q"1;1;\d+;\d+[^\x1b]*\x1b\\'),
    "none": (b"\x1b[?1;2c", "▼max".encode()),
}


_LAST_QUESTION = b"\x1b[c"


class PictureTerminal:
    """A terminal that answers the questions, and keeps what it is sent."""

    def __init__(self, data, answer):
        words = [word for word in QUICK if "plots" not in word]
        command = ["-m", "beamshell", *words, "--Beamshell.demo_ioc_speed=20", "--Beamshell.plots=inline"]
        variables = environment(data) | {"TERM": "xterm-256color"}
        self.process = pexpect.spawn(sys.executable, command, env=variables, dimensions=(40, 100), timeout=None)
        self.received = b""
        self._answer = answer
        self.times_asked = 0

    def wait_for(self, pattern, start=0):
        deadline = time.monotonic() + PATIENCE_S
        while not (match := re.compile(pattern, re.DOTALL).search(self.received, start)):
            assert time.monotonic() < deadline, self.received[start:]
            try:
                piece = self.process.read_nonblocking(65536, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            before = self.received.count(_LAST_QUESTION)
            self.received += piece
            for _ in range(self.received.count(_LAST_QUESTION) - before):
                self.times_asked += 1
                self.process.send(self._answer)
        return match


@pytest.fixture
def open_terminal(tmp_path):
    opened = []

    def open_terminal(answer):
        opened.append(PictureTerminal(tmp_path / "data", answer))
        opened[-1].wait_for("demo 1 ▸".encode())
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        if terminal.process.isalive():
            terminal.process.kill(signal.SIGKILL)
        terminal.process.close(force=True)


@pytest.mark.parametrize("kind", ANSWERS)
def test_scans_runs_and_images_are_pictures_if_the_terminal_says_so(open_terminal, kind):
    answer, picture = ANSWERS[kind]
    terminal = open_terminal(answer)
    start = len(terminal.received)
    terminal.process.send("scan det th -1 1 21 0.01\r")
    terminal.wait_for(rb"success, 21 points.*" + picture, start)
    start = len(terminal.received)
    terminal.process.send("plot\r")
    terminal.wait_for(picture, start)
    assert terminal.times_asked == 1
    shown = re.sub(rb"\x1b(?:_|P)[^\x1b]*\x1b\\", b"", terminal.received)
    assert b"Gi=31" not in shown  # no answer has come back as an echo, nor as something typed
    assert b"62;c" not in shown
    assert b"1;2;4c" not in shown
