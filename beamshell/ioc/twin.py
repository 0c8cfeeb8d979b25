"""Twin: simulated records for the PVs of any device file, made from facts about its devices.

It knows no device class and no file: each fact names a kind (motor, scaler, counter, positioner, shutter, camera,
area_detector, value) and its PVs. Motors move, counters count, positioners arrive; nothing is real.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from beamshell.errors import IocError
from beamshell.ioc import area_detector_records, mcs, physics, pictures, profile_move
from beamshell.ioc.area_detector import AreaDetector
from beamshell.ioc.base import Base, DatabaseField
from beamshell.ioc.mca_record import McaRecord
from beamshell.ioc.motor_fields import FIELDS as MOTOR_FIELDS
from beamshell.ioc.motor_record import MotorRecord
from beamshell.ioc.point_detector import PointDetector
from beamshell.ioc.process import PROBE_PV
from beamshell.ioc.record_support import RecordSupport
from beamshell.ioc.scaler_record import ScalerRecord
from beamshell.ioc.simulation_clock import SimulationClock
from beamshell.ioc.small_records import BusyRecord, CallbackRecord

Fact: TypeAlias = dict[str, Any]

FOLLOW_S = 0.04
ARRIVAL_S = 1.0
"""Simulated seconds of a positioner's move, of whatever distance."""
PEAK_OFFSET = 0.3
"""Distance of the peak that detectors see from where the motor stood at the start."""
SHUTTER_DELAY_S = 0.1
ENERGY_EV = 12_000.0
"""The photon energy at its fluorescence detectors."""
IMAGE_SIDE = 256
_SPEED, _RANGE, _READING = 5.0, 100.0, 100.0
_ALLOWED = re.compile(r"[A-Za-z0-9_\-:.\[\]<>;{}]{1,60}\Z")
_COMMON_FIELDS = {"VAL", "DESC", "EGU", "PREC"}
_MOTOR_FIELDS = {field.name for field in MOTOR_FIELDS} - _COMMON_FIELDS - {"OUT", "HOPR", "LOPR", "MDEL", "ADEL", "S"}
_SCALER_FIELD = re.compile(r"(S\d+|NM\d+|CNT|TP|FREQ|PR\d+)\Z")

_log = logging.getLogger(__name__)


