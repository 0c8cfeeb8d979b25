"""Values of documents as HDF5 datasets: numbers as they are, text as UTF-8, and what HDF5 cannot hold as JSON text.

It knows groups, names and values, and no run. No value makes it fail, and none is changed silently: a dataset of JSON
says so (`@format`), one whose missing values are filled names what they are filled with (`@fill_value`).
"""

from __future__ import annotations

import itertools
import re
from typing import Any, NamedTuple, TypeAlias

from beamshell.arrays import np
from beamshell.store.columns import LARGEST_EXACT, Column
from beamshell.store.encoding import to_json
from beamshell.text.numbers import label

Group: TypeAlias = Any
"""A group of h5py, which has no types."""

_NO_NAME = re.compile(r"[^A-Za-z0-9_.]")
_LONGEST_NAME = 200
_LONGEST_ATTRIBUTE = 1000
_COMPRESSED_FROM = 100_000  # bytes


class Form(NamedTuple):
    """What HDF5 takes in place of a value."""

    values: Any
    """An array of numbers, or one of texts as objects."""
    fill: Any = None
    """What stands where a value is missing; None where none is."""
    is_json: bool = False
    """Each text is the JSON of a value."""


def add_group(parent: Group, name: str, nexus_class: str, **attributes: Any) -> Group:
    """A new group of a class of NeXus; see `free_name` for what it is called."""
    group = parent.create_group(free_name(parent, name))
    set_attributes(group, NX_class=nexus_class, **attributes)
    if name != group.name.rpartition("/")[2]:
        set_attributes(group, key=name)
    return group


def add_column(group: Group, key: str, column: Column, units: str = "") -> Any:
    """A dataset of the values of one key, a row a point."""
    return _add(group, key, form_of_column(column), units)


def add_value(group: Group, key: str, value: Any, units: str = "") -> Any:
    """A dataset of one value: a setting, or an entry of the metadata."""
    return _add(group, key, form_of_value(value), units)


def add_link(group: Group, key: str, dataset: Any) -> Any:
    """One more name for a dataset of the same file (a hard link)."""
    group[name := free_name(group, key)] = dataset
    return group[name]


def set_attributes(node: Any, **attributes: Any) -> None:
    """Set attributes; a text that HDF5 cannot hold is changed, a very long one cut."""
    for name, value in attributes.items():
        if isinstance(value, str):
            value = value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
            value = value if len(value) <= _LONGEST_ATTRIBUTE else f"{value[:_LONGEST_ATTRIBUTE]}..."
        node.attrs[name] = value


def free_name(group: Group, key: str) -> str:
    """The key as a name that NeXus allows and the group does not have yet; the key itself where that is possible."""
    name = _NO_NAME.sub("_", key)[:_LONGEST_NAME].strip(".") or "_"
    names = (f"{name}_{number}" if number > 1 else name for number in itertools.count(1))
    return next(name for name in names if name not in group)


def _add(group: Group, key: str, form: Form, units: str) -> Any:
    values = form.values
    name = free_name(group, key)
    if values.dtype == object:
        import h5py

        dataset = group.create_dataset(name, data=values, dtype=h5py.string_dtype())
    else:
        compressed = {"compression": "gzip", "shuffle": True} if values.nbytes >= _COMPRESSED_FROM else {}
        dataset = group.create_dataset(name, data=values, **compressed)
    set_attributes(dataset, long_name=label(key, units), **({} if name == key else {"key": key}))
    if values.dtype.kind in "fc" or (units and values.dtype.kind in "iu"):  # a float without a unit says so: ""
        set_attributes(dataset, units=units)
    if form.fill is not None:
        set_attributes(dataset, fill_value=form.fill)
    if form.is_json:
        set_attributes(dataset, format="JSON")
    return dataset


# ---- what HDF5 takes -----------------------------------------------------------------------------


def form_of_column(column: Column) -> Form:
    """What HDF5 takes for the column of a table."""
    if isinstance(column, np.ma.MaskedArray):
        return _of_whole_numbers(column)
    if column.dtype.kind in "biufc":
        return Form(column)
    rows = column.tolist() if column.dtype.kind == "U" else list(column)
    if column.dtype.kind == "U" and _are_storable(column.ravel().tolist()):
        return Form(column.astype(object))
    if column.ndim == 1 and (form := _of_texts(rows) or _of_arrays(rows)) is not None:
        return form
    return Form(np.array([to_json(row) for row in rows], dtype=object), is_json=True)


def form_of_value(value: Any) -> Form:
    """What HDF5 takes for a value that stands alone."""
    if isinstance(value, str) and _are_storable([value]):
        return Form(np.array(value, dtype=object))
    if isinstance(value, bool | int | float | complex | list):
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError, RecursionError):
            array = np.empty(0, dtype=object)  # rows of different lengths, or too deep
        if array.dtype.kind in "biufc" and _same(array.tolist(), value):
            return Form(array)
        if array.dtype.kind == "U" and array.tolist() == value and _are_storable(array.ravel().tolist()):
            return Form(array.astype(object))
    return Form(np.array(to_json(value), dtype=object), is_json=True)


def _of_whole_numbers(column: np.ma.MaskedArray[Any, Any]) -> Form:
    """Integers or truth values, some of them missing: floats with NaN if that is exact, else filled."""
    present = column.compressed()
    if column.dtype.kind == "b" or not np.any((present > LARGEST_EXACT) | (present < -LARGEST_EXACT)):
        return Form(np.ma.filled(column.astype(float), np.nan), fill=np.nan)
    fill = column.dtype.type(np.iinfo(column.dtype).max)
    if np.any(present == fill):
        return Form(np.array([to_json(value) for value in column.tolist()], dtype=object), is_json=True)
    return Form(column.filled(fill), fill=fill)


def _of_texts(rows: list[Any]) -> Form | None:
    """Texts, some of them missing; None if they are none, or cannot be told from the missing ones."""
    texts = [row for row in rows if row is not None]
    if not texts or not all(isinstance(text, str) for text in texts) or not _are_storable(texts):
        return None
    if len(texts) == len(rows):
        return Form(np.array(rows, dtype=object))
    return None if "" in texts else Form(np.array([row or "" for row in rows], dtype=object), fill="")


def _of_arrays(rows: list[Any]) -> Form | None:
    """Arrays of one shape, some of them missing, as floats with NaN; None if they are something else."""
    arrays = [row for row in rows if row is not None]
    if not arrays or not all(isinstance(array, np.ndarray) and array.dtype.kind in "iuf" for array in arrays):
        return None
    if len({array.shape for array in arrays}) > 1:
        return None
    if any(array.dtype.kind in "iu" and np.any(np.abs(array.astype(float)) >= LARGEST_EXACT) for array in arrays):
        return None
    has_gaps = len(arrays) < len(rows)
    if has_gaps and any(np.isnan(array).all() for array in arrays):  # it would look like a missing one
        return None
    gap = np.full(arrays[0].shape, np.nan)
    filled = [gap if row is None else row.astype(float) for row in rows]
    return Form(np.stack(filled), fill=np.nan if has_gaps else None)


def _are_storable(texts: list[Any]) -> bool:
    """Whether HDF5 can hold these texts: no zeros in them, and all of it Unicode."""
    for text in texts:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate
            return False
        if "\0" in text:
            return False
    return True


def _same(array: Any, value: Any) -> bool:
    """Whether numbers are equal, and of the same types; NaN is equal to NaN."""
    if isinstance(value, list):
        return isinstance(array, list) and len(array) == len(value) and all(map(_same, array, value))
    return type(array) is type(value) and (array == value or (array != array and value != value))
