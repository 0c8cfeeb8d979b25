"""How the benchmarks measure and show: interleaved rounds, medians, ratios, one table of markdown."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Job = Callable[[], float]
"""Does a fixed piece of work; the seconds that one unit of it took."""


def rounds(jobs: Mapping[str, Job], number: int) -> dict[str, list[float]]:
    """Seconds per unit of each job, measured turn by turn, so that a busy machine disturbs all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # once for the caches
    for _ in range(number):
        for name, job in jobs.items():
            taken[name].append(job())
    return taken


def timed(work: Callable[[], object], units: int = 1) -> float:
    """Seconds that one of `units` of `work()` takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / units


def processor_timed(work: Callable[[], object], units: int = 1) -> float:
    """Seconds of processor time, of all threads, that one of `units` of `work()` takes, where it never waits."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / units


def median(seconds: Iterable[float]) -> float:
    return statistics.median(seconds)


def with_range(seconds: list[float]) -> str:
    """Median, and in brackets the least and the most: "9.4 µs (9.1 - 12)"."""
    middle = median(seconds)
    unit, factor = next((u, f) for u, f in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)) if middle * f >= 1)
    low, high = min(seconds) * factor, max(seconds) * factor
    return f"{middle * factor:.3g} {unit}" + ("" if len(seconds) == 1 else f" ({low:.3g} - {high:.3g})")


def verdict(ratio: float, at_least: float | None = None, at_most: float | None = None) -> str:
    """The target, and whether it is met."""
    if at_least is not None:
        return f">= {at_least:g}: {'met' if ratio >= at_least else 'MISSED'}"
    if at_most is not None:
        return f"<= {at_most:g}: {'met' if ratio <= at_most else 'MISSED'}"
    return ""


def table(title: str, heads: Iterable[str], lines: Iterable[Iterable[str]]) -> None:
    """Print a table that can be pasted into markdown."""
    heads = list(heads)
    print(f"\n### {title}\n")
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    for line in lines:
        print(f"| {' | '.join(line)} |", flush=True)


def machine() -> str:
    """What it ran on, in a line."""
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
    where = f"{os.cpu_count()} cores of {models[0] if models else platform.processor()}, {platform.system()}"
    return f"{where}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
