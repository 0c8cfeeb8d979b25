"""Presets: named positions of motors, each with all its versions, in a file that two consoles may share.

It knows no device. A line is added for each version and none is ever changed, so a console that dies loses nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.errors import StoreError, UnknownName
from beamshell.store.whole_files import append_all_or_nothing
from beamshell.text.nearest import unknown

FILE = "presets.jsonl"


class PresetPosition(NamedTuple):
    """Where one device stood."""

    value: float | str
    """A position, or a state in words, such as that of a shutter."""
    unit: str = ""


@dataclass(frozen=True)
class PresetVersion:
    """One version of a preset.

    Attributes:
        name: of the preset.
        version: its number, from 1.
        positions: by the names that one types, such as "mono.energy"; none in the version that deletes the preset.
        comment: why it was saved, or deleted.
        operator: who did it.
        time: seconds since 1970-01-01 UTC.
        deleted: True if this version deletes the preset.
    """

    name: str
    version: int
    positions: Mapping[str, PresetPosition]
    comment: str = ""
    operator: str = ""
    time: float = 0.0
    deleted: bool = False


class Presets:
    """The presets in one file, read anew at each question.

    Args:
        path: the file; it is made with the first preset.
        clock: gives seconds since 1970-01-01 UTC.

    Example:
        >>> presets = Presets(folder / "presets.jsonl")
        >>> presets.save("parked", {"samx": PresetPosition(-5.0, "mm")}, "to change samples").version
        1
    """

    def __init__(self, path: str | os.PathLike[str], clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self._clock = clock

    # ---- reading -----------------------------------------------------------------------------

    def newest(self) -> dict[str, PresetVersion]:
        """The newest version of each preset by name, in the order in which they were first saved, but for the deleted.

        Raises:
            StoreError: the file cannot be read.
        """
        return _newest(self._read()[0])

    def history(self, name: str) -> list[PresetVersion]:
        """All versions of a preset, the oldest first; those of a deleted one too.

        Raises:
            UnknownName: there never was such a preset.
            StoreError: the file cannot be read.
        """
        versions = self._read()[0]
        return _versions_of(name, versions, offered={version.name for version in versions})

    def find(self, name: str, number: int | None = None) -> PresetVersion:
        """A version of a preset.

        Args:
            name: of the preset.
            number: of the version, also of a deleted preset; None for the newest.

        Raises:
            UnknownName: there is none, or it was deleted.
            StoreError: the file cannot be read.
        """
        versions = self._read()[0]
        history = _versions_of(name, versions, offered=_newest(versions))
        if number is None:
            if history[-1].deleted:
                raise UnknownName(f"preset {name} was deleted: preset history {name} shows its versions")
            return history[-1]
        for version in history:
            if version.version == number and not version.deleted:
                return version
        numbers = ", ".join(str(version.version) for version in history if not version.deleted)
        raise UnknownName(f"preset {name} has no version {number}: it has {numbers}")

    def damaged_lines(self) -> list[int]:
        """The numbers of the lines that are no version, from 1; they are passed over."""
        return self._read()[1]

    def _read(self) -> tuple[list[PresetVersion], list[int]]:
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return [], []
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be read: {exc.strerror}") from exc
        versions, damaged = [], []
        for number, line in enumerate(lines, 1):
            try:
                versions.append(_version(json.loads(line)))
            except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
                damaged.append(number)
        return versions, damaged

    # ---- writing -----------------------------------------------------------------------------

    def save(
        self, name: str, positions: Mapping[str, PresetPosition], comment: str = "", operator: str = ""
    ) -> PresetVersion:
        """Add a version of a preset; the first makes it.

        Raises:
            StoreError: the file cannot be written; nothing has changed.
        """
        with self._locked() as fd:
            return self._add(fd, name, positions, comment, operator)

    def delete(self, name: str, comment: str = "", operator: str = "") -> PresetVersion:
        """Delete a preset; its versions stay in the history.

        Raises:
            UnknownName: there is none.
            StoreError: the file cannot be written; nothing has changed.
        """
        with self._locked() as fd:
            self.find(name)
            return self._add(fd, name, {}, comment, operator, deleted=True)

    def _add(
        self,
        fd: int,
        name: str,
        positions: Mapping[str, PresetPosition],
        comment: str,
        operator: str,
        *,
        deleted: bool = False,
    ) -> PresetVersion:
        number = max((version.version for version in self._read()[0] if version.name == name), default=0) + 1
        version = PresetVersion(name, number, dict(positions), comment, operator, self._clock(), deleted)
        line = json.dumps(asdict(version)).encode("ascii") + b"\n"
        try:
            append_all_or_nothing(fd, line)
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be written: {exc.strerror}") from exc
        return version

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """The file open for adding to it, while no other console does; a process that dies releases the lock."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be written: {exc.strerror}") from exc
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)


def _newest(versions: Iterable[PresetVersion]) -> dict[str, PresetVersion]:
    """The newest version of each preset by name, but for the deleted."""
    newest = {version.name: version for version in versions}
    return {name: version for name, version in newest.items() if not version.deleted}


def _versions_of(name: str, versions: Iterable[PresetVersion], *, offered: Collection[str]) -> list[PresetVersion]:
    """The versions of one preset.

    Args:
        name: of the preset.
        versions: of all presets.
        offered: the names of which the error offers the nearest.

    Raises:
        UnknownName: there is none.
    """
    if history := [version for version in versions if version.name == name]:
        return history
    if not offered:
        raise UnknownName(f"no preset '{name}', nor any other: preset save {name} makes it")
    raise unknown("preset", name, offered)


def _version(entry: dict[str, Any]) -> PresetVersion:
    """The version that a line says.

    Raises:
        LookupError, TypeError, AttributeError: the line is none.
    """
    positions = {name: PresetPosition(*position) for name, position in entry["positions"].items()}
    values = [value for position in positions.values() for value in (position.value, position.unit)]
    for name, value in entry.items():
        if not isinstance(value, _TYPES[name]):
            raise TypeError(f"{name} is {value!r}")
    if not all(isinstance(value, str | int | float) for value in values):
        raise TypeError("a position is no number and no word")
    return PresetVersion(**{**entry, "positions": positions})


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "version": int,
    "positions": dict,
    "comment": str,
    "operator": str,
    "time": (int, float),
    "deleted": bool,
}
