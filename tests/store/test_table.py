"""The points of a stream as columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert table.num_points == 0
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
    output = repr(table_of(stream(*({"det": n} for n in range(80))), "primary"))
    assert output.endswith("... 30 more")
    assert len(output.splitlines()) == 52


def test_a_narrow_window_keeps_the_scanned_motor_and_what_is_hinted_the_longest(monkeypatch):
    keys = ("clock", "I0", "It", "mono", "mono_setpoint")
    _, *events = stream(dict.fromkeys(keys, 123456), keys=keys)
    hints = {"scaler": {"fields": ["I0", "It"]}, "mono": {"fields": ["mono"]}}
    descriptor = {"uid": "d", "name": "primary", "data_keys": dict.fromkeys(keys), "hints": hints}
    start = {"uid": "r", "hints": {"dimensions": [[["mono"], "primary"]]}}
    table = table_of([("start", start), ("descriptor", descriptor), *events], "primary")

    def heading(width):
        monkeypatch.setattr("beamshell.text.window.window_width", lambda _stream: width)
        return next(line for line in repr(table).splitlines() if line.startswith("seq_num")).split()

    assert heading(80) == ["seq_num", "time", *keys]
    assert heading(36) == ["seq_num", "I0", "It", "mono"]
    assert heading(28) == ["seq_num", "I0", "mono"]
    assert heading(16) == ["seq_num", "mono"]


# ---- the described type ----------------------------------------------------------------------------


def column(values, dtype, shape=(), kind="number"):
    about = {"dtype": kind, "shape": list(shape), "dtype_numpy": dtype}
    documents = [("descriptor", {"uid": "d", "name": "primary", "data_keys": {"det": about}})]
    for number, value in enumerate(values, start=1):
        data = {} if value is None else {"det": value}
        documents.append(("event", {"descriptor": "d", "seq_num": number, "time": 0.0, "data": data}))
    return table_of(documents, "primary")["det"]


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("<u8", [2**64 - 1, 0, 1]),
        ("<i8", [2**63 - 1, -(2**63)]),
        ("<u2", [65535, 0]),
        ("|i1", [-128, 127]),
        ("<f4", [float(np.float32(0.1)), math.inf, -1.5]),
        ("<f8", [0.1, 5]),
        ("|b1", [True, False]),
        ("|b1", [1, 0]),
        ("<u2", [[1, 65535], [0, 2]]),
        ("<u8", [[2**64 - 1, 1], [0, 2]]),
        ("<f4", [[0.5, math.inf], [0.25, 2]]),
        ("<u2", []),
    ],
)
def test_a_column_has_the_type_that_its_descriptor_says(dtype, values):
    array = column(values, dtype)
    assert array.dtype == np.dtype(dtype)
    assert array.tolist() == values


def test_the_order_of_bytes_is_that_of_this_computer():
    assert column([1, 2], ">u2").dtype == np.dtype(np.uint16)


@pytest.mark.parametrize("dtype", ["<i8", "<u8", "<u2", "|b1"])
def test_integers_with_gaps_stay_integers_and_are_masked_there(dtype):
    top = 1 if dtype == "|b1" else int(np.iinfo(dtype).max)
    array = column([top, None, 0], dtype)
    assert array.dtype == np.dtype(dtype)
    assert array.tolist() == [top, None, 0]


def test_floats_with_gaps_are_nan_there():
    array = column([0.5, None], "<f4")
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.array([0.5, np.nan], dtype=np.float32))


@pytest.mark.parametrize(
    ("dtype", "values"),
    [("<u2", [1, 65536]), ("<u2", [1, -1]), ("<i8", [1, 1.5]), ("<f4", [0.1, 0.2]), ("<f8", [2**53 + 1, 1])],
)
def test_values_that_the_described_type_cannot_hold_are_kept_exactly(dtype, values):
    assert column(values, dtype).tolist() == values


def test_integers_beyond_the_exact_floats_are_not_rounded_beside_floats_and_gaps():
    for large in (2**53 + 1, 10**400):
        table = table_of(stream({"det": large}, {"det": 0.5}, {}), "primary")
        assert table["det"].tolist() == [large, 0.5, None]


@pytest.mark.parametrize("dtype", ["", "<f8"])
@pytest.mark.parametrize("value", [[2**53 + 1, 0.5], [False, ""], ["a\0", "b"], [[1], [2, 3]], [10**400, 0.5]])
def test_a_value_that_numpy_would_change_within_a_list_is_kept_as_it_is(value, dtype):
    array = column([value, value], dtype, kind="array")
    assert [list(row) for row in array] == [value, value]


def test_an_integer_beyond_the_exact_floats_is_kept_beside_floats_of_the_described_type():
    assert column([2**53 + 1, 0.5], "<f8").tolist() == [2**53 + 1, 0.5]


@pytest.mark.parametrize("values", [["a\0", "b"], ["\0"], ["a\0b", ""]])
def test_texts_keep_their_zeros(values):
    assert column(values, "<U40", kind="string").tolist() == values


def test_a_key_described_in_two_ways_has_the_type_that_holds_both():
    first = stream({"det": 1}, uid="d")
    documents = [*first, *stream({"det": 1.5}, uid="e", first=2)]
    for (_, descriptor), dtype in zip([documents[0], documents[2]], ["<u2", "<f8"], strict=True):
        descriptor["data_keys"] = {"det": {"dtype_numpy": dtype}}
    assert table_of(documents, "primary")["det"].tolist() == [1.0, 1.5]


integers = st.integers(-(2**63), 2**64 - 1)


@given(
    st.sampled_from(["|b1", "|u1", "<u2", "<i4", "<i8", "<u8", "<f4", "<f8", "<U40"]),
    st.lists(st.none() | integers | st.floats() | st.booleans() | st.text(max_size=3), max_size=5),
)
def test_whatever_is_described_no_value_is_changed(dtype, values):
    found = column(values, dtype).tolist()
    for value, kept in zip(values, found, strict=True):
        assert kept == value or (kept != kept and (value is None or value != value))


def test_a_table_shows_gaps_short_floats_and_zero_without_a_sign():
    about = {"a": {"dtype_numpy": "<f4"}, "b": {"dtype_numpy": "<u2"}, "c": {"dtype_numpy": "<f8"}}
    documents = [("descriptor", {"uid": "d", "name": "primary", "data_keys": about})]
    rows = [{"a": float(np.float32(0.1)), "b": 7, "c": -0.0}, {"a": 1.0, "c": 0.5}]
    for number, data in enumerate(rows, start=1):
        documents.append(("event", {"descriptor": "d", "seq_num": number, "time": 0.0, "data": data}))
    lines = repr(table_of(documents, "primary")).splitlines()
    assert [line.split()[2:] for line in lines] == [["a", "b", "c"], ["0.1", "7", "0"], ["1.0", "--", "0.5"]]
