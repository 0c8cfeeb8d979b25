point_detector = EpicsSignalRO("BL:det:rate", name="point_detector", kind="hinted")


class Shutter(Device):
    """Opens and closes by a word."""

    command = Cpt(EpicsSignal, "", string=True)

    def open_plan(self):
        yield from mv(self.command, "Open")

    def close_plan(self):
        yield from mv(self.command, "Close")


photon_shutter = Shutter("BL:shutter", name="photon_shutter")
photon_shutter.wait_for_connection(timeout=30)
