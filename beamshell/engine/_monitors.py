"""Subscriptions of a run to a device's changes, dropped on a pause and begun again after it.

Pure: the device's thread calls back with a value, which is posted and emitted by the engine's own loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamshell.engine._bundler import RunBundler, Stream
from beamshell.engine._requests import MonitorUpdate

if TYPE_CHECKING:
    from beamshell.engine._interpreter import Interpreter


class Monitor:
    """One monitored device. Beginning twice or dropping twice is the same as once.

    Attributes:
        active: updates count only while it is.
    """

    def __init__(self, core: Interpreter, run: RunBundler, stream: Stream, obj: Any, kwargs: dict[str, Any]) -> None:
        self.run, self.stream, self.obj = run, stream, obj
        self.active = False
        self._core, self._kwargs = core, kwargs
        keys = list(stream.keys)
        self._key = keys[0] if len(keys) == 1 else None

    def begin(self) -> None:
        """Subscribe, unless subscribed."""
        if not self.active:
            self.active = True
            self._core.device(self.obj.subscribe, self._changed, **self._kwargs)

    def drop(self) -> None:
        """End the subscription, if there is one."""
        if self.active:
            self.active = False
            self._core.device(self.obj.clear_sub, self._changed)

    def _changed(self, readings: Any = None, *_: Any, **update: Any) -> None:
        """Called by the device, in any thread."""
        if readings is None and self._key is not None and "value" in update and "timestamp" in update:
            readings = {self._key: {"value": update["value"], "timestamp": update["timestamp"]}}
        self._core.world.post(MonitorUpdate(self, readings))
