"""The watch page: until one who joins late sees the run, and until a point on disk is in the browser.

The first is measured in chromium, from the address to the drawing; the second in watchers that read as a browser does.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from measure import machine, table, verdict, with_range

sys.path.insert(0, str(Path(__file__).parent.parent))

from watch_browser import browser, wait_until
from watch_page import Page, Watcher

from beamshell.store import Journal

LATE_S = {101: 0.4, 100_000: 0.6}
"""Seconds that a late join may take, by number of points."""
LAG_S = 0.15
WATCHERS = (1, 50)
ROUNDS = 9
MEASURED = 200
INTERVAL_S = 0.01
DRAWN = "(performance.getEntriesByName('drawn')[0] || {}).startTime"


def main() -> None:
    """Measure both."""
    print(machine())
    lines = []
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as driver:
        for points, most_s in LATE_S.items():
            with tempfile.TemporaryDirectory() as folder:
                seconds = late_join(Path(folder), points, driver)
            goal = verdict(sorted(seconds)[ROUNDS // 2], at_most=most_s)
            lines.append([f"{points} points", with_range(seconds), goal])
    table("From the address to the drawing of an open run, in chromium", ["", "seconds", "goal (s)"], lines)
    lines = []
    for watchers in WATCHERS:
        with tempfile.TemporaryDirectory() as folder:
            seconds = lag(Path(folder), watchers)
        slow = sorted(seconds)[len(seconds) * 95 // 100]
        goal = verdict(slow, at_most=LAG_S)
        lines.append([f"{watchers} watching", with_range(seconds), f"{slow * 1e3:.0f} ms", goal])
    table("A point on disk is at the slowest watcher", ["", "median", "95 of 100 within", "goal (s)"], lines)


def documents(points: int) -> tuple[list[Any], Any, Any]:
    """The first documents of a scan, the function that makes its points, and its end."""
    keys = {key: {"source": key, "dtype": "number", "shape": []} for key in ("th", "det", "i0")}
    hints = {"th": {"fields": ["th"]}, "det": {"fields": ["det", "i0"]}}
    start = {"uid": "run", "time": time.time(), "scan_id": 1, "plan_name": "scan", "num_points": points}
    start |= {"motors": ["th"], "detectors": ["det"], "hints": {"dimensions": [[["th"], "primary"]]}}
    descriptor = {"uid": "d", "run_start": "run", "time": time.time(), "name": "primary", "data_keys": keys}
    descriptor |= {"hints": hints, "object_keys": {"th": ["th"], "det": ["det", "i0"]}}

    def event(number: int) -> tuple[str, Any]:
        data = {"th": 0.001 * number, "det": float(number * number % 997), "i0": 5.0}
        now = time.time()
        return "event", {
            "uid": f"e{number}",
            "descriptor": "d",
            "time": now,
            "seq_num": number,
            "data": data,
            "timestamps": dict.fromkeys(data, now),
        }

    stop = {"uid": "s", "run_start": "run", "time": time.time(), "exit_status": "success", "num_events": {}}
    return [("start", start), ("descriptor", descriptor)], event, ("stop", stop)


def late_join(folder: Path, points: int, driver: Any) -> list[float]:
    """Seconds from the address to the drawing of an open run of so many points; each time it has one more."""
    head, event, _stop = documents(points)
    journal = Journal(folder)
    write(journal, [*head, *(event(number) for number in range(1, points + 1))])
    page = Page(folder).start()
    try:
        watcher = Watcher(page)
        watcher.until(lambda now: now["run"] and now["run"]["points"] >= points)
        watcher.close()
        seconds = []
        for number in range(ROUNDS):
            write(journal, [event(points + 1 + number)])
            driver.get(page.url)
            seconds.append(wait_until(driver, DRAWN) / 1e3)
        return seconds
    finally:
        page.stop()
        journal.close()


def lag(folder: Path, watchers: int) -> list[float]:
    """Seconds from the moment when a point is on disk to its arrival, of the slowest watcher."""
    head, event, stop = documents(MEASURED)
    journal = Journal(folder)
    page = Page(folder).start()
    everyone = [Watcher(page) for _ in range(watchers)]
    arrived = [dict[int, float]() for _ in everyone]

    def look(watcher: Watcher, times: dict[int, float]) -> None:
        while not (watcher.now and watcher.now["run"] and watcher.now["run"]["end"]):
            watcher.read()
            if watcher.now and watcher.now["run"]:
                for number, *_ in watcher.now["run"]["rows"]:
                    times.setdefault(int(number), time.perf_counter())

    threads = [threading.Thread(target=look, args=pair) for pair in zip(everyone, arrived, strict=True)]
    for thread in threads:
        thread.start()
    for pair in head:
        journal(*pair)
    on_disk = {}
    for number in range(1, MEASURED + 1):
        journal(*event(number))
        on_disk[number] = time.perf_counter()
        time.sleep(INTERVAL_S)
    journal(*stop)
    for thread in threads:
        thread.join()
    for watcher in everyone:
        watcher.close()
    page.stop()
    journal.close()
    return [max(times[number] for times in arrived) - on_disk[number] for number in on_disk]


def write(journal: Journal, pairs: Any) -> None:
    """Append documents."""
    for pair in pairs:
        journal(*pair)


if __name__ == "__main__":
    main()
