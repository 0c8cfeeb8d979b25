"""Tells programs that list plans, such as queueserver and blueapi, which of our functions are plans, and of what.

They look for a mark on the function, and for annotations in the types of bluesky, which is looked at only if
it was imported before our plans, as these programs do: it is never imported here.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from beamshell import protocols
from beamshell.messages import Msg

G = TypeVar("G", bound=Callable[..., Any])


def bare_plan(function: G) -> G:
    """Mark a generator function as a plan. It is called as it is: a point pays nothing for it."""
    mark_as_plan(function, function)
    return function


def mark_as_plan(make_plan: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Mark `make_plan` as a function that returns plans, with annotations in bluesky's types if it is there.

    Args:
        make_plan: what people call.
        function: the function behind it, whose annotations are of ours.
    """
    make_plan._is_plan_ = True  # type: ignore[attr-defined]  # bluesky.utils.is_plan looks for it
    their_protocols, their_utils = sys.modules.get("bluesky.protocols"), sys.modules.get("bluesky.utils")
    if their_protocols is None or their_utils is None:
        return
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):  # a name that is there for a type checker only
        return
    theirs = {name: _as_theirs(hint, their_protocols, their_utils) for name, hint in hints.items()}
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=theirs.get(parameter.name, parameter.empty))
        for parameter in signature.parameters.values()
    ]
    if not _can_be_called_by_name(parameters):
        theirs["return"] = hints.get("return", signature.empty)  # blueapi lists what returns bluesky's messages
    make_plan.__annotations__ = theirs
    make_plan.__signature__ = signature.replace(  # type: ignore[attr-defined]  # inspect.signature looks for it
        parameters=parameters, return_annotation=theirs.get("return", signature.empty)
    )


def _can_be_called_by_name(parameters: list[inspect.Parameter]) -> bool:
    """False for a plan that blueapi, which hands over JSON by keyword, could list but not run."""
    return not any(
        parameter.kind is parameter.VAR_POSITIONAL
        or (parameter.default is parameter.empty and "Callable" in str(parameter.annotation))
        for parameter in parameters
    )


def _as_theirs(hint: Any, their_protocols: ModuleType, their_utils: ModuleType) -> Any:
    """A type with our protocols and messages replaced by bluesky's of the same name."""
    if hint is Msg:
        return their_utils.Msg
    if isinstance(hint, type) and hint.__module__ == protocols.__name__:
        return getattr(their_protocols, hint.__name__, Any)
    if isinstance(hint, list):  # the arguments of a Callable
        return [_as_theirs(part, their_protocols, their_utils) for part in hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is None or not parts:
        return hint
    their_parts = tuple(_as_theirs(part, their_protocols, their_utils) for part in parts)
    return Union[their_parts] if origin is UnionType else origin[their_parts]  # noqa: UP007  a tuple of types
