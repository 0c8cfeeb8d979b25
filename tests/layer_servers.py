"""A real server of each control system to test against: in a process of its own, or on a pseudo-terminal, on loopback.

They know nothing of pytest. Each has an axis that takes 0.3 s to get anywhere, a mode, and some bad manners.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import subprocess
import sys
import threading
import time
import tty

from beamshell.ioc.network import LOOPBACK, free_port

_PVA = """
import sys, threading, time
import numpy as np
from p4p.nt import NTEnum, NTNDArray, NTScalar, NTTable
from p4p.server import Server
from p4p.server.thread import SharedPV

position = SharedPV(
    nt=NTScalar("d", display=True, form=True, control=True),
    initial={"value": 1.5, "alarm.severity": 1, "display.units": "mm", "display.precision": 3,
             "control.limitLow": -10, "control.limitHigh": 10},
)
count = SharedPV(nt=NTScalar("h"), initial=7)
title = SharedPV(nt=NTScalar("s"), initial="run")
spectrum = SharedPV(nt=NTScalar("ad"), initial=np.arange(5.0))
mode = SharedPV(nt=NTEnum(), initial={"index": 1, "choices": ["slow", "fast"]})
image = SharedPV(nt=NTNDArray(), initial=np.arange(20, dtype="u2").reshape(4, 5))
table = SharedPV(nt=NTTable([("x", "d")]), initial=[])
refusing = SharedPV(nt=NTScalar("d"), initial=0.0)
mute = SharedPV(nt=NTScalar("d"), initial=0.0)
fixed = SharedPV(nt=NTScalar("d"), initial=3.0)

@position.put
def put(pv, op):  # takes 0.3 s for whoever waits for the end, and changes its unit at 9
    value = float(op.value())
    pv.post({"value": value, "display.units": "um"} if value == 9.0 else {"value": value}, timestamp=time.time())
    threading.Timer(0.3, op.done).start()

@mode.put
@title.put
@spectrum.put
@count.put
def put(pv, op):
    pv.post(op.value())
    op.done()

@refusing.put
def put(pv, op):
    op.done(error="the interlock is open")

@mute.put
def put(pv, op):
    muted.append(op)  # and never answers

muted = []
ten = {f"T:ten{n}": SharedPV(nt=NTScalar("d"), initial=float(n)) for n in range(10)}
names = "position count title spectrum mode image table refusing mute fixed".split()
conf = {"EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_PVAS_SERVER_PORT": sys.argv[1],
        "EPICS_PVAS_BROADCAST_PORT": sys.argv[2], "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_PVAS_BEACON_ADDR_LIST": "127.0.0.1"}
server = Server(providers=[{f"T:{name}": globals()[name] for name in names} | ten], conf=conf, useenv=False)
print("up", flush=True)
sys.stdin.read()
server.stop()
"""


_WEB = """
import json, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

axis = {"value": 1.5, "units": "mm", "precision": 3, "min": -10, "max": 10, "timestamp": 1700000000.5}
values = {"/axis": axis, "/mode": {"value": "fast", "allowed_values": ["slow", "fast"]}, "/bare": 7,
          "/deep": {"motors": [{"position": 4}], "on": True}, "/row": {"value": [1, 2, 3]}, "/title": {"value": "run"},
          "/secret": {"value": 1}, "/command": None, "/none": {"value": None}, "/count": {"value": 3}}
values["/ten"] = {f"ten{n}": n for n in range(10)}
values.update({f"/ten{n}": n for n in range(10)})
asked, connections, moving_until = [], set(), 0.0

