"""RecordSupport: lets EPICS base call a record type written in Python.

It finds the Python record and hands the call on. The structures are those of dbBase.h and recSup.h of EPICS base 7.
"""

from __future__ import annotations

import ctypes as c
import logging
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from beamshell.ioc.base import Base, FieldAddress
from beamshell.ioc.record import Record

_log = logging.getLogger(__name__)

_SUPPORT_FUNCTIONS = 17  # RSETNUMBER
_NOT_WRITABLE = 1  # SPC_NOMOD of special.h
_LONG = 5  # dbFldTypes.h of base 7
_AFTER_INITIAL_VALUES = 1  # the second pass of init_record: links and other records exist


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
_ADDRESS = c.CFUNCTYPE(c.c_long, c.POINTER(FieldAddress))
_ARRAY = c.CFUNCTYPE(c.c_long, c.POINTER(FieldAddress), c.POINTER(c.c_long), c.POINTER(c.c_long))
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
        ("cvt_dbaddr", _ADDRESS),
        ("get_array_info", _ARRAY),
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
    """The functions that base calls for one record type: each finds the Python record and calls its method."""

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
            cvt_dbaddr=_ADDRESS(_guarded(self._describe_array)),
            get_array_info=_ARRAY(_guarded(self._find_array)),
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
        record.on_process()
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

    def _describe_array(self, pointer: Any) -> int:
        """Set type and size of an array field, for base."""
        address: FieldAddress = pointer.contents
        name = _FieldDescription.from_address(address.description).name.decode()
        address.elements = next(field.elements for field in self._class.FIELDS if field.name == name)
        address.field_type = address.request_type = _LONG
        address.field_size = c.sizeof(c.c_int32)
        address.special = _NOT_WRITABLE
        return 0

    def _find_array(self, pointer: Any, count: Any, offset: Any) -> int:
        """Set number and offset of an array field's elements, before base copies them."""
        record, field = self._find(pointer)
        pointer.contents.field = record.arrays[field].ctypes.data
        count[0], offset[0] = record.used_elements(field), 0
        return 0

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
