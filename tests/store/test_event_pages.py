"""The events of one stream, many lines read at once: the same as one line after the other."""

from __future__ import annotations

import json
import logging
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.store import Run, event_pages
from beamshell.store.encoding import to_json
from beamshell.store.event_pages import documents_of_stream
from beamshell.store.run_file import documents
from beamshell.store.table import table_of


def run_of(*rows, stream="primary", dtypes=None):
    """The documents of a run with these events: `(seq_num, data)`."""
    keys = dict.fromkeys(key for _, data in rows for key in data)
    about = {key: {"source": "", "dtype": "number", "shape": [], **(dtypes or {})} for key in keys}
    yield "start", {"uid": "r", "time": 0.0, "scan_id": 1}
    yield "descriptor", {"uid": "d", "time": 0.0, "run_start": "r", "name": stream, "data_keys": about}
    for number, data in rows:
        yield event(number, data)


def event(number, data, descriptor="d"):
    times = dict.fromkeys(data, 1.5)
    doc = {"uid": f"e{number}", "time": 1.0 + number, "descriptor": descriptor, "seq_num": number, "data": data}
    return "event", {**doc, "timestamps": times, "filled": {}}


def written(path, pairs, form=to_json):
    path.write_text("".join(f"{form(pair)}\n" for pair in pairs))
    return path


def names(path, stream="primary"):
    return [name for name, _ in documents_of_stream(path, stream)]


def same(one, other):
    """Whether two tables have the same columns: types, values, NaN and gaps."""
    assert list(one) == list(other)
    for key, column in one.items():
        assert (column.dtype, column.shape) == (other[key].dtype, other[key].shape), key
        assert repr(column.tolist()) == repr(other[key].tolist()), key
    return True