class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        if status == 301:
            self.send_header("Location", "http://elsewhere/")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        connections.add(self.client_address)
        asked.append(self.path)
        if self.path == "/asked":
            return self.answer(200, json.dumps({"paths": len([path for path in asked if path == "/axis"]),
                                                "connections": len(connections)}))
        if self.path == "/slow":
            time.sleep(1)
        if self.path in ("/garbage", "/slow"):
            return self.answer(200, "<html>no</html>")
        if self.path == "/broken":
            return self.answer(500, "the sensor is gone")
        if self.path == "/moved":
            return self.answer(301, "")
        if self.path == "/command":
            return self.answer(405, "")
        if self.path == "/secret" and self.headers["Authorization"] != "Bearer 42":
            return self.answer(401, "")
        if self.path not in values:
            return self.answer(404, "")
        moving = {"moving": time.time() < moving_until} if self.path == "/axis" else {}
        value = values[self.path]
        self.answer(200, json.dumps({**value, **moving} if isinstance(value, dict) else value))

    def do_PUT(self):
        global moving_until
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/title" and body["value"] == "bad":
            return self.answer(409, "the interlock is open")
        if self.path == "/count" and not isinstance(body["value"], int):
            return self.answer(400, "not an integer")
        if self.path == "/axis":
            moving_until = time.time() + 0.3
        if isinstance(values.get(self.path), dict):
            values[self.path].update(body)
        else:
            values[self.path] = body
        self.answer(200, "{}")

    def log_message(self, *arguments):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("up", flush=True)
sys.stdin.read()
"""


_TANGO = """
import enum, os, sys, threading, time
import numpy as np
from tango import AttrQuality, AttrWriteType, DevState
from tango.server import Device, attribute, command, run

class Mode(enum.IntEnum):
    SLOW = 0
    FAST = 1

class Axis(Device):
    def init_device(self):
        super().init_device()
        self.set_change_event("pushed", True, False)
        self.at, self.until, self.how, self.text, self.end = 1.5, 0.0, Mode.FAST, "run", DevState.ON

    @attribute(dtype=float, access=AttrWriteType.READ_WRITE, unit="mm", min_value=-10, max_value=10, format="%8.3f")
    def position(self):
        return self.at, time.time(), AttrQuality.ATTR_WARNING if self.at > 5 else AttrQuality.ATTR_VALID

    @attribute(dtype=float, polling_period=20, abs_change="0.001")
    def polled(self):
        return self.at

    @attribute(dtype=float)
    def pushed(self):
        return self.at

    def write_position(self, value):
        if value == -7:
            raise RuntimeError("the interlock is open")
        self.at, self.until = value, time.time() + 0.3
        self.push_change_event("pushed", value)
        self.end = DevState.FAULT if value == -8 else DevState.ON

    mode = attribute(dtype=Mode, access=AttrWriteType.READ_WRITE)

    def read_mode(self):
        return self.how

    def write_mode(self, value):
        self.how = value

    title = attribute(dtype=str, access=AttrWriteType.READ_WRITE)

    def read_title(self):
        return self.text

    def write_title(self, value):
        self.text = value

    ten = [attribute(dtype=float, name=f"ten{n}", fget=lambda self, n=n: float(n)) for n in range(10)]
    locals().update({f"ten{n}": one for n, one in enumerate(ten)})

    @attribute(dtype=int)
    def count(self):
        return 7

    @attribute(dtype=((np.uint16,),), max_dim_x=5, max_dim_y=4)
    def image(self):
        return np.arange(20, dtype=np.uint16).reshape(4, 5)

    @attribute(dtype=float)
    def broken(self):
        raise ValueError("the sensor is gone")

    @attribute(dtype=float)
    def invalid(self):
        return 0.0, time.time(), AttrQuality.ATTR_INVALID

    @attribute(dtype=float)
    def slow(self):
        time.sleep(1 if self.text == "slow" else 0)
        return 1.0

    def dev_state(self):
        return DevState.MOVING if time.time() < self.until else self.end

    @command
    def Stop(self):
        self.until = 0.0

