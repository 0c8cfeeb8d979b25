"""Stubs that write documents: runs, events, streams.

They know neither motion nor flight.
"""

from __future__ import annotations

from typing import Any

from beamshell.messages import Msg, Plan


def open_run(md: dict[str, Any] | None = None) -> Plan:
    """Begin a run; its uid."""
    return (yield Msg("open_run", None, **(md or {})))


def close_run(exit_status: str | None = None, reason: str | None = None) -> Plan:
    """End a run; its uid."""
    return (yield Msg("close_run", None, exit_status=exit_status, reason=reason))


def create(name: str = "primary") -> Plan:
    """Begin an event of stream `name`."""
    return (yield Msg("create", None, name=name))


def save() -> Plan:
    """Emit the event that was begun."""
    return (yield Msg("save"))


def drop() -> Plan:
    """Throw the event away that was begun."""
    return (yield Msg("drop"))


def declare_stream(*devices: Any, name: str, collect: bool = False) -> Plan:
    """Say ahead what the events of a stream will hold."""
    return (yield Msg("declare_stream", None, *devices, name=name, collect=collect))


def monitor(device: Any, *, name: str | None = None, **kwargs: Any) -> Plan:
    """Record each change of a device, in a stream of its own."""
    return (yield Msg("monitor", device, name=name, **kwargs))


def unmonitor(device: Any) -> Plan:
    """Record a device's changes no more."""
    return (yield Msg("unmonitor", device))
