"""The files of version 0.1 are read for ever: whatever is changed, `journals_of_0_1` must give `expected.json`.

The folder was written at the demo beamline: a scan, a grid, a fly scan, a scan with a camera, a count with alarms, a
scan whose console was killed, and the run that continues it. The names of the computer and its folder were changed.
Neither the folder nor what is expected of it is ever written again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from beamshell.store import ConsoleLog, Runs, close_open_runs
from beamshell.store.engine_calls import moves
from beamshell.store.exports.exporting import export

SAMPLE = Path(__file__).parent / "journals_of_0_1"
RECORDED = "/beamline/data"
EXPECTED = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old") / "data"
    shutil.copytree(SAMPLE, folder)
    runs = Runs(folder)
    runs.roots[RECORDED] = str(folder)
    yield runs
    runs.index.close()


def plain(table):
    """A table as JSON has it."""
    columns = {name: [None if cell is np.ma.masked else cell for cell in table[name].tolist()] for name in table}
    return {"columns": columns, "units": dict(table.units)}


def account(run):
    """What is known of a run, as JSON has it."""
    return {
        "scan_id": run.scan_id,
        "uid": run.uid,
        "time": run.start["time"],
        "sample": run.start.get("sample"),
        "command": run.start.get("command"),
        "exit status": run.exit_status,
        "reason": run.stop["reason"],
        "points": dict(run.num_events),
        "tables": {stream: plain(run.table(stream)) for stream in run.streams},
        "settings": {device: dict(settings) for device, settings in run.config.items()},
        "parts": [part.scan_id for part in run.parts],
        "whole": plain(run.whole()) if "primary" in run.streams else None,
        "images": {
            key: [[list(picture.shape), int(picture.sum()), picture[0, :4].tolist()] for picture in run.images(key)]
            for key in run.image_keys
        },
    }


@pytest.mark.parametrize("number", [int(number) for number in EXPECTED])
def test_a_run_of_0_1_has_what_it_had(runs, number):
    assert json.loads(json.dumps(account(runs[number]))) == EXPECTED[str(number)]


def test_the_runs_are_listed_and_found_in_their_order(runs):
    numbers = [run.scan_id for run in runs]
    assert [str(number) for number in numbers] == list(EXPECTED)
    assert repr(runs).count("scan det th -1 1 9") == 2
    assert [run.scan_id for run in runs.search(sample="LaB6")] == numbers
    assert runs.index.rebuild() == len(numbers)
    assert [run.scan_id for run in runs] == numbers
    assert runs.continuation_of(runs[6]).scan_id == 7


def test_nothing_in_it_is_open_or_damaged(runs, caplog):
    assert close_open_runs(runs.folder, open_files=runs.open_files()) == []
    for run in runs:
        assert list(run.documents())[-1][0] == "stop"
    assert caplog.text == ""


def test_its_runs_are_exported(runs, tmp_path):
    (path,) = export(runs[1], "csv", tmp_path)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "seq_num,time [s],det [counts],th [deg],th_user_setpoint [deg]",
        "1,1795909970.8533056,18.0,-1.0,-1.0",
        "2,1795909972.0108716,1616.0,0.0,0.0",
        "3,1795909973.1698964,24.0,1.0,1.0",
    ]


def test_its_console_log_tells_the_moves(runs):
    log = ConsoleLog(runs.folder)
    newest = [(move.device, move.target, move.scan) for move in moves(log.newest_first())][:3]
    assert newest == [("th", 1.0, 7), ("th", -1.0, 6), ("samx", 0.0, 4)]
