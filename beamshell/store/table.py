"""One stream of a run as columns.

It never knows where the documents come from.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from beamshell.documents.router import events_of
from beamshell.documents.types import Document
from beamshell.errors import UnknownName
from beamshell.store.frame_locations import external_keys

Column = np.ndarray[Any, np.dtype[Any]]

_MOST_SHOWN = 20  # rows of a repr


class Table:
    """Columns of equal length, one row a point: `table["det"]` is a numpy array, `len(table)` the number of points.

    The first two columns are "seq_num" and "time" (seconds since 1970-01-01 UTC). Of a point that was measured again
    after a pause, the last measurement counts. Where a key is missing from a point there is NaN in a column of
    numbers, None in any other. What lies in files is no column.

    Args:
        columns: by name.
        external: the keys whose values lie in files.
    """

    def __init__(self, columns: dict[str, Column], external: Iterable[str] = ()) -> None:
        self._columns = columns
        self._external = frozenset(external)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def keys(self) -> list[str]:
        """The names of the columns, so that `dict(table)` and whatever takes a dict works."""
        return self.columns

    def __getitem__(self, name: str) -> Column:
        if name in self._external:
            raise UnknownName(f"{name} lies in files, not in the table: run.image({name!r}, 3) is that of point 3")
        if name not in self._columns:
            near = difflib.get_close_matches(str(name), self._columns, n=1)
            hint = f"did you mean {near[0]!r}? There are" if near else "there are"
            raise UnknownName(f"no column {name!r}: {hint} {', '.join(self._columns)}")
        return self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns["seq_num"])

    def __repr__(self) -> str:
        shown = range(min(len(self), _MOST_SHOWN))
        rows = [[_shown(name, column[i]) for name, column in self._columns.items()] for i in shown]
        more = [f"... {len(self) - _MOST_SHOWN} more"] if len(self) > _MOST_SHOWN else []
        return "\n".join([*aligned([self.columns, *rows]), *more])


def table_of(documents: Iterable[tuple[str, Document]], stream: str) -> Table:
    """The events of one stream as a Table; with no events, the columns of its descriptors are empty."""
    streams: set[str] = set()
    keys: dict[str, None] = {}  # in the order in which the descriptors tell of them
    external: set[str] = set()
    points: dict[int, Document] = {}
    for name, doc in documents:
        if name == "descriptor" and doc.get("name", "primary") == stream:
            streams.add(doc["uid"])
            keys |= dict.fromkeys(doc["data_keys"])
            external.update(external_keys(doc))
        elif name in ("event", "event_page") and doc["descriptor"] in streams:
            for event in [doc] if name == "event" else events_of(doc):
                points[event["seq_num"]] = event
    rows = [points[number] for number in sorted(points)]
    columns = {
        "seq_num": np.array([row["seq_num"] for row in rows], dtype=np.int64),
        "time": np.array([row["time"] for row in rows], dtype=float),
    }
    for key in (key for key in keys if key not in external):
        name = key if key not in columns else f"{key}_"
        columns[name] = _column([row["data"].get(key) for row in rows])
    return Table(columns, external)


def aligned(rows: list[list[str]]) -> list[str]:
    """Lines of text whose cells stand in columns, flush right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


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


def _shown(name: str, value: Any) -> str:
    if name == "time":
        return f"{datetime.datetime.fromtimestamp(value):%H:%M:%S.%f}"[:-5]
    if isinstance(value, (float, np.floating)):
        return f"{value:.10g}"
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"
    return str(value)
