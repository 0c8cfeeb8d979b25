"""The RunEngine: it interprets plans, and nothing is lost when it is interrupted."""

from beamshell.engine._state import State
from beamshell.engine.run_engine import RunEngine, RunEngineResult

__all__ = ["RunEngine", "RunEngineResult", "State"]
