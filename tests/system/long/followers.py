"""Followers: kills of receiver, follower and console at random moments; then each receiver has what the journal has.

By hand: ``python -m tests.system.long.followers tiled --seed 1 --count 200``, for one sink or several. A console is an
engine here, with a journal, that starts its follower as the real one does, and has no prompt: it scans without a pause.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from beamshell.follow.status import FollowerStatus, status_path
from beamshell.store import Runs
from tests.system.long.harness import Log, LongTest, Step
from tests.system.long.processes import children, is_alive
from tests.system.long.receivers import RECEIVERS, SECRETS, Pairs, Receiver, kinds_of

STEPS = 10
PATIENCE_S = 300.0
NAME = "copy"

ARRIVES = "what was measured meanwhile is caught up by itself"
ONCE = "each document, row, entry or file is there once, and nothing else"
ORDER = "the documents of a run are in its order"
SECRET = "no secret is in a file or in the arguments of a process"
LIVES = "a console and its follower are there again"

_FOLLOW = """
import json, sys
from pathlib import Path
from beamshell.follow.process import follow
folder, block, name = sys.argv[1:]
sys.exit(follow(Path(folder), name, json.loads(block), with_console=True))
"""

_CONSOLE = """
import random, sys, threading
from pathlib import Path
from beamshell.devices.sim import det
from beamshell.engine import RunEngine
from beamshell.follow.supervisor import Supervisor
from beamshell.plans import count
from beamshell.store import Journal, Runs, close_open_runs

folder, block, seed, follow = sys.argv[1:]
close_open_runs(Path(folder))
engine = RunEngine({"scan_id": Runs(folder).last_scan_id})
engine.subscribe(Journal(folder), writer=True)
followers = Supervisor(Path(folder), [sys.executable, "-c", follow, folder, block], ["copy"], print)
followers.start()
resting, chance = threading.Event(), random.Random(seed)


def listen():
    sys.stdin.readline()
    resting.set()

threading.Thread(target=listen).start()
print("scanning", flush=True)
while not resting.is_set():
    engine(count([det], chance.randint(1, 120), delay=0.002))
