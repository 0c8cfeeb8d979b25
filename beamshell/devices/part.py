"""Part: the base of signals and devices: a name, a place in a device, a kind, and a lock against writing.

It knows no control system, no value and no move.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any, TypeAlias

from beamshell.devices.permission import WRITING
from beamshell.errors import ReadOnlyError

Fact: TypeAlias = dict[str, Any]
"""One simulated thing as plain data: "is" names its kind (motor, counter, ...), the other keys its PVs and values."""


class Kind(enum.IntFlag):
    """The importance of a value in a run: omitted, config, normal or hinted.

    The numbers are those of the field's convention, so that device files carry over.
    """

    omitted = 0
    """Never recorded."""
    normal = 1
    """Recorded in every event."""
    config = 2
    """Recorded once in each descriptor."""
    hinted = 5
    """Recorded in every event, and shown in tables and plots."""


_WAYS_OF_READING = (("read", "begin_read"), ("read_configuration", "begin_read_configuration"))
"""Methods that read at once, and those that ask now and return the function which collects the answers."""


def _begin_with(read: Callable[[Any], Any]) -> Callable[[Any], Callable[[], Any]]:
    """A method that asks nothing yet: what it returns reads."""

    def begin(self: Any) -> Callable[[], Any]:
        return MethodType(read, self)

    return begin


def _read_with(begin: Callable[[Any], Callable[[], Any]]) -> Callable[[Any], Any]:
    """A method that asks and collects."""

    def read(self: Any) -> Any:
        return begin(self)()

    return read


class Part:
    """A signal or a device, perhaps a part of another device.

    Attributes:
        name: how documents and the prompt call it.
        parent: the device that it is a part of; None for one that stands alone.
        attr_name: its attribute there.
        labels: words to find it by.
    """

    name: Any
    parent: Any
    attr_name: str
    labels: set[str]
    _kind: Kind
    _read_only = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let a class that overrides one of two ways of reading read so in the other way too, and its stop go out."""
        super().__init_subclass__(**kwargs)
        if isinstance(vars(cls).get("stop"), FunctionType):
            cls.stop = WRITING.never_held_back(vars(cls)["stop"])  # type: ignore[attr-defined]  # those that have one
        for read, begin in _WAYS_OF_READING:
            first: Mapping[str, Any] = next(
                (vars(base) for base in cls.__mro__ if read in vars(base) or begin in vars(base)), {}
            )
            if begin not in first and hasattr(cls, begin):
                setattr(cls, begin, _begin_with(first[read]))
            elif read not in first and hasattr(cls, read):
                setattr(cls, read, _read_with(first[begin]))

    @property
    def kind(self) -> Kind:
        """Whether it is recorded in events, in the configuration, or not; takes a Kind or its name."""
        return self._kind

    @kind.setter
    def kind(self, kind: Kind | str) -> None:
        self._kind = kind if isinstance(kind, Kind) else Kind[kind] if isinstance(kind, str) else Kind(kind)

    @property
    def dotted_name(self) -> str:
        """The path from the outermost device, such as "slits.top"; "" for the outermost itself."""
        above = getattr(self.parent, "dotted_name", "")
        return f"{above}.{self.attr_name}" if above else self.attr_name

    @property
    def root(self) -> Any:
        """The outermost device that it is a part of, or itself."""
        return self if self.parent is None else getattr(self.parent, "root", self.parent)

    @property
    def counted_by(self) -> tuple[Any, ...]:
        """The devices that count what it records; a plan triggers them for it.

        () for what counts by itself, and for values that are there at any time.
        """
        above = self.parent
        if above is None or Kind.normal not in self._kind:
            return ()
        while above is not None and not hasattr(above, "count_time"):
            above = getattr(above, "parent", None)
        return () if above is None else (above,)

    # ---- read-only

    @property
    def read_only(self) -> bool:
        """True if nothing may be written through it, nor through any part of it; can be set."""
        return self._read_only or getattr(self.parent, "read_only", False)

    @read_only.setter
    def read_only(self, read_only: bool) -> None:
        self._read_only = read_only

    def refuse_if_read_only(self, value: str) -> None:
        """Return if it may be written.

        Args:
            value: what would be written, as the message shows it.

        Raises:
            ReadOnlyError: it is read-only, or a device that it is a part of is.
        """
        if self.read_only:
            raise ReadOnlyError(f"{self.name}: it is read-only here (read_only: true), so {value} was not written")

    # ---- simulation

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:  # noqa: ARG002 - for those that have PVs
        """The facts from which a simulated twin plays it; none, unless a class yields some.

        A PV may be named by several facts: the first counts.

        Args:
            settings: what the device file says of its twin: value, units, limits, states, speed.
        """
        yield from ()


def make_read_only(device: Any) -> None:
    """Let nothing be written through this device, or any part of it.

    Its `stop` does nothing any more: what moves was sent by others. A device of another library has its own `set`,
    `check_value` and `stop` replaced, so that it stays the object it is; its parts stay as they are.
    """
    if isinstance(device, Part):
        device.read_only = True
        return

    def refuse(value: Any = None, *_: Any, **__: Any) -> None:
        raise ReadOnlyError(f"{device.name}: it is read-only here (read_only: true), so {value!r} was not written")

    def do_nothing(*_: Any, **__: Any) -> None:
        """Leave what moves alone."""

    for method, replacement in {"set": refuse, "check_value": refuse, "stop": do_nothing}.items():
        if hasattr(device, method):
            setattr(device, method, replacement)
