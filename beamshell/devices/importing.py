"""Makes a device file of one of another console: what is written loads here, and the rest is named with its line.

It never waits for a device: while the lines are tried, no device of ours connects.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from beamshell.channels.factory import UnconnectedFactory, channel_factory
from beamshell.devices.files.line import DeviceLine
from beamshell.devices.files.native import native_text
from beamshell.devices.files.reading import import_file, read_file
from beamshell.devices.loader import load_lines, without_strange_keys
from beamshell.devices.registry import Registry
from beamshell.errors import ConfigError


@dataclass
class ImportedFile:
    """The devices of another console's file.

    Attributes:
        lines: those that load here.
        refused: the lines of the others, each with the reason.
        problems: all that could not be taken over, each with its place in that file.
    """

    lines: list[DeviceLine] = field(default_factory=list)
    refused: list[tuple[DeviceLine, str]] = field(default_factory=list)
    problems: list[ConfigError] = field(default_factory=list)

    def refuse(self, line: DeviceLine, problem: str) -> None:
        """Do without a line."""
        self.refused.append((line, problem))
        self.problems.append(ConfigError(problem))

    def text(self, source: str) -> str:
        """The new device file.

        Args:
            source: the name of the other one, for the heading.
        """
        reasons = {reason for _, reason in self.refused}
        heading = [f"Made of {source} by `beamshell import`."]
        heading += [f"Left out: {problem}" for problem in self.problems if str(problem) not in reasons]
        entries = [(reason, native_text([line]).rstrip("\n")) for line, reason in self.refused]
        refused = "".join(f"\n# {_one_line(reason)}\n# {_one_line(entry)}\n" for reason, entry in entries)
        return native_text(self.lines, map(_one_line, heading)) + refused


def import_devices(path: Path, meaning: Callable[[str], str] = lambda _name: "") -> ImportedFile:
    """Read a file of another console, and try each device as a line of a file of ours.

    Args:
        path: SPEC's config, BEC's YAML, happi's JSON, guarneri's YAML.
        meaning: what a name means at the prompt already, such as "a command"; "" if a device may have it.

    Raises:
        ConfigError: it cannot be read, or has no devices of any format that is known.
    """
    file = import_file(path)
    imported = ImportedFile(problems=list(file.problems))
    registry = Registry(meaning=meaning)
    lines: dict[str, DeviceLine] = {}
    for line in file.lines.values():
        try:
            registry.check_name(line.name)
            lines[line.name] = without_strange_keys(line, imported.problems)
        except ConfigError as problem:
            imported.refuse(line, str(problem) if str(problem).startswith(line.place) else f"{line.place}: {problem}")
    written = _as_written(lines.values())
    for line in [line for name, line in lines.items() if name not in written]:
        del lines[line.name]
        imported.refuse(line, f"{line.place}: {line.name}: what it says cannot be written as YAML")
    with channel_factory(UnconnectedFactory()):
        load_lines([replace(line, values=line.values | {"enabled": True}) for line in written.values()], registry)
    for name, line in lines.items():
        if name in registry:
            imported.lines.append(line)
        else:
            imported.refuse(line, registry.absent[name])
    imported.problems.sort(key=_line_number)
    return imported


def _as_written(lines: Iterable[DeviceLine]) -> dict[str, DeviceLine]:
    """By name, the lines as they are read again from a file of ours; each with its place in the other file."""
    written: dict[str, DeviceLine] = {}
    with tempfile.TemporaryDirectory(prefix="beamshell-import-") as folder:
        path = Path(folder) / "devices.yml"
        for line in lines:
            path.write_text(native_text([line]), encoding="utf-8")
            again = read_file(path).lines.get(line.name)
            if again is not None and native_text([again]) == native_text([line]):
                written[line.name] = replace(again, place=line.place, places=line.places)
    return written


def _line_number(problem: ConfigError) -> int:
    place = re.match(r".*?:(\d+):", str(problem))
    return int(place[1]) if place else 0


def _one_line(text: str) -> str:
    """A text that fits into a comment: an error may have many lines, and so may a name."""
    return " ".join(text.splitlines())
