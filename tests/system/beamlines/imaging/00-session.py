# One session for a microscope: callbacks of the group, a suspender of its own, files of an area detector.
import os

import bluesky.plan_stubs as bps
import bluesky.plans as bp
from bluesky import RunEngine
from bluesky.callbacks import CallbackBase
from bluesky.preprocessors import monitor_during_decorator, run_decorator, stage_decorator, subs_decorator
from bluesky.suspenders import SuspenderBase


class Logbook(CallbackBase):
    """A line for each run, as the group writes them."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def start(self, doc):
        self.lines.append(f"{doc['scan_id']} {doc['plan_name']}")

    def stop(self, doc):
        self.lines[-1] += f" {doc['exit_status']} {doc['num_events'].get('primary', 0)}"


class SuspendWhenDark(SuspenderBase):
    """Waits while nothing can be seen."""

    def _should_suspend(self, value):
        return value < 1

    def _should_resume(self, value):
        return value >= 1


RE = RunEngine({"scan_id": 0})
RE.record_interruptions = True
logbook = Logbook()
RE.subscribe(logbook)
