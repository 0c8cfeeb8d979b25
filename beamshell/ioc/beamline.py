"""Beamline: the records of the demo beamline, and the simulation that drives them.

The numbers come from `physics`. It knows no port, no process and no client.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from beamshell.ioc import area_detector_records, mca_record, mcs, physics, pictures, profile_move
from beamshell.ioc.area_detector import AreaDetector
from beamshell.ioc.base import Base, DatabaseField
from beamshell.ioc.beam import FOLLOW_S, Beam
from beamshell.ioc.mca_record import McaRecord
from beamshell.ioc.motor_record import MotorRecord
from beamshell.ioc.point_detector import PointDetector
from beamshell.ioc.record_support import RecordSupport
from beamshell.ioc.scaler_record import ScalerRecord
from beamshell.ioc.simulation_clock import SimulationClock
from beamshell.ioc.small_records import BusyRecord, CallbackRecord

IMAGE_WIDTH = IMAGE_HEIGHT = 256
CAMERA = area_detector_records.Places.usual("BL:cam:")
DECAY_TIME_S = 0.5
FIRST_BRAGG_DEG = 12.715
"""The first Bragg angle of the monochromator: near the edge of its foil, at 8.98 keV."""


def _motor(
    name: str,
    doc: str,
    unit: str,
    low: float,
    high: float,
    speed: float,
    digits: int,
    step: float = 1e-4,
    at: float = 0.0,
) -> str:
    return f"""
record(motor, "{name}") {{
    field(DESC, "{doc}") field(EGU, "{unit}") field(PREC, "{digits}") field(DLLM, "{low}") field(DHLM, "{high}")
    field(VELO, "{speed}") field(VMAX, "{10 * speed}") field(JVEL, "{speed}") field(JAR, "{10 * speed}")
    field(HVEL, "{speed}") field(ACCL, "0.05") field(RDBD, "{10 * step}") field(MRES, "{step}") field(TWV, "0.1")
    field(DVAL, "{at}")
}}
record(bo, "{name}:stall") {{ field(ZNAM, "No") field(ONAM, "Yes") field(VAL, "0") field(PINI, "YES")
    field(OUT, "{name}.SIMS PP") }}
record(ao, "{name}:hard_high") {{
    field(VAL, "{high + 1}") field(EGU, "{unit}") field(PREC, "3") field(PINI, "YES") field(OUT, "{name}.SIMH PP")
}}
record(ao, "{name}:hard_low") {{
    field(VAL, "{low - 1}") field(EGU, "{unit}") field(PREC, "3") field(PINI, "YES") field(OUT, "{name}.SIML PP")
}}
"""


def _setpoint(name: str, value: float, unit: str, low: float, high: float, digits: int = 3, more: str = "") -> str:
    return f"""
record(ao, "{name}") {{
    field(VAL, "{value}") field(EGU, "{unit}") field(PREC, "{digits}") field(PINI, "YES")
    field(DRVL, "{low}") field(DRVH, "{high}") field(LOPR, "{low}") field(HOPR, "{high}") {more}
}}
"""


def _switch(name: str, off: str, on: str, value: int) -> str:
    return f"""
