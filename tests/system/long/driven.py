"""A console without a screen that runs one cell after the other: its whole start, its commands, its engine, its IOC.

Run as a program it is that console, in a process of its own: `BeamshellApp` as `beamshell` starts it, with cells that
come through a socket in place of a prompt. `DrivenConsole` is the other end of the socket.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
"""For an answer that must come, after Ctrl+C."""
MOTION = ("VAL", "DVAL", "RVAL", "RLV", "TWF", "TWR", "JOGF", "JOGR", "HOMF", "HOMR")
"""The fields of a motor record whose write makes it move."""


class Hangs(Exception):
    """A cell does not come back, whatever is pressed."""


class Ended(Exception):
    """The console has ended."""


@dataclass
class Answer:
    """What a cell has done.

    Attributes:
        text: what it has printed.
        error: the class of the exception that ended it; "" for none.
        refused: whether that is one of ours with a message for the person, or an interruption.
        ours: whether the exception was raised in the package.
        trace: the traceback.
        state: of the engine afterwards.
        writes: for each motor, what was written to make it move, in order.
        positions: of the motors afterwards.
        last: of the last scan before the cell, for each of its motors the lowest and highest position.
        pressed: how often Ctrl+C was pressed meanwhile.
    """

    text: str
    error: str
    refused: bool
    ours: bool
    trace: str
    state: str
    writes: dict[str, list[Any]]
    positions: dict[str, float]
    last: dict[str, tuple[float, float]]
    pressed: int = 0


class DrivenConsole:
    """One console in a process of its own.

    Args:
        data: its data folder; its working folder is beside it.
        environment: its variables.
        words: more words of its command line.
    """

    def __init__(self, data: Path, environment: dict[str, str], *words: str) -> None:
        ours, theirs = socket.socketpair()
        self.output = data.parent / "output.txt"
        folder = data.parent / "here"
        folder.mkdir(exist_ok=True)
        with theirs, self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno()), *words],
                env=environment | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                cwd=folder,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._socket = ours
        self._received = b""
        self._receive(PATIENCE_S)  # it has started

    def run(self, cell: str, patience: float = 3.0) -> Answer:
        """Run a cell; one that takes longer than `patience` seconds gets Ctrl+C, until it ends.

        Raises:
            Hangs: it does not end.
            Ended: the console does.
        """
        self._socket.sendall(json.dumps(cell).encode() + b"\n")
        pressed, deadline = 0, time.monotonic() + patience + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                return Answer(**self._receive(patience), pressed=pressed)
            except TimeoutError:
                self.process.send_signal(signal.SIGINT)
                pressed, patience = pressed + 1, 1.0
        raise Hangs(f"no answer {PATIENCE_S:g} s after Ctrl+C")

    def _receive(self, timeout: float) -> Any:
        self._socket.settimeout(timeout)
        while b"\n" not in self._received:
            try:
                received = self._socket.recv(1 << 20)
            except ConnectionResetError:
                received = b""
            if not received:
                raise Ended(f"exit status {self.process.wait()}: {self.output.read_text()[-3000:]}")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    def close(self) -> int:
        """Let it leave as with `exit`; its exit status.

        Raises:
            Hangs: it does not end.
        """
        self._socket.close()
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Hangs(f"it does not leave within {PATIENCE_S:g} s") from None
        finally:
            self.process.kill()
            self.process.wait()


# ---- the console's end of the socket -----------------------------------------------------------------


class _Writes:
    """What the console writes to make something move, by the name of the device."""

    def __init__(self, session: Any) -> None:
        from beamshell.channels.base import Channel

        self.by_device: dict[str, list[Any]] = {}
        self._devices = _targets(session.registry)
        for kind in _all_subclasses(Channel):
            if "put" in vars(kind):
                self._watch(kind)

    def _watch(self, kind: Any) -> None:
        put = kind.put

        def watched(channel: Any, value: Any, *more: Any, **keywords: Any) -> Any:
            device = self._devices.get(channel.source)
            if device is not None:
                number = float(value) if isinstance(value, int | float) else str(value)
                self.by_device.setdefault(device, []).append(number)
            return put(channel, value, *more, **keywords)

        kind.put = watched


def _all_subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(_all_subclasses, kind.__subclasses__()))


def _targets(registry: Any) -> dict[str, str]:
    """For each address that makes a device move when it is written, the device's name."""
    targets: dict[str, str] = {}
    for name, device in registry.items():
        parts = [part for _, part in device.walk_signals()] if hasattr(device, "walk_signals") else [device]
        for source in (str(getattr(part, "source", "")) for part in parts):
            _, _, record_field = source.rpartition(".")
            is_setpoint = source.endswith((":SP", "BL:shutter", "setpoint#/value", "#SP"))
            if is_setpoint or record_field in MOTION:
                targets[source] = name if record_field in ("VAL", source) or is_setpoint else f"{name}.{record_field}"
    return targets


def _positions(session: Any) -> dict[str, float]:
    positions: dict[str, float] = {}
    for name in ("th", "tth", "samx", "samy"):
        with contextlib.suppress(Exception):
            positions[name] = float(session.registry[name].user_readback.get())
    return positions


def _last_scan(session: Any) -> dict[str, tuple[float, float]]:
    """The lowest and highest position of each motor of the last run that moved one."""
    for run in reversed(session.runs[-10:]):
        with contextlib.suppress(Exception):
            table = run.table()
            motors = [motor for motor in run.start.get("motors", ()) if motor in table]
            if motors:
                return {motor: (float(min(table[motor])), float(max(table[motor]))) for motor in motors}
    return {}


def _serve(app: Any) -> int:
    """Run cells until the other end of the socket is closed; in place of the prompt's loop."""
    from beamshell.errors import BeamshellError
    from beamshell.shell.cell_interrupts import CellInterrupts

    shell, session = app.shell, app.session
    CellInterrupts(shell).listen()
    writes = _Writes(session)
    line = socket.socket(fileno=int(os.environ.pop("DRIVEN_SOCKET"))).makefile("rwb", buffering=0)
    line.write(b"null\n")
    for request in line:
        writes.by_device = {}
        last = _last_scan(session)
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            result = shell.run_cell(json.loads(request), store_history=True)
        error = result.error_before_exec or result.error_in_exec
        frames = traceback.extract_tb(error.__traceback__) if error is not None else []
        answer = {
            "text": text.getvalue(),
            "error": "" if error is None else type(error).__name__,
            "refused": isinstance(error, BeamshellError | KeyboardInterrupt),
            "ours": bool(frames) and "beamshell" in Path(frames[-1].filename).parts,
            "trace": "" if error is None else "".join(traceback.format_exception(error)),
            "state": session.state,
            "writes": writes.by_device,
            "positions": _positions(session),
            "last": last,
        }
        line.write(json.dumps(answer).encode() + b"\n")
    return 0


def _main() -> int:
    from beamshell.shell.application import BeamshellApp
    from beamshell.shell.launch import main

    os.environ["DRIVEN_SOCKET"] = sys.argv[1]
    BeamshellApp.run = _serve  # type: ignore[method-assign]
    return main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(_main())
