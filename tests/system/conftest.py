"""Consoles for the tests of this folder: in pseudo-terminals, and without one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from terminal import COLUMNS, PATIENCE_S, QUICK, Terminal, environment


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of its own."""
    return tmp_path / "data"


@pytest.fixture
def open_console(data: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens consoles on terminals; they are closed at the end."""
    opened: list[Terminal] = []

    def open_one(
        *words: str,
        speed: float = 5.0,
        wait: bool = True,
        columns: int = COLUMNS,
        variables: Mapping[str, str] | None = None,
    ) -> Terminal:
        opened.append(terminal := Terminal(data, words, speed, columns, variables=variables))
        if wait:
            terminal.wait_for_prompt()
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close()


@pytest.fixture(scope="module")
def console_of_the_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One console for all tests of a file, as fast as the file's SPEED says."""
    terminal = Terminal(tmp_path_factory.mktemp("console") / "data", (), getattr(request.module, "SPEED", 5.0))
    terminal.wait_for_prompt()
    yield terminal
    terminal.close()


@pytest.fixture
def console(console_of_the_file: Terminal) -> Terminal:
    """The file's console, idle and at its prompt; what other tests did in it must not matter to a test."""
    if not console_of_the_file.at_prompt:  # a test has failed half-way
        console_of_the_file.press_ctrl_c()
        console_of_the_file.wait_for_prompt()
    if console_of_the_file.state:
        console_of_the_file.do("abort")
    return console_of_the_file


@pytest.fixture
def run_beamshell(data: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command without a terminal, as a script does; `through` are words before it, of a shell."""

    def run(
        *words: str,
        stdin: str = "",
        speed: float = 10.0,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        script: Path | None = None,
        through: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        program = ["-m", "beamshell"] if script is None else [str(script)]
        return subprocess.run(
            [*through, sys.executable, *program, *QUICK, f"--Beamshell.demo_ioc_speed={speed}", *words],
            env=environment(data) | dict(variables or {}),
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return run


@pytest.fixture
def start_beamshell(data: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command without a terminal and gives back the process; it is ended at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, speed: float = 5.0) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={speed}", *words],
            env=environment(data) | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run_ipython(data: Path, tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs lines in a plain IPython."""

    def run(lines: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "IPython", "--quick", "--simple-prompt", "--no-banner"],
            env=environment(data) | {"IPYTHONDIR": str(tmp_path / "ipython")},
            input=lines,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return run
