"""The public names of beamshell.callbacks, each with its module."""

from beamshell.analysis.peaks import Peak as Peak
from beamshell.analysis.peaks import peak as peak
from beamshell.callbacks.best_effort import BestEffort as BestEffort
from beamshell.callbacks.grid import LiveGrid as LiveGrid
from beamshell.callbacks.live_fit import LiveFit as LiveFit
from beamshell.callbacks.live_fit import LiveFitPlot as LiveFitPlot
from beamshell.callbacks.live_fit import PeakStats as PeakStats
from beamshell.callbacks.plot import LivePlot as LivePlot
from beamshell.callbacks.scatter import LiveMesh as LiveMesh
from beamshell.callbacks.scatter import LiveScatter as LiveScatter
from beamshell.callbacks.table import LiveTable as LiveTable

__all__: list[str]
