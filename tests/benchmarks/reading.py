"""How long it takes to connect and read many PVs: ophyd, the bare library and ours, by turns in one process.

Usage: `python tests/benchmarks/reading.py [NUMBER ...]`; prints tables, and with `--json` the medians in seconds.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from ctypes import string_at
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # for many_records

from many_records import many_records
from measure import median, rounds, table, timed, verdict, with_range

_MOST = 5000
_TIME_DOUBLE = 20  # DBR_TIME_DOUBLE
_unpack = struct.Struct("=hhIIid").unpack


class BareReader:
    """What no client can be quicker than: all gets, one flush, one callback that copies and unpacks."""

    def __init__(self, channels: list[int]) -> None:
        from beamshell.channels.ca import libca, requests

        self._channels = channels
        self._lib = requests.library()
        self._all_there = threading.Event()
        self._on_get = libca._EventCallback(self._note)

    def _note(self, args: Any) -> None:
        self._values[args.usr - 1] = _unpack(string_at(args.dbr, 24)) if args.status == 1 else None
        self._missing -= 1
        if self._missing == 0:
            self._all_there.set()

    def read(self) -> list[Any]:
        self._values: list[Any] = [None] * len(self._channels)
        self._missing = len(self._channels)
        self._all_there.clear()
        get, on_get = self._lib.ca_array_get_callback, self._on_get
        for number, channel in enumerate(self._channels, 1):
            get(_TIME_DOUBLE, 1, channel, on_get, number)
        self._lib.ca_flush_io()
        assert self._all_there.wait(10)
        return self._values


def device_of(number: int, device: type, component: type, signal: type) -> Any:
    """A device of that many signals, of ophyd's classes or of ours."""
    parts = {f"s{index}": component(signal, str(index)) for index in range(number)}
    made = type("Many", (device,), parts)("MANY:", name="many")
    made.wait_for_connection(timeout=30)
    return made


def measure(number: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of each way to read that many PVs once."""
    import ophyd

    from beamshell import devices

    ours = device_of(number, devices.Device, devices.Component, devices.EpicsSignalRO)
    theirs = device_of(number, ophyd.Device, ophyd.Component, ophyd.EpicsSignalRO)
    bare = BareReader([part._channel._chid for part in ours._parts.values()])
    assert [reading[-1] for reading in bare.read()] == [reading["value"] for reading in ours.read().values()]
    assert list(ours.read()) == list(theirs.read())
    try:
        jobs = {
            "bare": lambda: timed(bare.read),
            "ours": lambda: timed(lambda: ours.begin_read()()),  # as the engine does it
        }
        taken = rounds(jobs, repeats)
        return taken | rounds({"ophyd": lambda: timed(theirs.read)}, max(3, repeats // 20))
    finally:
        for signal in ours._parts.values():
            signal.destroy()
        theirs.destroy()


def connect(number: int) -> float:
    """Seconds until that many new channels are connected, with their units and limits."""
    from beamshell.devices import EpicsSignalRO

    made: list[Any] = []

    def all_connected() -> None:
        made.extend(EpicsSignalRO(f"MANY:{index}") for index in range(number))
        for one in made:
            one.wait_for_connection(60)

    taken = timed(all_connected)
    for one in made:
        one.destroy()
    return taken


def put_and_wait() -> float:
    """Seconds from a write until the IOC says that all it set off has ended."""
    from beamshell.devices import EpicsSignal

    signal = EpicsSignal("MANY:0")
    signal.wait_for_connection(10)
    try:
        return timed(lambda: [signal.set(float(value)).wait(10) for value in range(200)], units=200)
    finally:
        signal.destroy()


def updates(number: int = 5000) -> float:
    """Seconds an update of one PV costs, from plain writes to a subscriber that hears the last of them."""
    from beamshell.devices import EpicsSignal

    signals = [EpicsSignal(f"MANY:{index}") for index in range(100)]
    last, received = threading.Event(), [0]

    def on_value(value: float, **_: Any) -> None:
        received[0] += 1
        if value == number:
            last.set()

    for one in signals:
        one.wait_for_connection(10)
        one.subscribe(on_value, run=False)
    signals[0].set(0.0).wait(10)

    def flood() -> None:
        for value in range(1, number + 1):
            signals[value % 100 if value < number else 0].put(float(value))
        assert last.wait(30)

    received[0] = 0
    taken = timed(flood) / received[0]
    for one in signals:
        one.destroy()
    return taken


def show_others(numbers: list[int]) -> None:
    ways = {f"connect {number} PVs": lambda number=number: connect(number) for number in numbers}
    jobs = ways | {"put with completion": put_and_wait, "write, update and delivery of a value": updates}
    taken = rounds(jobs, 5)
    table("Other", ["what", "takes"], [[name, with_range(times)] for name, times in taken.items()])


def client(numbers: list[int]) -> dict[int, dict[str, list[float]]]:
    return {number: measure(number, repeats=max(40, 10_000 // number)) for number in numbers}


def show(results: dict[int, dict[str, list[float]]]) -> None:
    lines = []
    for number, taken in results.items():
        to_bare, to_ophyd = (median(taken["ours"]) / median(taken[name]) for name in ("bare", "ophyd"))
        goal = {200: 8.0, 1000: 15.0}.get(number)
        verdicts = [
            f"{to_bare:.2f} ({verdict(to_bare, at_most=1.5)})",
            f"{1 / to_ophyd:.0f} {verdict(1 / to_ophyd, goal)}",
        ]
        lines.append([str(number), *(with_range(taken[name]) for name in ("ophyd", "bare", "ours")), *verdicts])
    table("Read PVs once", ["PVs", "ophyd", "bare library", "ours", "ours / bare", "times faster than ophyd"], lines)


def main(words: list[str]) -> None:
    numbers = [int(word) for word in words if word.isdigit()] or [1, 10, 100, 200, 1000]
    if "--client" in words:
        results = client(numbers)
        if "--json" in words:
            print(json.dumps({n: {name: median(times) for name, times in r.items()} for n, r in results.items()}))
        else:
            show(results)
            show_others([1000, _MOST])
        return
    with many_records(max(*numbers, _MOST)) as environment:
        subprocess.run([sys.executable, __file__, "--client", *words], env=environment, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
