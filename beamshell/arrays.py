"""numpy as `np`, imported when something of it is first used, so that the console opens quickly.

A module whose own top level uses numpy, in a constant or a base class, imports numpy itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from beamshell.plugins import DeferredModule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = DeferredModule("numpy")

Floats: TypeAlias = "NDArray[np.float64]"
"""An array of floats, of any shape."""
Booleans: TypeAlias = "NDArray[np.bool_]"

__all__ = ["Booleans", "Floats", "np"]
