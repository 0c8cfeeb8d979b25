"""ComputedChannel: the base of channels whose value is computed from several signals.

It knows no control system and no formula: its subclasses do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from beamshell.channels.base import Channel, Collect, OnChange, Silence, newest_silence
from beamshell.channels.updates import LatestValue
from beamshell.errors import DeviceError, ReadFailed
from beamshell.protocols import Reading


class ComputedChannel(Channel):
    """A value computed from signals, with the time of the newest and the worst of their alarms.

    Args:
        inputs: returns the signals; called each time, since a device may not have made them yet.
        forward: the value, from theirs.
    """

    def __init__(self, inputs: Callable[[], Sequence[Any]], forward: Callable[..., Any]) -> None:
        self._inputs = inputs
        self._forward = forward
        self._latest: Reading | None = None
        self._stale = True
        self._on_change: OnChange | None = None
        self._changes: LatestValue[None] = LatestValue(self._deliver)

    @property
    def inputs(self) -> Sequence[Any]:
        """The signals that it is computed from."""
        return self._inputs()

    def connect(self) -> None:
        """Nothing to do: its inputs connect by themselves."""

    def silence(self, ask_s: float = 0.0) -> Silence | None:
        """The newest of its inputs: one that lasts, or else the one that began last."""
        return newest_silence(
            silence for one in self._inputs() if hasattr(one, "silences") for silence in one.silences(ask_s)
        )

    def begin_get(self) -> Collect:
        """Request every input without waiting; the value is computed when it is collected."""
        collectors = [(signal.name, signal.begin_read()) for signal in self._inputs()]
        # each collector has its own time-out
        return lambda _timeout: self._combined([collect()[name] for name, collect in collectors])

    def _combined(self, readings: Sequence[Reading]) -> Reading:
        try:
            value = self._forward(*(reading["value"] for reading in readings))
        except DeviceError:
            raise
        except Exception as exc:  # the message shows what the function was called with
            inputs = zip(self._inputs(), readings, strict=True)
            values = ", ".join(f"{signal.name} = {reading['value']!r}" for signal, reading in inputs)
            raise ReadFailed(f"it cannot be computed from {values}: {exc}") from exc
        combined: Reading = {"value": value, "timestamp": max(reading["timestamp"] for reading in readings)}
        severities = [reading["alarm_severity"] for reading in readings if "alarm_severity" in reading]
        if severities:
            combined["alarm_severity"] = max(severities)
        return combined

    @property
    def latest(self) -> Reading | None:
        """The last reading that the subscriber was given."""
        return self._latest

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change` with the present value, and whenever an input has changed."""
        self._on_change = on_change
        for one in self._inputs():
            one.subscribe(self._on_input)

    def _on_input(self, **_: Any) -> None:
        self._stale = True
        self._changes.deliver_now(None)

    def _deliver(self, _: None) -> None:
        """Compute from the inputs' latest values, so that an older value never comes last."""
        on_change = self._on_change
        if on_change is None:
            return
        if self._stale:
            self._stale = False  # before looking: what changes from here on makes it stale again
            readings = [one.latest for one in self._inputs()]
            if None in readings:
                return
            self._latest = self._combined(readings)
        if self._latest is not None:
            on_change(self._latest)

    def unsubscribe(self) -> None:
        """Stop calling."""
        self._on_change = self._latest = None
        for one in self._inputs():
            one.clear_sub(self._on_input)

    def repeat(self) -> None:
        """Give the subscriber the latest value once more."""
        if self._latest is not None:
            self._changes.deliver_now(None)

    def close(self) -> None:
        """Stop following its inputs."""
        self.unsubscribe()
