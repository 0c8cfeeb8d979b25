"""Sinks that the processes of the tests use, named as "sinks_for_tests:FileSink" in a block."""

from __future__ import annotations

import os
import time
from pathlib import Path
from unittest import mock

from beamshell.errors import SinkDown
from beamshell.follow.lines import AMENDMENT, CONSOLE
from beamshell.follow.sink import Sink
from beamshell.follow.status import FollowerStatus


class FileSink(Sink):
    """Appends the key of each line to a file; leaves out those that it has. It is down while `PATH.down` is there."""

    also = (AMENDMENT, CONSOLE)

    def __init__(self, path: str, secret: str = "", exactly_once: bool = True) -> None:
        self.path = Path(path)
        self.secret = secret
        text = self.path.read_text() if self.path.exists() and exactly_once else ""
        self.present = set(text[: text.rfind("\n") + 1].split())
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if text and not text.endswith("\n"):
            os.truncate(self.path, text.rfind("\n") + 1)

    def send(self, lines):
        if self.path.with_suffix(".down").exists():
            raise SinkDown(f"{self.path} is closed")
        for line in lines:
            if line.key not in self.present:
                os.write(self.file, f"{line.key}\n".encode())
                self.present.add(line.key)

    def check(self):
        return f"a line is in {self.path}"

    def close(self):
        os.close(self.file)


class CountingSink(Sink):
    """Takes all, and does nothing with it."""

    def send(self, lines):
        pass


class HangingSink(Sink):
    """Takes nothing, and never returns."""

    def __init__(self, path: str = "") -> None:
        pass

    def send(self, lines):
        while True:
            time.sleep(3600)


class DyingSink(Sink):
    """Ends its process at the first line."""

    def send(self, lines):
        os._exit(3)


class BrokenSink(Sink):
    """Has a fault that its author does not know of."""

    def send(self, lines):
        raise LookupError("no such lamp")


class BrokenSinkOnSlowDisk(BrokenSink):
    """Its status takes long to be written; a file says when that begins and ends."""

    def __init__(self, path: str) -> None:
        save = FollowerStatus.save

        def save_slowly(status, to):
            with Path(path).open("a") as file:
                print("begin", file=file, flush=True)
                save(status, to)
                time.sleep(0.3)
                print("end", file=file, flush=True)

        mock.patch.object(FollowerStatus, "save", save_slowly).start()
