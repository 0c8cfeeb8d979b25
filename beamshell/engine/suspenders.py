"""Conditions under which plans wait: the beam is gone, a shutter is closed, a temperature is off.

A suspender answers one question at any moment: is it tripped? It follows its signal's updates, in whatever thread they
come. The engine looks at the answer when a plan starts, at each message and when a pause ends. A lost connection, an
INVALID alarm or a missing value is a trip. It knows nothing of the engine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from beamshell.engine.asyncio_view import plain_view
from beamshell.errors import BadValue, PlanError
from beamshell.protocols import Subscribable
from beamshell.text.own_code import with_place
from beamshell.text.times import clock_time

INVALID = 3
"""Alarm severity of a value that means nothing (EPICS menuAlarmSevr)."""

NEVER_RELEASES = "It does not go on by itself. Not to wait: Ctrl+C, suspenders off 10min, resume."
"""The advice of a suspender that no value releases."""


def not_a_number(value: Any) -> str:
    """Why a value cannot be compared with a number, such as "is NaN"; empty if it can."""
    try:
        number = float(value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value)
    except (TypeError, ValueError):
        return f"is {_short(value)}, which is no number"
    if isinstance(value, str | bytes):
        return f"is {_short(value)}, which is no number"
    return "is NaN" if math.isnan(number) else ""


def _short(value: Any) -> str:
    shape = getattr(value, "shape", ())
    if shape:
        return f"an array of shape {tuple(shape)}"
    return f"a list of {len(value)}" if isinstance(value, list | tuple) else repr(value)[:40]


def _plan_maker(plan: Any, name: str) -> Any:
    """What makes the plan anew for each wait: a function, a list of messages, or the call that made it.

    Raises:
        PlanError: it is a plan that runs only once.
    """
    call: Any = getattr(plan, "call", None)
    if hasattr(call, "repeat") and call.can_be_repeated:
        plan.close()  # it is only a pattern
        return call.repeat
    if hasattr(plan, "send"):
        function = getattr(plan, "__name__", "close_shutter")
        raise PlanError(f"{name} is a plan that runs only once: give the function that makes it, {name}={function}")
    return plan


class SuspenderBase:
    """Base of all suspenders. A subclass says which values are bad, and which are good again.

    Args:
        signal: the signal to look at.
        sleep: seconds to wait after it is good again.
        pre_plan: a function that makes the plan to run when the wait begins, or a plan that can be made again.
        post_plan: the same for when it ends.
        suspend_moves: whether plans wait that only move; without it, scans and counts wait.
        tripped_message: added to the reason.

    Attributes:
        since: when it last changed between good and bad, in seconds since 1970-01-01 UTC.
        tripped_at: when it last tripped, in seconds of the monotonic clock.
        polls: it cannot report a change, so the engine asks it while it waits.
    """

    polls = False

    def __init__(
        self,
        signal: Any,
        *,
        sleep: float = 0.0,
        pre_plan: Any = None,
        post_plan: Any = None,
        suspend_moves: bool = False,
        tripped_message: str = "",
    ) -> None:
        self.signal = signal
        self._view = plain_view(signal)
        self.suspend_moves = suspend_moves
        self.sleep = float(sleep)
        self.pre_plan, self.post_plan = _plan_maker(pre_plan, "pre_plan"), _plan_maker(post_plan, "post_plan")
        self.tripped_message = tripped_message
        self.since = time.time()
        self.tripped_at = -math.inf
        self._tripped = False
        self._value: Any = None
        self._has_value = False
        self._connected = True
        self._invalid = False
        self._fault = ""
        self._notify: Callable[[], None] | None = None

    # ---- for subclasses ---------------------------------------------------------------------

    needs_number = False
    """Whether a value that is no number trips it, such as NaN, a string or an array."""

    def is_bad(self, value: Any) -> bool:
        """True if this value trips it; an exception trips it too."""
        raise NotImplementedError

    def is_good(self, value: Any) -> bool:
        """True if this value releases it, once tripped."""
        return not self.is_bad(value)

    def why(self) -> str:
        """The fault of the value in words, such as "is 3 mA, below 5 mA"."""
        raise NotImplementedError

    # ---- for the engine and for people --------------------------------------------------------

    @property
    def tripped(self) -> bool:
        """True while plans must wait."""
        return self._tripped or not self._connected or self._invalid or not self._has_value

    @property
    def reason(self) -> str:
        """Why plans wait; empty while they need not."""
        if not self.tripped:
            return ""
        if not self._connected:
            text = f"{self.name} is not connected"
        elif not self._has_value:
            text = f"{self.name} has no value yet"
        elif self._invalid:
            text = f"{self.name} is INVALID (alarm severity 3)"
        else:
            text = f"{self.name} {self._fault or self.why()}"
        return f"{text} ({self.tripped_message})" if self.tripped_message else text

    @property
    def name(self) -> str:
        """The signal's name."""
        return str(getattr(self.signal, "name", self.signal))

    def __repr__(self) -> str:
        since = clock_time(self.since, time.time())
        state = f"TRIPPED since {since}: {self.reason}" if self.tripped else f"good since {since}"
        return f"<{type(self).__name__} {self.name}: {state}>"

    def _with_unit(self, value: Any) -> str:
        units = getattr(self._view, "units", "") if self._connected else ""
        number = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        return f"{number} {units}".rstrip()

    def _is(self) -> str:
        return f"is {self._with_unit(self._value)}"

    # ---- following the signal -----------------------------------------------------------------

    def install(self, notify: Callable[[], None]) -> None:
        """Follow the signal; `notify` is called, in any thread, when `tripped` changes.

        Raises:
            PlanError: it watches no signal; give the suspender one.
        """
        signal = self._view
        if not self.polls and not isinstance(signal, Subscribable) and not hasattr(signal, "get"):
            raise PlanError(f"{signal!r} is no signal that a suspender can watch: give the signal itself")
        self._connected = bool(getattr(signal, "connected", True))
        if isinstance(signal, Subscribable):
            signal.subscribe(self._on_value)
            if hasattr(signal, "SUB_META"):
                signal.subscribe(self._on_connection, signal.SUB_META)
        if not self._has_value and self._connected and hasattr(signal, "get"):
            self._on_value(value=signal.get())  # the subscription reports changes only
        self._notify = notify

    def remove(self) -> None:
        """Stop following the signal."""
        if isinstance(self._view, Subscribable):
            self._view.clear_sub(self._on_value)
            if hasattr(self._view, "SUB_META"):
                self._view.clear_sub(self._on_connection)
        self._notify = None

    def _on_value(self, value: Any = None, severity: Any = None, **_: Any) -> None:
        was_tripped = self.tripped
        self._invalid = severity == INVALID
        self._value = value
        try:
            if value is not None:
                self._tripped = self._trips(value)
                self._has_value = True
        finally:  # Ctrl+C in code of others; what is known already counts
            self._report_change(was_tripped)

    def _trips(self, value: Any) -> bool:
        """Whether plans wait for this value; one that cannot be judged trips it, with the fault as the reason."""
        self._fault = not_a_number(value) if self.needs_number else ""
        if self._fault:
            return True
        try:
            return bool(not self.is_good(value) if self._tripped else self.is_bad(value))
        except Exception as exc:  # in a thread of the control system, where nobody would see it
            self._fault = f"is {_short(value)}, which cannot be judged: {type(exc).__name__}: {exc}"
            return True

    def _on_connection(self, connected: bool = True, **_: Any) -> None:
        was_tripped = self.tripped
        self._connected = bool(connected)
        self._has_value = self._has_value and self._connected  # a value from before the loss counts no more
        self._report_change(was_tripped)

    def _report_change(self, was_tripped: bool) -> None:
        if self.tripped != was_tripped:
            self.since = time.time()
            if self.tripped:
                self.tripped_at = time.monotonic()
            if self._notify is not None:
                self._notify()


