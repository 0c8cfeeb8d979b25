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

_CONTROLLER = re.compile(r"(?:VM_)?(EPICS_\w+)\s*=(.*)")
_ENTRY = re.compile(r"(MOT|CNT)\d+\s*=(.*)")
_PARAMETER = re.compile(r"(MOT|CNT)PAR:(\w+)\s*=(.*)")
_UNUSED = "NONE"
_MOTORS, _SCALERS, _PVS = "EPICS_M1", "EPICS_SC", "EPICS_PV"
_LISTED_AS = {"EPICS_M2": _MOTORS}
"""A controller in lines of motors -> its kind in SPEC's list of controllers."""
_MOST_CHANNELS = 64


def is_like(text: str) -> bool:
    """True if it has lines of motors or counters as SPEC writes them."""
    return any(_ENTRY.match(line.strip()) for line in text.splitlines())


def lines(path: Path, text: str, file: ReadFile) -> None:
    """Add the devices of a SPEC config to `file`; each line that gives none is a problem."""
    config = _Config(file)
    for number, raw in enumerate(text.splitlines(), start=1):
        config.add(f"{path}:{number}:1", raw.strip())
    config.convert()


@dataclass(frozen=True)
class _Controller:
    """A line such as `VM_EPICS_SC = 9idcLAX:vsc:c0 16`: what its PVs begin with, and how many channels it has."""

    place: str
    prefix: str
    channels: int

    @classmethod
    def read(cls, place: str, words: list[str]) -> _Controller | None:
        """None if the line is not understood."""
        return cls(place, words[0], int(words[1])) if len(words) > 1 and words[1].isdigit() else None


@dataclass(frozen=True)
class _Entry:
    """A motor or a counter, with the lines of optional parameters below it."""

    place: str
    kind: str
    controller: str
    unit: str
    channel: str
    name: str
    title: str
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, place: str, kind: str, words: list[str]) -> _Entry | None:
        """None if the line is not understood.

        A motor: controller:unit/channel steps sign slew base backlash acceleration - flags mnemonic name.
        A counter: controller unit channel scale flags mnemonic name.
        """
        if kind == "MOT" and len(words) > 9:
            controller, _, at = words[0].partition(":")
            unit, _, channel = at.partition("/")
            return cls(place, kind, controller, unit, channel, words[9], " ".join(words[10:]))
        if kind == "CNT" and len(words) > 5:
            return cls(place, kind, words[0], words[1], words[2], words[5], " ".join(words[6:]))
        return None

    @property
    def about(self) -> dict[str, str]:
        """Its longer name, as the sentence for people, if it has one."""
        return {"doc": self.title} if self.title not in ("", self.name) else {}

    @property
    def suffix(self) -> str | None:
        """What goes behind the controller's prefix, if a line of parameters says it."""
        return self.parameters.get("misc_par_1") or None

    def problem(self, text: str) -> ConfigError:
        return ConfigError(f"{self.place}: {self.name}: {text}; left out")


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


