"""What a document that was read from a file must have, so that whoever reads it can rely on its fields.

A failing disk or a hand may have changed any byte of it. It knows no file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from beamshell.documents import Document

_Check: TypeAlias = Callable[[Any], bool]

_FIRST_S, _LAST_S = -62_135_510_400.0, 253_402_214_400.0  # the years 1 to 9999, which a date can be written for
_LARGEST = 2**53  # of a number of a point: all integers up to here are floats


def checked(name: str, doc: Document) -> tuple[Document, list[str]]:
    """The document as it can be used, and the names of the fields that were left out since their type is wrong.

    Args:
        name: of the document, such as "event". A kind that this version does not know is not checked.
        doc: as it was read.

    Raises:
        ValueError: it cannot be used; the message names the field.
    """
    if name == "event" and _is_plain_event(doc):
        return doc, []
    left_out: list[str] = []
    if name == "start":  # a run is listed whatever its start holds
        doc, left_out = _with_uid_and_time(doc)
    for field, is_right in _NEEDED.get(name, {}).items():
        if field not in doc or not is_right(doc[field]):
            raise ValueError(f"{name} without a usable {field!r}")
    if name in _PAGES and not _is_even(doc, _PAGES[name]):
        raise ValueError(f"{name} whose columns differ in length")
    for field, is_right in _OPTIONAL.get(name, {}).items():
        if field in doc and not is_right(doc[field]):
            left_out.append(field)
    for field, is_right in _BY_KEY.get(name, {}).items():
        for key, value in doc.get(field, {}).items() if field not in left_out else ():
            if not is_right(value):
                left_out.append(f"{field}.{key}")
    return (_without(name, doc, left_out) if left_out else doc), left_out


def _is_plain_event(doc: Document) -> bool:
    """Whether an event is as the engine writes it: the whole check would cost a sixth of reading it."""
    return (
        type(doc.get("seq_num")) is int
        and 0 <= doc["seq_num"] < _LARGEST
        and type(doc.get("time")) is float
        and _FIRST_S < doc["time"] < _LAST_S
        and type(doc.get("descriptor")) is type(doc.get("uid")) is str
        and type(doc.get("data")) is type(doc.get("timestamps")) is type(doc.get("filled")) is dict
    )


def are_plain_events(descriptor: Any, numbers: Sequence[Any], times: Sequence[Any], data: Sequence[Any]) -> bool:
    """Whether many events of one stream are as the engine writes them; the sequences have a value an event."""
    return (
        isinstance(descriptor, str)
        and set(map(type, numbers)) == {int}
        and min(numbers) >= 0
        and max(numbers) < _LARGEST
        and set(map(type, times)) == {float}
        and math.isfinite(sum(times))
        and min(times) > _FIRST_S
        and max(times) < _LAST_S
        and set(map(type, data)) == {dict}
    )


def _with_uid_and_time(start: Document) -> tuple[Document, list[str]]:
    """A start document of another program with a uid of text, and with a time: 1970 if it has none that can be used."""
    if isinstance(start.get("uid"), int | float):
        start = {**start, "uid": str(start["uid"])}
    if _is_moment(start.get("time")):
        return start, []
    return {**start, "time": 0.0}, ["time"]


def _without(name: str, doc: Document, left_out: list[str]) -> Document:
    kept = {field: value for field, value in doc.items() if field not in left_out or field in _NEEDED.get(name, {})}
    for field, is_right in _BY_KEY.get(name, {}).items():
        if field == "data_keys":  # a column whose description is damaged stays a column
            kept[field] = {key: value if is_right(value) else {} for key, value in kept[field].items()}
        elif field in kept:
            kept[field] = {key: value for key, value in kept[field].items() if is_right(value)}
    return kept


# ---- checks --------------------------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and _FIRST_S < value < _LAST_S


def _is_number_of_point(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text_or_integer(value: Any) -> bool:
    return isinstance(value, str | int)


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _list_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _dict_with(**checks: _Check) -> _Check:
    """A dict whose fields are right, as far as they are there."""
    return lambda value: (
        isinstance(value, dict) and all(check(value[field]) for field, check in checks.items() if field in value)
    )


def _is_dimension(value: Any) -> bool:
    """The fields that move along an axis, and their stream."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_text(value[1])
        and (_is_text(value[0]) or _list_of(_is_text)(value[0]))
    )


