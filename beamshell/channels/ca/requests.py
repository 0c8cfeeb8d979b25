"""Channel Access requests under way: batches of gets, and the callbacks that hand libca's events to the channels.

It knows no channel's values. The callbacks run on the library's threads: they only store, post and request.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
import weakref
from collections.abc import Callable
from ctypes import string_at
from typing import Protocol, TypeAlias

from beamshell.channels.base import before_waiting
from beamshell.channels.ca import dbr
from beamshell.channels.ca.libca import (
    CONNECTION_UP,
    DISCONNECTED,
    NORMAL,
    ConnectionArgs,
    EventArgs,
    LibCa,
    unpack_event,
)
from beamshell.channels.reconnect import reconnect_probe
from beamshell.channels.updates import end_jobs

_LOOK_AGAIN_S = 0.02  # a reply that is here is taken although others of its batch are late
_MOST_KEPT_STATES = 500  # circuits, so some 10 MB
_INDEX_BITS = 20
_INDEX_MASK = (1 << _INDEX_BITS) - 1

Data: TypeAlias = bytes | bytearray
"""A `dbr_*` structure, not decoded yet."""


class CaListener(Protocol):
    """The methods of a channel that libca's callbacks call, on the library's threads."""

    def on_connected(self, chid: int) -> None:
        """The circuit is open."""

    def on_disconnected(self) -> None:
        """The circuit is gone."""

    def on_properties(self, data: Data | None) -> None:
        """Units, limits and states have come; None if the IOC does not send them."""

    def on_value(self, data: Data) -> None:
        """The value has changed."""

    def on_write_ended(self, status: int) -> None:
        """The action that a put with completion started has ended."""

    def close(self) -> None:
        """The interpreter ends."""

    @property
    def server(self) -> str:
        """Its IOC, as "host:port"; "" before it was found."""

    @property
    def smallest_get(self) -> tuple[int, int] | None:
        """Channel identifier and type of the get that costs its server least; None while it is not connected."""


# The library is given numbers, never pointers to Python objects: a late callback finds nothing instead of garbage.
new_id = itertools.count(1).__next__
channels: dict[int, CaListener] = {}
puts: dict[int, CaListener] = {}
before_close: list[Callable[[], None]] = []
"""Functions that end other users of the library, before it is closed."""
# A batch lives as long as somebody may still collect from it; a get that is never answered is then forgotten.
_batches: dict[int, weakref.ref[Batch]] = {}
_local = threading.local()
_kept_states = 0


class Batch:
    """The gets of one thread since it last collected: sent together, waited for together.

    This runs for each value of each point: for speed, a get is no object, only an index in the batch.
    """

    __slots__ = ("__weakref__", "_all_answered", "_count", "_expected", "_lib", "_number", "answers", "is_sent")

    def __init__(self) -> None:
        self._lib = library()
        self._lib.attach()
        self._number = number = new_id()
        self._count = 0
        self._expected = -1  # no thread waits yet
        self.answers: dict[int, Data | int] = {}
        """By index: the structure, or the status of a failure."""
        self._all_answered = threading.Event()
        self.is_sent = False
        _batches[number] = weakref.ref(self, lambda _: _batches.pop(number, None))

    def ask(self, chid: int, dbr_type: int, count: int) -> int:
        """Add a get; its index."""
        index = self._count
        self._count = index + 1
        lib = self._lib
        status = lib.ca_array_get_callback(dbr_type, count, chid, lib.on_get, self._number << _INDEX_BITS | index)
        if status != NORMAL:
            self.settle(index, status)
        return index

    def send(self) -> None:
        """Send the gets that were added."""
        self._lib.attach()
        self._lib.ca_flush_io()

    def wait_for(self, index: int, timeout: float) -> Data | int | None:
        """The answer, usually with all the others; None if it does not come within `timeout` seconds."""
        if not self.is_sent:
            self.is_sent = True
            self._expected = self._count
            self.send()
        deadline = time.monotonic() + timeout
        while index not in self.answers:
            remaining_s = deadline - time.monotonic()
            if remaining_s <= 0:
                return None
            self._all_answered.wait(min(_LOOK_AGAIN_S, remaining_s))
        return self.answers[index]

    def settle(self, index: int, answer: Data | int) -> None:
        """Note an answer. Library thread."""
        self.answers[index] = answer
        if len(self.answers) == self._expected:
            self._all_answered.set()


def batch() -> Batch:
    """The batch for the calling thread's next get; it is sent when the first of its gets is collected."""
    current: Batch | None = getattr(_local, "batch", None)
    if current is None or current.is_sent or current._count > _INDEX_MASK:
        current = _local.batch = Batch()
    return current


