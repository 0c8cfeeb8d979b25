"""Table: the points of one stream as columns, numpy arrays by name.

It gets documents, and knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from typing_extensions import override

from beamshell.arrays import np
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import UnknownName
from beamshell.store.frame_locations import external_keys
from beamshell.text.nearest import unknown_key
from beamshell.text.numbers import in_full
from beamshell.text.times import time_of_day
from beamshell.text.window import table_in_window

Column: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

_MOST_ROWS = 50  # of a repr
_LARGEST_EXACT = 2**53  # all integers up to here are floats


class Table:
    """Columns of equal length, one row a point: `table["det"]` is a numpy array, `len(table)` the number of points.

    The first two columns are "seq_num" and "time" (seconds since 1970-01-01 UTC). Of a point that was measured again
    after a pause, the last measurement counts. A column has the type that its descriptor says, such as uint16 or
    float32. Where a key is missing from a point there is NaN in a column of floats; a column of integers or of truth
    values is a masked array then, masked there; any other has None. Data in files of their own are no columns.

    Args:
        columns: by name.
        external: the keys whose values are in files.
        units: by column, its unit; "" or left out if it has none.
        main: the columns that a narrow window shows, the most important first.
    """

    def __init__(
        self,
        columns: dict[str, Column],
        external: Iterable[str] = (),
        units: dict[str, str] | None = None,
        main: Iterable[str] = (),
    ) -> None:
        self._columns = columns
        self._main = list(main)
        self._external = frozenset(external)
        self.units = {name: (units or {}).get(name, "") for name in columns}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def keys(self) -> list[str]:
        """The names of the columns, so that `dict(table)` and whatever takes a dict works."""
        return self.columns

    def __getitem__(self, name: str) -> Column:
        if name in self._external:
            raise UnknownName(f"{name} is in files, not in the table: run.image({name!r}, 3) is that of point 3")
        if name not in self._columns:
            raise unknown_key("column", name, self._columns)
        return self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns["seq_num"])

    def __repr__(self) -> str:
        rows = [
            [_cell(name, column[row]) for name, column in self._columns.items()]
            for row in range(min(len(self), _MOST_ROWS))
        ]
        more = [f"... {len(self) - _MOST_ROWS} more"] if len(self) > _MOST_ROWS else []
        important = list(dict.fromkeys([*self._main, *self.columns[2:]]))
        hide_first = [[self.columns.index(name)] for name in ("time", *reversed(important[1:]))]
        return "\n".join([table_in_window([self.columns, *rows], hide_first=hide_first), *more])


def table_of(documents: Iterable[tuple[str, Document]], stream: str) -> Table:
    """The events of one stream as a Table; with no events, the columns of its descriptors are empty."""
    points = PointsOfStream(stream)
    points.take(documents)
    return points.table()


class PointsOfStream(RunReceiver):
    """Collects the points of one stream, by their number.

    Attributes:
        numbered_from: the number in the table of the run's first point; 1 unless it continues another run.
    """

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.numbered_from = 1
        self._stream = stream
        self._units: dict[str, str] = {}  # by data key, in the order of the descriptors
        self._dtypes: dict[str, set[str]] = {}  # by data key, those that its descriptors say
        self._external: set[str] = set()
        self._scanned: list[str] = []
        self._hinted: list[str] = []
        self._points: dict[int, Document] = {}

    @override
    def start(self, start: Document) -> None:
        dimensions = (start.get("hints") or {}).get("dimensions") or ()
        self._scanned = [str(key) for keys, _stream in dimensions for key in keys]

    @override
    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name", "primary") == self._stream:
            self._hinted += (
                key for hints in (descriptor.get("hints") or {}).values() for key in hints.get("fields", ())
            )
            self._units |= {
                key: str((about or {}).get("units") or "") for key, about in descriptor["data_keys"].items()
            }
            for key, about in descriptor["data_keys"].items():
                if dtype := (about or {}).get("dtype_numpy"):
                    self._dtypes.setdefault(key, set()).add(str(dtype))
            self._external.update(external_keys(descriptor))

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        if descriptor.get("name", "primary") == self._stream:
            self._points[event["seq_num"] + self.numbered_from - 1] = event

    def table(self) -> Table:
        """The points collected so far."""
        numbers = sorted(self._points)
        rows = [self._points[number] for number in numbers]
        columns = {
            "seq_num": np.array(numbers, dtype=np.int64),
            "time": np.array([row["time"] for row in rows], dtype=float),
        }
        units = {"time": "s"}
        for key, unit in self._units.items():
            if key not in self._external:
                name = key if key not in columns else f"{key}_"
                columns[name] = _column([row["data"].get(key) for row in rows], self._dtype(key))
                units[name] = unit
        main = [key for key in (*self._scanned, *self._hinted) if key in self._units and key in columns]
        return Table(columns, self._external, units, dict.fromkeys(main))

    def _dtype(self, key: str) -> np.dtype[Any] | None:
        """The described type of a key, in this computer's order of bytes; None if there is none, or several."""
        described = self._dtypes.get(key, set())
        try:
            return np.dtype(next(iter(described))).newbyteorder("=") if len(described) == 1 else None
        except (TypeError, ValueError):  # no type that numpy knows
            return None


