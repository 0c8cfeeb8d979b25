"""Runs of the demo beamline are exported at the prompt, and from another terminal while a scan runs."""

from __future__ import annotations

import csv

from silx.io.specfile import SpecFile

from beamshell.shell.launch import main
from beamshell.store import Runs


def test_a_scan_is_exported_while_it_runs_and_when_it_has_ended(open_console, data, tmp_path, capfd):
    console = open_console(speed=3.0)
    start = console.begin("scan det th -1 1 21 0.1")
    console.wait_for_point(3, start)
    outside = ["export", "--data", str(data), "--to", str(tmp_path / "out")]
    assert main([*outside, "spec", "-1", "--name", "{scan_id:06d}"]) == 0
    assert "run 1 is still open: this is what it has now" in capfd.readouterr().out
    (scan,) = SpecFile(str(tmp_path / "out" / "000001.spec"))
    assert 3 <= scan.data.shape[1] <= 21
    console.wait_for_prompt(start)

    table = Runs(data)[1].table()
    assert "exports/000001" in console.do("export csv name={scan_id:06d}")
    with (data / "exports" / "000001_primary.csv").open(newline="") as file:
        assert [float(row["det [counts]"]) for row in csv.DictReader(file)] == table["det"].tolist()
    assert "exists already" in console.do("export csv name={scan_id:06d}")
    assert "no run with nothing" in console.do("export csv nothing")
    console.do("loopscan 2 0.1")
    assert "2 runs: 1 file in" in console.do(f"export spec 1..2 {tmp_path}/out")
    (day,) = (tmp_path / "out").glob("20*.spec")
    assert SpecFile(str(day)).keys() == ["1.1", "2.1"]
    assert SpecFile(str(day))[0].data_column_by_name("det").tolist() == table["det"].tolist()
    assert console.leave() == 0
