"""Signal: one value that can be read, written, watched and recorded; here one that lives in this process.

It knows channels, and no control system; it may have a parent, and knows no device.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from beamshell.arrays import np
from beamshell.channels.base import Channel, Silence
from beamshell.channels.soft import SoftChannel
from beamshell.devices.limits import refusal, step_of, without_rounding
from beamshell.devices.part import Kind
from beamshell.devices.signal_info import SignalInfo, value_text
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.subscriptions import Subscriptions
from beamshell.errors import DeviceError, LimitError, ReadOnlyError, UnknownName, WriteFailed
from beamshell.protocols import DataKey, Reading

logger = logging.getLogger(__name__)

_choosing = threading.Lock()  # so that of two threads the one that looks last decides

CONNECTION_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 60.0


class _Named:
    """A context that puts a signal's name in front of its channel's errors; entered several times a point."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        if isinstance(exc, DeviceError):
            raise type(exc)(f"{self._name}: {exc}") from exc


class Signal(SignalInfo):
    """A value in this process, used as one in hardware is.

    Args:
        name: its name in documents and at the prompt, such as "slits_top".
        value: the first value; its type (number, string, bool, array) is the signal's.
        parent: the device it is a part of.
        kind: whether it is recorded in events, in the configuration, or not.
        attr_name: its name within the parent.
        labels: words to find it by.
        units: of the value, such as "mm".
        precision: digits after the decimal point worth showing.
        limits: (lowest, highest) value that may be written; equal ones are none.
        choices: names of the states, if the value is the index of one.
        doc: one line about it.

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
        """Set up the channels and subscriptions, which all kinds of signals have."""
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
        self._unconfirmed: Any = None  # what was written here and did not come back by subscription yet

    # ---- connection

    @property
    def is_deferred(self) -> bool:
        """True while a channel of it waits for the library of its control system, which is imported after the start."""
        return self._channel.is_deferred or self._writer.is_deferred

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

    def silences(self, ask_s: float = 0.0) -> list[Silence]:
        """The last times in which its channels did not answer, those that last included.

        Args:
            ask_s: seconds to wait for an answer, if their servers are to be asked now.
        """
        channels = dict.fromkeys((self._channel, self._writer))
        return [silence for channel in channels if (silence := channel.silence(ask_s)) is not None]

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
        """Ask now, collect later: what is asked together is answered in one round trip."""
        collect, name = self._channel.begin_get(), self.name
        return lambda: {name: collect(self.timeout)}

    def describe(self) -> dict[str, DataKey]:
        """The data keys of `read`: source, dtype, shape, and units, precision, choices, limits if known."""
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
        """Write `value`; with `wait`, return when all actions that the write starts have ended.

        Args:
            value: the new value.
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
        checked = self._to_write(value, force)
        self._supersede(value)
        self._note_written(checked)
        with self._named():
            self._writer.put(checked)

    def set(self, value: Any, *, timeout: float | None = None, settle_time: float | None = None) -> Status:
        """Write `value`; the status is done when all actions that the write starts have ended.

        A set that is still under way is superseded: its status fails, and says so.

        Args:
            value: the new value.
            timeout: seconds until the status fails; None is the signal's `write_timeout`.
            settle_time: seconds to wait after the end.

        Raises:
            The same as `put`.
        """
        checked = self._to_write(value)
        self._supersede(value)
        status = DeviceStatus(
            self,
            timeout=timeout if timeout is not None else self._write_limit(),
            settle_time=settle_time or 0.0,
            action=f"set to {value_text(value)}",
        )
        self._pending = status
        self._note_written(checked)
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

    def stop(self, success: bool = False) -> None:  # noqa: ARG002 - the signature of every stop
        """Stop nothing, as a signal does not move by itself; a write that is under way goes on, which is said."""
        if self._pending is not None and not self._pending.done:
            logger.warning("%s: %s goes on, as a write cannot be stopped", self.name, self._pending.action)

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
            pending.end(WriteFailed(f"{self.name}: {pending.action} was superseded by {value_text(value)}"))

    def _to_write(self, value: Any, force: bool = False) -> Any:
        """`value` as it will be written now."""
        return self._checked(value, force)

    def _checked(self, value: Any, force: bool = False) -> Any:
        """`value` as it would be written."""
        if self.read_only and not force:
            self.refuse_if_read_only(value_text(value))
        if not self.writable and not force:
            raise ReadOnlyError(f"{self.name}: it is read-only, so {value_text(value)} was not written")
        with self._named():
            checked = self._writer.check(value)
        return self._within_limits(checked) if self._enforces_limits and not force else checked

    def _within_limits(self, value: Any) -> Any:
        """`value`; the limit, if it exceeds one by rounding alone."""
        low, high = self.limits
        if low == high or isinstance(value, str):
            return value
        if not isinstance(value, (int, float)) and isinstance(value, np.ndarray):
            ends = (np.min(value), np.max(value))
        elif low <= value <= high:
            return value
        else:
            value = without_rounding(value, (low, high), lambda: step_of(self.precision))
            ends = (value, value)
        for number in ends:
            if problem := refusal(number, (low, high), lambda number: f"{number:g} {self.units}".rstrip()):
                raise LimitError(f"{self.name}: {problem}")
        return value

    def _named(self) -> _Named:
        """A context that puts this signal's name in front of its channel's errors."""
        return _Named(self.name)

    # ---- watching

    @property
    def current(self) -> Reading | None:
        """The reading that has come by subscription, if it is as good as one that is asked for now; else None.

        It is not while a value that was written here has not come back.
        """
        return self._channel.current if self._unconfirmed is None else None

    def _note_written(self, value: Any) -> None:
        """Doubt what came by subscription until `value` comes back, unless that is what came last."""
        current = self.current
        if current is None or not _same(current["value"], value):
            self._unconfirmed = value
            self._choose_calls()

    def follow(self) -> None:
        """Follow the value from now on, as with `auto_monitor`; nothing if that would mean to poll it."""
        if not self._auto_monitor and self._channel.sends_changes:
            self._auto_monitor = True
            if not self._monitored:
                self._start_monitor()

    def subscribe(self, callback: Callable[..., Any], event_type: str | None = None, run: bool = True) -> int:
        """The token of a subscription: `callback(value=, old_value=, timestamp=, obj=, ...)` at each change.

        It is called by one worker thread at a time with the latest value (for a value in this process: by the thread
        that puts). `old_value` is the value of the call before: None the first time.

        Args:
            callback: takes keywords; let it end in ``**kwargs``.
            event_type: "value" (the default), or "meta": `connected` has changed.
            run: call it with the present value too.

        Raises:
            UnknownName: there is no such event.
        """
        event = event_type or self._default_sub
        if event not in (self.SUB_VALUE, self.SUB_META):
            raise UnknownName(f"{self.name}: there is no event {event!r}: subscribe to 'value' or 'meta'")
        if event == self.SUB_META and self._connection_reading is None:
            self._follow_connection()
        last = None if run else self._channel.latest if event == self.SUB_VALUE else self._connection_reading
        token = self._subscriptions.add(callback, event, last)
        if event == self.SUB_META:
            self._on_connection(self.connected)
        elif not self._monitored:
            self._start_monitor()
        else:
            nobody_was_called = self._channel.only_latest
            self._choose_calls()
            if run or nobody_was_called:  # a value may have come since `last` was looked at
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
        self._unconfirmed = None  # what comes first is of after the writes before
        self._choose_calls()
        self._channel.subscribe(self._on_value)

    def _stop_idle_monitor(self) -> None:
        self._choose_calls()
        if self._monitored and not self._auto_monitor and not self._subscriptions.has(self.SUB_VALUE):
            self._monitored = False
            self._channel.unsubscribe()

    def _choose_calls(self) -> None:
        """Have the channel call only if somebody is to be called, or a written value is to come back."""
        with _choosing:
            self._channel.only_latest = self._unconfirmed is None and not self._subscriptions.has(self.SUB_VALUE)

    def _on_value(self, reading: Reading) -> None:
        if self._unconfirmed is not None and _same(reading["value"], self._unconfirmed):
            self._unconfirmed = None
            self._choose_calls()
        self._subscriptions.deliver(self.SUB_VALUE, reading, obj=self)

    def _follow_connection(self) -> None:
        """Be told by the channels from now on; not before somebody subscribes, as few signals have that."""
        for channel in {self._channel, self._writer}:
            channel.on_connection(self._on_connection)
        self._connection_reading = {"value": self.connected, "timestamp": time.time()}

    def _on_connection(self, connected: bool) -> None:
        """Call the subscribers if a channel's new state changes the connection of the signal as a whole.

        Args:
            connected: the state of one channel. It may have changed again since, and a short loss counts too.
        """
        reading = self._connection_reading
        if self._writer is not self._channel:
            connected = self.connected
        if reading is None or reading["value"] != connected:
            self._connection_reading = reading = {"value": connected, "timestamp": time.time()}
        self._subscriptions.deliver(self.SUB_META, reading, obj=self, connected=reading["value"])


def _same(value: Any, other: Any) -> bool:
    """True if two single values are equal; arrays are never said to be."""
    return not isinstance(value, np.ndarray) and not isinstance(other, np.ndarray) and bool(value == other)


class SignalRO(Signal):
    """A value in this process that users cannot write; its owner does, with ``put(value, force=True)``."""

    writable: bool = False
