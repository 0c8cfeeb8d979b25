"""Signals: one value each, that can be read, written, watched and recorded.

It knows no control system, only channels; and no device, only that a signal may have a parent.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from beamshell.channels.base import Channel, Collect
from beamshell.channels.factory import open_channel
from beamshell.channels.soft import SoftChannel
from beamshell.devices._signal_identity import SignalIdentity, shown
from beamshell.devices._subscriptions import Subscriptions
from beamshell.devices.kind import Kind
from beamshell.devices.status import DeviceStatus, Status
from beamshell.errors import DeviceError, LimitError, ReadOnlyError, UnknownName, WriteFailed
from beamshell.protocols import DataKey, Reading

CONNECTION_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 60.0


class Signal(SignalIdentity):
    """A value in this process, with the behaviour of one in hardware.

    Args:
        name: how documents and the prompt call it, such as "slits_top".
        value: the first value; its type (number, string, bool, array) is the signal's.
        parent: the device it is a part of.
        kind: whether it is recorded in events, in the configuration, or not.
        attr_name: its name within the parent.
        labels: words to find it by.
        units: of the value, such as "mm".
        precision: digits after the decimal point worth showing.
        limits: (lowest, highest) value that may be written; equal ones are none.
        choices: names of the states, if the value is the index of one.
        doc: what it is, in a line.

    Example:
        >>> gain = Signal(name="gain", value=1.0, limits=(0.0, 10.0))
        >>> gain.set(2.0).done, gain.get()
        (True, 2.0)
    """

    SUB_VALUE: ClassVar[str] = "value"
    SUB_META: ClassVar[str] = "meta"
    _default_sub: ClassVar[str] = SUB_VALUE
    writable: bool = True

    def __init__(
        self,
        name: str = "",
        value: Any = 0.0,
        *,
        parent: Any = None,
        kind: Kind | str = Kind.normal,
        attr_name: str = "",
        labels: Iterable[str] = (),
        units: str = "",
        precision: int | None = None,
        limits: tuple[float, float] | None = None,
        choices: Sequence[str] = (),
        doc: str = "",
    ) -> None:
        soft = SoftChannel("", value, units=units, precision=precision, limits=limits or (0.0, 0.0), choices=choices)
        self._set_up(soft, soft, name=name, parent=parent, kind=kind, attr_name=attr_name, labels=labels, doc=doc)
        self._enforces_limits = True

    def _set_up(self, reader: Channel, writer: Channel, **identity: Any) -> None:
        """What every signal is made of, whatever its channels are."""
        super().__init__(reader, writer, **identity)
        self.connection_timeout = CONNECTION_TIMEOUT_S
        self.timeout = READ_TIMEOUT_S
        self.write_timeout: float | None = WRITE_TIMEOUT_S
        self._enforces_limits = False
        self._auto_monitor = False
        self._monitored = False
        self._subscriptions = Subscriptions()
        self._connection_reading: Reading | None = None
        self._pending: Status | None = None
        for channel in {reader, writer}:
            channel.on_connection(self._on_connection)

    # ---- connection

    def wait_for_connection(self, timeout: float | None = None) -> None:
        """Return once connected.

        Raises:
            NotConnected: not within `timeout` seconds (None: its `connection_timeout`); the message says what to check.
        """
        limit = self.connection_timeout if timeout is None else timeout
        with self._named():
            self._channel.wait_connected(limit)
            if self._writer is not self._channel:
                self._writer.wait_connected(limit)

    def renew(self) -> None:
        """Give its channels back and open them anew, for one that is stuck; returns at once."""
        self._channel.renew()
        if self._writer is not self._channel:
            self._writer.renew()

    def destroy(self) -> None:
        """Give its channels back; it cannot be used any more."""
        self._subscriptions.clear()
        self._channel.close()
        if self._writer is not self._channel:
            self._writer.close()

    # ---- reading

    def get(self, *, as_string: bool = False) -> Any:
        """The value in the hardware now; the name of the state with `as_string`, if it is one.

        Raises:
            NotConnected: nothing answers within the connection time-out.
            ReadFailed: the control system refused, or was too slow.
        """
        value = self._get()["value"]
        if as_string:
            return self.enum_strs[value] if self.enum_strs and not isinstance(value, str) else str(value)
        return value

    @property
    def value(self) -> Any:
        """The same as `get()`."""
        return self._get()["value"]

    def read(self) -> dict[str, Reading]:
        """The reading in the hardware now, by name, such as ``{"gain": {"value": 1.0, "timestamp": 1.7e9}}``."""
        return {self.name: self._get()}

    def begin_read(self) -> Callable[[], dict[str, Reading]]:
        """Ask now, collect later: signals that are asked together answer in one round trip."""
        collect, name = self._channel.begin_get(), self.name
        return lambda: {name: collect(self.timeout)}

    def describe(self) -> dict[str, DataKey]:
        """What `read` returns: source, dtype, shape, and what is known of units, precision, choices, limits."""
        with self._named():
            return {self.name: {**self._channel.describe(), "source": self.source}}

    def read_configuration(self) -> dict[str, Reading]:
        """Nothing: a signal has no settings of its own."""
        return {}

    def describe_configuration(self) -> dict[str, DataKey]:
        """Nothing: a signal has no settings of its own."""
        return {}

    def _get(self) -> Reading:
        try:
            return self._channel.get(self.timeout)
        except DeviceError as exc:
            raise type(exc)(f"{self.name}: {exc}") from exc

    # ---- writing

    def check_value(self, value: Any) -> None:
        """Return if `set(value)` would be accepted.

        Raises:
            BadValue: it cannot be written here: wrong type, not finite, no such state.
            LimitError: it is outside the limits.
        """
        self._checked(value)

    def put(self, value: Any, *, wait: bool = False, timeout: float | None = None, force: bool = False) -> None:
        """Write `value`; with `wait`, return when everything that this sets off has ended.

        Args:
            value: what to write.
            wait: wait for the end, at most `timeout` seconds (None: its `write_timeout`).
            timeout: seconds.
            force: write whatever the limits say, and even if it is read-only for users.

        Raises:
            BadValue: it cannot be written here.
            LimitError: it is outside the limits.
            ReadOnlyError: the signal is read-only.
            NotConnected: nothing answers.
            WriteFailed: the control system refused.
        """
        if wait:
            self.set(value, timeout=timeout).wait()
            return
        checked = self._checked(value, force)
        self._supersede(value)
        with self._named():
            self._writer.put(checked)

    def set(self, value: Any, *, timeout: float | None = None, settle_time: float | None = None) -> Status:
        """Write `value`; the status is done when everything that this sets off has ended.

        A set that is still under way is superseded: its status fails, and says so.

        Args:
            value: what to write.
            timeout: seconds until the status fails; None is the signal's `write_timeout`.
            settle_time: seconds to wait after the end.

        Raises:
            The same as `put`.
        """
        checked = self._checked(value)
        self._supersede(value)
        status = DeviceStatus(
            self,
            timeout=timeout if timeout is not None else self._write_limit(),
            settle_time=settle_time or 0.0,
            action=f"set to {shown(value)}",
        )
        self._pending = status
        try:
            self._start_write(checked, status)
        except DeviceError as exc:
            failure = type(exc)(f"{self.name}: {exc}")
            status.set_exception(failure)
            raise failure from exc
        return status

    def trigger(self) -> Status:
        """A status that is done: there is nothing to acquire."""
        status = DeviceStatus(self, action="trigger")
        status.set_finished()
        return status

    def stop(self, success: bool = False) -> None:
        """Nothing: a signal does not move by itself."""

    def _write_limit(self) -> float | None:
        return None  # a value in this process is written at once: a time-out would only cost

    def _start_write(self, value: Any, status: Status) -> None:
        def on_done(failure: BaseException | None) -> None:
            status.end(None if failure is None else type(failure)(f"{self.name}: {failure}"))

        self._writer.put(value, on_done)

    def _supersede(self, value: Any) -> None:
        """Fail the status of the set that is under way, if there is one."""
        pending, self._pending = self._pending, None
        if pending is not None and not pending.done:
            pending.end(WriteFailed(f"{self.name}: {pending.action} was superseded by {shown(value)}"))

    def _checked(self, value: Any, force: bool = False) -> Any:
        """`value` as it will be written."""
        if not force:
            self.refuse_if_read_only(shown(value))
        if not self.writable and not force:
            raise ReadOnlyError(f"{self.name}: it is read-only, so {shown(value)} was not written")
        with self._named():
            checked = self._writer.check(value)
        if self._enforces_limits and not force:
            self._check_limits(checked)
        return checked

    def _check_limits(self, value: Any) -> None:
        low, high = self.limits
        if low == high or isinstance(value, str):
            return
        lowest, highest = (np.min(value), np.max(value)) if isinstance(value, np.ndarray) else (value, value)
        units = f" {self.units}" if self.units else ""
        if not lowest >= low:
            raise LimitError(f"{self.name}: {lowest:g}{units} is below the limit {low:g}{units}")
        if not highest <= high:
            raise LimitError(f"{self.name}: {highest:g}{units} is above the limit {high:g}{units}")

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Put this signal's name in front of what its channel complains about."""
        try:
            yield
        except DeviceError as exc:
            raise type(exc)(f"{self.name}: {exc}") from exc

    # ---- watching

    def subscribe(self, callback: Callable[..., Any], event_type: str | None = None, run: bool = True) -> int:
        """The token of a subscription: `callback(value=, old_value=, timestamp=, obj=, ...)` at each change.

        It is called by one worker thread at a time with the latest value (for a value in this process: by the thread
        that puts). `old_value` is what this subscription was told last: None the first time.

        Args:
            callback: takes keywords; let it end in ``**kwargs``.
            event_type: "value" (the default), or "meta": `connected` has changed.
            run: call it with the present value too.

        Raises:
            UnknownName: there is no such event.
        """
        event = event_type or self._default_sub
        if event not in (self.SUB_VALUE, self.SUB_META):
            raise UnknownName(f"{self.name}: it tells of no {event!r}: subscribe to 'value' or 'meta'")
        heard = None if run else self._channel.latest if event == self.SUB_VALUE else self._connection_reading
        token = self._subscriptions.add(callback, event, heard)
        if event == self.SUB_META:
            self._on_connection(self.connected)
        elif not self._monitored:
            self._start_monitor()
        elif run:
            self._channel.repeat()
        return token

    def unsubscribe(self, token: int) -> None:
        """End one subscription."""
        self._subscriptions.remove(token)
        self._stop_idle_monitor()

    def clear_sub(self, callback: Callable[..., Any], event_type: str | None = None) -> None:
        """End every subscription of `callback`."""
        self._subscriptions.remove_callback(callback, event_type)
        self._stop_idle_monitor()

    def unsubscribe_all(self) -> None:
        """End every subscription."""
        self._subscriptions.clear()
        self._stop_idle_monitor()

    def _start_monitor(self) -> None:
        self._monitored = True
        self._channel.subscribe(self._on_value)

    def _stop_idle_monitor(self) -> None:
        if self._monitored and not self._auto_monitor and not self._subscriptions.wants(self.SUB_VALUE):
            self._monitored = False
            self._channel.unsubscribe()

    def _on_value(self, reading: Reading) -> None:
        self._subscriptions.deliver(self.SUB_VALUE, reading, obj=self)

    def _on_connection(self, _: bool) -> None:
        """One of its channels came or went: tell whether the signal as a whole is connected."""
        connected, told = self.connected, self._connection_reading
        if told is None or told["value"] != connected:
            self._connection_reading = told = {"value": connected, "timestamp": time.time()}
        self._subscriptions.deliver(self.SUB_META, told, obj=self, connected=told["value"])


