from ophyd import ADComponent as ADCpt
from ophyd import EpicsMotor, EpicsSignalRO, Signal, SimDetector, SingleTrigger
from ophyd.areadetector.cam import SimDetectorCam


class Camera(SingleTrigger, SimDetector):
    cam = ADCpt(SimDetectorCam, "cam1:")


microscope_x = EpicsMotor("BL:samx", name="microscope_x")
microscope_y = EpicsMotor("BL:samy", name="microscope_y")
light = Signal(name="light", value=5)
det_counts = EpicsSignalRO("BL:det:rate", name="det_counts")
for device in (microscope_x, microscope_y, det_counts):
    device.wait_for_connection(timeout=30)

camera = Camera("BL:cam:", name="camera")
camera.read_attrs = ["cam"]
camera.cam.read_attrs = ["array_counter"]
camera.cam.configuration_attrs = ["acquire_time"]
camera.stage_sigs["cam.acquire_time"] = 0.02
RE.install_suspender(SuspendWhenDark(light))
