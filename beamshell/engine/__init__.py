"""The RunEngine, its states, and the result of its calls."""

from beamshell.engine.outcome import RunEngineResult
from beamshell.engine.run_engine import RunEngine
from beamshell.engine.state import State

__all__ = ["RunEngine", "RunEngineResult", "State"]
