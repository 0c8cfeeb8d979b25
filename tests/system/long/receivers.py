"""What followers send to, each able to fail and to say what it has: real servers, and stand-ins where none can be had.

They know no console; `followers.py` kills and judges.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from logbook_servers import PASSWORD, Elog, Olog
from tiled_server import API_KEY, TiledServer
from web_server import Receiver as MessageReceiver
from web_server import WebServer

from beamshell.store import Runs
from beamshell.store.exports.exporting import export

Pairs = list[tuple[str, Any]]
SECRETS = {"PASSWORD_OF_TEST": PASSWORD, "TILED_KEY_OF_TEST": API_KEY}


class Receiver:
    """A receiver that fails now and then.

    Args:
        folder: for what it writes.

    Attributes:
        block: the settings of its follower.
        can_lose: whether what it had when it was killed is lost by its nature.
        can_double: whether it cannot be asked what it has, so that a killed follower sends some again.
    """

    block: Mapping[str, Any]
    can_lose: ClassVar[bool] = False
    can_double: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fail(self, seconds: float) -> str:
        """Fail for so long, then go on; what was done, in words."""
        raise NotImplementedError

    def has(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        """By run, what has arrived of it, in the order in which it came."""
        raise NotImplementedError

    def expected(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        """By run, what is to arrive: its documents, unless the receiver is of another kind."""
        return {uid: [[name, doc] for name, doc in pairs] for uid, pairs in runs.items()}

    def close(self) -> None:
        """End it."""


# ---- streams -------------------------------------------------------------------------------------

_SUBSCRIBER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.SUBSCRIBE, b"")
socket.connect(sys.argv[1])
with open(sys.argv[2], "ab", buffering=0) as file:
    while True:
        _prefix, name, doc = socket.recv().split(b" ", 2)
        file.write(b'["%s",%s]\\n' % (name, doc))
"""
_PROXY = "import sys; from beamshell.shell.launch import main; sys.exit(main(['zmq-proxy', *sys.argv[1:]]))"


