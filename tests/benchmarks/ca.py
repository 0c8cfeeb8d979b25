"""Points, moves and writes over Channel Access: ours beside ophyd and bluesky, by turns in one process.

The motor is the demo beamline's, twenty times as fast as life; the other PVs are an IOC's of many records.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # for many_records

from many_records import many_records
from measure import machine, median, rounds, table, timed, verdict, with_range

ROUNDS = 5
PVS, RECORDS = 1000, 6000
SPEED, STEP = 20, 0.1


def signals(module: Any, number: int) -> list[Any]:
    made = [module.EpicsSignalRO(f"MANY:{i}", name=f"pv{i}") for i in range(number)]
    for signal in made:
        signal.wait_for_connection(timeout=10)
    return made


def repeated(work: Callable[[], Any], times: int) -> Callable[[], float]:
    def again() -> None:
        for _ in range(times):
            work()

    return lambda: timed(again, times)


def beside(title: str, taken: dict[str, list[float]], base: str) -> None:
    lines = [[name, f"{median(times) / median(taken[base]):.2f}", with_range(times)] for name, times in taken.items()]
    table(title, ["", f"beside {base}", "time"], lines)


def connections(modules: tuple[Any, Any]) -> None:
    """Channels that nobody has connected before, all made, then all waited for."""
    lines = []
    for first, number in ((0, PVS), (PVS, RECORDS - PVS)):
        taken = {}
        for who, module in zip(("beamshell", "ophyd"), modules, strict=True):
            begun = time.perf_counter()
            made = [module.EpicsSignalRO(f"MANY:{i}", name=f"pv{i}") for i in range(first, first + number)]
            for signal in made:
                signal.wait_for_connection(timeout=30)
            taken[who] = time.perf_counter() - begun
            for signal in made:
                signal.destroy()
        ratio = taken["ophyd"] / taken["beamshell"]
        lines.append([f"{number}", f"{ratio:.1f}", with_range([taken["beamshell"]]), with_range([taken["ophyd"]])])
    table("Connecting (once)", ["PVs", "times faster", "beamshell", "ophyd"], lines)


# ---- points --------------------------------------------------------------------------------------


def points(engines: tuple[Any, Any], modules: tuple[Any, Any], plans: tuple[Any, Any]) -> None:
    """One point over Channel Access, of one detector and of ten, each of one PV."""
    jobs = {}
    for who, engine, module, their_plans in zip(("beamshell", "ophyd"), engines, modules, plans, strict=True):
        ten = signals(module, 10)
        for what, devices in (("one PV", ten[:1]), ("ten PVs", ten)):
            jobs[f"{who}, {what}"] = lambda e=engine, p=their_plans, d=devices: timed(lambda: e(p.count(d, 50)), 50)
    taken = rounds(jobs, ROUNDS)
    beside("One point over Channel Access", taken, "beamshell, one PV")
    ratio = median(taken["beamshell, ten PVs"]) / median(taken["beamshell, one PV"])
    print(f"\nTen detectors beside one: {ratio:.2f} ({verdict(ratio, at_most=2.5)})")


def moves(engines: tuple[Any, Any], modules: tuple[Any, Any], plans: tuple[Any, Any]) -> None:
    """A move, and a scan's point: what is added to the time that the record itself takes."""
    (ours, theirs), (our_engine, their_engine) = [m.EpicsMotor("BL:th", name="th") for m in modules], engines
    record = modules[0].EpicsSignal("BL:th.VAL", name="val", write_timeout=None)
    for device in (ours, theirs, record):
        device.wait_for_connection(timeout=10)

    movers = {"the record alone": record, "beamshell": ours, "ophyd": theirs}
    for title, step in (("A move to where it is: set to done", 0.0), (f"A move of {STEP} deg: set to done", STEP)):
        able = {name: mover for name, mover in movers.items() if arrives(mover, step)}
        beside(title, rounds({name: go(mover, step) for name, mover in able.items()}, ROUNDS), "the record alone")
        for name in movers.keys() - able.keys():
            print(f"\n{name}: not done after 3 s, in one of 20 such moves")

    number, top = 21, 20 * STEP
    our_pvs, their_pvs = signals(modules[0], 10), signals(modules[1], 10)

    def tour() -> None:
        for place in range(number):
            record.set(place * STEP).wait(timeout=10)

    scans = {
        "the record alone": tour,
        "beamshell": lambda: our_engine(plans[0].scan(our_pvs, ours, 0, top, number)),
        "bluesky and ophyd": lambda: their_engine(plans[1].scan(their_pvs, theirs, 0, top, number)),
    }
    taken = rounds({name: lambda s=scan: timed(s, number) for name, scan in scans.items()}, ROUNDS)
    alone = median(taken["the record alone"])
    dead = {name: (median(times) - alone) * 1e3 for name, times in taken.items()}
    lines = [[name, f"{dead[name]:.2f} ms", with_range(times)] for name, times in taken.items()]
    table("A scan's point: one motor, ten PVs", ["", "dead time (less the move)", "whole point"], lines)
    print(f"\nOur dead time is {dead['bluesky and ophyd'] / dead['beamshell']:.0f} times less.")


def go(mover: Any, step: float) -> Callable[[], float]:
    """Back and forth, twenty times."""
    places = iter(range(1_000_000))
    return repeated(lambda: mover.set(step * (next(places) % 2)).wait(timeout=3), 20)


def arrives(mover: Any, step: float) -> bool:
    try:
        go(mover, step)()
    except Exception:
        return False
    return True


# ---- writes --------------------------------------------------------------------------------------


def writes(modules: tuple[Any, Any]) -> None:
    """A write with completion, of a record that does nothing else."""
    import epics

    ours = modules[0].EpicsSignal("MANY:0", name="ours")
    theirs = modules[1].EpicsSignal("MANY:0", name="theirs", put_complete=True)
    pv = epics.PV("MANY:0")
    for signal in (ours, theirs):
        signal.wait_for_connection(timeout=10)
    assert pv.wait_for_connection(10)
    taken = rounds(
        {
            "beamshell": repeated(lambda: ours.set(1.0).wait(timeout=5), 100),
            "pyepics, put(wait=True)": repeated(lambda: pv.put(1.0, wait=True), 100),
            "ophyd": repeated(lambda: theirs.set(1.0).wait(timeout=5), 20),
        },
        ROUNDS,
    )
    beside("A write until its completion", taken, "beamshell")


# ---- all of it -----------------------------------------------------------------------------------


def client() -> None:
    import bluesky
    import bluesky.plans
    import ophyd

    from beamshell import RunEngine, devices, plans

    modules, both_plans = (devices, ophyd), (plans, bluesky.plans)
    engines = (RunEngine(), bluesky.RunEngine({}))
    print(machine())
    connections(modules)
    points(engines, modules, both_plans)
    moves(engines, modules, both_plans)
    writes(modules)
    sys.stdout.flush()
    os._exit(0)  # two libraries that both want to be the last to end


def main() -> None:
    from beamshell.ioc.process import DemoIoc

    with many_records(RECORDS) as environment, DemoIoc.start(seed=1, speed=SPEED) as ioc:
        ioc.wait_ready()
        both = " ".join(env["EPICS_CA_ADDR_LIST"] for env in (environment, ioc.client_environment))
        subprocess.run(
            [sys.executable, __file__, "--client"], env=environment | {"EPICS_CA_ADDR_LIST": both}, check=True
        )


if __name__ == "__main__":
    {"--client": client}.get(sys.argv[-1], main)()
