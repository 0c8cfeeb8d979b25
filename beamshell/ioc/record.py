"""Record: the base of EPICS record types written in Python: fields as data, processing as methods.

It knows neither EPICS base, which calls it through `record_support`, nor a motor or a scaler.
"""

from __future__ import annotations

import contextlib
import ctypes as c
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from beamshell.ioc.base import Base

VALUE, LOG, ALARM, PROPERTY = 1, 2, 4, 8
"""The event masks to which a client can subscribe (caeventmask.h)."""

_TYPES: dict[str, Any] = {
    "DOUBLE": c.c_double,
    "LONG": c.c_int32,
    "ULONG": c.c_uint32,
    "UINT64": c.c_uint64,
    "SHORT": c.c_int16,
    "MENU": c.c_uint16,
}


@dataclass(frozen=True)
class Field:
    """One field of a record type.

    Args:
        name: such as "VAL".
        kind: DOUBLE, LONG, ULONG, UINT64, SHORT, MENU, STRING or ARRAY (of whole numbers, which clients only read).
        initial: the value before the database says otherwise.
        access: "command" processes the record, "setting" does not, "readback" can't be written.
        menu: the name of the menu of a MENU field.
        is_property: a change is sent to clients as one of units or limits (DBE_PROPERTY).
        elements: how many numbers an ARRAY has at most.
    """

    name: str
    kind: str = "DOUBLE"
    initial: str | float = 0
    access: str = "setting"
    menu: str = ""
    is_property: bool = False
    elements: int = 0

    def definition(self) -> str:
        """The field in the language of .dbd files."""
        if self.kind == "ARRAY":  # base asks the record for the address and length of the array
            return f'field({self.name}, DBF_NOACCESS) {{ prompt("{self.name}") special(SPC_DBADDR) extra("void *p") }}'
        parts = [f'prompt("{self.name}") promptgroup("10 - Common") interest(1) initial("{self.initial}")']
        parts += [
            {"command": "pp(TRUE) special(SPC_MOD)", "setting": "special(SPC_MOD)", "readback": "special(SPC_NOMOD)"}[
                self.access
            ]
        ]
        parts += [f"menu({self.menu})"] if self.kind == "MENU" else []
        parts += ["size(41)"] if self.kind == "STRING" else []
        parts += ["prop(YES)"] if self.is_property else []
        return f"field({self.name}, DBF_{self.kind}) {{ {' '.join(parts)} }}"

    @property
    def size(self) -> int:
        """Bytes in the record."""
        return {"STRING": 41, "ARRAY": c.sizeof(c.c_void_p)}.get(self.kind) or c.sizeof(_TYPES[self.kind])


def fields(names: str, kind: str = "DOUBLE", access: str = "setting", initial: str | float = 0) -> list[Field]:
    """Several fields of one sort, their names in one string."""
    return [Field(name, kind, initial, access) for name in names.split()]


class Record:
    """One record in memory. A record type is a subclass, with its fields and the effects of writes.

    All hooks run with the record locked, in the thread of the client that writes. From any other thread, enter
    `locked()` first.
    """

    TYPE: ClassVar[str]
    FIELDS: ClassVar[list[Field]]
    MENUS: ClassVar[dict[str, tuple[str, ...]]] = {}
    _OFFSETS: ClassVar[dict[str, int]]

    def __init__(self, base: Base, address: int) -> None:
        self._base = base
        self._address = address
        self._values = {f.name: _TYPES[f.kind].from_address(self._at(f.name)) for f in self.FIELDS if f.kind in _TYPES}
        self.arrays = {f.name: np.zeros(f.elements, np.int32) for f in self.FIELDS if f.kind == "ARRAY"}
        """The content of ARRAY fields, to be changed in place; `post` the field then."""
        self.name = self.text("NAME")

    def _at(self, field: str) -> int:
        return self._address + self._OFFSETS[field]

    def __getitem__(self, field: str) -> Any:
        return self._values[field].value

    def __setitem__(self, field: str, value: float) -> None:
        """Change a field; monitors are sent only if the value has changed."""
        field_value = self._values[field]
        before = field_value.value
        field_value.value = value
        if field_value.value != before:
            self.post(field)

    def post(self, field: str | None, mask: int = VALUE | LOG) -> None:
        """Send the monitors of this field; None: of all fields."""
        self._base.core.db_post_events(self._address, self._at(field) if field else None, mask)

    def text(self, field: str) -> str:
        """The content of a string field."""
        return c.string_at(self._at(field)).decode(errors="replace")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the record's lock, and give it the present time."""
        with self._base.locked(self._address):
            self.stamp()
            yield

    def stamp(self) -> None:
        """Give the record the present time."""
        self._base.core.recGblGetTimeStamp(self._address)

    def raise_alarm(self, status: int, severity: int) -> None:
        """Claim an alarm (alarm.h); the most severe claim wins."""
        self._base.core.recGblSetSevr(self._address, status, severity)

    def finish(self) -> None:
        """Settle alarms and, if the record is at rest, complete the puts that wait for it."""
        self.claim_alarms()
        if self._base.core.recGblResetAlarms(self._address):
            self.post(None, ALARM)
        c.c_uint8.from_address(self._at("PACT")).value = 0  # a record that counts as active could not be stopped
        if not self.is_busy():
            self._base.core.recGblFwdLink(self._address)

    # ---- what a record type overrides ----------------------------------------------------------------

    def on_start(self) -> None:
        """The database is loaded: bring dependent fields in step."""

    def on_write(self, field: str) -> None:
        """Handle a write of this field by a client or a link."""

    def on_process(self) -> None:
        """Handle the processing of the record by a client or a link."""

    def is_busy(self) -> bool:
        """Whether puts with completion still have to wait."""
        return False

    def claim_alarms(self) -> None:
        """Call `raise_alarm` for each present fault."""

    def units(self, field: str) -> str:  # noqa: ARG002 - for subclasses
        """The unit of a field, at most 15 characters."""
        return ""

    def precision(self, field: str) -> int:  # noqa: ARG002 - for subclasses
        """Digits after the point."""
        return 0

    def used_elements(self, field: str) -> int:
        """The number of elements of an ARRAY field that are in use."""
        return len(self.arrays[field])

    def limits(self, field: str) -> tuple[float, float] | None:  # noqa: ARG002 - for subclasses
        """The lowest and highest value of a field; None for those of its type."""
        return None
