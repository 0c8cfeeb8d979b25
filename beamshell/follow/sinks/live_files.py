"""Live files: CSV, SPEC and NeXus files of a run while it is measured, whole for every reader at any moment.

A file is made again from the documents on disk by the writer of the export, beside its place, and renamed over the one
before. So a line that comes twice changes nothing, a kill leaves the last whole file, and the file of a run that has
ended is that of `export`. It knows no console.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from typing_extensions import override

from beamshell.errors import BeamshellError, ConfigError, SinkDown
from beamshell.follow.lines import AMENDMENT, Line
from beamshell.follow.sink import Sink
from beamshell.store import Runs
from beamshell.store.asset_readers import require_h5py
from beamshell.store.exports import names
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.formats import BUILT_IN
from beamshell.store.processes import process_exists
from beamshell.store.run import Run
from beamshell.store.whole_files import replace_file

_PAUSE_PER_COST = 3.0
"""Seconds of pause for each second that the writing takes: a long run is written less often."""
_MOST_REMEMBERED = 1000


@dataclass
class _LiveRun:
    """What is remembered of a run.

    Attributes:
        files: the paths of its files, which are replaced; no other file is.
        has_ended: whether its stop document has come.
        has_changed: whether there is something that its files may not have.
        write_at: when they may be written again, by the clock of the sink.
    """

    files: list[str] = field(default_factory=list)
    has_ended: bool = False
    has_changed: bool = True
    write_at: float = 0.0


class LiveFiles(Sink):
    """Keeps the files of each run up to date; a subclass names the format.

    Args:
        to: the folder of the files; a relative one is in the data folder.
        name: a template of their names, as `export` has it; it must tell runs apart.
        every: seconds between two versions of a file; of a long run they come less often.
        clock: seconds that only grow.
        options: those of the format.

    Raises:
        ConfigError: the name does not tell runs apart, or `every` is no time.
    """

    format: ClassVar[str]
    also = (AMENDMENT,)

    def __init__(
        self,
        to: str = "live",
        name: str = names.A_RUN,
        every: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if "{uid" not in name and "{scan_id" not in name:
            raise ConfigError(f"the name '{name}' is the same for several runs: add {{scan_id:06d}} to it")
        if not every > 0:
            raise ConfigError(f"every is {every}: write seconds between two versions of a file, such as 1.0")
        self._to = to
        self._name = name
        self._every = every
        self._clock = clock
        self._options: dict[str, Any] = {}

    # ---- what comes ------------------------------------------------------------------------------

    @override
    def send(self, lines: Sequence[Line]) -> None:
        """Note which runs have changed.

        Raises:
            SinkDown: the disk refuses.
        """
        for line in lines:
            if line.name == AMENDMENT:
                if line.run in self._runs:
                    self._runs[line.run].has_changed = True
                continue
            run = self._runs.setdefault(line.run, _LiveRun())
            run.has_changed = True
            if line.name == "stop" and not run.has_ended:
                run.has_ended, run.write_at = True, 0.0
                self._save()  # the cursor moves on now

    @override
    def poll(self) -> None:
        """Write the runs that are due.

        Raises:
            SinkDown: the files of a run cannot be written; they are tried again.
        """
        errors = []
        for uid, run in list(self._runs.items()):
            if run.has_changed and self._clock() >= run.write_at:
                try:
                    self._write(uid, run)
                except SinkDown as exc:  # the files of the other runs are written all the same
                    errors.append(exc)
        if errors:
            raise errors[0]

    @override
    def close(self) -> None:
        """Write what has changed since the last version."""
        for run in self._runs.values():
            run.write_at = 0.0
        with contextlib.suppress(SinkDown):  # it is written when the follower is started again
            self.poll()

    @override
    def check(self) -> str:
        """Make the folder and a file in it.

        Raises:
            SinkDown: the disk refuses.
        """
        folder = Path(self._to)
        if not folder.is_absolute():
            return f"the files of a scan come into the folder {self._to} of the data folder"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".check.{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as exc:
            raise _down(exc) from exc
        return f"files can be written into {folder}"

    # ---- writing ---------------------------------------------------------------------------------

    @property
    def _data_folder(self) -> Path:
        if self.folder is None:
            raise SinkDown("this sink needs a data folder: it is used by a follower")
        return self.folder

    @cached_property
    def _catalogue(self) -> Runs:
        return Runs(self._data_folder)

    def _write(self, uid: str, run: _LiveRun) -> None:
        """Make the files of a run again.

        Raises:
            SinkDown: they cannot be made.
        """
        began = self._clock()
        try:
            self._make_files(self._catalogue[uid], run, durable=run.has_ended)
            run.has_changed = False  # not before: a kill leaves it to the next process
            if run.has_ended:
                self._save()
        except Exception as exc:
            run.has_changed = True
            raise _down(exc, uid) from exc
        finally:
            now = self._clock()
            run.write_at = now + max(self._every, _PAUSE_PER_COST * (now - began))

    def _make_files(self, run: Run, live: _LiveRun, *, durable: bool) -> None:
        kind = BUILT_IN[self.format]
        folder, name = self._data_folder / self._to, names.file_name(self._name, run.start)
        own = [Path(path) for path in live.files]
        with NewFiles(folder, name, kind.extension, replace=own) as files:
            _remove_leftovers(files.folder, Path(name).name)
            kind.write(run, files, **self._options)
            if files.paths != own:
                live.files = [str(path) for path in dict.fromkeys([*own, *files.paths])]
                self._save()  # first, so that a file of ours is never taken for another's after a kill
            files.publish(durable=durable)

    # ---- what is remembered ----------------------------------------------------------------------

    @cached_property
    def _runs(self) -> dict[str, _LiveRun]:
        """By uid, the last runs; those that were open when this follower was killed have changed since, perhaps."""
        try:
            kept = json.loads(self._memory.read_text(encoding="utf-8"))
            runs = {uid: _LiveRun(**one) for uid, one in kept.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as exc:
            raise SinkDown(f"{self._memory} cannot be read ({exc}): remove it, and the files that it names") from exc
        for run in runs.values():
            run.has_changed, run.write_at = run.has_changed or not run.has_ended, 0.0
        return runs

    @property
    def _memory(self) -> Path:
        if self.memory is None:
            raise SinkDown("this sink needs a file to remember: it is used by a follower")
        return self.memory

    def _save(self) -> None:
        """Keep it.

        Raises:
            SinkDown: the disk refuses.
        """
        complete = [uid for uid, run in self._runs.items() if run.has_ended and not run.has_changed]
        for uid in complete[:-_MOST_REMEMBERED]:
            del self._runs[uid]
        try:
            self._memory.parent.mkdir(exist_ok=True)
            runs = {uid: asdict(run) for uid, run in self._runs.items()}
            replace_file(self._memory, json.dumps(runs), durable=False)
        except OSError as exc:
            raise _down(exc) from exc


class CsvFiles(LiveFiles):
    """A CSV file for each stream of a run.

    Args:
        header: True for the metadata in lines that begin with `#`, above the column names.
        settings: those of `LiveFiles`.
    """

    format = "csv"

    def __init__(self, header: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self._options = {"header": header}


class SpecFiles(LiveFiles):
    """A SPEC file for each run."""

    format = "spec"


class NexusFiles(LiveFiles):
    """A NeXus file for each run; pictures stay in their own files.

    Args:
        settings: those of `LiveFiles`.

    Raises:
        MissingLibrary: h5py is not installed; the message says its extra.
    """

    format = "nexus"

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        require_h5py()


def _remove_leftovers(folder: Path, name: str) -> None:
    """Remove the unfinished files of a follower that was killed."""
    for path in folder.glob(".*"):
        _, _, pid = path.name.rpartition(".")
        if path.name.startswith(f".{name}") and pid.isdecimal() and not process_exists(int(pid)):
            with contextlib.suppress(OSError):
                path.unlink()


def _down(exc: Exception, uid: str = "") -> SinkDown:
    """The error in words; a document of another program may hold anything."""
    if isinstance(exc, OSError):
        return SinkDown(f"{exc.filename or 'the disk'}: {exc.strerror or exc}")
    if isinstance(exc, BeamshellError):
        return SinkDown(str(exc))
    return SinkDown(f"a document of run {uid[:8]} is not understood ({type(exc).__name__}: {exc})")
