"""Import of SPEC's `config` files: the lines of motors and counters of EPICS controllers.

The format is that of SPEC's configuration editor, as certified software documents it. It knows no device class. Devices
that SPEC drives without EPICS have no equivalent here, and are reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from beamshell.devices.files.line import DeviceLine, ReadFile
from beamshell.errors import ConfigError

_CONTROLLER = re.compile(r"(?:VM_)?(EPICS_\w+)\s*=\s*(\S+?)\.?\s+(\d+)\s*$")
_MOTOR = re.compile(r"MOT(\d+)\s*=\s*(\w+):(\S+)\s+(.*)")
_COUNTER = re.compile(r"CNT(\d+)\s*=\s*(\w+)\s+(.*)")
_ASSIGNMENT = re.compile(r"\s*(?:MOT|CNT)\d+\s*=")
_FIRST_KIND = {"EPICS_M2": "EPICS_M1", "EPICS_SC": "EPICS_SC"}
"""SPEC's name for the motor controller in MOT lines -> the one in its list of controllers."""
_CHANNELS = 8
_MNEMONIC = 8
_UNUSED = "NONE"


def is_like(text: str) -> bool:
    """True if it has lines of motors or counters as SPEC writes them."""
    return any(_ASSIGNMENT.match(line) for line in text.splitlines())


def lines(path: Path, text: str, file: ReadFile) -> None:
    """Add the devices of a SPEC config to `file`."""
    controllers: dict[str, list[str]] = {}
    scalers: dict[str, _Scaler] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        place, line = f"{path}:{number}:1", raw.strip()
        if match := _CONTROLLER.match(line):
            controllers.setdefault(match[1], []).append(match[2])
        elif match := _MOTOR.match(line):
            _motor(match, controllers, place, file)
        elif match := _COUNTER.match(line):
            _counter(match, controllers, scalers, place, file)
        elif _ASSIGNMENT.match(line):
            file.problems.append(ConfigError(f"{place}: not understood: {line}"))
    for n, scaler in enumerate(scalers.values()):
        file.add(scaler.line("scaler" if n == 0 else f"scaler{n + 1}"))


@dataclass
class _Scaler:
    """One scaler record, and SPEC's names for its channels."""

    prefix: str
    place: str
    names: dict[int, str] = field(default_factory=dict)

    def line(self, name: str) -> DeviceLine:
        channels = sorted(self.names)
        doc = ", ".join(f"s{channel} {self.names[channel]}" for channel in channels)
        values = {"class": "scaler", "prefix": self.prefix, "channels": channels, "tags": ["detector"], "doc": doc}
        return DeviceLine(name, self.place, {**values, "readout": "point"})


def _prefix(kind: str, unit: int, controllers: dict[str, list[str]]) -> str | None:
    listed = controllers.get(kind) or controllers.get(_FIRST_KIND.get(kind, kind)) or []
    return listed[unit] if unit < len(listed) else None


def _motor(match: re.Match[str], controllers: dict[str, list[str]], place: str, file: ReadFile) -> None:
    words = match[4].split()  # steps sign slew base backlash acceleration - flags mnemonic name
    if len(words) < _MNEMONIC + 1:
        file.problems.append(ConfigError(f"{place}: not understood: {match[0]}"))
        return
    name, doc = words[_MNEMONIC], " ".join(words[_MNEMONIC + 1 :])
    kind, (unit, _, channel) = match[2], match[3].partition("/")
    if kind == _UNUSED:
        return
    prefix = _prefix(kind, int(unit), controllers) if kind.startswith("EPICS") and unit.isdigit() else None
    if prefix is None or not channel.isdigit():
        controller = f"{kind}:{match[3]}"
        file.problems.append(ConfigError(f"{place}: {name}: its controller {controller} is not of EPICS; left out"))
        return
    values: dict[str, object] = {"class": "motor", "prefix": f"{prefix}m{channel}", "tags": ["motor"]}
    file.add(DeviceLine(name, place, values | ({"doc": doc} if doc not in ("", name) else {})))


def _counter(
    match: re.Match[str], controllers: dict[str, list[str]], scalers: dict[str, _Scaler], place: str, file: ReadFile
) -> None:
    words = match[3].split()  # unit channel scale flags mnemonic name
    if match[2] == _UNUSED:
        return
    name = words[4] if len(words) > 4 else match[1]
    prefix = None
    if match[2].startswith("EPICS_SC") and len(words) > 4 and all(word.isdigit() for word in words[:2]):
        prefix = _prefix(match[2], int(words[0]), controllers)
    if prefix is None or int(words[1]) >= _CHANNELS:
        file.problems.append(
            ConfigError(f"{place}: {name}: not one of the {_CHANNELS} channels of an EPICS scaler; left out")
        )
        return
    scalers.setdefault(prefix, _Scaler(prefix, place)).names[int(words[1]) + 1] = name
