"""Python calls and files of `scan det th -1 1 3` in the console: before the first point, and for each further point.

Run by hand: `python tests/benchmarks/calls.py [number of lines to list]`. The interpreter that runs it chooses the tree
that is measured, so an older worktree is measured with its own interpreter.
"""

from __future__ import annotations

import collections
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCAN = "scan det th -1 1 3"
WORDS = ["--Beamshell.demo_ioc=True", "--Beamshell.plots=none", "--Beamshell.demo_ioc_speed=10"]

IN_THE_CONSOLE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from calls import traced
for when in ('first scan of the session', 'second scan'):
    traced(lambda: get_ipython().run_cell({SCAN!r}), RE, when, {{lines}})

"""


class Calls:
    """Calls of Python functions in the main thread, by room (package) and function, in phases.

    A phase ends when an event document is emitted; the first phase is the time before the first point.
    """

    def __init__(self) -> None:
        self.phases: list[collections.Counter[tuple[str, str]]] = [collections.Counter()]

    def __call__(self, frame: Any, event: str, _: Any) -> None:
        if event == "call":
            code = frame.f_code
            self.phases[-1][code.co_filename, code.co_qualname] += 1

    def end_phase(self, *_: Any) -> None:
        """An event document was emitted."""
        self.phases.append(collections.Counter())


def traced(work: Callable[[], object], engine: Any, title: str, lines: int) -> None:
    """Run `work`, and print how many calls it made before the first point and for each further one."""
    calls = Calls()
    token = engine.subscribe(calls.end_phase, "event")
    sys.setprofile(calls)
    try:
        work()
    finally:
        sys.setprofile(None)
        engine.unsubscribe(token)
    before, *points, _after = calls.phases
    point = sum(points, collections.Counter())
    for phase, counter, units in (("before the first point", before, 1), ("a point", point, len(points))):
        files = {name for name, _ in counter if f"{os.sep}beamshell{os.sep}" in name}
        ours = sum(number for (name, _), number in counter.items() if name in files)
        print(
            f"RESULT {title}, {phase}: {counter.total() / units:.0f} calls, "
            f"{ours / units:.0f} of them in {len(files)} files of beamshell"
        )
        rooms: collections.Counter[str] = collections.Counter()
        for (name, _), number in counter.items():
            if name in files:
                rooms[name.rpartition(f"{os.sep}beamshell{os.sep}")[2].partition(os.sep)[0]] += number
        print("RESULT   by room:", ", ".join(f"{room} {number / units:.0f}" for room, number in rooms.most_common(9)))
        for (name, function), number in counter.most_common(lines):
            print(f"RESULT   {number / units:7.1f}  {Path(name).parent.name}/{Path(name).name} {function}")


def main() -> None:
    """Start a console on the demo beamline, let it trace itself, and print what it says."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with tempfile.TemporaryDirectory(prefix="beamshell-benchmark-") as home:
        places = {"HOME": home, "IPYTHONDIR": f"{home}/ipython", "BEAMSHELL_DATA": f"{home}/data", "MPLBACKEND": "agg"}
        own = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS_", "PYEPICS"))}
        finished = subprocess.run(
            [sys.executable, "-m", "beamshell", *WORDS],
            env=own | places,
            input=IN_THE_CONSOLE.format(lines=lines),
            capture_output=True,
            text=True,
            check=True,
        )
    results = [line.removeprefix("RESULT ") for line in finished.stdout.splitlines() if line.startswith("RESULT")]
    print("\n".join(results) or finished.stdout + finished.stderr)


if __name__ == "__main__":
    main()