def _send_batch() -> None:
    """Send the gets of the calling thread, which waits for another control system; more may join them."""
    current: Batch | None = getattr(_local, "batch", None)
    if current is not None and not current.is_sent:
        current.send()


before_waiting.append(_send_batch)


# ---- callbacks of the library, on its own threads


def _keep_thread_state() -> None:
    """Keep Python's state of this library thread until the interpreter ends.

    Otherwise ctypes makes one for each callback, with a stack of its own from the operating system, and frees it
    afterwards: that costs more than all the rest of an update. The library does not say when a thread of a lost circuit
    ends, so its state, some 20 KB, is never freed; for this there is a limit, and what comes after it is only slower.
    """
    global _kept_states
    if _kept_states < _MOST_KEPT_STATES and not hasattr(_local, "keeps_state"):
        _kept_states += 1
        _local.keeps_state = True
        ctypes.pythonapi.PyGILState_Ensure()  # with no release, the count of the nested calls never comes to zero


def _on_connection(args: ConnectionArgs) -> None:
    channel = channels.get(library().ca_puser(args.chid))
    if channel is None:  # closed, or created anew, meanwhile
        return
    if args.op == CONNECTION_UP:
        _keep_thread_state()
        channel.on_connected(args.chid)
    else:
        channel.on_disconnected()


def _on_get(args: EventArgs) -> None:
    number, _, dbr_type, count, address, status = unpack_event(args)
    reference = _batches.get(number >> _INDEX_BITS)
    request = None if reference is None else reference()
    if request is None:
        return
    if status != NORMAL:
        request.settle(number & _INDEX_MASK, status)
    elif count == 1:
        request.settle(number & _INDEX_MASK, string_at(address, dbr.SIZES[dbr_type]))  # as _copied, without the call
    else:
        request.settle(number & _INDEX_MASK, _copied(dbr_type, count, address))


def _on_event(args: EventArgs) -> None:
    number, _, dbr_type, count, address, status = unpack_event(args)
    channel = channels.get(number)
    if channel is not None and status == NORMAL:
        channel.on_value(_copied(dbr_type, count, address))


def _on_property(args: EventArgs) -> None:
    number, _, dbr_type, count, address, status = unpack_event(args)
    channel = channels.get(number)
    if channel is not None and status != DISCONNECTED:
        channel.on_properties(_copied(dbr_type, count, address) if status == NORMAL else None)


def _on_put(args: EventArgs) -> None:
    channel = puts.pop(args.usr, None)
    if channel is not None:
        channel.on_write_ended(args.status)


def _copied(dbr_type: int, count: int, address: int) -> Data:
    """A copy of the structure that libca lends for the time of a callback."""
    if count == 1:
        return string_at(address, dbr.SIZES[dbr_type])
    return bytearray((ctypes.c_char * dbr.size_of(dbr_type, count)).from_address(address))


# ---- the library itself


def _close_all() -> None:
    """Stop all calls of the library and all callbacks: the interpreter ends, and the library with it.

    A thread in the middle of a call as pyepics destroys the context would take the whole process down.
    """
    reconnect_probe.stop()
    for stop in before_close:
        stop()
    end_jobs()
    for channel in list(channels.values()):
        channel.close()


_library_lock = threading.RLock()
_loaded: LibCa | None = None


def library() -> LibCa:
    """The library, loaded at its first use."""
    global _loaded
    if _loaded is None:
        with _library_lock:
            if _loaded is None:
                _loaded = LibCa(_on_connection, _on_get, _on_put, _on_event, _on_property)
                _loaded.close_at_exit(_close_all)
    return _loaded