class SignalRO(Signal):
    """A value in this process that users cannot write; its owner does, with ``put(value, force=True)``."""

    writable: bool = False


class EpicsSignalRO(Signal):
    """A value in the control system that is only read.

    Args:
        read_pv: the address: "BL:th.RBV", or with another control system's scheme in front.
        name: how documents and the prompt call it; the address if it is not given.
        string: the value is text: the name of a state, or an array of characters.
        auto_monitor: follow the value from the start (True), or only while somebody subscribes (None, False).
        timeout: seconds until a read has failed.
        connection_timeout: seconds to wait for a channel that does not answer before that is an error.
        parent: the device it is a part of.
        kind: whether it is recorded in events, in the configuration, or not.
        attr_name: its name within the parent.
        labels: words to find it by.
        doc: what it is, in a line.
        units: of the value, if the control system does not say, or not well.
        precision: digits after the decimal point worth showing, likewise.
        record_alarm: record the alarm severity beside the value, as `<name>_severity`: 0 none, 1 minor, 2 major,
            3 invalid. It can be switched on and off later by the attribute of the same name, between runs.
        options: what the control system's backend takes, such as ``array_dtype="uint16"`` for Channel Access.
    """

    writable: bool = False
    setpoint_pvname = ""

    def __init__(
        self,
        read_pv: str,
        *,
        name: str = "",
        string: bool = False,
        auto_monitor: bool | None = None,
        timeout: float = READ_TIMEOUT_S,
        connection_timeout: float = CONNECTION_TIMEOUT_S,
        parent: Any = None,
        kind: Kind | str = Kind.normal,
        attr_name: str = "",
        labels: Iterable[str] = (),
        doc: str = "",
        units: str = "",
        precision: int | None = None,
        record_alarm: bool = False,
        **options: Any,
    ) -> None:
        self.pvname = read_pv
        reader = writer = open_channel(read_pv, string=string, **options)
        if self.setpoint_pvname not in ("", read_pv):
            writer = open_channel(self.setpoint_pvname, string=string, **options)
        self._set_up(
            reader, writer, name=name or read_pv, parent=parent, kind=kind, attr_name=attr_name, labels=labels, doc=doc
        )
        self.timeout = timeout
        self.connection_timeout = connection_timeout
        self.record_alarm = record_alarm
        self._own_units = units
        self._own_precision = precision
        self._auto_monitor = bool(auto_monitor)
        for channel in {reader, writer}:
            channel.connect()
        if auto_monitor:
            self._start_monitor()

    def read(self) -> dict[str, Reading]:
        """The reading in the hardware now, by name; with the setpoint's if that is another address."""
        return self.begin_read()()

    def begin_read(self) -> Callable[[], dict[str, Reading]]:
        """Ask now, collect later: signals that are asked together answer in one round trip.

        A channel that does not answer is waited for when it is collected, for the connection time-out.
        """
        if self._writer is self._channel and not self.record_alarm:
            channel = self._channel
            return partial(_collect_one, self, channel.begin_get() if channel.connected else self._begin(channel))
        return partial(self._collect, [(key, self._begin(channel)) for key, channel in self._channels()])

    def _collect(self, begun: list[tuple[str, Collect]]) -> dict[str, Reading]:
        with self._named():
            readings = {key: answer(self.timeout) for key, answer in begun}
        if self.record_alarm:
            reading = readings[self.name]
            severity = reading.get("alarm_severity", 0)
            readings[f"{self.name}_severity"] = {"value": severity, "timestamp": reading["timestamp"]}
        return readings

    def describe(self) -> dict[str, DataKey]:
        """What `read` returns: source, dtype, shape, and what is known of units, precision, choices, limits."""
        self.wait_for_connection()
        with self._named():
            described = {key: self._described(channel) for key, channel in self._channels()}
        if self.record_alarm:
            described[f"{self.name}_severity"] = {
                "source": f"{self.source}.SEVR",
                "dtype": "integer",
                "shape": [],
                "dtype_numpy": "<i8",
            }
        return described

    def _described(self, channel: Channel) -> DataKey:
        key = channel.describe()
        if self._own_units:
            key["units"] = self._own_units
        if self._own_precision is not None:
            key["precision"] = self._own_precision
        if self._own_limits is not None and channel is self._writer:
            key["lower_ctrl_limit"], key["upper_ctrl_limit"] = self._own_limits
        return key

    def _channels(self) -> list[tuple[str, Channel]]:
        """What is recorded, by name."""
        if self._writer is self._channel:
            return [(self.name, self._channel)]
        return [(self.name, self._channel), (f"{self.name}_setpoint", self._writer)]

    def _get(self) -> Reading:
        with self._named():
            return self._begin(self._channel)(self.timeout)

    def _begin(self, channel: Channel) -> Collect:
        """Ask a channel that answers; one that does not is waited for when it is collected.

        All that are asked at one moment wait until the same moment, however many do not answer.
        """
        if channel.connected:
            return channel.begin_get()
        deadline = time.monotonic() + self.connection_timeout

        def collect(timeout: float) -> Reading:
            channel.wait_connected(max(0.0, deadline - time.monotonic()))
            return channel.get(timeout)

        return collect


