"""Channel: the interface of all control systems to signals: connect, read, watch, write and describe one value.

It knows no control system; each has a module of its own. Signals reach hardware only through channels.

Threads: every method may be called from any thread. Control systems call back in threads of their own, where a channel
never runs user code. The docstring of a method that takes a callback names the thread that calls it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from beamshell.protocols import DataKey, Reading

Collect: TypeAlias = Callable[[float], Reading]
"""Returns the requested reading; waits at most the given seconds for it."""
before_waiting: list[Callable[[], None]] = []
"""Called by a channel before it waits for an answer: a control system that gathers requests sends the caller's then, so
that those of several control systems are under way together."""
OnChange: TypeAlias = Callable[[Reading], None]
OnConnection: TypeAlias = Callable[[bool], None]
OnDone: TypeAlias = Callable[[BaseException | None], None]
"""Called once when a write has ended, with None or the exception that made it fail."""


@dataclass(eq=False, slots=True)
class Silence:
    """A time in which a server, or the channel of one address, did not answer.

    Attributes:
        address: of the server or the channel.
        since: seconds of the monotonic clock.
        until: the same; None while it lasts.
    """

    address: str
    since: float
    until: float | None = None


def newest_silence(silences: Iterable[Silence]) -> Silence | None:
    """One that lasts, or else the one that began last; None of none."""
    return max(silences, key=lambda silence: (silence.until is None, silence.since), default=None)


class Channel(ABC):
    """The value at one address of one control system.

    Errors are those of `beamshell.errors`: NotConnected, ReadFailed, WriteFailed, BadValue. Each names the address
    and what to do; the signal puts its own name in front.
    """

    source: str
    """Scheme and address, as recorded in descriptors: "ca://BL:th.RBV", "soft://gain"."""
    only_latest: bool = False
    """True while the subscriber needs no calls, since it only looks at `latest`: a channel may leave them out."""
    every_change = False
    """True to deliver several changes one by one, and not the latest alone, though the subscriber is busy."""
    sends_changes = False
    """True if the control system sends a subscriber each change at once; one that is polled does not."""

    # ---- connection

    @abstractmethod
    def connect(self) -> None:
        """Start connecting and return at once; harmless when it has been called before."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """True while the channel answers, and type, units and limits of its value are known."""

    @property
    def is_deferred(self) -> bool:
        """True while it waits for the library of its control system, which is imported after the start."""
        return False

    @property
    def disconnected_since(self) -> float | None:
        """The time since which it does not answer, in seconds since 1970; None while it answers, or if unknown."""
        return None

    def silence(self, ask_s: float = 0.0) -> Silence | None:  # noqa: ARG002 - for those that can ask their server
        """The last time in which it did not answer, which may last; None if it has always answered.

        Args:
            ask_s: ask its server now, and wait so long for the answer, if the control system has a way to do so.
        """
        return None

    @abstractmethod
    def wait_connected(self, timeout: float) -> None:
        """Return once connected.

        Raises:
            NotConnected: not within `timeout` seconds; the message says since when, and what to check.
        """

    @abstractmethod
    def on_connection(self, callback: OnConnection) -> None:
        """Call `callback(connected)` at each change, in order, in an updates worker. One callback a channel."""

    def renew(self) -> None:
        """Close the channel and open it anew, for one that is stuck; returns at once.

        Its subscriber stays, requests under way fail. Nothing for channels without a connection of their own.
        """
        return

    @abstractmethod
    def close(self) -> None:
        """Give the channel back to the control system; it is not used again."""

    # ---- values

    @abstractmethod
    def begin_get(self) -> Collect:
        """Ask the hardware for its value without waiting; call the answer to collect it.

        The requests of many channels that begin before the first is collected share one round trip.

        Raises (when collected):
            NotConnected: nothing answers for the address.
            ReadFailed: the control system refused, or did not answer in time.
        """

    def get(self, timeout: float) -> Reading:
        """The value in the hardware now, never one from a cache; raises as `begin_get`."""
        return self.begin_get()(timeout)

    @property
    @abstractmethod
    def latest(self) -> Reading | None:
        """The newest value that the control system has sent to `subscribe`, without asking; None if there is none."""

    @property
    def current(self) -> Reading | None:
        """The last value that came to `subscribe`, if `sends_changes`: as good as one that a round trip would bring.

        None without a subscriber, and from the loss of a connection until the first value after it.
        """
        return None

    @abstractmethod
    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change(reading)` with the present value and then at each change. One subscriber a channel.

        It is called by one thread at a time (an updates worker; for in-process values the thread that puts),
        and always with the latest value: if it is slow it sees fewer.
        """

    @abstractmethod
    def unsubscribe(self) -> None:
        """Stop calling; one last call may be under way."""

    @abstractmethod
    def repeat(self) -> None:
        """Give the subscriber the latest value once more, in its usual thread; nothing if there is none."""

    # ---- writing

    @abstractmethod
    def check(self, value: Any) -> Any:
        """`value` as it will be written, such as the index of a state given by name.

        Raises:
            BadValue: it cannot be written here; the message says what can.
        """

    @abstractmethod
    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Write `value`, as `check` has returned it, and return at once.

        With `on_done`, the control system says when everything that the write set off has ended; `on_done` is then
        called once, by the completions worker (for values in this process: before `put` returns). A write that follows
        while one is under way supersedes it, and both end together. Without `on_done` the write is plain: it goes out
        at once whatever else is under way, as a STOP must.

        Raises:
            NotConnected: nothing answers for the address.
            WriteFailed: the control system refuses writes here.
        """

    @property
    def keeps_order_with(self) -> str:
        """The server that carries out writes to all its channels in the order in which they are sent; "" if none."""
        return ""

    # ---- what it is

    @abstractmethod
    def describe(self) -> DataKey:
        """Source, dtype, shape, and where known units, precision, choices, control limits and dtype_numpy.

        Asks the hardware only for the length of an array that was never read.
        """

    @property
    @abstractmethod
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that may be written; (0, 0) if there are none."""

    @property
    @abstractmethod
    def choices(self) -> tuple[str, ...]:
        """The states by name, in the order of their indices; () if it has none."""

    @property
    def units(self) -> str:
        """The unit of the value; "" if it has none."""
        return ""

    @property
    def precision(self) -> int | None:
        """Digits after the decimal point that are worth showing; None if nobody said."""
        return None