class SuspendFloor(SuspenderBase):
    """Plans wait while the value is below `suspend_thresh`, until it is above `resume_thresh`.

    Example:
        ``SuspendFloor(ring, 50, resume_thresh=90, sleep=30)``
    """

    needs_number = True

    def __init__(
        self, signal: Any, suspend_thresh: float, *, resume_thresh: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(signal, **kwargs)
        self.suspend_thresh = suspend_thresh
        self.resume_thresh = suspend_thresh if resume_thresh is None else resume_thresh
        if self.resume_thresh < self.suspend_thresh:
            raise BadValue(f"{self.name}: resume at {resume_thresh:g} is below the floor {suspend_thresh:g}")

    @override
    def is_bad(self, value: Any) -> bool:
        return bool(value < self.suspend_thresh)

    @override
    def is_good(self, value: Any) -> bool:
        return bool(value >= self.resume_thresh)

    @override
    def why(self) -> str:
        return f"{self._is()}; plans wait until it is at least {self._with_unit(self.resume_thresh)}"


class SuspendCeil(SuspenderBase):
    """Plans wait while the value is above `suspend_thresh`, until it is below `resume_thresh`."""

    needs_number = True

    def __init__(
        self, signal: Any, suspend_thresh: float, *, resume_thresh: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(signal, **kwargs)
        self.suspend_thresh = suspend_thresh
        self.resume_thresh = suspend_thresh if resume_thresh is None else resume_thresh
        if self.resume_thresh > self.suspend_thresh:
            raise BadValue(f"{self.name}: resume at {resume_thresh:g} is above the ceiling {suspend_thresh:g}")

    @override
    def is_bad(self, value: Any) -> bool:
        return bool(value > self.suspend_thresh)

    @override
    def is_good(self, value: Any) -> bool:
        return bool(value <= self.resume_thresh)

    @override
    def why(self) -> str:
        return f"{self._is()}; plans wait until it is at most {self._with_unit(self.resume_thresh)}"


class _Band(SuspenderBase):
    """A suspender with a lower and an upper border."""

    needs_number = True

    def __init__(self, signal: Any, band_bottom: float, band_top: float, **kwargs: Any) -> None:
        super().__init__(signal, **kwargs)
        if not band_bottom < band_top:
            raise BadValue(f"{self.name}: the band's bottom {band_bottom:g} is not below its top {band_top:g}")
        self.band_bottom, self.band_top = band_bottom, band_top

    def _inside(self, value: Any) -> bool:
        return bool(self.band_bottom < value < self.band_top)

    def _borders(self) -> str:
        return f"{self._with_unit(self.band_bottom)} to {self._with_unit(self.band_top)}"


class SuspendWhenOutsideBand(_Band):
    """Plans wait while the value is outside the band."""

    @override
    def is_bad(self, value: Any) -> bool:
        return not self._inside(value)

    @override
    def why(self) -> str:
        return f"{self._is()}; plans wait until it is in {self._borders()}"


class SuspendInBand(_Band):
    """Plans wait while the value is inside the band."""

    @override
    def is_bad(self, value: Any) -> bool:
        return self._inside(value)

    @override
    def why(self) -> str:
        return f"{self._is()}; plans wait until it is out of {self._borders()}"


class SuspendBoolHigh(SuspenderBase):
    """Plans wait while the value is true."""

    needs_number = True

    @override
    def is_bad(self, value: Any) -> bool:
        return bool(value)

    @override
    def why(self) -> str:
        return f"{self._is()}; plans wait until it is off"


class SuspendBoolLow(SuspenderBase):
    """Plans wait while the value is false."""

    needs_number = True

    @override
    def is_bad(self, value: Any) -> bool:
        return not value

    @override
    def why(self) -> str:
        return f"{self._is()}; plans wait until it is on"


class SuspendWhenChanged(SuspenderBase):
    """Plans wait while the value is not the expected one.

    Args:
        expected_value: the good value; None takes the signal's first value.
        allow_resume: whether a return to the expected value releases plans; without it, only `reset` does.
    """

    def __init__(self, signal: Any, *, expected_value: Any = None, allow_resume: bool = True, **kwargs: Any) -> None:
        super().__init__(signal, **kwargs)
        self.expected_value, self.allow_resume = expected_value, allow_resume

    @override
    def is_bad(self, value: Any) -> bool:
        if self.expected_value is None:
            self.expected_value = value
        return bool(value != self.expected_value)

    @override
    def is_good(self, value: Any) -> bool:
        return self.allow_resume and not self.is_bad(value)

    @property
    def advice(self) -> str:
        """What comes next, and what to type; empty if it goes on by itself."""
        return "" if self.allow_resume else NEVER_RELEASES

    def reset(self) -> None:
        """Make the present value the expected one."""
        was_tripped = self.tripped
        self.expected_value, self._tripped = self._value, False
        self._report_change(was_tripped)

    @override
    def why(self) -> str:
        expected = self._with_unit(self.expected_value)
        if not self.allow_resume:
            return f"{self._is()} and was {expected}; plans wait until its reset() is called"
        return f"{self._is()}; plans wait until it is {expected}"


class SuspendWhen(SuspenderBase):
    """Plans wait while a function returns True; it is called at each message, and twice a second while they wait.

    Args:
        predicate: ``f() -> bool``; True means wait. One that raises counts as True.
        words: what is wrong then, such as "the hutch is open".
    """

    polls = True

    def __init__(self, predicate: Callable[[], bool], words: str = "", **kwargs: Any) -> None:
        super().__init__(None, **kwargs)
        self._has_value = True
        self._predicate = predicate
        self._words = words or getattr(predicate, "__name__", "a condition")
        self._cause = ""

    @property
    def name(self) -> str:
        """The condition in words."""
        return self._words

    @property
    def tripped(self) -> bool:
        """True if the predicate returns True now, or raises."""
        was_tripped = self._tripped
        try:
            self._tripped, self._cause = bool(self._predicate()), ""
        except Exception as exc:  # an unknown condition is not a good one
            self._tripped, self._cause = True, f"is unknown: {with_place(exc)}"
        if self._tripped != was_tripped:
            self.since = time.time()
        return self._tripped

    @override
    def why(self) -> str:
        return self._cause or "makes plans wait"
