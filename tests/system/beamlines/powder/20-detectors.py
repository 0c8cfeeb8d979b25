# What is read at each point.
ring_current = EpicsSignalRO("SR:current", name="ring_current")


class Counters(Device):
    """A scaler: counts for its preset time when it is triggered."""

    count = Cpt(EpicsSignal, ".CNT", trigger_value=1, kind="omitted")
    preset = Cpt(EpicsSignal, ".TP", kind="config")
    clock = Cpt(EpicsSignalRO, ".S1")
    i0 = Cpt(EpicsSignalRO, ".S2", kind="hinted")
    it = Cpt(EpicsSignalRO, ".S3", kind="hinted")


counters = Counters("BL:scaler", name="counters", labels=["detectors"])
counters.wait_for_connection(timeout=30)
counters.stage_sigs["preset"] = 0.1
