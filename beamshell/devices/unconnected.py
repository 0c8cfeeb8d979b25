"""A block within which devices are built and talk to nobody.

It knows nothing of what is done with their addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from beamshell.channels.unconnected import UnconnectedChannel
from beamshell.devices import signal


@contextmanager
def unconnected() -> Iterator[None]:
    """Within this block signals of control systems are built without a channel; not for several threads at once."""
    opening = vars(signal)["open_channel"]
    vars(signal)["open_channel"] = UnconnectedChannel
    try:
        yield
    finally:
        vars(signal)["open_channel"] = opening
