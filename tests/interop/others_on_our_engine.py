"""A pytest plugin for the tests of other packages: our engine in place of bluesky's. It is used by hand.

cd ophyd_async-0.21.3; PYTHONPATH=.../tests/interop python -m pytest -p others_on_our_engine tests/unit_tests/sim
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import bluesky
import bluesky.run_engine
import bluesky.utils

from beamshell import RunEngine, errors
from beamshell.engine import asyncio_devices

_ERRORS = ("RunEngineInterrupted", "FailedStatus", "FailedPause", "IllegalMessageSequence", "InvalidCommand")


class OurEngine(RunEngine):
    """Our engine with the arguments of bluesky's; the tests of ophyd-async hand over a loop, and close it.

    Attributes:
        number_made: engines, so that one sees that the tests had ours.
    """

    number_made = 0

    def __init__(self, *args: Any, loop: asyncio.AbstractEventLoop | None = None, **options: Any) -> None:
        if loop is not None:
            self._th = bluesky.run_engine._ensure_event_loop_running(loop)
            bluesky.run_engine.set_bluesky_event_loop(loop)
            while not loop.is_running():
                time.sleep(0.001)
            asyncio_devices._thread = asyncio_devices.LoopThread(loop)
        known = {name: value for name, value in options.items() if name not in ("context_managers", "during_task")}
        super().__init__(*args, **known)
        self.say = lambda text: None
        OurEngine.number_made += 1


for _name in (*_ERRORS, "NoReplayAllowed", "TransitionError"):
    for _module in (bluesky.utils, bluesky.run_engine):
        if hasattr(_module, _name) and hasattr(errors, _name):
            setattr(_module, _name, getattr(errors, _name))
bluesky.RunEngine = bluesky.run_engine.RunEngine = OurEngine


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"engines of ours made: {OurEngine.number_made}")
