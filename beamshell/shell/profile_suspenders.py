"""Suspenders of a profile: made from its settings, described in words, made again when their devices are replaced.

It knows the engine's suspenders and the registry, and no command.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from beamshell.awaiting import answer
from beamshell.errors import BeamshellError, ConfigError
from beamshell.text.nearest import unknown
from beamshell.text.times import clock_time, duration

if TYPE_CHECKING:
    from beamshell.devices.registry import Registry
    from beamshell.engine import RunEngine

_INVALID_ALARM = 3
"""EPICS alarm severity INVALID: the value means nothing (menuAlarmSevr of EPICS base)."""


class ProfileSuspenders:
    """The suspenders that one console has installed for its profile.

    Args:
        engine: whose plans they suspend.
        registry: has the signals that they watch.
        report: called with each setting that makes no suspender.
    """

    def __init__(self, engine: RunEngine, registry: Registry, report: Callable[[BaseException], None]) -> None:
        self._engine = engine
        self._registry = registry
        self._report = report
        self._installed: list[tuple[dict[str, Any], Any]] = []

    def install(self, setting: dict[str, Any]) -> None:
        """Install one, such as ``{"class": "SuspendFloor", "signal": "ring", "suspend_thresh": 50}``."""
        from beamshell.engine import suspenders

        options = dict(setting)
        try:
            name = str(options.pop("class", ""))
            classes = {key: cls for key, cls in vars(suspenders).items() if key.startswith("Suspend")}
            if name not in classes:
                raise unknown("class", name, classes)
            suspender = classes[name](self._registry.find(str(options.pop("signal", ""))), **options)
            self._engine.install_suspender(suspender)
            self._installed.append((setting, suspender))
        except (BeamshellError, TypeError, ValueError) as exc:
            self._report(ConfigError(f"suspender {setting}: {exc}"))

    def renew(self, replaced: Collection[str]) -> None:
        """Make the suspenders of these devices again, so that they watch the new objects.

        Args:
            replaced: names of devices that were made anew or removed.
        """
        for setting, suspender in list(self._installed):
            if str(setting.get("signal", "")).partition(".")[0] in replaced:
                self._engine.remove_suspender(suspender)
                self._installed.remove((setting, suspender))
                self.install(setting)


def describe(suspender: Any, *, is_off: bool = False) -> str:
    """A line about a suspender and its state: "good   <suspender>", or "HOLDS  <suspender>" and which plans.

    Args:
        suspender: any.
        is_off: whether the suspenders are switched off, and none holds plans.
    """
    if not suspender.tripped:
        return f"good   {suspender!r}"
    if is_off:
        return f"bad    {suspender!r} (holds nothing while they are off)"
    which = "also moves" if getattr(suspender, "suspend_moves", False) else "not moves"
    return f"HOLDS  {suspender!r} ({which})"


def describe_off(engine: RunEngine) -> list[str]:
    """A line that says how long the suspenders are switched off; none while they count."""
    until = engine.suspenders_off_until
    if until is None:
        return []
    now = time.time()
    left = duration(max(0.0, until - now))
    return [f"OFF until {clock_time(until, now)}, {left} from now: no plan waits (suspenders on ends it)"]


def suspender_lines(engine: RunEngine) -> list[str]:
    """A line for each suspender: what it watches, and whether it suspends plans now."""
    off = describe_off(engine)
    return [*off, *(describe(suspender, is_off=bool(off)) for suspender in engine.suspenders)]


def why_suspended(engine: RunEngine) -> str:
    """Why plans wait now, and what to type not to wait."""
    if engine.unanswered:
        return f"{'; '.join(device.reason for device in engine.unanswered)}.\nNot to wait: abort."
    if off := describe_off(engine):
        return off[0]
    reasons = [suspender.reason for suspender in engine.suspenders if suspender.tripped]
    if not reasons:
        return "no plan waits: all suspenders are good"
    return f"{'; '.join(reasons)}.\nNot to wait: suspenders off 10min (moves do not wait, unless a suspender says so)."


def wait_until_good(suspenders: Iterable[Any], left_s: Callable[[], float]) -> None:
    """Wait until no suspender has a reason to suspend a plan, or the time is over.

    A suspender whose first good value arrives late would otherwise suspend the first plan for nothing.

    Args:
        suspenders: the installed ones.
        left_s: gives the seconds that are left.
    """
    while left_s() > 0 and not all(map(_is_good, suspenders)):
        time.sleep(0.01)


def _is_good(suspender: Any) -> bool:
    """True if the suspender has not tripped and its signal, read now, has a valid value."""
    if suspender.tripped:
        return False
    try:
        return all(
            reading.get("alarm_severity", 0) < _INVALID_ALARM for reading in answer(suspender.signal.read).values()
        )
    except (BeamshellError, TimeoutError):  # the signal does not answer; the suspender itself says so
        return False
