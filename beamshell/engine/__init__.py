"""The RunEngine: it runs plans, and loses no point when it is interrupted."""

from beamshell.engine.outcome import RunEngineResult
from beamshell.engine.run_engine import RunEngine
from beamshell.engine.state import State

__all__ = ["RunEngine", "RunEngineResult", "State"]
