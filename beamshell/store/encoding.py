"""Writes documents and metadata as JSON text and reads them back; no value makes writing fail.

It knows no file. NaN and infinities are written as Python's json writes them (`NaN`, `Infinity`). A value that JSON
cannot hold becomes a dict with one marked key: `{"__bytes__": base64}` and `{"__complex__": [re, im]}` are read back as
bytes and complex numbers, `{"__repr__": text}` as that dict.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import enum
import json
import logging
import pathlib
import reprlib
import uuid
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from beamshell.arrays import np

_log = logging.getLogger(__name__)
_reported: set[type] = set()  # types that the log has already named as written as a repr


def to_json(value: Any) -> str:
    """One line of ASCII JSON, whatever `value` holds."""
    return _write(value, _encode_anything, _any_form)


def to_strict_json(value: Any) -> str:
    """One line of ASCII JSON.

    Raises:
        TypeError: it holds a value that could be written only as its repr; the message names the type.
    """
    return _write(value, _encode_reversible, _reversible_form)


def from_json(text: str) -> Any:
    """The value that `to_json` wrote, with bytes and complex numbers as they were.

    Raises:
        ValueError: the text is not JSON.
    """
    if '"__bytes__"' in text or '"__complex__"' in text:
        return json.loads(text, object_hook=_unmark)
    return json.loads(text)


def _reversible_form(value: Any) -> Any:
    """The JSON form of `value` from which it can be read back; TypeError if there is none."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return _numpy_scalar(value)
    for kinds, form in _FORMS:
        if isinstance(value, kinds):
            return form(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def _any_form(value: Any) -> Any:
    """The JSON form of `value`, at worst its repr, which is logged once a type."""
    try:
        return _reversible_form(value)
    except TypeError:
        if type(value) not in _reported:
            _reported.add(type(value))
            _log.warning("a %s cannot be written as JSON: its repr is kept, marked __repr__", type(value).__name__)
        return {"__repr__": _safe_repr(value)}


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything, and the document must be written
        return object.__repr__(value)


def _array(array: np.ndarray[Any, Any]) -> Any:
    return (array.astype(str) if array.dtype.kind in "mM" else array).tolist()


def _numpy_scalar(scalar: np.generic) -> Any:
    if scalar.dtype.kind in "mM":
        return str(scalar)
    plain = scalar.item()
    # item() of a long double returns a long double
    return _wide_number(plain) if isinstance(plain, np.generic) else plain


def _wide_number(number: np.generic) -> Any:
    return complex(number) if number.dtype.kind == "c" else float(number)


def _sorted_list(values: Set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=_safe_repr)


def _bytes(value: Any) -> dict[str, str]:
    return {"__bytes__": base64.b64encode(bytes(value)).decode("ascii")}


# An enum before the types that it may also be.
_FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (enum.Enum, lambda member: member.value),
    ((bytes, bytearray, memoryview), _bytes),
    (complex, lambda number: {"__complex__": [number.real, number.imag]}),
    ((datetime.date, datetime.time), lambda moment: moment.isoformat()),  # a datetime is a date
    (datetime.timedelta, lambda span: span.total_seconds()),
    ((pathlib.PurePath, uuid.UUID), str),
    (Mapping, dict),
    (Set, _sorted_list),
    (Sequence, list),
)

_encode_anything = json.JSONEncoder(default=_any_form, separators=(",", ":")).encode
_encode_reversible = json.JSONEncoder(default=_reversible_form, separators=(",", ":")).encode


def _write(value: Any, encode: Callable[[Any], str], form: Callable[[Any], Any]) -> str:
    """JSON from the C encoder; if odd keys, circles or great depth make that fail, from a plain copy."""
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError):
        return encode(_plain(value, form, ()))


_DEEPEST = 100


class CircularValue:
    """Stands for a value that contains itself or is nested too deeply; its repr is a shortened one of the value."""

    def __init__(self, value: object) -> None:
        self._repr = reprlib.repr(value)

    def __repr__(self) -> str:
        return self._repr


def _plain(value: Any, form: Callable[[Any], Any], above: tuple[int, ...]) -> Any:
    """A copy of `value` made of JSON types alone; circles and values nested too deeply become a marked repr."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if id(value) in above or len(above) > _DEEPEST:
        return form(CircularValue(value))
    above = (*above, id(value))
    if isinstance(value, dict):
        return {_key(key): _plain(item, form, above) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, form, above) for item in value]
    return _plain(form(value), form, above)


def _key(key: Any) -> str:
    return str(key.value if isinstance(key, enum.Enum) else key)


def _unmark(marked: dict[str, Any]) -> Any:
    """The value that a marked dict stands for; a dict that only looks like one is left as it is."""
    if len(marked) == 1:
        (mark, content), *_ = marked.items()
        try:
            if mark == "__bytes__":
                return base64.b64decode(content, validate=True)
            if mark == "__complex__":
                return complex(*content)
        except (TypeError, ValueError, binascii.Error):
            return marked
    return marked
