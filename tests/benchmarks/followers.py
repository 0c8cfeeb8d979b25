"""What followers cost a scan, in processor time of its process, and how late their receivers have a document.

The scan counts in memory and writes its journal; five followers read it, in processes of their own: taking all lines,
or with a receiver that hangs. The lag is that of documents over ZeroMQ, and of rows in a real Tiled server, at 1000
events a second; Tiled also shows how fast runs that wait on disk are caught up.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "follow"))  # for sinks_for_tests
sys.path.insert(0, str(Path(__file__).parents[1]))  # for tiled_server

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
RUNS_WAITING, EVENTS_OF_RUN = 15, 1000

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


def measure(folder: Path, uid: str, events: int, rate: float = math.inf) -> None:
    """Write a run of so many events into the journal, so many a second."""
    journal = Journal(folder)
    now = time.time()
    journal("start", {"uid": uid, "time": now, "scan_id": 1})
    keys = {"det": {"source": "sim", "dtype": "number", "shape": []}}
    journal("descriptor", {"uid": f"{uid}d", "time": now, "run_start": uid, "name": "primary", "data_keys": keys})
    for number in range(1, events + 1):
        while time.time() < now + number / rate:
            time.sleep(0.0002)
        moment = time.time()
        event = {"uid": f"{uid}{number}", "descriptor": f"{uid}d", "seq_num": number, "time": moment, "filled": {}}
        journal("event", event | {"data": {"det": float(number)}, "timestamps": {"det": moment}})
    journal("stop", {"uid": f"{uid}s", "run_start": uid, "time": time.time(), "exit_status": "success", "reason": ""})
    journal.close()


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
            measure(Path(folder), "r", RATE * SECONDS, RATE)
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


def tiled() -> None:
    """How long after its time a row can be read from Tiled, and how fast runs on disk are caught up."""
    from tiled.client import from_uri
    from tiled_server import API_KEY, TiledServer

    os.environ["TILED_KEY_OF_TEST"] = API_KEY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = TiledServer(folder, folder, tables="sqlite")
        server.start()
        server.wait()
        try:
            block = {key: value for key, value in server.block.items() if key != "every"}
            lags = _lags_of_rows(folder / "live", block, from_uri(server.url, api_key=API_KEY))
            assert server.process is not None
            root = from_uri(server.url, api_key=API_KEY)
            rate, by_processor = _catch_up(folder / "waiting", block, root, server.process.pid)
        finally:
            server.kill()
    ordered = sorted(lags)
    worst = ordered[int(0.99 * len(ordered))]
    table(
        f"Rows in Tiled, at {RATE} events a second ({machine()})",
        ["", "median", "99 of 100 within", "target"],
        [["lag of a row", f"{statistics.median(lags):.2f} s", f"{worst:.2f} s", verdict(worst, at_most=1.5)]],
    )
    table(
        f"Runs of {EVENTS_OF_RUN} events that wait on disk ({machine()})",
        ["catch-up", "events a second", "target"],
        [
            ["by the clock", f"{rate:.0f}", verdict(rate, at_least=1500)],
            ["of processor time of follower and server", f"{by_processor:.0f}", ""],
        ],
    )


def _lags_of_rows(folder: Path, block: dict[str, object], root: Any) -> list[float]:
    """Of each row, the seconds from its time until a reader, which looks all the time, has it."""
    lags: list[float] = []
    folder.mkdir()
    with followed(folder, block, 1):
        measure(folder, "first", 10)  # with it come the libraries and the connection
        while "first" not in root or "stop" not in root["first"].metadata:
            time.sleep(0.2)
        writer = threading.Thread(target=measure, args=[folder, "live", RATE * SECONDS, RATE])
        writer.start()
        node = None
        while len(lags) < RATE * SECONDS:
            time.sleep(0.2)  # a reader costs the server too
            if node is None:
                with contextlib.suppress(KeyError):
                    node = root["live"]["primary"].base["internal"]
                continue
            times = node.read_partition(0, columns=["time"])["time"]
            now = time.time()
            lags += [now - moment for moment in times[len(lags) :]]
        writer.join()
    return lags


def _catch_up(folder: Path, block: dict[str, object], root: Any, server: int) -> tuple[float, float]:
    """Events a second, from the first run in Tiled to the end of the last: by the clock, and of processor time."""
    folder.mkdir()
    for number in range(RUNS_WAITING):
        measure(folder, f"waiting{number}", EVENTS_OF_RUN)
    with followed(folder, block | {"since": "beginning"}, 1):
        while "waiting0" not in root:
            time.sleep(0.01)
        follower = FollowerStatus.load(status_path(folder, "follower0"))
        assert follower is not None
        pids = [server, int(follower.process["pid"])]
        began, began_s = time.time(), sum(map(_processor_s, pids))
        last = f"waiting{RUNS_WAITING - 1}"
        while last not in root or "stop" not in root[last].metadata:
            time.sleep(0.2)
        events = RUNS_WAITING * EVENTS_OF_RUN
        return events / (time.time() - began), events / (sum(map(_processor_s, pids)) - began_s)


def _processor_s(pid: int) -> float:
    """Processor time of a process so far (Linux: fields 14 and 15 of its stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    cost()
    lag()
    tiled()
