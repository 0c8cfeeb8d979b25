"""A plan run on models of its devices: where it would go, whether it may, how long it would take. Nothing moves."""

from beamshell.simulate.result import SimulatedPoint, SimulationResult
from beamshell.simulate.simulator import check_limits, rehearse, summarize_plan

__all__ = ["SimulatedPoint", "SimulationResult", "check_limits", "rehearse", "summarize_plan"]
