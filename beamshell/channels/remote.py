"""RemoteChannel: the base of the channels of all control systems: connection, subscriber, type and limits of the value.

It knows no control system; its subclasses talk to one.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from beamshell.channels import deferred, value_info
from beamshell.channels.base import Channel, OnChange, OnConnection, Silence
from beamshell.channels.updates import LatestValue
from beamshell.channels.value_info import ValueInfo
from beamshell.errors import BadValue, NotConnected, WriteFailed
from beamshell.protocols import DataKey, Reading
from beamshell.text.times import clock_time

_IMPORTED_WITHIN_S = 30.0  # the library of a control system, on a busy machine
_LOOK_AGAIN_S = 0.005
_UNKNOWN = ValueInfo()
STATE_DEPTH = 16
"""Short changes of whole numbers (states, DMOV) are delivered even if the subscriber is briefly busy."""


class RemoteChannel(Channel):
    """Holds a channel's connection state, its subscriber, and type, unit and limits of its value.

    Args:
        scheme: of its addresses, such as "pva".
        name: the address without the scheme.
        string: the value is text: the name of a state, or characters.
        array_dtype: the type that arrays are to have; None: as they come.
        allow_nan: let NaN and infinities be written.
    """

    remedy = "check the address and that its server runs"
    """What to do about a channel that never answered."""
    lost = "is its server running?"
    """What to check about a channel that does not answer any more."""

    def __init__(
        self,
        scheme: str,
        name: str,
        *,
        string: bool = False,
        array_dtype: str | None = None,
        allow_nan: bool = False,
    ) -> None:
        self.name = name
        self.source = f"{scheme}://{name}"
        self._string = string
        self._array_dtype = array_dtype
        self._allow_nan = allow_nan
        self._lock = threading.RLock()
        self._connected = False
        self._was_connected = False
        self._problem = ""
        self._since = time.time()
        self._silence: Silence | None = None
        self._search_has_begun = True
        self._ready: threading.Event | None = None  # made for the first thread that waits
        self._on_connection: LatestValue[bool] | None = None
        self._info = _UNKNOWN
        self._sample: Any = None
        self._on_change: OnChange | None = None
        self._changes: LatestValue[Any] | None = None
        self._latest: Reading | None = None

    # ---- connection

    @property
    def connected(self) -> bool:
        """True while it answers, and its type, unit and limits are known."""
        return self._connected

    @property
    def is_deferred(self) -> bool:
        """True while it waits for its library, or for an IOC that starts; `wait_connected` waits for that too."""
        return not self._search_has_begun

    @property
    def disconnected_since(self) -> float | None:
        """The time since which it does not answer, in seconds since 1970; None while it answers.

        A channel that is deferred was not asked yet: its time without an answer begins now.
        """
        if self._connected:
            return None
        return self._since if self._search_has_begun else time.time()

    def silence(self, ask_s: float = 0.0) -> Silence | None:  # noqa: ARG002 - a subclass may have a way to ask
        """The last time in which it was not connected, after it had been; None if there was none."""
        return self._silence

    def wait_connected(self, timeout: float) -> None:
        """Return once connected; NotConnected says since when it is not, why, and what to check.

        On a slow network it waits longer, as long as the time to connect is not over since it began to search.
        """
        if self._connected:
            return
        self._wait_until_asked()
        begun, searched_s = time.monotonic(), max(0.0, time.time() - self._since)
        left_s = timeout
        ready = self._when_ready()
        while not ready.wait(max(0.0, left_s)):
            waited_s = time.monotonic() - begun
            # what is known of the network may have changed meanwhile
            left_s = max(timeout - waited_s, self._connects_within_s - searched_s - waited_s)
            if left_s <= 0:
                raise NotConnected(self._why_not())

    def _wait_until_asked(self) -> None:
        """Return when it is searched for: nothing can answer before, and the time-out begins then."""
        deferred.searches.wait()
        if not self.is_deferred:
            return
        deferred.libraries.open()
        deadline, ready = time.monotonic() + _IMPORTED_WITHIN_S, self._when_ready()
        while self.is_deferred and time.monotonic() < deadline and not ready.wait(_LOOK_AGAIN_S):
            pass

    def _when_ready(self) -> threading.Event:
        """Set while it is connected."""
        with self._lock:
            if self._ready is None:
                self._ready = threading.Event()
                if self._connected:
                    self._ready.set()
            return self._ready

    @property
    def _connects_within_s(self) -> float:
        """Seconds that a connection takes on this network, as far as that is known."""
        return 0.0

    def on_connection(self, callback: OnConnection) -> None:
        """Call `callback(connected)` at each change, in an updates worker."""
        self._on_connection = LatestValue(callback, depth=STATE_DEPTH)

    def _begin_search(self) -> None:
        """Note that the search has begun: the time without an answer counts from now."""
        if not self._search_has_begun:
            self._since, self._search_has_begun = time.time(), True

    def _why_not(self) -> str:
        since = clock_time(self._since, time.time())
        if self._was_connected:
            return f"{self.name} lost its connection at {since}: {self._problem or self.lost}"
        return f"{self.name} has not answered since {since}: {self._problem or self.remedy}"

    def _mark_up(self, info: ValueInfo, sample: Any) -> None:
        """Mark the channel as connected, with this type, unit and limits. Any thread."""
        with self._lock:
            was, self._connected = self._connected, True
            self._info, self._sample = info, sample
            self._was_connected, self._problem = True, ""
            if self._silence is not None and self._silence.until is None:
                self._silence.until = time.monotonic()
            if self._ready is not None:
                self._ready.set()
        if not was and self._on_connection is not None:
            self._on_connection.offer(True)

    def _mark_down(self, problem: str = "") -> bool:
        """Mark the channel as disconnected; True if it was connected. Any thread."""
        with self._lock:
            was, self._connected = self._connected, False
            self._problem = problem
            if self._ready is not None:
                self._ready.clear()
            if was:
                self._since = time.time()
                self._silence = Silence(self.name, time.monotonic())
        if was and self._on_connection is not None:
            self._on_connection.offer(False)
        return was

    def _check_connected(self) -> None:
        if not self._connected:
            raise NotConnected(self._why_not())

    def _cannot_collect(self, timeout: float) -> Reading:  # noqa: ARG002 - it was not asked, so there is no waiting
        raise NotConnected(self._why_not())

    # ---- watching

    @property
    def latest(self) -> Reading | None:
        """The last value that the subscriber was given."""
        return self._latest

    def repeat(self) -> None:
        """Give the subscriber the latest value once more."""
        changes = self._changes
        if changes is not None and self.latest is not None:
            changes.offer_if_empty(None)

    def _new_changes(self) -> LatestValue[Any]:
        """A new queue for changes: readings, or data of which `_decode` makes readings."""
        states = not self._info.is_array and np.dtype(self._info.numpy).kind != "f"
        return LatestValue(self._deliver, depth=STATE_DEPTH if states else 1)

    def _decode(self, change: Any) -> Reading:
        reading: Reading = change
        return reading

    def _deliver(self, change: Any) -> None:
        """Call the subscriber; None stands for the latest reading once more. Updates worker."""
        if change is not None:
            self._latest = self._decode(change)
        on_change = self._on_change
        if on_change is not None and self._latest is not None:
            on_change(self._latest)

    # ---- writing

    def check(self, value: Any) -> Any:
        """`value` as it will be written; the index for the name of a state."""
        try:
            return value_info.check(value, self._info, self._allow_nan)
        except BadValue as exc:
            raise BadValue(f"{self.name}: {exc}") from exc

    def _check_writable(self) -> None:
        self._check_connected()
        if not self._info.writable:
            raise WriteFailed(f"{self.name} cannot be written: its server says that it is read-only")

    # ---- description

    def _shaped(self, value: Any) -> Any:
        """The value for a reading: a state by name if `string` is set, an array of type `array_dtype`."""
        choices = self._info.choices
        if self._string and choices and not isinstance(value, str):
            return choices[value] if 0 <= value < len(choices) else str(value)
        if self._string and not isinstance(value, (str, list)):
            return bytes(value).split(b"\0", 1)[0].decode(errors="replace") if np.ndim(value) else str(value)
        if self._array_dtype is not None and isinstance(value, np.ndarray):
            return value.astype(self._array_dtype, copy=False)
        return value

    def describe(self) -> DataKey:
        """Source, type, shape, unit and limits of the value; its shape is that of the last reading."""
        self._check_connected()
        return value_info.data_key(self.source, self._info, self._shaped(self._sample))

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that may be written; (0, 0) if there are none."""
        return self._info.lower, self._info.upper

    @property
    def choices(self) -> tuple[str, ...]:
        """The states by name."""
        return self._info.choices

    @property
    def units(self) -> str:
        """The unit of the value."""
        return self._info.units

    @property
    def precision(self) -> int | None:
        """Digits worth showing."""
        return self._info.precision
