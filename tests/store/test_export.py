"""A run is exported as a file that other programs read, and nothing of anybody's is overwritten."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from tiny_package import installed

from beamshell.errors import ConfigError, StoreError
from beamshell.store import Run
from beamshell.store.export import export_csv, exporters


@pytest.fixture
def run_of(made, write):
    """A run from streams: ``run_of(primary=({"det": "deg"}, [{"det": 1}]))`` with units and points."""

    def run_of(closed=True, **streams):
        start = made.start(12)
        documents = [start]
        for stream, (units, points) in streams.items():
            keys = {key: {"source": "", "dtype": "number", "shape": [], "units": unit} for key, unit in units.items()}
            descriptor = made.descriptor(start[1], stream, keys=list(units), data_keys=keys)
            documents += [descriptor, *(made.event(descriptor[1], n + 1, **data) for n, data in enumerate(points))]
        return Run(write([*documents, *([made.stop(start[1])] if closed else [])]))

    return run_of


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_each_stream_is_a_file_with_units_in_its_first_line(run_of, tmp_path):
    run = run_of(
        primary=({"th": "deg", "det": ""}, [{"th": 0.1, "det": 5}]), baseline=({"ring": "mA"}, [{"ring": 1.0}])
    )
    primary, baseline = export_csv(run, tmp_path / "out")
    assert [path.name for path in (primary, baseline)] == [f"{run.path.stem}_{s}.csv" for s in ("primary", "baseline")]
    assert rows(primary)[0] == ["seq_num", "time [s]", "th [deg]", "det"]
    assert rows(primary)[1][::2] == ["1", "0.1"]
    assert rows(baseline)[0][2:] == ["ring [mA]"]


def test_numbers_and_texts_are_read_back_exactly(run_of, tmp_path):
    values = [0.1 + 0.2, 1e-300, math.inf, 2**70, 'a "b", c\nd', "Größe µ", True]
    run = run_of(primary=({f"k{i}": "" for i in range(len(values))}, [{f"k{i}": v for i, v in enumerate(values)}]))
    cells = rows(export_csv(run, tmp_path)[0])[1][2:]
    assert cells == [str(value) for value in values]


def test_a_gap_in_a_column_of_integers_is_an_empty_cell_and_the_others_stay_exact(made, write, tmp_path):
    start = made.start(12)
    keys = {key: {"source": "", "dtype": "integer", "shape": [], "dtype_numpy": "<u8"} for key in ("det", "mon")}
    descriptor = made.descriptor(start[1], "primary", keys=list(keys), data_keys=keys)
    events = [made.event(descriptor[1], 1, det=2**64 - 1, mon=1), made.event(descriptor[1], 2, mon=2)]
    path = export_csv(Run(write([start, descriptor, *events, made.stop(start[1])])), tmp_path)[0]
    assert [row[2:] for row in rows(path)] == [["det", "mon"], [str(2**64 - 1), "1"], ["", "2"]]


def test_a_run_still_open_is_exported_as_far_as_it_is(run_of, tmp_path):
    run = run_of(closed=False, primary=({"det": ""}, [{"det": 1}, {"det": 2}]))
    assert len(rows(export_csv(run, tmp_path)[0])) == 3


def test_a_run_without_streams_makes_no_file(run_of, tmp_path):
    assert export_csv(run_of(), tmp_path) == []


@pytest.mark.parametrize("arrays", [[[1, 2], [3, 4]], [[1, 2], [3]], [None, [1, 2]], [{"a": 1}, {"a": 2}]])
def test_arrays_are_refused_by_name_and_nothing_is_written(run_of, tmp_path, arrays):
    points = [{"det": 1, "spectrum": value} for value in arrays]
    run = run_of(baseline=({"ring": ""}, [{"ring": 1}]), primary=({"det": "", "spectrum": ""}, points))
    with pytest.raises(StoreError, match="run 12: CSV cannot hold arrays: leave out spectrum"):
        export_csv(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    _, primary = export_csv(run, tmp_path / "out", without=["spectrum"])
    assert rows(primary)[0] == ["seq_num", "time [s]", "det"]


def test_a_file_that_exists_is_never_overwritten(run_of, tmp_path):
    run = run_of(primary=({"det": ""}, [{"det": 1}]))
    (path,) = export_csv(run, tmp_path)
    path.write_text("mine")
    with pytest.raises(StoreError, match=r"primary\.csv exists already: remove it"):
        export_csv(run, tmp_path)
    assert path.read_text() == "mine"


def test_a_stream_is_exported_whatever_its_name(run_of, tmp_path):
    (path,) = export_csv(run_of(**{"../a/b": ({"det": ""}, [{"det": 1}])}), tmp_path / "out")
    assert path.parent == tmp_path / "out"
    assert path.exists()


def test_a_folder_that_cannot_be_made_is_named(run_of, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"run 12 cannot be exported into .*file"):
        export_csv(run_of(primary=({"det": ""}, [])), tmp_path / "file")


@pytest.fixture
def package(tmp_path):
    """An installed package that adds the exporters npy and broken."""
    source = (
        "import numpy\n"
        "def export(run, folder):\n"
        "    path = folder / 'det.npy'\n"
        "    numpy.save(path, run.table()['det'])\n"
        "    return [path]\n"
    )
    with installed(tmp_path, "npy_export", source, {"beamshell.exporters": {"npy": "export", "broken": "nothing"}}):
        yield


def test_a_package_adds_an_exporter(package, run_of, tmp_path):
    assert set(exporters()) == {"csv", "npy", "broken"}
    (path,) = exporters()["npy"](run_of(primary=({"det": ""}, [{"det": 1}, {"det": 4}])), tmp_path)
    np.testing.assert_array_equal(np.load(path), [1, 4])


def test_an_exporter_that_cannot_be_loaded_is_named_with_its_package(package, run_of, tmp_path):
    with pytest.raises(ConfigError, match="the package npy_export cannot add 'broken'"):
        exporters()["broken"](run_of(), tmp_path)
