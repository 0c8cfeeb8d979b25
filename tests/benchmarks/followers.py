"""What followers cost a scan, in processor time of its process, and how late their receivers have a document.

The scan counts in memory and writes its journal; five followers read it, in processes of their own: taking all lines,
or with a receiver that hangs. The lag is that of documents over ZeroMQ, at 1000 events a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "follow"))  # for sinks_for_tests

from measure import Job, machine, median, processor_timed, rounds, table, verdict, with_range

from beamshell.devices.sim import det
from beamshell.engine import RunEngine
from beamshell.follow.status import FollowerStatus, status_path
from beamshell.follow.supervisor import Supervisor
from beamshell.plans import count
from beamshell.store import Journal

POINTS = 1000
ROUNDS = 15
FOLLOWERS = 5
RATE = 1000
SECONDS = 10

CODE = """
import json, sys
from pathlib import Path
from beamshell.follow.process import follow
folder, block, name = sys.argv[1:]
sys.exit(follow(Path(folder), name, json.loads(block), with_console=True))
"""


@contextlib.contextmanager
def followed(folder: Path, block: dict[str, object], number: int) -> Iterator[None]:
    """So many followers of a data folder, as long as the block lasts."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "follow")
    names = [f"follower{place}" for place in range(number)]
    supervisor = Supervisor(folder, [sys.executable, "-c", CODE, str(folder), json.dumps(block)], names, print)
    supervisor.start()
    while not all(FollowerStatus.load(status_path(folder, name)) for name in names):
        time.sleep(0.05)
    try:
        yield
    finally:
        supervisor.close()


def scanning(folder: Path) -> Job:
    """A job that counts, and writes the journal of a data folder."""
    engine = RunEngine()
    engine.subscribe(Journal(folder), writer=True)
    return lambda: processor_timed(lambda: engine(count([det], POINTS)), POINTS)


def cost() -> None:
    with contextlib.ExitStack() as stack:
        folders = {
            name: Path(stack.enter_context(tempfile.TemporaryDirectory())) for name in ("none", "taking", "hanging")
        }
        taking = {"sink": "sinks_for_tests:CountingSink"}
        stack.enter_context(followed(folders["taking"], taking, FOLLOWERS))
        stack.enter_context(followed(folders["hanging"], {"sink": "sinks_for_tests:HangingSink"}, FOLLOWERS))
        taken = rounds({name: scanning(folder) for name, folder in folders.items()}, ROUNDS)
    alone = median(taken["none"])
    table(
        f"An event of a scan with {FOLLOWERS} followers ({machine()})",
        ["followers", "an event", "more than without", "target"],
        [
            [name, with_range(seconds), f"{(median(seconds) - alone) * 1e6:+.2f} µs", _target(name, seconds, alone)]
            for name, seconds in taken.items()
        ],
    )


def _target(name: str, seconds: list[float], alone: float) -> str:
    return "" if name == "none" else verdict((median(seconds) - alone) * 1e6, at_most=1)


def lag() -> None:
    """How long after its time a document is with a subscriber."""
    import zmq

    context = zmq.Context()
    subscriber = context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.SUBSCRIBE, b"")
    port = subscriber.bind_to_random_port("tcp://127.0.0.1")
    lags: list[float] = []

    def listen() -> None:
        while True:
            _prefix, name, doc = subscriber.recv().split(b" ", 2)
            if name == b"event":
                lags.append(time.time() - json.loads(doc)["time"])
            if name == b"stop":
                return

    listener = threading.Thread(target=listen)
    listener.start()
    with tempfile.TemporaryDirectory() as folder:
        block = {"sink": "zmq", "address": f"tcp://127.0.0.1:{port}"}
        with followed(Path(folder), block, 1):
            journal = Journal(folder)
            now = time.time()
            journal("start", {"uid": "r", "time": now, "scan_id": 1})
            keys = {"det": {"source": "sim", "dtype": "number", "shape": []}}
            journal("descriptor", {"uid": "d", "time": now, "run_start": "r", "name": "primary", "data_keys": keys})
            for number in range(1, RATE * SECONDS + 1):
                while time.time() < now + number / RATE:
                    time.sleep(0.0002)
                event = {"uid": f"e{number}", "descriptor": "d", "seq_num": number, "time": time.time(), "filled": {}}
                journal("event", event | {"data": {"det": number}, "timestamps": {"det": time.time()}})
            journal("stop", {"uid": "s", "run_start": "r", "time": time.time(), "exit_status": "success", "reason": ""})
            journal.close()
            listener.join()
    context.destroy(0)
    ordered = sorted(lags)
    worst = ordered[int(0.99 * len(ordered))]
    table(
        f"How late a document is over ZeroMQ, at {RATE} events a second ({machine()})",
        ["documents", "median", "99 of 100 within", "target"],
        [
            [
                str(len(lags)),
                f"{statistics.median(lags) * 1e3:.0f} ms",
                f"{worst * 1e3:.0f} ms",
                verdict(worst, at_most=0.2),
            ]
        ],
    )


if __name__ == "__main__":
    cost()
    lag()
