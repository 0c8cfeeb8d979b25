"""The text of `device.summary()`: the parts of a device by the occasion of their recording, with address and unit.

It does not access the hardware.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from beamshell.devices.part import Kind

_SECTIONS = ("in every event", "in the configuration", "not recorded")


class HasParts(Protocol):
    """The part of a device that a summary uses."""

    def walk_signals(self) -> Iterator[tuple[str, Any]]:
        """Each (dotted name, signal) of it."""

    def part(self, dotted: str) -> Any:
        """The part at a path such as "x.user_readback"."""

    @property
    def lazy_names(self) -> tuple[str, ...]:
        """The parts that nobody has used yet."""


class Summary(str):
    """Text that the prompt shows as it is, instead of as a quoted string."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def address_of(signal: Any) -> str:
    """A signal's address in messages: "BL:th.RBV" in place of "ca://BL:th.RBV"."""
    source = getattr(signal, "source", None) or getattr(signal, "pvname", None) or signal.name
    return str(source).removeprefix("ca://")


def summary_of(device: HasParts) -> Summary:
    """The parts of a device by when they are recorded: attribute, name in the data, address, unit, remarks."""
    sections: dict[str, list[tuple[str, ...]]] = {title: [] for title in _SECTIONS}
    for dotted, signal in device.walk_signals():
        title = _section(device, dotted, signal)
        sections[title].append(_row(dotted, signal, is_hinted=title == _SECTIONS[0] and Kind.hinted in signal.kind))
    rows = [row for section in sections.values() for row in section]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = [f"{device!r}, {_connection(device)}"]
    for title, section in sections.items():
        lines += [f"  {title}"] if section else []
        lines += [f"    {_aligned(row, widths)}" for row in section]
    if lazy := device.lazy_names:
        lines += ["  made when first used", f"    {', '.join(lazy)}"]
    return Summary("\n".join(lines))


def _section(device: HasParts, dotted: str, signal: Any) -> str:
    """The occasion at which a part is recorded; a device in between may leave it out."""
    path = dotted.split(".")[:-1]
    owners = [device.part(".".join(path[: count + 1])) for count in range(len(path))]
    kinds = [part.kind for part in (*owners, signal)]
    if all(Kind.normal in kind for kind in kinds):
        return _SECTIONS[0]
    return _SECTIONS[1] if all(kinds) and Kind.config in signal.kind else _SECTIONS[2]


def _row(dotted: str, signal: Any, *, is_hinted: bool) -> tuple[str, ...]:
    connected = getattr(signal, "connected", True)
    remarks = ["shown in tables and plots"] if is_hinted else []
    remarks += [] if connected else ["OFFLINE"]
    units = str(getattr(signal, "units", "")) if connected else ""
    return (dotted, signal.name, address_of(signal), units, ", ".join(remarks))


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    *columns, remarks = row
    return "  ".join([*(f"{cell:<{width}}" for cell, width in zip(columns, widths, strict=True)), remarks]).rstrip()


def _connection(device: HasParts) -> str:
    signals = [signal for _, signal in device.walk_signals()]
    silent = sum(not getattr(signal, "connected", True) for signal in signals)
    return f"{silent} of {len(signals)} NOT CONNECTED" if silent else "connected"
