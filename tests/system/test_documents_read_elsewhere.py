"""The runs of every command that measures are read by what others read runs with, and have the values that ours have.

Others are event-model's schemas, bluesky's readers of files, and Tiled's catalogue by way of bluesky's writer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import document_rules
import pytest
from bluesky.callbacks.json_writer import JSONWriter
from terminal import QUICK, environment

from beamshell.shell.commands import commands
from beamshell.store import Run
from beamshell.store.runs import Runs

_SPEED = 20
_HOME = "mov th 0 tth 0 samx 0 samy 0"
MEASURING = (
    "scan det th -1 1 3", "scan cam samx -2 2 3", "scan mca th 0 1 2", "rscan det th -1 1 3",
    "grid cam samy -1 1 2 samx -2 2 3", "fscan th -1 1 6 3", "ascan th -1 1 4 0.1", "dscan th -1 1 4 0.1",
    "a2scan th 0 1 tth 0 2 4 0.1", "d2scan th -1 1 tth -2 2 4 0.1", "mesh cam samx -2 2 2 samy -1 1 1 0.1",
    "dmesh det samx -2 2 2 samy -1 1 1 0.1", "th2th -2 2 4 0.1", "lineup th -1 1 20 0.1", "loopscan 3 0.1",
    "regions th -1:0:0.5 0:1:0.25", "xafs mono.energy 8979 -20:20:10 k_max=3 time=0.1", "tscan det 0.3 0.1", _HOME,
    "align th -1 1 21", _HOME, "edge samx -4 0 41 0.1", _HOME, "knife samx -4 0 41 0.1", "redo",
    "queue add sample=Si scan th -1 1 3", "queue run",
)  # fmt: skip
ENDED_EARLY = """
_trigger, _left = det.trigger, [2]
def trigger(): _left[0] -= 1; return _trigger() if _left[0] >= 0 else 1/0

det.trigger = trigger
try: scan(det, th, -1, 1, 5)
except BaseException: pass

del det.trigger
continue
RE(bpp.baseline_wrapper(bpp.monitor_during_wrapper(bp.count([det, cam], 3, 0.1), [th.user_readback]), [samx]))
import threading; threading.Timer(0.5, RE.stop).start()
timescan 0.1
"""
NO_RUN = {"mov", "movr", "umv", "umvr", "home", "state", "cen", "peak", "com", "back", "goscan", "watchpv", "ct"}
"""Plans that only move, wait, or show what they read."""
RUNS_OTHERS = {"do", "every"}
"""They run other commands, whose runs are like any."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a console in which each command has measured."""
    folder = tmp_path_factory.mktemp("data")
    done = subprocess.run(
        [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={_SPEED}"],
        env=environment(folder),
        input="\n".join(MEASURING) + ENDED_EARLY,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    print(done.stdout[-2000:], done.stderr[-2000:])
    return folder


@pytest.fixture(scope="module")
def runs(data: Path) -> Iterator[list[Run]]:
    runs = Runs(data)
    yield list(runs[:])
    runs.index.close()


def test_each_command_that_measures_has_made_a_run(runs: list[Run]) -> None:
    measured = {str(run.start.get("command", "")).split()[0] for run in runs if run.start.get("command")}
    aliases = {commands()[word].name for word in measured}
    ours = {commands()[name].name for name in commands() if commands()[name].runs_a_plan}
    assert ours - aliases - NO_RUN - RUNS_OTHERS - {"redo", "continue"} == set()
    assert {run.exit_status for run in runs} == {"success", "fail"}
    assert any("continues" in str(run.start) for run in runs)


def test_event_models_schemas_accept_each_document(runs: list[Run]) -> None:
    for run in runs:
        document_rules.check(run.documents())


def test_blueskys_json_writer_takes_the_documents_of_a_run_on_disk(runs: list[Run], tmp_path: Path) -> None:
    for run in runs:
        writer = JSONWriter(str(tmp_path))
        for name, doc in run.documents():
            writer(name, doc)
        written = json.loads((tmp_path / str(writer.filename)).read_text())
        assert [entry["doc"] for entry in written] == [doc for _, doc in run.documents()]


def test_blueskys_readers_of_files_and_tiled_have_the_values_that_our_tables_have(runs: list[Run], data: Path) -> None:
    program = Path(__file__).with_name("foreign_readers.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program, data], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    assert read["differences"] == []
    assert read["frames"] > 10
    assert read["columns"] > 50
