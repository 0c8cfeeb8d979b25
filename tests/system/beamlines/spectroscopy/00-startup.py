# Everything that a scan of the energy needs, in the fewest names.
import logging

import numpy as np
from bluesky.callbacks import LiveTable
from bluesky.plan_stubs import *
from bluesky.plans import count, list_scan, rel_scan, scan
from bluesky.run_engine import RunEngine
from bluesky.utils import ProgressBarManager
from ophyd import Component as Cpt
from ophyd import Device, EpicsMotor, EpicsSignal, EpicsSignalRO, PseudoPositioner, PseudoSingle
from ophyd.pseudopos import pseudo_position_argument, real_position_argument

logging.getLogger("ophyd").setLevel(logging.WARNING)

RE = RunEngine({}, call_returns_result=False)
RE.waiting_hook = ProgressBarManager()
RE.md.update({"beamline_id": "spectroscopy", "group": "absorption"})
