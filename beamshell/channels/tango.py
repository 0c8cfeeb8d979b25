"""TangoChannel: one attribute or command of a Tango device.

Addresses are Tango's own: "tango://host:port/domain/family/member/attribute", with "#dbase=no" behind the port for a
server without a database, and without a host for the one that TANGO_HOST names. "Stop()" is a command.
It knows no signal. Change events of an attribute's server are delivered at once. The value is still read once a second,
since events show only after ten seconds that a server is gone.
"""

from __future__ import annotations

import atexit
import contextlib
import re
import weakref
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np
from typing_extensions import override

from beamshell.channels.deferred import library, require
from beamshell.channels.polled import PolledChannel, Read
from beamshell.channels.value_info import ValueInfo
from beamshell.errors import BadValue, NotConnected, ReadFailed, WriteFailed
from beamshell.protocols import Reading

_WITH_EVENTS_EVERY_S = 1.0
_NUMPY = {
    **{"DevBoolean": "|b1", "DevUChar": "|u1", "DevShort": "<i2", "DevUShort": "<u2", "DevLong": "<i4"},
    **{"DevULong": "<u4", "DevLong64": "<i8", "DevULong64": "<u8", "DevFloat": "<f4", "DevDouble": "<f8"},
    **{"DevString": "U", "DevEnum": "<i4", "DevState": "<i4"},
}
_SEVERITIES = {"ATTR_VALID": 0, "ATTR_CHANGING": 0, "ATTR_WARNING": 1, "ATTR_ALARM": 2, "ATTR_INVALID": 3}
_NO_SERVER = {"API_CantConnectToDevice", "API_CantConnectToDatabase", "API_ServerNotRunning", "API_DeviceNotExported"}


