"""JSON pointers (RFC 6901): where in a document a value is. Pure; it knows no service.

"/motors/0/position" is the position of the first of the motors; "" is the whole document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) such as "/motors/0/position" shows.

    Raises:
        LookupError: there is no such place in the document.
    """
    for word in _words(pointer):
        try:
            document = document[int(word)] if isinstance(document, list) else document[word]
        except (TypeError, ValueError) as exc:
            raise LookupError(word) from exc
    return document


def beside(document: Any, pointer: str) -> Mapping[str, Any]:
    """The object that the value is a member of; empty if there is none."""
    holder = pointed(document, pointer.rpartition("/")[0]) if pointer else document
    return holder if isinstance(holder, Mapping) else {}


def nested(pointer: str, value: Any) -> Any:
    """`value` in a document of which `pointer` shows it: "/a/b" makes {"a": {"b": value}}."""
    for word in reversed(_words(pointer)):
        value = {word: value}
    return value


def _words(pointer: str) -> list[str]:
    return [word.replace("~1", "/").replace("~0", "~") for word in pointer.split("/")[1:]]
