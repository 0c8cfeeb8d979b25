"""Array records of this process, read and written without the network.

It knows nothing of what the numbers are.
"""

from __future__ import annotations

import ctypes as c

import numpy as np
import numpy.typing as npt

from beamshell.ioc.base import Channel

_DBR_DOUBLE = 10  # dbFldTypes.h of base 7


class ArrayChannel(Channel):
    """The value of a waveform record; base converts from and to the record's own type."""

    def put_array(self, values: npt.ArrayLike) -> None:
        """Write a whole array (numbers, any shape; cut where the record ends) and process the record."""
        flat = np.ascontiguousarray(values, dtype=np.float64).ravel()
        count = min(flat.size, self._address.elements)
        self._base.core.dbPutField(c.byref(self._address), _DBR_DOUBLE, flat.ctypes.data_as(c.c_void_p), count)

    def get_array(self) -> npt.NDArray[np.float64]:
        """As many numbers as there are now: float64, shape (n,)."""
        values = np.zeros(self._address.elements)
        options, count = c.c_long(0), c.c_long(values.size)
        buffer = values.ctypes.data_as(c.c_void_p)
        self._base.core.dbGetField(c.byref(self._address), _DBR_DOUBLE, buffer, c.byref(options), c.byref(count), None)
        return values[: count.value]
