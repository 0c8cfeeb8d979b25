"""Base: EPICS base in this process, by ctypes: loads its libraries and records, reads and writes their fields.

It knows no motor and no beamline. Base keeps its database in globals, so a process has only one.
"""

from __future__ import annotations

import contextlib
import ctypes as c
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from beamshell.errors import IocError
from beamshell.ioc.libraries import library, library_folder

_DBR_CHAR, _DBR_USHORT, _DBR_DOUBLE = 1, 4, 10  # dbFldTypes.h of base 7

_PVA_LIBRARIES = ("pvData", "pvAccess", "pvAccessCA", "pvAccessIOC", "qsrv")
_PVA_DEFINITIONS = """
include "PVACommonRegister.dbd"
include "PVAServerRegister.dbd"
registrar(QSRVRegistrar)
"""
"""The definitions that serve every record over PV Access too; they cost 12 ms and 4 MB (November 2026).

Of qsrv.dbd only what serves: its links make the process a client too, which listens on every network interface."""


class FieldAddress(c.Structure):
    """The address of a field in memory (struct dbAddr of dbAddr.h)."""

    _fields_ = [
        ("record", c.c_void_p),
        ("field", c.c_void_p),
        ("description", c.c_void_p),
        ("elements", c.c_long),
        ("field_type", c.c_short),
        ("field_size", c.c_short),
        ("special", c.c_short),
        ("request_type", c.c_short),
    ]


class DatabaseField:
    """One field of one record of this process, read and written without the network."""

    def __init__(self, base: Base, name: str) -> None:
        self._base = base
        self._address = FieldAddress()
        if base.core.dbNameToAddr(name.encode(), c.byref(self._address)) != 0:
            raise IocError(f"the database has no field {name}")
        self.name = name

    @property
    def record(self) -> int:
        """The address of the record, which is what base locks."""
        return int(self._address.record)

    def get(self) -> float:
        """The value as a number."""
        buffer, options, count = c.c_double(), c.c_long(0), c.c_long(1)
        self._base.core.dbGetField(
            c.byref(self._address), _DBR_DOUBLE, c.byref(buffer), c.byref(options), c.byref(count), None
        )
        return buffer.value

    def put(self, value: float) -> None:
        """Write the value and process the record, so that alarms, time and monitors follow."""
        buffer = c.c_double(value)
        self._base.core.dbPutField(c.byref(self._address), _DBR_DOUBLE, c.byref(buffer), 1)

    def put_image(self, pixels: npt.NDArray[np.uint16]) -> None:
        """Write a whole array (uint16, any shape) and process the record."""
        flat = np.ascontiguousarray(pixels, dtype=np.uint16)
        self._base.core.dbPutField(
            c.byref(self._address), _DBR_USHORT, flat.ctypes.data_as(c.c_void_p), min(flat.size, self._address.elements)
        )


class ArrayField(DatabaseField):
    """The value of a waveform record; base converts from and to the record's own type."""

    def put_array(self, values: npt.ArrayLike) -> None:
        """Write a whole array (numbers, any shape; cut where the record ends) and process the record."""
        flat = np.ascontiguousarray(values, dtype=np.float64).ravel()
        count = min(flat.size, self._address.elements)
        self._base.core.dbPutField(c.byref(self._address), _DBR_DOUBLE, flat.ctypes.data_as(c.c_void_p), count)

    def get_array(self) -> npt.NDArray[np.float64]:
        """The present numbers of the array: float64, shape (n,)."""
        values = np.zeros(self._address.elements)
        options, count = c.c_long(0), c.c_long(values.size)
        buffer = values.ctypes.data_as(c.c_void_p)
        self._base.core.dbGetField(c.byref(self._address), _DBR_DOUBLE, buffer, c.byref(options), c.byref(count), None)
        return values[: count.value]


class TextField(DatabaseField):
    """An array of characters as a string, UTF-8 on the wire."""

    def get_text(self) -> str:
        """The text up to its end mark."""
        size = int(self._address.elements)
        buffer, options, count = c.create_string_buffer(size + 1), c.c_long(0), c.c_long(size)
        self._base.core.dbGetField(c.byref(self._address), _DBR_CHAR, buffer, c.byref(options), c.byref(count), None)
        return buffer.raw[: max(0, count.value)].split(b"\0", 1)[0].decode(errors="replace")

    def put_text(self, text: str) -> None:
        """Write the text, cut where the field ends, and process the record."""
        raw = text.encode()[: int(self._address.elements) - 1] + b"\0"
        self._base.core.dbPutField(c.byref(self._address), _DBR_CHAR, raw, len(raw))