threading.Thread(target=lambda: sys.stdin.read() or os._exit(0), daemon=True).start()
where = ["-nodb", "-dlist", "test/nodb/axis", "-ORBendPoint", f"giop:tcp:127.0.0.1:{sys.argv[1]}"]
run((Axis,), args=["Axis", "1", *where], post_init_callback=lambda: print("up", flush=True))
"""


class Server:
    """A process that serves until it is killed; `start` begins it, and again after `kill`.

    Args:
        script: its program, which says "up" when it serves, and leaves when its standard input ends.
        ports: its arguments.
    """

    def __init__(self, script: str, *ports: object) -> None:
        self._command = [sys.executable, "-c", script, *map(str, ports)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while (line := self.process.stdout.readline()) != "up\n":
            assert line, "the server did not start"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def close(self) -> None:
        if self.process.returncode is None:
            self.kill()


class PvaServer(Server):
    """PVs T:position, T:mode, ... of PV Access."""

    def __init__(self, ports: tuple[str, str]) -> None:
        super().__init__(_PVA, *ports)


class WebServer(Server):
    """A web service with /axis, /mode, ..."""

    def __init__(self) -> None:
        self.port = free_port()
        self.host = f"{LOOPBACK}:{self.port}"
        super().__init__(_WEB, self.port)


class TangoServer(Server):
    """A device server without a database."""

    def __init__(self) -> None:
        self.port = free_port()
        self.prefix = f"tango://{LOOPBACK}:{self.port}#dbase=no/test/nodb/axis/"
        super().__init__(_TANGO, self.port)


class Instrument:
    """Two axes, a mode, and some bad manners; it can be unplugged and plugged in again under the same name."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.start()

    def start(self) -> None:
        """Plug it in."""
        self.values = {"POS": "1.5", "ANGLE": "30", "MODE": "ON", "NAME": "linkam"}
        self.values |= {f"TEN{n}": str(n) for n in range(10)}
        self.asked, self.mute, self.skip, self.moving_until, self.overlaps = [], False, 0, 0.0, 0
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self._slave, self._quit = slave, os.pipe()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.symlink(os.ttyname(slave), self.path)
        self._thread = threading.Thread(target=self._serve, name="beamshell-test-instrument")
        self._thread.start()

    def kill(self) -> None:
        """Pull it out."""
        os.write(self._quit[1], b"q")
        self._thread.join()
        os.unlink(self.path)
        for descriptor in (self.master, self._slave, *self._quit):
            os.close(descriptor)

    def _serve(self):
        got = b""
        while True:
            ready, _, _ = select.select([self.master, self._quit[0]], [], [])
            if self._quit[0] in ready:
                return
            got += os.read(self.master, 1024)
            self.overlaps += got.count(b"\r") > 1
            while b"\r" in got:
                line, got = got.split(b"\r", 1)
                reply = self._reply(line.decode())
                if reply is not None:
                    os.write(self.master, reply.encode() + b"\r")

    def _reply(self, line):
        self.asked.append(line)
        if self.mute:
            return None
        if self.skip:
            self.skip -= 1
            return None
        if line == "BUSY?":
            return str(int(time.monotonic() < self.moving_until))
        name, _, value = line.partition(" ")
        if name.endswith("?"):
            name = name[:-1]
            return f"{name} {self.values[name]}" if name in self.values else "ERR 7 no such thing"
        if value == "-1":
            return "ERR 3 interlock open"
        if value == "-2":
            return "WHAT"
        self.values[name] = value
        self.moving_until = time.monotonic() + (0.3 if name == "ANGLE" else 0)
        return "OK"

    def close(self) -> None:
        if os.path.lexists(self.path):
            self.kill()


class TerminalServer:
    """The instrument's line behind a TCP port, for one client at a time."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self.port = free_port()
        self.start()

    def start(self) -> None:
        self._listener = socket.create_server((LOOPBACK, self.port))
        self._line = os.open(self._instrument.path, os.O_RDWR | os.O_NOCTTY)
        self._quit = os.pipe()
        self._thread = threading.Thread(target=self._relay, name="beamshell-test-terminal-server")
        self._thread.start()

    def _relay(self) -> None:
        client = None
        while True:
            ready, _, _ = select.select(
                [self._quit[0], self._listener, self._line, *([client] if client else [])], [], []
            )
            if self._quit[0] in ready:
                break
            if self._listener in ready:
                if client is not None:
                    client.close()
                client, _ = self._listener.accept()
            elif self._line in ready:
                answer = os.read(self._line, 1024)
                if client is not None:
                    client.sendall(answer)
            elif calls := client.recv(1024):
                os.write(self._line, calls)
            else:
                client.close()
                client = None
        if client is not None:
            client.close()

    def kill(self) -> None:
        os.write(self._quit[1], b"q")
        self._thread.join()
        self._listener.close()
        for descriptor in (self._line, *self._quit):
            os.close(descriptor)

    def close(self) -> None:
        if self._thread.is_alive():
            self.kill()
