"""A run is exported and read with the format's own library: every value is as it was measured."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from document_rules import validate
from hypothesis import given, settings
from random_runs import RandomRun, interleaved_runs, stored
from silx.io.specfile import SpecFile

from beamshell.documents.points import NO_POINTS
from beamshell.store.encoding import from_json
from beamshell.store.exports.exporting import export
from beamshell.store.exports.spec_text import names_in_ascii, number_text

EXAMPLES = settings(max_examples=15, deadline=None)


def exports_of(runs: tuple[list[RandomRun], list], format: str, folder: Path):
    """Each run, and by stream (or "" for the whole run) its file."""
    made_up, documents = runs
    with stored(documents) as by_uid:
        for run in made_up:
            paths = export(by_uid[run.uid], format, folder, name=str(by_uid[run.uid].scan_id))
            yield run, {path.stem.partition("_")[2]: path for path in paths}


def same(one, other) -> bool:
    """Equal values; NaN is NaN, and a number is the same number whatever its type."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def text(value: str) -> str:
    """As it is in UTF-8, which has no halves of characters."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


FROM_CSV = {
    "number": lambda cell: float(cell) if cell else None,
    "integer": int,
    "boolean": {"True": True, "False": False}.get,
    "string": str,
    "spectrum": json.loads,
    "ragged": json.loads,
    "picture": json.loads,
}


@EXAMPLES
@given(interleaved_runs())
def test_csv(runs):
    with tempfile.TemporaryDirectory() as folder:
        for run, files in exports_of(runs, "csv", Path(folder)):
            assert files.keys() == run.points.keys()
            for stream, path in files.items():
                with path.open(encoding="utf-8", newline="") as file:
                    heading, *rows = csv.reader(file)
                names = [text(f"{key} [{unit}]" if unit else key) for key, unit in run.units[stream].items()]
                own = {"time": "time_", **{f"time [{unit}]": f"time_ [{unit}]" for unit in run.units[stream].values()}}
                assert heading == ["seq_num", "time [s]", *(own.get(name, name) for name in names)]
                assert [int(row[0]) for row in rows] == sorted(run.points[stream])
                for row in rows:
                    for cell, (key, value) in zip(row[2:], run.points[stream][int(row[0])].items(), strict=True):
                        value = text(value) if isinstance(value, str) else value
                        assert same(FROM_CSV[run.kinds[stream][key]](cell), value)


@EXAMPLES
@given(interleaved_runs())
def test_json_lines(runs):
    with tempfile.TemporaryDirectory() as folder:
        for run, files in exports_of(runs, "jsonl", Path(folder)):
            pairs = [from_json(line) for line in files[""].read_text("ascii").splitlines()]
            for (name, doc), (expected_name, expected) in zip(pairs, run.documents, strict=True):
                assert name == expected_name
                assert json.dumps(doc) == json.dumps(expected)
                validate(name, doc)


@EXAMPLES
@given(interleaved_runs())
def test_parquet(runs):
    with tempfile.TemporaryDirectory() as folder:
        for run, files in exports_of(runs, "parquet", Path(folder)):
            assert files.keys() == run.points.keys()
            for stream, path in files.items():
                table, points = pq.read_table(path), run.points[stream]
                assert table["seq_num"].to_pylist() == sorted(points)
                assert json.loads(table.schema.metadata[b"start"]) == run.documents[0][1]
                assert (b"stop" in table.schema.metadata) is (run.status is not None)
                for key, unit in run.units[stream].items():
                    name = text(f"{key}_" if key == "time" else key)
                    about = {word: value.decode() for word, value in (table.field(name).metadata or {}).items()}
                    assert about.get(b"units", "") == unit
                    values = table[name].to_pylist()
                    if about.get(b"form") == "json":
                        values = [None if value is None else json.loads(value) for value in values]
                    for value, number in zip(values, sorted(points), strict=True):
                        expected = points[number][key]
                        assert same(value, expected) or (value != value and expected is None)
                assert len(pd.read_parquet(path)) == len(pl.read_parquet(path)) == len(points)


@EXAMPLES
@given(interleaved_runs())
def test_spec(runs):
    with tempfile.TemporaryDirectory() as folder:
        for run, files in exports_of(runs, "spec", Path(folder)):
            scans = list(SpecFile(str(files[""])))
            streams = sorted((one for one in run.points if one not in NO_POINTS), key=lambda one: one != "primary")
            assert len(scans) == max(1, len(streams))
            assert {scan.number for scan in scans} == {run.documents[0][1]["scan_id"]}
            for scan, stream in zip(scans, streams, strict=False):
                hold_scan(scan, run, stream)


def hold_scan(scan, run: RandomRun, stream: str) -> None:
    kinds = run.kinds[stream]
    keys = [key for key, kind in kinds.items() if kind in ("number", "integer", "boolean")]
    points = [run.points[stream][number] for number in sorted(run.points[stream])]
    labels = names_in_ascii(keys, taken=["Epoch"])
    assert scan.labels == ["Epoch", *labels]
    if not points:
        assert scan.data.size == 0
        return
    assert scan.data.shape == (1 + len(keys), len(points))
    for column, key in zip(scan.data[1:], keys, strict=True):
        np.testing.assert_array_equal(column, [as_read(point[key]) for point in points])
    spectra = [point[key] for point in points for key, kind in kinds.items() if kind in ("spectrum", "ragged")]
    assert len(scan.mca) == len(spectra)
    for number, spectrum in enumerate(spectra):
        np.testing.assert_array_equal(scan.mca[number], [as_read(value) for value in spectrum])
    aborted = any("aborted" in line for line in scan.header if line.startswith("#C"))
    assert aborted is (run.status in ("abort", "fail"))


def as_read(value: float | None) -> float:
    """What SPEC's readers can know of a value: what is missing or NaN is infinite."""
    return math.inf if value is None or value != value else float(number_text(value))
