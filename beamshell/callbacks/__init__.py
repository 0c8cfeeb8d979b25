"""Callbacks: the table, the plots and the peak statistics that a person sees while a run is measured.

They paint what views/ computes, and know no device, no engine and no IPython. matplotlib is imported when the first
window is drawn, and each public name at its first use, so that the console opens quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamshell.analysis.peaks import Peak, peak
    from beamshell.callbacks.best_effort import BestEffort
    from beamshell.callbacks.grid import LiveGrid
    from beamshell.callbacks.plot import LivePlot
    from beamshell.callbacks.table import LiveTable

_MODULE_OF = {
    "BestEffort": "beamshell.callbacks.best_effort",
    "LiveGrid": "beamshell.callbacks.grid",
    "LivePlot": "beamshell.callbacks.plot",
    "LiveTable": "beamshell.callbacks.table",
    "Peak": "beamshell.analysis.peaks",
    "peak": "beamshell.analysis.peaks",
}
__all__ = ["BestEffort", "LiveGrid", "LivePlot", "LiveTable", "Peak", "peak"]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