class Base:
    """EPICS base in this process: load records, start, then read and write their fields."""

    def __init__(self) -> None:
        c.CDLL(str(library("Com")), mode=c.RTLD_GLOBAL)
        c.CDLL(str(library("ca")), mode=c.RTLD_GLOBAL)
        self.core: Any = c.CDLL(str(library("dbCore")), mode=c.RTLD_GLOBAL)
        for name in ("dbRecStd", *_PVA_LIBRARIES):
            c.CDLL(str(library(name)), mode=c.RTLD_GLOBAL)
        self._declare()
        self._dbd_folder = str(library_folder().parent / "dbd").encode()
        self.core.iocshRegisterCommon()
        self._check(self.core.dbLoadDatabase(b"base.dbd", self._dbd_folder, None), "load base.dbd")
        self.load_definitions(_PVA_DEFINITIONS)
        self.database = c.c_void_p.in_dll(self.core, "pdbbase")
        self._check(self.core.registerAllRecordDeviceDrivers(self.database), "register the record types of base")

    def _declare(self) -> None:
        pointer, text, short = c.c_void_p, c.c_char_p, c.c_ushort
        signatures: dict[str, tuple[Any, list[Any]]] = {
            "iocshRegisterCommon": (None, []),
            "dbLoadDatabase": (c.c_int, [text, text, text]),
            "registerAllRecordDeviceDrivers": (c.c_int, [pointer]),
            "registerRecordTypes": (None, [pointer, c.c_int, pointer, pointer]),
            "dbLoadRecords": (c.c_int, [text, text]),
            "iocInit": (c.c_int, []),
            "dbAllocEntry": (pointer, [pointer]),
            "dbFreeEntry": (None, [pointer]),
            "dbFindRecordType": (c.c_long, [pointer, text]),
            "dbNameToAddr": (c.c_long, [text, pointer]),
            "dbPutField": (c.c_long, [pointer, c.c_short, pointer, c.c_long]),
            "dbGetField": (c.c_long, [pointer, c.c_short, pointer, pointer, pointer, pointer]),
            "dbScanLock": (None, [pointer]),
            "dbScanUnlock": (None, [pointer]),
            "db_post_events": (c.c_int, [pointer, pointer, c.c_uint]),
            "recGblFwdLink": (None, [pointer]),
            "recGblGetTimeStamp": (None, [pointer]),
            "recGblResetAlarms": (short, [pointer]),
            "recGblSetSevr": (c.c_int, [pointer, short, short]),
            "recGblGetGraphicDouble": (None, [pointer, pointer]),
            "recGblGetControlDouble": (None, [pointer, pointer]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self.core, name)
            function.restype, function.argtypes = result, arguments

    @staticmethod
    def _check(status: int, action: str) -> None:
        if status:
            raise IocError(f"EPICS base could not {action} (status {status})")

    def load_definitions(self, text: str) -> None:
        """Load database definitions (.dbd): menus and record types."""
        with _as_file(text, ".dbd") as path:
            self._check(self.core.dbLoadDatabase(path, self._dbd_folder, None), "load a record type")

    def load_records(self, text: str) -> None:
        """Load records (.db)."""
        with _as_file(text, ".db") as path:
            self._check(self.core.dbLoadRecords(path, b""), "load the records")

    def start(self) -> None:
        """Initialise all records and answer on the network; the environment says on which port."""
        # Otherwise base, when it runs as root, locks the whole process in memory: 222 MB instead of 60.
        c.c_int.in_dll(self.core, "dbThreadRealtimeLock").value = 0
        self._check(self.core.iocInit(), "start")

    def field(self, name: str) -> DatabaseField:
        """The field of that name, such as "BL:th.RBV"."""
        return DatabaseField(self, name)

    @contextlib.contextmanager
    def locked(self, record: int) -> Iterator[None]:
        """A block in which no other thread changes the record, or any that is linked to it."""
        self.core.dbScanLock(record)
        try:
            yield
        finally:
            self.core.dbScanUnlock(record)


@contextlib.contextmanager
def _as_file(text: str, suffix: str) -> Iterator[bytes]:
    """The name of a file with that text, which lives as long as the block: base reads files only."""
    with tempfile.TemporaryDirectory(prefix="beamshell-ioc-") as folder:
        path = Path(folder) / f"text{suffix}"
        path.write_text(text)
        yield str(path).encode()
