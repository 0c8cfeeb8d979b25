"""DemoIoc: starts the process of the demo IOC, waits for it and stops it.

It never loads EPICS base, so this process can be a client of the IOC.
"""

from __future__ import annotations

import contextlib
import math
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import IO

from beamshell.errors import IocError
from beamshell.ioc import network
from beamshell.ioc.libraries import library
from beamshell.text.numbers import port_problem

PROBE_PV = "BL:heartbeat"
_LAST_WORDS = 2000
_LOWEST_PORT = 5001
"""EPICS base serves on its usual port in place of a lower one."""


class DemoIoc:
    """A demo beamline in a process of its own, on private ports of loopback.

    It ends with this object's `stop` or `close`, with the `with` block, or with this process, however that ends. Made
    directly, it only takes its ports, and `restart` starts it for the first time.

    Args:
        seed: makes the same noise again; None is different each time.
        speed: simulated seconds in one second.
        timeout_s: what `wait_ready` allows by default.
        port: where to serve on loopback; None takes one that is free.
        log: a file for the output of the IOC; None keeps its end for error messages only.
        twin: a file of facts (JSON) to play in place of the demo beamline; see `beamshell.ioc.twin`.

    Raises:
        IocError: the seed, the speed or the port is none that an IOC can have, EPICS base is not installed, or no port
            is free.

    Example:
        >>> with DemoIoc.start(seed=1) as ioc:
        ...     os.environ.update(ioc.client_environment)
        ...     ioc.wait_ready()
    """

    def __init__(
        self,
        seed: int | None = None,
        speed: float = 1.0,
        timeout_s: float = 20.0,
        port: int | None = None,
        log: Path | None = None,
        twin: Path | None = None,
    ) -> None:
        problem = "" if port is None else port_problem(port, _LOWEST_PORT)
        if not 0 < speed < math.inf:
            problem = f"speed {speed:g}: write a number above 0, such as 1"
        elif seed is not None and seed < 0:
            problem = f"seed {seed}: write 0 or a larger number"
        if problem:
            raise IocError(problem)
        self.port = network.free_port() if port is None else port
        self._pva_port = network.free_port(self.port)
        self._http_port = network.free_port(self.port, self._pva_port)
        # Kept while the IOC is down, so that the port stays taken and the serial line open.
        self._repeater: socket.socket = network.repeater_socket(self.port, self._pva_port, self._http_port)
        self._line = SerialLine()
        self._options = ["--port", str(self.port), "--speed", str(speed), "--pva", str(self._pva_port)]
        self._options += ["--http", str(self._http_port), "--serial", str(self._line.instrument)]
        self._options += ["--repeater", str(self._repeater.fileno()), *([] if seed is None else ["--seed", str(seed)])]
        self._options += [] if twin is None else ["--twin", str(twin)]
        self._timeout_s = timeout_s
        self._log_path = log
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @classmethod
    def start(
        cls,
        seed: int | None = None,
        speed: float = 1.0,
        timeout_s: float = 20.0,
        port: int | None = None,
        log: Path | None = None,
        twin: Path | None = None,
    ) -> DemoIoc:
        """An IOC that is starting; it returns at once, `wait_ready` returns when the IOC serves."""
        ioc = cls(seed, speed, timeout_s, port, log, twin)
        try:
            ioc._spawn()
        except BaseException:
            ioc.close()
            raise
        return ioc

    def _spawn(self) -> None:
        network.ensure_free(self.port)  # otherwise the answers of another server would be taken for those of ours
        self._log = tempfile.TemporaryFile() if self._log_path is None else self._log_path.open("ab+")  # noqa: SIM115
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EPICS_")}
        # -P: a file in the user's folder must not be imported in place of a module of ours
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "beamshell.ioc.server", "--parent", str(os.getpid()), *self._options],
            env=inherited,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=(self._repeater.fileno(), self._line.instrument),
            start_new_session=True,  # Ctrl+C in the terminal is not for the IOC
        )

    @property
    def client_environment(self) -> dict[str, str]:
        """The variables for `os.environ` before the first Channel Access call of a client.

        They include the addresses of the demo beamline's other instruments, which its device file names as `${NAME}`.
        """
        return {
            **network.client_environment(self.port, self._repeater.getsockname()[1], self._pva_port),
            "PYEPICS_LIBCA": str(library("ca")),
            "BEAMSHELL_DEMO_HTTP": f"{network.LOOPBACK}:{self._http_port}",
            "BEAMSHELL_DEMO_SERIAL": self._line.path,
        }

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is stopped."""
        return self._process.pid if self._process else None

    def is_alive(self) -> bool:
        """Whether the process runs."""
        process = self._process
        return process is not None and process.poll() is None

    def wait_ready(self, timeout_s: float | None = None) -> None:
        """Return when the IOC answers searches.

        Raises:
            IocError: it ended or did not answer in time; the message has its last words.
        """
        allowed_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + allowed_s
        while True:
            if self._process is None:
                raise IocError("the demo IOC was stopped before it answered")
            if not self.is_alive():
                raise IocError(f"the demo IOC ended before it answered: {self._last_words()}")
            if network.answers(PROBE_PV, self.port):
                return
            if time.monotonic() > deadline:
                raise IocError(
                    f"the demo IOC did not answer on port {self.port} within {allowed_s:g} s: {self._last_words()}"
                )
            time.sleep(0.005)

    def _last_words(self) -> str:
        if self._log is None:
            return "it was not started"
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LAST_WORDS))
        return self._log.read().decode(errors="replace").strip() or "no output"

    def stop(self) -> None:
        """End the IOC; its ports stay taken, and `restart` brings it back. Harmless when it has ended."""
        self._end(kill=False)

    def close(self) -> None:
        """End the IOC for good, and give its ports back; harmless the second time."""
        self.stop()
        self._repeater.close()
        self._line.close()

    def kill(self) -> None:
        """End the IOC as a crash would (SIGKILL); `restart` brings it back."""
        self._end(kill=True)

    def restart(self) -> None:
        """End the IOC and start it anew on the same port; follow with `wait_ready`."""
        self._end(kill=False)
        self._spawn()

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            (process.kill if kill else process.terminate)()
            process.send_signal(signal.SIGCONT)  # one that is frozen ends only then
            try:
                process.wait(2.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def __enter__(self) -> DemoIoc:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SerialLine:
    """A pseudo-terminal: the instrument has one end, the other end is a device file."""

    def __init__(self) -> None:
        self.instrument, end = pty.openpty()
        tty.setraw(end)  # what is sent must not come back as an echo
        self.path = os.ttyname(end)
        self._open: tuple[int, ...] = (self.instrument, end)

    def close(self) -> None:
        """Close both ends; harmless when they are closed."""
        descriptors, self._open = self._open, ()
        for descriptor in descriptors:
            os.close(descriptor)
