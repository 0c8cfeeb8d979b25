"""Supervisor: starts the processes of a console's followers, and starts one again that has died.

It never waits for one: a follower that hangs or dies costs the console nothing.
"""

from __future__ import annotations

import contextlib
import math
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from beamshell.follow.process import RUNS_ALREADY
from beamshell.follow.status import FOLDER, FollowerStatus, status_path

_LOOK_S = 0.5
_LONGEST_PAUSE_S = 60.0
_PAUSE_BEHIND_ANOTHER_S = 5.0  # until it is looked again whether the other console's follower has ended
_ENDING_S = 1.0
_LARGEST_LOG = 1_000_000


@dataclass
class _Child:
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    starts: int = 0


class Supervisor:
    """Keeps a process running for each follower.

    Args:
        folder: the data folder.
        command: the words that start a follower, but for its name.
        names: of the followers.
        say: called with a line that a person should see.
    """

    def __init__(self, folder: Path, command: Sequence[str], names: Sequence[str], say: Callable[[str], None]) -> None:
        self._folder = folder
        self._command = list(command)
        self._children = {name: _Child() for name in names}
        self._say = say
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="followers", daemon=True)

    def start(self) -> None:
        """Start the processes, and watch them in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Let the followers send what there is, and end; at most a second is waited for that."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        running = [child.process for child in self._children.values() if child.process is not None]
        for process in running:
            if process.stdin is not None:
                process.stdin.close()  # it ends when this ends
        deadline = time.monotonic() + _ENDING_S
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))

    def _watch(self) -> None:
        while not self._closing.is_set():
            now = time.monotonic()
            for name, child in self._children.items():
                if child.process is not None and (status := child.process.poll()) is not None:
                    self._note_end(name, child, status, now)
                if child.process is None and now >= child.start_at:
                    self._start(name, child)
            self._closing.wait(_LOOK_S)

    def _start(self, name: str, child: _Child) -> None:
        log = self._folder / FOLDER / f"{name}.log"
        child.starts += 1
        try:
            log.parent.mkdir(exist_ok=True)
            mode = "ab" if log.exists() and log.stat().st_size < _LARGEST_LOG else "wb"
            with log.open(mode) as file:
                child.process = subprocess.Popen(
                    [*self._command, name],
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=file,
                    start_new_session=True,  # Ctrl+C at the prompt is not meant for it
                )
        except OSError as exc:
            child.start_at = time.monotonic() + _LONGEST_PAUSE_S
            self._say(f"the follower {name} cannot be started: {exc.strerror or exc}")

    def _note_end(self, name: str, child: _Child, status: int, now: float) -> None:
        if child.process is not None and child.process.stdin is not None:
            child.process.stdin.close()
        child.process = None
        if status == RUNS_ALREADY:
            child.start_at = now + _PAUSE_BEHIND_ANOTHER_S
            return
        child.start_at = now + min(_LONGEST_PAUSE_S, 2.0**child.starts)
        own = FollowerStatus.load(status_path(self._folder, name))
        if own is not None and own.state == "failed":  # wrong settings mend themselves in no way
            child.start_at = math.inf
            self._say(f"the follower {name} is not there: {own.error}")
        elif child.starts == 1:
            self._say(f"the follower {name} has ended ({_how(status)}) and is started again: followers {name}")


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
