"""Values of web services, against a real server in a process of its own, on loopback."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("httpx")

from beamshell.devices.backends._json_pointer import beside, nested, pointed
from beamshell.devices.backends.http import credentials
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, ReadFailed, StatusTimeoutError, WriteFailed
from beamshell.ioc.network import free_port

_SERVER = """
import json, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

axis = {"value": 1.5, "units": "mm", "precision": 3, "min": -10, "max": 10, "timestamp": 1700000000.5}
values = {"/axis": axis, "/mode": {"value": "fast", "allowed_values": ["slow", "fast"]}, "/bare": 7,
          "/deep": {"motors": [{"position": 4}], "on": True}, "/row": {"value": [1, 2, 3]}, "/title": {"value": "run"},
          "/secret": {"value": 1}, "/command": None, "/none": {"value": None}, "/count": {"value": 3}}
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
print("ready", flush=True)
sys.stdin.read()
"""


class WebServer:
    """The server's process; it ends with the tests."""

    def __init__(self):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", autouse=True)
def served():
    server = WebServer()
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture
def make(served):
    made = []

    def make(cls, path, **options):
        made.append(cls(f"http://{served.host}/{path}", name=options.pop("name", "x"), **options))
        return made[-1]

    yield make
    for signal in made:
        signal.destroy()


@pytest.fixture
def connect(make):
    def connect(cls, path, **options):
        signal = make(cls, path, **options)
        signal.wait_for_connection(20)
        return signal

    return connect


