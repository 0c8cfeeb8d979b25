# Motors and what is built of them.
from ophyd import Component as Cpt
from ophyd import Device, EpicsMotor, EpicsSignal, EpicsSignalRO, PVPositioner


class SampleStage(Device):
    x = Cpt(EpicsMotor, "samx", labels=["positioners"])
    y = Cpt(EpicsMotor, "samy", labels=["positioners"])


class Heater(PVPositioner):
    setpoint = Cpt(EpicsSignal, ":SP")
    readback = Cpt(EpicsSignalRO, ":I")
    done = Cpt(EpicsSignalRO, ":done")
    done_value = 1


stage = SampleStage("BL:", name="stage")
two_theta = EpicsMotor("BL:tth", name="two_theta", labels=["positioners"])
heater = Heater("decay", name="heater")
for device in (stage, two_theta, heater):
    device.wait_for_connection(timeout=30)
sd.baseline = [stage]
