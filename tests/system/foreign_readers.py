"""Reads the runs of a data folder with bluesky's readers of files and with Tiled, and prints the differences as JSON.

A program of its own: Tiled leaves threads behind, and warns.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bluesky.callbacks.tiled_writer import TiledWriter
from bluesky.consolidators import consolidator_factory
from tiled.catalog import in_memory
from tiled.client import from_context
from tiled.client.context import Context
from tiled.server.app import build_app

from beamshell.store import Run
from beamshell.store.runs import Runs


def main(data: Path) -> None:
    """Print how many frames and columns were read, and what is not as in our tables."""
    runs = Runs(data)
    frames, differences = 0, []
    for run in runs[:]:
        for reader in _readers_of_files(run):
            reader.validate(fix_errors=False)  # its file holds what the documents say
            frames += reader.shape[0]
            if reader.shape[0] != run.num_events["primary"]:
                differences.append(f"{run.label}: {reader.shape[0]} frames of {run.num_events['primary']} events")
    columns = list(_tiled_columns(list(runs[:]), data))
    differences += [
        f"{run.label}: {key} {theirs.dtype} {theirs.shape} {ours.dtype} {ours.shape}"
        for run, key, theirs, ours in columns
        if not np.array_equal(theirs, ours)
    ]
    print(json.dumps({"frames": frames, "columns": len(columns), "differences": differences}))
    runs.index.close()


def _readers_of_files(run: Run) -> list[Any]:
    descriptors = {doc["uid"]: doc for doc in run.descriptors}
    resources: dict[str, Any] = {}
    readers: dict[str, Any] = {}
    for name, doc in run.documents():
        if name == "stream_resource":
            resources[doc["uid"]] = doc
        elif name == "stream_datum":
            uid = doc["stream_resource"]
            if uid not in readers:
                readers[uid] = consolidator_factory(resources[uid], descriptors[doc["descriptor"]])
            readers[uid].consume_stream_datum(doc)
    return list(readers.values())


def _tiled_columns(runs: list[Run], data: Path) -> Iterator[tuple[Run, str, Any, Any]]:
    """Each column of one run of each shape, as Tiled has it and as we have: a run takes half a second there."""
    with tempfile.TemporaryDirectory() as folder:
        storage = [f"file://localhost{folder}/files", f"duckdb:///{folder}/tables.duckdb"]
        Path(folder, "files").mkdir()
        catalogue = build_app(in_memory(writable_storage=storage, readable_storage=[str(data)]))
        with Context.from_app(catalogue) as context:
            client = from_context(context)
            for run in {_shape_of(run): run for run in runs}.values():
                writer = TiledWriter(client)
                for name, doc in run.documents():
                    writer(name, doc)
                for stream in run.streams:
                    table, there = run.table(stream), client[run.uid][stream].read()
                    for key in set(table) - {"seq_num", "time"} - _arrays_in_events(run):
                        yield run, key, np.asarray(there[key]), np.asarray(table[key])


def _arrays_in_events(run: Run) -> set[str]:
    """The keys whose arrays stand in events. Tiled 0.2.20 hands out their text, cut short; those of bluesky's too."""
    described = [item for doc in run.descriptors for item in doc["data_keys"].items()]
    return {key for key, about in described if about["dtype"] == "array" and "external" not in about}


def _shape_of(run: Run) -> frozenset[Any]:
    """What a catalogue could stumble over: streams, types, dimensions, files."""
    return frozenset(
        (doc["name"], about["dtype"], len(about["shape"]), "external" in about)
        for doc in run.descriptors
        for about in doc["data_keys"].values()
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
