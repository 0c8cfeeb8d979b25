"""Documents as the engine makes them."""

from __future__ import annotations

import time
import uuid

import pytest
from data_folder import journal as journal
from data_folder import rescue_place as rescue_place


def run_files(folder):
    return set(folder.glob("runs/*/*/*.jsonl"))


class Made:
    """Makes the documents of runs, valid by the field's schemas."""

    def start(self, scan_id=1, **md):
        opening = {"uid": str(uuid.uuid4()), "time": time.time(), "scan_id": scan_id, "plan_name": "scan"}
        return "start", opening | md

    def descriptor(self, start, stream="primary", keys=("det",), **more):
        return "descriptor", {
            "uid": str(uuid.uuid4()),
            "time": time.time(),
            "run_start": start["uid"],
            "name": stream,
            "data_keys": {key: {"source": "sim", "dtype": "number", "shape": []} for key in keys},
            "object_keys": {key: [key] for key in keys},
            "configuration": {},
            "hints": {},
            **more,
        }

    def event(self, descriptor, seq_num=1, **data):
        return "event", {
            "uid": str(uuid.uuid4()),
            "time": time.time(),
            "descriptor": descriptor["uid"],
            "seq_num": seq_num,
            "data": data,
            "timestamps": dict.fromkeys(data, time.time()),
            "filled": {},
        }

    def stop(self, start, exit_status="success", **more):
        return "stop", {
            "uid": str(uuid.uuid4()),
            "time": time.time(),
            "run_start": start["uid"],
            "exit_status": exit_status,
            "reason": "",
            **more,
        }

    def run(self, scan_id=1, points=3, exit_status="success", closed=True, **md):
        """All documents of one run of `det`, whose values are the squares."""
        start = self.start(scan_id, **md)
        descriptor = self.descriptor(start[1])
        events = [self.event(descriptor[1], i + 1, det=i * i) for i in range(points)]
        stop = [self.stop(start[1], exit_status, num_events={"primary": points})] if closed else []
        return [start, descriptor, *events, *stop]


@pytest.fixture
def made():
    return Made()


@pytest.fixture
def write(journal):
    """Send the documents to the journal; the file of their run."""

    def write(documents):
        before = run_files(journal.folder)
        for name, doc in documents:
            journal(name, doc)
        return next(iter(run_files(journal.folder) - before), None)

    return write
