"""From a device file to a registry: every good line becomes a device, every bad one a message with file and line.

It knows nothing of what the classes do, and never waits for a device to answer.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.devices.nearest import did_you_mean
from beamshell.devices.registry import READOUTS, Registry, check_name
from beamshell.errors import BeamshellError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import MappingNode, Node

CLASSES: dict[str, str] = {
    "camera": "beamshell.devices.epics.camera.EpicsCamera",
    "counter": "beamshell.devices.epics.counter.EpicsCounter",
    "decay": "beamshell.devices.epics.demo.Decay",
    "monochromator": "beamshell.devices.monochromator.Monochromator",
    "motor": "beamshell.devices.epics.motor.EpicsMotor",
    "positioner": "beamshell.devices.epics.positioner.EpicsPositioner",
    "random_walk": "beamshell.devices.epics.demo.RandomWalk",
    "scaler": "beamshell.devices.epics.scaler.EpicsScaler",
    "shutter": "beamshell.devices.epics.shutter.EpicsShutter",
    "signal": "beamshell.devices.signal.EpicsSignal",
    "signal_ro": "beamshell.devices.signal.EpicsSignalRO",
    "sim_det": "beamshell.devices.sim.detectors.SynGauss",
    "sim_motor": "beamshell.devices.sim.axes.SynAxis",
    "slits": "beamshell.devices.slits.Slits",
    "soft_signal": "beamshell.devices.signal.Signal",
    "soft_positioner": "beamshell.devices.soft_positioner.SoftPositioner",
}
"""The classes that have a short name in device files; any other is written as "package.module.Class"."""

KEYS = ("class", "prefix", "tags", "readout", "enabled", "doc", "arguments")
"""What every entry may say; besides, each keyword argument of its class, such as `limits`."""


@dataclass(frozen=True)
class _Entry:
    """One device as the file has it: each key with its value and the line it stands on."""

    name: str
    where: str
    values: dict[str, Any]
    lines: dict[str, str]

    def problem(self, text: str, key: str = "") -> ConfigError:
        return ConfigError(f"{self.lines.get(key, self.where)}: {self.name}: {text}")


def load_devices(path: str | Path, registry: Registry | None = None) -> tuple[Registry, list[ConfigError]]:
    """The devices of a YAML file, and what is wrong with it; it never raises, so a console always opens.

    A file is a mapping of names: ``samx: {class: motor, prefix: "IOC:m1", tags: [sample], limits: [-5, 5]}``.

    Args:
        path: the file.
        registry: what to add to; None makes a new one.
    """
    registry = Registry() if registry is None else registry
    problems: list[ConfigError] = []
    for entry in _entries(Path(path), problems):
        try:
            _add(entry, registry)
        except ConfigError as problem:
            problems.append(problem)
            registry.absent[entry.name] = str(problem)
    return registry, problems


# ---- the file ------------------------------------------------------------------------------------


def _entries(path: Path, problems: list[ConfigError]) -> list[_Entry]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"))
    except OSError as exc:
        problems.append(ConfigError(f"{path}: cannot be read: {exc.strerror}"))
        return []
    except UnicodeDecodeError as exc:
        problems.append(ConfigError(f"{path}: is not UTF-8 text: {exc.reason} at byte {exc.start}"))
        return []
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problems.append(ConfigError(f"{where}: not YAML: {exc.problem or exc.context}"))
        return []
    except YAMLError as exc:
        problems.append(ConfigError(f"{path}: not YAML: {exc}"))
        return []
    return _entries_of(root, yaml, path, problems)


def _entries_of(root: Node | None, yaml: YAML, path: Path, problems: list[ConfigError]) -> list[_Entry]:
    from ruamel.yaml.nodes import MappingNode

    if root is None:
        return []
    if not isinstance(root, MappingNode):
        problems.append(ConfigError(f"{path}:1: a device file is a mapping of names, such as `th: {{class: motor}}`"))
        return []
    entries: dict[str, _Entry] = {}
    for key, value in root.value:
        where = f"{path}:{key.start_mark.line + 1}"
        name = str(key.value)
        if name in entries:
            problems.append(ConfigError(f"{where}: {name}: is defined twice; the first is at {entries[name].where}"))
        elif not isinstance(value, MappingNode):
            problems.append(ConfigError(f'{where}: {name}: write {{class: ..., prefix: "..."}} after the name'))
        else:
            try:
                entries[name] = _entry(name, where, value, yaml, path)
            except ConfigError as problem:
                problems.append(problem)
    return list(entries.values())


def _entry(name: str, where: str, node: MappingNode, yaml: YAML, path: Path) -> _Entry:
    from ruamel.yaml.error import YAMLError

    try:
        yaml.constructor.flatten_mapping(node)  # `<<: *anchor`
        lines = {str(key.value): f"{path}:{key.start_mark.line + 1}" for key, _ in node.value}
        values = {str(key.value): yaml.constructor.construct_object(value, deep=True) for key, value in node.value}
    except YAMLError as exc:
        raise ConfigError(f"{where}: {name}: {getattr(exc, 'problem', None) or exc}") from exc
    return _Entry(name, where, values, lines)


# ---- one device ----------------------------------------------------------------------------------


def _add(entry: _Entry, registry: Registry) -> None:
    values = entry.values
    try:
        check_name(entry.name)
    except ConfigError as exc:
        raise ConfigError(f"{entry.where}: {exc}") from exc
    if not _value(entry, "enabled", True, bool, "true or false"):
        registry.absent[entry.name] = f"it is switched off at {entry.lines['enabled']} (enabled: false)"
        return
    cls = _class(entry)
    arguments = _arguments(entry, cls)
    readout = values.get("readout", "on_request")
    if readout not in READOUTS:
        raise entry.problem(f"no readout '{readout}'{did_you_mean(str(readout), READOUTS)}", "readout")
    tags = _value(entry, "tags", [], list, "a list of words, such as [sample]")
    doc = _value(entry, "doc", "", str, "text")
    device = _build(entry, cls, arguments)
    registry.add(device, name=entry.name, tags=map(str, tags), readout=readout, doc=doc, where=entry.where)


def _value(entry: _Entry, key: str, default: Any, kind: type, wanted: str) -> Any:
    value = entry.values.get(key, default)
    if not isinstance(value, kind):
        raise entry.problem(f"{key} is {value!r}; write {wanted}", key)
    return value


def _class(entry: _Entry) -> type:
    named = entry.values.get("class")
    if not isinstance(named, str):
        raise entry.problem("says no class; write class: motor, or class: package.module.Class", "class")
    if "." not in named and named not in CLASSES:
        raise entry.problem(f"no class '{named}'{did_you_mean(named, CLASSES)}", "class")
    module, _, attr = CLASSES.get(named, named).rpartition(".")
    try:
        cls = getattr(import_module(module), attr)
    except Exception as exc:  # importing runs anybody's code; one bad device never stops the rest
        raise entry.problem(f"class {named} cannot be imported: {exc}", "class") from exc
    if not callable(cls):
        raise entry.problem(f"{named} is not a class", "class")
    return cls  # type: ignore[no-any-return]  # any callable that makes a device will do


def _arguments(entry: _Entry, cls: Callable[..., Any]) -> dict[str, Any]:
    """The keyword arguments that the entry gives to its class, each known to it."""
    known, takes_any = _keywords(cls)
    given = {key: value for key, value in entry.values.items() if key not in KEYS}
    for key in given:
        if key not in known:
            remedy = did_you_mean(key, {*KEYS, *known})
            if takes_any:
                remedy = f"; if {cls.__name__} takes it, write arguments: {{{key}: ...}}"
            raise entry.problem(f"unknown key '{key}'{remedy}", key)
    extra = _value(entry, "arguments", {}, dict, "a mapping, such as {timeout: 5}")
    if not takes_any and (unknown := [key for key in extra if key not in known]):
        raise entry.problem(f"{cls.__name__} takes no '{unknown[0]}'{did_you_mean(unknown[0], known)}", "arguments")
    return {**extra, **given}


def _keywords(cls: Callable[..., Any]) -> tuple[set[str], bool]:
    """The keyword arguments that `cls` takes, and whether it takes others too.

    A class that hands **kwargs to its bases takes theirs.
    """
    known: set[str] = set()
    mro = inspect.getmro(cls)[:-1] if inspect.isclass(cls) else ()
    for function in [vars(base)["__init__"] for base in mro if "__init__" in vars(base)] or [cls]:
        parameters = inspect.signature(function).parameters.values()
        known |= {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return known - _NOT_FOR_FILES, False
    return known - _NOT_FOR_FILES, True


_NOT_FOR_FILES = {"self", "name", "prefix", "parent", "attr_name"}


def _build(entry: _Entry, cls: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    prefix = _value(entry, "prefix", "", str, 'text, such as "BL:th"')
    addressed = [prefix] if "prefix" in entry.values else []
    try:
        return cls(*addressed, name=entry.name, **arguments)
    except BeamshellError as exc:
        raise entry.problem(str(exc)) from exc
    except Exception as exc:  # a class may be anybody's code; one bad device never stops the rest
        raise entry.problem(f"{cls.__name__} could not be built: {exc}") from exc
