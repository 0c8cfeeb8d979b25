"""PageServer: the watch page over HTTP: its own few files, a stream of what happens, and answers about past runs.

It is read only: it changes nothing, and answers no other method than GET. It knows no run.
"""

from __future__ import annotations

import gzip
import hmac
import ipaddress
import json
import logging
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from beamshell.errors import BeamshellError
from beamshell.follow.page.broadcast import Broadcast

_log = logging.getLogger(__name__)

Answer = Callable[[Mapping[str, str]], Any]
"""Answers a question: its words by name in, plain JSON out."""

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/draw.js": ("draw.js", "text/javascript; charset=utf-8"),
    "/uPlot.js": ("uPlot.js", "text/javascript; charset=utf-8"),
    "/uPlot.css": ("uPlot.css", "text/css; charset=utf-8"),
    "/uPlot.LICENSE": ("uPlot.LICENSE", "text/plain; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_HUNG_S = 15.0
"""Seconds after which a browser that takes nothing, or asks nothing, is let go."""
_ALIVE_S = 5.0
"""Seconds between two signs of life on a stream without news."""
_MOST_CONNECTIONS = 300


def compressed_assets() -> dict[str, bytes]:
    """The files of the page by their path, as they are sent."""
    folder = files("beamshell.follow.page") / "assets"
    return {path: gzip.compress((folder / name).read_bytes(), 9, mtime=0) for path, (name, _) in _FILES.items()}


class PageServer(ThreadingHTTPServer):
    """Serves the page; each connection has a thread of its own, so that one that hangs holds up nobody.

    Args:
        host: the address to listen on.
        port: likewise; 0 takes a free one.
        token: what a browser must send in the header Authorization to see data; "" if none is needed.
        names: names of this computer by which browsers may call it, beside localhost and its addresses.
        broadcast: what happens.
        answers: by path.

    Raises:
        OSError: the address cannot be listened on.
    """

    daemon_threads = False
    allow_reuse_address = True
    request_queue_size = 100

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        names: Collection[str],
        broadcast: Broadcast,
        answers: Mapping[str, Answer],
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.token, self.broadcast, self.answers = token, broadcast, answers
        self.names = {"localhost", host, *names}
        self.is_local = is_loopback(host)
        self.assets = compressed_assets()
        self._connections: set[socket.socket] = set()
        super().__init__((host, port), PageHandler)
        self._thread = threading.Thread(target=self.serve_forever, args=[0.1], name="page")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Listen, without a question to the name server, which may be away."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread, unless there are too many."""
        if len(self._connections) >= _MOST_CONNECTIONS:
            super().shutdown_request(request)
            return
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Note what went wrong on one connection, such as a browser that has left."""
        _log.debug("a connection has ended", exc_info=True)

    def is_called(self, host_header: str) -> bool:
        """Whether a browser calls this computer by a name of its own: another site's name may lead here too.

        Beyond loopback an address will do: no other site has it.
        """
        try:
            name = urlsplit(f"//{host_header}").hostname or ""
        except ValueError:
            return False
        return name in self.names or (is_loopback(name) if self.is_local else _is_address(name))

    def close(self) -> None:
        """Let all browsers go, and stop listening."""
        self.broadcast.close()
        self.shutdown()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended by itself
                continue
        self.server_close()
        self._thread.join()


class PageHandler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "beamshell", ""
    timeout = _HUNG_S
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer, if the browser may ask."""
        path = urlsplit(self.path).path
        if not self.server.is_called(self.headers.get("Host", "")):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this name is not of this computer: add it to names")
        elif path in _FILES:
            self._send(_FILES[path][1], self.server.assets[path])
        elif not self._has_token():
            self._refuse(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")
        elif path == "/live":
            self._stream()
        elif path in self.server.answers:
            self._answer(self.server.answers[path])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def refuse_method(self) -> None:
        """Refuse whatever would change something."""
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "this page is read only", {"Allow": "GET"})

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = refuse_method  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Write no line for each request."""

    def _has_token(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return not self.server.token or hmac.compare_digest(given.encode(), self.server.token.encode())

    def _answer(self, answer: Answer) -> None:
        words = dict(parse_qsl(urlsplit(self.path).query))
        try:
            value, status = answer(words), HTTPStatus.OK
        except BeamshellError as exc:
            value, status = {"error": str(exc)}, HTTPStatus.BAD_REQUEST
        except Exception as exc:  # noqa: BLE001  one answer must not take the page away
            _log.warning("%s could not be answered", self.path, exc_info=True)
            value, status = {"error": f"{type(exc).__name__}: {exc}"}, HTTPStatus.INTERNAL_SERVER_ERROR
        self._send("application/json", gzip.compress(json.dumps(value, default=str).encode(), 1), status)

    def _refuse(self, status: HTTPStatus, reason: str, headers: Mapping[str, str] | None = None) -> None:
        self.close_connection = True
        body = gzip.compress(json.dumps({"error": reason}).encode())
        self._send("application/json", body, status, {**(headers or {}), "Connection": "close"})

    def _send(
        self,
        kind: str,
        body: bytes,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        sizes = {"Content-Encoding": "gzip", "Content-Length": str(len(body))}
        self._send_head(status, {"Content-Type": kind, **sizes, **(headers or {})})
        self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Send what happens, from all that is shown now on, until the browser leaves."""
        self.close_connection = True
        self._send_head(HTTPStatus.OK, {"Content-Type": "text/event-stream", "Connection": "close"})
        broadcast = self.server.broadcast
        broadcast.watchers += 1
        try:
            message, number = broadcast.join()
            while True:
                self.wfile.write(message or b": alive\n\n")
                after = broadcast.after(number, _ALIVE_S)
                if after is None:
                    return
                message, number = after
        except OSError:  # it has left, or takes nothing
            _log.debug("a browser has left", exc_info=True)
        finally:
            broadcast.watchers -= 1


def is_loopback(host: str) -> bool:
    """Whether a host is this computer alone."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
