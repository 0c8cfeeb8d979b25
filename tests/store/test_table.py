"""The points of a stream as columns."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.errors import UnknownName
from beamshell.store.table import table_of


def stream(*rows, keys=("det",), name="primary", uid="d", first=1):
    yield "descriptor", {"uid": uid, "name": name, "data_keys": dict.fromkeys(keys)}
    for number, data in enumerate(rows, start=first):
        yield "event", {"descriptor": uid, "seq_num": number, "time": float(number), "data": data}


def test_of_a_point_measured_again_the_last_measurement_counts():
    again = ("event", {"descriptor": "d", "seq_num": 2, "time": 9.0, "data": {"det": 99}})
    table = table_of([*stream({"det": 1}, {"det": 2}), again], "primary")
    assert list(table["det"]) == [1, 99]
    assert list(table["time"]) == [1.0, 9.0]


def test_other_streams_are_left_out():
    table = table_of([*stream({"det": 1}), *stream({"ring": 5}, keys=["ring"], name="baseline", uid="b")], "baseline")
    assert table.columns == ["seq_num", "time", "ring"]
    assert list(table["ring"]) == [5]


def test_a_key_that_a_later_descriptor_adds_is_nan_before():
    table = table_of(
        [*stream({"det": 1}), *stream({"det": 2, "new": 7}, keys=["det", "new"], uid="e", first=2)], "primary"
    )
    np.testing.assert_array_equal(table["new"], [np.nan, 7.0])


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([1, 2], np.int64), ([1, 2.5], float), ([True, False], bool), (["a", "bc"], "<U2"), ([None, "a"], object)],
)
def test_a_column_has_the_type_of_its_values(values, dtype):
    column = table_of(stream(*({"det": value} for value in values)), "primary")["det"]
    assert column.dtype == np.dtype(dtype)
    assert list(column) == values


def test_integers_too_large_for_an_array_stay_exact():
    column = table_of(stream({"det": 2**70}, {"det": 1}), "primary")["det"]
    assert list(column) == [2**70, 1]


def test_arrays_of_one_shape_are_stacked_and_others_kept_apart():
    table = table_of(stream({"det": [[1, 2], [3, 4]]}, {"det": [[5, 6], [7, 8]]}), "primary")
    assert table["det"].shape == (2, 2, 2)
    table = table_of(stream({"det": [1, 2]}, {"det": [3]}), "primary")
    assert [list(value) for value in table["det"]] == [[1, 2], [3]]


def test_a_page_of_events_gives_its_rows():
    page = {
        "descriptor": "d",
        "uid": ["a", "b"],
        "seq_num": [1, 2],
        "time": [1.0, 2.0],
        "data": {"det": [5, 6]},
        "timestamps": {"det": [1.0, 2.0]},
    }
    assert list(table_of([*stream(), ("event_page", page)], "primary")["det"]) == [5, 6]


def test_a_stream_without_events_has_empty_columns():
    table = table_of(stream(), "primary")
    assert len(table) == 0
    assert table["det"].shape == (0,)
    assert repr(table).split() == ["seq_num", "time", "det"]


def test_a_device_called_time_does_not_hide_the_time():
    table = table_of(stream({"time": 5}, keys=["time"]), "primary")
    assert table.columns == ["seq_num", "time", "time_"]
    assert list(table["time_"]) == [5]


def test_a_misspelt_column_names_the_nearest():
    with pytest.raises(UnknownName, match=r"no column 'dett': did you mean det\? There are det, time, seq_num"):
        table_of(stream({"det": 1}), "primary")["dett"]


def test_a_long_table_shows_its_beginning():
    output = repr(table_of(stream(*({"det": n} for n in range(50))), "primary"))
    assert output.endswith("... 30 more")
    assert len(output.splitlines()) == 22
