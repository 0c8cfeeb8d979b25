"""wait_until: a plan that waits until a value fulfils a condition, and has fulfilled it for some time.

The value comes by subscription. It knows no control system: the signal is given to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from beamshell.errors import CommandTimeout, PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans.arguments import seconds
from beamshell.plans.environment import is_simulated, now
from beamshell.plans.unrun_plan_guard import plan

LOOK_S = 0.1
"""Seconds between two looks at what has come by subscription."""
_INVALID = 3
"""EPICS alarm severity of a value that means nothing (menuAlarmSevr of EPICS base)."""


class ConditionWatch:
    """Whether a value fulfils a condition, and since when.

    A value with an INVALID alarm and a lost connection fulfil nothing. Values may come in any thread.

    Args:
        holds: a function of the value.
        for_s: seconds for which the condition must be fulfilled without a break.

    Attributes:
        value: the last that has come; None before the first.
        failure: what the condition has raised.
    """

    def __init__(self, holds: Callable[[Any], bool], for_s: float = 0.0) -> None:
        self.value: Any = None
        self.failure: Exception | None = None
        self._holds = holds
        self._for_s = for_s
        self._since: float | None = None

    def take(self, value: Any, time_s: float, severity: int = 0) -> None:
        """Note a new value.

        Args:
            value: any.
            time_s: when it came, on a clock that only grows.
            severity: its alarm severity, 0 to 3.
        """
        self.value = value
        try:
            is_fulfilled = severity < _INVALID and bool(self._holds(value))
        except Exception as exc:  # noqa: BLE001  raised in the plan, and not in the thread that brings values
            self.failure, is_fulfilled = exc, False
        if not is_fulfilled:
            self._since = None
        elif self._since is None:
            self._since = time_s

    def lose(self) -> None:
        """Note that the connection is lost: what the value is meanwhile is not known."""
        self._since = None

    def left_s(self, time_s: float) -> float:
        """Seconds until the condition has been fulfilled for long enough; infinite while it is not."""
        return math.inf if self._since is None else max(0.0, self._since + self._for_s - time_s)


@plan
def wait_until(
    signal: Any,
    holds: Callable[[Any], bool],
    *,
    for_s: float = 0.0,
    timeout_s: float | None = None,
    looked: Callable[[ConditionWatch, bool], None] = lambda _watch, _connected: None,
) -> Plan:
    """Wait until the value of a signal fulfils a condition. Returns the value.

    Args:
        signal: has `subscribe`, as signals and positioners do.
        holds: a function of the value.
        for_s: seconds for which the condition must be fulfilled without a break.
        timeout_s: the longest wait in seconds; None for no such limit.
        looked: called with the watch, and whether the signal is connected, each time the plan has looked.

    Raises:
        CommandTimeout: the condition was not fulfilled in time.
        PlanError: the condition fails for a value; compare with one of its kind.

    Example:
        ``RE(wait_until(ring, lambda current: current > 50, for_s=10))``
    """
    for_s = seconds(for_s, "for_s")
    timeout_s = None if timeout_s is None else seconds(timeout_s, "timeout_s", positive=True)
    if is_simulated():  # nobody knows how long it will take
        return None
    watch = ConditionWatch(holds, for_s)

    def take(*, value: Any, severity: int = 0, **_: Any) -> None:
        watch.take(value, now(), severity)

    begun = now()
    token = signal.subscribe(take)
    try:
        while True:
            is_connected = bool(getattr(signal, "connected", True))
            if not is_connected:
                watch.lose()
            if watch.failure is not None:
                raise PlanError(f"{signal.name}: {watch.value!r} cannot be judged: {watch.failure}") from watch.failure
            left_s = watch.left_s(now())
            looked(watch, is_connected)
            if left_s <= 0:
                return watch.value
            if timeout_s is not None and now() - begun >= timeout_s:
                raise CommandTimeout(f"{signal.name}: not after {timeout_s:g} s: the last value is {watch.value}")
            yield Msg("checkpoint")  # a pause does not begin the wait anew
            yield Msg("sleep", None, min(LOOK_S, left_s))
    finally:
        signal.unsubscribe(token)