print("resting", flush=True)
sys.stdin.read()
followers.close()
"""


def long_test(sink: str) -> LongTest:
    """The kills around one sink."""

    def play(steps: list[Step], folder: Path, log: Log) -> None:
        receiver = RECEIVERS[sink](folder)
        try:
            _Round(receiver, folder / "data", log).play(steps)
        finally:
            receiver.close()

    return LongTest("followers", "kills", story, play)


def story(rng: random.Random) -> list[Step]:
    """What is killed, one after the other, in one data folder; each kind is among the first three."""
    kinds = ["console", "follower", "receiver"]
    first = rng.sample(kinds, len(kinds))
    return [
        {"kill": kind, "after": round(rng.uniform(0, 1), 3)}
        for kind in first + rng.choices(kinds, (4, 3, 3), k=STEPS - len(first))
    ]


class _Round:
    """Consoles on one data folder, and their follower.

    Args:
        receiver: of the follower.
        data: the data folder.
        log: what is seen.
    """

    def __init__(self, receiver: Receiver, data: Path, log: Log) -> None:
        self.receiver, self.data, self.log = receiver, data, log
        self.losses = 0
        data.mkdir()

    def play(self, steps: list[Step]) -> None:
        """Kill as the steps say; then let it catch up, and compare."""
        console = self._open_console(0)
        try:
            for self.log.step, step in enumerate(steps):
                time.sleep(step["after"])
                if step["kill"] == "receiver":
                    what = self.receiver.fail(step["after"])
                    self.losses += self.receiver.can_lose
                elif step["kill"] == "follower":
                    os.kill(self._follower(), signal.SIGKILL)
                    what = "followers killed"
                else:
                    _end(console)
                    what = "consoles killed"
                    console = self._open_console(self.log.step + 1)
                self.log.figures[what] += 1
            _ask(console, "rest", "resting")
            self._compare()
            self._look_for_secrets(console.pid)
        finally:
            _close(console)

    def _open_console(self, seed: int) -> subprocess.Popen[str]:
        block = json.dumps({**self.receiver.block, "since": "beginning"})
        console = subprocess.Popen(
            [sys.executable, "-c", _CONSOLE, str(self.data), block, str(seed), _FOLLOW],
            env=os.environ | SECRETS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert console.stdout is not None
        if console.stdout.readline() != "scanning\n":
            raise self.log.fail(LIVES, "the console does not start")
        return console

    def _follower(self) -> int:
        """The process of the follower; it is waited for."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            status = FollowerStatus.load(status_path(self.data, NAME))
            if status is not None and status.state != "ended" and is_alive(pid := int(status.process.get("pid", 0))):
                return pid
            time.sleep(0.05)
        raise self.log.fail(LIVES, "the follower does not start")

    def _compare(self) -> None:
        """Wait until the receiver has all, then compare it with the journal."""
        runs = {run.uid: list(run.documents()) for run in Runs(self.data)}
        self.log.figures["runs"] += len(runs)
        self.log.figures["events"] += sum(name == "event" for pairs in runs.values() for name, _doc in pairs)
        expected = self.receiver.expected(_as_json(runs))
        deadline = time.monotonic() + PATIENCE_S
        missing = 1
        while missing:
            is_late, is_up_to_date = time.monotonic() > deadline, self._is_up_to_date()
            if is_late or is_up_to_date:  # not before: to be asked is work for the receiver too
                received = self.receiver.has(runs)
                missing = sum((kinds_of(expected[uid]) - kinds_of(received.get(uid, []))).total() for uid in expected)
                if is_late or self.losses:
                    break
            time.sleep(0.3)
        if self.losses:
            self.log.figures["lost with a killed proxy"] += missing
        else:
            self.log.check(not missing, ARRIVES, f"{missing} do not arrive: {self._last_error()}")
        self._judge(expected, received)

    def _judge(self, expected: Any, received: Any) -> None:
        for uid in received.keys() | expected.keys():
            wanted, there = kinds_of(expected.get(uid, [])), kinds_of(received.get(uid, []))
            if self.receiver.can_double:
                self.log.figures["sent again"] += sum(max(0, there[item] - 1) for item in there)
                there = type(there)(list(there))
            self.log.check(not there - wanted, ONCE, f"run {uid[:8]}: {list((there - wanted).items())[:3]}")
            first = list(kinds_of(received.get(uid, [])))
            places = {item: place for place, item in enumerate(kinds_of(expected.get(uid, [])))}
            order = [places[item] for item in first if item in places]
            self.log.check(order == sorted(order), ORDER, f"run {uid[:8]}: {order}")

    def _is_up_to_date(self) -> bool:
        status = FollowerStatus.load(status_path(self.data, NAME))
        return status is not None and status.state == "up to date" and not status.behind_bytes

    def _last_error(self) -> str:
        status = FollowerStatus.load(status_path(self.data, NAME))
        return f"{status.state}: {status.error}" if status is not None else "no status"

    def _look_for_secrets(self, console: int) -> None:
        arguments = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (console, *children(console))]
        files = [path.read_bytes() for path in self.data.rglob("*") if path.is_file()]
        for secret in SECRETS.values():
            found = any(secret.encode() in content for content in arguments + files)
            self.log.check(not found, SECRET, secret)


def _as_json(runs: dict[str, Pairs]) -> dict[str, Pairs]:
    return {uid: [(name, json.loads(json.dumps(doc))) for name, doc in pairs] for uid, pairs in runs.items()}


def _ask(console: subprocess.Popen[str], word: str, answer: str) -> None:
    assert console.stdin is not None
    assert console.stdout is not None
    console.stdin.write(f"{word}\n")
    console.stdin.flush()
    while console.stdout.readline().strip() not in (answer, ""):
        pass


def _end(console: subprocess.Popen[str]) -> None:
    """Kill a console."""
    console.kill()
    console.communicate()


def _close(console: subprocess.Popen[str]) -> None:
    """Let a console end as it does when a person leaves, and wait for its follower."""
    followers = children(console.pid)
    try:
        console.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        _end(console)
    deadline = time.monotonic() + PATIENCE_S
    while any(is_alive(pid) for pid in followers) and time.monotonic() < deadline:
        time.sleep(0.05)


def main() -> int:
    """Play one sink after the other."""
    sinks = [word for word in sys.argv[1:] if word in RECEIVERS]
    words = [word for word in sys.argv[1:] if word not in RECEIVERS]
    status = 0
    for sink in sinks or RECEIVERS:
        print(f"\n{sink}", flush=True)
        status |= long_test(sink).main(words)
    return status


if __name__ == "__main__":
    sys.exit(main())
