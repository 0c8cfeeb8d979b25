"""Msg: one instruction that a plan yields to the engine.

Any object with its five attributes is a message. It knows nothing of devices or of the engine.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

_new_tuple = tuple.__new__  # looked up once: messages are made by the hundred thousand


class _Fields(NamedTuple):
    command: str
    obj: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    run: Any


class Msg(_Fields):
    """One instruction of a plan.

    Args:
        command: what to do, such as "set" or "checkpoint".
        obj: the device it concerns, or None.
        args: positional arguments of the command.
        run: the key of the run it belongs to; None is the plan's only run.
        kwargs: keyword arguments of the command.

    Example:
        >>> Msg("set", "th", 1.5, group="A")
        Msg('set', obj='th', args=(1.5,), kwargs={'group': 'A'}, run=None)
    """

    __slots__ = ()

    def __new__(cls, command: str, obj: Any = None, *args: Any, run: Any = None, **kwargs: Any) -> Msg:  # noqa: D102
        return _new_tuple(cls, (command, obj, args, kwargs, run))

    def __repr__(self) -> str:
        return f"Msg({self.command!r}, obj={self.obj!r}, args={self.args}, kwargs={self.kwargs}, run={self.run!r})"


msg_of: Callable[[tuple[str, Any, tuple[Any, ...], dict[str, Any], Any]], Msg] = partial(_new_tuple, Msg)
"""A message of its five fields, (command, obj, args, kwargs, run): at half the price of `Msg(...)`, which every point
pays several times."""

Plan: TypeAlias = Generator[Msg, Any, Any]
"""A generator of messages that receives the answer to each."""


def explain_no_message(value: Any, plan: Any) -> str:
    """What to write in place of `value`, which `plan` has yielded and which is no message: with file and line.

    It closes `value` if that is a plan.
    """
    generator = getattr(plan, "__iter__", lambda: plan)()
    while hasattr(deeper := getattr(generator, "gi_yieldfrom", None), "gi_frame"):
        generator = deeper
    frame = getattr(generator, "gi_frame", None)
    place = ""
    if frame is not None and "beamshell/engine/" not in frame.f_code.co_filename.replace(os.sep, "/"):
        code = frame.f_code
        place = f"{os.path.basename(code.co_filename)}, line {frame.f_lineno}, in {code.co_name}: "
    if not hasattr(value, "send"):
        return f"{place}{value!r} was yielded, which is no message: write `yield Msg(...)` or `yield from` a plan"
    name = getattr(value, "__name__", "plan")
    value.close()
    return f"{place}write `yield from {name}(...)`, not `yield {name}(...)`"
