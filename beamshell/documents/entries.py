"""Entries of documents that anybody may have written: what a reader gets is of the right type, or empty.

Metadata are what a person or a plan has put there: `hints` may be a text, `motors` a number. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def entries_of(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping under a key; an empty one if something else is there, or nothing."""
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def sequence_of(document: Mapping[str, Any], key: str) -> Sequence[Any]:
    """The list under a key; an empty one if something else is there, or nothing."""
    value = document.get(key)
    return value if isinstance(value, list | tuple) else ()


def text_of(document: Mapping[str, Any], key: str) -> str:
    """The text under a key; "" if something else is there, or nothing."""
    value = document.get(key)
    return value if isinstance(value, str) else ""
