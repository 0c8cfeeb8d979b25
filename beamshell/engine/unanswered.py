"""Devices that do not answer hold a plan, as a suspender does, but only up to a limit.

A read, a write or a move that fails because the network is silent is no failure of the plan: the plan waits and does it
again. It knows devices by their `silences`, and no control system.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.channels.base import Silence
from beamshell.engine.resources import name_of
from beamshell.engine.world import World
from beamshell.errors import NoAnswer
from beamshell.text.times import clock_time, duration

ASK_S = 1.0
"""Seconds for an answer of a device whose action took too long: does it answer at all?"""


class Unanswered:
    """The condition that a device does not answer: a suspender that is not installed.

    Args:
        world: clocks, and the limit.
        obj: the device.
        silences: those of its servers and channels that made an action fail.
    """

    sleep = 0.0
    pre_plan = post_plan = None
    polls = True

    def __init__(self, world: World, obj: Any, silences: list[Silence]) -> None:
        self._world = world
        self._obj = obj
        self._silences = silences
        self._since = min(silence.since for silence in silences)

    @property
    def tripped(self) -> bool:
        """True while it does not answer; a circuit that breaks meanwhile counts too."""
        return any(silence.until is None for silence in self._current())

    @property
    def reason(self) -> str:
        """Which device does not answer, where, and since when."""
        addresses = list(dict.fromkeys(silence.address for silence in self._silences))
        more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
        return f"{name_of(self._obj)} has not answered since {self._time_of_day(self._since)} ({addresses[0]}{more})"

    @property
    def advice(self) -> str:
        """What comes next, and what to type."""
        return f"It goes on when it answers; after {duration(self._world.answer_wait_s)} it fails. Ctrl+C: pause."

    @property
    def account(self) -> str:
        """Such as "samx did not answer from 12:03:04 to 12:03:16", when it answers again."""
        until = max(silence.until or self._world.clock() for silence in self._current())
        since, until_text = self._time_of_day(self._since), self._time_of_day(until)
        return f"{name_of(self._obj)} did not answer from {since} to {until_text}"

    def failure(self) -> NoAnswer:
        """The exception for the plan when the limit is reached."""
        return NoAnswer(f"{self.reason}: given up after {duration(self._world.answer_wait_s)}; is its IOC running?")

    def _current(self) -> list[Silence]:
        return [silence for silence in self._obj.silences() if silence.since >= self._since]

    def _time_of_day(self, at: float) -> str:
        now = self._world.time()
        return clock_time(now - (self._world.clock() - at), now)


class DeviceSilences:
    """The devices that one call waits for because they do not answer.

    Args:
        world: clocks, and the limit.

    Attributes:
        waiting: for which the plan waits now.
    """

    def __init__(self, world: World) -> None:
        self.waiting: list[Unanswered] = []
        self._world = world
        self._began_at = world.clock()
        self._excused: list[Silence] = []

    def excuse(
        self, obj: Any, failure: Exception, checkpoint_at: float | None, call: Callable[..., Any]
    ) -> Unanswered | None:
        """The condition to wait for after a failure; None if the device answers, and the failure is its own.

        A silence counts if it began in this call and lasts, or has ended after the last checkpoint. Each counts once:
        what fails again has another cause.

        Args:
            obj: the device that failed.
            failure: as it goes to the plan.
            checkpoint_at: the time of the last checkpoint, on the clock; None: there was none.
            call: calls a method of the device.
        """
        if self._world.answer_wait_s <= 0 or not _lacks_an_answer(failure) or not hasattr(obj, "silences"):
            return None
        earliest_end = self._began_at if checkpoint_at is None else checkpoint_at
        for ask_s in (0.0, ASK_S):
            silences = [
                silence
                for silence in call(obj.silences, (ask_s,))
                if silence.since >= self._began_at
                and (silence.until is None or silence.until >= earliest_end)
                and silence not in self._excused
            ]
            if silences:
                self._excused += silences
                self.waiting.append(unanswered := Unanswered(self._world, obj, silences))
                return unanswered
        return None


def _lacks_an_answer(exc: BaseException | None) -> bool:
    """Whether an exception, or one that it comes from, says that something did not answer in time."""
    while exc is not None and not isinstance(exc, NoAnswer):
        exc = exc.__cause__
    return exc is not None
