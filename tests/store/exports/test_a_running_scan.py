"""A run is exported while it is measured: each export has the points of one moment, and its own library opens it."""

from __future__ import annotations

import csv
import json
import random
import threading

import numpy as np
import pyarrow.parquet as pq
import pytest
from silx.io.specfile import SpecFile

from beamshell.store import Journal, Run
from beamshell.store.exports.exporting import export

EXPORTS = 100
RANDOM = random.Random(7)


class RunningScan:
    """A thread that measures points, as many as it is allowed to; the value of each is the square of its number."""

    def __init__(self, made, folder):
        self._allowed = threading.Semaphore(0)
        self.allowed = 0  # points that may be on disk
        self._over = False
        self.measured = 0  # points that are on disk for certain
        start = made.start(12)
        descriptor = made.descriptor(start[1], keys=["det", "mca"])
        descriptor[1]["data_keys"]["mca"] |= {"dtype": "array", "shape": [3]}
        self._made, self._descriptor, self._stop = made, descriptor[1], made.stop(start[1])
        self._journal = Journal(folder)
        self._journal(*start)
        self._journal(*descriptor)
        self.run = Run(self._journal.recent[0])
        self._thread = threading.Thread(target=self._measure)
        self._thread.start()

    def measure(self, points):
        """Let it measure so many points more."""
        self.allowed += points
        self._allowed.release(points)

    def end(self):
        """Let it end."""
        self._over = True
        self._allowed.release()
        self._thread.join()
        self._journal.close()

    def _measure(self):
        while True:
            self._allowed.acquire()
            if self._over:
                break
            number = self.measured + 1
            self._journal(*self._made.event(self._descriptor, number, det=number**2, mca=[number, 0.5, 1]))
            self.measured = number
        self._journal(*self._stop)


@pytest.fixture
def scan(made, tmp_path):
    scan = RunningScan(made, tmp_path)
    yield scan
    scan.end()


def values_of_spec(path):
    (scan,) = SpecFile(str(path))
    assert [len(spectrum) for spectrum in scan.mca] == [3] * len(scan.mca)
    return scan.data_column_by_name("det") if scan.data.size else []


def values_of_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [float(row["det"]) for row in csv.DictReader(file)]


def values_of_json_lines(path):
    pairs = [json.loads(line) for line in path.read_text().splitlines()]
    return [doc["data"]["det"] for name, doc in pairs if name == "event"]


READERS = {
    "spec": values_of_spec,
    "csv": values_of_csv,
    "jsonl": values_of_json_lines,
    "parquet": lambda path: pq.read_table(path)["det"].to_pylist(),
}


@pytest.mark.parametrize("format", READERS)
def test_each_export_at_a_random_moment_can_be_read_and_is_of_one_moment(scan, tmp_path, format):
    for number in range(EXPORTS):
        before = scan.measured
        scan.measure(RANDOM.randrange(1, 4))
        (path,) = export(scan.run, format, tmp_path / "out", name=str(number))
        values = READERS[format](path)
        assert before <= len(values) <= scan.allowed
        np.testing.assert_array_equal(values, np.arange(1, len(values) + 1) ** 2)


def test_a_run_that_ends_meanwhile_is_exported_as_open_or_as_ended(scan, tmp_path):
    scan.measure(3)
    (running,) = export(scan.run, "spec", tmp_path, name="running")
    scan.end()
    scan.end = lambda: None
    (ended,) = export(scan.run, "spec", tmp_path, name="ended")
    assert "The run is still open" in running.read_text()
    assert "The run is still open" not in ended.read_text()
