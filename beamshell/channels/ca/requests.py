"""Channel Access requests under way: gets in batches, and libca's callbacks handed to the channels they are for.

It knows no channel's values. The callbacks run on the library's threads: they only store, post and ask.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
import weakref
from ctypes import string_at
from typing import Protocol, TypeAlias

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
_INDEX_BITS = 20
_INDEX_MASK = (1 << _INDEX_BITS) - 1

Data: TypeAlias = bytes | bytearray
"""A `dbr_*` structure, not decoded yet."""


class CaListener(Protocol):
    """What libca's callbacks are handed to, on the library's threads."""

    def went_up(self, chid: int) -> None:
        """Its circuit is there."""

    def went_down(self) -> None:
        """Its circuit is gone."""

    def learned(self, data: Data | None) -> None:
        """Its units, limits and states; None if the IOC does not say."""

    def changed(self, data: Data) -> None:
        """Its value has changed."""

    def write_ended(self, status: int) -> None:
        """What its put with completion started has ended."""

    def close(self) -> None:
        """The interpreter ends."""


# The library is given numbers, never pointers to Python objects: a late callback finds nothing instead of garbage.
new_id = itertools.count(1).__next__
channels: dict[int, CaListener] = {}
puts: dict[int, CaListener] = {}
# A batch lives as long as somebody may still collect from it; a get that is never answered is then forgotten.
_batches: dict[int, weakref.ref[Batch]] = {}
_local = threading.local()


class Batch:
    """Gets that one thread issued since it last collected: sent together, waited for together.

    All this is done for each value of each point: for speed, a single get is no object, only an index in the batch.
    """

    __slots__ = ("__weakref__", "_answered", "_count", "_expected", "_lib", "_number", "answers", "sent")

    def __init__(self) -> None:
        self._lib = library()
        self._lib.attach()
        self._number = number = new_id()
        self._count = 0
        self._expected = -1  # nobody waits yet
        self.answers: dict[int, Data | int] = {}
        """By index: the structure, or the status of a failure."""
        self._answered = threading.Event()
        self.sent = False
        _batches[number] = weakref.ref(self, lambda _: _batches.pop(number, None))

    def ask(self, chid: int, dbr_type: int, count: int) -> int:
        """The index of one more get."""
        index = self._count
        self._count = index + 1
        lib = self._lib
        status = lib.ca_array_get_callback(dbr_type, count, chid, lib.on_get, self._number << _INDEX_BITS | index)
        if status != NORMAL:
            self.settle(index, status)
        return index

    def wait_for(self, index: int, timeout: float) -> Data | int | None:
        """The answer, usually with all the others; None if it does not come within `timeout` seconds."""
        if not self.sent:
            self.sent = True
            self._expected = self._count
            self._lib.attach()
            self._lib.ca_flush_io()
        deadline = time.monotonic() + timeout
        while index not in self.answers:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._answered.wait(min(_LOOK_AGAIN_S, left))
        return self.answers[index]

    def settle(self, index: int, answer: Data | int) -> None:
        """Note an answer. Library thread."""
        self.answers[index] = answer
        if len(self.answers) == self._expected:
            self._answered.set()


def batch() -> Batch:
    """Where the calling thread's next get belongs; it is sent when the first of them is collected."""
    current: Batch | None = getattr(_local, "batch", None)
    if current is None or current.sent or current._count > _INDEX_MASK:
        current = _local.batch = Batch()
    return current


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
        channel.changed(_copied(dbr_type, count, address))


def _on_property(args: EventArgs) -> None:
    number, _, dbr_type, count, address, status = unpack_event(args)
    channel = channels.get(number)
    if channel is not None and status != DISCONNECTED:
        channel.learned(_copied(dbr_type, count, address) if status == NORMAL else None)


def _on_put(args: EventArgs) -> None:
    channel = puts.pop(args.usr, None)
    if channel is not None:
        channel.write_ended(args.status)


def _copied(dbr_type: int, count: int, address: int) -> Data:
    """The structure that the library shows for the length of this call."""
    if count == 1:
        return string_at(address, dbr.SIZES[dbr_type])
    return bytearray((ctypes.c_char * dbr.size_of(dbr_type, count)).from_address(address))


# ---- the library itself


def _close_all() -> None:
    """Stop all calls of the library and all callbacks: the interpreter ends, and the library with it.

    A thread in the middle of a call as pyepics destroys the context would take the whole process down.
    """
    reconnect_probe.stop()
    end_jobs()
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
                _loaded = LibCa(_on_connection, _on_get, _on_put, _on_event, _on_property)
                _loaded.close_at_exit(_close_all)
    return _loaded
