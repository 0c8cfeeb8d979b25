"""How long the console takes to its prompt, beside bare IPython; how long a command line takes; what imports cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

import pexpect
from measure import machine, median, rounds, table, timed, with_range

ROUNDS = 5
QUICK = ["--Beamshell.plots=none"]
ROOMS = ("messages", "documents", "protocols", "engine", "plans", "devices", "callbacks", "store", "ioc", "shell")


def environment(home: str) -> dict[str, str]:
    """A home of its own, so that nobody's profile is measured."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS_", "PYEPICS"))}
    places = {"HOME": home, "IPYTHONDIR": f"{home}/ipython", "BEAMSHELL_DATA": f"{home}/data"}
    return own | places | {"MPLBACKEND": "agg", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}


def to_prompt(words: list[str], prompt: str, env: dict[str, str]) -> Callable[[], float]:
    """Seconds from the start to the prompt, in a pseudo-terminal."""

    def once() -> float:
        terminal = pexpect.spawn(sys.executable, words, env=env, dimensions=(40, 120), encoding="utf-8", timeout=60)
        try:
            return timed(lambda: terminal.expect(prompt))
        finally:
            terminal.sendeof()
            terminal.close(force=True)

    return once


def command(words: list[str], env: dict[str, str]) -> Callable[[], float]:
    """Seconds that the whole process takes."""
    return lambda: timed(
        lambda: subprocess.run([sys.executable, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True)
    )


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as home:
        env = environment(home)
        prompts = {
            "ipython": to_prompt(["-m", "IPython", "--no-banner"], r"In \[", env),
            "beamshell, demo beamline and IOC included": to_prompt(["-m", "beamshell", *QUICK], "▸", env),
        }
        show("To the prompt, in a terminal", rounds(prompts, ROUNDS), "ipython")
        lines = {
            "python -c ''": command(["-c", ""], env),
            "ipython -c ''": command(["-m", "IPython", "-c", ""], env),
            "beamshell -c ''": command(["-m", "beamshell", *QUICK, "-c", ""], env),
            "beamshell -c 'scan det th -1 1 11'": command(
                ["-m", "beamshell", *QUICK, "--Beamshell.demo_ioc_speed=20", "-c", "scan det th -1 1 11"], env
            ),
        }
        show("A command line, start to end", rounds(lines, ROUNDS), "ipython -c ''")
        imports = {"nothing": command(["-c", ""], env)} | {
            f"beamshell.{room}": command(["-c", f"import beamshell.{room}"], env) for room in ROOMS
        }
        show("Import of a room alone, the interpreter's start included", rounds(imports, ROUNDS), "nothing")


def show(title: str, taken: dict[str, list[float]], base: str) -> None:
    lines = [[name, f"{median(times) / median(taken[base]):.2f}", with_range(times)] for name, times in taken.items()]
    table(title, ["", f"beside {base}", "time"], lines)


if __name__ == "__main__":
    main()
