# No beam, no data.
from bluesky.suspenders import SuspendBoolLow, SuspendFloor

ring_suspender = SuspendFloor(ring_current, 20, resume_thresh=50, sleep=0.1, tripped_message="no beam")
RE.install_suspender(ring_suspender)
