"""What an event costs in the journal, beside the writers of bluesky that write a run's documents as JSON.

All write each event before the next one. The event has a position, its setpoint and eight counts, with as
many digits as those of the demo beamline.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bluesky.callbacks.json_writer import JSONLinesWriter, JSONWriter
from measure import Job, machine, median, rounds, table, verdict, with_range

from beamshell.store import Journal

EVENTS = 2000
ROUNDS = 9
AT_MOST = 0.2
KEYS = ("th", "th_user_setpoint", *(f"scaler_s{number}" for number in range(8)))

Subscriber = Callable[[str, dict[str, Any]], Any]


def beginning() -> list[tuple[str, dict[str, Any]]]:
    """The start document and the descriptor of a run."""
    run = str(uuid.uuid4())
    keys = {key: {"source": f"ca://BL:{key}", "dtype": "number", "shape": []} for key in KEYS}
    start = {"uid": run, "time": time.time(), "scan_id": 1, "plan_name": "scan"}
    descriptor = {"uid": str(uuid.uuid4()), "time": time.time(), "run_start": run, "name": "primary", "data_keys": keys}
    return [("start", start), ("descriptor", descriptor)]


def events(descriptor: str) -> list[dict[str, Any]]:
    """The events of one run."""
    return [
        {
            "uid": str(uuid.uuid4()),
            "time": time.time(),
            "descriptor": descriptor,
            "seq_num": number,
            "data": {
                "th": round(0.0023 * number, 4),
                "th_user_setpoint": round(0.0023 * number, 4),
                **{key: float(1000 + 7 * number + place) for place, key in enumerate(KEYS[2:])},
            },
            "timestamps": dict.fromkeys(KEYS, time.time()),
            "filled": {},
        }
        for number in range(1, EVENTS + 1)
    ]


def writing(folder: Path, make: Callable[[Path], Subscriber], clock: Callable[[], float]) -> Job:
    """A job that writes the events of one run; start and descriptor are not counted."""

    def write() -> float:
        place = folder / str(uuid.uuid4())
        place.mkdir()
        subscriber, opening = make(place), beginning()
        for name, doc in opening:
            subscriber(name, doc)
        documents = events(opening[-1][1]["uid"])
        begun = clock()
        for doc in documents:
            subscriber("event", doc)
        return (clock() - begun) / EVENTS

    return write


WRITERS: dict[str, Callable[[Path], Subscriber]] = {
    "beamshell `Journal`": Journal,
    "bluesky `JSONWriter`": lambda folder: JSONWriter(str(folder)),
    "bluesky `JSONLinesWriter`": lambda folder: JSONLinesWriter(str(folder)),
}


def main() -> None:
    print(machine())
    for title, clock in (("processor time", time.process_time), ("by the clock", time.perf_counter)):
        with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as folder:
            taken = rounds({name: writing(Path(folder), make, clock) for name, make in WRITERS.items()}, ROUNDS)
        ours = median(next(iter(taken.values())))
        table(
            f"An event of {len(KEYS)} keys, {title}",
            ("writer", "an event", "ours in parts of it", "target"),
            (
                (name, with_range(seconds), *_compared(ours / median(seconds), is_ours=number == 0))
                for number, (name, seconds) in enumerate(taken.items())
            ),
        )


def _compared(ratio: float, *, is_ours: bool) -> tuple[str, str]:
    return ("", "") if is_ours else (f"{ratio:.2f}", verdict(ratio, at_most=AT_MOST))


if __name__ == "__main__":
    main()
