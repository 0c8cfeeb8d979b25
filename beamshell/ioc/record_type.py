"""EPICS record types written in Python: their fields declared as data, their behaviour as methods.

It knows how base lays out records and calls them; what a motor or a scaler is, it does not. The structures are those
of dbBase.h and recSup.h of EPICS base 7.
"""

from __future__ import annotations

import contextlib
import ctypes as c
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from beamshell.ioc.base import Base, FieldAddress

_log = logging.getLogger(__name__)

VALUE, LOG, ALARM, PROPERTY = 1, 2, 4, 8
"""What a client can subscribe to (caeventmask.h)."""

_TYPES: dict[str, Any] = {
    "DOUBLE": c.c_double,
    "LONG": c.c_int32,
    "ULONG": c.c_uint32,
    "SHORT": c.c_int16,
    "MENU": c.c_uint16,
}
_SUPPORT_FUNCTIONS = 17  # RSETNUMBER
_AFTER_INITIAL_VALUES = 1  # the second pass of init_record: links and other records exist


@dataclass(frozen=True)
class Field:
    """One field of a record type.

    Args:
        name: such as "VAL".
        kind: DOUBLE, LONG, ULONG, SHORT, MENU or STRING.
        initial: the value before the database says otherwise.
        access: "command" processes the record, "setting" does not, "readback" can't be written.
        menu: the name of the menu of a MENU field.
        is_property: clients that draw limits or units are told when it changes.
    """

    name: str
    kind: str = "DOUBLE"
    initial: str | float = 0
    access: str = "setting"
    menu: str = ""
    is_property: bool = False

    def definition(self) -> str:
        """The field in the language of .dbd files."""
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
        return 41 if self.kind == "STRING" else c.sizeof(_TYPES[self.kind])


def fields(names: str, kind: str = "DOUBLE", access: str = "setting", initial: str | float = 0) -> list[Field]:
    """Several fields of one sort, their names in one string."""
    return [Field(name, kind, initial, access) for name in names.split()]


