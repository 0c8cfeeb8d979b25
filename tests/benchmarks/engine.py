"""The engine beside bluesky's, in one process, with the same devices; and beside what Python itself can do.

Processor time is measured: nothing here waits, and other work on the machine disturbs it least.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import tracemalloc
from collections.abc import Callable
from typing import Any

import bluesky
import bluesky.plans
from measure import Job, machine, median, processor_timed, rounds, table, verdict, with_range
from trivial_devices import Detector, Motor

from beamshell import Msg, RunEngine, plans
from beamshell.engine.real_world import RealWorld

ROUNDS = 9
DET, MOTOR = Detector("det"), Motor("motor")
TEN = [Detector(f"det{i}") for i in range(10)]

ours = RunEngine()
ours.say = lambda _: None  # that a plan comes to no checkpoint
theirs = bluesky.RunEngine({})


def empty() -> Any:
    return
    yield


def heard(plan: Any) -> list[Any]:
    """The messages of a plan, answered by an engine of ours, to be sent to both."""
    messages: list[Any] = []
    engine = RunEngine()
    engine.msg_hook = lambda msg: messages.append(msg) if "cleanup" not in msg.command else None
    engine(plan)
    return messages


def run(engine: Any, plan: Callable[[int], Any], number: int, calls: int = 1) -> Job:
    """`calls` runs of a plan of `number` units."""

    def work() -> None:
        for _ in range(calls):
            engine(plan(number))

    return lambda: processor_timed(work, number * calls)


def pair(our_plan: Callable[[int], Any], their_plan: Callable[[int], Any], number: int) -> dict[str, Job]:
    """Plans of the same length in both; ours several times, since it is short."""
    return {"ours": run(ours, our_plan, number, calls=20), "theirs": run(theirs, their_plan, number)}


def nulls(number: int) -> Any:
    return (Msg("null") for _ in range(number))


def without_checkpoints() -> None:
    """What a plan costs that never comes to a checkpoint, beside one that comes to one each hundred messages."""

    def checked(number: int) -> Any:
        return (Msg("checkpoint" if n % 100 == 0 else "null") for n in range(number))

    lines = []
    for number in (2_000, 20_000, 200_000):
        calls = 200_000 // number
        jobs = {"with": run(ours, checked, number, calls), "without": run(ours, nulls, number, calls)}
        taken = rounds(jobs, ROUNDS)
        ratio = median(taken["without"]) / median(taken["with"])
        shown = [with_range(taken[name]) for name in ("with", "without")]
        lines.append([f"{number}", f"{ratio:.2f}", verdict(ratio, at_most=1.5), *shown])
    heads = ["null messages", "without beside with", "target", "with checkpoints", "without"]
    table("Plans that never come to a checkpoint", heads, lines)


def same(plan: Callable[[int], Any]) -> Callable[[int], Any]:
    """Plans of messages that were recorded beforehand."""
    recorded: dict[int, list[Any]] = {}

    def replayed(number: int) -> Any:
        if number not in recorded:
            recorded[number] = heard(plan(number))
        return iter(recorded[number])

    return replayed


def against_bluesky() -> None:
    def count(number: int) -> Any:
        return plans.count([DET], number)

    def scan(number: int) -> Any:
        return plans.scan([DET], MOTOR, 0, 1, number)

    count_messages, scan_messages = same(count), same(scan)
    nothing = {
        "ours": run(ours, lambda _: empty(), 1, calls=500),
        "theirs": run(theirs, lambda _: empty(), 1, calls=50),
    }
    pairs = {
        "null message": (pair(nulls, nulls, 2_000), 12),
        "count event": (pair(count, lambda n: bluesky.plans.count([DET], n), 100), 60),
        "scan point": (pair(scan, lambda n: bluesky.plans.scan([DET], MOTOR, 0, 1, n), 200), 70),
        "count event, messages made beforehand": (pair(count_messages, count_messages, 200), None),
        "scan point, messages made beforehand": (pair(scan_messages, scan_messages, 200), None),
        "RE() of an empty plan": (nothing, 5),
    }
    lines = []
    for what, (jobs, at_least) in pairs.items():
        taken = rounds(jobs, ROUNDS)
        ratio = median(taken["theirs"]) / median(taken["ours"])
        best = min(taken["theirs"]) / min(taken["ours"])
        words = [what, f"{ratio:.0f}", f"{best:.0f}", verdict(ratio, at_least)]
        lines.append([*words, with_range(taken["ours"]), with_range(taken["theirs"])])
    heads = ["", "times faster (medians)", "best against best", "target", "beamshell", "bluesky"]
    table("The engine beside bluesky 1.15", heads, lines)


def beside_the_limit() -> None:
    """What Python needs for the bare minimum of the same work."""
    number = 2_000

    def drain() -> None:
        plan = nulls(number)
        send = plan.send
        try:
            while True:
                send(None)
        except StopIteration:
            return

    def build() -> None:
        for i in range(number):
            reading = DET.read()
            {
                "uid": "",
                "time": 0.0,
                "descriptor": "",
                "seq_num": i,
                "data": {key: value["value"] for key, value in reading.items()},
                "timestamps": {key: value["timestamp"] for key, value in reading.items()},
                "filled": {},
            }

    taken = rounds(
        {
            "a bare loop over a generator of null messages": lambda: processor_timed(drain, number),
            "the engine's null message": run(ours, nulls, number),
            "one reading, a bare event dict": lambda: processor_timed(build, number),
            "the engine's identifier and time stamp": lambda: processor_timed(
                lambda: [(RealWorld.uid(), RealWorld.time()) for _ in range(number)], number
            ),
            "the engine's count event, all of it": run(ours, lambda n: plans.count([DET], n), number),
        },
        ROUNDS,
    )
    table("Beside the physical limit", ["", "time"], [[name, with_range(seconds)] for name, seconds in taken.items()])


def flatness() -> None:
    sizes = {10: 300, 100: 50, 1_000: 10, 10_000: 2, 100_000: 1}
    lines, first = [], 0.0
    for number, repeats in sizes.items():
        cost = [processor_timed(lambda n=number: ours(plans.count([DET], n)), number) for _ in range(repeats)]
        first = first or median(cost)
        lines.append([f"{number}", f"{median(cost) / first:.2f}", with_range(cost)])
    table("Cost of an event in a run of many", ["events", "beside the first line", "an event"], lines)
    small, large = peak_memory(1_000), peak_memory(21_000)
    kept = (large - small) / 20_000
    print(f"\nMemory (tracemalloc peak): {small / 1024:.0f} KiB for 1000 events, {large / 1024:.0f} KiB for 21 000: ")
    print(f"{kept:.2f} bytes an event are kept.")


def peak_memory(number: int) -> int:
    gc.collect()
    tracemalloc.start()
    ours(plans.count([DET], number))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def ten_detectors() -> None:
    number = 1_000
    taken = rounds(
        {
            "one": run(ours, lambda n: plans.count([DET], n), number),
            "ten": run(ours, lambda n: plans.count(TEN, n), number),
            "their one": run(theirs, lambda n: bluesky.plans.count([DET], n), 50),
            "their ten": run(theirs, lambda n: bluesky.plans.count(TEN, n), 50),
        },
        ROUNDS,
    )
    lines = []
    for who, one, ten, at_most in (("beamshell", "one", "ten", 2.5), ("bluesky", "their one", "their ten", None)):
        ratio = median(taken[ten]) / median(taken[one])
        lines.append(
            [who, f"{ratio:.2f}", verdict(ratio, at_most=at_most), with_range(taken[one]), with_range(taken[ten])]
        )
    table("Ten detectors at one point", ["", "ten beside one", "target", "one", "ten"], lines)


def profile() -> None:
    """Where the time of a scan point goes."""
    number = 3_000
    profiler = cProfile.Profile()
    profiler.runcall(ours, plans.scan([DET], MOTOR, 0, 1, number))
    stats: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # not in typeshed
    total = sum(own for _, _, own, _, _ in stats.values())
    most = sorted(stats.items(), key=lambda item: -item[1][2])[:12]
    lines = [
        [f"{path.rpartition('/')[2]}:{function}", f"{calls / number:.1f}", f"{100 * own / total:.0f} %"]
        for (path, _, function), (_, calls, own, _, _) in most
    ]
    table("Where a scan point's time goes (cProfile, own time)", ["function", "calls a point", "share"], lines)


if __name__ == "__main__":
    print(machine())
    against_bluesky()
    without_checkpoints()
    ten_detectors()
    flatness()
    beside_the_limit()
    profile()
