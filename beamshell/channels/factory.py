"""ChannelFactory: makes the channel for an address: a real one, a simulated one, or one without a connection.

It knows the control systems by their schemes ("ca://BL:th.RBV") and imports one only when an address of it is opened.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from beamshell import plugins
from beamshell.channels.base import Channel
from beamshell.channels.soft import NamedSoftChannel, SoftChannel
from beamshell.errors import UnknownName

_SCHEMES = {
    "ca": "beamshell.channels.ca.channel:CaChannel",
    "pva": "beamshell.channels.pva:PvaChannel",
    "http": "beamshell.channels.http:HttpChannel",
    "https": "beamshell.channels.http:HttpsChannel",
    "serial": "beamshell.channels.serial:SerialChannel",
    "tango": "beamshell.channels.tango:TangoChannel",
    "soft": "beamshell.channels.soft:NamedSoftChannel",
}
PLUGIN_GROUP = "beamshell.schemes"
"""The entry points by which another package adds a scheme: its name, and a class of channels."""
_SERVED_BY_AN_IOC = ("ca", "pva")
_SHARED_OPTIONS = ("units", "precision", "limits", "choices")


class ChannelFactory(ABC):
    """Opens the channels of all signals that are made while it is the current one."""

    @abstractmethod
    def open(self, address: str, **options: Any) -> Channel:
        """The channel behind `address`; it does not connect yet.

        Args:
            address: "scheme://name", or a bare EPICS name, which is one of Channel Access.
            options: what the control system's channel takes.

        Raises:
            UnknownName: no control system has this scheme; the message lists those there are.
        """

    def holds(self, address: str) -> bool:  # noqa: ARG002 - for those that simulate
        """True if the value at `address` lives in this process: a written value stays, and no readback follows it."""
        return False


class RealFactory(ChannelFactory):
    """Opens channels to the hardware; it is the default."""

    def open(self, address: str, **options: Any) -> Channel:
        """The channel of the control system that `address` names."""
        scheme, name = _split(address)
        channel: Channel = _channel_class(scheme, address)(name, **options)
        return channel


class SimulatedFactory(ChannelFactory):
    """For a console on a twin: EPICS addresses are the twin's IOC, all others hold their values in this process."""

    def __init__(self) -> None:
        self._ioc = RealFactory()

    def open(self, address: str, *, string: bool = False, **options: Any) -> Channel:
        """A channel of the twin's IOC, or one that holds what is written to it."""
        if not self.holds(address):
            return self._ioc.open(address, string=string, **options)
        scheme, name = _split(address)
        _check_scheme(scheme, address)
        shared = {key: options[key] for key in _SHARED_OPTIONS if key in options}
        return NamedSoftChannel(f"{scheme}/{name}", string=string, **shared)

    def holds(self, address: str) -> bool:
        """True for what the twin's IOC does not serve."""
        return _split(address)[0] not in (*_SERVED_BY_AN_IOC, "soft")


class UnconnectedFactory(ChannelFactory):
    """Opens channels without a connection: devices are built only to learn their addresses."""

    def open(self, address: str, **options: Any) -> Channel:  # noqa: ARG002 - there is no control system to take them
        """A channel that holds a number of its own."""
        return SoftChannel("{}://{}".format(*_split(address)), 0.0)


def _split(address: str) -> tuple[str, str]:
    """Scheme and name of an address: ("ca", "BL:th.RBV") for "ca://BL:th.RBV" and for "BL:th.RBV"."""
    scheme, separator, name = address.partition("://")
    return (scheme, name) if separator else ("ca", address)


def epics_name(address: str) -> str:
    """The PV behind an address; "" for one of another control system than EPICS."""
    scheme, name = _split(address)
    return name if scheme in _SERVED_BY_AN_IOC else ""  # an IOC serves its records over both


def _check_scheme(scheme: str, address: str) -> None:
    """Return if some control system has this scheme.

    Raises:
        UnknownName: none has; the message lists the schemes there are.
    """
    if scheme not in _SCHEMES and scheme not in (added := plugins.entry_points_of(PLUGIN_GROUP)):
        schemes = ", ".join((*_SCHEMES, *added))
        raise UnknownName(f"{address}: no control system is called {scheme!r}: choose one of {schemes}")


def _channel_class(scheme: str, address: str) -> Any:
    if scheme in _SCHEMES:
        return _own_class(scheme)
    _check_scheme(scheme, address)
    return plugins.load(plugins.entry_points_of(PLUGIN_GROUP)[scheme])


@cache
def _own_class(scheme: str) -> Any:
    module, _, class_name = _SCHEMES[scheme].partition(":")
    return getattr(importlib.import_module(module), class_name)


# ---- the current factory

_default: ChannelFactory = RealFactory()
_current: ContextVar[ChannelFactory | None] = ContextVar("channel_factory", default=None)


def current_factory() -> ChannelFactory:
    """The factory of the innermost `channel_factory` block in this thread, or the process's default."""
    return _current.get() or _default


@contextmanager
def channel_factory(factory: ChannelFactory) -> Iterator[None]:
    """A block in which signals of this thread get their channels from `factory`."""
    token = _current.set(factory)
    try:
        yield
    finally:
        _current.reset(token)


def set_default_factory(factory: ChannelFactory) -> None:
    """Make `factory` the one of this process, outside `channel_factory` blocks."""
    global _default
    _default = factory


def open_channel(address: str, **options: Any) -> Channel:
    """The channel behind `address`, from the current factory; see ChannelFactory.open."""
    return current_factory().open(address, **options)
