"""Two small record types: `busy`, whose put completes when some work is done, and `callback`, which calls a function.

They know neither the work nor the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from typing_extensions import override

from beamshell.ioc.record import Field, Record


class BusyRecord(Record):
    """VAL is 1 as long as the work lasts. Call `done` from any thread when it is over."""

    TYPE = "busy"
    MENUS = {"busyVAL": ("Done", "Busy")}
    FIELDS: ClassVar[list[Field]] = [Field("VAL", "MENU", 0, "command", "busyVAL")]

    cancel: Callable[[], None]
    """Stop before the end; runs in the client's thread, with the record locked."""
    _begin: Callable[[], None] | None = None
    _works = False

    @property
    def begin(self) -> Callable[[], None] | None:
        """Starts the work; likewise. A client may write before it is set: the work then begins when it is."""
        return self._begin

    @begin.setter
    def begin(self, begin: Callable[[], None]) -> None:
        self._begin = begin
        if self._works:
            begin()

    @override
    def is_busy(self) -> bool:
        return self._works

    @override
    def on_write(self, field: str) -> None:
        is_on = bool(self["VAL"])
        self.post("VAL")
        if is_on != self._works:
            self._works = is_on
            if not is_on:
                self.cancel()
            elif self._begin is not None:
                self._begin()

    def done(self) -> None:
        """End the work: VAL goes back to 0, and the put that began it completes."""
        with self.locked():
            self._works = False
            self["VAL"] = 0
            self.finish()


def _nothing() -> None:
    pass


class CallbackRecord(Record):
    """Processing it calls `callback`, in the client's thread and with the linked records locked."""

    TYPE = "callback"
    FIELDS: ClassVar[list[Field]] = [Field("VAL", "LONG", 0, "readback")]

    callback: Callable[[], None] = staticmethod(_nothing)

    @override
    def on_process(self) -> None:
        self.callback()
