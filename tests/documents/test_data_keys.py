"""Data keys: the type and shape of a value, and whether a value is what its data key says."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.documents.data_keys import corrected, dtype_of, fits, variable_shape
from beamshell.errors import BadValue


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (True, ("boolean", [], "|b1")),
        (3, ("integer", [], "<i8")),
        (np.int16(3), ("integer", [], "<i2")),
        (2.5, ("number", [], "<f8")),
        ("on", ("string", [], "<U40")),
        ("x" * 50, ("string", [], "<U50")),
        ([1, 2], ("array", [2], "<i8")),
        (np.zeros((2, 3), np.uint16), ("array", [2, 3], "<u2")),
    ],
)
def test_a_value_has_a_type_and_a_shape(value, described):
    assert dtype_of(value) == described


@pytest.mark.parametrize(("value", "words"), [(None, "no value yet"), (object(), "type object cannot be recorded")])
def test_what_cannot_be_recorded_is_refused(value, words):
    with pytest.raises(BadValue, match=words):
        dtype_of(value)


ARRAY = {"dtype": "array", "shape": [2], "dtype_numpy": "<f8"}


@pytest.mark.parametrize(
    ("value", "data_key", "fitting"),
    [
        (0.5, {"dtype": "integer"}, False),
        (np.int32(1), {"dtype": "integer"}, True),
        (True, {"dtype": "integer"}, True),
        (1, {"dtype": "number"}, True),
        (np.float32(1), {"dtype": "number"}, True),
        ("on", {"dtype": "number"}, False),
        ("on", {"dtype": "string"}, True),
        ("on", {"dtype": "string", "dtype_numpy": "<U1"}, False),
        (0, {"dtype": "boolean"}, True),
        (None, {"dtype": "number"}, True),
        (np.zeros(2), ARRAY, True),
        (np.zeros(3), ARRAY, False),
        (np.zeros((2, 1)), ARRAY, False),
        (np.zeros(2, int), ARRAY, False),
        ([1, 2], ARRAY, True),
        ([1, 2, 3], ARRAY, False),
        ([1, 2, 3], {"dtype": "array", "shape": [None]}, True),
        (1.0, ARRAY, False),
        ("id", {"dtype": "array", "shape": [2, 2], "external": "FILESTORE:"}, True),
    ],
)
def test_a_value_fits_its_data_key_or_does_not(value, data_key, fitting):
    assert fits(value, data_key) is fitting


def test_a_data_key_is_corrected_and_keeps_the_rest():
    assert corrected({"dtype": "integer", "shape": [], "units": "mm"}, 0.5) == {
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
    }
    right = {"dtype": "number", "shape": []}
    assert corrected(right, 1.0) == right
    assert corrected(right, object()) == right
    assert corrected(right, [[1], [1, 2]]) == right


def test_a_shape_that_varies_has_no_length_there():
    assert variable_shape([2, 3], [2, 4]) == [2, None]
    assert variable_shape([2, None], [2, 4]) == [2, None]
    assert variable_shape([2], [2, 4]) == [2, 4]
