"""The demo beamline's instruments outside the IOC: a chiller with a web service, a gas supply on a serial line.

They know no EPICS and no client. The simulation's clock is an argument.
"""

from __future__ import annotations

import json
import math
import os
import termios
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from beamshell.ioc.network import LOOPBACK

LOWEST_C, HIGHEST_C = 5.0, 80.0
_RATE_C_PER_S = 5.0
_NUMBER = {"units": "degC", "precision": 2}

HIGHEST_SCCM = 10.0
_RATE_SCCM_PER_S = 2.0
_BASE_MBAR = 1e-6


class Ramp:
    """A value that approaches its target at a constant rate; any thread may read and set it.

    Args:
        begins: its first value.
        rate: units a second.
        clock: the time in seconds.
    """

    def __init__(self, begins: float, rate: float, clock: Callable[[], float]) -> None:
        self.target = begins
        self._from = begins
        self._rate = rate
        self._clock = clock
        self._since = clock()
        self._lock = threading.Lock()

    @property
    def value(self) -> float:
        """The value now."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        way = self._rate * (self._clock() - self._since)
        if abs(self.target - self._from) <= way:
            return self.target
        return self._from + (way if self.target > self._from else -way)

    @property
    def moving(self) -> bool:
        """Whether the target is not reached yet."""
        return self.value != self.target

    def go(self, target: float) -> None:
        """Set a new target."""
        with self._lock:
            self._from = self._now()
            self._since = self._clock()
            self.target = target


# ---- the chiller: GET /temperature, GET /setpoint, PUT /setpoint {"value": 25}


class Chiller:
    """The chiller, with the answers of its web service.

    Args:
        clock: the time of the simulation, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._bath = Ramp(20.0, _RATE_C_PER_S, clock)

    def get(self, path: str) -> dict[str, Any] | None:
        """The JSON document at a path; None if there is none."""
        if path == "/temperature":
            return {"value": round(self._bath.value, 4), **_NUMBER, "timestamp": time.time()}
        if path == "/setpoint":
            limits = {"min": LOWEST_C, "max": HIGHEST_C, "moving": self._bath.moving}
            return {"value": self._bath.target, **_NUMBER, **limits, "timestamp": time.time()}
        return None

    def put(self, path: str, body: Any) -> tuple[int, str]:
        """Status and text in answer to a PUT."""
        if path != "/setpoint":
            return 405, f"{path} cannot be written"
        value = body.get("value") if isinstance(body, dict) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return 400, 'a body such as {"value": 25} is expected'
        if not LOWEST_C <= value <= HIGHEST_C:
            return 400, f"{value:g} degC is not between {LOWEST_C:g} and {HIGHEST_C:g}"
        self._bath.go(float(value))
        return 200, "{}"


def serve_chiller(chiller: Chiller, port: int) -> None:
    """Serve on a port of loopback, for ever."""
    ThreadingHTTPServer((LOOPBACK, port), _handler(chiller)).serve_forever()


def _handler(chiller: Chiller) -> type[BaseHTTPRequestHandler]:
    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_GET(self) -> None:
            value = chiller.get(self.path)
            self._answer(200, json.dumps(value)) if value is not None else self._answer(404, "there is no such thing")

        def do_PUT(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body = json.loads(text)
            except ValueError:
                body = None
            self._answer(*chiller.put(self.path, body))

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Log nothing: the log is for errors."""

    return Service


# ---- the gas supply: lines that end in a line feed, "FLOW?" -> "1.500", "SP 2" -> "OK"


class GasSupply:
    """The gas supply, with the answers to its commands.

    Args:
        clock: the time of the simulation, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._flow = Ramp(0.0, _RATE_SCCM_PER_S, clock)

    def answer(self, line: str) -> str:
        """The answer to one line."""
        word, _, value = line.strip().partition(" ")
        if word == "SP" and value:
            return self._send(value)
        if word == "*IDN?":
            return "beamshell demo gas supply"
        flow = self._flow.value
        readings = {"SP?": self._flow.target, "FLOW?": flow}
        if word in readings:
            return f"{readings[word]:.3f}"
        return f"{_BASE_MBAR * (1 + 100 * flow):.3e}" if word == "PRES?" else f"ERR {line.strip()!r} is no command"

    def _send(self, text: str) -> str:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= HIGHEST_SCCM:
            return f"ERR {text} sccm is not between 0 and {HIGHEST_SCCM:g}"
        self._flow.go(value)
        return "OK"


def serve_gas_supply(supply: GasSupply, line: int) -> None:
    """Answer on a pseudo-terminal until it is gone.

    Args:
        supply: what answers.
        line: the file descriptor of its master side.
    """
    termios.tcflush(line, termios.TCIFLUSH)  # questions to an instrument that was off are not answered later
    rest = b""
    while more := os.read(line, 1024):
        *lines, rest = (rest + more).split(b"\n")
        for each in lines:
            os.write(line, f"{supply.answer(each.decode('latin-1'))}\n".encode("latin-1"))
