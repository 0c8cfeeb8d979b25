"""numpy as `np`, imported when something of it is first used, so that the console opens quickly.

A module whose own top level uses numpy, in a constant or a base class, imports numpy itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beamshell.plugins import DeferredModule

if TYPE_CHECKING:
    import numpy as np
else:
    np = DeferredModule("numpy")

__all__ = ["np"]
