"""From the file of a run with 100 000 events to columns: ours, beside json and pandas that read the same lines.

Usage: `python tests/benchmarks/tables.py`; processor time, measured by turns in one process.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from measure import Job, machine, median, rounds, table, verdict, with_range

from beamshell.documents import Document
from beamshell.store import Run
from beamshell.store.encoding import to_json
from beamshell.store.run_file import documents
from beamshell.store.table import table_of

EVENTS, KEYS = 100_000, 10
ROUNDS = 5
MOST_S = 0.3


def write_run(path: Path) -> None:
    """A run as the journal writes it: a third of the values are integers, the others floats of 16 digits."""
    names = [f"det{number}" for number in range(KEYS)]
    about = {name: {"source": "sim", "dtype": "number", "shape": [], "dtype_numpy": "<f8"} for name in names}
    about |= {name: {**about[name], "dtype_numpy": "<i8"} for name in names[::3]}
    with path.open("w") as file:

        def write(name: str, doc: Document) -> None:
            file.write(f"{to_json((name, doc))}\n")

        write("start", {"uid": "r" * 36, "time": 1.7e9, "scan_id": 1})
        write("descriptor", {"uid": "d" * 36, "run_start": "r" * 36, "name": "primary", "data_keys": about})
        for number in range(1, EVENTS + 1):
            moment = 1.7e9 + number * math.pi / 10
            data = {name: number * k if k % 3 == 0 else math.sin(number * k / 1000) for k, name in enumerate(names)}
            event = {"uid": f"{number:036}", "time": moment, "descriptor": "d" * 36, "seq_num": number, "data": data}
            write("event", {**event, "timestamps": dict.fromkeys(names, moment - 0.01), "filled": {}})
        write("stop", {"uid": "s" * 36, "run_start": "r" * 36, "exit_status": "success"})


def processor_time(work: Callable[[], object]) -> Job:
    """A job that does this work; its seconds of processor time."""

    def job() -> float:
        begun = time.process_time()
        work()
        return time.process_time() - begun

    return job


def json_alone(path: Path) -> None:
    """The least that a reader of the whole lines does with Python's own json."""
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def table_without_orjson(path: Path) -> None:
    """As on a computer where orjson is not installed."""
    with mock.patch.dict(sys.modules, {"orjson": None}):
        Run(path).table()


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as folder:
        path = Path(folder, "run.jsonl")
        write_run(path)
        run = Run(path)
        line_by_line = table_of(documents(path), "primary")
        assert all(np.array_equal(column, line_by_line[name]) for name, column in run.table().items())
        jobs = {
            "json of each line alone": lambda: json_alone(path),
            "pandas.read_json(lines=True)": lambda: pd.read_json(path, lines=True),
            "one document after the other": lambda: table_of(documents(path), "primary"),
            "run.table() without orjson": lambda: table_without_orjson(path),
            "run.table()": run.table,
            "run.table().to_pandas()": lambda: run.table().to_pandas(),
        }
        taken = rounds({name: processor_time(work) for name, work in jobs.items()}, ROUNDS)
    alone = median(taken["json of each line alone"])
    lines = []
    for name, seconds in taken.items():
        goal = verdict(min(seconds), at_most=MOST_S) if name == "run.table()" else ""
        lines.append([name, f"{median(seconds) / alone:.2f}", goal, with_range(seconds)])
    table(f"{EVENTS:,} events by {KEYS} keys, from the file", ["", "beside json alone", "best, s", "time"], lines)


if __name__ == "__main__":
    main()
