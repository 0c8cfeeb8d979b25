"""What the console takes to its prompt, beside bare IPython; what a command line takes; what imports cost.

Processor time is that of the console's own process, which a busy machine disturbs little, without that of the demo IOC.
Linux alone tells it of a process that runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
from measure import machine, median, rounds, table, timed, verdict, with_range

ROUNDS = 5
QUICK = ["--Beamshell.plots=none"]
ROOMS = ("messages", "documents", "protocols", "engine", "plans", "devices", "callbacks", "store", "ioc", "shell")


def environment(home: str) -> dict[str, str]:
    """A home of its own, so that nobody's profile is measured."""
    without = ("EPICS_", "PYEPICS", "PYTHONDONTWRITEBYTECODE")  # it must not be measured how long Python compiles
    own = {name: value for name, value in os.environ.items() if not name.startswith(without)}
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


def processor_time_to_prompt(words: list[str], prompt: str, env: dict[str, str]) -> Callable[[], float]:
    """Seconds of processor time from the start to the prompt, in a pseudo-terminal."""

    def once() -> float:
        terminal = pexpect.spawn(sys.executable, words, env=env, dimensions=(40, 120), encoding="utf-8", timeout=60)
        try:
            terminal.expect(prompt)
            # utime and stime of proc(5), the 14th and the 15th; the 2nd is the name, in brackets
            fields = Path(f"/proc/{terminal.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
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
        template = ["--profile", "template"]
        consoles = {
            "ipython": (["-m", "IPython", "--no-banner"], r"In \["),
            "beamshell, profile template": (["-m", "beamshell", *QUICK, *template], "▸"),
            "beamshell, demo beamline and IOC included": (["-m", "beamshell", *QUICK], "▸"),
        }
        for title, measured in (
            ("To the prompt, in a terminal", to_prompt),
            ("Processor time to the prompt", processor_time_to_prompt),
        ):
            taken = rounds({name: measured(*console, env) for name, console in consoles.items()}, ROUNDS)
            show(title, taken, "ipython", dict(zip(consoles, (None, 1.3, 2.0), strict=True)))
        lines = {
            "python -c ''": command(["-c", ""], env),
            "ipython -c ''": command(["-m", "IPython", "-c", ""], env),
            "beamshell --profile template -c ''": command(["-m", "beamshell", *QUICK, *template, "-c", ""], env),
            "beamshell -c ''": command(["-m", "beamshell", *QUICK, "-c", ""], env),
            "beamshell -c 'wm th'": command(["-m", "beamshell", *QUICK, "-c", "wm th"], env),
            "beamshell -c 'scan det th -1 1 11'": command(
                ["-m", "beamshell", *QUICK, "--Beamshell.demo_ioc_speed=20", "-c", "scan det th -1 1 11"], env
            ),
        }
        show("A command line, start to end", rounds(lines, ROUNDS), "ipython -c ''")
        imports = {"nothing": command(["-c", ""], env)} | {
            f"beamshell.{room}": command(["-c", f"import beamshell.{room}"], env) for room in ROOMS
        }
        show("Import of a room alone, the interpreter's start included", rounds(imports, ROUNDS), "nothing")


def show(title: str, taken: dict[str, list[float]], base: str, goals: Mapping[str, float | None] | None = None) -> None:
    lines = []
    for name, times in taken.items():
        ratio = median(times) / median(taken[base])
        goal = (goals or {}).get(name)
        lines.append([name, f"{ratio:.2f}", verdict(ratio, at_most=goal), with_range(times)])
    table(title, ["", f"beside {base}", "target", "time"], lines)


if __name__ == "__main__":
    main()
