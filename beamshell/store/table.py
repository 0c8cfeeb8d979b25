"""Table: the points of one stream as columns, numpy arrays by name.

It gets documents, and knows no file.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from typing_extensions import override

from beamshell.arrays import np
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import UnknownName
from beamshell.store.columns import Column, Values
from beamshell.store.frame_locations import external_keys
from beamshell.store.scan_axes import NUMBER, TIME, ScanAxes, axes_of
from beamshell.store.table_conversions import DimensionNames, to_pandas, to_xarray
from beamshell.text.nearest import unknown_key
from beamshell.text.numbers import in_full
from beamshell.text.times import time_of_day
from beamshell.text.window import table_in_window

_MOST_ROWS = 50  # of a repr


class Table(dict[str, Column]):
    """A dict of columns of equal length, one row a point: `table["det"]` is a numpy array.

    Whatever takes a dict of arrays takes a table: `pandas.DataFrame(table)`, `polars.DataFrame(table)`, `dict(table)`.
    `len(table)` is the number of columns, as of any dict; `table.num_points` is that of the points.

    The first two columns are "seq_num" and "time" (seconds since 1970-01-01 UTC). Of a point that was measured again
    after a pause, the last measurement counts. A column has the type that its descriptor says, such as uint16 or
    float32. Where a key is missing from a point there is NaN in a column of floats; a column of integers or of truth
    values is a masked array then, masked there; any other has None. Data in files of their own are no columns.

    Args:
        columns: by name.
        external: the keys whose values are in files.
        units: by column, its unit; "" or left out if it has none.
        main: the columns that a narrow window shows, the most important first.
        axes: along which the points were measured.
        dimensions: by column of arrays, the names of the dimensions of a value.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        external: Iterable[str] = (),
        units: Mapping[str, str] | None = None,
        main: Iterable[str] = (),
        axes: ScanAxes | None = None,
        dimensions: DimensionNames | None = None,
    ) -> None:
        super().__init__(columns)
        self._main = list(main)
        self._external = frozenset(external)
        self._axes = axes or ScanAxes()
        self._dimensions = dimensions or {}
        self.units = {name: (units or {}).get(name, "") for name in columns}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self)

    @property
    def num_points(self) -> int:
        """The number of points."""
        return len(self[NUMBER])

    def to_pandas(self) -> Any:
        """The table as a DataFrame of pandas, with the numbers of the points as its index.

        The time is a datetime with the zone UTC. Integers with gaps have a type of pandas that has gaps, such as Int64,
        and stay exact. A value that is an array is an object. The units are in `frame.attrs["units"]`.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        return to_pandas(self, self.units)

    def to_xarray(self) -> Any:
        """The table as a Dataset of xarray, whose dimensions are those of the scan, with units in the attributes.

        The points of a grid are in their cells, whichever way the scan went, and a cell that was not measured has NaN;
        the coordinates are the positions that were set, and the measured ones are the variable `<motor>_readback`.
        Any other scan has one dimension, its motor, with the motors that moved along as coordinates; points that have
        no order, such as those of a spiral, or are not where the cells are, have that of their numbers; what no motor
        was moved for, the time. Times are datetimes in UTC. Values that are arrays have further dimensions.

        Raises:
            MissingLibrary: xarray is not installed.
        """
        return to_xarray(self, self.units, self._axes, self._dimensions)

    def __missing__(self, name: str) -> Column:
        if name in self._external:
            raise UnknownName(f"{name} is in files, not in the table: run.image({name!r}, 3) is that of point 3")
        raise unknown_key("column", name, self)

    def __repr__(self) -> str:
        rows = [
            [cell_text(name, column[row]) for name, column in self.items()]
            for row in range(min(self.num_points, _MOST_ROWS))
        ]
        more = [f"... {self.num_points - _MOST_ROWS} more"] if self.num_points > _MOST_ROWS else []
        important = list(dict.fromkeys([*self._main, *self.columns[2:]]))
        hide_first = [[self.columns.index(name)] for name in (TIME, *reversed(important[1:]))]
        return "\n".join([table_in_window([self.columns, *rows], hide_first=hide_first), *more])


def table_of(documents: Iterable[tuple[str, Document]], stream: str) -> Table:
    """The events of one stream as a Table; with no events, the columns of its descriptors are empty."""
    points = PointsOfStream(stream)
    points.take(documents)
    return points.table()


TableKind = TypeVar("TableKind", bound=Table)


class PointsOfStream(RunReceiver):
    """Collects the points of one stream, by their number.

    Attributes:
        numbered_from: the number in the table of the run's first point; 1 unless it continues another run.
        is_described: whether the run has the stream.
    """

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.numbered_from = 1
        self.is_described = False
        self._stream = stream
        self._about: dict[str, Document] = {}  # by data key, in the order of the descriptors
        self._dtypes: dict[str, set[str]] = {}  # by data key, those that its descriptors say
        self._external: set[str] = set()
        self._hinted: list[str] = []
        self._axes = ScanAxes()
        self._numbers: list[int] = []  # of each event
        self._times: list[float] = []
        self._values: dict[str, Values] = {}  # by data key, of each event until the last that had it

    @override
    def start(self, start: Document) -> None:
        axes = axes_of(start, self._stream)
        self._axes = axes._replace(measured_before=axes.measured_before - self.numbered_from + 1)

    @override
    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name", "primary") == self._stream:
            self.is_described = True
            self._hinted += (
                key for hints in (descriptor.get("hints") or {}).values() for key in hints.get("fields", ())
            )
            for key, about in descriptor["data_keys"].items():
                self._about[key] = about or {}
                if dtype := (about or {}).get("dtype_numpy"):
                    self._dtypes.setdefault(key, set()).add(str(dtype))
            self._external.update(external_keys(descriptor))

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        data = {key: [value] for key, value in event["data"].items()}
        self.event_page(descriptor, {"seq_num": [event["seq_num"]], "time": [event["time"]], "data": data})

    @override
    def event_page(self, descriptor: Document, page: Document) -> None:
        if descriptor.get("name", "primary") != self._stream:
            return
        before = len(self._numbers)
        offset = self.numbered_from - 1
        self._numbers += [number + offset for number in page["seq_num"]] if offset else page["seq_num"]
        self._times += page["time"]
        for key, values in page["data"].items():
            if key not in self._external:
                column = self._values.get(key) or self._values.setdefault(key, Values())
                if len(column) < before:
                    column.extend([None] * (before - len(column)))
                column.extend(values)

    def table(self) -> Table:
        """The points collected so far."""
        return self.table_as(Table)

    def table_as(self, kind: type[TableKind]) -> TableKind:
        """The points collected so far, as a table of this class."""
        rows = self._rows()
        columns: dict[str, Column] = {
            NUMBER: np.fromiter(_of(rows, self._numbers), dtype=np.int64),
            TIME: np.array(_of(rows, self._times), dtype=float),
        }
        units = {TIME: "s"}
        dimensions = {}
        for key, about in self._about.items():
            if key not in self._external:
                name = key if key not in columns else f"{key}_"
                values = self._values.get(key, Values())
                if len(values) < len(self._numbers):
                    values.extend([None] * (len(self._numbers) - len(values)))
                columns[name] = values.column(self._dtype(key), rows)
                units[name] = str(about.get("units") or "")
                dimensions[name] = list(map(str, about.get("dims") or ()))
        scanned = [key for keys in self._axes.keys for key in keys]
        main = [key for key in (*scanned, *self._hinted) if key in self._about and key in columns]
        return kind(columns, self._external, units, dict.fromkeys(main), self._axes, dimensions)

    def _rows(self) -> list[int] | None:
        """The events that count, by the numbers of their points; None if that is all of them as they are."""
        if all(map(operator.lt, self._numbers, self._numbers[1:])):
            return None
        last = {number: row for row, number in enumerate(self._numbers)}
        return [last[number] for number in sorted(last)]

    def _dtype(self, key: str) -> np.dtype[Any] | None:
        """The described type of a key, in this computer's order of bytes; None if there is none, or several."""
        described = self._dtypes.get(key, set())
        try:
            return np.dtype(next(iter(described))).newbyteorder("=") if len(described) == 1 else None
        except (TypeError, ValueError):  # no type that numpy knows
            return None


def _of(rows: list[int] | None, values: list[Any]) -> list[Any]:
    return values if rows is None else [values[row] for row in rows]


def cell_text(name: str, value: Any) -> str:
    """A value as a table shows it.

    Args:
        name: of its column.
        value: of one point.
    """
    if name == "time":
        return time_of_day(value)
    if isinstance(value, np.float32):
        return str(value) if value else "0.0"  # without a sign
    if isinstance(value, (float, np.floating)):
        return in_full(float(value), 10)
    if isinstance(value, np.ndarray) and value is not np.ma.masked:
        return f"array{value.shape}"
    return str(value)
