"""What every control system must do, each against a real server: the same tests for all."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from layer_servers import Instrument, TangoServer, TerminalServer, WebServer

from beamshell.channels.factory import open_channel
from beamshell.devices.component import Component
from beamshell.devices.controllers import Controller
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.errors import BadValue, LimitError, NotConnected, StatusTimeoutError, UnknownName, WriteFailed
from beamshell.ioc.network import LOOPBACK, free_port
from beamshell.ioc.process import DemoIoc


@dataclass
class Layer:
    """One control system, its server, and what there is at which address: each has a position in mm and a mode."""

    prefix: str
    position: str
    mode: str
    modes: tuple[str, str]
    nonesuch: str
    """An address that nothing answers for."""
    remedy: str
    """What its message says to check."""
    kill: Callable[[], None]
    start: Callable[[], None]
    precision: int = 3
    low: float = -10.0
    high: float = 10.0
    busy: dict[str, Any] = field(default_factory=dict)
    """What tells the channel when a move has ended, if the control system itself does not."""
    lost: str = "is its server running"
    back_within_s: float = 30.0


def _epics(scheme: str, ioc: DemoIoc, remedy: str) -> Layer:
    def start() -> None:
        ioc.restart()
        ioc.wait_ready()

    return Layer(
        f"{scheme}://LAYER:", "samy", "shutter", ("Close", "Open"), f"{scheme}://LAYER:nonesuch", remedy,
        ioc.kill, start, precision=4, low=-25.0, high=25.0, lost="is its IOC running",
        back_within_s=5.0 if scheme == "ca" else 30.0,
    )  # fmt: skip


def _web(server: WebServer) -> Layer:
    return Layer(
        f"http://{server.host}/", "axis#/value", "mode#/value", ("slow", "fast"),
        f"http://{LOOPBACK}:{free_port()}/axis#/value", "is its server running", server.kill, server.start,
        busy={"busy": "/moving"},
    )  # fmt: skip


def _tango(server: TangoServer) -> Layer:
    nonesuch = f"tango://{LOOPBACK}:{free_port()}#dbase=no/a/b/c/d"
    remedy = "check its spelling.*TANGO_HOST"
    return Layer(server.prefix, "position", "mode", ("SLOW", "FAST"), nonesuch, remedy, server.kill, server.start)


def _serial(port: str, kill: Callable[[], None], start: Callable[[], None]) -> Layer:
    speech = "?end=CR&timeout_s=3&reply={name} {value}&ack=OK&error=ERR"
    settings = "&units=mm&precision=3&limits=-10,10&busy=BUSY?"
    return Layer(
        f"serial://{port}{speech}", f"{settings}#ANGLE", "&choices=OFF,ON#MODE", ("OFF", "ON"),
        "serial:///dev/beamshell-nonesuch#POS", "check the cable", kill, start, lost="check the cable",
    )  # fmt: skip


@pytest.fixture(scope="module", params=["ca", "pva", "http", "tango", "serial", "socket"])
def layer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layer]:
    """Each control system that has a server, a real IOC for both of EPICS."""
    name = request.param
    if name in ("ca", "pva"):
        ioc: DemoIoc = request.getfixturevalue("layer_ioc")
        epics = _epics(name, ioc, f"check its spelling.*EPICS_{name.upper()}_ADDR_LIST")
        epics.start()
        yield epics
        ioc.kill()
    elif name in ("http", "tango"):
        server, made = (WebServer(), _web) if name == "http" else (TangoServer(), _tango)
        yield made(server)
        server.close()
    else:
        instrument = Instrument(str(tmp_path_factory.mktemp("serial") / "line"))
        if name == "serial":
            yield _serial(instrument.path, instrument.kill, instrument.start)
        else:
            behind = TerminalServer(instrument)

            def start() -> None:
                instrument.values["ANGLE"] = "30"  # as every server that starts anew
                behind.start()

            yield _serial(f"{LOOPBACK}:{behind.port}", behind.kill, start)
            behind.close()
        instrument.close()


@pytest.fixture
def make() -> Iterator[Callable[..., Any]]:
    """Makes signals and devices by their address; their channels are given back after the test."""
    made: list[Any] = []

    def make(cls: Any, address: str, name: str = "x", **options: Any) -> Any:
        made.append(cls(address, name=name, **options))
        return made[-1]

    yield make
    for one in made:
        for signal in [part for _, part in one.walk_signals()] if isinstance(one, Device) else [one]:
            signal.destroy()


@pytest.fixture
def position(layer: Layer, make: Callable[..., Any]) -> Any:
    """The axis of a layer, at 1.5 mm."""
    signal = make(EpicsSignal, layer.prefix + layer.position, **layer.busy)
    signal.wait_for_connection(30)
    signal.set(1.5).wait(30)
    return signal


def wait_until(condition: Callable[[], object], timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


# ---- reading ---------------------------------------------------------------------------------------------


def test_a_value_comes_with_its_name_and_time(position: Any) -> None:
    reading = position.read()["x"]
    assert reading["value"] == position.get() == 1.5
    assert 0 < reading["timestamp"] < time.time() + 60


def test_it_is_described_with_unit_precision_and_limits(layer: Layer, position: Any) -> None:
    assert position.describe()["x"] == {
        "source": layer.prefix + layer.position,
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": layer.precision,
        "lower_ctrl_limit": layer.low,
        "upper_ctrl_limit": layer.high,
    }
    assert (position.units, position.precision, position.limits) == (
        "mm",
        layer.precision,
        (layer.low, layer.high),
    )


def test_many_are_asked_together(layer: Layer, position: Any) -> None:
    assert [answer()["x"]["value"] for answer in [position.begin_read() for _ in range(20)]] == [1.5] * 20


# ---- writing ---------------------------------------------------------------------------------------------


def test_a_set_is_done_when_what_it_set_off_has_ended(position: Any) -> None:
    began = time.monotonic()
    position.set(9.5).wait(30)
    assert time.monotonic() - began >= 0.2
    assert position.get() == 9.5


def test_a_set_during_a_set_supersedes_it(position: Any) -> None:
    first, second = position.set(9.5), position.set(4.0)
    second.wait(30)
    with pytest.raises(WriteFailed, match=r"x: set to 9\.5 was superseded by 4"):
        first.wait()
    assert position.get() == 4.0


def test_a_plain_put_does_not_wait_for_the_set_under_way(position: Any) -> None:
    status = position.set(9.5)
    position.put(5.0)
    wait_until(lambda: position.get() == 5.0)
    with pytest.raises(WriteFailed, match="superseded"):
        status.wait(30)


def test_writes_arrive_in_the_order_in_which_they_were_made(position: Any) -> None:
    for value in (2.0, 3.0, 4.0, 5.0, 6.0):
        position.put(value)
    position.set(7.0).wait(30)
    assert position.get() == 7.0


def test_a_set_that_takes_too_long_times_out(position: Any) -> None:
    with pytest.raises(StatusTimeoutError, match=r"x: set to 9\.5: not done within 0\.05 s"):
        position.set(9.5, timeout=0.05).wait(30)


def test_states_are_written_and_read_by_name(layer: Layer, make: Callable[..., Any]) -> None:
    mode = make(EpicsSignal, layer.prefix + layer.mode)
    by_name = make(EpicsSignalRO, layer.prefix + layer.mode, string=True)
    mode.wait_for_connection(30)
    for index, state in enumerate(layer.modes):
        mode.set(state).wait(30)
        assert (mode.get(), mode.get(as_string=True), by_name.get()) == (index, state, state)
    assert mode.enum_strs == layer.modes == tuple(mode.describe()["x"]["choices"])
    assert by_name.describe()["x"]["dtype"] == "string"
    with pytest.raises(BadValue, match=f"choose one of {', '.join(layer.modes)}"):
        mode.set("LUDICROUS")


@pytest.mark.parametrize(("value", "why"), [("far", "number"), (math.nan, "not finite"), ([1.0, 2.0], "number")])
def test_a_value_that_does_not_fit_is_refused(position: Any, value: Any, why: str) -> None:
    with pytest.raises(BadValue, match=f"x: .*{why}"):
        position.set(value)
    assert position.get() == 1.5


def test_limits_are_enforced_if_asked_for(layer: Layer, make: Callable[..., Any]) -> None:
    limited = make(EpicsSignal, layer.prefix + layer.position, limits=True)
    limited.wait_for_connection(30)
    with pytest.raises(LimitError, match=f"x: {layer.high + 1:g} mm is above the limit {layer.high:g} mm"):
        limited.set(layer.high + 1)


# ---- watching --------------------------------------------------------------------------------------------


def test_a_subscriber_gets_the_value_and_its_changes_in_a_worker(position: Any) -> None:
    values: list[tuple[float, str]] = []
    token = position.subscribe(lambda value, **_: values.append((value, threading.current_thread().name)))
    wait_until(lambda: values)
    position.set(3.0).wait(30)
    wait_until(lambda: values[-1][0] == 3.0)
    assert values[0][0] == 1.5
    assert all(thread.startswith("beamshell-updates") for _, thread in values)
    position.unsubscribe(token)
    number = len(values)
    position.set(1.5).wait(30)
    assert len(values) == number


def test_a_subscriber_from_before_the_connection_gets_the_value(layer: Layer, make: Callable[..., Any]) -> None:
    values: list[float] = []
    signal = make(EpicsSignalRO, layer.prefix + layer.position)
    signal.subscribe(lambda value, **_: values.append(value))
    wait_until(lambda: values)


# ---- what is not there -----------------------------------------------------------------------------------


def test_an_address_that_nothing_answers_is_named_with_what_to_check(layer: Layer, make: Callable[..., Any]) -> None:
    missing = make(EpicsSignal, layer.nonesuch, name="missing", connection_timeout=0.1)
    if not layer.nonesuch.startswith(("ca:", "pva:")):  # which search for ever, and say nothing
        wait_until(lambda: missing._channel._problem)
    assert not missing.connected
    for attempt in (missing.get, missing.read, missing.describe, lambda: missing.set(1), lambda: missing.put(1)):
        with pytest.raises(NotConnected, match=f"missing: .* has not answered since .*{layer.remedy}"):
            attempt()


def test_a_scheme_that_no_control_system_has_is_named() -> None:
    with pytest.raises(UnknownName, match=r"gpib://1: no control system is called 'gpib': choose one of ca, .*soft"):
        open_channel("gpib://1")


@pytest.mark.parametrize(
    ("package", "extra", "address"),
    [
        ("p4p", "pva", "pva://x"),
        ("httpx", "http", "http://x/y"),
        ("httpx", "http", "https://x/y"),
        ("serial", "serial", "serial:///dev/x#A"),
        ("tango", "tango", "tango://a/b/c/d"),
    ],
)
def test_a_missing_library_names_the_extra(package: str, extra: str, address: str) -> None:
    script = f"import sys; sys.modules[{package!r}] = None; from beamshell.channels.factory import open_channel\n"
    script += f"try: open_channel({address!r})\nexcept ImportError as exc: print(type(exc).__name__, exc)"
    messages = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert messages.stdout.startswith(f"MissingLibrary {extra}:// addresses need the library {package}")
    assert f'pip install "beamshell[{extra}]"' in messages.stdout


def test_no_library_is_imported_before_the_prompt_could_be_there() -> None:
    script = "import sys; from beamshell.channels.factory import open_channel\n"
    script += (
        "for address in ('pva://x', 'http://x/y', 'serial:///dev/x#A', 'tango://a/b/c/d'): open_channel(address)\n"
    )
    script += "print([name for name in ('p4p', 'httpx', 'serial', 'tango') if name in sys.modules])"
    messages = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert messages.stdout == "[]\n"


# ---- devices ---------------------------------------------------------------------------------------------


class Stage(Device):
    """Two parts, whatever they are made of."""

    first = Component(EpicsSignal, "")
    second = Component(EpicsSignal, "")


def move_and_read(axis: Controller) -> None:
    """What anybody does with a device, whatever its control system."""
    axis.wait_for_connection(30)
    assert list(axis.read()) == list(axis.describe()) == ["axis", "axis_setpoint"]
    axis.set(2.0).wait(30)
    assert (axis.position, axis.read()["axis"]["value"]) == (2.0, 2.0)
    assert axis.hints == {"fields": ["axis"]}
    wait_until(lambda: axis.known_state() == ["at 2 mm"])
    with pytest.raises(LimitError, match="axis: 8 mm is above the limit 7 mm"):
        axis.set(8.0)
    with pytest.raises(BadValue, match="axis: 'far' is not a number"):
        axis.set("far")


def test_the_same_class_works_over_each_of_them(layer: Layer, make: Callable[..., Any]) -> None:
    address = layer.prefix + layer.position
    move_and_read(make(Controller, "", name="axis", setpoint=address, readback=address, tolerance=0.01, limits=(-7, 7)))


def test_the_same_class_works_in_this_process(make: Callable[..., Any]) -> None:
    axis = make(
        Controller, "soft://", name="axis", setpoint="conforming", readback="conforming", tolerance=0.01, limits=(-7, 7)
    )
    axis.readback._own_units = "mm"
    move_and_read(axis)


# ---- the server goes and comes; last, as it is killed at the end -------------------------------------------


def test_a_channel_that_is_opened_anew_goes_on_with_its_subscribers(position: Any) -> None:
    connections: list[bool] = []
    values: list[float] = []
    position.subscribe(lambda connected, **_: connections.append(connected), event_type="meta")
    position.subscribe(lambda value, **_: values.append(value))
    wait_until(lambda: values == [1.5] and connections == [True])
    position.renew()
    position.wait_for_connection(30)
    wait_until(lambda: connections == [True, False, True])
    position.set(2.0).wait(30)
    wait_until(lambda: values[-1] == 2.0)
    assert position.get() == 2.0


def test_a_channel_that_never_answered_can_be_opened_anew(layer: Layer, make: Callable[..., Any]) -> None:
    missing = make(EpicsSignal, layer.nonesuch, name="missing", connection_timeout=0.1)
    for _ in range(3):
        missing.renew()
    with pytest.raises(NotConnected, match=r"missing: .* has not answered since"):
        missing.get()


def test_a_server_that_dies_is_noticed_and_comes_back_with_its_subscribers(layer: Layer, position: Any) -> None:
    connections: list[bool] = []
    values: list[float] = []
    position.subscribe(lambda connected, **_: connections.append(connected), event_type="meta")
    position.subscribe(lambda value, **_: values.append(value))
    position.set(2.0).wait(30)
    wait_until(lambda: 2.0 in values and connections == [True])
    move = position.set(9.5)
    layer.kill()
    assert isinstance(move.exception(timeout=30), WriteFailed)
    wait_until(lambda: not position.connected)
    position.connection_timeout = 0.05
    with pytest.raises(NotConnected, match=rf"x: .* lost its connection at .*{layer.lost}"):
        position.get()
    with pytest.raises(NotConnected):
        position.put(8.0)
    layer.start()
    position.wait_for_connection(layer.back_within_s)
    begins = position.get()
    assert begins not in (8.0, 9.5)  # what was cut short is not carried out afterwards
    wait_until(lambda: values[-1] == begins)
    wait_until(lambda: connections == [True, False, True])
    if not layer.prefix.startswith("serial"):
        layer.kill()  # a test that leaves a new process behind has failed