record(bo, "{name}") {{ field(ZNAM, "{off}") field(ONAM, "{on}") field(VAL, "{value}") field(PINI, "YES") }}
"""


def records() -> str:
    """The database of the demo beamline, as text."""
    return "".join(
        [
            _motor("BL:th", "sample angle", "deg", -90, 90, 1.0, 4),
            _motor("BL:tth", "detector angle", "deg", -10, 150, 2.0, 4),
            _motor("BL:samx", "sample x", "mm", -25, 25, 2.0, 3),
            _motor("BL:samy", "sample y", "mm", -25, 25, 2.0, 3),
            _motor("BL:mono", "Bragg angle of the monochromator", "deg", 4, 70, 2.0, 5, step=1e-6, at=FIRST_BRAGG_DEG),
            'record(busy, "BL:det:CNT") { field(DESC, "point detector: count") }\n',
            _setpoint("BL:det:TP", 0.1, "s", 0, 1e6),
            'record(ai, "BL:det:S") { field(EGU, "counts") field(PREC, "0") }\n',
            'record(ai, "BL:det:rate") { field(EGU, "counts/s") field(PREC, "0") }\n',
            'record(scaler, "BL:scaler") { field(FREQ, "1e7") field(NM1, "clock") field(NM2, "I0") field(NM3, "It")\n'
            '    field(NM4, "foil") field(NM5, "mon5") field(NM6, "mon6") field(NM7, "mon7") field(NM8, "mon8")\n'
            '    field(FLNK, "BL:scaler_calc1") }\n',
            # As synApps has them beside each scaler; processed before the count completes.
            'record(calc, "BL:scaler_calc1") { field(DESC, "absorption of the foil") field(PREC, "4")\n'
            '    field(INPA, "BL:scaler.S2") field(INPB, "BL:scaler.S4") field(CALC, "A>0&&B>0?LN(A/B):0") }\n',
            mcs.records("BL:mcs:"),
            profile_move.records("BL:traj1:", axes=2),
            'record(ai, "random_walk:x") { field(PREC, "3") }\n',
            _setpoint("random_walk:dt", 1.0, "s", 0.01, 3600),
            _setpoint("decay:SP", 0, "", -1e6, 1e6, more='field(FLNK, "decay:started")'),
            # A new set point is not reached yet: `done` is cleared within the put, so that no client can miss it.
            'record(calcout, "decay:started") { field(CALC, "0") field(OUT, "decay:done PP") }\n',
            'record(ai, "decay:I") { field(PREC, "3") }\n',
            'record(bi, "decay:done") { field(ZNAM, "busy") field(ONAM, "done") field(VAL, "1") }\n',
            _setpoint("BL:temp:SP", 295, "K", 4, 1000, more='field(FLNK, "BL:temp:started")'),
            'record(calcout, "BL:temp:started") { field(CALC, "0") field(OUT, "BL:temp:done PP") }\n',
            'record(ai, "BL:temp:RBV") { field(EGU, "K") field(PREC, "3") }\n',
            _setpoint("BL:temp:ramp", 5, "K/s", 0.001, 1000),
            'record(bi, "BL:temp:done") { field(ZNAM, "busy") field(ONAM, "done") field(VAL, "1") }\n',
            _switch("BL:shutter", "Close", "Open", 1),
            'record(bi, "BL:shutter:rbv") { field(ZNAM, "Closed") field(ONAM, "Open") field(VAL, "1") }\n',
            'record(ai, "SR:current") { field(EGU, "mA") field(PREC, "2") field(HOPR, "500")\n'
            '    field(INP, "400") field(PINI, "YES")\n'
            '    field(LOW, "100") field(LSV, "MINOR") field(LOLO, "10") field(LLSV, "MAJOR") }\n',
            _switch("SR:current:drop", "No", "Yes", 0),
            'record(waveform, "BL:webcam:image") { field(FTVL, "USHORT") '
            f'field(NELM, "{IMAGE_WIDTH * IMAGE_HEIGHT}") }}\n',
            *(
                f'record(longin, "BL:webcam:{side}") {{ field(VAL, "{pixels}") field(EGU, "px") field(PINI, "YES") }}\n'
                for side, pixels in (("width", IMAGE_WIDTH), ("height", IMAGE_HEIGHT))
            ),
            _setpoint("BL:webcam:fps", 2, "Hz", 0, 100),
            'record(longin, "BL:webcam:count") { }\n',
            *area_detector_records.records(CAMERA, IMAGE_WIDTH, IMAGE_HEIGHT).values(),
            mca_record.records("BL:mca1"),
            'record(longin, "BL:heartbeat") { }\n',
            *(_setpoint(f"TEST:{side}-Mtr-{axis}", 0, "mm", -100, 100) for side in ("Left", "Right") for axis in "XY"),
        ]
    )


class Beamline:
    """The running demo beamline. Make it before base starts, call `start` after.

    Args:
        base: EPICS base, with nothing loaded yet.
        clock: the simulated time; its thread is the only one that simulates.
        seed: makes the same random numbers again; None is different each time.
    """

    def __init__(self, base: Base, clock: SimulationClock, seed: int | None = None) -> None:
        self._base = base
        self._clock = clock
        generators = [np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(6)]
        self._det_random, scaler_random, self._ring_random, self._walk_random, webcam_random, camera_random = generators
        self._mcs_random = np.random.default_rng(None if seed is None else [seed, 1])
        self._motors = RecordSupport(base, MotorRecord, lambda b, address: MotorRecord(b, address, clock))
        self._busy = RecordSupport(base, BusyRecord, BusyRecord)
        self._scalers = RecordSupport(
            base, ScalerRecord, lambda b, address: ScalerRecord(b, address, clock, scaler_random)
        )
        self._callbacks = RecordSupport(base, CallbackRecord, CallbackRecord)
        mca_random = np.random.default_rng(None if seed is None else [seed, 2])
        self._mcas = RecordSupport(base, McaRecord, lambda b, address: McaRecord(b, address, clock, mca_random))
        for support in (self._motors, self._busy, self._scalers, self._callbacks, self._mcas):
            support.register()
        base.load_records(records())
        self._webcam = pictures.Camera(IMAGE_WIDTH, IMAGE_HEIGHT, webcam_random)
        self._camera = pictures.PowderDetector(IMAGE_WIDTH, IMAGE_HEIGHT, camera_random)

    def start(self) -> None:
        """Connect the simulation to the records; base must be running."""
        self._th, self._tth, self._samx, self._samy = (
            self._field(f"BL:{motor}.RBV") for motor in ("th", "tth", "samx", "samy")
        )
        self._beam = Beam(self._base, self._clock, self._ring_random)
        self._connect_detectors()
        self._connect_mcs()
        self._connect_profile_move()
        every = self._clock.every
        wall = self._clock.speed
        every(lambda: FOLLOW_S * wall, self._follower(self._decay()))
        every(lambda: FOLLOW_S * wall, self._follower(self._temperature()))
        every(lambda: FOLLOW_S * wall, self._beam.follow)
        every(lambda: 0.2 * wall, self._rate())
        every(lambda: 1.0 * wall, self._counter("BL:heartbeat"))
        dt = self._field("random_walk:dt")
        every(lambda: max(0.01, dt.get()), self._walk())
        fps = self._field("BL:webcam:fps")
        every(lambda: 1 / fps.get() if fps.get() > 0 else 1.0, self._images(fps))

    def _field(self, name: str) -> DatabaseField:
        return self._base.field(name)

    def _detector_rate(self) -> float:
        light = self._beam.light() * physics.past_blade(self._samx.get())
        return physics.detector_rate(self._th.get(), light, self._tth.get(), self._beam.energy_ev())

    def _scaler_rates(self, th_deg: float, clock_hz: float) -> tuple[float, ...]:
        share = physics.past_blade(self._samx.get())
        return physics.scaler_rates(
            th_deg, self._beam.light(), clock_hz, self._tth.get(), self._beam.energy_ev(), share
        )

    def _connect_detectors(self) -> None:
        scaler = self._scalers.records["BL:scaler"]
        assert isinstance(scaler, ScalerRecord)
        scaler.rates = lambda: self._scaler_rates(self._th.get(), scaler["FREQ"])
        button = self._busy.records["BL:det:CNT"]
        assert isinstance(button, BusyRecord)
        PointDetector(button, self._field("BL:det:TP"), self._field("BL:det:S"), self._clock).connect(
            self._detector_rate, self._det_random
        )
        mca = self._mcas.records["BL:mca1"]
        assert isinstance(mca, McaRecord)
        mca.rates = lambda: physics.fluorescence_rates(
            mca.energies, self._th.get(), self._beam.light(), self._beam.energy_ev()
        )
        AreaDetector(self._base, self._clock, CAMERA, (self._busy, self._callbacks), self._take_picture)

    def _take_picture(self, exposure_s: float, gain: float) -> npt.NDArray[np.uint16]:
        light = self._beam.mean_light(exposure_s) * exposure_s * gain / pictures.EXPOSURE_S
        return self._camera.frame(self._samx.get(), self._samy.get(), light, self._beam.energy_ev())

    def _connect_mcs(self) -> None:
        th = self._motor("BL:th")

        def rates(position: float) -> tuple[float, float, float]:
            clock, monitor, detector, *_ = self._scaler_rates(position, mcs.CLOCK_HZ)
            return clock, monitor, detector

        busy = self._busy.records
        random, position = self._mcs_random, th.position_at
        self._mcs = mcs.MultichannelScaler("BL:mcs:", self._base, self._clock, random, busy, rates, position)

    def _connect_profile_move(self) -> None:
        axes = [self._motor("BL:th"), self._motor("BL:tth")]
        profile_move.ProfileMove("BL:traj1:", self._base, self._clock, self._busy.records, axes, self._mcs.advance)

    def _motor(self, name: str) -> MotorRecord:
        record = self._motors.records[name]
        assert isinstance(record, MotorRecord)
        return record

    # ---- each returns an action that the simulation's clock repeats ------------------------

    def _follower(self, step: Callable[[float], None]) -> Callable[[], None]:
        """An action that calls `step` with the simulated seconds since the last call."""
        last = self._clock.now()

        def action() -> None:
            nonlocal last
            now = self._clock.now()
            elapsed, last = now - last, now
            step(elapsed)

        return action

    def _decay(self) -> Callable[[float], None]:
        setpoint, value, done = (self._field(f"decay:{part}") for part in ("SP", "I", "done"))
        value.put(setpoint.get())

        def step(elapsed_s: float) -> None:
            # In one lock: otherwise a set point that comes in the middle would count as reached.
            with self._base.locked(setpoint.record):
                position, target, is_done = value.get(), setpoint.get(), bool(done.get())
                if is_done and position == target:
                    return
                position = physics.approach(position, target, elapsed_s, DECAY_TIME_S)
                value.put(target if abs(position - target) < 1e-6 else position)
                if not is_done and abs(position - target) < 0.01:
                    done.put(1)

        return step

    def _temperature(self) -> Callable[[float], None]:
        setpoint, value, rate, done = (self._field(f"BL:temp:{part}") for part in ("SP", "RBV", "ramp", "done"))
        value.put(setpoint.get())

        def step(elapsed_s: float) -> None:
            with self._base.locked(setpoint.record):
                if done.get():
                    return
                position = physics.ramp(value.get(), setpoint.get(), elapsed_s, rate.get())
                value.put(position)
                done.put(float(position == setpoint.get()))

        return step

    def _rate(self) -> Callable[[], None]:
        readback = self._field("BL:det:rate")
        return lambda: readback.put(self._detector_rate())

    def _walk(self) -> Callable[[], None]:
        position = self._field("random_walk:x")
        return lambda: position.put(position.get() + self._walk_random.uniform(-1, 1))

    def _counter(self, name: str) -> Callable[[], None]:
        counter = self._field(name)
        return lambda: counter.put(counter.get() + 1)

    def _images(self, fps: DatabaseField) -> Callable[[], None]:
        image, number = self._field("BL:webcam:image"), self._field("BL:webcam:count")

        def action() -> None:
            if fps.get() <= 0:
                return
            count = int(number.get()) + 1
            image.put_image(self._webcam.frame(self._samx.get(), self._samy.get(), self._beam.light()))
            number.put(count)

        return action
