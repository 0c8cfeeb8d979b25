"""Web servers on loopback: one to derive from, and one that takes messages."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest


class WebServer:
    """A server on loopback; `answer` gives status, headers and body of a request.

    Attributes:
        fault: "" or what goes wrong: "down" takes nothing, "mute" takes it and does not say so.
    """

    def __init__(self):
        self.fault = ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fault = server.fault
                if fault == "down":
                    status, headers, answer = 503, {}, b""
                else:
                    status, headers, answer = server.answer(self.command, urlsplit(self.path), self.headers, body)
                if fault == "mute" and self.command in ("PUT", "POST"):
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = handle_any

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Receiver(WebServer):
    """Takes messages as apprise posts them to `json://127.0.0.1:port/`."""

    def __init__(self):
        super().__init__()
        self.bodies = []

    def answer(self, method, url, headers, body):
        assert method == "POST"
        self.bodies.append(json.loads(body))
        return 200, {}, b""

    @property
    def messages(self):
        """What people read: title and text."""
        return [body["title"] + "\n" + body["message"] for body in self.bodies]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()