def _column(values: list[Any], dtype: np.dtype[Any] | None) -> Column:
    """An array of the described type, else of numbers or text where the values agree; of objects where they do not."""
    kinds = {type(value) for value in values}
    if dtype is not None and dtype.kind in "biufc" and (column := _described(values, kinds, dtype)) is not None:
        return column
    if kinds <= {int, float, type(None)} and kinds & {int, float} and kinds != {int}:
        whole = [value for value in values if type(value) is int]
        if all(abs(value) <= _LARGEST_EXACT for value in whole):
            return np.array([np.nan if value is None else value for value in values], dtype=float)
    elif kinds == {str}:
        if not any(value.endswith("\0") for value in values):  # numpy takes zeros off the end of a text
            return np.array(values)
    elif kinds in ({int}, {bool}, set()):
        column = np.array(values, dtype=None if kinds else float)
        if column.tolist() == values:  # numpy makes floats of integers that fit no type of its own
            return column
    elif kinds == {list}:
        try:
            return np.array(values)
        except ValueError:  # not all of one shape
            pass
    column = np.empty(len(values), dtype=object)
    column[:] = [np.array(value) if isinstance(value, list) else value for value in values]
    return column


def _described(values: list[Any], kinds: set[type], dtype: np.dtype[Any]) -> Column | None:
    """An array of this type; None if it cannot hold the values exactly."""
    gaps = np.array([value is None for value in values], dtype=bool)
    if gaps.any() and list in kinds:
        return None
    missing: Any = np.nan if dtype.kind in "fc" else np.iinfo(dtype).max if dtype.kind in "iu" else False
    filled = [missing if value is None else value for value in values]
    try:
        with np.errstate(over="ignore"):  # a float too large for float32 is no longer the same
            column = np.array(filled, dtype=dtype)
        exact = column.tolist() == filled if dtype.kind in "biu" else _same_floats(column, np.array(filled))
    except (TypeError, ValueError, OverflowError):
        return None
    if not exact:
        return None
    return np.ma.masked_array(column, gaps, fill_value=missing) if gaps.any() and dtype.kind in "biu" else column


def _same_floats(column: Column, natural: Column) -> bool:
    return natural.dtype.kind in "biufc" and np.array_equal(column.astype(natural.dtype), natural, equal_nan=True)


def _cell(name: str, value: Any) -> str:
    if name == "time":
        return time_of_day(value)
    if isinstance(value, np.float32):
        return str(value) if value else "0.0"  # without a sign
    if isinstance(value, (float, np.floating)):
        return in_full(float(value), 10)
    if isinstance(value, np.ndarray) and value is not np.ma.masked:
        return f"array{value.shape}"
    return str(value)
