"""CSV: every value of a run is in it, and is read back as it was."""

from __future__ import annotations

import csv
import json
import math

import pandas as pd
import pytest

from beamshell.store import Run
from beamshell.store.exports.exporting import export


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_each_stream_is_a_file_with_units_in_its_first_line(run_of, tmp_path):
    run = run_of(
        primary=({"th": "deg", "det": ""}, [{"th": 0.1, "det": 5}]), baseline=({"ring": "mA"}, [{"ring": 1.0}])
    )
    primary, baseline = export(run, "csv", tmp_path / "out")
    assert [path.name for path in (primary, baseline)] == [f"{run.path.stem}_{s}.csv" for s in ("primary", "baseline")]
    assert rows(primary)[0] == ["seq_num", "time [s]", "th [deg]", "det"]
    assert rows(primary)[1][::2] == ["1", "0.1"]
    assert rows(baseline)[0][2:] == ["ring [mA]"]


def test_numbers_and_texts_are_read_back_exactly(run_of, tmp_path):
    values = [0.1 + 0.2, 1e-300, math.inf, 2**70, 'a "b", c\nd', "Größe µ", True]
    run = run_of(primary=({f"k{i}": "" for i in range(len(values))}, [{f"k{i}": v for i, v in enumerate(values)}]))
    cells = rows(export(run, "csv", tmp_path)[0])[1][2:]
    assert cells == [str(value) for value in values]


def test_a_value_that_is_missing_is_an_empty_cell_and_the_others_stay_exact(made, write, tmp_path):
    start = made.start(12)
    keys = {key: {"source": "", "dtype": "integer", "shape": [], "dtype_numpy": "<u8"} for key in ("det", "mon")}
    descriptor = made.descriptor(start[1], "primary", keys=list(keys), data_keys=keys)
    events = [made.event(descriptor[1], 1, det=2**64 - 1, mon=1), made.event(descriptor[1], 2, mon=2)]
    path = export(Run(write([start, descriptor, *events, made.stop(start[1])])), "csv", tmp_path)[0]
    assert [row[2:] for row in rows(path)] == [["det", "mon"], [str(2**64 - 1), "1"], ["", "2"]]


def test_a_key_of_a_later_descriptor_is_a_column_too(made, write, tmp_path):
    start = made.start(12)
    first, second = made.descriptor(start[1], keys=["det"]), made.descriptor(start[1], keys=["det", "mon"])
    events = [made.event(first[1], 1, det=1), made.event(second[1], 2, det=2, mon=3)]
    path = export(Run(write([start, first, events[0], second, events[1]])), "csv", tmp_path)[0]
    assert [row[2:] for row in rows(path)] == [["det", "mon"], ["1", ""], ["2", "3"]]


def test_a_point_that_was_measured_again_is_there_once_as_measured_last(made, write, tmp_path):
    start = made.start(12)
    descriptor = made.descriptor(start[1])
    events = [made.event(descriptor[1], number, det=value) for number, value in ((1, 1), (2, 2), (2, 3), (3, 4))]
    path = export(Run(write([start, descriptor, *events, made.stop(start[1])])), "csv", tmp_path)[0]
    assert [row[::2] for row in rows(path)[1:]] == [["1", "1"], ["2", "3"], ["3", "4"]]


@pytest.mark.parametrize("value", [[1, 2], [[1.5, 2.0], [3.0, 4.0]], {"a": 1}, ["Open", "é"]])
def test_an_array_is_written_as_json(run_of, tmp_path, value):
    run = run_of(primary=({"det": "", "spectrum": ""}, [{"det": 1, "spectrum": value}]))
    cell = rows(export(run, "csv", tmp_path)[0])[1][3]
    assert json.loads(cell) == value


def test_a_key_that_has_the_name_of_an_own_column_is_another_column(run_of, tmp_path):
    run = run_of(primary=({"time": "h"}, [{"time": 7}]))
    heading, row = rows(export(run, "csv", tmp_path)[0])
    assert heading == ["seq_num", "time [s]", "time_ [h]"]
    assert row[::2] == ["1", "7"]


def test_a_value_with_an_alarm_is_named_in_its_line(made, write, tmp_path):
    start = made.start(12)
    primary = made.descriptor(start[1], keys=["det", "ring"])
    alarms = made.descriptor(start[1], "alarms", keys=["stream", "point", "key", "severity", "event"])
    points = [made.event(primary[1], number, det=number, ring=9) for number in (1, 2)]
    mark = {"stream": "primary", "point": 2, "key": "ring", "severity": "MAJOR", "event": points[1][1]["uid"]}
    documents = [start, primary, points[0], alarms, made.event(alarms[1], 1, **mark), points[1]]
    path = export(Run(write(documents)), "csv", tmp_path)[0]
    assert [row[2:] for row in rows(path)] == [["det", "ring", "alarms"], ["1", "9", ""], ["2", "9", "ring MAJOR"]]


def test_with_a_header_the_metadata_stand_above_the_table_and_pandas_skips_them(run_of, tmp_path):
    run = run_of(md={"sample": "LaB6\n660c", "shape": [2, 3]}, primary=({"det": ""}, [{"det": 1}]))
    (path,) = export(run, "csv", tmp_path, header=True)
    lines = path.read_text("utf-8").splitlines()
    assert {"# sample: LaB6 660c", "# shape: [2,3]", "# scan_id: 12"} <= set(lines)
    assert pd.read_csv(path, comment="#")["det"].tolist() == [1]


def test_a_run_still_open_is_exported_as_far_as_it_is(run_of, tmp_path):
    run = run_of(closed=False, primary=({"det": ""}, [{"det": 1}, {"det": 2}]))
    assert len(rows(export(run, "csv", tmp_path)[0])) == 3


def test_a_run_without_streams_makes_no_file(run_of, tmp_path):
    assert export(run_of(), "csv", tmp_path) == []


def test_a_stream_is_exported_whatever_its_name(run_of, tmp_path):
    names = ["../a/b", "\udc00", "x" * 300, "x" * 299 + "y"]
    paths = export(run_of(**{name: ({"det": ""}, [{"det": 1}]) for name in names}), "csv", tmp_path / "out")
    assert {path.parent for path in paths} == {tmp_path / "out"}
    assert len({path for path in paths if path.exists()}) == len(names)
