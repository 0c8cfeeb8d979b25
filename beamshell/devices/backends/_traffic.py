"""What travels between Channel Access' library and our channels: requests on their way, answers, news of circuits.

It knows no channel's values. The functions at the end run on the library's threads: they only store, post and ask.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from beamshell.devices.backends import _dbr
from beamshell.devices.backends._libca import CONNECTION_UP, NORMAL, ConnectionArgs, EventArgs, LibCa
from beamshell.devices.updates import completions, updates

_LOOK_AGAIN_S = 0.02  # a reply that is here is taken although others of its batch are late

Raw: TypeAlias = tuple[int, bytes | bytearray]
"""A `dbr_*` type and its structure, not decoded yet."""


class Channel(Protocol):
    """What the library's news are told to, on the library's threads."""

    def went_up(self, chid: int) -> None:
        """Its circuit is there."""

    def went_down(self) -> None:
        """Its circuit is gone."""

    def changed(self, raw: Raw) -> None:
        """Its value has changed."""

    def write_ended(self, status: int) -> None:
        """What its put with completion set off has ended."""

    def close(self) -> None:
        """The interpreter ends."""


# The library is given numbers, never pointers to Python objects: a late callback finds nothing instead of garbage.
new_id = itertools.count(1).__next__
channels: dict[int, Channel] = {}
puts: dict[int, Channel] = {}
_requests: dict[int, Request] = {}
_local = threading.local()


class Request:
    """One get under way, and then its raw answer."""

    __slots__ = ("batch", "done", "on_answer", "raw", "status")

    def __init__(self, batch: _Batch | None, on_answer: Callable[[Request], None] | None = None) -> None:
        self.batch = batch
        self.on_answer = on_answer
        self.raw: Raw = (0, b"")
        self.status = 0
        self.done = False

    def wait(self, timeout: float) -> bool:
        """True once it is answered, which is usually once all that were asked with it are."""
        return self.batch is not None and self.batch.wait_for(self, timeout)


class _Batch:
    """Requests that one thread issued since it last collected: sent together, waited for together."""

    __slots__ = ("answered", "pending", "sent")

    def __init__(self) -> None:
        self.pending: set[int] = set()
        self.answered = threading.Event()
        self.sent = False

    def wait_for(self, request: Request, timeout: float) -> bool:
        """True once `request` is answered; False after `timeout` seconds."""
        if not self.sent:
            self.sent = True
            lib = library()
            lib.attach()
            lib.ca_flush_io()
        deadline = time.monotonic() + timeout
        while not request.done:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.answered.wait(min(_LOOK_AGAIN_S, left))
        return True

    def settle(self, request_id: int) -> None:
        """Note an answer. Library thread."""
        self.pending.discard(request_id)
        if self.sent and not self.pending:
            self.answered.set()


def ask(chid: int, dbr_type: int, count: int) -> Request:
    """A get that joins the calling thread's batch; it is sent when the first of them is waited for."""
    lib = library()
    lib.attach()
    batch: _Batch | None = getattr(_local, "batch", None)
    if batch is None or batch.sent:
        batch = _local.batch = _Batch()
    request = Request(batch)
    request_id = new_id()
    batch.pending.add(request_id)
    _issue(lib, request, request_id, chid, dbr_type, count)
    return request


def ask_at_once(chid: int, dbr_type: int, on_answer: Callable[[Request], None]) -> None:
    """A get of one value on its way; `on_answer(request)` is called on a library thread."""
    lib = library()
    _issue(lib, Request(None, on_answer), new_id(), chid, dbr_type, 1)
    lib.ca_flush_io()


def _issue(lib: LibCa, request: Request, request_id: int, chid: int, dbr_type: int, count: int) -> None:
    _requests[request_id] = request
    status = lib.ca_array_get_callback(dbr_type, count, chid, lib.on_get, request_id)
    if status != NORMAL:
        _answer(request_id, status, (0, b""))


def _answer(request_id: int, status: int, raw: Raw) -> None:
    request = _requests.pop(request_id, None)
    if request is None:
        return
    request.status, request.raw = status, raw
    request.done = True
    if request.batch is not None:
        request.batch.settle(request_id)
    if request.on_answer is not None:
        request.on_answer(request)


# ---- what the library calls, on its own threads


def _on_connection(args: ConnectionArgs) -> None:
    channel = channels.get(library().ca_puser(args.chid))
    if channel is None:  # closed, or created anew, meanwhile
        return
    if args.op == CONNECTION_UP:
        channel.went_up(args.chid)
    else:
        channel.went_down()


def _on_get(args: EventArgs) -> None:
    status = args.status
    _answer(args.usr, status, _copied(args) if status == NORMAL else (0, b""))


def _on_event(args: EventArgs) -> None:
    channel = channels.get(args.usr)
    if channel is not None and args.status == NORMAL:
        channel.changed(_copied(args))


def _on_put(args: EventArgs) -> None:
    channel = puts.pop(args.usr, None)
    if channel is not None:
        channel.write_ended(args.status)


def _copied(args: EventArgs) -> Raw:
    """The structure that the library shows for the length of this call, with its type."""
    dbr_type, count = args.type, args.count
    size = _dbr.size_of(dbr_type, count)
    if count == 1:
        return dbr_type, ctypes.string_at(args.dbr, size)
    return dbr_type, bytearray((ctypes.c_char * size).from_address(args.dbr))


# ---- the library itself


def _close_all() -> None:
    """Nobody is told any more: the interpreter is ending, and subscribers with it."""
    updates.stop()
    completions.stop()
    for channel in list(channels.values()):
        channel.close()


_library_lock = threading.RLock()
_loaded: LibCa | None = None


def library() -> LibCa:
    """The library, loaded by whoever needs it first."""
    global _loaded
    if _loaded is None:
        with _library_lock:
            if _loaded is None:
                _loaded = LibCa(_on_connection, _on_get, _on_put, _on_event)
                _loaded.close_at_exit(_close_all)
    return _loaded
