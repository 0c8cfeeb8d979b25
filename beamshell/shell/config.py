"""What a profile may set: the traits of `c.Beamshell` in ipython_config.py, or `--Beamshell.NAME=VALUE`.

Facts only; what is done with them is the session's business.
"""

from __future__ import annotations

from traitlets import Bool, Dict, Enum, Float, Int, List, Unicode
from traitlets.config import Configurable


class Beamshell(Configurable):
    """The beamline's facts."""

    name = Unicode("beamshell", help="What the prompt calls this beamline.").tag(config=True)
    title = Unicode("", help="What the banner calls it.").tag(config=True)
    data_folder = Unicode(
        "", help="Where data and metadata rest; empty: $BEAMSHELL_DATA, else the user's data folder."
    ).tag(config=True)
    devices_file = Unicode(
        "", help="The device file (YAML), absolute or beside the profile's ipython_config.py; empty: none."
    ).tag(config=True)
    demo_ioc = Bool(False, help="Start the demo beamline's IOC, and talk to no other.").tag(config=True)
    demo_ioc_speed = Float(1.0, help="How much faster than life the demo beamline moves and counts.").tag(config=True)
    demo_ioc_seed = Int(None, allow_none=True, help="Makes the demo beamline's noise repeatable.").tag(config=True)
    detectors = List(
        Unicode(), help="What is read when a command names no detector; empty: the devices with `readout: point`."
    ).tag(config=True)
    baseline = Bool(
        True, help="Read the devices with `readout: baseline` before and after each run, into a stream of their own."
    ).tag(config=True)
    suspenders = List(
        Dict(),
        help="What holds runs up, such as {'class': 'SuspendFloor', 'signal': 'ring', 'suspend_thresh': 50, "
        "'resume_thresh': 100, 'sleep': 1}.",
    ).tag(config=True)
    connect_wait = Float(
        1.0, help="How long, in seconds, the first command waits for devices that have not answered yet."
    ).tag(config=True)
    ask_above = Float(
        0.0,
        help="A scan that takes longer than this, in seconds, is asked about before it starts, if somebody is at the "
        "prompt; 0 never asks.",
    ).tag(config=True)
    plots = Enum(
        ["auto", "window", "none"], "auto", help="Plots: a window if there is a display (auto), always, or never."
    ).tag(config=True)
    operator = Unicode("", help="Who works here, recorded with every run; empty: the login name.").tag(config=True)
    user_startup = Bool(True, help="Run the *.py files of the folder `startup` in the data folder.").tag(config=True)
