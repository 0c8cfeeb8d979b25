"""Parquet: a file for each stream that pandas, polars and others read as a table, with units and the start document.

pyarrow is imported with the first file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from beamshell.arrays import np
from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.errors import MissingLibrary
from beamshell.store.columns import Column
from beamshell.store.encoding import to_json
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.writer import Outline, stream_of
from beamshell.store.table import PointsOfStream


class ParquetWriter(RunReceiver):
    """Writes a run into Parquet files when it is closed: the format has no place for a point that comes later.

    The columns are those of `Run.table`. The metadata of a file are `start` and, if the run has ended, `stop` (JSON),
    `amendments` if there are some, and `stream`; those of a column are its `units` and, if its values are no numbers,
    texts or arrays of one type, that it is written as `json`.

    Args:
        files: where they are made.
        outline: of the run.

    Raises:
        MissingLibrary: pyarrow is not installed.
    """

    def __init__(self, files: NewFiles, outline: Outline) -> None:
        super().__init__()
        try:
            import pyarrow.parquet
        except ImportError as exc:
            raise MissingLibrary('Parquet files need pyarrow: pip install "beamshell[parquet]"') from exc
        self._arrow: Any = pyarrow
        self._files = files
        self._facts: dict[str, str] = {"start": to_json(outline.metadata)}
        if outline.amendments:
            self._facts["amendments"] = to_json([one._asdict() for one in outline.amendments])
        self._streams: dict[str, PointsOfStream] = {}

    @override
    def __call__(self, name: str, doc: Document) -> None:
        super().__call__(name, doc)
        if name == "descriptor":
            self._streams.setdefault(stream_of(doc), PointsOfStream(stream_of(doc)))
        elif name == "stop":
            self._facts["stop"] = to_json(doc)
        for points in self._streams.values():
            points(name, doc)

    def close(self) -> None:
        """Write all files."""
        for stream, points in self._streams.items():
            table = points.table()
            fields, columns = [], []
            for name in table.columns:
                values, form = self._values(table[name])
                about = {"units": table.units[name], "form": form}
                about = {key: _utf8(text) for key, text in about.items() if text}
                fields.append(self._arrow.field(_utf8(name), values.type, metadata=about))
                columns.append(values)
            facts = {key: _utf8(text) for key, text in {**self._facts, "stream": stream}.items()}
            whole = self._arrow.table(columns, schema=self._arrow.schema(fields, metadata=facts))
            self._arrow.parquet.write_table(whole, self._files.path(stream))

    def _values(self, column: Column) -> tuple[Any, str]:
        """A column as Arrow has it, and its form: "" or "json"."""
        values: Sequence[Any] = column.tolist()
        try:
            if column.dtype.kind in "biuf" and column.ndim == 1:
                return self._arrow.array(np.ma.getdata(column), mask=np.ma.getmaskarray(column)), ""
            values = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
            return self._arrow.array(values), ""
        except (self._arrow.ArrowException, TypeError, ValueError, OverflowError):
            return self._arrow.array([None if value is None else to_json(value) for value in values]), "json"


def _utf8(text: str) -> str:
    """Text as UTF-8 has it: half a character, as a foreign program may leave it, becomes its number."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