def read_facts(path: Path) -> list[Fact]:
    """The facts that another process has written as JSON.

    Raises:
        IocError: there is no such file, or it is something else.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise IocError(f"{path}: no facts for a twin: {exc}") from exc
    if not isinstance(facts, list):
        raise IocError(f"{path}: no facts for a twin: a list of them is expected")
    return facts


class TrackedMotor(MotorRecord):
    """A motor that calls `on_command` when it is moved, so that detectors can follow the one that is scanned."""

    on_command: Callable[[TrackedMotor], None]
    began_at = 0.0

    @override
    def on_start(self) -> None:
        super().on_start()
        self.began_at = float(self["RBV"])

    @override
    def on_write(self, field: str) -> None:
        if field in ("VAL", "DVAL", "RLV", "RVAL", "TWF", "TWR", "JOGF", "JOGR"):
            self.on_command(self)
        super().on_write(field)


class Twin:
    """The records and their simulation. Make it before base starts, call `start` after.

    Args:
        base: EPICS base, with nothing loaded yet.
        clock: the clock of the simulation.
        facts: those of all devices.
        seed: makes the same random numbers again; None is different each time.
    """

    def __init__(self, base: Base, clock: SimulationClock, facts: Iterable[Fact], seed: int | None = None) -> None:
        self._base = base
        self._clock = clock
        self._random = np.random.default_rng(seed)
        self._scanned: TrackedMotor | None = None
        self._shutters: list[bool] = []
        self._multichannel_scalers: dict[str, mcs.MultichannelScaler] = {}
        self._motors = RecordSupport(base, TrackedMotor, self._new_motor)
        self._busy = RecordSupport(base, BusyRecord, BusyRecord)
        self._scalers = RecordSupport(
            base, ScalerRecord, lambda b, address: ScalerRecord(b, address, clock, self._random)
        )
        self._callbacks = RecordSupport(base, CallbackRecord, CallbackRecord)
        self._mcas = RecordSupport(base, McaRecord, lambda b, address: McaRecord(b, address, clock, self._random))
        for support in (self._motors, self._busy, self._scalers, self._callbacks, self._mcas):
            support.register()
        self._records: dict[str, str] = {}
        self._to_start: list[Callable[[], None]] = []
        ordered = sorted(facts, key=lambda fact: fact.get("is") == "value")  # what moves or counts comes first
        for fact in ordered:
            self._add(fact)
        self._record(PROBE_PV, "longin")
        base.load_records("".join(self._records.values()))

    def start(self) -> None:
        """Connect the simulation to the records; base must be running."""
        for begin in self._to_start:
            begin()
        for scaler in self._scalers.records.values():
            assert isinstance(scaler, ScalerRecord)
            scaler.rates = self._scaler_rates(scaler)
        for mca in self._mcas.records.values():
            assert isinstance(mca, McaRecord)
            mca.rates = self._mca_rates(mca)

    def _new_motor(self, base: Base, address: int) -> TrackedMotor:
        motor = TrackedMotor(base, address, self._clock)
        motor.on_command = self._note_scanned
        return motor

    def _note_scanned(self, motor: TrackedMotor) -> None:
        self._scanned = motor

    # ---- what detectors see ---------------------------------------------------------------------

    @property
    def _light(self) -> float:
        return physics.beam(physics.NOMINAL_CURRENT_MA, all(self._shutters))

    def _angle(self) -> float:
        """The position of the scanned motor in the peak, as an angle of the demo beamline."""
        motor = self._scanned
        return 0.0 if motor is None else float(motor["RBV"]) - motor.began_at - PEAK_OFFSET + physics.PEAK_CENTRE_DEG

    def _rate(self) -> float:
        return physics.detector_rate(self._angle(), self._light)

    def _scaler_rates(self, scaler: ScalerRecord) -> Callable[[], tuple[float, ...]]:
        further = (physics.DARK_RATE,) * (scaler["NCH"] - 8)  # channels that see no light
        return lambda: physics.scaler_rates(self._angle(), self._light, scaler["FREQ"]) + further

    # ---- records --------------------------------------------------------------------------------

    def _add(self, fact: Fact) -> None:
        add = self._KINDS.get(str(fact.get("is")))
        if add is None:
            _log.warning("the twin cannot simulate %s", fact)
            return
        add(self, fact)

    def _record(self, pv: str, kind: str, **fields: Any) -> bool:
        """True if the record is new; False if it was there before, or cannot be."""
        name = pv.partition(".")[0]
        if name in self._records:
            return False
        if not _ALLOWED.match(name):
            _log.warning("no record of EPICS can be called %r", name)
            return False
        text = " ".join(f'field({field}, "{_quoted(value)}")' for field, value in fields.items() if value != "")
        self._records[name] = f'record({kind}, "{name}") {{ {text} }}\n'
        return True

    def _motor(self, fact: Fact) -> None:
        low, high = fact.get("limits") or (-_RANGE, _RANGE)
        begins = fact.get("value", 0.0 if low <= 0 <= high or low == high else (low + high) / 2)
        speed = float(fact.get("speed", _SPEED))
        self._record(
            fact["record"], "motor",
            DVAL=begins, DLLM=low, DHLM=high, EGU=fact.get("units", "mm"), DESC=str(fact.get("doc", ""))[:40],
            VELO=speed, VMAX=10 * speed, JVEL=speed, JAR=10 * speed, HVEL=speed, ACCL=0.05, RDBD=0.001, MRES=1e-6,
        )  # fmt: skip

    def _scaler(self, fact: Fact) -> None:
        channels = fact.get("channels", 8)
        others = (f"mon{number}" for number in range(4, channels + 1))
        names = {f"NM{number}": name for number, name in enumerate(("clock", "I0", "It", *others), 1)}
        self._record(fact["record"], "scaler", FREQ=1e7, NCH=channels, **names)

    def _mca(self, fact: Fact) -> None:
        self._record(fact["record"], "mca", CALS=0.01, PRTM=1)

    def _mca_rates(self, mca: McaRecord) -> Callable[[], npt.NDArray[np.float64]]:
        return lambda: physics.fluorescence_rates(mca.energies, self._angle(), self._light, ENERGY_EV)

    def _counter(self, fact: Fact) -> None:
        start, preset, results = fact["start"], fact["preset"], [pv for pv in fact["results"] if pv]
        if "." in start or not results:  # a field of a record that another fact makes
            return
        if not self._record(start, "busy"):
            return
        self._record(preset, "ao", VAL=0.1, EGU="s", PREC=3, PINI="YES", DRVL=0, DRVH=1e6, LOPR=0, HOPR=1e6)
        for pv in results:
            self._record(pv, "ai", EGU="counts")
        self._to_start.append(lambda: self._start_counter(start, preset, results[0]))

    def _start_counter(self, start: str, preset: str, result: str) -> None:
        button = self._busy.records[start]
        assert isinstance(button, BusyRecord)
        detector = PointDetector(button, self._base.field(preset), self._base.field(result), self._clock)
        detector.connect(self._rate, self._random)

    def _shutter(self, fact: Fact) -> None:
        command, status = fact["command"], fact["status"]
        if not self._record(command, "bo", ZNAM="Close", ONAM="Open", VAL=1, PINI="YES"):
            return
        if status != command:
            self._record(status, "bi", ZNAM="Closed", ONAM="Open", VAL=1)
        place = len(self._shutters)
        self._shutters.append(True)
        self._to_start.append(lambda: self._start_shutter(place, command, status))

    def _start_shutter(self, place: int, command: str, status: str) -> None:
        command_channel, status_channel = self._base.field(command), self._base.field(status)

        def follow() -> None:
            is_on = bool(command_channel.get())
            if is_on != self._shutters[place]:
                self._shutters[place] = is_on
                self._clock.after(SHUTTER_DELAY_S, lambda: status_channel.put(float(is_on)))

        status_channel.put(1)
        self._every(FOLLOW_S, follow)

    def _positioner(self, fact: Fact) -> None:
        setpoint, readback, done = fact["setpoint"], fact.get("readback", ""), fact.get("done", "")
        states = fact.get("states")
        if not setpoint or "." in setpoint or setpoint == readback:
            return
        low, high = fact.get("limits") or (0, 0)
        begins = fact.get("value", 0 if low <= 0 <= high else (low + high) / 2)
        linked = {"FLNK": f"{setpoint}:sent"} if done else {}
        if states:
            self._states(setpoint, states, begins, writable=True, **linked)
        else:
            number = {"VAL": begins, "EGU": fact.get("units", ""), "PREC": 3, "PINI": "YES"}
            self._record(setpoint, "ao", **number, DRVL=low, DRVH=high, LOPR=low, HOPR=high, **linked)
        if readback:
            if states:
                self._states(readback, states, begins, writable=False)
            else:
                self._record(readback, "ai", EGU=fact.get("units", ""), PREC=3)
        if done:
            arrived = fact.get("done_value", 1)
            at_rest = 1.0 if isinstance(arrived, str) else float(arrived)
            words = {"ZNAM": "moving", "ONAM": arrived if isinstance(arrived, str) else "done"}
            if not at_rest:
                words = {"ZNAM": "done", "ONAM": "moving"}
            self._record(done, "bi", VAL=int(at_rest), **words)
            # A new set point is not reached yet: `done` is cleared within the put, so that no client can miss it.
            self._record(f"{setpoint}:sent", "calcout", CALC=int(not at_rest), OUT=f"{done} PP")
        if stop := fact.get("stop"):
            self._record(stop, "bo", ZNAM="", ONAM="stop")
        self._to_start.append(lambda: self._start_positioner(fact))

    def _start_positioner(self, fact: Fact) -> None:
        setpoint, readback = self._base.field(fact["setpoint"]), self._field(fact.get("readback"))
        done, stop = self._field(fact.get("done")), self._field(fact.get("stop"))
        arrived = fact.get("done_value", 1)
        at_rest = 1.0 if isinstance(arrived, str) else float(arrived)
        position = target = setpoint.get()
        start_s, start = self._clock.now(), position
        if readback is not None:
            readback.put(position)

        def follow() -> None:
            nonlocal position, target, start_s, start
            with self._base.locked(setpoint.record):
                if stop is not None and stop.get():
                    stop.put(0)
                    setpoint.put(position)
                if setpoint.get() != target:
                    target, start_s, start = setpoint.get(), self._clock.now(), position
                moving = position != target
                part = min(1.0, (self._clock.now() - start_s) / ARRIVAL_S)
                position = target if part >= 1.0 else start + (target - start) * part
                if readback is not None and moving:
                    readback.put(position)
                if done is not None and position == target and done.get() != at_rest:
                    done.put(at_rest)

        self._every(FOLLOW_S, follow)

    def _camera(self, fact: Fact) -> None:
        if not self._record(fact["image"], "waveform", FTVL="USHORT", NELM=IMAGE_SIDE**2):
            return
        for side in ("width", "height"):
            self._record(fact[side], "longin", VAL=IMAGE_SIDE, EGU="px", PINI="YES")
        self._record(fact["frames_per_second"], "ao", VAL=2, EGU="Hz", PINI="YES")
        self._record(fact["frame"], "longin")
        self._to_start.append(lambda: self._start_camera(fact))

    def _start_camera(self, fact: Fact) -> None:
        image, number = self._base.field(fact["image"]), self._base.field(fact["frame"])
        rate = self._base.field(fact["frames_per_second"])
        camera = pictures.Camera(IMAGE_SIDE, IMAGE_SIDE, self._random)

        def expose() -> None:
            if rate.get() > 0:
                count = int(number.get()) + 1
                image.put_image(camera.frame(self._angle(), 0.0, self._light))
                number.put(count)

        self._clock.every(lambda: 1 / rate.get() if rate.get() > 0 else 1.0, expose)

    def _area_detector(self, fact: Fact) -> None:
        places = area_detector_records.Places(**{part: fact[part] for part in ("camera", "image", "stats", "hdf")})
        new = area_detector_records.records(places, IMAGE_SIDE, IMAGE_SIDE)
        if not new.keys() & self._records.keys() and all(map(_ALLOWED.match, new)):
            self._records.update(new)
            self._to_start.append(lambda: self._start_area_detector(places))

    def _start_area_detector(self, places: area_detector_records.Places) -> None:
        camera = pictures.Camera(IMAGE_SIDE, IMAGE_SIDE, self._random)

        def look(exposure_s: float, gain: float) -> npt.NDArray[np.uint16]:
            return camera.frame(self._angle(), 0.0, self._light * exposure_s * gain / pictures.EXPOSURE_S)

        AreaDetector(self._base, self._clock, places, (self._busy, self._callbacks), look)

    def _value(self, fact: Fact) -> None:
        name, _, field = fact["pv"].partition(".")
        if field in _MOTOR_FIELDS:
            self._motor({"record": name})
        elif _SCALER_FIELD.match(field):
            self._scaler({"record": name})
        elif fact.get("states"):
            self._states(name, fact["states"], fact.get("value", 0), writable=bool(fact.get("writable")))
        elif fact.get("text"):
            self._record(name, "stringout" if fact.get("writable") else "stringin", VAL=fact.get("value", ""))
        elif fact.get("array"):
            self._record(name, "waveform", FTVL="USHORT", NELM=1024)
        elif fact.get("writable"):
            self._record(name, "ao", VAL=fact.get("value", 0), EGU=fact.get("units", ""), PREC=3, PINI="YES")
        else:
            self._reading(name, float(fact.get("value", _READING)), str(fact.get("units", "")))

    def _reading(self, name: str, value: float, units: str) -> None:
        """A number that only the beamline changes: constant, with a little noise."""
        if self._record(name, "ai", VAL=value, EGU=units, PREC=3):
            self._to_start.append(lambda: self._start_reading(name, value))

    def _start_reading(self, name: str, value: float) -> None:
        field = self._base.field(name)
        field.put(value)
        self._every(1.0, lambda: field.put(value + abs(value) * 1e-4 * abs(self._random.normal())))

    def _states(self, pv: str, states: list[Any], value: Any, *, writable: bool, **more: Any) -> None:
        """A record whose value is one of up to sixteen names."""
        names = ("ZR", "ON", "TW", "TH", "FR", "FV", "SX", "SV", "EI", "NI", "TE", "EL", "TV", "TT", "FT", "FF")
        words = {f"{short}ST": str(state) for short, state in zip(names, states, strict=False)}
        index = states.index(value) if value in states else int(value)
        self._record(pv, "mbbo" if writable else "mbbi", VAL=index, PINI="YES", **words, **more)

    # ---- time and channels ----------------------------------------------------------------------

    def _every(self, seconds: float, action: Callable[[], None]) -> None:
        self._clock.every(lambda: seconds * self._clock.speed, action)

    def _field(self, pv: str | None) -> DatabaseField | None:
        return self._base.field(pv) if pv else None

    def _mcs(self, fact: Fact) -> None:
        prefix: str = fact["prefix"]
        self._records_of(mcs.records(prefix))
        self._to_start.append(lambda: self._start_mcs(prefix))

    def _start_mcs(self, prefix: str) -> None:
        def place(at: float) -> float:
            return 0.0 if self._scanned is None else self._scanned.position_at(at)

        def rates(position: float) -> tuple[float, float, float]:
            began_at = 0.0 if self._scanned is None else self._scanned.began_at
            angle = position - began_at - PEAK_OFFSET + physics.PEAK_CENTRE_DEG
            clock, monitor, detector, *_ = physics.scaler_rates(angle, self._light, mcs.CLOCK_HZ)
            return clock, monitor, detector

        self._multichannel_scalers[prefix] = mcs.MultichannelScaler(
            prefix, self._base, self._clock, self._random, self._busy.records, rates, place
        )

    def _profile_move(self, fact: Fact) -> None:
        self._records_of(profile_move.records(fact["prefix"], len(fact["motors"])))
        self._to_start.append(lambda: self._start_profile_move(fact))

    def _start_profile_move(self, fact: Fact) -> None:
        motors = [record for name in fact["motors"] if isinstance(record := self._motors.records[name], MotorRecord)]
        scaler = self._multichannel_scalers[fact["counter"]]
        busy = self._busy.records
        profile_move.ProfileMove(fact["prefix"], self._base, self._clock, busy, motors, scaler.advance)

    def _records_of(self, text: str) -> None:
        """Take the records of a database, except those that are there already."""
        for record in re.split(r"^(?=record\()", text, flags=re.MULTILINE):
            if match := re.match(r'record\(\w+, "([^"]+)"', record):
                self._records.setdefault(match[1], record)

    _KINDS: dict[str, Callable[[Twin, Fact], None]] = {
        "motor": _motor,
        "scaler": _scaler,
        "counter": _counter,
        "mca": _mca,
        "mcs": _mcs,
        "profile_move": _profile_move,
        "shutter": _shutter,
        "positioner": _positioner,
        "camera": _camera,
        "area_detector": _area_detector,
        "value": _value,
    }


def _quoted(value: Any) -> str:
    """A value as it stands between quotes in a .db file."""
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
