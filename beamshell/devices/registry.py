"""Registry: all devices of the beamline by name, with tags, and which of them are offline.

It knows neither files (the loader fills it) nor the prompt (which takes its namespace from here).
"""

from __future__ import annotations

import builtins
import keyword
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from beamshell.devices.device import Device
from beamshell.devices.summary import address_of
from beamshell.errors import ConfigError, UnknownName
from beamshell.protocols import WritesFiles
from beamshell.text.nearest import did_you_mean, unknown

Readout = Literal["on_request", "point", "baseline", "monitored"]
"""The occasion at which a device is read: only if a command names it; at each point of a command that names no detector
(`ct`); before and after each run; or at each change during a run."""

READOUTS: tuple[str, ...] = get_args(Readout)


@dataclass(frozen=True)
class Entry:
    """A device, and the registry's data about it."""

    name: str
    device: Any
    tags: frozenset[str] = frozenset()
    readout: Readout = "on_request"
    doc: str = ""
    place: str = ""
    """The `file:line` it was read from, "" for one made at the prompt."""
    added: float = field(default_factory=time.time)
    """When it was added: seconds since 1970-01-01 UTC."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What its file says of how it is made; {} for one made at the prompt."""
    load_s: float = 0.0
    """How long it took to make it, in seconds; the import of its class among them, if it was the first."""


class Offline(NamedTuple):
    """A channel that does not answer."""

    device: str
    """The dotted name at the prompt, such as "th.velocity"."""
    address: str
    """Such as "BL:th.VELO"."""
    since: float
    """Seconds since 1970-01-01 UTC: when it was lost or, if it never answered, when it was first looked for."""


