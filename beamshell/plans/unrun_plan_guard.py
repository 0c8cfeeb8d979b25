"""Plans that remember how they were called, and warn when they are thrown away without being run.

The warning names a missing ``yield from`` or ``RE(...)``. The guard costs a little when the plan is made, and nothing
for each message: the engine gets the bare generator.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import warnings
from collections.abc import Callable, Mapping
from traceback import FrameSummary
from types import CodeType, GeneratorType
from typing import Any, NamedTuple, ParamSpec

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans.arguments import are_missing, missing_detectors
from beamshell.plans.plan_annotations import mark_as_plan
from beamshell.text.own_code import place_of_frame

P = ParamSpec("P")


class PlanNotRun(UserWarning):
    """A plan was called, and thrown away without being run: nothing has happened."""


class PlanCall(NamedTuple):
    """The call that made a plan."""

    function: Callable[..., Plan]
    """As it is called: what the decorator has made."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    name: str = ""
    """What the function is called at the prompt, if it is no plan of ours."""

    @property
    def can_be_repeated(self) -> bool:
        """False if an argument would be used up: an iterator, or a plan that does not know its call."""
        return all(map(_is_kept, (*self.args, *self.kwargs.values())))

    def repeat(self) -> Plan:
        """The same plan once more, not begun."""
        again = {key: _repeated(value) for key, value in self.kwargs.items()}
        return self.function(*map(_repeated, self.args), **again)


class UnrunPlanGuard:
    """Holds a plan that was not begun, and warns if it is thrown away so.

    It can be used as the generator that it holds, and hands that out when it is iterated.

    Args:
        generator: the plan itself.
        call: the fields of the PlanCall that made it, as a tuple: a scan makes many plans, and few need a PlanCall.
        caller: the code that called its function, and the offset of the call in it; None if that is not known.
    """

    __slots__ = ("_call", "_caller", "_generator", "_is_begun", "send", "throw")

    def __init__(
        self, generator: GeneratorType[Msg, Any, Any], call: tuple[Any, ...], caller: tuple[CodeType, int] | None
    ) -> None:
        self._generator = generator
        self._is_begun = False
        self._call = call
        self._caller = caller
        self.send, self.throw = generator.send, generator.throw  # no frame of ours between a plan and who drives it

    @property
    def call(self) -> PlanCall:
        """The call that made the plan."""
        return PlanCall(*self._call)

    def __iter__(self) -> Plan:
        plan = self._generator
        if self._is_begun and not plan.gi_running:  # used a second time, from its beginning; the first may be paused
            call = self.call
            if call.can_be_repeated:
                return iter(call.repeat())
            refuse_ended(plan)
            if plan.gi_suspended:
                raise already_run(plan)
        self._is_begun = True
        return plan

    def __next__(self) -> Msg:
        return next(self._generator)  # who looks at the first message before iterating goes on with this generator

    def close(self) -> None:
        """Throw the plan away on purpose."""
        self._generator.close()

    @property
    def gi_suspended(self) -> bool:
        """True if the plan was begun and has not ended, as of a generator: it runs, or is paused."""
        return self._generator.gi_suspended

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
        return not (self._is_begun or plan.gi_running or plan.gi_suspended or plan.gi_frame is None)

    def __del__(self) -> None:
        if self._never_run() and not sys.is_finalizing():
            place = f" ({self._place})" if self._place else ""
            warnings.warn(
                f"{self.__name__}(...) was called but not run{place}, so nothing has happened: "
                f"write `yield from {self.__name__}(...)` in a plan, or `RE({self.__name__}(...))` at the prompt",
                PlanNotRun,
                stacklevel=2,
            )

    @property
    def _place(self) -> str:
        """Where its function was called, if that is a person's own code: "/home/me/align.py:3, in sweep"."""
        if self._caller is None:
            return ""
        code, offset = self._caller
        line = next(itertools.islice(code.co_positions(), offset // 2, None))[0]
        return place_of_frame(FrameSummary(code.co_filename, line, code.co_name))


def already_run(plan: Any) -> PlanError:
    """The error for a plan that has ended, and is used once more."""
    name = getattr(plan, "__name__", "plan")
    return PlanError(f"this plan of {name}(...) has been run already: call {name}(...) again to make a new one")


def plan(function: Callable[P, Plan]) -> Callable[P, Plan]:
    """A function that makes the same plans, which warn if they are thrown away without being run.

    Example:
        >>> @plan
        ... def align():
        ...     yield from mv(th, 0)
    """

    @functools.wraps(function)
    def make_plan(*args: P.args, **kwargs: P.kwargs) -> Plan:
        caller = sys._getframe(1)
        try:
            plan = function(*args, **kwargs)
        except TypeError as exc:
            takes_detectors = next(iter(inspect.signature(function).parameters), "") == "detectors"
            if takes_detectors and args and "missing" in str(exc) and are_missing(args[0]):
                raise missing_detectors(function.__name__, args) from None
            raise
        return guarded(plan, (make_plan, args, kwargs), (caller.f_code, caller.f_lasti))

    mark_as_plan(make_plan, function)
    return make_plan


def wrapper(function: Callable[P, Plan]) -> Callable[P, Plan]:
    """As `plan`, for functions that take plans: those count as run when the new plan is run."""

    @functools.wraps(function)
    def make_plan(*args: P.args, **kwargs: P.kwargs) -> Plan:
        plain_args = [_bare_plan(arg) for arg in args]
        result = function(*plain_args, **{key: _bare_plan(value) for key, value in kwargs.items()})
        caller = sys._getframe(1)
        return guarded(result, (make_plan, args, kwargs), (caller.f_code, caller.f_lasti))

    mark_as_plan(make_plan, function)
    return make_plan


def guarded(plan: Plan, call: tuple[Any, ...], caller: tuple[CodeType, int] | None = None) -> Plan:
    """The plan in a guard with its call, a PlanCall or its fields; an object that is no generator stays as it is.

    Args:
        plan: not begun.
        call: the call that made it.
        caller: the code that called, and the offset of the call in it.
    """
    bare: Any = plan if type(plan) is GeneratorType else _bare_plan(plan)
    guard: Any = UnrunPlanGuard(bare, call, caller) if isinstance(bare, GeneratorType) else bare
    return guard  # type: ignore[no-any-return]  # it stands in for its generator


def call_of(plan: Any) -> PlanCall | None:
    """The call that made a plan; None for a bare generator."""
    return plan.call if type(plan) is UnrunPlanGuard else None


def refuse_ended(plan: Any) -> None:
    """Do nothing if a plan can still be run.

    Raises:
        PlanError: it is a generator that has ended.
    """
    if isinstance(plan, GeneratorType) and plan.gi_frame is None:
        raise already_run(plan)


def _bare_plan(value: Any) -> Any:
    return iter(value) if type(value) is UnrunPlanGuard else value


def _is_kept(value: Any) -> bool:
    call = call_of(value)
    return call.can_be_repeated if call is not None else not hasattr(value, "__next__")


def _repeated(value: Any) -> Any:
    call = call_of(value)
    return value if call is None else call.repeat()