class ZeroMQ(Receiver):
    """Our proxy, which is killed, and a subscriber behind it that writes down what comes."""

    can_lose = can_double = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._addresses = [_address(), _address()]
        self.block = {"sink": "zmq", "address": self._addresses[0]}
        self._proxy = _python(_PROXY, *self._addresses)
        self._subscriber = _python(_SUBSCRIBER, self._addresses[1], str(folder / "received"))

    def fail(self, seconds: float) -> str:
        _end(self._proxy)
        time.sleep(seconds)
        self._proxy = _python(_PROXY, *self._addresses)
        return "proxies killed"

    def has(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        path = self.folder / "received"
        pairs = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        run_of = {doc["uid"]: uid for uid, documents in runs.items() for _name, doc in documents}
        by_run: dict[str, list[Any]] = {uid: [] for uid in runs}
        for pair in pairs:
            by_run.setdefault(run_of.get(pair[1]["uid"], "unknown"), []).append(pair)
        return by_run

    def close(self) -> None:
        _end(self._proxy)
        _end(self._subscriber)


_CLUSTER = """
import time
from confluent_kafka import Producer
owner = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
(broker,) = owner.list_topics(timeout=30).brokers.values()
print(f"{broker.host}:{broker.port}", flush=True)
while True:
    time.sleep(60)
"""


class Kafka(Receiver):
    """librdkafka's own mock cluster in a process of its own; it hangs, since what it has would be gone with a kill."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._cluster = subprocess.Popen([sys.executable, "-c", _CLUSTER], stdout=subprocess.PIPE, text=True)
        assert self._cluster.stdout is not None
        self._servers = self._cluster.stdout.readline().strip()
        settings = {"ssl.key.password": "env:PASSWORD_OF_TEST"}  # the cluster asks for none: it is to be nowhere
        self.block = {"sink": "kafka", "servers": self._servers, "beamline": "long", "settings": settings}

    def fail(self, seconds: float) -> str:
        self._cluster.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._cluster.send_signal(signal.SIGCONT)
        return "clusters frozen"

    def has(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        import msgpack
        from confluent_kafka import Consumer, TopicPartition

        topic = "long.bluesky.runengine.documents"
        consumer = Consumer({"bootstrap.servers": self._servers, "group.id": "test", "enable.auto.commit": False})
        by_run: dict[str, list[Any]] = {uid: [] for uid in runs}
        try:
            for number in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
                _low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)
                consumer.assign([TopicPartition(topic, number, 0)])
                at, deadline = 0, time.monotonic() + 60
                while at < high and time.monotonic() < deadline:
                    message = consumer.poll(0.5)
                    if message is not None and not message.error():
                        at = message.offset() + 1
                        by_run.setdefault(message.key().decode(), []).append(msgpack.unpackb(message.value()))
        finally:
            consumer.close()
        return by_run

    def close(self) -> None:
        _end(self._cluster)


# ---- logbooks and messages -----------------------------------------------------------------------


class OverHttp(Receiver):
    """A stand-in on loopback that is down, or takes what comes and does not say so."""

    def __init__(self, folder: Path, server: WebServer, block: Mapping[str, Any]) -> None:
        super().__init__(folder)
        self.server = server
        self.block = {**block, "picture": False, "kinds": ["completed", "failed", "aborted"], "at_most_every": "0"}

    def fail(self, seconds: float) -> str:
        self.server.fault = "mute" if seconds > 0.5 else "down"
        time.sleep(seconds)
        kind, self.server.fault = self.server.fault, ""
        return f"times {kind}"

    def expected(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        return {uid: [pairs[0][1]["scan_id"]] for uid, pairs in runs.items() if pairs[-1][0] == "stop"}

    def has(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        uid_of = {pairs[0][1]["scan_id"]: uid for uid, pairs in runs.items()}
        by_run: dict[str, list[Any]] = {}
        for title in self.titles():
            number = int(re.match(r"scan (\d+)", title)[1])  # type: ignore[index]
            by_run.setdefault(uid_of.get(number, "unknown"), []).append(number)
        return by_run

    def titles(self) -> list[str]:
        """Of all entries or messages, in their order."""
        raise NotImplementedError

    def close(self) -> None:
        self.server.close()


class AsOlog(OverHttp):
    """A stand-in for Phoebus Olog."""

    def __init__(self, folder: Path) -> None:
        self._olog = Olog()
        super().__init__(folder, self._olog, self._olog.settings | {"password": "env:PASSWORD_OF_TEST"})

    def titles(self) -> list[str]:
        return [entry["title"] for entry in self._olog.entries]


class AsElog(OverHttp):
    """A stand-in for ELOG of PSI."""

    def __init__(self, folder: Path) -> None:
        self._elog = Elog()
        super().__init__(folder, self._elog, self._elog.settings | {"password": "env:PASSWORD_OF_TEST"})

    def titles(self) -> list[str]:
        return [entry["Subject"] for _number, entry in sorted(self._elog.entries.items())]


class Messages(OverHttp):
    """Takes messages as apprise posts them; nobody can ask it what it has."""

    can_double = True

    def __init__(self, folder: Path) -> None:
        self._messages = MessageReceiver()
        port = self._messages.server.server_port
        os.environ["ADDRESS_OF_TEST"] = f"json://kate:{PASSWORD}@127.0.0.1:{port}/beamline"
        super().__init__(folder, self._messages, {"sink": "notify", "to": ["env:ADDRESS_OF_TEST"]})

    def titles(self) -> list[str]:
        return [body["title"] for body in self._messages.bodies]


# ---- files and the catalogue ---------------------------------------------------------------------


class LiveFiles(Receiver):
    """The files of runs; a folder does not die, so only who writes them does."""

    def __init__(self, folder: Path, form: str) -> None:
        super().__init__(folder)
        self._form = form
        self.block = {"sink": form, "every": 0.1, "to": str(folder / "live")}

    def fail(self, seconds: float) -> str:
        time.sleep(seconds)
        return "times nothing failed"

    def expected(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        data = Runs(self.folder / "data")
        return {uid: [_bytes(export(data[uid], self._form, self.folder / "out" / uid))] for uid in runs}

    def has(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        live = self.folder / "live"
        paths = sorted(live.glob("[!.]*"))  # a name with a dot is a file that is being written
        return {uid: [_bytes([path for path in paths if uid[:8] in path.name])] for uid in runs}


class Tiled(Receiver):
    """A real Tiled server, killed or frozen; each row of a table, and the end of the run.

    Its tables are in SQLite: in DuckDB, tiled 0.2.20 dies when a table is read while another is written.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "tiled").mkdir()
        self._server = TiledServer(folder / "tiled", folder, tables="sqlite")
        self._server.start()
        self._server.wait()
        self.block = self._server.block

    def fail(self, seconds: float) -> str:
        if seconds > 0.5:
            self._server.freeze()
            time.sleep(seconds)
            self._server.thaw()
            return "servers frozen"
        self._server.kill()
        self._server.start()
        self._server.wait()
        return "servers killed"

    def expected(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        return {uid: _rows(pairs) for uid, pairs in runs.items()}

    def has(self, runs: Mapping[str, Pairs]) -> Mapping[str, list[Any]]:
        import dask
        from tiled.client import from_uri

        root = from_uri(self._server.url, api_key=API_KEY)
        by_run: dict[str, list[Any]] = {uid: [] for uid in root}
        with dask.config.set(scheduler="synchronous"):  # no threads that stay
            for uid in runs.keys() & by_run.keys():
                run = root[uid]
                if "primary" in run and "internal" in run["primary"].base:
                    table = run["primary"].base["internal"].read_partition(0)
                    by_run[uid] = [dict(row) for row in table.to_dict("records")]
                by_run[uid] += [run.metadata["start"], run.metadata.get("stop")]
        root.context.close()
        return by_run

    def close(self) -> None:
        self._server.kill()


def _rows(pairs: Pairs) -> list[Any]:
    """The rows of a run as its table has them, its start and its stop."""
    events = [doc for name, doc in pairs if name == "event"]
    rows: list[Any] = []
    for event in events:
        times = {f"ts_{key}": moment for key, moment in event["timestamps"].items()}
        rows.append({"seq_num": event["seq_num"], "time": event["time"], **event["data"], **times})
    return [*rows, pairs[0][1], next((doc for name, doc in pairs if name == "stop"), None)]


RECEIVERS: dict[str, Callable[[Path], Receiver]] = {
    "zmq": ZeroMQ,
    "kafka": Kafka,
    "olog": AsOlog,
    "elog": AsElog,
    "notify": Messages,
    "csv": lambda folder: LiveFiles(folder, "csv"),
    "spec": lambda folder: LiveFiles(folder, "spec"),
    "nexus": lambda folder: LiveFiles(folder, "nexus"),
    "tiled": Tiled,
}


def kinds_of(items: list[Any]) -> Counter[str]:
    """How often each item is there, by its JSON."""
    return Counter(json.dumps(item, sort_keys=True, default=repr) for item in items)


def _bytes(paths: list[Path]) -> list[str]:
    return [path.read_bytes().hex() for path in sorted(paths)]


def _python(code: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *words], stdin=subprocess.DEVNULL)


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"
