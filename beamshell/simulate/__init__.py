"""Simulation of a plan on models of its devices: its points, refusals by limits, and duration.

Nothing moves. The command `rehearse` and the check before each scan use it.
"""

from beamshell.simulate.many_points import SimulatedPoint
from beamshell.simulate.result import SimulationResult
from beamshell.simulate.simulator import check_limits, rehearse, summarize_plan

__all__ = ["SimulatedPoint", "SimulationResult", "check_limits", "rehearse", "summarize_plan"]
