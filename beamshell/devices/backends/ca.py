"""Channel Access: one channel of EPICS behind the door that all signals use.

It knows no signal. What the library's threads call here only stores, posts and asks; it never waits.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from beamshell.devices.backend import Backend, Collect, OnChange, OnConnection, OnDone, since
from beamshell.devices.backends import _dbr, _traffic
from beamshell.devices.backends._libca import DISCONNECTED, EVENT_MASK, NORMAL, PROPERTY_MASK, LibCa
from beamshell.devices.backends._revival import revival
from beamshell.devices.backends._traffic import Batch, Data, library
from beamshell.devices.updates import Cell, completions
from beamshell.errors import BadValue, DeviceError, NotConnected, ReadFailed, WriteFailed
from beamshell.protocols import DataKey, Reading

_PRIORITY = 0
_STATE_DEPTH = 16  # short changes of whole numbers (states, DMOV) are delivered even if the subscriber is briefly busy


Decoder: TypeAlias = Callable[[Data], Reading]


class CaBackend(Backend):
    """One channel.

    Args:
        name: the PV, such as "BL:th.RBV".
        string: the value is text: the name of a state, or characters.
        array_dtype: "uint16" for an array that is known to hold unsigned 16-bit numbers, which Channel Access would
            otherwise send in twice the bytes.
        allow_nan: let NaN and infinities be written.
    """

    def __init__(
        self, name: str, *, string: bool = False, array_dtype: str | None = None, allow_nan: bool = False
    ) -> None:
        self.name = name
        self.source = f"ca://{name}"
        self._string = string
        self._array_dtype = array_dtype
        self._allow_nan = allow_nan
        self._lock = threading.RLock()
        self._id = 0
        self._chid: int | None = None
        self._connected = False
        self._was_connected = False
        self.server = ""
        self._since = time.time()
        self._ready = threading.Event()
        self._on_connection: Cell[bool] | None = None
        self._type = _dbr.DOUBLE
        self._count = 1
        self._length: int | None = None
        self._wire = (0, 0)
        self._decode: Decoder = _dbr.scalar_decoder(_dbr.DOUBLE)
        self._control = _dbr.Control()
        self._on_change: OnChange | None = None
        self._cell: Cell[tuple[Decoder, Data] | None] | None = None
        self._latest: Reading | None = None
        self._subscription: ctypes.c_void_p | None = None
        self._properties: ctypes.c_void_p | None = None
        self._property_type = 0
        self._subscribed_as = (0, 0)
        self._writing: list[OnDone] = []
        self._writing_id = 0

    # ---- connection

    def connect(self) -> None:
        """Have the library search for it; returns at once."""
        if not self._id:
            self._create()
            revival.add(self)

    def reconnect(self) -> None:
        """Search anew for a channel that was lost: the library itself would hold off for seconds."""
        with self._lock:
            if self._connected or not self._id:
                return
            chid = self._detach()
        if chid is not None:
            library().attach()
            library().ca_clear_channel(chid)
        self._create()

    def renew(self) -> None:
        """Give the channel back and search anew, whether it answers or not."""
        if self._id:
            self._mark_down()
            self.reconnect()
            revival.add(self)

    def _create(self) -> None:
        lib = library()
        lib.attach()
        identity = self._id = _traffic.new_id()
        _traffic.channels[identity] = self
        chid = ctypes.c_void_p()
        status = lib.ca_create_channel(self.name.encode(), lib.on_connection, identity, _PRIORITY, ctypes.byref(chid))
        if status != NORMAL:
            raise NotConnected(f"{self.name}: {lib.message(status)}")
        self._chid = chid.value
        lib.ca_flush_io()

    def _detach(self) -> int | None:
        """The library's channel, which from now on means nothing to us. The lock is held."""
        _traffic.channels.pop(self._id, None)
        chid, self._chid, self._id = self._chid, None, 0
        self._subscription = self._properties = None  # they go with it
        return chid

    @property
    def connected(self) -> bool:
        """True while the channel answers and its type, units and limits are known."""
        return self._connected

    @property
    def disconnected_since(self) -> float | None:
        """Since when it does not answer, in seconds since 1970; None while it does."""
        return None if self._connected else self._since

    def wait_connected(self, timeout: float) -> None:
        """Return once connected; NotConnected says since when it is not, and what to check."""
        if not self._connected and not self._ready.wait(timeout):
            raise NotConnected(self._why_not())

    def _why_not(self) -> str:
        if self._was_connected:
            return f"{self.name} lost its connection at {since(self._since)}: is its IOC running?"
        return (
            f"{self.name} has not answered since {since(self._since)}: "
            "check its spelling, that its IOC runs, and EPICS_CA_ADDR_LIST"
        )

    def on_connection(self, callback: OnConnection) -> None:
        """Call `callback(connected)` at each change, in an updates worker."""
        self._on_connection = Cell(callback, depth=_STATE_DEPTH)

    def close(self) -> None:
        """Give the channel back; whatever is under way fails."""
        revival.forget(self)
        with self._lock:
            chid = self._detach()
        self._mark_down()
        if chid is not None:
            lib = library()
            lib.attach()
            lib.ca_clear_channel(chid)
            lib.ca_flush_io()

    def went_up(self, chid: int) -> None:
        """It was found: ask what it is. Library thread."""
        lib = library()
        with self._lock:
            if lib.ca_puser(chid) != self._id:  # created anew meanwhile
                return
            self._chid = chid
            self.server = lib.ca_host_name(chid).decode(errors="replace")
            self._set_type(lib.ca_field_type(chid), int(lib.ca_element_count(chid)))
            if self._type != _dbr.STRING:
                self._follow_properties(lib)
                return
        self.learned(None)

    def _set_type(self, plain_type: int, count: int) -> None:
        """What is asked for on the wire, and how the answers are read."""
        self._type, self._count, self._length = plain_type, count, None
        if count == 1:
            self._wire = (plain_type + _dbr.TIME, 1)
            number = _dbr.scalar_decoder(plain_type)
            named = self._string and plain_type == _dbr.ENUM
            self._decode = partial(self._decode_state, number) if named else number
        else:
            if self._array_dtype is not None and np.dtype(self._array_dtype).itemsize == 2:
                plain_type = _dbr.SHORT  # half of what the channel's own type would send
            self._wire = (plain_type + _dbr.TIME, 0)  # 0: as many as there are now
            self._decode = partial(self._decode_array, plain_type)

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
            self._type + _dbr.CONTROL, 1, self._chid, PROPERTY_MASK, lib.on_property, self._id, subscription
        )
        lib.ca_flush_io()

    def went_down(self) -> None:
        """Its circuit is gone. Library thread."""
        self._mark_down()
        revival.add(self)

    def learned(self, data: Data | None) -> None:
        """Its units and limits; without them (no read access) it is usable all the same. Library thread."""
        with self._lock:
            self._control = _dbr.Control() if data is None else _dbr.decode_control(self._type, data)
            if self._connected:
                return
            self._connected = self._was_connected = True
            self._ready.set()
            if self._on_change is not None:
                self._start_subscription()
        if self._on_connection is not None:
            self._on_connection.offer(True)

    def _mark_down(self) -> None:
        """The circuit is gone: whoever waits for something hears of it now. Any thread."""
        with self._lock:
            was, self._connected = self._connected, False
            if was:
                self._since = time.time()
            self._ready.clear()
        self.write_ended(DISCONNECTED)
        if was and self._on_connection is not None:
            self._on_connection.offer(False)

    # ---- reading

    def begin_get(self) -> Collect:
        """Ask the IOC without waiting; what one thread asks before it collects travels together."""
        chid = self._chid
        if chid is None or not self._connected:
            return self._cannot_collect
        batch = _traffic.batch()
        dbr_type, count = self._wire
        return partial(_collect, self, self._decode, batch, batch.ask(chid, dbr_type, count))

    def failure(self, status: int) -> DeviceError:
        """Why a get ended with this status."""
        if status == DISCONNECTED or not self._connected:
            return NotConnected(self._why_not())
        return ReadFailed(f"{self.name}: {library().message(status)}")

    def _cannot_collect(self, timeout: float) -> Reading:  # noqa: ARG002 - it was not asked, so there is no waiting
        raise NotConnected(self._why_not())

    def _decode_state(self, number: Decoder, data: Data) -> Reading:
        """The state by name; its number if it has none."""
        reading, choices = number(data), self._control.choices
        index = reading["value"]
        reading["value"] = choices[index] if index < len(choices) else str(index)
        return reading

    def _decode_array(self, plain_type: int, data: Data) -> Reading:
        reading = _dbr.decode_array(plain_type, data)
        if self._string and plain_type == _dbr.CHAR:
            reading["value"] = _dbr.text(reading["value"].tobytes())
            return reading
        if self._array_dtype is not None:
            reading["value"] = reading["value"].view(self._array_dtype)
        self._length = len(reading["value"])
        return reading

    # ---- watching

    @property
    def latest(self) -> Reading | None:
        """The last value that the subscriber was given."""
        return self._latest

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
            self._on_change = self._cell = None
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            lib = library()
            lib.attach()
            lib.ca_clear_subscription(subscription)
            lib.ca_flush_io()

    def repeat(self) -> None:
        """Give the subscriber the latest value once more."""
        cell = self._cell
        if cell is not None and self._latest is not None:
            cell.offer_if_empty(None)

    def _start_subscription(self) -> None:
        """Ask for changes, unless the library does so already. The lock is held."""
        wanted = self._wire
        if self._subscription is not None:
            if self._subscribed_as == wanted:
                return  # the library renews it with the connection
            library().ca_clear_subscription(self._subscription)
        whole_number = self._count == 1 and self._type not in (_dbr.FLOAT, _dbr.DOUBLE)
        self._cell = Cell(self._deliver, depth=_STATE_DEPTH if whole_number else 1)
        self._subscribed_as = wanted
        self._subscription = ctypes.c_void_p()
        lib = library()
        lib.ca_create_subscription(
            *wanted, self._chid, EVENT_MASK, lib.on_event, self._id, ctypes.byref(self._subscription)
        )
        lib.ca_flush_io()

    def changed(self, data: Data) -> None:
        """Have the change delivered. Library thread."""
        cell = self._cell
        if cell is not None:
            cell.offer((self._decode, data))

    def _deliver(self, change: tuple[Decoder, Data] | None) -> None:
        """Decode, outside the library's thread, and tell the subscriber; None stands for the latest once more."""
        on_change = self._on_change
        if change is not None:
            decode, data = change
            self._latest = decode(data)
        if on_change is not None and self._latest is not None:
            on_change(self._latest)

    # ---- writing

    def check(self, value: Any) -> Any:
        """`value` as it will be written; the index for the name of a state."""
        try:
            return _dbr.check(value, self._type, self._count, self._control.choices, self._string, self._allow_nan)
        except BadValue as exc:
            raise BadValue(f"{self.name}: {exc}") from exc

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Write `value` and return at once; see Backend.put."""
        chid = self._chid
        if chid is None or not self._connected:
            raise NotConnected(self._why_not())
        lib = library()
        lib.attach()
        if not lib.ca_write_access(chid):
            raise WriteFailed(f"{self.name}: its IOC gives this computer no write access")
        count, data = _dbr.encode(self.check(value), self._type)
        if on_done is None:
            status = lib.ca_array_put(self._type, count, chid, data)
        else:
            status = self._put_with_completion(lib, chid, count, data, on_done)
        lib.ca_flush_io()
        if status != NORMAL:
            raise WriteFailed(f"{self.name}: {lib.message(status)}")

    def _put_with_completion(self, lib: LibCa, chid: int, count: int, data: bytes, on_done: OnDone) -> int:
        """A second put-callback while one is outstanding would block the whole circuit: then the put is plain.

        The IOC completes the outstanding one when all is quiet again, which is when the later value is reached.
        """
        with self._lock:
            self._writing.append(on_done)
            if len(self._writing) > 1:
                return int(lib.ca_array_put(self._type, count, chid, data))
            self._writing_id = _traffic.new_id()
            _traffic.puts[self._writing_id] = self
            status = int(lib.ca_array_put_callback(self._type, count, chid, data, lib.on_put, self._writing_id))
            if status != NORMAL:
                _traffic.puts.pop(self._writing_id, None)
                self._writing = []
            return status

    def write_ended(self, status: int) -> None:
        """The put with completion has ended. Any thread."""
        if status == NORMAL:
            self._end_writing(None)
        elif status == DISCONNECTED:
            self._end_writing(WriteFailed(f"{self.name} lost its connection before the write had ended"))
        else:
            self._end_writing(WriteFailed(f"{self.name}: {library().message(status)}"))

    def _end_writing(self, failure: BaseException | None) -> None:
        """Tell all who wait for the write under way. Any thread."""
        with self._lock:
            waiting, self._writing = self._writing, []
            _traffic.puts.pop(self._writing_id, None)
        for on_done in waiting:
            completions.post(partial(on_done, failure))

    # ---- what it is

    def describe(self) -> DataKey:
        """What the value is; asks the IOC for the length of an array that was never read."""
        dtype, dtype_numpy = _dbr.kind_of(self._type, self._count)
        shape: list[int] = []
        if self._string:
            dtype, dtype_numpy = "string", "<U40"
        elif dtype == "array":
            if self._length is None:
                self.get(5.0)
            shape = [self._length or 0]
            dtype_numpy = np.dtype(self._array_dtype).str if self._array_dtype else dtype_numpy
        key: DataKey = {"source": self.source, "dtype": dtype, "shape": shape, "dtype_numpy": dtype_numpy}
        if self._control.units:
            key["units"] = self._control.units
        if self._control.precision is not None:
            key["precision"] = self._control.precision
        if self._control.choices:
            key["choices"] = list(self._control.choices)
        if self._control.lower != self._control.upper:
            key["lower_ctrl_limit"], key["upper_ctrl_limit"] = self.limits
        return key

    @property
    def limits(self) -> tuple[float, float]:
        """The control limits of the record; (0, 0) if it has none."""
        return self._control.lower, self._control.upper

    @property
    def choices(self) -> tuple[str, ...]:
        """The states by name."""
        return self._control.choices

    @property
    def units(self) -> str:
        """The unit of the value."""
        return self._control.units

    @property
    def precision(self) -> int | None:
        """Digits worth showing."""
        return self._control.precision


# Not a method, as `partial` of a bound one makes one more object for each value of each point.
def _collect(channel: CaBackend, decode: Decoder, batch: Batch, index: int, timeout: float) -> Reading:
    answer = batch.answers.get(index)
    if answer is None:  # only for the first of a batch: the others are there with it
        answer = batch.wait_for(index, timeout)
    if answer is None:
        raise ReadFailed(f"{channel.name} did not answer within {timeout:g} s: is its IOC busy or frozen?")
    if isinstance(answer, int):
        raise channel.failure(answer)
    return decode(answer)
