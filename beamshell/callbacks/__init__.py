"""Callbacks: what a person looks at while a run is measured: a table, plots, peak statistics.

They paint what views/ computes, and never know a device, the engine or IPython. matplotlib is imported when the first
window is drawn.
"""

from beamshell.analysis.peaks import Peak, peak
from beamshell.callbacks.best_effort import BestEffort
from beamshell.callbacks.grid import LiveGrid
from beamshell.callbacks.plot import LivePlot
from beamshell.callbacks.table import LiveTable

__all__ = ["BestEffort", "LiveGrid", "LivePlot", "LiveTable", "Peak", "peak"]
