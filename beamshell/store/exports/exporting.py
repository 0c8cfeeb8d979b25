"""Exports runs: each into files of its own, or several into one; a run that fails is named, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from beamshell.errors import BeamshellError, StoreError, UsageError
from beamshell.store.exports import names
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.formats import BUILT_IN, Exporter, Format, added_formats, format_names
from beamshell.store.run import Run
from beamshell.text.lists import listed
from beamshell.text.nearest import unknown

Begin: TypeAlias = Callable[[Run], None]


class Exported(NamedTuple):
    """What became of one run."""

    run: Run
    paths: list[Path]
    """The files that are whole now; a file of several runs comes with the last of them."""
    error: BeamshellError | None = None
    """Why it could not be exported."""


def export(
    runs: Run | Sequence[Run], format: str, folder: Path, *, name: str = "", replace: bool = False, **options: Any
) -> list[Path]:
    """Write runs into files of a folder; the paths of the files.

    Args:
        runs: one, or a list of runs; of a run that is still open what there is.
        format: one of `format_names()`.
        folder: it is made if need be.
        name: a template of the names, such as "{scan_id:06d}_{sample}"; "" for the usual one of the format.
        replace: True if files that are there already are replaced.
        options: those of the format.

    Raises:
        StoreError: a run cannot be exported, or a file is there already; the files of other runs are made.
        UsageError: there is no such format or option, or the name is wrong; nothing is made.
    """
    results = list(exported(runs, format, folder, name=name, replace=replace, **options))
    for result in results:
        if result.error is not None:
            raise result.error
    return [path for result in results for path in result.paths]


def exported(
    runs: Run | Sequence[Run],
    format: str,
    folder: Path,
    *,
    name: str = "",
    replace: bool = False,
    begin: Begin = lambda _run: None,
    **options: Any,
) -> Iterator[Exported]:
    """Write runs one after the other; see `export`. When it is interrupted, the files that are named are whole.

    Args:
        begin: called with each run before it is written.
    """
    several = [runs] if isinstance(runs, Run) else runs
    if (built_in := BUILT_IN.get(format)) is not None:
        for option in options:
            if option not in built_in.options:
                raise UsageError(f"{format} has no option {option}")
        template = name or (names.A_RUN if isinstance(runs, Run) else built_in.name_of_several)
        yield from _with_writer(several, built_in, folder, template, replace, begin, options)
    elif (exporter := added_formats().get(format)) is not None:
        if name or replace or options:
            raise UsageError(f"{format} names its files itself, and replaces none")
        for run in several:
            begin(run)
            yield _with_exporter(run, exporter, folder)
    else:
        raise unknown("format", format, format_names())


def _with_exporter(run: Run, exporter: Exporter, folder: Path) -> Exported:
    try:
        return Exported(run, list(exporter(run, folder)))
    except Exception as exc:  # noqa: BLE001 - an exporter of a package may raise anything
        return Exported(run, [], _refused(run, exc, folder))


def _with_writer(
    runs: Sequence[Run],
    format: Format,
    folder: Path,
    template: str,
    replace: bool,
    begin: Begin,
    options: dict[str, Any],
) -> Iterator[Exported]:
    by_name: dict[str, tuple[str, list[Run]]] = {}  # without capitals: some file systems do not know the difference
    for run in runs:
        try:
            file_name = names.file_name(template, run.metadata)
        except StoreError as exc:
            yield Exported(run, [], exc)
        else:
            by_name.setdefault(file_name.casefold(), (file_name, []))[1].append(run)
    if not format.shares_files:
        _refuse_shared_names(by_name.values(), template)
    for file_name, several in by_name.values():
        with NewFiles(folder, file_name, format.extension, replace=replace) as files:
            yield from _into_files(several, format, files, begin, options)


def _refuse_shared_names(named: Iterable[tuple[str, list[Run]]], template: str) -> None:
    for _, several in named:
        if len(several) > 1:
            labels = listed((run.label for run in several), most=3)
            raise UsageError(f"'{template}' is the same name for {labels}: add {{scan_id}} to it")


def _into_files(
    runs: Sequence[Run], format: Format, files: NewFiles, begin: Begin, options: dict[str, Any]
) -> list[Exported]:
    """Write runs into the same files; one that fails is not in them."""
    errors: dict[Run, BeamshellError] = {}
    try:
        for run in runs:
            begin(run)
            try:
                with files.all_or_nothing():
                    format.write(run, files, **options)
            except OSError:  # a disk that refuses one run refuses the file
                raise
            except Exception as exc:  # noqa: BLE001 - a document of another program, or a damaged one, may hold anything
                errors[run] = _refused(run, exc)
        paths = files.publish()
    except (StoreError, OSError) as exc:
        return [Exported(run, [], _refused(run, exc, files.folder)) for run in runs]
    return [Exported(run, paths if run is runs[-1] else [], errors.get(run)) for run in runs]


def _refused(run: Run, cause: Exception, folder: Path | None = None) -> BeamshellError:
    """The error of a run: one of ours as it is, another one in words."""
    if isinstance(cause, BeamshellError):
        return cause
    if isinstance(cause, OSError):
        reason = f"{cause.filename or folder}: {cause.strerror or cause}"
    else:
        reason = f"a document of it is not understood ({type(cause).__name__}: {cause})"
    error = StoreError(f"{run.label} cannot be exported: {reason}")
    error.__cause__ = cause
    return error
