"""Conversion between Channel Access data on the wire (dbr types) and Python values.

Pure: bytes in, values out. The layouts are those of EPICS base's `db_access.h`; numbers are in this machine's order.
"""

from __future__ import annotations

import reprlib
import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from beamshell.channels.value_info import ValueInfo, index_of
from beamshell.errors import BadValue
from beamshell.protocols import Dtype, Reading

STRING, SHORT, FLOAT, ENUM, CHAR, LONG, DOUBLE = range(7)
TIME, CONTROL = 14, 28
"""Add to a type for the structure that has the value with alarm and time stamp, or with units and limits."""
_EPOCH = 631152000.0  # 1990-01-01, where EPICS time stamps begin, in seconds since 1970
_STRING_SIZE = 40

# status, severity, seconds, nanoseconds, then padding so that the value is aligned (dbr_time_*)
_HEADER = struct.Struct("=hhII")
_SCALARS = {
    STRING: struct.Struct("=hhII40s"),
    SHORT: struct.Struct("=hhII2xh"),
    FLOAT: struct.Struct("=hhIIf"),
    ENUM: struct.Struct("=hhII2xH"),
    CHAR: struct.Struct("=hhII3xB"),
    LONG: struct.Struct("=hhIIi"),
    DOUBLE: struct.Struct("=hhII4xd"),
}
_OFFSETS = {STRING: 12, SHORT: 14, FLOAT: 12, ENUM: 14, CHAR: 15, LONG: 12, DOUBLE: 16}
_NUMPY = {STRING: "S40", SHORT: "<i2", FLOAT: "<f4", ENUM: "<u2", CHAR: "|u1", LONG: "<i4", DOUBLE: "<f8"}
_SIZES = {plain: np.dtype(name).itemsize for plain, name in _NUMPY.items()}
_RANGES = {SHORT: (-(2**15), 2**15 - 1), ENUM: (0, 2**16 - 1), CHAR: (-128, 255), LONG: (-(2**31), 2**31 - 1)}
_DTYPES: dict[int, Dtype] = {
    STRING: "string",
    SHORT: "integer",
    FLOAT: "number",
    ENUM: "integer",
    CHAR: "integer",
    LONG: "integer",
    DOUBLE: "number",
}

# status, severity, (precision, padding,) units, then eight limits of which the last two are those of control
_CONTROLS = {
    SHORT: struct.Struct("=hh8s8h"),
    FLOAT: struct.Struct("=hhhh8s8f"),
    CHAR: struct.Struct("=hh8s8B"),
    LONG: struct.Struct("=hh8s8i"),
    DOUBLE: struct.Struct("=hhhh8s8d"),
}
_STATES = struct.Struct("=hhh" + 16 * "26s")


def size_of(dbr_type: int, count: int) -> int:
    """Bytes in a `dbr_time_*` structure of `count` values, or in a `dbr_ctrl_*` one (without the value)."""
    if dbr_type >= CONTROL:
        plain = dbr_type - CONTROL
        return _STATES.size if plain == ENUM else _CONTROLS[plain].size
    plain = dbr_type - TIME
    return _OFFSETS[plain] + count * _SIZES[plain]


SIZES = {TIME + plain: size_of(TIME + plain, 1) for plain in _SCALARS}
SIZES |= {CONTROL + plain: size_of(CONTROL + plain, 1) for plain in (*_CONTROLS, ENUM)}
"""Bytes in a structure of one value, as `size_of` would tell more slowly."""


@cache
def scalar_decoder(plain_type: int) -> Callable[[bytes | bytearray], Reading]:
    """The function that makes a reading of a `dbr_time_*` structure of one value of this type."""
    if plain_type == STRING:
        return lambda data: decode_scalar(STRING, data)
    unpack = _SCALARS[plain_type].unpack

    def decode(data: bytes | bytearray) -> Reading:
        _, severity, seconds, nanoseconds, value = unpack(data)
        return {
            "value": value,
            "timestamp": _EPOCH + seconds + nanoseconds * 1e-9,
            "alarm_severity": severity,
        }

    return decode


def decode_scalar(plain_type: int, data: bytes | bytearray) -> Reading:
    """The reading in a `dbr_time_*` structure of one value."""
    _, severity, seconds, nanoseconds, value = _SCALARS[plain_type].unpack(data)
    return {
        "value": text(value) if plain_type == STRING else value,
        "timestamp": _EPOCH + seconds + nanoseconds * 1e-9,
        "alarm_severity": severity,
    }


def decode_array(plain_type: int, data: bytes | bytearray) -> Reading:
    """The reading in a `dbr_time_*` structure of several values: an array over `data`, or a list of strings."""
    _, severity, seconds, nanoseconds = _HEADER.unpack_from(data)
    offset = _OFFSETS[plain_type]
    if isinstance(data, bytes):
        data = bytearray(data)  # so that the array can be written to, as longer ones can
    empty = len(data) <= offset
    value: Any = np.empty(0, _NUMPY[plain_type]) if empty else np.frombuffer(data, _NUMPY[plain_type], offset=offset)
    return {
        "value": [text(item) for item in value.tolist()] if plain_type == STRING else value,
        "timestamp": _EPOCH + seconds + nanoseconds * 1e-9,
        "alarm_severity": severity,
    }


