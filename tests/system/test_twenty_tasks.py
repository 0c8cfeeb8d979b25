"""The table of docs/reference/twenty-tasks.md: each task is typed into the console, and its keys are counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from terminal import Terminal

SPEED = 5.0
PAGE = Path(__file__).parents[2] / "docs/reference/twenty-tasks.md"
CTRL_C = "Ctrl+C"


class Column(NamedTuple):
    """What is typed for a task with one program: lines and presses in order, and the number of keys beside it."""

    typed: list[str]
    keys: str

    @property
    def counted(self) -> str:
        return str(sum(1 if line == CTRL_C else len(line) + 1 for line in self.typed)) if self.typed else ""


def rows() -> dict[str, list[Column]]:
    """By task, the columns here, SPEC and bluesky."""
    tasks = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d+ \|", line):
            _, task, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            typed = [[code or press for code, press in re.findall(r"`([^`]+)`|(Ctrl\+C)", cell)] for cell in cells[::2]]
            tasks[task] = [Column(*column) for column in zip(typed, cells[1::2], strict=True)]
    return tasks


def test_the_keys_are_counted_right_and_are_fewest_here_or_nearly_so():
    tasks = rows()
    assert len(tasks) == 20
    for task, columns in tasks.items():
        assert [column.keys for column in columns] == [column.counted for column in columns], task


SHOWN = {
    "move a motor": r"th: -?\d\.\d+ -> 0\.5000 deg",
    "move it by a distance": r"th: 0\.5000 -> 0\.6000 deg",
    "move two motors together": r"samx: .* -> 1\.000 mm",
    "see where a motor is": r"th +0\.0000",
    "see where all motors are": r"samx +1\.000(.|\n)*samy",
    "count": r"det +\d+",
    "count for 0.2 s": r"det +\d+",
    "scan a motor": r"scan 1: success, 11 points",
    "scan around where it is": r"scan 2: success, 11 points",
    "map two motors": r"scan 3: success, 9 points",
    "go to the middle of the peak": r"scan 4: success, 21 points(.|\n)*th: .* -> ",
    "pause a scan, look, and go on": r"Paused(.|\n)*th (.|\n)*scan 5: success, 21 points",
    "undo the last move": r"samx: .* -> 0\.700 mm(.|\n)*samx: 0\.700 -> 1\.000 mm",
    "put a motor where it was in an earlier scan": r"th: 1\.0000 -> -1\.0000 deg",
    "measure an earlier scan again": r"scan 6: success, 11 points",
    "finish a scan that was ended": r"scan 7: abort(.|\n)*scan 8: success",
    "ask why it stopped": r"Scan 7 .* was ended by a person after point",
    "see what was measured": r"8 .*success",
    "take a scan home": r"\.csv",
    "queue two scans for the night": r"scan 9: success, 5 points(.|\n)*scan 10: success, 5 points",
}


def typed_out(console: Terminal, lines: list[str]) -> str:
    """Type the lines of a task, and press where it says so; what the screen has shown."""
    start = begun = console.row
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line == CTRL_C:
            console.press_ctrl_c()
        else:
            begun = console.begin(line)
        if following == CTRL_C:
            console.wait_for_point(1, begun)
        else:
            console.wait_for_prompt(begun - 1)
    return console.text(start)


def test_the_twenty_tasks_are_done_by_what_the_table_says(open_console: Callable[..., Terminal]) -> None:
    """In the order of the table: a task uses what those before it have measured."""
    console = open_console(speed=SPEED)
    for task, (here, *_) in rows().items():
        assert re.search(SHOWN[task], text := typed_out(console, here.typed)), f"{task}:\n{text}"
