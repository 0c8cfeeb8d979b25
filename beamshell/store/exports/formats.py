"""The formats that runs can be exported to, by name: the built-in ones and those of other packages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeAlias

from beamshell import plugins
from beamshell.store.exports import names
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.writer import write_run
from beamshell.store.run import Run

GROUP = "beamshell.exporters"
"""The group of entry points by which a package adds exporters, each by the name of its format."""

Exporter: TypeAlias = Callable[[Run, Path], list[Path]]
"""Writes a run into files of a folder, which it makes if need be, and returns their paths.

It raises StoreError if the format cannot hold the run, or a file is there already: it never overwrites one.
"""


@dataclass(frozen=True)
class Format:
    """A built-in format.

    Attributes:
        writer: the class of its writer, as "module:name", imported when it is first needed.
        extension: of its files.
        shares_files: True if a file may hold several runs: those whose names are the same.
        name_of_several: the template of the names where a list of runs is exported.
        reads_ahead: True if its writer needs to know the whole run before the first point.
        options: what its writer can be told, by name.
    """

    writer: str
    extension: str
    shares_files: bool = False
    name_of_several: str = names.A_RUN
    reads_ahead: bool = True
    options: Iterable[str] = field(default=())

    def write(self, run: Run, files: NewFiles, **options: Any) -> None:
        """Write a run; see `write_run`."""
        module, _, name = self.writer.partition(":")
        writer = getattr(import_module(f"beamshell.store.exports.{module}"), name)
        write_run(writer, run, files, read_ahead=self.reads_ahead, **options)


BUILT_IN = {
    "csv": Format("csv_files:CsvWriter", ".csv", options=("header",)),
    "jsonl": Format("json_lines:JsonLinesWriter", ".jsonl", reads_ahead=False),
    "nexus": Format("nexus.entry:NexusWriter", ".nxs", reads_ahead=False),
    "spec": Format("spec_file:SpecWriter", ".spec", shares_files=True, name_of_several=names.A_DAY),
    "parquet": Format("parquet:ParquetWriter", ".parquet", reads_ahead=False),
}


def added_formats() -> dict[str, Exporter]:
    """The exporters of other packages by format, loaded when they are called; none can replace a built-in format."""
    added = plugins.entry_points_of(GROUP)
    return {name: _when_called(entry) for name, entry in added.items() if name not in BUILT_IN}


def format_names() -> list[str]:
    """The names of all formats."""
    return sorted({*BUILT_IN, *added_formats()})


def _when_called(entry: EntryPoint) -> Exporter:
    def export(run: Run, folder: Path) -> list[Path]:
        exporter: Exporter = plugins.load(entry)
        return exporter(run, folder)

    return export
