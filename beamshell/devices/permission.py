"""WRITING: whether this process may move and write now. Positioners and signals look at it before they do.

It knows no other console and no file: who opens and closes it decides. A stop is never held back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

Stop = TypeVar("Stop", bound=Callable[..., Any])


class WritePermission:
    """The permission of one process to change what its control systems hold.

    It belongs to the process, as the hardware does: devices that are made at the prompt obey it too. Without a console
    it is open.

    Attributes:
        is_open: writes go out at once; the only thing that is looked at before each write.
    """

    def __init__(self) -> None:
        self.is_open = True
        self._ask: Callable[[str], None] | None = None
        self._stops = threading.local()

    def guard(self, ask: Callable[[str], None]) -> None:
        """Close it, and let each write that comes while it is closed call `ask` first.

        Args:
            ask: called with the name of the device; it may open the permission, and raises to refuse the write.
        """
        self._ask = ask
        self.is_open = False

    def close(self, ask: Callable[[str], None]) -> None:
        """Let the next write call `ask` again, if that guards it."""
        if self._ask == ask:
            self.is_open = False

    def unguard(self, ask: Callable[[str], None]) -> None:
        """End `guard`, unless another guard has come since: everything may be written again."""
        if self._ask == ask:
            self._ask = None
            self.is_open = True

    def require(self, device: str) -> None:
        """Return if a device may be written to by this thread now; needed only while `is_open` is False.

        Args:
            device: its name.

        Raises:
            NotInControl: another console has control.
        """
        if self._ask is not None and not getattr(self._stops, "depth", 0):
            self._ask(device)

    def never_held_back(self, stop: Stop) -> Stop:
        """The same function; what it writes goes out whoever has control."""

        @wraps(stop)
        def stop_in_any_case(*args: Any, **kwargs: Any) -> Any:
            stops = self._stops
            stops.depth = getattr(stops, "depth", 0) + 1
            try:
                return stop(*args, **kwargs)
            finally:
                stops.depth -= 1

        return cast("Stop", stop_in_any_case)


WRITING = WritePermission()
"""That of this process."""
