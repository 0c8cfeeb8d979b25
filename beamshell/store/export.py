"""Exporters: write a stored run in a format that other programs read. CSV is built in; packages add others.

An exporter reads a run and never changes it. Of a run that is still open it writes the points so far.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from beamshell import plugins
from beamshell.errors import StoreError
from beamshell.store.columns import Column
from beamshell.store.run import Run
from beamshell.store.table import Table
from beamshell.text.lists import listed
from beamshell.text.numbers import label

Exporter: TypeAlias = Callable[[Run, Path], list[Path]]
"""Writes a run into files of a folder, which it makes if need be, and returns their paths.

It raises StoreError if the format cannot hold the run, or a file is there already: it never overwrites one.
"""

GROUP = "beamshell.exporters"
"""The group of entry points by which a package adds exporters, each by the name of its format."""


def exporters() -> dict[str, Exporter]:
    """The exporters by format: those of other packages, loaded when they are called, and the built-in ones.

    A package cannot replace a built-in exporter.
    """
    added = {name: _when_called(entry) for name, entry in plugins.entry_points_of(GROUP).items()}
    return {**added, "csv": export_csv}


def _when_called(entry: EntryPoint) -> Exporter:
    def export(run: Run, folder: Path) -> list[Path]:
        exporter: Exporter = plugins.load(entry)
        return exporter(run, folder)

    return export


def export_csv(run: Run, folder: Path, without: Collection[str] = ()) -> list[Path]:
    """Write each stream of a run into a CSV file: a line of column names with units, then a line for each point.

    Numbers are written so that they are read back exactly. Data in files of their own (pictures) are no columns.

    Args:
        run: the run.
        folder: where the files go; they are named after the run's own file and the stream.
        without: columns to leave out.

    Raises:
        StoreError: a column holds arrays, a file is there already, or it cannot be written. Nothing is written then:
            leave the columns out, or choose another folder.
    """
    tables = {folder / f"{run.path.stem}_{quote(stream, safe='')}.csv": run.table(stream) for stream in run.streams}
    for table in tables.values():
        arrays = [name for name in table if name not in without and _holds_arrays(table[name])]
        if arrays:
            raise StoreError(
                f"{run.label}: CSV cannot hold arrays: leave out {listed(arrays)}, or choose another format"
            )
    for path in tables:
        if path.exists():
            raise StoreError(f"{path} exists already: remove it, or export into another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, table in tables.items():
            _write(path, table, without)
    except OSError as exc:
        raise StoreError(f"{run.label} cannot be exported into {folder}: {exc.strerror or exc}") from exc
    return list(tables)


def _write(path: Path, table: Table, without: Collection[str]) -> None:
    names = [name for name in table if name not in without]
    # "x" refuses a file that another process has made since the check above.
    with path.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(label(name, table.units[name]) for name in names)
        writer.writerows(zip(*(table[name].tolist() for name in names), strict=True))


def _holds_arrays(column: Column) -> bool:
    return column.ndim > 1 or (column.dtype == object and any(map(_is_array, column)))


def _is_array(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)
