"""Write docs/reference/commands.md, every command with its usage and its forms: ``python docs/commands_page.py``.

A test fails when the page and the commands no longer agree.
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from beamshell.devices import Component, Device, SoftPositioner
from beamshell.devices.signal import Signal
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.shell.command import Command, Followed
from beamshell.shell.commands import commands
from beamshell.shell.plan_form import plan_form
from beamshell.shell.typed_line import cut_line

PAGE = Path(__file__).parent / "reference" / "commands.md"
AFTER_A_SCAN = ("cen", "peak", "com", "back", "redo", "continue", "goscan")
WITH_A_FILE = ("do", "state")
HEAD = """\
# Commands

Made from the code by `python docs/commands_page.py`. `bhelp` shows the list at the prompt, `scan?` what there is to
say about one. How to add your own: [](../how-to/extend/command.md).

In a usage, what is in brackets may be left out, and what is followed by dots may be repeated.

| you type | what it means |
|---|---|
| `mov th pi/2`, `mov th x+0.1`, `mov th 2*tth.position` | a number may be arithmetic without blanks: your variables, \
numbers of devices, and the functions of `math` |
| `mov th 1; wa` | one command after the other |
| `for i in (1, 2): mov th i` | commands work in loops and functions; there they mean the function's own variables |
| `pos = wm th` | the number is kept |
| `scan det th -1 1 21 time=0.1` | a parameter may be typed by its name, wherever it stands |
| `scan(det, th, -1, 1, 21)` | the same in Python; inside `RE(...)` and behind `yield from` it gives the plan |
| `!mv a.txt b.txt` | the system's shell; `mv` alone moves motors |
| `for i in (1, 2): continue` | in a loop this word is Python's; alone at the prompt it is the command |
| `th = 3`, `stop = 3` | after the cell the name is the device or the command again, which is said; the value is `th_` |
| `log = 3` | a command that moves, measures and stops nothing may lose its name, which is said; `%log` is the command |
| `def scan(...): ...` | a function of your own may have a command's name, which is said; `%scan` is then the command |
"""


class Mono(Device):
    """A monochromator, as far as examples need one."""

    energy = Component(SoftPositioner)


class Flyer(SynGauss):
    """A flyer of one motor, as far as examples need one."""

    kickoff = None
    motors: Any = ()


def example_console() -> Any:
    """The devices that the examples name."""
    devices: dict[str, Any] = {name: SynAxis(name=name) for name in ("th", "tth", "samx", "samy")}
    devices |= {name: SynGauss(name=name) for name in ("det", "mu", "cam")}
    devices |= {"mono": Mono(name="mono"), "th_fly": Flyer(name="th_fly")}
    devices["ring"] = Signal(name="ring", value=400.0)
    devices["th_fly"].motors = [devices["th"]]
    return SimpleNamespace(
        devices=devices,
        detectors=lambda tag="": [devices["mu" if tag == "xafs" else "det"]],
        show_at_once=nullcontext,
    )


def recorded_form(command: Command, console: Any) -> str:
    """What a run of the example records as its plan; "" where that depends on a file or on a scan before."""
    if not command.runs_a_plan or command.name in (*AFTER_A_SCAN, *WITH_A_FILE):
        return ""
    _, *words = cut_line(command.example)[0].words
    made = command.make(console, words)
    assert isinstance(made, Followed)
    form = plan_form(made.plan, console.devices)
    made.plan.close()
    return form


def entry(command: Command, console: Any) -> str:
    """One command: usage, help, example, forms."""
    lines = [f"### {command.name}", "", "```text", command.usage_line, "```", ""]
    lines += [inspect.getdoc(command.function) or "", "", f"- typed: `{command.example}`"]
    lines.append(f"- in Python: `{command.python_form}`")
    if form := recorded_form(command, console):
        lines.append(f"- as a plan: `RE({form})`")
    if command.aliases:
        lines.append(f"- the same: {', '.join(f'`{alias}`' for alias in command.aliases)}")
    lines += [f"- `{sub.example}`: {sub.summary}" for sub in command.subcommands.values()]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    console = example_console()
    parts = [HEAD]
    for heading, its_commands in commands().by_heading().items():
        ours = [one for one in its_commands if one.function.__module__.startswith("beamshell.")]
        parts += [f"## {heading}\n"] * bool(ours)
        parts += [entry(one, console) + "\n" for one in ours]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
