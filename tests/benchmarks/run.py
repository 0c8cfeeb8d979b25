"""All benchmarks, or those named: `python tests/benchmarks/run.py [engine] [calls] ...`.

Each runs in a process of its own. Nothing here is part of the test suite.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = (
    "engine",
    "reading",
    "ca",
    "updates",
    "network",
    "console",
    "points",
    "rehearsal",
    "calls",
    "journal",
    "live",
    "page",
    "tables",
    "search",
    "followers",
)


def main(names: list[str]) -> None:
    for name in names or NAMES:
        if name not in NAMES:
            sys.exit(f"no benchmark {name!r}: there are {', '.join(NAMES)}")
        print(f"\n## {name}\n", flush=True)
        subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