class _Config:
    """The lines of one config, and the devices made of them."""

    def __init__(self, file: ReadFile) -> None:
        self._file = file
        self._controllers: dict[str, list[tuple[str, _Controller | None]]] = {}
        self._entries: list[_Entry] = []
        self._parameters: dict[str, str] | None = None  # those of the last entry
        self._scalers: dict[str, _Scaler] = {}

    def add(self, place: str, line: str) -> None:
        """Take one line."""
        if match := _CONTROLLER.match(line):
            controller = _Controller.read(place, match[2].split())
            self._controllers.setdefault(match[1], []).append((place, controller))  # its place in the list counts
            if controller is None:
                self._not_understood(place, line)
        elif match := _ENTRY.match(line):
            entry = _Entry.read(place, match[1], match[2].split())
            self._parameters = {} if entry is None else entry.parameters
            if entry is not None:
                self._entries.append(entry)
            elif not match[2].split() or match[2].split()[0].partition(":")[0] != _UNUSED:
                self._not_understood(place, line)
        elif match := _PARAMETER.match(line):
            if self._parameters is None:
                self._not_understood(place, line)
            else:
                self._parameters[match[2]] = match[3].strip()

    def _not_understood(self, place: str, line: str) -> None:
        self._file.problems.append(ConfigError(f"{place}: not understood: {line}"))

    def convert(self) -> None:
        """Make devices of the entries, in their order, and the scalers last."""
        for entry in self._entries:
            if entry.controller == _UNUSED:
                continue
            try:
                self._convert(entry)
            except ConfigError as problem:
                self._file.problems.append(problem)
        taken = {entry.name for entry in self._entries}
        names = (name for n in range(1, 10_000) if (name := "scaler" if n == 1 else f"scaler{n}") not in taken)
        for name, scaler in zip(names, self._scalers.values(), strict=False):
            self._file.add(scaler.line(name))
        self._name_other_kinds()

    def _convert(self, entry: _Entry) -> None:
        kind = _LISTED_AS.get(entry.controller, entry.controller)
        if not kind.startswith("EPICS"):
            at = f":{entry.unit}/{entry.channel}" if entry.kind == "MOT" else f" {entry.unit} {entry.channel}"
            raise entry.problem(f"its controller {entry.controller}{at} is not of EPICS")
        if entry.kind == "MOT" and kind == _MOTORS:
            self._file.add(self._motor(entry, self._controller(entry, kind)))
        elif entry.kind == "CNT" and kind == _SCALERS:
            self._count(entry, self._controller(entry, kind))
        elif entry.kind == "CNT" and kind == _PVS:
            self._file.add(self._pv(entry, self._controller(entry, kind)))
        else:
            raise entry.problem(f"there is no device here for its controller {entry.controller}")

    def _controller(self, entry: _Entry, kind: str) -> _Controller:
        listed = self._controllers.get(kind, [])
        if not entry.unit.isdigit() or int(entry.unit) >= len(listed):
            raise entry.problem(f"the file lists no controller {kind} with the number {entry.unit or '?'}")
        place, controller = listed[int(entry.unit)]
        if controller is None:
            raise entry.problem(f"its controller, at {place}, is not understood")
        return controller

    def _motor(self, entry: _Entry, controller: _Controller) -> DeviceLine:
        suffix = entry.suffix
        if suffix is None and not entry.channel.isdigit():
            raise entry.problem(f"its channel '{entry.channel}' is no number")
        pv = f"{controller.prefix}{suffix or f'm{entry.channel}'}"
        return DeviceLine(entry.name, entry.place, {"class": "motor", "prefix": pv, "tags": ["motor"], **entry.about})

    def _count(self, entry: _Entry, controller: _Controller) -> None:
        if not entry.channel.isdigit() or int(entry.channel) >= min(controller.channels, _MOST_CHANNELS):
            raise entry.problem(f"channel {entry.channel} is none of the {controller.channels} of {controller.prefix}")
        number = int(entry.channel) + 1  # SPEC counts them from 0, the record from 1
        suffix = entry.suffix
        if suffix not in (None, f".S{number}"):
            raise entry.problem(f"its channel {entry.channel} is .S{number}, but misc_par_1 says {suffix}")
        prefix = controller.prefix.removesuffix(".")
        scaler = self._scalers.setdefault(prefix, _Scaler(prefix, entry.place))
        if number in scaler.names:
            raise entry.problem(f"its channel s{number} is {scaler.names[number]} already")
        scaler.names[number] = entry.name

    def _pv(self, entry: _Entry, controller: _Controller) -> DeviceLine:
        suffix = entry.suffix
        if suffix is None and controller.channels > 1:
            raise entry.problem(f"no misc_par_1 says which PV of {controller.prefix} it is")
        pv = f"{controller.prefix}{suffix or ''}"
        values = {"class": "signal_ro", "prefix": pv, "tags": ["detector"], "readout": "point", **entry.about}
        return DeviceLine(entry.name, entry.place, values)

    def _name_other_kinds(self) -> None:
        """Report controllers of EPICS that have neither motors nor counters, such as multichannel analysers."""
        used = {_LISTED_AS.get(entry.controller, entry.controller) for entry in self._entries}
        for kind, listed in self._controllers.items():
            for place, controller in listed:
                if controller is not None and kind not in (_MOTORS, _SCALERS, _PVS, *used):
                    self._file.problems.append(ConfigError(f"{place}: {kind} {controller.prefix}: left out"))
