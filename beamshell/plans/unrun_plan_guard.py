"""Plans that say so when they are called and not run: a missing ``yield from``, or ``RE(...)`` forgotten.

It costs a plan its call, and its messages nothing: whoever runs the plan is handed the bare generator.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from types import GeneratorType
from typing import Any, ParamSpec, cast

from beamshell.messages import Msg, Plan

P = ParamSpec("P")


class PlanNotRun(UserWarning):
    """A plan was called, and thrown away without being run: nothing has happened."""


class UnrunPlanGuard:
    """A plan that nobody has begun to run yet.

    It can be used as the generator that it holds, and hands that out when it is iterated.

    Args:
        generator: the plan itself.
    """

    __slots__ = ("_generator", "_taken", "send", "throw")

    def __init__(self, generator: GeneratorType[Msg, Any, Any]) -> None:
        self._generator = generator
        self._taken = False
        self.send, self.throw = generator.send, generator.throw

    def __iter__(self) -> Plan:
        self._taken = True
        return self._generator

    def __next__(self) -> Msg:
        return next(self._generator)

    def close(self) -> None:
        """Throw the plan away on purpose."""
        self._generator.close()

    @property
    def __name__(self) -> str:
        """The name of the function that made the plan."""
        return self._generator.__name__

    def __repr__(self) -> str:
        if self._never_run():
            return f"<{self.__name__}: a plan that has not been run; RE(...) runs it>"
        return f"<{self.__name__}: a plan>"

    def _never_run(self) -> bool:
        plan = self._generator
        return not (self._taken or plan.gi_running or plan.gi_suspended or plan.gi_frame is None)

    def __del__(self) -> None:
        if self._never_run() and not sys.is_finalizing():
            warnings.warn(
                f"{self.__name__}(...) was called but not run, so nothing has happened: "
                f"write `yield from {self.__name__}(...)` in a plan, or `RE({self.__name__}(...))` at the prompt",
                PlanNotRun,
                stacklevel=2,
            )


def plan(function: Callable[P, Plan]) -> Callable[P, Plan]:
    """A function that makes the same plans, which warn if they are thrown away without being run.

    Example:
        >>> @plan
        ... def align():
        ...     yield from mv(th, 0)
    """

    @functools.wraps(function)
    def planned(*args: P.args, **kwargs: P.kwargs) -> Plan:
        return _planned(function(*args, **kwargs))

    return planned


def wrapper(function: Callable[P, Plan]) -> Callable[P, Plan]:
    """As `plan`, for plans made of plans: those that are given count as run when this one is."""

    @functools.wraps(function)
    def planned(*args: P.args, **kwargs: P.kwargs) -> Plan:
        taken = [_taken(arg) for arg in args]
        return _planned(function(*taken, **{key: _taken(value) for key, value in kwargs.items()}))

    return planned


def _taken(value: Any) -> Any:
    return iter(value) if type(value) is UnrunPlanGuard else value


def _planned(made: Plan) -> Plan:
    made = _taken(made)
    return cast(Plan, UnrunPlanGuard(made)) if isinstance(made, GeneratorType) else made