def wait_until(condition, timeout=20.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def test_a_value_comes_with_the_time_that_the_service_gives(connect):
    assert connect(EpicsSignal, "axis#/value", name="axis").read()["axis"] == {"value": 1.5, "timestamp": 1700000000.5}


def test_the_description_is_what_stands_beside_the_value(connect, served):
    assert connect(EpicsSignal, "axis#/value", name="axis").describe()["axis"] == {
        "source": f"http://{served.host}/axis#/value",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": 3,
        "lower_ctrl_limit": -10.0,
        "upper_ctrl_limit": 10.0,
    }


def test_what_the_service_does_not_say_is_given_with_the_address(connect):
    bare = connect(EpicsSignal, "bare", units="deg", precision=2, limits=(0, 5))
    assert (bare.units, bare.precision, bare.limits) == ("deg", 2, (0, 5))


@pytest.mark.parametrize(
    ("path", "value", "dtype"),
    [
        ("bare", 7.0, "number"),
        ("deep#/motors/0/position", 4.0, "number"),
        ("deep#/on", True, "boolean"),
        ("title#/value", "run", "string"),
        ("mode#/value", 1, "integer"),
    ],
)
def test_a_pointer_finds_a_value_anywhere(connect, path, value, dtype):
    signal = connect(EpicsSignalRO, path)
    assert signal.get() == value
    assert signal.describe()["x"]["dtype"] == dtype


def test_a_list_is_an_array(connect):
    row = connect(EpicsSignal, "row#/value")
    row.set([4, 5, 6]).wait(10)
    assert np.array_equal(row.get(), [4.0, 5.0, 6.0])
    assert row.describe()["x"]["shape"] == [3]


def test_a_set_is_done_when_the_service_is_not_busy_any_more(connect):
    axis = connect(EpicsSignal, "axis#/value", busy="/moving")
    began = time.monotonic()
    axis.set(2.0).wait(10)
    assert time.monotonic() - began >= 0.3
    assert axis.get() == 2.0


def test_states_are_written_and_read_by_name(connect):
    mode, by_name = connect(EpicsSignal, "mode#/value"), connect(EpicsSignalRO, "mode#/value", string=True)
    mode.set("slow").wait(10)
    assert (mode.get(), by_name.get(), mode.enum_strs) == (0, "slow", ("slow", "fast"))
    mode.set(1).wait(10)
    assert by_name.get() == "fast"


def test_a_whole_number_is_sent_as_the_service_shows_it(connect):
    count = connect(EpicsSignal, "count#/value")
    count.set(5.0).wait(10)
    assert count.get() == 5
    with pytest.raises(WriteFailed, match="it answered 400 Bad Request: not an integer"):
        count.set(5.5).wait(10)


def test_a_subscriber_hears_the_value_and_its_changes(connect):
    axis, heard = connect(EpicsSignal, "axis#/value", poll_s=0.02), []
    axis.set(1.0).wait(10)
    axis.subscribe(lambda value, **_: heard.append((value, threading.current_thread().name)))
    wait_until(lambda: heard)
    axis.set(3.0).wait(10)
    wait_until(lambda: [value for value, _ in heard] == [1.0, 3.0])
    assert all(thread.startswith("beamshell-updates") for _, thread in heard)


def test_a_service_is_asked_again_and_again_only_while_somebody_subscribes(connect):
    axis, counter = connect(EpicsSignal, "axis#/value", poll_s=0.01), connect(EpicsSignalRO, "asked#/paths")
    before = counter.get()
    token = axis.subscribe(lambda **_: None)
    wait_until(lambda: counter.get() > before + 3)
    axis.unsubscribe(token)
    settled = [counter.get()]
    wait_until(lambda: settled.append(counter.get()) or settled[-30:] == [settled[-1]] * 30)


def test_connections_are_kept(connect):
    axis, counter = connect(EpicsSignal, "axis#/value"), connect(EpicsSignalRO, "asked#/connections")
    before = counter.get()
    for _ in range(20):
        axis.get()
    assert counter.get() <= before + 2


def test_a_service_that_takes_commands_only_can_be_written(connect):
    command = connect(EpicsSignal, "command#/value")
    command.set(1).wait(10)
    assert command.get() == 1


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nonesuch#/value", "it answered 404 Not Found: check the path"),
        ("axis#/vaule", r"there is no /vaule in the answer: it has value, units"),
        ("axis", "the answer is no value but"),
        ("none#/value", "/value is no value but null"),
        ("garbage", "the answer is not JSON but '<html>no</html>'"),
        ("broken", "it answered 500 Internal Server Error: the sensor is gone"),
        ("moved", "it answered 301 Moved Permanently: use the address http://elsewhere/"),
    ],
)
def test_a_wrong_answer_is_named(make, path, why):
    signal = make(EpicsSignalRO, path, connection_timeout=0.05)
    wait_until(lambda: signal._backend._problem)
    with pytest.raises(NotConnected, match=rf"x: 127\S+ has not answered since .*{why}"):
        signal.get()


def test_a_service_that_is_too_slow_is_named(make):
    signal = make(EpicsSignalRO, "slow", connection_timeout=0.05, timeout_s=0.2)
    wait_until(lambda: signal._backend._problem)
    with pytest.raises(NotConnected, match=r"did not answer within 0\.2 s"):
        signal.get()


def test_an_answer_that_turns_wrong_fails_the_read_alone(connect):
    axis = connect(EpicsSignal, "axis#/value")
    axis._backend._pointer = "/gone"
    with pytest.raises(ReadFailed, match=r"x: .*there is no /gone in the answer"):
        axis.get()
    assert axis.connected


def test_a_refusal_is_told_with_its_reason(connect):
    with pytest.raises(WriteFailed, match="it answered 409 Conflict: the interlock is open"):
        connect(EpicsSignal, "title#/value").set("bad").wait(10)


def test_values_that_do_not_fit_are_refused(connect):
    with pytest.raises(BadValue, match="it holds one number"):
        connect(EpicsSignal, "axis#/value").set("far")
    with pytest.raises(BadValue, match="choose one of slow, fast"):
        connect(EpicsSignal, "mode#/value").set("ludicrous")
    with pytest.raises(LimitError, match="x: 11 mm is above the limit 10 mm"):
        connect(EpicsSignal, "axis#/value", limits=True).set(11)


