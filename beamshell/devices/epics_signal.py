"""EpicsSignal: the value at one address of a control system: a PV of EPICS or, with a scheme, of any other.

It knows channels, which the channel factory opens, and no control system.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from beamshell.channels.base import Channel, Collect
from beamshell.channels.factory import epics_name, open_channel
from beamshell.devices.part import Fact, Kind
from beamshell.devices.permission import WRITING
from beamshell.devices.signal import CONNECTION_TIMEOUT_S, READ_TIMEOUT_S, WRITE_TIMEOUT_S, Signal
from beamshell.devices.signal_info import value_text
from beamshell.devices.status import Status
from beamshell.errors import DeviceError
from beamshell.protocols import DataKey, Reading


class EpicsSignalRO(Signal):
    """A value in the control system that is only read.

    Args:
        read_pv: the address: "BL:th.RBV", or with another control system's scheme in front.
        name: its name in documents and at the prompt; the address if it is not given.
        string: the value is text: the name of a state, or an array of characters.
        auto_monitor: follow the value from the start (True), or only while somebody subscribes (None, False).
        timeout: seconds until a read has failed.
        connection_timeout: seconds to wait for a channel that does not answer before that is an error.
        parent: the device it is a part of.
        kind: whether it is recorded in events, in the configuration, or not.
        attr_name: its name within the parent.
        labels: words to find it by.
        doc: one line about it.
        units: of the value, in place of the control system's.
        precision: digits after the decimal point worth showing, likewise.
        record_alarm: record the alarm severity beside the value, as `<name>_severity`: 0 none, 1 minor, 2 major,
            3 invalid. It can be switched on and off later by the attribute of the same name, between runs.
        counted_by: the detector, or the detectors, whose counts the control system computes it from; a plan triggers
            them for it.
        options: what the control system's channel takes, such as ``array_dtype="uint16"`` for Channel Access.
    """

    device_arguments: ClassVar[tuple[str, ...]] = ("counted_by",)
    """The arguments that a device file gives as the names of other devices."""
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
        counted_by: Any = (),
        **options: Any,
    ) -> None:
        self.pvname = read_pv
        self._is_text, self._is_array = string, bool(options.get("array_dtype"))
        reader = writer = open_channel(read_pv, string=string, **options)
        if self.setpoint_pvname not in ("", read_pv):
            writer = open_channel(self.setpoint_pvname, string=string, **options)
        self._set_up(
            reader, writer, name=name or read_pv, parent=parent, kind=kind, attr_name=attr_name, labels=labels, doc=doc
        )
        self.timeout = timeout
        self.connection_timeout = connection_timeout
        self.record_alarm = record_alarm
        self._counted_by = tuple(counted_by) if isinstance(counted_by, list | tuple) else (counted_by,)
        self._own_units = units
        self._own_precision = precision
        self._auto_monitor = bool(auto_monitor)
        for channel in {reader, writer}:
            channel.connect()
        if auto_monitor:
            self._start_monitor()

    @property
    def counted_by(self) -> tuple[Any, ...]:
        """As given, or the detector that it is a part of."""
        return self._counted_by or super().counted_by

    def read(self) -> dict[str, Reading]:
        """The reading in the hardware now, by name; with the setpoint's if that is another address."""
        return EpicsSignalRO.begin_read(self)()

    def begin_read(self) -> Callable[[], dict[str, Reading]]:
        """Request the reading, to be collected later; requests made together are answered in one round trip.

        A channel that does not answer is waited for when it is collected, for the connection time-out.
        """
        if self._writer is self._channel and not self.record_alarm:
            channel = self._channel
            return partial(_collect_one, self, channel.begin_get() if channel.connected else self._begin(channel))
        return partial(self._collect, [(key, self._begin(channel)) for key, channel in self._channels()])

    def _collect(self, collectors: list[tuple[str, Collect]]) -> dict[str, Reading]:
        with self._named():
            readings = {key: answer(self.timeout) for key, answer in collectors}
        if self.record_alarm:
            reading = readings[self.name]
            severity = reading.get("alarm_severity", 0)
            readings[f"{self.name}_severity"] = {"value": severity, "timestamp": reading["timestamp"]}
        return readings

    def describe(self) -> dict[str, DataKey]:
        """The data keys of `read`: source, dtype, shape, and units, precision, choices, limits if known."""
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

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A value behind each PV, the one that is written first; nothing for other control systems than EPICS."""
        written = self.setpoint_pvname or self.pvname
        addresses = [(written, self.writable)] + ([(self.pvname, False)] if written != self.pvname else [])
        for address, writable in addresses:
            if pv := epics_name(address):
                kinds = {"writable": writable, "text": self._is_text, "array": self._is_array}
                yield {"is": "value", "pv": pv, **kinds, **settings}

    def _to_write(self, value: Any, force: bool = False) -> Any:
        if not WRITING.is_open:
            WRITING.require(self.name)
        return self._checked(value, force)

    def _channels(self) -> list[tuple[str, Channel]]:
        """The recorded channels, by name."""
        if self._writer is self._channel:
            return [(self.name, self._channel)]
        return [(self.name, self._channel), (f"{self.name}_setpoint", self._writer)]

    def _get(self) -> Reading:
        with self._named():
            return self._begin(self._channel)(self.timeout)

    def _begin(self, channel: Channel) -> Collect:
        """Ask a channel that answers; one that does not is waited for when it is collected.

        Channels that are asked at one moment are waited for until the same moment, however many do not answer.
        """
        if channel.connected:
            return channel.begin_get()
        deadline = time.monotonic() + self.connection_timeout

        def collect(timeout: float) -> Reading:
            channel.wait_connected(max(0.0, deadline - time.monotonic()))
            return channel.get(timeout)

        return collect


# As `_collect`, for the usual signal with one channel: quick, as it runs for each signal of each point.
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
        if self.read_only:  # also with `force`, which is for signals that devices write and users may not
            self.refuse_if_read_only(value_text(value))
        if not self._writer.connected:
            with self._named():
                self._writer.wait_connected(self.connection_timeout)
        return super()._checked(value, force)


def pv_of(signal: Any, *, written: bool = False) -> str:
    """The PV that a signal reads, or the one that it writes; "" if it has no address, or none of EPICS."""
    if not isinstance(signal, EpicsSignalRO):
        return ""
    return epics_name((signal.setpoint_pvname if written else "") or signal.pvname)
