"""LibCa: EPICS' Channel Access library by ctypes: its functions, its context, and one callback for each kind of event.

It knows no channel. The library and its context are those of pyepics, so that both work side by side. Callbacks run on
the library's threads, where a call that waits would wait for ever.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib.util
import os
import shutil
import socket
import struct
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beamshell.channels.updates import thread_hooks
from beamshell.errors import NotConnected

_REPEATER = "_Z11ca_repeaterv"  # ca_repeater() of caRepeater's own main program, which has no name of C
_REPEATER_PORT = 5065
_REPEATER_STARTS_S = 5.0  # at most, on a machine with no time; usually some milliseconds
_REPEATER_ANSWERS_S = 0.02
_LOOPBACK = "127.0.0.1"
_REGISTER = struct.pack("!HHHHI4s", 24, 0, 0, 0, 0, socket.inet_aton(_LOOPBACK))  # CA_PROTO_REPEATER_REGISTER
NORMAL = 1  # ECA_NORMAL
DISCONNECTED = 192  # ECA_DISCONN
CONNECTED = 2  # cs_conn, of ca_state
CONNECTION_UP = 6  # CA_OP_CONN_UP
EVENT_MASK = 1 | 4  # DBE_VALUE | DBE_ALARM
PROPERTY_MASK = 8  # DBE_PROPERTY


class ConnectionArgs(ctypes.Structure):
    """struct connection_handler_args of cadef.h."""

    _fields_ = [("chid", ctypes.c_void_p), ("op", ctypes.c_long)]


class EventArgs(ctypes.Structure):
    """struct event_handler_args of cadef.h."""

    _fields_ = [
        ("usr", ctypes.c_void_p),
        ("chid", ctypes.c_void_p),
        ("type", ctypes.c_long),
        ("count", ctypes.c_long),
        ("dbr", ctypes.c_void_p),
        ("status", ctypes.c_int),
    ]


unpack_event = struct.Struct("@PPllPi0P").unpack
"""All fields of EventArgs at once: usr, chid, type, count, dbr, status. One by one they cost as much as the rest."""

_ConnectionCallback = ctypes.CFUNCTYPE(None, ConnectionArgs)
_EventCallback = ctypes.CFUNCTYPE(None, EventArgs)

_P, _L, _U, _I = ctypes.c_void_p, ctypes.c_long, ctypes.c_ulong, ctypes.c_int
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "ca_create_channel": (_I, [ctypes.c_char_p, _ConnectionCallback, _P, ctypes.c_uint, ctypes.POINTER(_P)]),
    "ca_clear_channel": (_I, [_P]),
    "ca_puser": (_P, [_P]),
    "ca_field_type": (ctypes.c_short, [_P]),
    "ca_element_count": (_U, [_P]),
    "ca_host_name": (ctypes.c_char_p, [_P]),
    "ca_state": (_I, [_P]),
    "ca_read_access": (ctypes.c_uint, [_P]),
    "ca_write_access": (ctypes.c_uint, [_P]),
    "ca_array_get_callback": (_I, [_L, _U, _P, _EventCallback, _P]),
    "ca_array_put": (_I, [_L, _U, _P, _P]),
    "ca_array_put_callback": (_I, [_L, _U, _P, _P, _EventCallback, _P]),
    "ca_create_subscription": (_I, [_L, _U, _P, _L, _EventCallback, _P, ctypes.POINTER(_P)]),
    "ca_clear_subscription": (_I, [_P]),
    "ca_flush_io": (_I, []),
    "ca_message": (ctypes.c_char_p, [_L]),
    "ca_attach_context": (_I, [_P]),
}


class LibCa:
    """The library, loaded once; its functions are attributes under their own names.

    Args:
        on_connection: called with ConnectionArgs.
        on_get: called with EventArgs, as the two below.
        on_put: the end of a put with completion.
        on_event: a monitored change.
        on_property: a change of units, limits or states.
    """

    def __init__(
        self,
        on_connection: Callable[[ConnectionArgs], None],
        on_get: Callable[[EventArgs], None],
        on_put: Callable[[EventArgs], None],
        on_event: Callable[[EventArgs], None],
        on_property: Callable[[EventArgs], None],
    ) -> None:
        _choose_library()
        from epics import ca

        if ca.libca is None:
            ca.initialize_libca()
        library = ctypes.CDLL(ca.libca._name)  # a second handle: argument types set here do not touch pyepics' own
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        _provide_repeater(library)
        library.eltc(0)  # its messages on lost circuits would appear within a prompt; we report them
        self._context = ca.initial_context
        self._local = threading.local()
        self._closed = False
        # Kept for ever: the library calls them as long as it lives.
        self.on_connection = _ConnectionCallback(on_connection)
        self.on_get = _EventCallback(on_get)
        self.on_put = _EventCallback(on_put)
        self.on_event = _EventCallback(on_event)
        self.on_property = _EventCallback(on_property)
        self.attach()
        thread_hooks.append(self.attach)  # so that subscribers may use pyepics, or our signals, freely

    def __getattr__(self, name: str) -> Any:  # only for what is missing; tells the type checker of the functions
        raise AttributeError(name)

    def attach(self) -> None:
        """Let the calling thread use the library: a thread outside its context would reach nothing."""
        if self._closed:
            raise NotConnected("the console is closing")
        try:
            self._local.attached  # noqa: B018 - quicker than getattr or hasattr
        except AttributeError:
            self.ca_attach_context(self._context)
            self._local.attached = True

    def message(self, status: int) -> str:
        """The text for a status code."""
        raw: bytes = self.ca_message(status)
        return raw.decode(errors="replace")

    def close_at_exit(self, close: Callable[[], None]) -> None:
        """Call `close` before the interpreter ends, and before pyepics destroys the context."""

        def at_exit() -> None:
            self.attach()
            close()
            self._closed = True

        atexit.register(at_exit)


def _provide_repeater(library: Any) -> None:
    """Start a repeater in this process if none runs and no program is there; the library would leave a zombie."""
    serve = getattr(library, _REPEATER, None)
    if serve is None or shutil.which("caRepeater") is not None or not _is_free(port := _repeater_port()):
        return
    repeater = threading.Thread(target=serve, name="beamshell-repeater", daemon=True)
    repeater.start()
    deadline = time.monotonic() + _REPEATER_STARTS_S
    while repeater.is_alive() and not _repeater_answers(port) and time.monotonic() < deadline:
        time.sleep(0.001)


def _repeater_port() -> int:
    word = os.environ.get("EPICS_CA_REPEATER_PORT", "")
    return int(word) if word.isdigit() else _REPEATER_PORT


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _repeater_answers(port: int) -> bool:
    """Whether a repeater confirms a client. To bind the port instead would keep one that begins from taking it.

    It confirms from a port of its own for each client, so a socket that is connected to the repeater's hears nothing.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(_REPEATER_ANSWERS_S)
        try:
            client.sendto(_REGISTER, (_LOOPBACK, port))
            return len(client.recv(len(_REGISTER))) > 0
        except OSError:  # no answer: nobody is there yet
            return False


def _choose_library() -> None:
    """Prefer the library of EPICS base 7: it reads large arrays faster, and does not complain of a missing repeater.

    epicscorelibs.path.pyepics chooses the same, but takes 0.2 s; it warns whoever imports it later, as ophyd does, that
    it comes too late to have an effect.
    """
    warnings.filterwarnings("ignore", "epicscorelibs.path.pyepics must be imported before epics.ca", UserWarning)
    if "PYEPICS_LIBCA" in os.environ:
        return
    spec = importlib.util.find_spec("epicscorelibs")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for name in ("libca.so", "libca.dylib"):
            if (Path(folder) / "lib" / name).exists():
                os.environ["PYEPICS_LIBCA"] = str(Path(folder) / "lib" / name)
                return
