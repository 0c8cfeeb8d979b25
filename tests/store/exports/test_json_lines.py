"""JSON lines: event_model's own tools read them, with the pictures that they name."""

from __future__ import annotations

import json

import event_model
import numpy as np
import pytest
from document_rules import check

from beamshell.store import Run
from beamshell.store.exports.exporting import export


@pytest.fixture
def with_pictures(made, write, tmp_path):
    """A run with two pictures by resource and datum, and two by a stream resource."""
    start = made.start(12)
    keys = {
        "cam": {"source": "sim", "dtype": "array", "shape": [2, 2], "external": "FILESTORE:"},
        "fast": {"source": "sim", "dtype": "array", "shape": [1, 2, 2], "external": "STREAM:"},
        "det": {"source": "sim", "dtype": "number", "shape": []},
    }
    descriptor = made.descriptor(start[1], keys=list(keys), data_keys=keys)
    uid = start[1]["uid"]
    resource = {"uid": "r", "run_start": uid, "spec": "NPY_SEQ", "root": str(tmp_path), "resource_path": "cam"}
    stream = {"uid": "s", "run_start": uid, "mimetype": "application/x-hdf5", "uri": "file://localhost/data/fast.h5"}
    ranges = {"seq_nums": {"start": 1, "stop": 3}, "indices": {"start": 0, "stop": 2}}
    documents = [
        start,
        descriptor,
        ("resource", {**resource, "resource_kwargs": {}, "path_semantics": "posix"}),
        ("stream_resource", {**stream, "data_key": "fast", "parameters": {"dataset": "/entry/data/data"}}),
    ]
    for number in (1, 2):
        np.save(tmp_path / f"cam_{number - 1}.npy", np.full((2, 2), number))
        datum = {"datum_id": f"r/{number}", "resource": "r", "datum_kwargs": {"index": number - 1}}
        event = made.event(descriptor[1], number, cam=f"r/{number}", det=float("nan"))
        event[1]["filled"] = {"cam": False}
        documents += [("datum", datum), event]
    datum = {"uid": "s/0", "descriptor": descriptor[1]["uid"], "stream_resource": "s", **ranges}
    documents += [("stream_datum", datum), made.stop(start[1], num_events={"primary": 2})]
    return Run(write(documents)), documents


def pairs(path):
    return [tuple(json.loads(line)) for line in path.read_text("ascii").splitlines()]


def test_the_documents_are_valid_and_those_that_were_recorded(with_pictures, tmp_path):
    run, documents = with_pictures
    (path,) = export(run, "jsonl", tmp_path / "out")
    check(pairs(path))
    assert json.dumps(pairs(path)) == json.dumps(documents)


def test_event_model_finds_the_pictures(with_pictures, tmp_path):
    run, _ = with_pictures
    (path,) = export(run, "jsonl", tmp_path / "out")

    class NpySequence:
        def __init__(self, path, **parameters):
            self._path = path

        def __call__(self, index):
            return np.load(f"{self._path}_{index}.npy")

    filler = event_model.Filler({"NPY_SEQ": NpySequence}, inplace=False)
    filled = [filler(name, doc) for name, doc in pairs(path)]
    pictures = [event["data"]["cam"].tolist() for name, page in filled for event in events_of(name, page)]
    assert pictures == [[[1, 1], [1, 1]], [[2, 2], [2, 2]]]


def events_of(name, doc):
    """The events of a document, which a Filler may have put into a page."""
    if name == "event_page":
        return event_model.unpack_event_page(doc)
    return [doc] if name == "event" else []
