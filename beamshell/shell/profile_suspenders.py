"""The suspenders that a profile names: made from its facts, told in words, renewed when their devices are.

It knows the engine's suspenders and the registry, not how a person asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from beamshell.errors import BeamshellError, ConfigError

if TYPE_CHECKING:
    from beamshell.devices.registry import Registry
    from beamshell.engine import RunEngine

_INVALID = 3
"""The EPICS alarm severity of a value that means nothing."""


class ProfileSuspenders:
    """Those of one console.

    Args:
        engine: whose plans they hold up.
        registry: where the signals are that they watch.
        report: told what is wrong with a fact.
    """

    def __init__(self, engine: RunEngine, registry: Registry, report: Callable[[BaseException], None]) -> None:
        self._engine = engine
        self._registry = registry
        self._report = report
        self._installed: list[tuple[dict[str, Any], Any]] = []

    def install(self, fact: dict[str, Any]) -> None:
        """Install one, such as ``{"class": "SuspendFloor", "signal": "ring", "suspend_thresh": 50}``."""
        try:
            suspender = self._made(dict(fact))
            self._engine.install_suspender(suspender)
            self._installed.append((fact, suspender))
        except (BeamshellError, TypeError, ValueError) as exc:
            self._report(ConfigError(f"suspender {fact}: {exc}"))

    def _made(self, fact: dict[str, Any]) -> Any:
        from beamshell.engine import suspenders

        cls = getattr(suspenders, str(fact.pop("class", "")), None)
        if cls is None:
            raise ConfigError("no such class in beamshell.engine.suspenders")
        return cls(self._registry.find(str(fact.pop("signal", ""))), **fact)

    def renew(self, gone: Collection[str]) -> None:
        """Let them watch the new objects in place of the devices that are gone, given by name."""
        for fact, suspender in list(self._installed):
            if str(fact.get("signal", "")).partition(".")[0] in gone:
                self._engine.remove_suspender(suspender)
                self._installed.remove((fact, suspender))
                self.install(fact)


def in_words(suspender: Any) -> str:
    """What it watches, and whether it holds runs up."""
    if suspender.tripped:
        return f"HOLDS  {suspender!r}: {suspender.reason}"
    return f"good   {suspender!r}"


def is_good(suspender: Any) -> bool:
    """True if neither the suspender nor its signal, asked now, knows a reason to wait."""
    if suspender.tripped:
        return False
    try:
        return all(reading.get("alarm_severity", 0) < _INVALID for reading in suspender.signal.read().values())
    except BeamshellError:  # it does not answer, as the suspender will say
        return False
