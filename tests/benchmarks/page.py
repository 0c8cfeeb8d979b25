"""The watch page: until one who joins late sees the run, and until a point on disk is in the browser.

The first is measured in chromium, from the address to the drawing; the second at a watcher that reads as a browser
does, beside others.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from measure import machine, table, verdict, with_range

sys.path.insert(0, str(Path(__file__).parent.parent))

from watch_browser import browser, wait_until
from watch_page import Page, Watcher

from beamshell.store import Journal

LATE_S = {101: 0.4, 100_000: 0.6}
"""Seconds that a late join may take, by number of points."""
LAG_S = 0.15
WATCHERS = ((1, 0), (50, 0), (50, 1))  # and how many of them hang
ROUNDS = 9
MEASURED = 3000
RATE = 1000
"""Points a second."""
DRAWN = "(performance.getEntriesByName('drawn')[0] || {}).startTime"


def main() -> None:
    """Measure both."""
    print(machine())
    late_joins()
    lags()


def late_joins() -> None:
    """Who joins late."""
    lines = []
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as driver:
        for points, most_s in LATE_S.items():
            with tempfile.TemporaryDirectory() as folder:
                seconds = late_join(Path(folder), points, driver)
            goal = verdict(sorted(seconds)[ROUNDS // 2], at_most=most_s)
            lines.append([f"{points} points", with_range(seconds), goal])
    table("From the address to the drawing of an open run, in chromium", ["", "seconds", "goal (s)"], lines)


def lags() -> None:
    """Who watches all the time."""
    lines = []
    for watchers, hanging in WATCHERS:
        with tempfile.TemporaryDirectory() as folder:
            seconds = lag(Path(folder), watchers, hanging)
        slow = sorted(seconds)[len(seconds) * 95 // 100]
        goal = verdict(slow, at_most=LAG_S)
        lines.append(
            [f"{watchers} watching, {hanging} of them hanging", with_range(seconds), f"{slow * 1e3:.0f} ms", goal]
        )
    title = f"From a point on disk to its arrival at a watcher, at {RATE} points a second"
    table(title, ["", "median", "95 of 100 within", "goal (s)"], lines)


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


def lag(folder: Path, watchers: int, hanging: int) -> list[float]:
    """Seconds from the moment when a point is on disk to its arrival at one of so many watchers, of whom some hang."""
    head, event, stop = documents(MEASURED)
    journal = Journal(folder)
    with page_process(folder) as port, others(port, watchers - 1, hanging):
        watcher = Watcher(SimpleNamespace(port=port))
        watcher.read()
        arrived: dict[int, float] = {}

        def look() -> None:
            while not (watcher.now["run"] and watcher.now["run"]["end"]):
                watcher.read()
                plot = watcher.now["run"] and watcher.now["run"]["plot"]
                for number in range(len(arrived) + 1, len(plot["points"][0]) + 1 if plot else 0):
                    arrived[number] = time.perf_counter()

        thread = threading.Thread(target=look)
        thread.start()
        write(journal, head)
        on_disk, began = {}, time.perf_counter()
        for number in range(1, MEASURED + 1):
            journal(*event(number))
            on_disk[number] = time.perf_counter()
            time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        journal(*stop)
        thread.join()
        watcher.close()
    journal.close()
    return [arrived[number] - on_disk[number] for number in on_disk]


@contextmanager
def page_process(folder: Path) -> Iterator[int]:
    """A page in a process of its own; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = [sys.executable, "-m", "beamshell", "watch", "--page", f"--port={port}", f"--data={folder}"]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        with socket.socket() as connection:
            while connection.connect_ex(("127.0.0.1", port)):
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def others(port: int, number: int, hanging: int) -> Iterator[None]:
    """So many other watchers; they take what comes, and look at none of it; the first ones hang, and take nothing."""
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        for place in range(number):
            connection = stack.enter_context(socket.socket())
            if place < hanging:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # soon full
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if place >= hanging:
                selector.register(connection, selectors.EVENT_READ)
        is_over = threading.Event()

        def drain() -> None:
            while not is_over.is_set():
                for key, _ in selector.select(0.1):
                    key.fileobj.recv(1 << 20)

        thread = threading.Thread(target=drain)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


def write(journal: Journal, pairs: Any) -> None:
    """Append documents."""
    for pair in pairs:
        journal(*pair)


if __name__ == "__main__":
    main()
