"""The control systems, one module each; an address says which: "ca://BL:th.RBV". None is loaded before it is used."""

from __future__ import annotations

import importlib
from typing import Any

from beamshell.devices.backend import Backend
from beamshell.errors import UnknownName

_SCHEMES = {
    "ca": ("beamshell.devices.backends.ca", "CaBackend"),
    "pva": ("beamshell.devices.backends.pva", "PvaBackend"),
    "http": ("beamshell.devices.backends.http", "HttpBackend"),
    "https": ("beamshell.devices.backends.http", "HttpsBackend"),
    "serial": ("beamshell.devices.backends.serial", "SerialBackend"),
    "tango": ("beamshell.devices.backends.tango", "TangoBackend"),
}


def open_channel(address: str, **options: Any) -> Backend:
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
    module, class_name = _SCHEMES[scheme]
    backend: Backend = getattr(importlib.import_module(module), class_name)(name, **options)
    return backend
