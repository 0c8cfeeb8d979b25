"""Simulation of a plan on models of its devices: where it goes, if the limits allow it, how long it takes.

Nothing moves. The command `rehearse` and the check before each scan are made of it.
"""

from beamshell.simulate.result import SimulatedPoint, SimulationResult
from beamshell.simulate.simulator import check_limits, rehearse, summarize_plan

__all__ = ["SimulatedPoint", "SimulationResult", "check_limits", "rehearse", "summarize_plan"]
