"""Loads and reloads device files: each good line becomes a device, each wrong one a message with its place.

It knows the device classes by name only, and never waits for a device to answer.
"""

from __future__ import annotations

import gc
import inspect
import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.devices.device_classes import class_of
from beamshell.devices.files.reading import read_file
from beamshell.devices.references import in_order, with_devices
from beamshell.devices.registry import READOUTS, Registry
from beamshell.errors import BeamshellError, ConfigError, MissingLibrary
from beamshell.text.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from beamshell.devices.files.line import DeviceLine
    from beamshell.devices.registry import Entry

KEYS = ("class", "prefix", "address", "tags", "readout", "enabled", "read_only", "doc", "arguments", "args", "twin")
"""The keys of every entry; it may also have each keyword argument of its class, such as `limits`.

`address` is another word for `prefix`, for a device with a single address; `args` are positional arguments, for a class
that takes others than a prefix; `twin` is for the simulated twin."""


@dataclass(frozen=True)
class Changes:
    """The changes that `reload_devices` has made, by the names of the devices."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    """Made anew, and why: "limits [-5, 5] -> [-6, 6]"."""
    updated: dict[str, str] = field(default_factory=dict)
    """The same objects, of which the file says something else: tags, readout, doc."""

    def lines(self) -> list[str]:
        """A line for each device that is not as it was."""
        return [
            *(f"{name}: new" for name in self.added),
            *(f"{name}: removed" for name in self.removed),
            *(f"{name}: made anew: {why}" for name, why in self.replaced.items()),
            *(f"{name}: {why}" for name, why in self.updated.items()),
        ]


def load_devices(path: str | Path, registry: Registry | None = None) -> tuple[Registry, list[ConfigError]]:
    """The devices of a file, and its problems; it never raises, so a console always opens.

    A file is a mapping of names: ``samx: {class: motor, prefix: "IOC:m1", tags: [sample], limits: [-5, 5]}``, or
    one of happi's (JSON) or guarneri's (YAML).

    Args:
        path: the file.
        registry: the registry to add to; None makes a new one.
    """
    registry = Registry() if registry is None else registry
    with _no_garbage_collection():
        file = read_file(Path(path))
        registry.absent.update(file.broken)
        problems = file.problems + load_lines(file.lines.values(), registry)
    return registry, problems


def load_lines(lines: Iterable[DeviceLine], registry: Registry) -> list[ConfigError]:
    """Add the devices of these lines to a registry; returns the problems."""
    problems: list[ConfigError] = []
    for line in in_order(lines, class_of):
        _add(line, registry, problems)
    return problems


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A block in which all that is made stays: to walk through it again and again takes longer than to make it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def reload_devices(path: str | Path, registry: Registry) -> tuple[Changes, list[ConfigError]]:
    """Bring the registry up to date with a changed file; returns the changes and the problems.

    A device whose line builds the same object stays the object it is. One whose line is wrong now, and all of them
    if a file cannot be read, stay as they were.

    Args:
        path: the file.
        registry: what `load_devices` has filled.
    """
    file = read_file(Path(path))
    problems = list(file.problems)
    changes = Changes()
    before = set(registry)
    registry.absent.update({name: why for name, why in file.broken.items() if name not in registry})
    for line in in_order(file.lines.values(), class_of):
        _add(line, registry, problems, changes)
    if file.is_whole:
        _drop_those_gone(registry, {*file.lines, *file.broken}, changes)
    changes.added.extend(name for name in registry if name not in before)
    return changes, problems


def _drop_those_gone(registry: Registry, names: set[str], changes: Changes) -> None:
    for name in [name for name in registry if name not in names]:
        if registry.entry(name).recipe:  # the others were made at the prompt, and stay
            destroy(registry.remove(name))
            changes.removed.append(name)
    for name in [name for name in registry.absent if name not in names]:
        del registry.absent[name]


def destroy(device: Any) -> None:
    """Close the channels of a device that is no longer used."""
    walk = getattr(device, "walk_signals", None)
    signals = [signal for _, signal in walk()] if walk is not None else [device]
    for signal in signals:
        give_back = getattr(signal, "destroy", None)
        if give_back is not None:
            give_back()


# ---- one device ----------------------------------------------------------------------------------

_ABOUT = ("tags", "readout", "doc", "enabled", "twin")
"""The keys of an entry that are not arguments of the device's class."""


def _add(line: DeviceLine, registry: Registry, problems: list[ConfigError], changes: Changes | None = None) -> None:
    """Add the device of a line, unless the line is wrong or switches it off."""
    try:
        _check_name(line, registry)
        line = _filled(line)
        if _value(line, "enabled", True, bool, "true or false"):
            _add_device(line, registry, problems, changes)
        else:
            _switch_off(line, registry, changes)
    except Exception as exc:  # noqa: BLE001  whatever is wrong with a line, the others are read
        problem = exc if isinstance(exc, ConfigError) else line.problem(f"makes no sense: {exc}")
        if not isinstance(problem.__cause__, MissingLibrary):  # `offline` says what to install, if it is missed
            problems.append(problem)
        if line.name not in registry:
            registry.absent[line.name] = str(problem)


