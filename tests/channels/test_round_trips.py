"""Round trips of each control system on a slow network: docs/explanations/slow-networks.md has the table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from layer_servers import Instrument, PvaServer, TangoServer, TerminalServer, WebServer
from tcp_proxy import TcpProxy

from beamshell import RunEngine
from beamshell.devices.controllers import Controller
from beamshell.devices.device import Device
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.values import begin_current_values
from beamshell.ioc.network import LOOPBACK, free_port
from beamshell.plans.scans import scan

SHORT_S = 0.05
"""Each way: a busy machine must not need so long between two requests of one flight."""
LONG_S = 0.16
"""Each way: longer than an axis moves, as seen from here, which takes 0.3 s."""


@dataclass
class Far:
    """One control system behind the proxy."""

    scheme: str
    proxy: TcpProxy
    prefix: str
    ten: list[str]
    """The addresses of ten values of one server."""
    axis: str
    """An axis that ends its moves after 0.3 s."""
    mode: str
    """A state, which is written at once."""
    options: dict[str, Any]
    """What tells the channel of the axis when a move has ended."""


@pytest.fixture(scope="module", params=["pva", "http", "tango", "serial"])
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    serve = {"pva": _pva, "http": _http, "tango": _tango, "serial": _serial}[request.param]
    yield from serve(request, tmp_path_factory)


def _pva(request: pytest.FixtureRequest, _: Any) -> Iterator[Far]:
    pytest.importorskip("p4p")
    server_port, port = request.getfixturevalue("far_pva_ports")
    server = PvaServer((str(server_port), str(server_port)))
    with TcpProxy(server_port, port) as proxy:
        yield Far(
            "pva", proxy, "pva://T:", [f"pva://T:ten{n}" for n in range(10)], "pva://T:position", "pva://T:mode", {}
        )
    server.close()
    proxy.close()


def _http(*_: Any) -> Iterator[Far]:
    pytest.importorskip("httpx")
    server = WebServer()
    with TcpProxy(server.port, free_port()) as proxy:
        prefix = f"http://{LOOPBACK}:{proxy.port}"
        ten = _ten(f"{prefix}/ten")
        yield Far("http", proxy, prefix, ten, f"{prefix}/axis#/value", f"{prefix}/mode#/value", {"busy": "/moving"})
    server.close()
    proxy.close()


def _tango(*_: Any) -> Iterator[Far]:
    pytest.importorskip("tango")
    server = TangoServer()
    with TcpProxy(server.port, free_port()) as proxy:
        prefix = server.prefix.replace(str(server.port), str(proxy.port))
        yield Far(
            "tango", proxy, prefix, [f"{prefix}ten{n}" for n in range(10)], f"{prefix}position", f"{prefix}mode", {}
        )
    server.close()
    proxy.close()


def _serial(_: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    pytest.importorskip("serial")
    instrument = Instrument(str(tmp_path_factory.mktemp("far") / "line"))
    server = TerminalServer(instrument)
    with TcpProxy(server.port, free_port()) as proxy:
        prefix = (
            f"serial://{LOOPBACK}:{proxy.port}?end=CR&timeout_s=3&poll_s=60&reply={{name}} {{value}}&ack=OK&error=ERR"
        )
        ten = [f"{prefix}#TEN{n}" for n in range(10)]
        yield Far("serial", proxy, prefix, ten, f"{prefix}&busy=BUSY?#ANGLE", f"{prefix}&choices=OFF,ON#MODE", {})
    server.close()
    instrument.close()
    proxy.close()


def _ten(prefix: str) -> list[str]:
    return [f"{prefix}{n}" for n in range(10)]


@pytest.fixture
def make(far: Far) -> Iterator[Callable[..., Any]]:
    """Makes signals and devices, and connects them without a delay."""
    made: list[Any] = []

    def make(cls: Any, address: str, name: str, **options: Any) -> Any:
        made.append(cls(address, name=name, **options))
        made[-1].wait_for_connection(60)
        return made[-1]

    far.proxy.delay(0.0)
    yield make
    far.proxy.delay(0.0)
    for one in made:
        for signal in [part for _, part in one.walk_signals()] if isinstance(one, Device) else [one]:
            signal.destroy()


def trips(
    far: Far,
    work: Callable[[], object],
    delay_s: float = SHORT_S,
    times: int = 3,
    undo: Callable[[], object] = lambda: None,
) -> tuple[int, int]:
    """The round trips and the requests of `work()`; a stall of the machine can add to one of the times."""
    work()  # which opens connections
    undo()
    far.proxy.delay(delay_s)
    numbers = []
    for _ in range(times):
        with far.proxy.counted() as counted:
            work()
        numbers.append((counted.number, counted.requests))
        undo()
    far.proxy.delay(0.0)
    return min(numbers)


def read_all(signals: list[Any]) -> list[float]:
    collectors = [signal.begin_read() for signal in signals]
    return [collect()[signal.name]["value"] for signal, collect in zip(signals, collectors, strict=True)]


# ---- readings ----------------------------------------------------------------------------------------------------


def test_one_value_is_read_in_one_round_trip_and_in_two_where_the_library_needs_them(
    far: Far, make: Callable[..., Any]
) -> None:
    one = make(EpicsSignalRO, far.ten[3], "one")
    assert trips(far, one.get)[0] == {"pva": 2, "http": 1, "tango": 1, "serial": 1}[far.scheme]
    assert one.get() == 3


def test_ten_values_of_one_server_are_read_in_as_many_as_one_but_on_a_line(far: Far, make: Callable[..., Any]) -> None:
    ten = [make(EpicsSignalRO, address, f"ten{n}") for n, address in enumerate(far.ten)]
    number, requests = trips(far, lambda: read_all(ten))
    assert number == {"pva": 2, "http": 1, "tango": 1, "serial": 10}[far.scheme]
    if far.scheme == "tango":
        assert requests == 1
    assert read_all(ten) == list(range(10))


def test_values_of_one_answer_are_read_by_one_request(far: Far, make: Callable[..., Any]) -> None:
    same = _ten(f"{far.prefix}/ten#/ten") if far.scheme == "http" else [far.ten[0]] * 10
    ten = [make(EpicsSignalRO, address, f"same{n}") for n, address in enumerate(same)]
    number, requests = trips(far, lambda: read_all(ten))
    if far.scheme == "pva":  # each of its requests is for one PV
        assert number == 2
    else:
        assert (number, requests) == (1, 1)
    assert read_all(ten) == (list(range(10)) if far.scheme == "http" else [0.0] * 10)


def test_a_setting_that_is_followed_is_not_asked_for_where_changes_are_sent(far: Far, make: Callable[..., Any]) -> None:
    setting = make(EpicsSignal, far.ten[1], "setting")
    collected: list[float] = []
    number, _ = trips(far, lambda: collected.extend(begin_current_values(setting)()))
    assert number == (0 if far.scheme == "pva" else 1)
    assert set(collected) == {1.0}


# ---- writing, moving, points -------------------------------------------------------------------------------------


def test_a_set_is_the_write_and_one_question_whether_it_has_ended(far: Far, make: Callable[..., Any]) -> None:
    axis, places = make(EpicsSignal, far.axis, "axis", **far.options), itertools.cycle([2.0, 3.0])
    number, _ = trips(far, lambda: axis.set(next(places)).wait(30), LONG_S, times=2)
    assert number == 2  # of PV Access: what is to be written, and the write


@pytest.fixture
def axis(far: Far, make: Callable[..., Any]) -> Any:
    return make(Controller, "", "axis", setpoint=far.axis, readback=far.axis, tolerance=0.01)


def test_a_move_is_the_set_and_a_look_where_it_is(far: Far, axis: Any) -> None:
    places = itertools.cycle([2.0, 3.0])
    number, _ = trips(far, lambda: axis.set(next(places)).wait(30), LONG_S, times=2)
    assert number == {"pva": 4, "http": 2, "tango": 3, "serial": 3}[far.scheme]


def test_a_point_is_the_move_and_one_reading_of_everything(far: Far, axis: Any, make: Callable[..., Any]) -> None:
    det = make(EpicsSignalRO, far.ten[4], "det")
    numbers: list[int] = []

    def on_document(name: str, doc: Any) -> None:
        if name == "event" and "det" in doc["data"]:  # and not that of its alarm
            numbers.append(far.proxy.round_trips.number)
            far.proxy.round_trips.reset()

    far.proxy.delay(LONG_S)
    RunEngine()(scan([det], axis, 1, 4, 4), on_document)
    assert min(numbers[1:]) == {"pva": 6, "http": 3, "tango": 4, "serial": 5}[far.scheme]


def test_staging_is_one_reading_of_all_settings_and_their_writes(far: Far, make: Callable[..., Any]) -> None:
    mode, axis = make(EpicsSignal, far.mode, "mode"), make(EpicsSignal, far.axis, "axis", **far.options)
    device = Device("", name="device")
    device.stage_sigs = {mode: 1, axis: 3.0}
    number, _ = trips(far, device.stage, LONG_S, times=2, undo=device.unstage)
    assert number == {"pva": 6, "http": 4, "tango": 5, "serial": 5}[far.scheme]
