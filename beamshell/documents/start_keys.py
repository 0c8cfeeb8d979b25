"""The keys of a start document that programs read, and the types that they have there.

Pure. A person or a plan may write anything into a run; who reads a run leaves out what is not of its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from beamshell.documents.continuation import CONTINUED_AT, CONTINUES, CONTINUES_SCAN


def _is_text(value: Any) -> bool:
    """Text that can be written to a file: a lone surrogate is half of a character."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _are_names(value: Any) -> bool:
    return _is_list(value) and all(map(_is_text, value))


def _are_counts(value: Any) -> bool:
    return _is_list(value) and all(map(_is_count, value))


def _are_lists(value: Any) -> bool:
    return _is_list(value) and all(map(_is_list, value))


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_hints(value: Any) -> bool:
    if not _is_dict(value):
        return False
    dimensions = value.get("dimensions", [])
    return _is_list(dimensions) and all(map(_is_dimension, dimensions))


def _is_dimension(value: Any) -> bool:
    return _is_list(value) and len(value) == 2 and _are_names(value[0]) and _is_text(value[1])


_TYPES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("plan_name", "plan_type", "plan_form", "command", "operator", CONTINUES), _is_text),
    **dict.fromkeys(("motors", "detectors"), _are_names),
    **dict.fromkeys(("num_points", "num_intervals", CONTINUED_AT, CONTINUES_SCAN), _is_count),
    **dict.fromkeys(("plan_args", "versions"), _is_dict),
    "shape": _are_counts,
    "extents": _are_lists,
    "snaking": _is_list,
    "hints": _are_hints,
}


def without_wrong_types(start: Mapping[str, Any]) -> dict[str, Any]:
    """A start document without the keys whose values are not of the type that programs expect."""
    return {key: value for key, value in start.items() if key not in _TYPES or _TYPES[key](value)}
