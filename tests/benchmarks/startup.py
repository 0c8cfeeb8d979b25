"""Seconds to the prompt with 500 devices, all there or 100 of them offline.

Run it with `python tests/benchmarks/startup.py`.

An IOC plays the devices that are there (each a read-only number or a motor); the rest of the file has no IOC. A console
is opened with one command that ends it, turn by turn with all and without a hundred, so that a busy machine disturbs
both alike. What is timed is from the start of the process to its first command, less the wait for devices; and its
processor time until then.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measure import with_range

from beamshell.devices.simulation import simulation_of
from beamshell.ioc.process import DemoIoc

ROUNDS = 5
CONFIG = """
c = get_config()
c.InteractiveShellApp.extensions = ["beamshell"]
c.InteractiveShellApp.exec_files = ["00-session.py", "10-devices.py", "20-suspenders.py", "30-callbacks.py",
                                    "40-plans.py"]
c.Beamshell.name = "many"
c.Beamshell.devices_file = "devices.yml"
c.Beamshell.plots = "none"
"""
REPORT = (
    "import time; print('prompt after', time.time() - {began}, time.process_time()); "
    "print('devices', len(session.registry))"
)


def device_lines(absent: int) -> tuple[list[str], list[str]]:
    """The lines of those that are there, and of those that are not: 250 motors and 250 numbers in all."""
    here, there = [], []
    for number in range(500):
        prefix = "GONE" if number % 5 == 0 and number // 5 < absent else "HERE"
        cls, kind = ("motor", "m") if number % 2 == 0 else ("signal_ro", "v")
        line = (
            f'{kind}{number}: {{class: {cls}, prefix: "{prefix}:{kind}{number}", tags: [many], doc: number {number}}}'
        )
        (there if prefix == "GONE" else here).append(line)
    return here, there


def seconds_to_prompt(profile: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of the process until the prompt's first command runs, and its processor time."""
    command = REPORT.format(began=time.time())
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "beamshell", "--profile", str(profile)],
        env=environment,
        input=command + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"it ended with {done.returncode}: {done.stdout}{done.stderr}"
    assert "devices 500" in done.stdout, done.stdout
    prompt = re.search(r"prompt after ([\d.]+) ([\d.]+)", done.stdout)
    assert prompt is not None
    return float(prompt[1]), float(prompt[2])


def main() -> None:
    """Measure, and print a table of markdown."""
    with tempfile.TemporaryDirectory(prefix="beamshell-startup-") as name:
        folder = Path(name)
        profiles = {}
        for absent in (0, 100):
            profiles[absent] = folder / f"profile_{absent}"
            profiles[absent].mkdir()
            (profiles[absent] / "ipython_config.py").write_text(CONFIG)
            here, there = device_lines(absent)
            (profiles[absent] / "devices.yml").write_text("\n".join([*here, *there]) + "\n")
        facts, _ = simulation_of(profiles[0] / "devices.yml")
        (folder / "facts.json").write_text(json.dumps(facts))
        with DemoIoc.start(twin=folder / "facts.json") as ioc:
            ioc.wait_ready()
            compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            environment = {**compiled, **ioc.client_environment, "BEAMSHELL_DATA": str(folder / "data")}
            taken: dict[int, list[tuple[float, float]]] = {absent: [] for absent in profiles}
            for turn in range(ROUNDS + 1):
                for absent, profile in profiles.items():
                    seconds = seconds_to_prompt(profile, environment)
                    if turn:  # the first is for the caches
                        taken[absent].append(seconds)
    print("| 500 devices in the file | to the prompt: median (least - most) | of processor time |\n|---|---|---|")
    for absent, measured in taken.items():
        what = "all there" if not absent else f"{absent} of them offline"
        print(f"| {what} | {' | '.join(map(with_range, map(list, zip(*measured, strict=True))))} |")


if __name__ == "__main__":
    main()
