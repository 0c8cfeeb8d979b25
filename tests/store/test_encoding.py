"""No value makes writing a document fail, and none is lost."""

from __future__ import annotations

import datetime
import enum
import json
import logging
import math
import types
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from beamshell.store.encoding import DEEPEST, UnwritableError, from_json, is_deep, shallow, to_json, to_strict_json


class Colour(enum.Enum):
    red = "r"


def same(a, b) -> bool:
    """Equal, where NaN equals NaN and a tuple equals its list."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or a == b
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


atoms = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3).filter(lambda d: not any(k.startswith("__") for k in d))
        | st.tuples(inner, inner)
    ),
    max_leaves=10,
)


@given(values)
def test_what_json_and_bytes_can_hold_comes_back_as_it_was(value):
    assert same(value, from_json(to_json(value)))


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(max_dims=3, max_side=3)))
def test_an_array_of_any_type_is_written_with_its_shape(array):
    assert np.shape(np.array(from_json(to_json({"a": array}))["a"], dtype=object))[: array.ndim] == array.shape


@given(hnp.arrays(st.sampled_from([np.float32, np.float64, np.int16, np.uint64, np.bool_, np.complex128]), 4))
def test_the_numbers_of_an_array_come_back_exactly(array):
    back = np.array(from_json(to_json(array)), dtype=array.dtype)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.longdouble("1.5"), 1.5),
        (np.datetime64("2026-11-22T17:00"), "2026-11-22T17:00"),
        (np.array([np.datetime64("2026-11-22", "ns")]), ["2026-11-22T00:00:00.000000000"]),
        (Colour.red, "r"),
        ({3, 1, 2}, [1, 2, 3]),
        ({"a", 1}, ["a", 1]),
        (frozenset({1}), [1]),
        (PurePosixPath("/data/a"), "/data/a"),
        (datetime.datetime(2026, 11, 22, 17), "2026-11-22T17:00:00"),
        (datetime.timedelta(minutes=1), 60.0),
        (range(3), [0, 1, 2]),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (2j, 2j),
        (bytearray(b"\x00\xff"), b"\x00\xff"),
        ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
        ({(1, 2): "pair", Colour.red: 1, np.int64(5): 2}, {"(1, 2)": "pair", "r": 1, "5": 2}),
    ],
)
def test_a_value_is_written_in_its_nearest_json_form(value, written):
    assert from_json(to_json(value)) == written


def test_what_has_no_json_form_is_kept_as_a_marked_repr_and_reported_once(caplog):
    class Odd:
        def __repr__(self):
            return "<odd>"

    with caplog.at_level(logging.WARNING):
        assert from_json(to_json([Odd(), Odd()])) == [{"__repr__": "<odd>"}] * 2
    assert [record.message for record in caplog.records] == [
        "[0]: an Odd cannot be written as JSON: its repr is kept, marked __repr__"
    ]


def test_a_repr_that_raises_does_not_stop_the_writing():
    class Rude:
        def __repr__(self):
            raise RuntimeError("no")

    assert "Rude object at" in from_json(to_json(Rude()))["__repr__"]


def test_a_value_that_contains_itself_is_written_up_to_there():
    circle = {"a": 1}
    circle["self"] = circle
    back = from_json(to_json(circle))
    assert back["a"] == 1
    assert list(back["self"]) == ["__repr__"]


def test_a_very_deep_value_is_written():
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert to_json(deep).startswith("[[[")


def test_a_value_that_python_can_just_write_and_others_cannot_read_is_cut_in_a_start_document():
    deep = []
    for _ in range(900):
        deep = [deep]
    document = {"sample": deep, "mass": 3}
    assert not is_deep(from_json(to_json(shallow(document))), DEEPEST + 2)
    assert shallow(document)["mass"] == 3
    assert shallow({"sample": [1]}) == {"sample": [1]}


class _Rude(dict):
    def items(self):
        raise RuntimeError("no")

    values = __iter__ = keys = items


class _Endless(Mapping):
    def __getitem__(self, key):
        return _Endless()

    def __iter__(self):
        return iter("a")

    def __len__(self):
        return 1


class _Broken(Sequence):
    def __getitem__(self, at):
        raise OSError("gone")

    def __len__(self):
        return 3


class _RudeKey:
    def __str__(self):
        raise RuntimeError("no")


HOSTILE = [
    10**5000,
    -(10**5000),
    {10**5000: 1},
    [1, [10**5000]],
    _Rude(a=1),
    _Endless(),
    _Broken(),
    {_RudeKey(): 1},
    {("a", 1): 2, None: 3, 1.5: 4},
    range(10**12),
    {"\ud800": "\udfff\x00\x1b[31m"},
    np.array([object()]),
    np.zeros(2, dtype=[("a", "f4"), ("b", "O")]),
    float("nan"),
    object(),
    open,
    type,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
def test_hostile_values_are_written_and_what_is_beside_them_is_kept(value):
    back = from_json(to_json({"before": 1, "hostile": value, "after": [2]}))
    assert (back["before"], back["after"]) == (1, [2])
    assert "hostile" in back


def hostile(number):
    return HOSTILE[number]


@given(
    st.recursive(
        st.integers(0, len(HOSTILE) - 1).map(hostile)
        | st.floats()
        | st.text(st.characters())
        | st.binary(max_size=9)
        | st.integers(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_the_value_one_line_is_written_that_can_be_read(value):
    line = to_json({"value": value})
    assert line.isascii()
    assert "\n" not in line
    assert "value" in from_json(line)


def test_one_line_of_ascii_whatever_the_text():
    line = to_json("Größe\n\u2028\ud800")
    assert line.isascii()
    assert "\n" not in line


def test_a_dict_that_only_looks_marked_is_left_as_it_is():
    for value in ({"__bytes__": "no base64!"}, {"__bytes__": 5}, {"__complex__": [1, 2, 3]}, {"__bytes__": "", "b": 1}):
        assert from_json(json.dumps(value)) == value


def test_the_strict_form_refuses_what_would_not_come_back():
    circle = []
    circle.append(circle)
    for value in (object(), {"a": [object]}, circle):
        with pytest.raises(TypeError, match="cannot be written as JSON"):
            to_strict_json(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "^an object cannot"),
        ({"sample": {"mass": object()}}, r"^\['sample'\]\['mass'\]: an object cannot"),
        ({"a": [1, {2: open}]}, r"^\['a'\]\[1\]\['2'\]: a builtin_function_or_method cannot"),
        ([10**5000], r"^\[0\]: a number of thousands of digits cannot"),
        ([range(10**12)], r"^\[0\]: a range of 1000000000000 items cannot"),
        ({"a": _Broken()}, r"^\['a'\]: a _Broken cannot"),
    ],
)
def test_what_is_refused_is_named_with_its_place(value, message):
    with pytest.raises(UnwritableError, match=message):
        to_strict_json(value)


def test_a_circle_and_great_depth_are_refused_in_words():
    circle = {"a": {}}
    circle["a"]["b"] = circle
    with pytest.raises(UnwritableError, match=r"\['a'\]\['b'\]: a dict that contains itself"):
        to_strict_json(circle)
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(UnwritableError, match="a list nested more than 100 deep"):
        to_strict_json({"a": deep})


@given(values | hnp.arrays(hnp.scalar_dtypes(), 2) | st.datetimes() | st.uuids() | st.sampled_from(list(Colour)))
def test_a_value_is_the_same_with_orjson_and_without_it(value):
    document = {"data": value, "list": [value, (value,)]}
    quick = from_json(to_json(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("beamshell.store.encoding._quick_encoder", lambda: None)
        assert same(from_json(to_json(document)), quick)
