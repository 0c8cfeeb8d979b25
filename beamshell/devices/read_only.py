"""Devices that may be read and not written: `read_only: true` of a device file.

It knows nothing of files, nor what writes in a device: devices and signals ask it before they write.
"""

from __future__ import annotations

from typing import Any

from beamshell.errors import ReadOnlyError


class MayBeReadOnly:
    """What every device and signal is: it can be closed to writing, with all its parts, those built later too."""

    parent: Any
    name: Any
    _read_only = False

    @property
    def read_only(self) -> bool:
        """True if nothing may be written through it, nor through any part of it; can be set."""
        return self._read_only or getattr(self.parent, "read_only", False)

    @read_only.setter
    def read_only(self, is_so: bool) -> None:
        self._read_only = is_so

    def refuse_if_read_only(self, shown: str) -> None:
        """Return if it may be written.

        Args:
            shown: the value, as the message shows it.

        Raises:
            ReadOnlyError: it may not, or the device that it is a part of.
        """
        if self.read_only:
            raise ReadOnlyError(f"{self.name}: it is read-only here (read_only: true), so {shown} was not written")


def make_read_only(device: Any) -> None:
    """Let nothing be written through this device, or any part of it.

    Its `stop` does nothing any more: what moves, others have sent. Of a device of another library its own `set`,
    `check_value` and `stop` are closed, and not its parts.
    """
    if isinstance(device, MayBeReadOnly):
        device.read_only = True
        return

    def refuse(value: Any = None, *_: Any, **__: Any) -> None:
        raise ReadOnlyError(f"{device.name}: it is read-only here (read_only: true), so {value!r} was not written")

    def leave_alone(*_: Any, **__: Any) -> None:
        """Nothing."""

    closed = {"set": refuse, "check_value": refuse, "stop": leave_alone}
    vars(device).update({attr: new for attr, new in closed.items() if hasattr(device, attr)})
