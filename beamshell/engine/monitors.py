"""Monitors: subscriptions of a run to a device's changes, ended by a pause and begun again after it.

The device's own thread calls back with a value; it is only posted, and the engine's loop emits the event.
"""

from __future__ import annotations

from typing import Any

from beamshell.documents.alarms import alarms_of
from beamshell.engine.bundler import RunBundler
from beamshell.engine.context import CommandContext
from beamshell.engine.requests import MonitorUpdate
from beamshell.engine.streams import Stream


class Monitor:
    """One monitored device. Beginning twice or dropping twice is the same as once.

    Attributes:
        active: True while subscribed; an update that comes later is thrown away.
    """

    def __init__(
        self, ctx: CommandContext, run: RunBundler, stream: Stream, obj: Any, arguments: dict[str, Any]
    ) -> None:
        self.run, self.stream, self.obj = run, stream, obj
        self.active = False
        self._ctx, self._arguments = ctx, arguments
        keys = list(stream.keys)
        self._key = keys[0] if len(keys) == 1 else None

    def begin(self) -> None:
        """Subscribe to the device, unless that is done."""
        if not self.active:
            self.active = True
            self._ctx.device_with(self.obj.subscribe, (self._on_change,), self._arguments)

    def drop(self) -> None:
        """End the subscription, if there is one."""
        if self.active:
            self.active = False
            self._ctx.device(self.obj.clear_sub, (self._on_change,))

    def emit(self, update: MonitorUpdate) -> None:
        """Emit an event of this update."""
        if self.active:
            readings = update.readings if update.readings is not None else self._ctx.device(self.obj.read)
            data = {key: reading["value"] for key, reading in readings.items()}
            timestamps = {key: reading["timestamp"] for key, reading in readings.items()}
            self.run.describe_truly(self.stream, data)
            self.run.emit_event(self.stream, data, timestamps, alarms_of(readings))

    def _on_change(self, readings: Any = None, *_: Any, **update: Any) -> None:
        """Called by the device, in any thread: with readings, or in ophyd's form ``value=, timestamp=``."""
        if readings is None and self._key is not None and "value" in update and "timestamp" in update:
            severity = update.get("severity", 0)
            readings = {
                self._key: {"value": update["value"], "timestamp": update["timestamp"], "alarm_severity": severity}
            }
        self._ctx.world.post(MonitorUpdate(self, readings))