def test_a_set_that_takes_too_long_times_out(connect):
    axis = connect(EpicsSignal, "axis#/value", busy="/units")
    with pytest.raises(StatusTimeoutError, match="x: set to 1"):
        axis.set(1.0, timeout=0.2).wait(10)


def test_a_service_that_wants_a_secret_says_where_to_put_it_and_gets_it(make, served, monkeypatch):
    secret = make(EpicsSignal, "secret#/value", connection_timeout=0.05)
    variable = f"BEAMSHELL_HTTP_TOKEN_127_0_0_1_{served.port}"
    wait_until(lambda: secret._backend._problem)
    with pytest.raises(NotConnected, match=f"it answered 401 Unauthorized: set {variable}"):
        secret.get()
    monkeypatch.setenv(variable, "42")
    secret.wait_for_connection(20)
    assert secret.get() == 1


def test_secrets_go_only_to_their_host():
    environment = {"BEAMSHELL_HTTP_TOKEN_A_B_80": "t", "BEAMSHELL_HTTP_USER_C": "u", "BEAMSHELL_HTTP_PASSWORD_C": "p"}
    assert credentials(environment, "a.b:80") == {"Authorization": "Bearer t"}
    assert credentials(environment, "c") == {"Authorization": "Basic dTpw"}
    assert credentials(environment, "a.b:81") == {}


def test_an_address_with_a_password_is_refused():
    with pytest.raises(BadValue, match="must hold no password: set BEAMSHELL_HTTP_USER_CAM"):
        EpicsSignal("http://user:pass@cam/x")


def test_pointers_escape_as_the_standard_says():
    assert pointed({"a/b": {"c~d": [1, 2]}}, "/a~1b/c~0d/1") == 2
    assert nested("/a/b", 1) == {"a": {"b": 1}}
    assert beside([1], "") == {}
    with pytest.raises(LookupError):
        pointed({"a": 1}, "/a/b")


class Stage(Device):
    position = Component(EpicsSignal, "axis#/value")
    mode = Component(EpicsSignal, "mode#/value", string=True)


def test_a_device_class_works_over_it_by_its_prefix(served):
    stage = Stage(f"http://{served.host}/", name="stage")
    stage.wait_for_connection(20)
    assert stage.read()["stage_mode"]["value"] in ("slow", "fast")
    for part in (stage.position, stage.mode):
        part.destroy()


def test_a_missing_library_names_the_extra():
    script = "import sys; sys.modules['httpx'] = None; from beamshell.devices.backends import open_channel\n"
    script += "try: open_channel('https://x/y')\nexcept ImportError as exc: print(type(exc).__name__, exc)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.startswith("MissingLibrary http:// addresses need the library httpx")
    assert 'pip install "beamshell[http]"' in said.stdout


def test_a_server_that_dies_is_noticed_and_comes_back_with_its_subscribers(connect, served):
    axis, connections, heard = connect(EpicsSignal, "axis#/value", busy="/moving", poll_s=0.02), [], []
    axis.subscribe(lambda connected, **_: connections.append(connected), event_type="meta")
    axis.subscribe(lambda value, **_: heard.append(value))
    axis.set(6.0).wait(10)
    wait_until(lambda: 6.0 in heard and connections == [True])
    move = axis.set(7.0)
    served.kill()
    assert isinstance(move.exception(timeout=10), WriteFailed)
    wait_until(lambda: not axis.connected)
    axis.connection_timeout = 0.05
    with pytest.raises(NotConnected, match=r"x: 127\S+ lost its connection at .*is its server running"):
        axis.get()
    served.start()
    axis.wait_for_connection(30)
    assert axis.get() == 1.5
    wait_until(lambda: heard[-1] == 1.5)
    wait_until(lambda: connections == [True, False, True])
    served.kill()  # the last test: one that leaves a new process behind has failed
