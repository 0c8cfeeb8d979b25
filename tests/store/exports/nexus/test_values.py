"""Values come back from HDF5 as they were, and what it cannot hold is kept in words."""

from __future__ import annotations

import itertools
import json

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nexus_reading import plain, read, same

from beamshell.store.exports.nexus.values import add_column, add_group, add_value, free_name, set_attributes
from beamshell.store.table import table_of

_numbers = itertools.count()


@pytest.fixture
def group():
    with new_file() as file:
        yield file


def new_file():
    return h5py.File(f"values-{next(_numbers)}", "w", driver="core", backing_store=False)


def column_of(values, **about):
    """The column that a table makes of these values."""
    keys = {"k": {"source": "", "dtype": "number", "shape": [], **about}}
    documents = [("descriptor", {"uid": "d", "run_start": "r", "name": "primary", "data_keys": keys})]
    for number, value in enumerate(values, start=1):
        data = {} if value is None else {"k": value}
        event = {"uid": f"e{number}", "descriptor": "d", "time": 0.0, "seq_num": number, "data": data, "timestamps": {}}
        documents.append(("event", event))
    return table_of(documents, "primary")["k"]


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.complex_numbers(), st.binary())
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
columns = st.one_of(
    *(
        st.lists(st.none() | values, min_size=1, max_size=6)
        for values in (
            st.floats(),
            st.integers(),
            st.integers(-5, 5),
            st.booleans(),
            st.text(),
            st.lists(st.floats(), min_size=2, max_size=2),
            st.lists(st.integers(-9, 9), max_size=3),
            anything,
        )
    )
)


@given(values=columns)
def test_any_column_is_read_back_as_it_is_in_the_table(values):
    column = column_of(values)
    with new_file() as group:
        assert same(read(add_column(group, "k", column, "mm")), plain(column))


@given(value=anything)
def test_any_value_of_the_metadata_is_read_back_as_it_was(value):
    with new_file() as group:
        assert same(read(add_value(group, "k", value)), value)


def test_numbers_keep_their_type_and_have_their_unit(group):
    dataset = add_column(group, "det", column_of([1, 2], dtype_numpy="<u2"), "counts")
    assert (dataset.dtype, dataset.attrs["units"], dataset.attrs["long_name"]) == ("u2", "counts", "det [counts]")


def test_a_float_without_a_unit_says_so_and_text_has_none(group):
    assert add_column(group, "a", column_of([0.5])).attrs["units"] == ""
    assert "units" not in add_column(group, "b", column_of(["x"]), "mm").attrs


def test_whole_numbers_with_gaps_are_exact_floats_with_nan(group):
    dataset = add_column(group, "det", column_of([7, None], dtype_numpy="<u4"))
    np.testing.assert_array_equal(dataset[()], [7, np.nan])


def test_large_whole_numbers_with_gaps_are_filled_with_one_that_does_not_occur(group):
    dataset = add_column(group, "det", column_of([2**60, None], dtype_numpy="<i8"))
    assert dataset[()].tolist() == [2**60, 2**63 - 1]
    assert dataset.attrs["fill_value"] == 2**63 - 1


def test_arrays_of_different_lengths_are_json(group):
    dataset = add_column(group, "spectrum", column_of([[1, 2], [3]]))
    assert dataset.attrs["format"] == "JSON"
    assert [json.loads(text) for text in dataset.asstr()] == [[1, 2], [3]]


def test_text_that_hdf5_cannot_hold_is_json(group):
    for text in ("a\0b", "\ud800"):
        dataset = add_value(group, "text", text)
        assert json.loads(dataset.asstr()[()]) == text


def test_a_name_is_one_that_nexus_allows_and_the_key_is_kept(group):
    dataset = add_value(group, "Größe/µ", 1)
    assert dataset.name == "/Gr__e__"
    assert dataset.attrs["key"] == "Größe/µ"
    assert free_name(group, "Gr..e__") == "Gr..e__"


@given(keys=st.lists(st.text(), max_size=6))
def test_keys_that_look_alike_stay_apart(keys):
    with new_file() as group:
        for key in keys:
            add_group(group, key, "NXcollection")
        assert len(group) == len(keys)


@given(text=st.text(st.characters(), max_size=50) | st.just("x" * 100_000))
def test_an_attribute_takes_any_text(text):
    with new_file() as group:
        set_attributes(group, note=text)
        assert isinstance(group.attrs["note"], str)