def decode_control(plain_type: int, data: bytes | bytearray) -> ValueInfo:
    """Units, precision, states and control limits in a `dbr_ctrl_*` structure."""
    if plain_type == ENUM:
        _, _, number, *states = _STATES.unpack_from(data)
        return ValueInfo(choices=tuple(text(state) for state in states[:number]))
    fields = _CONTROLS[plain_type].unpack_from(data)
    upper, lower = fields[-2:]
    has_precision = plain_type in (FLOAT, DOUBLE)
    return ValueInfo(
        units=text(fields[-9]),
        precision=fields[2] if has_precision else None,
        lower=float(lower),
        upper=float(upper),
    )


def text(raw: bytes) -> str:
    """A string up to its end mark; records hold UTF-8 or, from older days, Latin-1."""
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def kind_of(plain_type: int, count: int) -> tuple[Dtype, str]:
    """The dtype and the numpy type of a descriptor for a type."""
    return ("array" if count != 1 else _DTYPES[plain_type]), ("<U40" if plain_type == STRING else _NUMPY[plain_type])


def check(value: Any, plain_type: int, count: int, choices: Sequence[str], string: bool, allow_nan: bool) -> Any:
    """`value` as a plain Python value or array that `encode` takes.

    Raises:
        BadValue: a channel of this type and length cannot hold it.
    """
    if plain_type == STRING:
        return _checked_texts(value, count)
    if plain_type == ENUM and choices and count == 1:
        return index_of(value, choices)
    if plain_type == CHAR and isinstance(value, str) and (string or count > 1):
        if len(value.encode()) >= count:
            raise BadValue(f"{value!r} is longer than the {count - 1} characters that it holds")
        return value
    return _checked_numbers(value, plain_type, count, allow_nan)


def encode(value: Any, plain_type: int) -> tuple[int, bytes]:
    """The number of elements of a checked value, and their bytes."""
    if plain_type == STRING:
        texts = [value] if isinstance(value, str) else value
        return len(texts), b"".join(item.encode().ljust(_STRING_SIZE, b"\0") for item in texts)
    if isinstance(value, str):
        raw = value.encode() + b"\0"
        return len(raw), raw
    array = np.asarray(value).astype(_NUMPY[plain_type])  # a signed byte keeps its bits in an unsigned one
    return array.size, array.tobytes()


def _checked_texts(value: Any, count: int) -> Any:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(item, str) for item in texts):
        raise BadValue(f"{reprlib.repr(value)} cannot be written: it holds text; give a string")
    if len(texts) > count:
        raise BadValue(f"{len(texts)} strings cannot be written: it holds {count}")
    for item in texts:
        if len(item.encode()) >= _STRING_SIZE:
            raise BadValue(f"{item!r} is longer than the {_STRING_SIZE - 1} characters that it holds")
    return value


def _checked_numbers(value: Any, plain_type: int, count: int, allow_nan: bool) -> Any:
    try:
        array = np.asarray(value)
    except ValueError as exc:  # rows of different lengths
        raise BadValue(f"{reprlib.repr(value)} is not an array of numbers: {exc}") from exc
    if array.dtype.kind not in "biuf":
        kind = "a number" if count == 1 else "an array of numbers"
        raise BadValue(f"{reprlib.repr(value)} is not {kind}: give {kind}")
    if count == 1 and array.ndim:
        raise BadValue(f"an array of {array.size} cannot be written: it holds one number; give one of them")
    if array.size > count or array.size == 0:
        raise BadValue(f"an array of {array.size} cannot be written: it holds {count}; give 1 to {count} numbers")
    if array.dtype.kind == "f" and not allow_nan and not np.isfinite(array).all():
        bad = str(value) if array.ndim == 0 else "an element of the array"
        raise BadValue(f"{bad} is not finite: give a finite number, or make the signal with allow_nan=True")
    if plain_type not in (FLOAT, DOUBLE):
        _check_whole(array, value, *_RANGES[plain_type])
    if array.ndim:
        return array.ravel()
    return float(array) if plain_type in (FLOAT, DOUBLE) else int(array)


def _check_whole(array: Any, value: Any, lowest: int, highest: int) -> None:
    number = value if array.ndim == 0 else "an element of the array"
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (np.trunc(array) == array).all()):
        raise BadValue(f"{number} is not a whole number: it holds whole numbers only; round it")
    if array.min() < lowest or array.max() > highest:
        raise BadValue(f"{number} does not fit: it holds whole numbers from {lowest} to {highest}")