# What `_collect` does, for the usual signal of one channel: every point of every run comes here for each of them.
def _collect_one(signal: EpicsSignalRO, answer: Collect) -> dict[str, Reading]:
    try:
        return {signal.name: answer(signal.timeout)}
    except DeviceError as exc:
        raise type(exc)(f"{signal.name}: {exc}") from exc


class EpicsSignal(EpicsSignalRO):
    """A value in the control system that can be written.

    Args:
        read_pv: the address that is read.
        write_pv: the address that is written; None is the same. If it is another one, its value is recorded as
            `<name>_setpoint`.
        put_complete: a set is done when the control system says that all it set off has ended; if False, when
            it is sent.
        limits: True: refuse what is outside the control system's limits; (low, high): outside these; False: neither.
        write_timeout: seconds until a set has failed; None is never.
        allow_nan: let NaN and infinities be written.
        kwargs: those of EpicsSignalRO.
    """

    writable: bool = True

    def __init__(
        self,
        read_pv: str,
        write_pv: str | None = None,
        *,
        put_complete: bool = True,
        limits: bool | tuple[float, float] = False,
        write_timeout: float | None = WRITE_TIMEOUT_S,
        allow_nan: bool = False,
        **kwargs: Any,
    ) -> None:
        self.setpoint_pvname = write_pv or read_pv
        super().__init__(read_pv, allow_nan=allow_nan, **kwargs)
        self.write_timeout = write_timeout
        self._put_complete = put_complete
        self._enforces_limits = limits is not False
        self._own_limits = None if isinstance(limits, bool) else (float(limits[0]), float(limits[1]))

    @property
    def setpoint(self) -> Any:
        """The value last written, as the control system holds it now."""
        with self._named():
            return self._begin(self._writer)(self.timeout)["value"]

    def get_setpoint(self) -> Any:
        """The same as `setpoint`."""
        return self.setpoint

    def _write_limit(self) -> float | None:
        return self.write_timeout

    def _start_write(self, value: Any, status: Status) -> None:
        if self._put_complete:
            super()._start_write(value, status)
        else:
            self._writer.put(value)
            status.set_finished()

    def _checked(self, value: Any, force: bool = False) -> Any:
        self.refuse_if_read_only(shown(value))  # force or not: it is for what users may not write, but devices do
        if not self._writer.connected:
            with self._named():
                self._writer.wait_connected(self.connection_timeout)
        return super()._checked(value, force)
