"""Runs are exported one after the other; one that fails is named, and nothing of anybody's is overwritten."""

from __future__ import annotations

import errno
import json
import math
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from document_rules import validate
from tiny_package import installed

from beamshell.errors import ConfigError, StoreError, UnknownName, UsageError
from beamshell.store import Run
from beamshell.store.amendments import Amendments
from beamshell.store.exports.csv_files import CsvWriter
from beamshell.store.exports.exporting import export, exported
from beamshell.store.exports.formats import format_names

POINT = {"primary": ({"det": ""}, [{"det": 1}])}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_several_runs_are_exported_in_their_order(run_of, tmp_path):
    runs = [run_of(scan_id=number, **POINT) for number in (12, 13)]
    begun = []
    results = list(exported(runs, "csv", tmp_path / "out", begin=begun.append))
    assert begun == [result.run for result in results] == runs
    assert [path.name for result in results for path in result.paths] == names(tmp_path / "out")


def test_runs_whose_names_are_the_same_are_refused_before_anything_is_written(run_of, tmp_path):
    runs = [run_of(scan_id=number, md={"sample": sample}, **POINT) for number, sample in ((1, "Si"), (2, "si"))]
    with pytest.raises(UsageError, match=r"'\{sample\}' is the same name for run 1, run 2: add \{scan_id\} to it"):
        export(runs, "csv", tmp_path / "out", name="{sample}")
    assert not (tmp_path / "out").exists()


def test_a_run_that_fails_is_named_and_the_others_go_on(run_of, tmp_path):
    runs = [run_of(scan_id=number, **POINT) for number in (1, 2, 3)]
    runs[1].path.write_text('["event",{}]\n')
    results = list(exported(runs, "csv", tmp_path / "out"))
    assert [bool(result.paths) for result in sorted(results, key=lambda one: runs.index(one.run))] == [
        True,
        False,
        True,
    ]
    (error,) = [result.error for result in results if result.error]
    assert runs[1].path.name in str(error)


def test_a_damaged_document_is_left_out_by_name_and_the_rest_is_exported(run_of, tmp_path, caplog):
    run = run_of(closed=False, **POINT)
    with run.path.open("a") as file:
        file.write('["descriptor",{"uid":"x","data_keys":7}]\n')
    (path,) = export(run, "csv", tmp_path / "out")
    assert len(path.read_text().splitlines()) == 2
    assert "this line is damaged (descriptor without a usable 'data_keys')" in caplog.text


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet", "spec"])
@pytest.mark.parametrize("moment", [math.nan, 1e300, None, "noon"])
def test_an_impossible_time_is_an_error_of_its_run_or_is_written_as_it_is(run_of, tmp_path, format, moment):
    run = run_of(md={"count_time": moment}, **POINT)
    run.path.write_text(re.sub(r'"time":[^,}]+', f'"time":{json.dumps(moment)}', run.path.read_text()))
    (result,) = exported(Run(run.path), format, tmp_path / "out")
    assert bool(result.paths) is (result.error is None)
    assert result.error is None or "run 12 cannot be exported" in str(result.error)


def test_a_file_that_exists_is_never_overwritten_unless_that_is_wanted(run_of, tmp_path):
    run = run_of(**POINT)
    (path,) = export(run, "csv", tmp_path)
    path.write_text("mine")
    with pytest.raises(StoreError, match=r"primary\.csv exists already: add replace=yes"):
        export(run, "csv", tmp_path)
    assert path.read_text() == "mine"
    export(run, "csv", tmp_path, replace=True)
    assert path.read_text() != "mine"


def test_a_folder_that_cannot_be_made_is_named(run_of, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"run 12 cannot be exported: .*file: "):
        export(run_of(**POINT), "csv", tmp_path / "file")