def _check_name(line: DeviceLine, registry: Registry) -> None:
    try:
        registry.check_name(line.name)
    except ConfigError as exc:
        raise ConfigError(f"{line.place}: {exc}") from exc


_VARIABLE = re.compile(r"\$\{(\w+)\}")


def _filled(line: DeviceLine) -> DeviceLine:
    """The line with every ${NAME} in its texts replaced by that variable of the environment."""
    return replace(line, values={key: _fill(line, key, value) for key, value in line.values.items()})


def _fill(line: DeviceLine, key: str, value: Any) -> Any:
    if isinstance(value, str) and "${" in value:
        for name in _VARIABLE.findall(value):
            if name not in os.environ:
                raise line.problem(f"{key}: the environment has no {name}: set it before the console starts", key)
        return _VARIABLE.sub(lambda match: os.environ[match[1]], value)
    if isinstance(value, list):
        return [_fill(line, key, each) for each in value]
    if isinstance(value, dict):
        return {part: _fill(line, key, each) for part, each in value.items()}
    return value


def _switch_off(line: DeviceLine, registry: Registry, changes: Changes | None) -> None:
    if line.name in registry:
        destroy(registry.remove(line.name))
        if changes is not None:
            changes.removed.append(line.name)
    registry.absent[line.name] = f"it is switched off at {line.places.get('enabled', line.place)}"


def _add_device(line: DeviceLine, registry: Registry, problems: list[ConfigError], changes: Changes | None) -> None:
    about = _about(line)
    line = with_devices(line, class_of(line), registry)  # devices made of it are made anew with it
    recipe = {key: value for key, value in line.values.items() if key not in _ABOUT}
    old = registry.entry(line.name) if line.name in registry else None
    if old is not None and changes is not None and old.recipe == recipe:
        entry = registry.describe(line.name, **about)
        if why := _difference(_about_entry(old), _about_entry(entry)):
            changes.updated[line.name] = why
        return
    start_s = time.perf_counter()
    device = device_of(line, problems)
    registry.add(device, name=line.name, recipe=recipe, load_s=time.perf_counter() - start_s, **about)
    if old is not None and changes is not None:
        changes.replaced[line.name] = _difference(old.recipe, recipe) or "it was not of this file"
        destroy(old.device)


