"""What a console has left behind: the points in a table on its screen, the documents of its runs on disk."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

Run = list[tuple[str, dict[str, Any]]]


def point_numbers(text: str) -> list[int]:
    """The numbers of the points in the tables of a text, row after row; not the highest point, which stands below."""
    text = re.sub(r"^-- max of .*\n.*$", "", text, flags=re.MULTILINE)
    rows = (re.match(r"\W*(\d+)\W+.*\d\d:\d\d:\d\d", line) for line in text.splitlines())
    return [int(row[1]) for row in rows if row]


def recorded_runs(data: Path) -> list[Run]:
    """The documents of each run below a data folder, in the order in which the runs were opened."""
    texts = [path.read_text() for path in data.rglob("runs/**/*.jsonl")]
    runs = [[tuple(json.loads(line)) for line in text.splitlines()] for text in texts if text]
    return sorted(runs, key=lambda run: run[0][1]["time"])
