"""read_file and import_file: read a device file of any format into device lines.

It knows the formats by name only.
"""

from __future__ import annotations

from pathlib import Path

from beamshell.devices.files import bec, guarneri, happi, native
from beamshell.devices.files.line import ReadFile
from beamshell.devices.files.yaml_document import YamlDocument
from beamshell.errors import ConfigError


def read_file(path: Path) -> ReadFile:
    """The devices of a file that is read at each start: ours, happi's JSON, or guarneri's YAML; it never raises."""
    file = ReadFile()
    _Reading([]).add(path, file)
    return file


class _Reading:
    """The reading of one file, and of those it includes.

    Args:
        chain: the files that are being read, each of which includes the next.
    """

    def __init__(self, chain: list[Path]) -> None:
        self._chain = chain

    def add(self, path: Path, file: ReadFile) -> None:
        path = path.absolute()
        if path in self._chain:
            file.problems.append(ConfigError(f"{path}: includes itself, by way of {self._chain[-1]}"))
            return
        try:
            document = YamlDocument(path)
        except ConfigError as problem:
            file.is_whole = False
            file.problems.append(problem)
            return
        file.problems += document.problems
        file.broken |= document.broken
        file.is_whole &= not document.broken
        if happi.is_like(document):
            happi.lines(document, file)
        elif guarneri.is_like(document):
            guarneri.lines(document, file)
        elif bec.is_like(document):
            file.is_whole = False
            file.problems.append(
                ConfigError(f"{path}: is a file of BEC: `beamshell import {path.name}` makes a device file of it")
            )
        else:
            native.lines(document, file, _Reading([*self._chain, path]).add)


def import_file(path: Path) -> ReadFile:
    """The devices of a file of any format, SPEC's and BEC's too, for a file of ours to be made of it.

    Raises:
        ConfigError: it cannot be read, or has no devices of any format that is known.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc
    from beamshell.devices.files import spec  # which no console needs at its start

    file = ReadFile()
    if spec.is_like(text):
        spec.lines(path, text, file)
        return file
    document = YamlDocument(path)
    if bec.is_like(document):
        file.problems += document.problems
        bec.lines(document, file)
    else:
        _Reading([]).add(path, file)
    if not file.lines and not file.problems:
        raise ConfigError(f"{path}: has no devices in the form of happi, guarneri, BEC or SPEC")
    return file
