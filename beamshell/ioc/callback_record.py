"""The bell record: it calls a function whenever it is processed, so that a write to any record can have consequences.

It knows nothing of those: put its name into the forward link of a record, and the function into `ring`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from typing_extensions import override

from beamshell.ioc.record import Field, Record


def _nothing() -> None:
    pass


class CallbackRecord(Record):
    """Processing it calls `ring`, in the client's thread and with the linked records locked."""

    TYPE = "bell"
    FIELDS: ClassVar[list[Field]] = [Field("VAL", "LONG", 0, "readback")]

    ring: Callable[[], None] = staticmethod(_nothing)

    @override
    def on_process(self) -> None:
        self.ring()
