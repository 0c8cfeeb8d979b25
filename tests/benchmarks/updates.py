"""Updates of 1000 PVs: how many a second arrive, what each costs, and how late a move ends meanwhile.

Each row is measured in a process of its own, while another one writes: `python updates.py`.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # for many_records

from many_records import many_records
from measure import machine, median, table

PVS = 1000
WRITE_S = 4.0
RATE = 60_000
"""Updates a second while moves are measured; as many as possible otherwise."""
ROUNDS = 3
MOVES, STEP, SPEED = 60, 0.1, 20
RECEIVERS = {
    "bare": "the bare library: a callback that counts",
    "latest": "beamshell, latest value only",
    "subscribers": "beamshell, a subscriber each",
    "ophyd": "ophyd, a subscriber each",
}


class Counter:
    """Counts calls, whatever they bring, from one thread."""

    number = 0

    def __call__(self, *_: Any, **__: Any) -> None:
        self.number += 1


def receive(who: str) -> Counter:
    """Have the updates of all PVs counted."""
    return {"bare": bare, "latest": latest, "subscribers": subscribers, "ophyd": ophyd_subscribers}[who]()


def bare() -> Counter:
    from beamshell.channels.ca import dbr, libca, requests
    from beamshell.channels.factory import open_channel

    counter, library = Counter(), requests.library()
    callback = libca._EventCallback(counter)
    channels = [open_channel(f"MANY:{i}") for i in range(PVS)]
    for channel in channels:
        channel.connect()
    for channel in channels:
        channel.wait_connected(10)
        where = ctypes.byref(ctypes.c_void_p())
        library.ca_create_subscription(dbr.TIME + dbr.DOUBLE, 1, channel._chid, libca.EVENT_MASK, callback, 1, where)
    library.ca_flush_io()
    kept.extend((channels, callback))
    return counter


def latest() -> Counter:
    """What comes is counted by a call more."""
    from beamshell.channels.ca.channel import CaChannel

    counter, on_value = Counter(), CaChannel.on_value

    def counted(channel: CaChannel, data: Any) -> None:
        counter.number += 1
        on_value(channel, data)

    CaChannel.on_value = counted  # type: ignore[method-assign]  # so that it can be counted
    from beamshell import devices

    kept.append(connected(devices, auto_monitor=True))
    return counter


def subscribers() -> Counter:
    from beamshell import devices

    return subscribed(devices)


def ophyd_subscribers() -> Counter:
    import ophyd

    return subscribed(ophyd)


def subscribed(module: Any) -> Counter:
    counter, signals = Counter(), connected(module)
    for signal in signals:
        signal.subscribe(counter)
    kept.append(signals)
    return counter


def connected(module: Any, **options: Any) -> list[Any]:
    signals = [module.EpicsSignalRO(f"MANY:{i}", name=f"pv{i}", **options) for i in range(PVS)]
    for signal in signals:
        signal.wait_for_connection(timeout=10)
    return signals


kept: list[Any] = []
"""Whatever must live until the process ends."""


# ---- each of these runs in a process of its own --------------------------------------------------


def count(who: str) -> None:
    """Print updates that were written, delivered, and processor seconds, each for a second of writing."""
    counter = receive(who)
    time.sleep(1)
    with writer(0) as process:
        before, cpu, begun = counter.number, time.process_time(), time.perf_counter()
        written = int(process.stdout.readline())
        took, cpu, number = time.perf_counter() - begun, time.process_time() - cpu, counter.number - before
    print(written / took, number / took, cpu / took, flush=True)
    os._exit(0)


def move(who: str) -> None:
    """Print the seconds that each of many moves took, while updates come if somebody is to receive them."""
    from beamshell import devices

    motor = devices.EpicsMotor("BL:th", name="th")
    motor.wait_for_connection(timeout=10)
    go(motor, 10)
    if who in RECEIVERS:
        receive(who)
        time.sleep(1)
        with writer(RATE) as process:
            taken = go(motor, MOVES)
            process.kill()
    elif who == "nobody here":
        with subprocess.Popen([sys.executable, __file__, "--receive", "subscribers"], stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            with writer(RATE) as process:
                taken = go(motor, MOVES)
                process.kill()
            other.kill()
    else:
        taken = go(motor, MOVES)
    print(*taken, flush=True)
    os._exit(0)


def go(motor: Any, number: int) -> list[float]:
    taken = []
    for turn in range(number):
        begun = time.perf_counter()
        motor.set(STEP * (turn % 2)).wait(timeout=10)
        taken.append(time.perf_counter() - begun)
    return taken


def only_receive(who: str) -> None:
    """Receive until it is killed."""
    receive(who)
    print("ready", flush=True)
    time.sleep(600)


def writer(rate: float) -> Any:
    """The writing process, which has begun."""
    process = subprocess.Popen([sys.executable, __file__, "--write", str(rate)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "begun"
    return process


def write(rate: str) -> None:
    """Write to all PVs, so often a second in all, or as often as possible; print how often at the end."""
    from beamshell.channels.ca import dbr, requests
    from beamshell.channels.factory import open_channel

    channels = [open_channel(f"MANY:{i}") for i in range(PVS)]
    for channel in channels:
        channel.connect()
    for channel in channels:
        channel.wait_connected(10)
    library, wanted, number = requests.library(), float(rate), 0
    print("begun", flush=True)
    begun = time.perf_counter()
    while time.perf_counter() < begun + WRITE_S:
        encoded, data = dbr.encode(float(number), dbr.DOUBLE)
        for channel in channels:
            library.ca_array_put(dbr.DOUBLE, encoded, channel._chid, data)
            number += 1
            if number % 100 == 0 and wanted:
                library.ca_flush_io()
                time.sleep(max(0.0, begun + number / wanted - time.perf_counter()))
        library.ca_flush_io()
    channels[-1].get(10.0)  # all of them have arrived
    print(number, flush=True)


# ---- all of it -----------------------------------------------------------------------------------


def numbers_of(*arguments: str, env: dict[str, str]) -> list[float]:
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    from beamshell.ioc.process import DemoIoc

    with many_records(PVS) as environment, DemoIoc.start(seed=1, speed=SPEED) as ioc:
        ioc.wait_ready()
        both = " ".join(env["EPICS_CA_ADDR_LIST"] for env in (environment, ioc.client_environment))
        env = environment | {"EPICS_CA_ADDR_LIST": both}
        print(machine())
        rates(env)
        moves(env)


def rates(env: dict[str, str]) -> None:
    taken = by_turns("--count", list(RECEIVERS), env)
    base = median(number for _, number, _ in taken["bare"])
    lines = []
    for who, rounds in taken.items():
        written, number, cpu = (median(column) for column in zip(*rounds, strict=True))
        spent = f"{cpu / number * 1e6:.1f} µs"
        lines.append([RECEIVERS[who], f"{written:,.0f}", f"{number:,.0f}", f"{number / base:.2f}", spent])
    heads = ["", "written a second", "delivered a second", "beside the bare library", "processor time an update"]
    table(f"Updates of {PVS} PVs, as many as another process can write", heads, lines)


def moves(env: dict[str, str]) -> None:
    situations = {
        "quiet": "no updates",
        "nobody here": "in another process, with a subscriber each",
        "latest": "latest value only",
        "subscribers": "a subscriber each",
    }
    lines = []
    for who, rounds in by_turns("--move", list(situations), env).items():
        taken = sorted(seconds * 1e3 for numbers in rounds for seconds in numbers)
        of_twenty = taken[int(0.95 * len(taken))]
        lines.append([situations[who], f"{median(taken):.1f} ms", f"{of_twenty:.1f} ms", f"{taken[-1]:.1f} ms"])
    heads = [f"{RATE:,} updates a second of {PVS} PVs come", "median", "19 of 20 within", "the longest"]
    table(f"A move of {STEP} deg meanwhile: set to done", heads, lines)


def by_turns(what: str, names: list[str], env: dict[str, str]) -> dict[str, list[list[float]]]:
    taken: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            taken[name].append(numbers_of(what, name, env=env))
    return taken


if __name__ == "__main__":
    jobs: dict[str, Callable[[str], None]] = {
        "--count": count,
        "--move": move,
        "--receive": only_receive,
        "--write": write,
    }
    if len(sys.argv) > 1:
        jobs[sys.argv[1]](sys.argv[2])
    else:
        main()
