"""Suspenders of bluesky as suspenders of this engine, and the refusal of what is none.

A suspender of bluesky tells its engine that it has tripped, on that engine's event loop. Here it only judges the values
of its signal; when it is looked at, and what a lost signal means, are those of any other suspender. It is known by its
methods, so bluesky need not be installed.
"""

from __future__ import annotations

import math
from typing import Any

from typing_extensions import override

from beamshell.engine.suspenders import NEVER_RELEASES, SuspenderBase
from beamshell.errors import PlanError

_JUDGES = ("_should_suspend", "_should_resume", "_get_justification")
_PARTS = ("_sig", "_sleep", "_pre_plan", "_post_plan", "_tripped_message")
_ENGINES_PART = ("__call__", "install", "remove", "get_futures", "tripped")
"""What bluesky's own base does together with its engine; a class that does it otherwise counts on that engine."""

_OF_A_SUSPENDER = ("install", "remove", "tripped", "reason", "sleep", "pre_plan", "post_plan")


def as_suspender(suspender: Any) -> Any:
    """The suspender itself, or, of one of bluesky's, a suspender of this engine that asks it.

    Raises:
        PlanError: it can suspend nothing here; the message says why.
    """
    if isinstance(suspender, SuspenderBase):
        return suspender
    name = type(suspender).__name__
    if isinstance(suspender, type):
        raise PlanError(
            f"{suspender.__name__} is a class: install one that watches a signal, {suspender.__name__}(...)"
        )
    if all(hasattr(suspender, part) for part in (*_JUDGES, *_PARTS)):
        own = [method for method in _ENGINES_PART if _is_overridden(type(suspender), method)]
        if own:
            raise PlanError(
                f"{name} has a {own[0]} of its own, which needs bluesky's engine: write _should_suspend instead"
            )
        return BlueskySuspender(suspender)
    if all(hasattr(suspender, part) for part in _OF_A_SUSPENDER):
        return suspender
    raise PlanError(f"{name} is no suspender: install one such as SuspendFloor(ring, 50)")


def _is_overridden(kind: type, method: str) -> bool:
    """True if the method is not that of the class which bluesky's suspenders have in common."""
    base = next((cls for cls in reversed(kind.__mro__) if "_should_suspend" in vars(cls)), kind)
    return any(method in vars(cls) for cls in kind.__mro__[: kind.__mro__.index(base)])


class BlueskySuspender(SuspenderBase):
    """A suspender of this engine that asks one of bluesky's whether a value is good.

    Args:
        original: the suspender of bluesky; it equals this one.
    """

    def __init__(self, original: Any) -> None:
        self.original = original
        self._justification = ""
        super().__init__(
            original._sig, sleep=original._sleep, pre_plan=original._pre_plan, post_plan=original._post_plan
        )

    def __eq__(self, other: object) -> bool:
        return other is self or other is self.original

    def __hash__(self) -> int:
        return hash(self.original)

    def __repr__(self) -> str:
        return super().__repr__().replace(type(self).__name__, type(self.original).__name__, 1)

    @override
    def is_bad(self, value: Any) -> bool:
        return bool(self.original._should_suspend(value))

    @override
    def is_good(self, value: Any) -> bool:
        return bool(self.original._should_resume(value))

    @override
    def _trips(self, value: Any) -> bool:
        tripped = super()._trips(value)
        if isinstance(value, float) and math.isnan(value):  # no comparison with it is true
            tripped, self._fault = True, "is NaN"
        # Before the next call: Ctrl+C may come in it.
        self._tripped, self._has_value, self.original._tripped = tripped, True, tripped
        if tripped:  # here and not where it is shown: it may read the signal
            self._justification = ""
            self._justification = self._ask_why()
        return tripped

    def _ask_why(self) -> str:
        try:
            return str(self.original._get_justification()).rstrip(". ").replace(".: ", ": ")
        except Exception:  # its own code; that plans wait is what counts
            return ""

    @override
    def why(self) -> str:
        return f"{self._is()}; {type(self.original).__name__} holds plans"

    @property
    def reason(self) -> str:
        """Why plans wait, in the suspender's own words if it has some; empty while they need not."""
        text = super().reason
        judged = self._connected and self._has_value and not self._invalid and not self._fault
        return (self._justification or text) if text and judged else text

    @property
    def advice(self) -> str:
        """What comes next, and what to type; empty if it goes on by itself."""
        return "" if getattr(self.original, "allow_resume", True) else NEVER_RELEASES

    @override
    def remove(self) -> None:
        super().remove()
        self.original._tripped = False
