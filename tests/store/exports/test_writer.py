"""A writer can follow a run that is being measured: it needs the metadata, then the documents as they come."""

from __future__ import annotations

import csv
import json

import pytest
from silx.io.specfile import SpecFile

from beamshell.store.exports.csv_files import CsvWriter
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.json_lines import JsonLinesWriter
from beamshell.store.exports.spec_file import SpecWriter
from beamshell.store.exports.writer import Outline


def of_csv(path):
    with path.open(newline="") as file:
        return [float(row["det"]) for row in csv.DictReader(file)]


def of_spec(path):
    return SpecFile(str(path))[0].data_column_by_name("det").tolist()


def of_json_lines(path):
    return [doc["data"]["det"] for name, doc in map(json.loads, path.read_text().splitlines()) if name == "event"]


@pytest.mark.parametrize(
    ("writer", "stream", "values_of"),
    [(CsvWriter, "primary", of_csv), (SpecWriter, "", of_spec), (JsonLinesWriter, "", of_json_lines)],
)
def test_each_point_is_in_the_file_before_the_next_one(made, tmp_path, writer, stream, values_of):
    start, *documents = made.run(points=5)
    with NewFiles(tmp_path, "live", ".dat") as files:
        write = writer(files, Outline(start[1]))
        write(*start)
        for name, doc in documents:
            write(name, doc)
            if name == "event":
                files.text(stream).flush()
                assert values_of(files.path(stream)) == [number**2 for number in range(doc["seq_num"])]
        write.close()
        (path,) = files.publish()
    assert values_of(path) == [0, 1, 4, 9, 16]
