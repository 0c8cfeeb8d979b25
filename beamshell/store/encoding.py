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
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache, partial
from typing import Any

from beamshell.arrays import np

_log = logging.getLogger(__name__)

DEEPEST = 100
"""How deeply lists and dicts may be nested: Python itself reads no more than some 900 levels, other programs fewer."""

_LONGEST_BITS = 14_000  # of a whole number: Python reads at most 4300 digits
_MOST_ITEMS = 10_000_000  # of a collection that is not a list: `range` holds any number of them
_reported: set[str] = set()  # what the log has already named as written as a repr


def to_json(value: Any) -> str:
    """One line of ASCII JSON, whatever `value` holds."""
    if (text := _quickly(value)) is not None:
        return text
    try:
        return _encode(value)
    except Exception as exc:  # noqa: BLE001 - odd keys, circles, great depth, very long numbers, foreign classes
        _log.debug("no plain JSON: %r", exc)
    return _encode(_plain(value, _form_or_repr, (), ""))


def _quickly(value: Any) -> str | None:
    """The same by orjson, in a tenth of the time; None where it is not installed, or may write something else.

    It writes NaN and infinities as null, so no text with a null counts; and letters that are not ASCII as they are.
    """
    encode = _quick_encoder()
    if encode is None:
        return None
    try:
        text = encode(value)
    except Exception:  # noqa: BLE001 - as in to_json; there it is tried again, and said
        return None
    return text.decode("ascii") if text.isascii() and b"null" not in text else None


@cache
def _quick_encoder() -> Callable[[Any], bytes] | None:
    try:
        import orjson
    except ImportError:
        return None
    # What Python's encoder does not know by itself goes through the same forms here.
    option = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
    return partial(orjson.dumps, default=_reversible_form, option=option)


def shallow(document: Any) -> Any:
    """The document; if something in it is nested too deeply for most readers, a copy with its repr in that place."""
    return _plain(document, _form_or_repr, (), "") if is_deep(document) else document


def is_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Whether lists and dicts are nested more deeply than that."""
    if isinstance(value, dict | list | tuple):
        return deepest < 0 or any(is_deep(item, deepest - 1) for item in _items(value))
    return False


def _items(value: Any) -> Iterable[Any]:
    """What a dict, list or tuple holds; a subclass has no say in it, as with the encoder."""
    if isinstance(value, dict):
        return dict.values(value)
    return (list if isinstance(value, list) else tuple).__iter__(value)


def to_strict_json(value: Any) -> str:
    """One line of ASCII JSON.

    Raises:
        UnwritableError: it holds a value that could be written only as its repr, or is nested too deeply.
    """
    try:
        if not is_deep(value):
            return _encode(value)
    except Exception as exc:  # noqa: BLE001 - as in to_json
        _log.debug("no plain JSON: %r", exc)
    return _encode(_plain(value, _form_at, (), ""))


class UnwritableError(TypeError):
    """A value cannot be written as JSON.

    Attributes:
        path: where it is inside what was to be written, such as "['sample']['mass']"; "" for that itself.
        reason: what it is, such as "a socket".
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason} cannot be written as JSON" if path else f"{reason} cannot be written as JSON"
        )
        self.path, self.reason = path, reason


def from_json(text: str) -> Any:
    """The value that `to_json` wrote, with bytes and complex numbers as they were.

    Raises:
        ValueError: the text is not JSON.
    """
    if '"__bytes__"' in text or '"__complex__"' in text:
        return json.loads(text, object_hook=_unmark)
    return json.loads(text)


def _reversible_form(value: Any) -> Any:
    """The JSON form of `value` from which it can be read back.

    Raises:
        UnwritableError: there is none.
    """
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return _numpy_scalar(value)
    for kinds, form in _FORMS:
        if isinstance(value, kinds):
            return form(value)
    raise UnwritableError("", value.reason if isinstance(value, _Unreadable) else with_article(type(value).__name__))


def _form_at(value: Any, path: str) -> Any:
    """The JSON form of a value from which it can be read back.

    Raises:
        UnwritableError: there is none; the error names the place.
    """
    try:
        return _reversible_form(value)
    except UnwritableError as exc:
        raise UnwritableError(path, exc.reason) from None
    except Exception as exc:  # a foreign class may raise anything when it is asked for its items
        raise UnwritableError(path, with_article(type(value).__name__)) from exc


def _form_or_repr(value: Any, path: str) -> Any:
    """The JSON form of a value, at worst its repr; the log names the first place of each kind."""
    try:
        return _form_at(value, path)
    except UnwritableError as exc:
        if exc.reason not in _reported:
            _reported.add(exc.reason)
            _log.warning("%s: its repr is kept, marked __repr__", exc)
        return {"__repr__": _safe_repr(value)}


def with_article(noun: str) -> str:
    """A noun with its article, such as "a socket" or "an object"."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything, and the document must be written
        return object.__repr__(value)


def _short_repr(value: object) -> str:
    if isinstance(value, int):
        return f"{value:#x}"[:60] + "..."
    try:
        return reprlib.repr(value)
    except Exception:  # noqa: BLE001 - as for a repr, and a very long number in a list refuses too
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


def _listed(values: Sequence[Any]) -> list[Any]:
    if len(values) > _MOST_ITEMS:
        raise UnwritableError("", f"{with_article(type(values).__name__)} of {len(values)} items")
    return list(values)


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
    (Sequence, _listed),
)

_encode = json.JSONEncoder(default=_reversible_form, separators=(",", ":")).encode


class _Unreadable:
    """Stands for a value that could not be read back; its repr is a shortened one of the value.

    Attributes:
        reason: why, such as "a list that contains itself".
    """

    def __init__(self, value: object, reason: str) -> None:
        self._repr = _short_repr(value)
        self.reason = reason

    def __repr__(self) -> str:
        return self._repr


def _plain(value: Any, form: Callable[[Any, str], Any], above: tuple[int, ...], path: str) -> Any:
    """A copy of `value` made of JSON types alone, for what the encoder refuses.

    Args:
        value: anything.
        form: gives the JSON form of what is of no JSON type or could not be read back, with its place.
        above: the identities of the values that it is in.
        path: where it is, such as "['sample']".

    Raises:
        UnwritableError: `form` gives none; the error names the place.
    """
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int):
        is_short = value.bit_length() < _LONGEST_BITS
        return value if is_short else form(_Unreadable(value, "a number of thousands of digits"), path)
    kind = with_article(type(value).__name__)
    if id(value) in above:
        return form(_Unreadable(value, f"{kind} that contains itself"), path)
    if len(above) > DEEPEST:
        return form(_Unreadable(value, f"{kind} nested more than {DEEPEST} deep"), f"{path[:40]}...")
    above = (*above, id(value))
    if isinstance(value, dict):
        items = [(_key(key), item) for key, item in dict.items(value)]
        return {key: _plain(item, form, above, f"{path}[{key!r}]") for key, item in items}
    if isinstance(value, (list, tuple)):
        return [_plain(item, form, above, f"{path}[{at}]") for at, item in enumerate(_items(value))]
    return _plain(form(value, path), form, above, path)


def _key(key: Any) -> str:
    try:
        return str(key.value if isinstance(key, enum.Enum) else key)
    except Exception:  # noqa: BLE001 - as for a repr
        return object.__repr__(key)


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
