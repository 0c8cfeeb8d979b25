"""How long it takes to find runs by words, and to make the index again: ours beside sqlite alone, in one process.

Usage: `python tests/benchmarks/search.py [RUNS] [FOLDER]`; 100 000 runs by default, in a folder that is kept if it is
named, since a million take some minutes to insert.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from measure import machine, median, table

from beamshell.store import Runs
from beamshell.store.database import transaction
from beamshell.store.index_rows import summary_of
from beamshell.store.index_tables import open_tables, put_run
from beamshell.store.run_file import run_path

_FIRST = 1.7e9
_APART_S = 60.0
_MOTORS = ("samx", "samy", "th", "tth", "mono.energy", "slits.gap")
_SAMPLES = ("LaB6", "Si", "CeO2", "Au film", "NiTi wire")
_QUESTIONS = (
    "samx",
    "samx failed",
    "sample LaB6",
    "rare",
    "yesterday samx",
    '"Au film"',
    "fluor*",
    "sam*",
    "ra*",
    "12345",
    "samx nothing",
)
_FILES = 3000
_ROUNDS = 30


def start_of(number: int, chance: random.Random) -> dict:
    """The start document of a run as a console writes it."""
    motor, sample = chance.choice(_MOTORS), chance.choice(_SAMPLES)
    return {
        "uid": f"{chance.getrandbits(128):032x}",
        "time": _FIRST + _APART_S * number,
        "scan_id": number,
        "plan_name": chance.choice(("scan", "rel_scan", "grid_scan", "count", "align")),
        "plan_type": "generator",
        "motors": [motor],
        "detectors": ["det", *(["mca"] if chance.random() < 0.3 else [])],
        "num_points": 21,
        "sample": sample,
        "proposal": f"2026-{1000 + number // 5000}",
        "operator": chance.choice(("kate", "ali", "chen", "maria")),
        "beamline_id": "demo",
        "command": f"scan det {motor} {chance.uniform(-1, 0):.3f} 1 21",
        "plan_form": f"bp.scan([det], {motor}, -1, 1, num=21)",
        "plan_args": {"args": [motor, -1, 1], "num": 21},
        "hints": {"dimensions": [[[motor], "primary"]]},
        **({"comment": "a rare fluorescence line"} if chance.random() < 0.001 else {}),
        **({"technique": "fluorescence"} if chance.random() < 0.1 else {}),
    }


def stop_of(start: dict, chance: random.Random) -> dict:
    status = "fail" if chance.random() < 0.02 else "success"
    return {
        "uid": "x",
        "time": start["time"] + 20,
        "run_start": start["uid"],
        "exit_status": status,
        "reason": "",
        "num_events": {"primary": 21},
    }


def fill(folder: Path, number: int) -> None:
    """Insert rows into an index by hand, without run files."""
    chance = random.Random(1)
    db = open_tables(folder / "index.sqlite")
    begin = time.perf_counter()
    for block in range(0, number, 10_000):
        with transaction(db):
            for n in range(block, min(block + 10_000, number)):
                start = start_of(n, chance)
                summary = summary_of(f"by-hand/{n}", 5000, start, stop_of(start, chance))
                put_run(db, summary)
    db.close()
    size = (folder / "index.sqlite").stat().st_size
    print(f"{number} rows inserted in {time.perf_counter() - begin:.0f} s, {size / number:.0f} bytes a run")


def milliseconds(ask) -> float:
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begin)
    return 1000 * median(times)


def questions(folder: Path, number: int) -> None:
    now = _FIRST + _APART_S * number
    runs = Runs(folder, clock=lambda: now)
    db = sqlite3.connect(folder / "index.sqlite")
    rows = []
    for words in _QUESTIONS:
        query = runs.query(words)
        jobs = (
            partial(lambda *statement: db.execute(*statement).fetchall(), *runs.index._selection(query).rows(20)),
            partial(runs.index.find, query, 20),
            partial(runs.find, words, 20),
        )
        rows.append([words, *(f"{milliseconds(job):.2f}" for job in jobs), runs.find(words, 20).foot])
    heads = ["words", "sqlite alone", "rows", "with the foot", "foot"]
    table(f"milliseconds to find the newest 20 of {number} runs", heads, rows)
    db.close()
    runs.index.close()


def rebuild() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, chance = Path(name), random.Random(2)
        for number in range(_FILES):
            start = start_of(number, chance)
            path = run_path(folder, start)
            path.parent.mkdir(parents=True, exist_ok=True)
            event = json.dumps(["event", {"data": {"det": 1.0}, "seq_num": 1}])
            documents = [json.dumps(["start", start]), *[event] * 21, json.dumps(["stop", stop_of(start, chance)])]
            path.write_text("\n".join(documents) + "\n")
        runs = Runs(folder)
        runs.index.rebuild()
        begin = time.perf_counter()
        begin_cpu = time.process_time()
        number = runs.index.rebuild()
        rates = (
            number / (end - start) for start, end in ((begin, time.perf_counter()), (begin_cpu, time.process_time()))
        )
        print("\nmade again at {:.0f} runs a second, {:.0f} a second of this processor".format(*rates))
        runs.index.close()


def main() -> None:
    print(machine())
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2] if len(sys.argv) > 2 else temporary)
        if not (folder / "index.sqlite").exists():
            folder.mkdir(parents=True, exist_ok=True)
            fill(folder, number)
        questions(folder, number)
    rebuild()


if __name__ == "__main__":
    main()