class Record:
    """One record in memory. A record type is a subclass: it names its fields and says what writes mean.

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
        self.name = self.text("NAME")

    def _at(self, field: str) -> int:
        return self._address + self._OFFSETS[field]

    def __getitem__(self, field: str) -> Any:
        return self._values[field].value

    def __setitem__(self, field: str, value: float) -> None:
        """Change a field; clients hear of it only if it did change."""
        cell = self._values[field]
        before = cell.value
        cell.value = value
        if cell.value != before:
            self.post(field)

    def post(self, field: str | None, mask: int = VALUE | LOG) -> None:
        """Tell the clients that subscribed to this field; None is all of them."""
        self._base.core.db_post_events(self._address, self._at(field) if field else None, mask)

    def text(self, field: str) -> str:
        """The content of a string field."""
        return c.string_at(self._at(field)).decode(errors="replace")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """The record is ours, and what is posted bears the time of now."""
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
        mask = self._base.core.recGblResetAlarms(self._address)
        if mask:
            self.post("VAL", mask | ALARM)
        c.c_uint8.from_address(self._at("PACT")).value = 0  # a record that counts as active could not be stopped
        if not self.is_busy():
            self._base.core.recGblFwdLink(self._address)

    # ---- what a record type says ----------------------------------------------------------------

    def on_start(self) -> None:
        """The database is loaded: bring dependent fields in step."""

    def on_write(self, field: str) -> None:
        """A client or a link has just written this field."""

    def is_busy(self) -> bool:
        """Whether puts with completion still have to wait."""
        return False

    def claim_alarms(self) -> None:
        """Call `raise_alarm` for what is wrong now."""

    def units(self, field: str) -> str:  # noqa: ARG002 - for subclasses
        """The unit of a field, at most 15 characters."""
        return ""

    def precision(self, field: str) -> int:  # noqa: ARG002 - for subclasses
        """Digits after the point."""
        return 0

    def limits(self, field: str) -> tuple[float, float] | None:  # noqa: ARG002 - for subclasses
        """The lowest and highest value that makes sense for a field, or None for all that fits."""
        return None


# ---- base's structures -----------------------------------------------------------------------


class _FieldDescription(c.Structure):  # struct dbFldDes
    _fields_ = [
        ("prompt", c.c_char_p),
        ("name", c.c_char_p),
        ("extra", c.c_char_p),
        ("record_type", c.c_void_p),
        ("index", c.c_short),
        ("special", c.c_short),
        ("field_type", c.c_int),
        ("bits", c.c_uint),
        ("number_base", c.c_int),
        ("group", c.c_short),
        ("interest", c.c_short),
        ("access_level", c.c_int),
        ("initial", c.c_char_p),
        ("private", c.c_void_p),
        ("size", c.c_short),
        ("offset", c.c_ushort),
    ]


class _List(c.Structure):  # ELLLIST
    _fields_ = [("first", c.c_void_p), ("last", c.c_void_p), ("count", c.c_int)]


class _RecordType(c.Structure):  # struct dbRecordType
    _fields_ = [
        ("node", c.c_void_p * 2),
        ("lists", _List * 4),
        ("name", c.c_char_p),
        ("fields", c.c_short),
        ("prompts", c.c_short),
        ("links", c.c_short),
        ("aliases", c.c_short),
        ("link_indices", c.c_void_p),
        ("sorted_names", c.c_void_p),
        ("sorted_indices", c.c_void_p),
        ("value_field", c.c_void_p),
        ("value_index", c.c_short),
        ("descriptions", c.POINTER(c.POINTER(_FieldDescription))),
        ("support", c.c_void_p),
        ("record_size", c.c_int),
    ]


class _Entry(c.Structure):  # the beginning of DBENTRY
    _fields_ = [("database", c.c_void_p), ("record_type", c.POINTER(_RecordType))]


_INIT = c.CFUNCTYPE(c.c_long, c.c_void_p, c.c_int)
_PROCESS = c.CFUNCTYPE(c.c_long, c.c_void_p)
_SPECIAL = c.CFUNCTYPE(c.c_long, c.POINTER(FieldAddress), c.c_int)
_UNITS = c.CFUNCTYPE(c.c_long, c.POINTER(FieldAddress), c.c_void_p)
_PRECISION = c.CFUNCTYPE(c.c_long, c.POINTER(FieldAddress), c.POINTER(c.c_long))
_LIMITS = c.CFUNCTYPE(c.c_long, c.POINTER(FieldAddress), c.POINTER(c.c_double))
_SIZES = c.CFUNCTYPE(c.c_int, c.POINTER(_RecordType))


class _Support(c.Structure):  # struct rset
    _fields_ = [
        ("number", c.c_long),
        ("report", c.c_void_p),
        ("init", c.c_void_p),
        ("init_record", _INIT),
        ("process", _PROCESS),
        ("special", _SPECIAL),
        ("get_value", c.c_void_p),
        ("cvt_dbaddr", c.c_void_p),
        ("get_array_info", c.c_void_p),
        ("put_array_info", c.c_void_p),
        ("get_units", _UNITS),
        ("get_precision", _PRECISION),
        ("get_enum_str", c.c_void_p),
        ("get_enum_strs", c.c_void_p),
        ("put_enum_str", c.c_void_p),
        ("get_graphic_double", _LIMITS),
        ("get_control_double", _LIMITS),
        ("get_alarm_double", c.c_void_p),
    ]


class _Location(c.Structure):  # recordTypeLocation
    _fields_ = [("support", c.POINTER(_Support)), ("sizes", _SIZES)]


def _describe(record_type: _RecordType) -> Iterator[_FieldDescription]:
    for i in range(record_type.fields):
        yield record_type.descriptions[i].contents


class RecordSupport:
    """What base calls for one record type: it finds the Python record and hands the call on."""

    _alive: ClassVar[list[Any]] = []  # base keeps pointers into these for ever

    def __init__(self, base: Base, record_class: type[Record], make: Callable[[Base, int], Record]) -> None:
        self._base = base
        self._class = record_class
        self._make = make
        self._records: dict[int, Record] = {}

    def register(self) -> None:
        """Make the type known to base; records of it can then be loaded."""
        menus = [_menu_definition(menu, choices) for menu, choices in self._class.MENUS.items()]
        definitions = "\n".join(field.definition() for field in self._class.FIELDS)
        body = f'recordtype({self._class.TYPE}) {{\ninclude "dbCommon.dbd"\n{definitions}\n}}\n'
        self._base.load_definitions("\n".join([*menus, body]))
        support = _Support(
            number=_SUPPORT_FUNCTIONS,
            init_record=_INIT(_guarded(self._init_record)),
            process=_PROCESS(_guarded(self._process)),
            special=_SPECIAL(_guarded(self._special)),
            get_units=_UNITS(_guarded(self._units)),
            get_precision=_PRECISION(_guarded(self._precision)),
            get_graphic_double=_LIMITS(_guarded(self._graphic)),
            get_control_double=_LIMITS(_guarded(self._control)),
        )
        location = _Location(c.pointer(support), _SIZES(_guarded(self._lay_out)))
        names = (c.c_char_p * 1)(self._class.TYPE.encode())
        self._alive.extend([support, location, names])
        self._base.core.registerRecordTypes(self._base.database, 1, names, c.byref(location))

    @property
    def records(self) -> dict[str, Record]:
        """All records of this type by name, once base has started."""
        return {record.name: record for record in self._records.values()}

    def _common(self) -> dict[str, tuple[int, int]]:
        """Size and offset of the fields that all records share, as base laid them out for `ai`."""
        entry = self._base.core.dbAllocEntry(self._base.database)
        try:
            self._base.core.dbFindRecordType(entry, b"ai")
            common = {}
            for description in _describe(_Entry.from_address(entry).record_type.contents):
                common[description.name.decode()] = (description.size, description.offset)
                if description.name == b"FLNK":  # the last of dbCommon
                    break
            return common
        finally:
            self._base.core.dbFreeEntry(entry)

    def _lay_out(self, pointer: Any) -> int:
        record_type: _RecordType = pointer.contents
        common = self._common()
        own = {field.name: field for field in self._class.FIELDS}
        # 256 bytes are more than the link that ends dbCommon
        end = max(offset + max(size, 0) for size, offset in common.values()) + 256
        offsets = {name: offset for name, (_, offset) in common.items()}
        for description in _describe(record_type):
            name = description.name.decode()
            if name in common:
                description.size, description.offset = common[name]
                continue
            end = (end + 7) & ~7
            offsets[name] = description.offset = end
            description.size = own[name].size
            end += own[name].size
        self._class._OFFSETS = offsets
        record_type.record_size = (end + 63) & ~63
        return 0

    def _init_record(self, address: int, stage: int) -> int:
        if stage == _AFTER_INITIAL_VALUES:
            record = self._records[address] = self._make(self._base, address)
            c.c_uint8.from_address(record._at("UDF")).value = 0
            record.stamp()
            record.on_start()
            record.finish()
        return 0

    def _process(self, address: int) -> int:
        record = self._records[address]
        record.stamp()
        record.finish()
        return 0

    def _special(self, pointer: Any, after: int) -> int:
        if after:
            record, field = self._find(pointer)
            record.stamp()
            record.on_write(field)
        return 0

    def _find(self, pointer: Any) -> tuple[Record, str]:
        address: FieldAddress = pointer.contents
        name = _FieldDescription.from_address(address.description).name
        return self._records[address.record], name.decode()

    def _units(self, pointer: Any, buffer: int) -> int:
        record, field = self._find(pointer)
        text = record.units(field).encode()[:15] + b"\0"
        c.memmove(buffer, text, len(text))
        return 0

    def _precision(self, pointer: Any, out: Any) -> int:
        record, field = self._find(pointer)
        out[0] = record.precision(field)
        return 0

    def _graphic(self, pointer: Any, out: Any) -> int:
        return self._limits(pointer, out, self._base.core.recGblGetGraphicDouble)

    def _control(self, pointer: Any, out: Any) -> int:
        return self._limits(pointer, out, self._base.core.recGblGetControlDouble)

    def _limits(self, pointer: Any, out: Any, default: Any) -> int:
        record, field = self._find(pointer)
        limits = record.limits(field)
        if limits is None:
            default(pointer, out)
        else:
            out[1], out[0] = limits  # base asks for the upper one first
        return 0


def _menu_definition(menu: str, choices: tuple[str, ...]) -> str:
    listed = " ".join(f'choice({menu}_{i}, "{choice}")' for i, choice in enumerate(choices))
    return f"menu({menu}) {{ {listed} }}"


def _guarded(function: Callable[..., int]) -> Callable[..., int]:
    """The same function, whose exceptions are logged: base could not catch them."""

    def call(*arguments: Any) -> int:
        try:
            return function(*arguments)
        except Exception:  # noqa: BLE001 - C is above us on the stack; -1 makes the client's put fail
            _log.exception("record support failed")
            return -1

    return call
