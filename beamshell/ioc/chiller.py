"""The demo beamline's chiller: an instrument with a web service of JSON, as many are sold today.

It knows nothing of EPICS, nor of who asks. GET /temperature, /setpoint; PUT /setpoint {"value": 25}.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from beamshell.ioc.network import LOOPBACK
from beamshell.ioc.ramp import Ramp

LOWEST_C, HIGHEST_C = 5.0, 80.0
_RATE_C_PER_S = 5.0
_NUMBER = {"units": "degC", "precision": 2}


class Chiller:
    """What the service tells and takes.

    Args:
        clock: the time of the simulation, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._bath = Ramp(20.0, _RATE_C_PER_S, clock)

    def get(self, path: str) -> dict[str, Any] | None:
        """What stands at a path; None if nothing does."""
        if path == "/temperature":
            return {"value": round(self._bath.value, 4), **_NUMBER, "timestamp": time.time()}
        if path == "/setpoint":
            limits = {"min": LOWEST_C, "max": HIGHEST_C, "moving": self._bath.moving}
            return {"value": self._bath.goal, **_NUMBER, **limits, "timestamp": time.time()}
        return None

    def put(self, path: str, body: Any) -> tuple[int, str]:
        """The status and the words in answer to a PUT."""
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
            found = chiller.get(self.path)
            self._answer(200, json.dumps(found)) if found is not None else self._answer(404, "there is no such thing")

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
            """Not a word: the log is for what is wrong."""

    return Service