def _about_entry(entry: Entry) -> dict[str, Any]:
    return {"tags": sorted(entry.tags), "readout": entry.readout, "doc": entry.doc}


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The differences, such as "limits [-5, 5] -> [-6, 6]"; "" if there are none."""
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return ", ".join(f"{key} {old.get(key, 'none')} -> {new.get(key, 'none')}" for key in keys)


def _about(line: DeviceLine) -> dict[str, Any]:
    """Tags, readout, doc and place, as the registry takes them."""
    readout = line.values.get("readout", "on_request")
    if readout not in READOUTS:
        raise line.problem(f"no readout '{readout}'{did_you_mean(str(readout), READOUTS)}", "readout")
    tags = _value(line, "tags", [], list, "a list of words, such as [sample]")
    doc = _value(line, "doc", "", str, "text")
    return {"tags": list(map(str, tags)), "readout": readout, "doc": doc, "place": line.place}


def device_of(line: DeviceLine, problems: list[ConfigError]) -> Any:
    """The device of a line, not yet in any registry.

    Args:
        line: what the file says.
        problems: takes what is no reason to do without the device.

    Raises:
        ConfigError: the line is wrong, or the class did not accept it.
    """
    line = _filled(line)
    if line.is_foreign:
        line = without_strange_keys(line, problems)
    cls = class_of(line)
    arguments = _arguments(line, cls)
    is_read_only = _value(line, "read_only", False, bool, "true or false")
    device = _build(line, cls, arguments)
    if is_read_only:
        from beamshell.devices.part import make_read_only

        make_read_only(device)
    return device


def _value(line: DeviceLine, key: str, default: Any, kind: type, expected: str) -> Any:
    value = line.values.get(key, default)
    if not isinstance(value, kind):
        raise line.problem(f"{key} is {value!r}; write {expected}", key)
    return value


def without_strange_keys(line: DeviceLine, problems: list[ConfigError]) -> DeviceLine:
    """A line that was written for another console, without the keys that our class does not take.

    Args:
        line: what the file says.
        problems: takes one for each key that is left out.

    Raises:
        ConfigError: it names no class that is there.
    """
    cls = class_of(line)
    keywords, _ = _keywords_of(cls)
    strange = [key for key in line.values if key not in KEYS and key not in keywords]
    problems += [line.problem(f"{cls.__name__} takes no '{key}', which is left out", key) for key in strange]
    return replace(line, values={key: value for key, value in line.values.items() if key not in strange})


def _arguments(line: DeviceLine, cls: Callable[..., Any]) -> dict[str, Any]:
    """The keyword arguments that the line gives to its class, each known to it."""
    keywords, takes_any = _keywords_of(cls)
    arguments = {key: value for key, value in line.values.items() if key not in KEYS}
    for key in [key for key in arguments if key not in keywords]:
        remedy = did_you_mean(key, {*KEYS, *keywords})
        if takes_any:
            remedy = f"; if {cls.__name__} takes it, write arguments: {{{key}: ...}}"
        raise line.problem(f"unknown key '{key}'{remedy}", key)
    extra = _value(line, "arguments", {}, dict, "a mapping, such as {timeout: 5}")
    if nameless := next((key for key in extra if not isinstance(key, str)), None):
        raise line.problem(f"arguments: {nameless!r} is no name of an argument", "arguments")
    if not takes_any and (unknown := [key for key in extra if key not in keywords]):
        raise line.problem(f"{cls.__name__} takes no '{unknown[0]}'{did_you_mean(unknown[0], keywords)}", "arguments")
    for key, value in {**extra, **arguments}.items():
        if expected := _misfit(keywords.get(key, ""), value):
            raise line.problem(f"{key} is {value!r}; write {expected}", key if key in arguments else "arguments")
    return {**extra, **arguments}


_NUMBERS = (int, float)


def _misfit(annotation: str, value: Any) -> str:
    """What belongs in place of a value, going by the annotation of its argument; "" if nothing speaks against it."""
    kind = annotation.removesuffix(" | None")
    if value is None and kind != annotation:
        return ""
    if kind == "bool":
        return "" if isinstance(value, bool) else "true or false"
    if kind in ("int", "float"):
        fits = isinstance(value, int if kind == "int" else _NUMBERS) and not isinstance(value, bool)
        return "" if fits and value == value else f"a {'whole ' if kind == 'int' else ''}number"  # NaN is not itself
    return ""


def _keywords(cls: Callable[..., Any]) -> tuple[dict[str, str], bool]:
    """The keyword arguments that `cls` takes, with their annotations, and whether it takes others too.

    A class that hands **kwargs to its bases takes theirs.
    """
    keywords: dict[str, str] = {}
    mro = inspect.getmro(cls)[:-1] if inspect.isclass(cls) else ()
    for function in [vars(base)["__init__"] for base in mro if "__init__" in vars(base)] or [cls]:
        parameters = inspect.signature(function).parameters.values()
        for p in parameters:
            if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name not in _NOT_FOR_FILES:
                keywords.setdefault(p.name, p.annotation if isinstance(p.annotation, str) else "")
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return keywords, False
    return keywords, True


_keywords_of_class: Callable[[Any], tuple[dict[str, str], bool]] = cache(_keywords)


def _keywords_of(cls: Callable[..., Any]) -> tuple[dict[str, str], bool]:
    return _keywords_of_class(cls) if inspect.isclass(cls) else _keywords(cls)


_ADDRESSES = ("prefix", "address")
_NOT_FOR_FILES = {"self", "name", "prefix", "parent", "attr_name"}


def _build(line: DeviceLine, cls: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    prefixes = [_value(line, key, "", str, 'text, such as "BL:th"') for key in _ADDRESSES if key in line.values]
    if len(prefixes) > 1:
        raise line.problem("has both a prefix and an address, which mean the same: leave one out", "address")
    addressed = prefixes
    addressed = _value(line, "args", [], list, 'a list, such as ["BL:th"]') or addressed
    try:
        return cls(*addressed, name=line.name, **arguments)
    except BeamshellError as exc:
        raise line.problem(str(exc).removeprefix(f"{line.name}: ")) from exc  # the place names it already
    except (Exception, SystemExit) as exc:  # a class may be anybody's code; one bad device never stops the rest
        if missing := _missing_key(cls, addressed, arguments):
            remedy = f' (write {missing}: "BL:{line.name}")' if missing in _ADDRESSES else ""
            raise line.problem(f"missing key '{missing}'{remedy}") from exc
        says_enough = len(str(exc).split()) > 1  # a KeyError is its key alone
        reason = str(exc) if says_enough else f"{type(exc).__name__}: {exc}"
        raise line.problem(f"{cls.__name__} could not be built: {reason}") from exc


def _missing_key(cls: Callable[..., Any], positional: list[Any], arguments: Mapping[str, Any]) -> str:
    """The key of the first argument that `cls` needs and the line does not give; "" if it gives all of them."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):  # a class of an extension module may have none
        return ""
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    for p in [*by_place[len(positional) :], *by_name]:
        if p.default is p.empty and p.name not in ("name", *arguments):
            return "address" if p.name == "read_pv" else p.name
    return ""
