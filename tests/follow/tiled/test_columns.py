"""Columns hold the values of a run exactly, whatever a descriptor says of them."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from beamshell.follow.tiled.columns import ColumnTooNarrowError, column_names, plain
from beamshell.follow.tiled.run import StreamRows


def stream_of(values, about, **more):
    stream = StreamRows("primary", {}, **more)
    stream.add_keys({"x": about})
    for number, value in enumerate(values, start=1):
        stream.add({"seq_num": number, "time": 1.0, "data": {"x": value}, "timestamps": {"x": 2.0}})
    return stream


@pytest.mark.parametrize(
    ("about", "values", "column"),
    [
        ({"dtype": "number"}, [1.5, 2], [1.5, 2.0]),
        ({"dtype": "integer"}, [1, 2**62], [1, 2**62]),
        ({"dtype": "integer"}, [1, 2.5], [1.0, 2.5]),
        ({"dtype": "integer"}, [1, 2**64], ["1", "18446744073709551616"]),
        ({"dtype": "number"}, [0.5, 2**60 + 1], ["0.5", "1152921504606846977"]),
        ({"dtype": "boolean"}, [True, False], [True, False]),
        ({"dtype": "boolean"}, [True, 5], ["true", "5"]),
        ({"dtype": "string"}, ["a", None], ["a", None]),
        ({"dtype": "string"}, ["a", 5], ["a", "5"]),
        ({"dtype": "array", "shape": [2]}, [[1, 2.5], None], [[1.0, 2.5], None]),
        ({"dtype": "array", "shape": [2], "dtype_numpy": "<i4"}, [[1, 2]], [[1, 2]]),
        ({"dtype": "array", "shape": [2], "dtype_numpy": "<i4"}, [[1, 2.5]], ["[1,2.5]"]),
        ({"dtype": "array", "shape": [1, 2]}, [[[1.0, 2.0]]], [[[1.0, 2.0]]]),
        ({"dtype": "array", "external": "OLD"}, ["datum/1"], ["datum/1"]),
        ({}, [{"a": 1}], ['{"a":1}']),
    ],
)
def test_a_column_has_the_values_of_the_events(about, values, column):
    stream = stream_of(values, about)
    table = stream.table(stream.schema())
    assert table.column("x").to_pylist() == column
    assert table.column("ts_x").to_pylist() == [2.0] * len(values)


def test_a_column_of_whole_numbers_becomes_one_of_numbers_for_not_a_number():
    stream = stream_of([1, math.nan], {"dtype": "integer"})
    assert stream.schema().field("x").type == pa.float64()


def test_lists_become_text_where_the_database_has_none():
    stream = stream_of([[1, 2]], {"dtype": "array", "shape": [2]}, lists_as_text=True)
    assert stream.table(stream.schema()).column("x").to_pylist() == ["[1,2]"]


def test_a_value_that_a_column_cannot_hold_names_the_type_that_can():
    stream = stream_of([1], {"dtype": "integer"})
    schema = stream.schema()
    stream.has_written(1)
    stream.add({"seq_num": 2, "time": 1.0, "data": {"x": 1.5}, "timestamps": {}})
    with pytest.raises(ColumnTooNarrowError) as narrow:
        stream.table(schema)
    assert (narrow.value.column, narrow.value.wider) == ("x", pa.float64())


def test_a_key_that_no_database_takes_gets_a_column_like_it():
    columns = column_names(dict.fromkeys(["det", "Det", "a;b", "x" * 70, "time", "ts_det", "1st"]))
    assert columns["det"] == "det"
    assert columns["Det"].startswith("c_Det_")
    assert columns["a;b"].startswith("c_a_b_")
    names = [name.lower() for column in columns.values() for name in (column, f"ts_{column}")]
    assert len(set(names) | {"seq_num", "time"}) == 2 * len(columns) + 2
    assert all(len(name) <= 63 for name in names)


def test_metadata_keep_all_but_numbers_of_more_than_64_bits():
    assert plain({"a": [1, 2**70, "b"], "c": {"d": None}}) == {"a": [1, 2.0**70, "b"], "c": {"d": None}}


def test_rows_that_tiled_has_are_not_written_again_however_they_come():
    stream = stream_of([0, 1], {"dtype": "number"})
    stream.has_written(3)
    assert stream.rows == []
    for number in (3, 4):
        stream.add({"seq_num": number, "time": 1.0, "data": {"x": 1}, "timestamps": {}})
    assert [row["seq_num"] for row in stream.rows] == [4]
