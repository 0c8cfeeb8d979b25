"""Values of web services, against a real server in a process of its own, on loopback."""

import time

import numpy as np
import pytest
from layer_servers import WebServer

pytest.importorskip("httpx")

from beamshell.channels.http import beside, credentials, nested, pointed
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, NotConnected, ReadFailed, WriteFailed


@pytest.fixture(scope="module", autouse=True)
def served():
    server = WebServer()
    yield server
    server.close()


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


def test_a_whole_number_is_sent_as_the_service_shows_it(connect):
    count = connect(EpicsSignal, "count#/value")
    count.set(5.0).wait(10)
    assert count.get() == 5
    with pytest.raises(WriteFailed, match="it answered 400 Bad Request: not an integer"):
        count.set(5.5).wait(10)


def test_a_service_is_polled_only_while_somebody_subscribes(connect):
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
    wait_until(lambda: signal._channel._problem)
    with pytest.raises(NotConnected, match=rf"x: 127\S+ has not answered since .*{why}"):
        signal.get()


def test_a_service_that_is_too_slow_is_named(make):
    signal = make(EpicsSignalRO, "slow", connection_timeout=0.05, timeout_s=0.2)
    wait_until(lambda: signal._channel._problem)
    with pytest.raises(NotConnected, match=r"did not answer within 0\.2 s"):
        signal.get()


def test_an_answer_that_turns_wrong_fails_the_read_alone(connect):
    axis = connect(EpicsSignal, "axis#/value")
    axis._channel._pointer = "/gone"
    with pytest.raises(ReadFailed, match=r"x: .*there is no /gone in the answer"):
        axis.get()
    assert axis.connected


def test_of_values_that_share_an_answer_the_wrong_one_fails_alone(connect):
    good, wrong = connect(EpicsSignal, "axis#/value", name="good"), connect(EpicsSignal, "axis#/value", name="wrong")
    wrong._channel._pointer = "/gone"
    collect_good, collect_wrong = good.begin_read(), wrong.begin_read()
    assert collect_good()["good"]["value"] == good.get()
    with pytest.raises(ReadFailed, match=r"wrong: .*there is no /gone in the answer"):
        collect_wrong()


def test_a_refusal_says_its_reason(connect):
    with pytest.raises(WriteFailed, match="it answered 409 Conflict: the interlock is open"):
        connect(EpicsSignal, "title#/value").set("bad").wait(10)


def test_a_service_that_wants_a_secret_says_where_to_put_it_and_gets_it(make, served, monkeypatch):
    secret = make(EpicsSignal, "secret#/value", connection_timeout=0.05)
    variable = f"BEAMSHELL_HTTP_TOKEN_127_0_0_1_{served.port}"
    wait_until(lambda: secret._channel._problem)
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