class Registry(Mapping[str, Any]):
    """A mapping of names to devices, in the order they were added.

    Args:
        data_folder: handed to every device that writes files.
        meaning: what a name means already, such as "a command"; "" if a device may have it.

    Example:
        >>> registry = Registry()
        >>> motor = registry.add(SoftPositioner(name="motor"), tags=["sample"])
        >>> registry["motor"] is motor
        True
    """

    def __init__(self, data_folder: Path | None = None, meaning: Callable[[str], str] = lambda _name: "") -> None:
        self.data_folder = data_folder
        self._meaning = meaning
        self._entries: dict[str, Entry] = {}
        self.absent: dict[str, str] = {}
        """Names that a file knows and that have no device, with the reason: switched off, or could not be built."""

    def add(
        self,
        device: Any,
        *,
        name: str = "",
        tags: Iterable[str] = (),
        readout: Readout = "on_request",
        doc: str = "",
        place: str = "",
        recipe: Mapping[str, Any] | None = None,
        load_s: float = 0.0,
    ) -> Any:
        """Add a device, in place of one of the same name; returns the device.

        Raises:
            ConfigError: the name cannot be used at a Python prompt, or there is no such readout.
        """
        name = name or device.name
        self.check_name(name)
        if self.data_folder is not None and isinstance(device, WritesFiles):
            device.data_folder = self.data_folder
        if readout not in READOUTS:
            raise ConfigError(f"{name}: no readout '{readout}'{did_you_mean(str(readout), READOUTS)}")
        entry = Entry(name, device, frozenset(tags), readout, doc, place, recipe=recipe or {}, load_s=load_s)
        self._entries[name] = entry
        self.absent.pop(name, None)
        return device

    def check_name(self, name: str) -> None:
        """Return if a device may have this name.

        Raises:
            ConfigError: it is no Python name, or means something else already.
        """
        if not name.isidentifier() or name.startswith("_"):
            raise ConfigError(f"'{name}' cannot be the name of a device: use letters, digits and _, a letter first")
        if keyword.iskeyword(name) or hasattr(builtins, name):
            raise ConfigError(f"'{name}' cannot be the name of a device: Python has a {name} of its own")
        if meaning := self._meaning(name):
            raise ConfigError(f"'{name}' cannot be the name of a device: it is {meaning}")

    def describe(
        self, name: str, *, tags: Iterable[str] = (), readout: Readout = "on_request", doc: str = "", place: str = ""
    ) -> Entry:
        """Replace the data about a device; the device itself stays the same object.

        Raises:
            UnknownName: there is none.
        """
        old = self.entry(name)
        self._entries[name] = entry = replace(old, tags=frozenset(tags), readout=readout, doc=doc, place=place)
        return entry

    def remove(self, name: str) -> Any:
        """Remove a device; returns it.

        Raises:
            UnknownName: there is none.
        """
        entry = self.entry(name)
        del self._entries[name]
        return entry.device

    # ---- finding -----------------------------------------------------------------------------

    def entry(self, name: str) -> Entry:
        """The entry of the device called `name`.

        Raises:
            UnknownName: there is none; the message offers the nearest, or says why it is absent.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: str) -> UnknownName:
        if name in self.absent:
            return UnknownName(f"no device '{name}': {self.absent[name]}")
        return unknown("device", name, self._entries)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._entries[name].device
        except KeyError:
            raise _MissingDeviceError(str(self._unknown(name))) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries  # a mapping's own would look for the nearest name each time

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, word: str) -> Any:
        """The device or part that a word at the prompt means: "th", "slits.top", "th.velocity".

        Raises:
            UnknownName: nothing has this name; the message offers the nearest.
        """
        name, _, path = word.partition(".")
        device = self.entry(name).device
        if not path:
            return device
        if isinstance(device, Device):
            return device.part(path)
        return _attribute(device, path)

    def select(
        self, *words: str, tag: str | None = None, cls: type | str | None = None, readout: Readout | None = None
    ) -> dict[str, Any]:
        """Devices and parts by names, dotted names and wildcards such as "sam*".

        Args:
            words: what to look for; none means every device.
            tag: only those with this tag.
            cls: only those of this class: a class, a runtime protocol, or a class's name, such as "EpicsMotor".
            readout: only those read at this occasion.

        Raises:
            UnknownName: a word means nothing, or a wildcard fits nothing.
        """
        devices: dict[str, Any] = {}
        for word in words or ("*",):
            devices.update(self._match(word) if any(sign in word for sign in "*?[") else {word: self.find(word)})
        entries = {name: self._entries[name.partition(".")[0]] for name in devices}
        return {
            name: device
            for name, device in devices.items()
            if (cls is None or _is_a(device, cls))
            and (tag is None or tag in entries[name].tags)
            and (readout is None or entries[name].readout == readout)
        }

    def _match(self, pattern: str) -> dict[str, Any]:
        head, _, tail = pattern.partition(".")
        devices = {name: entry.device for name, entry in self._entries.items() if fnmatchcase(name, head)}
        for segment in tail.split(".") if tail else ():
            devices = {
                f"{name}.{attr}": device.part(attr)
                for name, device in devices.items()
                if isinstance(device, Device)
                for attr in device.component_names
                if fnmatchcase(attr, segment)
            }
        if not devices and pattern != "*":
            raise UnknownName(f"no device fits '{pattern}'{did_you_mean(pattern.strip('*?'), self._entries)}")
        return devices

    @property
    def tags(self) -> set[str]:
        """Every tag that some device has."""
        return {tag for entry in self._entries.values() for tag in entry.tags}

    def namespace(self) -> dict[str, Any]:
        """The names for the prompt: each device, and a placeholder for each absent one."""
        placeholders = {name: AbsentDevice(name, reason) for name, reason in self.absent.items() if name.isidentifier()}
        return {**placeholders, **{name: entry.device for name, entry in self._entries.items()}}

    # ---- connection --------------------------------------------------------------------------

    def offline(self) -> list[Offline]:
        """All channels that do not answer now."""
        return [
            lost for entry in self._entries.values() for lost in lost_channels(entry.name, entry.device, entry.added)
        ]

    def renew(self, *names: str) -> None:
        """Open channels anew: all those of the devices named, or of every device those that do not answer.

        Returns at once; devices of other libraries are left alone.

        Raises:
            UnknownName: there is no such device.
        """
        for entry in map(self.entry, names or tuple(self._entries)):
            for _, signal in _signals(entry.name, entry.device):
                if hasattr(signal, "renew") and (names or not getattr(signal, "connected", True)):
                    signal.renew()

    def deferred(self) -> set[str]:
        """The names of the devices with channels that wait for the library of their control system."""
        return {
            entry.name
            for entry in self._entries.values()
            if any(getattr(signal, "is_deferred", False) for _, signal in _signals(entry.name, entry.device))
        }

    def wait_for_connection(self, timeout: float, *, but_for: Collection[str] = ()) -> list[Offline]:
        """The channels that are offline after `timeout` seconds; returns as soon as all answer.

        Args:
            timeout: seconds, which begin when all are searched for.
            but_for: the names of devices that are not waited for.
        """
        entries = (entry for entry in self._entries.values() if entry.name not in but_for)
        signals = [signal for entry in entries for _, signal in _signals(entry.name, entry.device)]
        needed = [signal for signal in signals if hasattr(signal, "wait_for_connection")]
        for signal in needed:
            if getattr(signal, "is_deferred", False):  # its library is imported first, for which nothing is to blame
                with suppress(TimeoutError):
                    signal.wait_for_connection(timeout=0.0)
        deadline = time.monotonic() + timeout
        for signal in needed:
            with suppress(TimeoutError):  # it is named in the answer
                signal.wait_for_connection(timeout=max(0.0, deadline - time.monotonic()))
        return self.offline()

    def __repr__(self) -> str:
        return f"Registry({', '.join(self._entries)})"


class AbsentDevice:
    """A placeholder at the prompt for a device of the file that could not be made, or is switched off."""

    def __init__(self, name: str, reason: str) -> None:
        self._absent = (name, reason)

    def __getattr__(self, attr: str) -> Any:
        name, reason = self._absent
        raise AbsentDeviceError(f"no device '{name}': {reason}")

    def __repr__(self) -> str:
        return "no device '{}': {}".format(*self._absent)


class AbsentDeviceError(UnknownName, AttributeError):
    """A device that is absent was used; an AttributeError too, so that `hasattr` is False."""


class _MissingDeviceError(UnknownName, KeyError):
    """The error of `registry[name]`; a KeyError too, so that `in` and `get` work as for any mapping."""

    def __str__(self) -> str:
        return str(self.args[0])


def _is_a(device: Any, cls: type | str) -> bool:
    if isinstance(cls, str):
        return any(base.__name__ == cls for base in type(device).__mro__)
    return isinstance(device, cls)


def lost_channels(name: str, device: Any, since: float) -> Iterator[Offline]:
    """The channels of a device that do not answer now.

    Args:
        name: of the device, as it is typed.
        device: of any library whose devices or signals say whether they are connected.
        since: seconds since 1970-01-01 UTC: when it was looked for first.
    """
    for dotted, signal in _signals(name, device):
        if not getattr(signal, "connected", True):
            yield Offline(dotted, address_of(signal), getattr(signal, "disconnected_since", None) or since)


def _signals(name: str, device: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(device, Device):
        yield from ((f"{name}.{dotted}", signal) for dotted, signal in device.walk_signals())
    elif callable(getattr(device, "walk_signals", None)):  # of ophyd
        yield from ((f"{name}.{each.dotted_name}", each.item) for each in device.walk_signals())
    else:
        yield name, device


def _attribute(device: Any, path: str) -> Any:
    for attr in path.split("."):
        if attr.startswith("_") or not hasattr(device, attr):
            names = [name for name in dir(device) if not name.startswith("_")]
            raise unknown("part", attr, names, of=getattr(device, "name", str(device)))
        device = getattr(device, attr)
    return device