@pytest.fixture(params=["orjson", "json"])
def parser(request, monkeypatch):
    """Each way to read JSON; without orjson installed Python's own is what there is."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "orjson", None)
    else:
        pytest.importorskip("orjson")
    return request.param


def test_events_come_in_pages_in_the_order_written(tmp_path):
    rows = [(number, {"det": number * 0.5}) for number in range(1, 1001)]
    path = written(tmp_path / "run.jsonl", [*run_of(*rows), ("stop", {"run_start": "r"})])
    assert names(path)[:2] == ["start", "descriptor"]
    assert set(names(path)[2:]) == {"event_page"}
    pages = [doc for name, doc in documents_of_stream(path, "primary") if name == "event_page"]
    assert [number for page in pages for number in page["seq_num"]] == list(range(1, 1001))
    assert pages[-1]["data"]["det"][-1] == 500.0


def test_events_of_other_streams_are_not_read(tmp_path, parser):
    other = ("descriptor", {"uid": "m", "name": "ring_monitor", "data_keys": {"ring": {}}})
    pairs = [*run_of((1, {"det": 5})), other, *(event(number, {"ring": number}, "m") for number in range(1, 20))]
    path = written(tmp_path / "run.jsonl", pairs)
    assert names(path) == ["start", "descriptor", "event_page", "descriptor"]
    assert Run(path).table("ring_monitor")["ring"].tolist() == list(range(1, 20))
    assert Run(path).table()["det"].tolist() == [5]


def test_a_damaged_line_among_many_is_named_and_left_out(tmp_path, caplog, parser):
    path = written(tmp_path / "run.jsonl", run_of(*((number, {"det": number}) for number in range(1, 11))))
    lines = path.read_text().splitlines(keepends=True)
    lines[4] = lines[4][:60] + "\n"  # its descriptor is not there
    lines[6] = lines[6].replace('"data":{', '"data":{{')
    path.write_text("".join(lines))
    with caplog.at_level(logging.WARNING):
        assert Run(path).table()["seq_num"].tolist() == [1, 2, 4, 6, 7, 8, 9, 10]
    assert f"{path}:5: this line is damaged" in caplog.text
    assert f"{path}:7: this line is damaged" in caplog.text


@pytest.mark.parametrize("is_joined", [False, True])
def test_a_line_that_was_torn_behind_its_values_is_named(tmp_path, caplog, parser, is_joined):
    path = written(tmp_path / "run.jsonl", run_of(*((number, {"det": number}) for number in range(1, 6))))
    lines = path.read_bytes().splitlines(keepends=True)
    torn = lines[3][:-20]
    lines[3:5] = [torn + lines[4]] if is_joined else [torn + b"\n", lines[4]]
    path.write_bytes(b"".join(lines))
    with caplog.at_level(logging.WARNING):
        assert Run(path).table()["seq_num"].tolist() == ([1, 4, 5] if is_joined else [1, 3, 4, 5])
    assert f"{path}:4: this line is damaged" in caplog.text


def test_lines_that_others_have_written_are_read_too(tmp_path, parser):
    pairs = [*run_of((1, {"det": 5}), (2, {"det": 6}))]
    spaced = written(tmp_path / "spaced.jsonl", pairs, json.dumps)
    turned = [(name, dict(reversed(doc.items()))) for name, doc in pairs]
    assert Run(spaced).table()["det"].tolist() == [5, 6]
    assert Run(written(tmp_path / "turned.jsonl", turned)).table()["det"].tolist() == [5, 6]


def test_events_whose_keys_differ_are_read_one_by_one(tmp_path, parser):
    path = written(tmp_path / "run.jsonl", run_of((1, {"a": 1, "b": 2}), (2, {"a": 3}), (3, {"c": 4})))
    assert same(Run(path).table(), table_of(documents(path), "primary"))
    assert Run(path).table()["a"].tolist()[:2] == [1, 3]


def test_a_key_that_is_called_timestamps_is_a_column(tmp_path, parser):
    data = {"timestamps": 1.5, "det": {"timestamps": 3}, "text": ',"timestamps":'}
    path = written(tmp_path / "run.jsonl", run_of((1, data), (2, data)))
    table = Run(path).table()
    assert table["timestamps"].tolist() == [1.5, 1.5]
    assert table["det"].tolist() == [{"timestamps": 3}] * 2
    assert table["text"].tolist() == [',"timestamps":'] * 2


NUMBERS = [2**63, 2**64, -(2**63) - 1, 10**400, math.nan, math.inf, -0.0, 5e-324, 2.0**80]
OTHERS = [b"\x00\xff", 1 + 2j, "\ud800", "\0", None, {"a": 2**64}]
LISTS = [[2**64, 1], [[1.5, 2**70]], [math.nan, 1.0], [1, "a", None], [[1], [2, 3]], [b"a"]]


@pytest.mark.parametrize("value", [*NUMBERS, *OTHERS, *LISTS])
def test_a_value_is_the_one_that_was_written(tmp_path, parser, value):
    path = written(tmp_path / "run.jsonl", run_of((1, {"det": value, "th": 0.1}), (2, {"det": value, "th": 0.2})))
    assert same(Run(path).table(), table_of(documents(path), "primary"))


def test_what_no_value_of_orjson_can_be_makes_the_file_be_read_again(tmp_path, monkeypatch):
    pytest.importorskip("orjson")
    reads = []
    monkeypatch.setattr(event_pages, "_read_exactly", lambda text: reads.append(1) or json.loads(text))
    Run(written(tmp_path / "small.jsonl", run_of((1, {"det": 2.5})))).table()
    assert not reads
    Run(written(tmp_path / "large.jsonl", run_of((1, {"det": 2**64})))).table()
    assert reads


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
values = scalars | st.lists(scalars, max_size=3) | st.lists(st.lists(st.floats(), min_size=2, max_size=2), max_size=2)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.dictionaries(st.sampled_from("abc"), values)), max_size=8),
    st.sampled_from(["", "<f8", "<f4", "<i8", "<u2", "|b1", "<U40"]),
    st.booleans(),
)
def test_many_lines_at_once_give_the_table_that_single_lines_give(tmp_path_factory, rows, dtype, has_orjson):
    path = written(tmp_path_factory.mktemp("run") / "run.jsonl", run_of(*rows, dtypes={"dtype_numpy": dtype}))
    with pytest.MonkeyPatch.context() as patch:
        if not has_orjson:
            patch.setitem(sys.modules, "orjson", None)
        assert same(Run(path).table(), table_of(documents(path), "primary"))


@given(st.lists(st.tuples(st.integers(1, 5), values), min_size=1, max_size=8))
def test_a_table_has_the_values_that_were_measured_last(tmp_path_factory, points):
    path = written(tmp_path_factory.mktemp("run") / "run.jsonl", run_of(*((n, {"det": v}) for n, v in points)))
    table = Run(path).table()
    last = dict(points)
    assert table["seq_num"].tolist() == sorted(last)
    for number, value in zip(table["seq_num"].tolist(), table["det"].tolist(), strict=True):
        assert is_value(value, last[number]), (value, last[number])


def is_value(read, measured):
    if isinstance(read, np.ndarray):
        read = read.tolist()
    if isinstance(measured, list):
        return len(read) == len(measured) and all(map(is_value, read, measured))
    is_gap = measured is None or measured != measured
    return (read is None or read != read) if is_gap else read == measured


def test_a_line_that_is_being_written_is_left_out_although_its_rest_comes_while_one_reads(tmp_path, caplog):
    path = written(tmp_path / "run.jsonl", run_of((1, {"det": 1}), (2, {"det": 2})))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    reading = documents_of_stream(path, "primary")
    read = [next(reading)]
    with path.open("ab") as file:
        file.write(whole[-20:])
    read += reading
    assert [name for name, _ in read] == ["start", "descriptor", "event_page"]
    assert read[-1][1]["seq_num"] == [1]
    assert not caplog.records
