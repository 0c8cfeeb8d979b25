"""Reads what a NeXus file of a run holds, as somebody does who knows `fill_value` and `format`; and checks it."""

from __future__ import annotations

import chexus
import h5py
import numpy as np

from beamshell.store.encoding import from_json


def read(dataset):
    """What a reader who knows `fill_value` and `format` takes it for."""
    values = dataset.asstr()[()] if h5py.check_string_dtype(dataset.dtype) else dataset[()]
    if dataset.attrs.get("format") == "JSON":
        return [from_json(text) for text in values] if np.ndim(values) else from_json(values)
    rows = values.tolist() if isinstance(values, np.ndarray | np.generic) else values
    if "fill_value" not in dataset.attrs:
        return rows
    fill = dataset.attrs["fill_value"]
    is_missing = [np.all(np.isnan(row)) if fill != fill else row == fill for row in values]
    return [None if missing else value for missing, value in zip(is_missing, rows, strict=True)]


def same(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b or (a is not None and b is not None and a != a and b != b)


def plain(column):
    """A column as lists; None where an integer is missing."""
    rows = column.tolist() if column.dtype != object else list(column)
    return [row.tolist() if isinstance(row, np.ndarray) else row for row in rows]


STAYS = {"depends_on_missing"}
"""What chexus reports and is left as it is: where a device stands in the hutch is not known to the console."""


def violations(path):
    """The rules of chexus that a file breaks."""
    validators = chexus.validators.base_validators(has_scipp=False)
    (root,) = [chexus.validate(root, validators) for root in chexus.read_hdf5(str(path))]
    return {result.validator.name for result in root.values() if result.fails}