@pytest.mark.parametrize("format", ["csv", "spec"])
def test_a_full_disk_leaves_no_half_file(run_of, tmp_path, monkeypatch, format):
    def refuse(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    runs = [run_of(scan_id=number, **POINT) for number in (1, 2)]
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        results = list(exported(runs, format, tmp_path / "out"))
    assert [str(result.error).partition(":")[0] for result in results] == [
        "run 1 cannot be exported",
        "run 2 cannot be exported",
    ]
    assert names(tmp_path / "out") == []


def test_an_interrupted_export_leaves_the_runs_before_it_whole(run_of, tmp_path, monkeypatch):
    runs = [run_of(scan_id=number, **POINT) for number in (1, 2)]
    write = CsvWriter.event

    def press(self, descriptor, event):
        if self._outline.metadata["scan_id"] == 2:
            raise KeyboardInterrupt
        write(self, descriptor, event)

    monkeypatch.setattr(CsvWriter, "event", press)
    with pytest.raises(KeyboardInterrupt):
        export(runs, "csv", tmp_path / "out")
    assert [name[:6] for name in names(tmp_path / "out")] == ["000001"]


def test_what_a_run_gets_while_it_is_exported_is_left_for_the_next_time(run_of, made, write, tmp_path, monkeypatch):
    run = run_of(closed=False, **POINT)
    (descriptor,) = run.descriptors
    begin = CsvWriter.descriptor

    def measure(self, doc):
        begin(self, doc)
        write([made.event(descriptor, 2, det=7)])

    monkeypatch.setattr(CsvWriter, "descriptor", measure)
    assert len(export(run, "csv", tmp_path / "out")[0].read_text().splitlines()) == 2
    monkeypatch.undo()
    assert run.num_events["primary"] == 2


@pytest.mark.parametrize(
    ("format", "message"), [("cvs", r"no format 'cvs': did you mean csv\?"), ("nothing", "no format")]
)
def test_an_unknown_format_is_refused(run_of, tmp_path, format, message):
    with pytest.raises(UnknownName, match=message):
        export(run_of(), format, tmp_path)


def test_an_option_that_a_format_does_not_have_is_refused(run_of, tmp_path):
    with pytest.raises(UsageError, match="spec has no option header"):
        export(run_of(), "spec", tmp_path, header=True)


# ---- formats of other packages -------------------------------------------------------------------


@pytest.fixture
def package(tmp_path):
    """An installed package that adds the exporters npy and broken."""
    source = (
        "import numpy\n"
        "def export(run, folder):\n"
        "    path = folder / f'{run.scan_id}.npy'\n"
        "    numpy.save(path, run.table()['det'])\n"
        "    return [path]\n"
    )
    entries = {"npy": "export", "csv": "export", "broken": "nothing"}
    with installed(tmp_path, "npy_export", source, {"beamshell.exporters": entries}):
        yield


def test_a_package_adds_a_format_and_replaces_none(package, run_of, tmp_path):
    assert {"csv", "npy", "broken"} <= set(format_names())
    (path,) = export(run_of(primary=({"det": ""}, [{"det": 1}, {"det": 4}])), "npy", tmp_path)
    np.testing.assert_array_equal(np.load(path), [1, 4])
    assert export(run_of(**POINT), "csv", tmp_path)[0].suffix == ".csv"


def test_a_format_that_cannot_be_loaded_is_named_with_its_package(package, run_of, tmp_path):
    with pytest.raises(ConfigError, match="the package npy_export cannot add 'broken'"):
        export(run_of(), "broken", tmp_path)


def test_a_package_names_its_files_itself(package, run_of, tmp_path):
    with pytest.raises(UsageError, match="npy names its files itself"):
        export(run_of(), "npy", tmp_path, name="{scan_id}")


# ---- what was said about a run later -------------------------------------------------------------


@pytest.fixture
def amended(run_of, tmp_path):
    """A run whose sample was corrected, with a comment."""
    run = run_of(md={"sample": "Si", "operator": "kate"}, **POINT)
    amendments = Amendments(tmp_path, clock=lambda: 1.7e9)
    amendments.add("set", run.uid, 12, "LaB6", key="sample", operator="kate")
    amendments.add("comment", run.uid, 12, "beam lost @ 3\nthen back", operator="tom")
    return Run(run.path, amendments=amendments)


def test_a_name_has_the_corrected_sample(amended, tmp_path):
    (path,) = export(amended, "csv", tmp_path / "out", name="{sample}")
    assert path.name == "LaB6_primary.csv"


def test_amendments_are_in_each_format(amended, tmp_path):
    ((csv,), (spec,), (jsonl,), (parquet,)) = (
        export(amended, format, tmp_path / "out", **options)
        for format, options in (("csv", {"header": True}), ("spec", {}), ("jsonl", {}), ("parquet", {}))
    )
    assert "# sample: LaB6" in csv.read_text().splitlines()
    assert any(line.startswith("# comment: beam lost @ 3 then back (tom") for line in csv.read_text().splitlines())
    assert "#C sample: LaB6\n" in spec.read_text()
    assert ".  comment by tom: beam lost (at) 3 then back\n" in spec.read_text()
    name, start = json.loads(jsonl.read_text().splitlines()[0])
    assert (start["sample"], start["recorded"]) == ("LaB6", {"sample": "Si"})
    assert [one["value"] for one in start["amendments"]] == ["LaB6", "beam lost @ 3\nthen back"]
    validate(name, start)
    facts = pq.read_schema(parquet).metadata
    assert json.loads(facts[b"start"])["sample"] == "LaB6"
    assert len(json.loads(facts[b"amendments"])) == 2
