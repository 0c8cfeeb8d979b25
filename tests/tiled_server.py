"""A real Tiled server in a process of its own, on loopback, that can be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

API_KEY = "xyzzytiledkey"


class TiledServer:
    """A catalogue in a folder; what it has outlives its process.

    Args:
        folder: of its databases and its log.
        readable: folder of files that it may read.
        tables: the database of its tables, "duckdb" or "sqlite".
    """

    def __init__(self, folder: Path, readable: Path, tables: str = "duckdb") -> None:
        self.folder = folder
        self.readable = readable
        self.tables = tables
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.block = {"sink": "tiled", "url": self.url, "api_key": "env:TILED_KEY_OF_TEST", "every": 0.05}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to start; `wait` says when it serves."""
        words = ["-m", "tiled", "serve", "catalog", str(self.folder / "catalog.db"), "--init"]
        words += ["--host", "127.0.0.1", "--port", str(self.port), "-r", str(self.readable)]
        words += ["-w", str(self.folder / "files"), "-w", f"{self.tables}:///{self.folder}/tables.{self.tables}"]
        (self.folder / "files").mkdir(exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                env=os.environ | {"TILED_SINGLE_USER_API_KEY": API_KEY, "PYTHONWARNINGS": "ignore"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Wait until it serves."""
        deadline = time.monotonic() + 100
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except OSError:
                assert self.process is not None
                assert self.process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Let it hang."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
