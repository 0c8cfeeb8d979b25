"""Status: an action under way, and how it ended.

It knows no device and no control system; the code that started the action ends the status.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Callable
from typing import Any

from beamshell.channels.timers import Timer, call_later
from beamshell.channels.updates import completions
from beamshell.errors import InvalidState, StatusTimeoutError, WaitTimeoutError

logger = logging.getLogger(__name__)

# One lock for the brief moment in which any status changes state: a lock each would cost more than it protects.
# It is re-entrant because a signal handler may finish a status while the main thread is finishing another.
_transition = threading.RLock()


class Status:
    """An action under way: `done` once it has ended, `success` if it ended well.

    Args:
        obj: the device that acts; its `name` appears in messages.
        timeout: seconds after which the action has failed; None and infinity wait for ever.
        settle_time: seconds between `set_finished` and done.
        action: the name of the action in messages: "set to 5 mm".

    Example:
        >>> status = Status(action="count")
        >>> status.set_finished()
        >>> status.success
        True
    """

    # Defaults live in the class: a status is made for every signal of every point, and most change few of them.
    _done = False
    _ending = False
    _timed_out = False
    _exception: BaseException | None = None
    _event: threading.Event | None = None
    _timer: Timer | None = None
    _callbacks: list[Callable[[Any], None]] | None = None

    def __init__(
        self, obj: Any = None, timeout: float | None = None, settle_time: float = 0.0, action: str = ""
    ) -> None:
        self.obj = obj
        self.timeout = timeout
        self.settle_time = settle_time
        self.action = action
        if timeout is not None and timeout != math.inf:
            self._timer = call_later(timeout, self._on_deadline)

    @property
    def done(self) -> bool:
        """True once the action has ended, well or badly."""
        return self._done

    @property
    def success(self) -> bool:
        """True once the action has ended well."""
        return self._done and self._exception is None

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        """Why the action failed; None if it succeeded, or if it is under way and `timeout` is 0.

        Raises:
            WaitTimeoutError: it did not end within `timeout` seconds (None waits for ever); wait longer or stop it.
        """
        if timeout != 0:
            self._await(timeout)
        return self._exception

    def wait(self, timeout: float | None = None) -> None:
        """Return when the action has ended well.

        Raises:
            WaitTimeoutError: it did not end within `timeout` seconds; it may still do so.
            BaseException: what made the action fail.
        """
        self._await(timeout)
        if self._exception is not None:
            raise self._exception

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(status)` once, when the action ends: in the thread that ends it, or now if it has."""
        with _transition:
            if not self._done:
                if self._callbacks is None:
                    self._callbacks = [callback]
                else:
                    self._callbacks.append(callback)
                return
        self._call(callback)

    def set_finished(self) -> None:
        """End the status as a success.

        Raises:
            InvalidState: its end was announced before; announce it once.
        """
        if self.settle_time > 0:
            if self._claim():
                call_later(self.settle_time, lambda: completions.post(lambda: self._end(None)))
        elif self._claim():
            self._end(None)

    def set_exception(self, exception: BaseException) -> None:
        """End the status as a failure because of `exception`.

        Raises:
            InvalidState: its end was announced before; announce it once.
        """
        if not isinstance(exception, BaseException):
            raise TypeError(f"{self._subject()}: set_exception needs an exception, not {exception!r}")
        if self._claim():
            self._end(exception)

    def end(self, failure: BaseException | None = None) -> None:
        """End the status, because of `failure` if there is one; do nothing if it has ended, perhaps at this moment."""
        with contextlib.suppress(InvalidState):
            if failure is None:
                self.set_finished()
            else:
                self.set_exception(failure)

    def __and__(self, other: Status) -> AndStatus:
        return AndStatus(self, other)

    def __repr__(self) -> str:
        end = "done" if self._exception is None else f"failed: {self._exception}"
        return f"<{type(self).__name__} {self._subject()}: {end if self._done else 'under way'}>"

    def _subject(self) -> str:
        """Device and action, as far as they are known."""
        parts = [str(part) for part in (getattr(self.obj, "name", None) or self.obj, self.action) if part]
        return ": ".join(parts) or "action"

    def _claim(self) -> bool:
        """True if the caller may end this status; False if it comes after a time-out."""
        with _transition:
            if not self._ending:
                self._ending = True
                return True
            if self._timed_out:
                logger.debug("%s: ended after its time-out", self._subject())
                return False
        raise InvalidState(f"{self._subject()}: its end was announced before")

    def _end(self, exception: BaseException | None) -> None:
        with _transition:
            self._exception = exception
            self._done = True
            callbacks, self._callbacks = self._callbacks, None
            event = self._event
        if self._timer is not None:
            self._timer.cancel()
        if event is not None:
            event.set()
        for callback in callbacks or ():
            self._call(callback)

    def _call(self, callback: Callable[[Any], None]) -> None:
        try:
            callback(self)
        except Exception:  # the other callbacks still have to be called
            logger.exception("%s: a callback of this status failed", self._subject())

    def _on_deadline(self) -> None:
        completions.post(self._expire)  # callbacks may be slow, and the timer thread serves everybody

    def _expire(self) -> None:
        with _transition:
            if self._ending:
                return
            self._ending = self._timed_out = True
        self._end(StatusTimeoutError(f"{self._subject()}: not done within {self.timeout:g} s"))

    def _await(self, timeout: float | None) -> None:
        with _transition:
            if self._done:
                return
            if self._event is None:
                self._event = threading.Event()
        if not self._event.wait(timeout):
            raise WaitTimeoutError(f"{self._subject()}: not done after {timeout:g} s of waiting")


class DeviceStatus(Status):
    """The status of an action of a device."""

    def __init__(self, device: Any, **kwargs: Any) -> None:
        super().__init__(device, **kwargs)

    @property
    def device(self) -> Any:
        """The device that acts."""
        return self.obj


class AndStatus(Status):
    """Done when both are done; failed as soon as one fails."""

    def __init__(self, left: Status, right: Status) -> None:
        super().__init__()
        self.left = left
        self.right = right
        left.add_callback(self._on_part)
        right.add_callback(self._on_part)

    def _subject(self) -> str:
        return " and ".join(getattr(part, "_subject", part.__repr__)() for part in (self.left, self.right))

    def _on_part(self, part: Status) -> None:
        failure = part.exception()
        with _transition:
            if self._ending or not (failure is not None or (self.left.done and self.right.done)):
                return
            self._ending = True
        self._end(failure)


class SubscriptionStatus(DeviceStatus):
    """Done when `condition(value=..., old_value=..., ...)` is true of an update of a signal or device.

    Args:
        device: the signal or device to subscribe to.
        condition: called at each change with the keywords of a subscription.
        event_type: the event; None is the device's usual event.
        run: test the present value too.
        kwargs: timeout, settle_time, action.
    """

    def __init__(
        self,
        device: Any,
        condition: Callable[..., Any],
        event_type: str | None = None,
        run: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(device, **kwargs)
        self._condition = condition
        self.add_callback(lambda _: device.clear_sub(self._on_event))
        device.subscribe(self._on_event, event_type=event_type, run=run)

    def _on_event(self, *args: Any, **kwargs: Any) -> None:
        if self._ending:
            return
        try:
            reached = self._condition(*args, **kwargs)
        except Exception as exc:  # noqa: BLE001 - whoever waits must learn that the condition can never be met
            self.set_exception(exc)
            return
        if reached:
            self.set_finished()
