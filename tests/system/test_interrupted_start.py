"""Ctrl+C while the console starts is one line, whatever it was doing, and nothing is left running."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beamshell.shell.profile import find_profile

SLEEPS = "import time\nprint('here', flush=True)\ntime.sleep(600)\n"
SLOW_IMPORT = """
import sys
import time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("here", flush=True)
            time.sleep(600)

sys.meta_path.insert(0, Slow())
"""
DEAF_IOC = """
from beamshell.ioc import network

def answers(name, port, timeout_s=0.0):
    print("here", flush=True)
    return False

network.answers = answers
"""
STAGES = {
    "the first import": ("site/sitecustomize.py", SLOW_IMPORT.format(module="beamshell.shell.launch")),
    "the configuration": ("profile_mine/ipython_config.py", SLEEPS),
    "the import of IPython": ("profile_mine/ipython_config.py", SLOW_IMPORT.format(module="IPython.terminal.ipapp")),
    "the start of the IOC": ("profile_mine/ipython_config.py", DEAF_IOC),
    "the import of a device": ("profile_mine/slow_lamps.py", SLEEPS),
    "a start-up file of the profile": ("profile_mine/startup/40-plans.py", SLEEPS),
    "a start-up file of one's own": ("data/startup/mine.py", SLEEPS),
}


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A copy of the demo profile, with one more device, whose class is in a module of the profile."""
    folder = tmp_path / "profile_mine"
    shutil.copytree(find_profile("demo"), folder)
    with (folder / "devices.yml").open("a") as file:
        file.write("lamp: {class: slow_lamps.Lamp}\n")
    (folder / "slow_lamps.py").write_text("from beamshell.devices import Device as Lamp\n")
    return folder


@pytest.mark.parametrize("stage", STAGES)
def test_a_press_while_the_console_starts_is_one_line(stage, profile, data, tmp_path):
    name, text = STAGES[stage]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text() if file.suffix == ".py" and file.exists() else ""
    file.write_text(text + before)
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("EPICS_", "PYEPICS"))}
    variables |= {"BEAMSHELL_DATA": str(data), "PYTHONPATH": str(tmp_path / "site")}
    console = subprocess.Popen(
        [sys.executable, "-m", "beamshell", "--profile", str(profile), "--Beamshell.plots=none", "-c", "wa"],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert console.stdout is not None
        assert console.stdout.readline() == "here\n"
        console.send_signal(signal.SIGINT)
        _, errors = console.communicate(timeout=60)
    finally:
        console.kill()
        console.wait()
    where = re.escape(f" in {file}:") + r"\d" if "start-up file" in stage else r"( in \S+)?"
    assert re.fullmatch(f"beamshell: interrupted{where}\n", errors), errors
    assert console.returncode in (130, -signal.SIGINT)  # a shell shows 130 for both
