"""Callbacks: the table, the plots and the peak statistics that a person sees while a run is measured.

They paint what views/ computes, and know no device, no engine and no IPython. matplotlib is imported when the first
window is drawn.
"""

from beamshell.analysis.peaks import Peak, peak
from beamshell.callbacks.best_effort import BestEffort
from beamshell.callbacks.grid import LiveGrid
from beamshell.callbacks.plot import LivePlot
from beamshell.callbacks.table import LiveTable

__all__ = ["BestEffort", "LiveGrid", "LivePlot", "LiveTable", "Peak", "peak"]