class TangoChannel(PolledChannel):
    """One attribute, or one command without an argument, of one device.

    Args:
        name: device and attribute, or device and "Command()".
        busy: states of the device that mean that something which a write set off still goes on.
        poll_s: seconds between two questions while somebody subscribes and the server has no change events for it.
        timeout_s: seconds until the device has failed to answer.
        options: those of every channel: string, array_dtype, allow_nan.
    """

    needs = "tango"
    remedy = "check its spelling, that its server runs, and TANGO_HOST"

    def __init__(
        self,
        name: str,
        *,
        busy: tuple[str, ...] = ("MOVING", "RUNNING"),
        poll_s: float = 0.2,
        timeout_s: float = 3.0,
        **options: Any,
    ) -> None:
        super().__init__("tango", name, poll_s=poll_s, **options)
        require("tango", "tango")
        self._tango: Any = None
        self._device_name, self._attribute = device_and_attribute(name)
        self._command = self._attribute.removesuffix("()") if self._attribute.endswith("()") else ""
        self._busy = tuple(busy)
        self._timeout_s = timeout_s
        self._device: Any = None
        self._config: Any = None
        self._events: tuple[Any, int] | None = None

    # ---- the questions

    @override
    def read_info(self) -> tuple[ValueInfo, Any]:
        self._tango = library("tango")
        self._device = self._calling(self._open, ReadFailed)
        if self._command:
            self._calling(lambda: self._device.command_query(self._command), ReadFailed)
            return ValueInfo("<i4"), 0
        self._config = self._calling(lambda: self._device.get_attribute_config(self._attribute), ReadFailed)
        info = self._info_in(self._config)
        (answer,) = self._ask([self])
        return info, self._reading_in(self._answered(answer), info)["value"]

    def _open(self) -> Any:
        device = self._tango.DeviceProxy(self._device_name)
        device.set_timeout_millis(int(1000 * self._timeout_s))
        return device

    @override
    def read_value(self) -> Reading:
        if self._command:
            return {"value": 0, "timestamp": self._tango.TimeVal.now().totime()}
        return self.read_together([self])[0]()

    @property
    @override
    def shares_requests_by(self) -> Hashable:
        return id(self) if self._command else (self._device_name, self._timeout_s)

    @override
    def read_together(self, channels: Sequence[TangoChannel]) -> list[Read]:
        if self._command:
            return super().read_together(channels)
        answers = self._ask(channels)
        return [partial(one._reading_of_answer, answer) for one, answer in zip(channels, answers, strict=True)]

    @override
    def write(self, value: Any) -> None:
        if self._command:
            self._calling(lambda: self._device.command_inout(self._command), WriteFailed)
        else:
            # with a name alone the library would ask for the configuration first, each time
            self._calling(lambda: self._device.write_attribute(self._config, value), WriteFailed)

    @override
    def is_busy(self) -> bool:
        state = str(self._calling(self._device.state, ReadFailed))
        if state == "FAULT":
            raise WriteFailed(f"{self.name}: the device is in FAULT: {self._calling(self._device.status, ReadFailed)}")
        return state in self._busy

    # ---- change events

    def _start_polling(self) -> None:
        super()._start_polling()
        self.run_in_worker(partial(self._take_events, self._polling))

    def _take_events(self, turn: object) -> None:
        """Subscribe to change events, if its server has them. Worker."""
        self._leave_events()
        if turn is not self._polling or self._command:
            return
        kind = self._tango.EventType.CHANGE_EVENT
        try:
            number = self._device.subscribe_event(self._attribute, kind, partial(self._on_event, turn))
        except self._tango.DevFailed:
            return  # it is not polled there and pushes nothing: polling here goes on
        self._events = (self._device, number)
        _with_events.add(self)
        if turn is not self._polling:
            self._leave_events()

    def _on_event(self, turn: object, event: Any) -> None:
        """Thread of the library."""
        if turn is self._polling and not event.err:
            try:
                reading = self._reading_in(event.attr_value, self._info)
            except ReadFailed:
                return  # a read of it raises this error
            reading["value"] = self._shaped(reading["value"])
            self._offer(reading)

    def _leave_events(self) -> None:
        events, self._events = self._events, None
        if events is not None:
            device, number = events
            _with_events.discard(self)
            with contextlib.suppress(self._tango.DevFailed):  # its server is gone, and they with it
                device.unsubscribe_event(number)

    def unsubscribe(self) -> None:
        """Stop calling, asking and listening."""
        super().unsubscribe()
        if self._events is not None:
            self.run_in_worker(self._leave_events)

    def _poll_interval_s(self) -> float:
        return self._poll_s if self._events is None else max(self._poll_s, _WITH_EVENTS_EVERY_S)

    def _offer(self, reading: Reading) -> None:
        last = self._last_offered
        if last is None or reading["timestamp"] >= last["timestamp"]:  # an answer may be older than an event
            super()._offer(reading)

    # ---- answers

    def _calling(self, call: Callable[[], Any], failure: type[ReadFailed | WriteFailed]) -> Any:
        """The result of `call`; Tango's errors become ours, with the first of the error stack as the cause."""
        try:
            return call()
        except (self._tango.DevFailed, TypeError, ValueError) as exc:
            if not isinstance(exc, self._tango.DevFailed):  # the library itself has refused the value
                raise failure(f"{self.name}: {exc}") from exc
            reasons = {error.reason for error in exc.args}
            message = f"{self.name}: {exc.args[0].desc.strip()}"
            if "API_DeviceTimedOut" in reasons:
                raise failure(
                    f"{self.name} did not answer within {self._timeout_s:g} s: is it busy or frozen?"
                ) from exc
            if reasons & _NO_SERVER or isinstance(exc, (self._tango.ConnectionFailed, self._tango.CommunicationFailed)):
                hint = self.lost if self._was_connected else self.remedy
                raise NotConnected(f"{message.splitlines()[0]}: {hint}") from exc
            raise failure(message) from exc

    def _ask(self, channels: Sequence[TangoChannel]) -> list[Any]:
        """For each attribute the device's answer, or the exception because of which there is none."""
        names = [channel._attribute.lower() for channel in channels]  # it makes no difference, to the server either
        different = list(dict.fromkeys(names))  # the server refuses to be asked twice for one
        try:
            answers = self._device.read_attributes(different)
        except self._tango.DevFailed as exc:
            return [exc] * len(channels)
        by_name = dict(zip(different, answers, strict=True))
        failed = self._tango.DevFailed
        return [
            failed(*each.get_err_stack()) if each.has_failed else each for each in (by_name[name] for name in names)
        ]

    def _answered(self, answer: Any) -> Any:
        """The answer, if there is one; otherwise the exception in our words."""

        def answered() -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return self._calling(answered, ReadFailed)

    def _reading_of_answer(self, answer: Any) -> Reading:
        return self._reading_in(self._answered(answer), self._info)

    def _reading_in(self, answer: Any, info: ValueInfo) -> Reading:
        severity = _SEVERITIES.get(str(answer.quality).rpartition(".")[2], 0)
        if answer.value is None:
            if not info.is_array or severity:
                raise ReadFailed(f"{self.name}: the device says that the value is invalid")
            return {"value": np.empty(0, info.numpy), "timestamp": answer.time.totime(), "alarm_severity": severity}
        value: Any = answer.value
        if info.is_array:
            value = list(value) if info.numpy == "U" else value
        elif info.choices:
            value = int(value)  # of an enumeration of Tango's own
        return {"value": value, "timestamp": answer.time.totime(), "alarm_severity": severity}

    def _info_in(self, config: Any) -> ValueInfo:
        kind = str(self._tango.CmdArgType.values[config.data_type]).rpartition(".")[2]
        if kind not in _NUMPY:
            raise ReadFailed(f"{self.name}: it is a {kind}, which no signal can hold")
        precision = re.fullmatch(r"%\d*\.(\d+)[feg]", config.format)
        lower, upper = _number(config.min_value), _number(config.max_value)
        has_limits = lower is not None and upper is not None
        states = tuple(name for _, name in sorted((int(v), n) for n, v in self._tango.DevState.names.items()))
        return ValueInfo(
            numpy=_NUMPY[kind],
            is_array=str(config.data_format) != "SCALAR",
            units=config.unit if config.unit != "No unit" else "",
            precision=int(precision[1]) if precision else None,
            choices=states if kind == "DevState" else tuple(config.enum_labels),
            lower=(lower or 0.0) if has_limits else 0.0,
            upper=(upper or 0.0) if has_limits else 0.0,
            writable=str(config.writable) != "READ",
        )


_with_events: weakref.WeakSet[TangoChannel] = weakref.WeakSet()


@atexit.register
def _leave_all_events() -> None:
    """End all events at exit: a call of Python by the library's thread would then abort the process."""
    for channel in tuple(_with_events):
        channel._leave_events()


def device_and_attribute(address: str) -> tuple[str, str]:
    """The device as Tango's DeviceProxy wants it, and the attribute.

    Raises:
        BadValue: it has not the four words of an attribute.
    """
    plain = address.replace("#dbase=no", "")
    words = plain.split("/")
    host = words.pop(0) if ":" in words[0] else ""
    if len(words) != 4 or not all(words):
        raise BadValue(f"tango://{address}: write tango://host:port/domain/family/member/attribute")
    device = "/".join(words[:3])
    full = f"tango://{host}/{device}" if host else device
    return full + ("#dbase=no" if "#dbase=no" in address else ""), words[3]


def _number(text: str) -> float | None:
    """A limit of an attribute; None for "Not specified"."""
    try:
        return float(text)
    except ValueError:
        return None
