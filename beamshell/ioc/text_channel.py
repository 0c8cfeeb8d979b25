"""A field that holds a long text: an array of characters, read and written without the network.

It knows nothing of what is said in it.
"""

from __future__ import annotations

import ctypes as c

from beamshell.ioc.base import Channel

_DBR_CHAR = 1  # dbFldTypes.h of base 7


class TextChannel(Channel):
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
