"""CaChannel: a channel of EPICS Channel Access, on the C library libca.

It knows no signal. The methods that the library's threads call only store, post and request; they never wait.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from beamshell.channels.base import Collect, OnChange, OnDone, Silence, newest_silence
from beamshell.channels.ca import dbr, requests
from beamshell.channels.ca.circuits import circuit_watch
from beamshell.channels.ca.libca import CONNECTED, DISCONNECTED, EVENT_MASK, NORMAL, PROPERTY_MASK, LibCa
from beamshell.channels.ca.requests import Batch, Data, library
from beamshell.channels.deferred import searches
from beamshell.channels.reconnect import reconnect_probe
from beamshell.channels.remote import STATE_DEPTH, RemoteChannel
from beamshell.channels.updates import LatestValue, completions
from beamshell.channels.value_info import ValueInfo, with_info
from beamshell.errors import BadValue, DeviceError, NotConnected, ReadFailed, ReadTimeout, WriteCut, WriteFailed
from beamshell.protocols import DataKey, Reading

_PRIORITY = 0

Decoder: TypeAlias = Callable[[Data], Reading]
_decoding = threading.Lock()


class Update:
    """A monitored change as it came. It is decoded once, when somebody asks for its reading."""

    __slots__ = ("_data", "_decode", "_reading")

    def __init__(self, decode: Decoder, data: Data) -> None:
        self._decode = decode
        self._data: Data | None = data
        self._reading: Reading | None = None

    @property
    def reading(self) -> Reading:
        """The reading, one object for everybody. Any thread, except the library's."""
        with _decoding:
            if self._reading is None:
                assert self._data is not None
                self._reading, self._data = self._decode(self._data), None
            return self._reading


