"""What a device is made of, as a page that a person reads.

It asks nothing of the hardware: what is shown is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamshell.devices.kind import Kind

if TYPE_CHECKING:
    from beamshell.devices.device import Device

_SECTIONS = ("in every event", "in the configuration", "not recorded")


class Summary(str):
    """Text that the prompt shows as it is, instead of as a quoted string."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def address_of(signal: Any) -> str:
    """Where a signal's value lives, for messages: "BL:th.RBV" rather than "ca://BL:th.RBV"."""
    source = getattr(signal, "source", None) or getattr(signal, "pvname", None) or signal.name
    return str(source).removeprefix("ca://")


def summary_of(device: Device) -> Summary:
    """Its parts by when they are recorded: attribute, name in the data, address, unit, and what is remarkable."""
    sections: dict[str, list[tuple[str, ...]]] = {title: [] for title in _SECTIONS}
    for dotted, signal in device.walk_signals():
        title = _section(device, dotted, signal)
        sections[title].append(_row(dotted, signal, shown=title == _SECTIONS[0] and Kind.hinted in signal.kind))
    rows = [row for section in sections.values() for row in section]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = [f"{device!r}, {_connection(device)}"]
    for title, section in sections.items():
        lines += [f"  {title}"] if section else []
        lines += [f"    {_aligned(row, widths)}" for row in section]
    if waiting := _not_built(device):
        lines += ["  made when first used", f"    {', '.join(waiting)}"]
    return Summary("\n".join(lines))


def _section(device: Device, dotted: str, signal: Any) -> str:
    """When a part is recorded: a device in between may leave it out."""
    path = dotted.split(".")[:-1]
    owners = [device.part(".".join(path[: count + 1])) for count in range(len(path))]
    kinds = [part.kind for part in (*owners, signal)]
    if all(Kind.normal in kind for kind in kinds):
        return _SECTIONS[0]
    return _SECTIONS[1] if all(kinds) and Kind.config in signal.kind else _SECTIONS[2]


def _row(dotted: str, signal: Any, *, shown: bool) -> tuple[str, ...]:
    connected = getattr(signal, "connected", True)
    remarks = ["shown in tables and plots"] if shown else []
    remarks += [] if connected else ["OFFLINE"]
    units = str(getattr(signal, "units", "")) if connected else ""
    return (dotted, signal.name, address_of(signal), units, ", ".join(remarks))


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    *columns, remarks = row
    return "  ".join([*(f"{cell:<{width}}" for cell, width in zip(columns, widths, strict=True)), remarks]).rstrip()


def _connection(device: Device) -> str:
    signals = [signal for _, signal in device.walk_signals()]
    silent = sum(not getattr(signal, "connected", True) for signal in signals)
    return f"{silent} of {len(signals)} NOT CONNECTED" if silent else "connected"


def _not_built(device: Device) -> list[str]:
    """The lazy parts that nobody has used yet."""
    built = {dotted.partition(".")[0] for dotted, _ in device.walk_signals()}
    return [attr for attr in device.lazy_names if attr not in built]
