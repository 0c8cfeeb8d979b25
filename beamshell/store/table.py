"""Table: the points of one stream as columns, numpy arrays by name.

It gets documents, and knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import UnknownName
from beamshell.store.frame_locations import external_keys
from beamshell.text.lists import aligned
from beamshell.text.nearest import unknown_key
from beamshell.text.times import time_of_day

Column = np.ndarray[Any, np.dtype[Any]]

_MOST_ROWS = 20  # of a repr


class Table:
    """Columns of equal length, one row a point: `table["det"]` is a numpy array, `len(table)` the number of points.

    The first two columns are "seq_num" and "time" (seconds since 1970-01-01 UTC). Of a point that was measured again
    after a pause, the last measurement counts. Where a key is missing from a point there is NaN in a column of
    numbers, None in any other. Data in files of their own are no columns.

    Args:
        columns: by name.
        external: the keys whose values are in files.
        units: by column, its unit; "" or left out if it has none.
    """

    def __init__(
        self, columns: dict[str, Column], external: Iterable[str] = (), units: dict[str, str] | None = None
    ) -> None:
        self._columns = columns
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
        return "\n".join([*aligned([self.columns, *rows]), *more])


def table_of(documents: Iterable[tuple[str, Document]], stream: str) -> Table:
    """The events of one stream as a Table; with no events, the columns of its descriptors are empty."""
    points = _Points(stream)
    points.take(documents)
    return points.table()


class _Points(RunReceiver):
    """Collects the points of one stream, by their number."""

    def __init__(self, stream: str) -> None:
        super().__init__()
        self._stream = stream
        self._units: dict[str, str] = {}  # by data key, in the order of the descriptors
        self._external: set[str] = set()
        self._points: dict[int, Document] = {}

    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name", "primary") == self._stream:
            self._units |= {
                key: str((about or {}).get("units") or "") for key, about in descriptor["data_keys"].items()
            }
            self._external.update(external_keys(descriptor))

    def event(self, descriptor: Document, event: Document) -> None:
        if descriptor.get("name", "primary") == self._stream:
            self._points[event["seq_num"]] = event

    def table(self) -> Table:
        rows = [self._points[number] for number in sorted(self._points)]
        columns = {
            "seq_num": np.array([row["seq_num"] for row in rows], dtype=np.int64),
            "time": np.array([row["time"] for row in rows], dtype=float),
        }
        units = {"time": "s"}
        for key, unit in self._units.items():
            if key not in self._external:
                name = key if key not in columns else f"{key}_"
                columns[name] = _column([row["data"].get(key) for row in rows])
                units[name] = unit
        return Table(columns, self._external, units)


def _column(values: list[Any]) -> Column:
    """An array of numbers or text where the values agree, of objects where they do not."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float, type(None)} and kinds & {int, float} and type(None) in kinds:
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    if kinds <= {int, float} or kinds == {bool} or kinds == {str}:
        return np.array(values)
    if kinds == {list}:
        try:
            return np.array(values)
        except ValueError:  # not all of one shape
            pass
    column = np.empty(len(values), dtype=object)
    column[:] = [np.array(value) if isinstance(value, list) else value for value in values]
    return column


def _cell(name: str, value: Any) -> str:
    if name == "time":
        return time_of_day(value)
    if isinstance(value, (float, np.floating)):
        return f"{value:.10g}"
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"
    return str(value)
