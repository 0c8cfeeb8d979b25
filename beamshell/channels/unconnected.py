"""Devices that are built and talk to nobody: to see which addresses they have before anything is there to answer.

It knows nothing of what is done with the addresses.
"""

from __future__ import annotations

from typing import Any

from beamshell.channels.soft import SoftChannel


class UnconnectedChannel(SoftChannel):
    """A channel that holds a number of its own and remembers what it would have been.

    Args:
        address: of the channel it stands for.
        options: what its backend would have been told.
    """

    def __init__(self, address: str, **options: Any) -> None:
        super().__init__("", 0.0)
        self.address = address
        self.options = options