def _is_configuration(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("data"), dict)


def _is_range(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number_of_point(value.get(end)) for end in ("start", "stop"))


def _is_even(page: Document, columns: tuple[str, ...]) -> bool:
    """Whether all columns of a page have the same length; a column may be a dict of columns."""
    lists = [column for field in columns for column in _columns(page.get(field, {}))]
    return all(isinstance(column, list) for column in lists) and len({len(column) for column in lists}) <= 1


def _columns(column: Any) -> list[Any]:
    return list(column.values()) if isinstance(column, dict) else [column]


_names = _list_of(_is_text)
_numbers = _list_of(_is_number_of_point)
_resource = {"mimetype": _is_text, "spec": _is_text, "parameters": _is_dict, "resource_kwargs": _is_dict}
_about = _dict_with(
    shape=_or_none(_list_of(lambda size: size is None or type(size) is int)), external=_or_none(_is_text)
)

_NEEDED: Mapping[str, Mapping[str, _Check]] = {
    "start": {"uid": _is_text, "time": _is_moment},
    "descriptor": {"uid": _is_text, "data_keys": _is_dict},
    "event": {
        "uid": _is_text,
        "descriptor": _is_text,
        "seq_num": _is_number_of_point,
        "time": _is_moment,
        "data": _is_dict,
    },
    "event_page": {
        "descriptor": _is_text,
        "uid": _list_of(_is_text),
        "seq_num": _numbers,
        "time": _list_of(_is_moment),
        "data": _is_dict,
        "timestamps": _is_dict,
    },
    "resource": {"uid": _is_text, "resource_path": _is_text},
    "datum": {"datum_id": _is_text, "resource": _is_text, "datum_kwargs": _is_dict},
    "datum_page": {"datum_id": _list_of(_is_text), "resource": _is_text, "datum_kwargs": _is_dict},
    "stream_resource": {"uid": _is_text, "data_key": _is_text},
    "stream_datum": {"descriptor": _is_text, "stream_resource": _is_text, "indices": _is_range, "seq_nums": _is_range},
    "stop": {"exit_status": _is_text, "time": _is_moment},
}

_OPTIONAL: Mapping[str, Mapping[str, _Check]] = {
    "start": {
        "scan_id": _or_none(_is_text_or_integer),
        "plan_name": _or_none(_is_text),
        "command": _or_none(_is_text),
        "plan_form": _or_none(_is_text),
        "plan_args": _or_none(_is_dict),
        "motors": _or_none(_names),
        "detectors": _or_none(_names),
        "hints": _or_none(_dict_with(dimensions=_or_none(_list_of(_is_dimension)))),
        "continues": _or_none(_is_text_or_integer),
        "continued_at": _or_none(_is_number_of_point),
    },
    "descriptor": {
        "name": _is_text,
        "run_start": _is_text,
        "configuration": _is_dict,
        "object_keys": _is_dict,
        "hints": _is_dict,
    },
    "event": {"timestamps": _is_dict, "filled": _is_dict},
    "resource": {"root": _is_text, "path_semantics": _is_text, **_resource},
    "stream_resource": {"uri": _is_text, **_resource},
    "stop": {"num_events": _is_dict, "reason": _or_none(_is_text), "run_start": _is_text},
}

_BY_KEY: Mapping[str, Mapping[str, _Check]] = {
    "descriptor": {
        "data_keys": _or_none(_about),
        "configuration": _is_configuration,
        "object_keys": _names,
        "hints": _dict_with(fields=_or_none(_names)),
    },
    "stop": {"num_events": _is_number_of_point},
}

_PAGES: Mapping[str, tuple[str, ...]] = {
    "event_page": ("uid", "time", "seq_num", "data", "timestamps", "filled"),
    "datum_page": ("datum_id", "datum_kwargs"),
}
