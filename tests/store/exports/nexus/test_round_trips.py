"""A run that went through the journal is read back from its NeXus file as it was, also while it is measured."""

from __future__ import annotations

import json
import os
import random
import tempfile
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
import silx.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nexus_reading import plain, read, same
from silx.io.nxdata import get_default

from beamshell.store import Journal, Run
from beamshell.store.exports.nexus.entry import nexus_file

VALUES = {
    "number": st.floats(),
    "integer": st.integers(),
    "boolean": st.booleans(),
    "string": st.text(),
    "array": st.lists(st.floats(width=32), min_size=3, max_size=3),
    "ragged": st.lists(st.integers(-99, 99), max_size=3),
    "anything": st.none() | st.dictionaries(st.text(), st.text(), max_size=2),
}

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
"""Of another one an attribute cannot hold all letters; the documents in the file have it."""


@st.composite
def run_documents(draw, uid):
    """The documents of one run: several streams, points measured again, values missing, ended or not."""
    start = {"uid": uid, "time": 1000.0, "scan_id": draw(st.integers(0, 9)), "sample": draw(st.text())}
    documents = [("start", start)]
    for stream in draw(st.lists(st.sampled_from(["primary", "baseline", "ring_monitor", "data", "µ/x"]), unique=True)):
        kinds = draw(st.dictionaries(NAMES, st.sampled_from(sorted(VALUES)), max_size=4))
        units = draw(st.sampled_from(["", "mm", "µm", "Å⁻¹", "%"]))
        keys = {key: {"source": "", "dtype": "number", "shape": [], "units": units} for key in kinds}
        descriptor = {"uid": f"{uid}-{stream}", "run_start": uid, "name": stream, "time": 1000.0, "data_keys": keys}
        documents.append(("descriptor", descriptor))
        for number in draw(st.lists(st.integers(1, 4), max_size=4)):
            data = {key: draw(VALUES[kind]) for key, kind in kinds.items() if draw(st.booleans()) or kind != "anything"}
            event = {"uid": f"{uid}-{len(documents)}", "descriptor": descriptor["uid"], "time": 1001.0}
            event |= {"seq_num": number, "data": data, "timestamps": dict.fromkeys(data, 1001.0), "filled": {}}
            documents.append(("event", event))
    if status := draw(st.sampled_from(["", "success", "abort", "fail"])):
        stop = {
            "uid": f"{uid}-stop",
            "run_start": uid,
            "time": 1002.0,
            "exit_status": status,
            "reason": draw(st.text()),
        }
        documents.append(("stop", stop))
    return documents


def interleaved(runs, order):
    """The documents of several runs as they come out of one engine."""
    left = [list(documents) for documents in runs]
    for choice in order:
        if left[choice % len(left)]:
            yield left[choice % len(left)].pop(0)
    for documents in left:
        yield from documents


@pytest.fixture(autouse=True)
def no_power_loss(monkeypatch):
    """Nothing waits for the disk, which is slow and not asked about here."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


@settings(max_examples=settings().max_examples // 2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.tuples(run_documents("a"), run_documents("b")), order=st.lists(st.integers(0, 1), max_size=12))
def test_every_column_of_every_stream_is_read_back(runs, order):
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(folder)
        for name, doc in interleaved(runs, order):
            journal(name, doc)
        paths = journal.recent
        journal.close()
        for path in paths:
            run = Run(path)
            nexus = Path(folder) / f"{run.uid}.nxs"
            nexus.write_bytes(nexus_file(run.documents(), nexus.parent))
            with h5py.File(nexus) as file:
                _is_equal(run, file["entry"])
            with silx.io.open(str(nexus)) as file:
                get_default(file)


def _is_equal(run, entry):
    groups = {
        name: item for name, item in entry.items() if isinstance(item, h5py.Group) and {"seq_num", "time"} <= {*item}
    }
    streams = {group.attrs.get("key", name): group for name, group in groups.items()}
    assert set(streams) == set(run.streams)
    for stream, group in streams.items():
        table = run.table(stream)
        columns = {
            dataset.attrs.get("key", name): dataset for name, dataset in group.items() if hasattr(dataset, "dtype")
        }
        columns.pop("elapsed_time", None)
        assert set(columns) == set(table.keys())
        for key, dataset in columns.items():
            assert same(read(dataset), plain(table[key])), key
            if dataset.dtype.kind in "iuf" and table.units[key]:
                assert dataset.attrs["units"] == table.units[key]
    assert json.loads(entry["documents/start"].asstr()[()]) == run.start
    assert read(entry["exit_status"]) == (run.exit_status or "open")


def test_a_hundred_exports_of_a_running_scan_can_all_be_opened(tmp_path, made):
    """A thread writes a snaked grid while it is exported; each file has the points that were there, in their cells."""
    rows, columns = 30, 20
    start = made.start(
        1, motors=["y", "x"], detectors=["det"], shape=[rows, columns], snaking=[False, True],
        hints={"dimensions": [[["y"], "primary"], [["x"], "primary"]], "gridding": "rectilinear"},
        extents=[[0, rows - 1], [0, columns - 1]],
    )  # fmt: skip
    descriptor = made.descriptor(start[1], keys=["y", "x", "det"], hints={"det": {"fields": ["det"]}})
    journal = Journal(tmp_path / "data")
    for document in (start, descriptor):
        journal(*document)
    allowed, is_over = threading.Semaphore(0), threading.Event()

    def measure():
        for step in range(rows * columns):
            allowed.acquire()
            y, x = divmod(step, columns)
            x = columns - 1 - x if y % 2 else x
            journal(*made.event(descriptor[1], step + 1, y=float(y), x=float(x), det=100.0 * y + x))
            if is_over.is_set():
                return

    scan = threading.Thread(target=measure)
    scan.start()
    try:
        run, points, generator = Run(journal.recent[0]), 0, random.Random(1)
        for number in range(100):
            allowed.release(generator.randrange(1, 7))
            path = tmp_path / f"{number}.nxs"
            path.write_bytes(nexus_file(run.documents(), tmp_path))
            with h5py.File(path) as file:
                counted = len(file["entry/primary/seq_num"])
                assert counted >= points
                points = counted
            with silx.io.open(str(path)) as file:
                plot = get_default(file)
                assert (plot is None) == (points == 0)
                if plot is not None:
                    _is_in_its_cells(plot, points, (rows, columns))
    finally:
        is_over.set()
        allowed.release()
        scan.join()
        journal.close()
    assert points > 100


def _is_in_its_cells(plot, points, shape):
    values = plot.signal[()]
    assert values.shape == shape
    assert np.isfinite(values).sum() == points
    y, x = plot.axes
    right = 100 * y[()][:, None] + x[()]
    np.testing.assert_array_equal(values[np.isfinite(values)], right[np.isfinite(values)])
