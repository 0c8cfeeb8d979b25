"""The control systems, one module each; an address says which: "ca://BL:th.RBV". None is loaded before it is used."""

from __future__ import annotations

import importlib
from typing import Any

from beamshell.channels.base import Channel
from beamshell.channels.deferred import postpone
from beamshell.errors import UnknownName

__all__ = ["is_served_by_the_twin", "open_channel", "postpone", "practising", "stand_in"]

_SCHEMES = {
    "ca": ("beamshell.channels.ca.channel", "CaChannel"),
    "pva": ("beamshell.channels.pva", "PvaChannel"),
    "http": ("beamshell.channels.http", "HttpChannel"),
    "https": ("beamshell.channels.http", "HttpsChannel"),
    "serial": ("beamshell.channels.serial", "SerialChannel"),
    "tango": ("beamshell.channels.tango", "TangoChannel"),
    "soft": ("beamshell.channels.soft", "NamedSoftChannel"),
}
_SERVED_BY_THE_TWIN = ("ca", "pva", "soft")

practising = False
"""True in a console on a twin: what the twin's IOC does not serve is held in this process, and nothing real moves."""


def open_channel(address: str, **options: Any) -> Channel:
    """The channel behind `address`; it does not connect yet.

    Args:
        address: "scheme://name", or a bare EPICS name, which is a Channel Access one.
        options: what that control system's backend takes.

    Raises:
        UnknownName: no control system has this scheme; the message lists those there are.
    """
    scheme, separator, name = address.partition("://")
    if not separator:
        scheme, name = "ca", address
    if scheme not in _SCHEMES:
        raise UnknownName(f"{address}: no control system is called {scheme!r}: choose one of {', '.join(_SCHEMES)}")
    if practising and not is_served_by_the_twin(address):
        return stand_in(scheme, name, **options)
    module, class_name = _SCHEMES[scheme]
    backend: Channel = getattr(importlib.import_module(module), class_name)(name, **options)
    return backend


def is_served_by_the_twin(address: str) -> bool:
    """True for what a twin's IOC has, or this process itself."""
    scheme, separator, _ = address.partition("://")
    return not separator or scheme in _SERVED_BY_THE_TWIN


def stand_in(scheme: str, name: str, *, string: bool = False, **options: Any) -> Channel:
    """A channel that holds what is written to it, in the place of one that would be real.

    Args:
        scheme: of the address it stands for.
        name: the rest of the address; channels of one name share their value.
        string: the value is text.
        options: what the real one would have been told; the facts of the value are taken from it.
    """
    from beamshell.channels.soft import NamedSoftChannel

    facts = {key: options[key] for key in ("units", "precision", "limits", "choices") if key in options}
    return NamedSoftChannel(f"{scheme}/{name}", string=string, **facts)
