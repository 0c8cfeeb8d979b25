"""The lines of README and tutorial, read from the pages, typed into a real terminal: each does what the page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from beamshell.shell.commands import commands

ROOT = Path(__file__).parents[2]
PAGES = {
    "README": ROOT / "README.md",
    "tutorial": ROOT / "docs" / "tutorials" / "first-evening.md",
    "detectors": ROOT / "docs" / "how-to" / "detectors.md",
    "spectroscopy": ROOT / "docs" / "how-to" / "spectroscopy.md",
    "demo": ROOT / "docs" / "explanations" / "demo-beamline.md",
}
PROMPT = re.compile(r"demo \d+ (?:[A-Z]+ )?▸ (?P<line>.*)")
MEASURED = re.compile(r"[|+]|[ ░▒▓█]*$")
"""Rows of a table, and pictures."""
NOTE = re.compile(r"\s{2,}\S.*")
SPEED = 2.0
"""Of the demo beamline: quick enough for a test, slow enough for Ctrl+C in the middle of a scan."""


@dataclass
class Step:
    """A line of a page, and what the page shows below it.

    Attributes:
        line: what is typed.
        interrupted: whether the page says that Ctrl+C is pressed in the middle.
        output: the lines that the page shows.
    """

    line: str
    interrupted: bool = False
    output: list[str] = field(default_factory=list)


def steps_of(page: str) -> list[Step]:
    """The lines that a page tells its reader to type at the prompt, in order."""
    steps: list[Step] = []
    for block in re.findall(r"^```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        is_typed = re.match(r"\w*", block)[0] in commands()
        for line in block.splitlines():
            if prompted := PROMPT.match(line):
                steps.append(Step(prompted["line"]))
            elif is_typed:
                steps.append(Step(NOTE.sub("", line), interrupted="press Ctrl+C" in line))
            elif line == "^C":  # the terminal shows it wherever the cursor is
                steps[-1].interrupted = True
            else:
                steps[-1].output.append(line)
    return steps


def pattern(line: str) -> str:
    """A line without what is measured or counted: numbers, times, and the widths of columns."""
    return " ".join(re.sub(r"[-+]?\d[\d.:e+-]*", "#", line).split())


def test_a_page_is_read_as_it_is_meant():
    page = (
        "```text\nwa          where is all\nscan det    press Ctrl+C\n```\nand\n"
        "```text\ndemo 1 ▸ mov th 1\nth: 0 -> 1 deg\n```\n```text\n^C\nPausing\n\ndemo 2 PAUSED ▸ resume\n```\n"
    )
    assert steps_of(page) == [
        Step("wa"),
        Step("scan det", interrupted=True),
        Step("mov th 1", interrupted=True, output=["th: 0 -> 1 deg", "Pausing", ""]),
        Step("resume"),
    ]


@pytest.mark.parametrize("name", PAGES)
def test_each_line_of_a_page_does_what_the_page_shows(name, open_console):
    steps = steps_of(PAGES[name].read_text(encoding="utf-8"))
    assert len(steps) >= 3
    console = open_console(speed=SPEED)
    for step in steps:
        start = console.begin(step.line)
        if step.interrupted:
            console.wait_for_point(3, start)
            console.press_ctrl_c()
        console.wait_for_prompt(start - 1)
        output = console.text(start)
        assert "Traceback" not in output, output
        assert "Error" not in output, output
        patterns = [pattern(line) for line in output.splitlines()]
        missing = [line for line in step.output if not MEASURED.match(line) and pattern(line) not in patterns]
        assert not missing, f"{step.line} shows no {missing}:\n{output}"
        messages = [line for line in output.splitlines() if line.startswith("beamshell: ")]
        assert all(_is_meant(message, step) for message in messages), output


def _is_meant(line: str, step: Step) -> bool:
    is_announced = re.search(r"\d points, about ", line) is not None
    return is_announced or pattern(line) in map(pattern, step.output) or (step.interrupted and "Paused" in line)
