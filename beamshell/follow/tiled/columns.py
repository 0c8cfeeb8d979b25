"""The columns of a table in Tiled: their names, and types that hold the values of a run exactly.

It knows no run and no server.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from beamshell.store.encoding import to_json

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_BYTES = 60  # of a name; PostgreSQL takes 63, and "ts_" is put before it
_NO_COLUMN = re.compile(r"""['"`;\\%()=+]|--|/\*|\*/|^(?![A-Za-z_])""")  # what Tiled refuses in a name
_LARGEST_INTEGER = 2**63 - 1

NO_FIT: tuple[type[Exception], ...] = (ValueError, TypeError, OverflowError, NotImplementedError)
"""What pyarrow raises for a value of another type; ArrowInvalid and ArrowTypeError are such."""


class ColumnTooNarrowError(Exception):
    """A value that a column of a table cannot hold.

    Args:
        column: its name.
        wider: the type that holds it.
    """

    def __init__(self, column: str, wider: pa.DataType) -> None:
        super().__init__(column)
        self.column, self.wider = column, wider


def column_names(keys: Mapping[str, Any]) -> dict[str, str]:
    """The column of each data key: its name, or where a database cannot hold that, one that is like it."""
    taken = {"seq_num", "time"}
    columns = {}
    for key in keys:
        column = key
        if _NO_COLUMN.search(key) or len(key.encode()) > _MOST_BYTES or {key.lower(), f"ts_{key}".lower()} & taken:
            plain_letters = re.sub(r"\W", "_", key, flags=re.ASCII)
            column = f"c_{plain_letters[:40]}_{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        taken |= {column.lower(), f"ts_{column}".lower()}
        columns[key] = column
    return columns


def declared_type(about: Mapping[str, Any]) -> pa.DataType:
    """The type of a column, as a descriptor says it."""
    import pyarrow as pa

    if about.get("external"):
        return pa.string()  # the name of a datum
    dtype, letter = about.get("dtype"), str(about.get("dtype_numpy") or "f8").lstrip("<>=|")[:1]
    if dtype != "array":
        return {"integer": pa.int64(), "boolean": pa.bool_(), "string": pa.string()}.get(str(dtype), pa.float64())
    kind = {"i": pa.int64(), "u": pa.int64(), "b": pa.bool_(), "U": pa.string(), "S": pa.string()}
    item = kind.get(letter, pa.float64())
    for _axis in about.get("shape") or [0]:
        item = pa.list_(item)
    return item


def column_of(values: list[Any], kind: pa.DataType) -> pa.Array:
    """The values of a column.

    Raises:
        ValueError: or another of `NO_FIT`: one is of another type.
    """
    import pyarrow as pa

    made = pa.array(values, type=kind)
    if "int" in str(kind):
        pa.array(values).cast(kind)  # pyarrow has cut fractions off; this refuses them
    return made


def wider(kind: pa.DataType, values: list[Any]) -> pa.DataType:
    """The type of a column that holds more than one of `kind`: numbers where they are some, text at last."""
    import pyarrow as pa

    are_numbers = all(value is None or (isinstance(value, int | float) and value is not True) for value in values)
    if pa.types.is_integer(kind) and are_numbers and not any(_is_long(value) for value in values):
        return pa.float64()
    return pa.string()


def _is_long(value: Any) -> bool:
    """Whether a whole number is not exact as a float."""
    return isinstance(value, int) and abs(value) > 2**53


def as_text(value: Any) -> str | None:
    """A value as a column of texts holds it: a text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else to_json(value)


def plain(value: Any) -> Any:
    """Metadata as Tiled takes them: whole numbers of more than 64 bits become floats."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return float(value) if isinstance(value, int) and abs(value) > _LARGEST_INTEGER else value
