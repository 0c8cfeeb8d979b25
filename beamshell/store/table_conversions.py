"""A table as a DataFrame of pandas or a Dataset of xarray; both libraries are imported here, when they are used.

It gets columns, and knows no run.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from beamshell.arrays import np
from beamshell.errors import MissingLibrary
from beamshell.store.columns import LARGEST_EXACT, Column, objects
from beamshell.store.scan_axes import NUMBER, TIME, ScanAxes

DimensionNames: TypeAlias = Mapping[str, Sequence[str]]
"""By column of arrays, the names of the dimensions of a value, as far as its detector gives them."""


def to_pandas(columns: Mapping[str, Column], units: Mapping[str, str]) -> Any:
    """See `Table.to_pandas`."""
    pandas = library("pandas")
    series = {
        name: pandas.DatetimeIndex(moments(column), tz="UTC") if name == TIME else _series(pandas, column)
        for name, column in columns.items()
    }
    frame = pandas.DataFrame(series).set_index(NUMBER)
    frame.attrs["units"] = {name: unit for name, unit in units.items() if unit and name != TIME}
    return frame


def _series(pandas: Any, column: Column) -> Any:
    """What pandas takes for a column of its own: one-dimensional, and with a mask of its own for missing integers."""
    if isinstance(column, np.ma.MaskedArray):
        kind = pandas.arrays.BooleanArray if column.dtype.kind == "b" else pandas.arrays.IntegerArray
        return kind(column.data, np.ma.getmaskarray(column))
    if column.ndim > 1:
        return pandas.Series(objects(list(column)), dtype=object)
    if column.dtype.kind == "U":
        try:
            return pandas.Series(column, dtype="str")
        except UnicodeError:  # half of a surrogate pair, which Arrow does not hold
            return pandas.Series(column.tolist(), dtype=object)
    return pandas.Series(column, dtype=column.dtype)


def to_xarray(columns: Mapping[str, Column], units: Mapping[str, str], axes: ScanAxes, names: DimensionNames) -> Any:
    """See `Table.to_xarray`."""
    xarray = library("xarray")
    grid = axes.grid(columns)
    coordinates: dict[str, Any] = {}
    beside = {TIME, NUMBER}  # coordinates that are columns
    renamed: dict[str, str] = {}
    if grid is None:
        dimensions: tuple[str, ...] = (axes.line(columns),)
        beside.update(key for keys in axes.keys for key in keys)
    else:
        motors = [keys[0] for keys in axes.keys]
        dimensions = tuple(motor.removesuffix("_readback") for motor in motors)
        for axis, (motor, name) in enumerate(zip(motors, dimensions, strict=True)):
            coordinates[name] = ((name,), grid.positions[axis], _attributes(units[motor]))
            # A name stands for one thing in a Dataset: that of the motor for the axis.
            renamed[motor] = _free_name(f"{name}_readback", {*columns, *dimensions} - {motor})
    variables: dict[str, Any] = {}
    for key, column in columns.items():
        name = renamed.get(key, key)
        values = moments(column) if key == TIME else column
        inner = _inner_dimensions(key, values, names.get(key, ()))
        values = _unmasked(values) if grid is None else _placed(values, grid.cells, axes.shape)
        variable = ((*dimensions, *inner), values, {} if key == TIME else _attributes(units[key]))
        (coordinates if key in beside and not inner else variables)[name] = variable
    return xarray.Dataset(variables, coordinates)


def _free_name(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def moments(seconds: Column) -> Column:
    """Seconds since 1970-01-01 UTC as numpy's datetimes, to the microsecond, as exact as such a float is."""
    microseconds = np.round(seconds * 1e6)
    usable = np.isfinite(microseconds) & (np.abs(microseconds) < 2**62)
    moment = np.where(usable, microseconds, 0).astype(np.int64).astype("datetime64[us]")
    return np.where(usable, moment, np.datetime64("NaT", "us"))


def _attributes(unit: str) -> dict[str, str]:
    return {"units": unit} if unit else {}


def _inner_dimensions(name: str, column: Column, described: Sequence[str]) -> tuple[str, ...]:
    """The dimensions of one value of a column of arrays."""
    own = tuple(f"{name}_{axis}" for axis in described)
    number = column.ndim - 1
    return own if len(set(own)) == number else tuple(f"{name}_dim_{axis}" for axis in range(number))


def _unmasked(column: Column) -> Column:
    if not isinstance(column, np.ma.MaskedArray):
        return column
    return _placed(column, np.arange(len(column))[np.newaxis], (len(column),))


def _placed(column: Column, cells: Column, shape: tuple[int, ...]) -> Column:
    """The values in their cells; where there is none NaN, NaT or None.

    Args:
        column: shape (points, ...).
        cells: shape (axes, points).
        shape: of the grid.
    """
    measured = ~np.ma.getmaskarray(column) if isinstance(column, np.ma.MaskedArray) else slice(None)
    values, places = np.ma.getdata(column)[measured], cells[:, measured]
    is_whole = places.shape[1] == math.prod(shape)
    dtype = values.dtype if is_whole else _type_with_gaps(values)
    grid = np.empty((*shape, *values.shape[1:]), dtype=dtype)
    if not is_whole:
        grid[...] = np.nan if dtype.kind in "fc" else np.datetime64("NaT") if dtype.kind == "M" else None
    grid[tuple(places)] = values
    return grid


def _type_with_gaps(values: Column) -> np.dtype[Any]:
    """The type that holds these values exactly, and one that is missing."""
    if values.dtype.kind in "fcM":
        return values.dtype
    is_exact = values.dtype.kind in "iu" and (
        not values.size or -LARGEST_EXACT <= int(values.min()) <= int(values.max()) <= LARGEST_EXACT
    )
    return np.dtype(float if is_exact else object)


def library(name: str) -> Any:
    """A library that a table is converted with, imported at its first use.

    Raises:
        MissingLibrary: it is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as exc:
        raise MissingLibrary(f'{name} is not installed: pip install "beamshell[tables]"') from exc