class CaChannel(RemoteChannel):
    """One channel.

    Args:
        name: the PV, such as "BL:th.RBV".
        options: those of every channel: string, allow_nan, and array_dtype: "uint16" for an array that is known to hold
            unsigned 16-bit numbers, which Channel Access would otherwise send in twice the bytes.
    """

    sends_changes = True
    remedy = "check its spelling, that its IOC runs, and EPICS_CA_ADDR_LIST"
    lost = "is its IOC running?"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__("ca", name, **options)
        self._id = 0
        self._chid: int | None = None
        self.server = ""
        self._type = dbr.DOUBLE
        self._count = 1
        self._length: int | None = None
        self._wire = (0, 0)
        self._decoder: Decoder = dbr.scalar_decoder(dbr.DOUBLE)
        self._subscription: ctypes.c_void_p | None = None
        self._properties: ctypes.c_void_p | None = None
        self._property_type = 0
        self._subscribed_as = (0, 0)
        self._newest: Update | None = None
        self._current: Update | None = None  # the newest one of this connection
        self._writing: list[OnDone] = []
        self._writing_id = 0

    # ---- connection

    def connect(self) -> None:
        """Have the library search for it, when the console's own IOC answers; returns at once."""
        if self._id or not self._search_has_begun:
            return
        library()  # now: what is registered with atexit after it must be done before it ends
        self._search_has_begun = False
        searches.run(self._begin_first_search)

    def _begin_first_search(self) -> None:
        self._begin_search()
        self._create()
        reconnect_probe.add(self)

    def reconnect(self) -> None:
        """Search anew for a lost channel; the library itself would wait for seconds."""
        with self._lock:
            if self._connected or not self._id:
                return
            chid = self._detach()
        if chid is not None:
            library().attach()
            library().ca_clear_channel(chid)
        self._create()

    def renew(self) -> None:
        """Close the channel and search anew, whether it answers or not."""
        if self._id:
            self._mark_down()
            self.reconnect()
            reconnect_probe.add(self)

    @property
    def _connects_within_s(self) -> float:
        return reconnect_probe.connects_within_s

    def _create(self) -> None:
        lib = library()
        lib.attach()
        identity = self._id = requests.new_id()
        requests.channels[identity] = self
        chid = ctypes.c_void_p()
        status = lib.ca_create_channel(self.name.encode(), lib.on_connection, identity, _PRIORITY, ctypes.byref(chid))
        if status != NORMAL:
            raise NotConnected(f"{self.name}: {lib.message(status)}")
        self._chid = chid.value
        lib.ca_flush_io()

    def _detach(self) -> int | None:
        """Forget the library's channel; returns its id, to be closed. The lock is held."""
        requests.channels.pop(self._id, None)
        chid, self._chid, self._id = self._chid, None, 0
        self._subscription = self._properties = None  # they go with it
        return chid

    def close(self) -> None:
        """Close the channel; reads and writes under way fail."""
        searches.drop(self._begin_first_search)
        reconnect_probe.forget(self)
        with self._lock:
            chid = self._detach()
        self._mark_down()
        if chid is not None:
            lib = library()
            lib.attach()
            lib.ca_clear_channel(chid)
            lib.ca_flush_io()

    def on_connected(self, chid: int) -> None:
        """The PV was found: request type, units and limits. Library thread."""
        lib = library()
        with self._lock:
            if lib.ca_puser(chid) != self._id:  # created anew meanwhile
                return
            self._chid = chid
            self.server = lib.ca_host_name(chid).decode(errors="replace")
            self._set_type(lib.ca_field_type(chid), int(lib.ca_element_count(chid)))
            if self._type != dbr.STRING:
                self._follow_properties(lib)
                return
        self.on_properties(None)

    def _set_type(self, plain_type: int, count: int) -> None:
        """Set the type of the requests, and the decoder of their answers."""
        self._type, self._count, self._length = plain_type, count, None
        if count == 1:
            self._wire = (plain_type + dbr.TIME, 1)
            number = dbr.scalar_decoder(plain_type)
            as_state_name = self._string and plain_type == dbr.ENUM
            self._decoder = partial(self._decode_state, number) if as_state_name else number
        else:
            if self._array_dtype is not None and np.dtype(self._array_dtype).itemsize == 2:
                plain_type = dbr.SHORT  # half of what the channel's own type would send
            self._wire = (plain_type + dbr.TIME, 0)  # 0: as many as there are now
            self._decoder = partial(self._decode_array, plain_type)

    def _follow_properties(self, lib: LibCa) -> None:
        """Ask for units, limits and states, now and at each change. The lock is held."""
        if self._properties is not None:
            if self._property_type == self._type:
                return  # the library renews it with the connection
            lib.ca_clear_subscription(self._properties)
        self._property_type = self._type
        self._properties = ctypes.c_void_p()
        subscription = ctypes.byref(self._properties)
        lib.ca_create_subscription(
            self._type + dbr.CONTROL, 1, self._chid, PROPERTY_MASK, lib.on_property, self._id, subscription
        )
        lib.ca_flush_io()

    def on_disconnected(self) -> None:
        """The circuit is gone: search for the PV again. Library thread."""
        self._mark_down()
        reconnect_probe.add(self)

    def on_properties(self, data: Data | None) -> None:
        """Store units and limits; without them (no read access) the channel can still be used. Library thread."""
        with self._lock:
            info = ValueInfo() if data is None else dbr.decode_control(self._type, data)
            if self._connected:
                self._info = info
                return
            self._mark_up(info, None)
            if self._on_change is not None:
                self._start_subscription()

    def _mark_down(self, problem: str = "") -> bool:
        """Mark the circuit as gone; reads and writes under way fail. Any thread."""
        was = super()._mark_down(problem)
        self._current = None
        self.on_write_ended(DISCONNECTED)
        return was

    # ---- silence

    def silence(self, ask_s: float = 0.0) -> Silence | None:
        """The last time in which it was not connected, or in which its server did not answer on the circuit."""
        if ask_s:
            circuit_watch.ask(self.server, ask_s)
        silences = (self._silence, circuit_watch.last_silence(self.server))
        return newest_silence(silence for silence in silences if silence is not None)

    @property
    def smallest_get(self) -> tuple[int, int] | None:
        """Channel identifier and type of the get that costs its server least; None while it is not connected."""
        chid = self._chid
        return None if chid is None or not self._connected else (chid, self._type + dbr.TIME)

    # ---- reading

    def begin_get(self) -> Collect:
        """Request the value without waiting; the requests of one thread before it collects are sent together."""
        chid = self._chid
        if chid is None or not self._connected:
            return self._cannot_collect
        batch = requests.batch()
        dbr_type, count = self._wire
        return partial(_collect, self, self._decoder, batch, batch.ask(chid, dbr_type, count))

    def failure(self, status: int) -> DeviceError:
        """The exception for a get that ended with this status."""
        if status == DISCONNECTED or not self._connected:
            return NotConnected(self._why_not())
        return ReadFailed(f"{self.name}: {library().message(status)}")

    def _decode_state(self, number: Decoder, data: Data) -> Reading:
        """The state by name; its number if it has none."""
        reading, choices = number(data), self._info.choices
        index = reading["value"]
        reading["value"] = choices[index] if index < len(choices) else str(index)
        return reading

    def _decode_array(self, plain_type: int, data: Data) -> Reading:
        reading = dbr.decode_array(plain_type, data)
        if self._string and plain_type == dbr.CHAR:
            reading["value"] = dbr.text(reading["value"].tobytes())
            return reading
        if self._array_dtype is not None:
            reading["value"] = reading["value"].view(self._array_dtype)
        self._length = len(reading["value"])
        return reading

    # ---- watching

    @property
    def current(self) -> Reading | None:
        """The last value that the IOC has sent on this connection, also before the subscriber was given it."""
        current = self._current
        return None if current is None or not self._connected else current.reading

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change(reading)` in an updates worker, now and at each change; also after a reconnection."""
        with self._lock:
            self._on_change = on_change
            if self._connected:
                library().attach()
                self._start_subscription()

    def unsubscribe(self) -> None:
        """Stop calling."""
        with self._lock:
            self._on_change = self._changes = None
            self._newest = self._current = None
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            lib = library()
            lib.attach()
            lib.ca_clear_subscription(subscription)
            lib.ca_flush_io()

    def _start_subscription(self) -> None:
        """Subscribe to changes, unless that is done already. The lock is held."""
        wire = self._wire
        if self._subscription is not None:
            if self._subscribed_as == wire:
                return  # the library renews it with the connection
            library().ca_clear_subscription(self._subscription)
        whole_number = self._count == 1 and self._type not in (dbr.FLOAT, dbr.DOUBLE)
        is_state = whole_number or self.every_change
        self._changes = LatestValue(self._deliver, depth=STATE_DEPTH if is_state else 1)
        self._subscribed_as = wire
        self._subscription = ctypes.c_void_p()
        lib = library()
        lib.ca_create_subscription(
            *wire, self._chid, EVENT_MASK, lib.on_event, self._id, ctypes.byref(self._subscription)
        )
        lib.ca_flush_io()

    def on_value(self, data: Data) -> None:
        """Keep a new value, and have it delivered if the subscriber is to be called. Library thread."""
        changes = self._changes
        if changes is not None:
            self._newest = self._current = update = Update(self._decoder, data)
            if not self.only_latest:
                changes.offer(update)

    @property
    def latest(self) -> Reading | None:
        """The newest value that the IOC has sent."""
        newest = self._newest
        return None if newest is None else newest.reading

    def _deliver(self, update: Update | None) -> None:
        """Call the subscriber; None stands for the newest value once more. Updates worker."""
        on_change, changes = self._on_change, self._changes
        if update is None:
            # Values that came meanwhile follow, and the newest must not go before them.
            update = None if changes is None or changes.has_waiting else self._newest
        if on_change is not None and update is not None:
            on_change(update.reading)

    # ---- writing

    @property
    def keeps_order_with(self) -> str:
        """Its IOC: all channels of it share a circuit."""
        return self.server

    def check(self, value: Any) -> Any:
        """`value` as it will be written; the index for the name of a state."""
        try:
            return dbr.check(value, self._type, self._count, self._info.choices, self._string, self._allow_nan)
        except BadValue as exc:
            raise BadValue(f"{self.name}: {exc}") from exc

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Write `value` and return at once; see Channel.put."""
        chid = self._chid
        if chid is None or not self._connected:
            raise NotConnected(self._why_not())
        lib = library()
        lib.attach()
        if not lib.ca_write_access(chid):
            if lib.ca_state(chid) != CONNECTED:  # the circuit is gone, and the library is about to say so
                raise NotConnected(self._lost_now)
            raise WriteFailed(f"{self.name}: its IOC gives this computer no write access")
        count, data = dbr.encode(value, self._type)
        if on_done is None:
            status = lib.ca_array_put(self._type, count, chid, data)
        else:
            status = self._put_with_completion(lib, chid, count, data, on_done)
        lib.ca_flush_io()
        if status == DISCONNECTED:  # as above
            raise NotConnected(self._lost_now)
        if status != NORMAL:
            raise WriteFailed(f"{self.name}: {lib.message(status)}")

    @property
    def _lost_now(self) -> str:
        return f"{self.name} has lost its connection at this moment"

    def _put_with_completion(self, lib: LibCa, chid: int, count: int, data: bytes, on_done: OnDone) -> int:
        """A second put-callback while one is outstanding would block the whole circuit: then the put is plain.

        The IOC completes the outstanding one when all is quiet again, which is when the later value is reached.
        """
        with self._lock:
            self._writing.append(on_done)
            if len(self._writing) > 1:
                return int(lib.ca_array_put(self._type, count, chid, data))
            self._writing_id = requests.new_id()
            requests.puts[self._writing_id] = self
            circuit_watch.watch_writes()
            status = int(lib.ca_array_put_callback(self._type, count, chid, data, lib.on_put, self._writing_id))
            if status != NORMAL:
                requests.puts.pop(self._writing_id, None)
                self._writing = []
            return status

    def on_write_ended(self, status: int) -> None:
        """The put with completion has ended. Any thread."""
        if status == NORMAL:
            self._end_writing(None)
        elif status == DISCONNECTED:
            self._end_writing(WriteCut(f"{self.name} lost its connection before the write had ended"))
        else:
            self._end_writing(WriteFailed(f"{self.name}: {library().message(status)}"))

    def _end_writing(self, failure: BaseException | None) -> None:
        """Call the callbacks of the writes under way. Any thread."""
        with self._lock:
            waiting, self._writing = self._writing, []
            requests.puts.pop(self._writing_id, None)
        for on_done in waiting:
            completions.post(partial(on_done, failure))

    # ---- what it is

    def describe(self) -> DataKey:
        """Type, shape, units and limits of the value; asks the IOC for the length of an array that was never read."""
        dtype, dtype_numpy = dbr.kind_of(self._type, self._count)
        shape: list[int] = []
        if self._string:
            dtype, dtype_numpy = "string", "<U40"
        elif dtype == "array":
            if self._length is None and self.latest is not None:
                self._length = np.size(self.latest["value"])
            elif self._length is None:
                self.get(5.0)
            shape = [self._length or 0]
            dtype_numpy = np.dtype(self._array_dtype).str if self._array_dtype else dtype_numpy
        key: DataKey = {"source": self.source, "dtype": dtype, "shape": shape, "dtype_numpy": dtype_numpy}
        return with_info(key, self._info)


# Not a method, as `partial` of a bound one makes one more object for each value of each point.
def _collect(channel: CaChannel, decode: Decoder, batch: Batch, index: int, timeout: float) -> Reading:
    answer = batch.answers.get(index)
    if answer is None:  # only for the first of a batch: the others are there with it
        answer = batch.wait_for(index, timeout)
    if answer is None:
        circuit_watch.note_unanswered(channel.server, time.monotonic() - timeout)
        raise ReadTimeout(f"{channel.name} did not answer within {timeout:g} s: is its IOC busy or frozen?")
    if isinstance(answer, int):
        raise channel.failure(answer)
    return decode(answer)
