# Engine, callbacks, metadata: the file that every other one relies on.
import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
from bluesky import RunEngine
from bluesky.callbacks.best_effort import BestEffortCallback
from bluesky.magics import BlueskyMagics
from bluesky.preprocessors import SupplementalData

RE = RunEngine({})

bec = BestEffortCallback()
bec.disable_plots()
RE.subscribe(bec)

sd = SupplementalData()
RE.preprocessors.append(sd)

get_ipython().register_magics(BlueskyMagics)

RE.md["facility"] = "storage ring"
RE.md["beamline_id"] = "powder"
