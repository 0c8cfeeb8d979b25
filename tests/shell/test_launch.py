"""The command `beamshell` as a function: how its end is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from beamshell.engine.interrupts import InterruptOwner
from beamshell.errors import ConfigError
from beamshell.shell.launch import close, main
from beamshell.shell.launch_options import LaunchOptions


@pytest.mark.parametrize(
    ("failure", "status", "line"),
    [(KeyboardInterrupt(), 130, "interrupted"), (ConfigError("no profile 'x'"), 1, "no profile 'x'")],
)
def test_a_start_that_fails_or_is_interrupted_is_one_line_and_an_exit_status(
    failure, status, line, monkeypatch, capsys
):
    def read(_words):
        raise failure

    monkeypatch.setattr(LaunchOptions, "read", read)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main([]) == status
    assert capsys.readouterr().err == f"beamshell: {line}\n"


def test_once_all_is_closed_a_press_cannot_kill_python_at_its_end(monkeypatch):
    monkeypatch.setattr("beamshell.engine.interrupts.OWNER", InterruptOwner())
    before = signal.getsignal(signal.SIGINT)
    try:
        close(None, SimpleNamespace(ioc=None))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_console_is_being_imported_ends_it(number, monkeypatch):
    handlers = {}
    monkeypatch.setattr("signal.signal", handlers.__setitem__)

    def read(_words):
        monkeypatch.setitem(sys.modules, "beamshell.shell.application", ModuleType("half imported"))
        handlers[number](number, None)

    monkeypatch.setattr(LaunchOptions, "read", read)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 128 + number


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("words", [["import", "--help"], ["--version"], ["follow"], ["queue", "list"]])
def test_a_reader_who_wants_no_more_ends_it_without_a_word(words, buffered, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"BEAMSHELL_DATA": str(tmp_path), "PYTHONUNBUFFERED": buffered}
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "beamshell", *words], stdout=writing, stderr=subprocess.PIPE, env=environment
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_another_connection_that_breaks_is_no_quiet_end(monkeypatch):
    def answer(_text):
        raise BrokenPipeError

    monkeypatch.setattr("beamshell.shell.launch.print_answer", answer)
    with open(os.devnull, "w") as reader:
        monkeypatch.setattr(sys, "stdout", reader)
        with pytest.raises(BrokenPipeError):
            main(["--help"])
