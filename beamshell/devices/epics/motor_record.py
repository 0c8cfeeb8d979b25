"""MotorRecord: the fields of a motor record, where it is, and how long a move would take; it sends nothing.

EpicsMotor, which is made of it, moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from typing_extensions import override

from beamshell.analysis.move_times import MoveSettings
from beamshell.devices.component import Component
from beamshell.devices.epics.motor_move import part_without_speed
from beamshell.devices.epics.move_result import SPMG, fault_words, msta_words
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Fact, Kind
from beamshell.devices.positioner import Positioner, PositionState
from beamshell.devices.values import begin_values, recent_value
from beamshell.errors import DeviceError


class CommandSignal(EpicsSignal):
    """A field of a motor record whose write may move the motor, or change its set point."""

    @override
    def _note_written(self, value: Any) -> None:
        super()._note_written(value)
        self.parent.note_own_command(self.attr_name, value)


class MotorRecord(Positioner):
    """The fields of a motor record, and what they say.

    Args:
        prefix: the record: "BL:th".
        name: its name.
        kwargs: those of Positioner and Device.
    """

    user_readback = Component(EpicsSignalRO, ".RBV", kind=Kind.hinted, auto_monitor=True)
    user_setpoint = Component(
        CommandSignal, ".VAL", kind=Kind.normal, auto_monitor=True, every_change=True, write_timeout=None
    )

    user_offset = Component(CommandSignal, ".OFF", kind=Kind.config)
    user_offset_dir = Component(CommandSignal, ".DIR", kind=Kind.config, auto_monitor=True)
    velocity = Component(EpicsSignal, ".VELO", kind=Kind.config, auto_monitor=True)
    acceleration = Component(EpicsSignal, ".ACCL", kind=Kind.config, auto_monitor=True)
    backlash_distance = Component(EpicsSignal, ".BDST", kind=Kind.config, auto_monitor=True)
    backlash_velocity = Component(EpicsSignal, ".BVEL", kind=Kind.config, auto_monitor=True)
    backlash_acceleration = Component(EpicsSignal, ".BACC", kind=Kind.config, auto_monitor=True)
    readback_settle_time = Component(EpicsSignal, ".DLY", kind=Kind.config, auto_monitor=True)
    motor_egu = Component(EpicsSignal, ".EGU", kind=Kind.config)

    high_limit_travel = Component(EpicsSignal, ".HLM", kind=Kind.omitted, auto_monitor=True)
    low_limit_travel = Component(EpicsSignal, ".LLM", kind=Kind.omitted, auto_monitor=True)
    high_limit_switch = Component(EpicsSignalRO, ".HLS", kind=Kind.omitted)
    low_limit_switch = Component(EpicsSignalRO, ".LLS", kind=Kind.omitted)
    limit_violation = Component(EpicsSignalRO, ".LVIO", kind=Kind.omitted)
    motor_is_moving = Component(EpicsSignalRO, ".MOVN", kind=Kind.omitted, auto_monitor=True)
    motor_done_move = Component(EpicsSignalRO, ".DMOV", kind=Kind.omitted, auto_monitor=True)
    msta = Component(EpicsSignalRO, ".MSTA", kind=Kind.omitted)
    motor_spg = Component(CommandSignal, ".SPMG", kind=Kind.omitted)
    motor_stop = Component(CommandSignal, ".STOP", kind=Kind.omitted)
    set_use_switch = Component(CommandSignal, ".SET", kind=Kind.omitted)
    dial_position = Component(EpicsSignalRO, ".DRBV", kind=Kind.omitted)
    retry_deadband = Component(EpicsSignal, ".RDBD", kind=Kind.omitted)
    motor_resolution = Component(CommandSignal, ".MRES", kind=Kind.omitted)

    dial_setpoint = Component(CommandSignal, ".DVAL", kind=Kind.omitted, lazy=True, write_timeout=None)
    dial_high_limit_travel = Component(EpicsSignal, ".DHLM", kind=Kind.omitted, lazy=True)
    dial_low_limit_travel = Component(EpicsSignal, ".DLLM", kind=Kind.omitted, lazy=True)
    offset_freeze_switch = Component(EpicsSignal, ".FOFF", kind=Kind.omitted, lazy=True)
    direction_of_travel = Component(EpicsSignalRO, ".TDIR", kind=Kind.omitted, lazy=True)
    description = Component(EpicsSignal, ".DESC", kind=Kind.omitted, lazy=True)
    home_forward = Component(CommandSignal, ".HOMF", kind=Kind.omitted, lazy=True, write_timeout=None)
    home_reverse = Component(CommandSignal, ".HOMR", kind=Kind.omitted, lazy=True, write_timeout=None)
    home_velocity = Component(EpicsSignal, ".HVEL", kind=Kind.omitted, lazy=True)
    jog_forward = Component(CommandSignal, ".JOGF", kind=Kind.omitted, lazy=True, write_timeout=None)
    jog_reverse = Component(CommandSignal, ".JOGR", kind=Kind.omitted, lazy=True, write_timeout=None)
    jog_velocity = Component(EpicsSignal, ".JVEL", kind=Kind.omitted, lazy=True)
    tweak_value = Component(EpicsSignal, ".TWV", kind=Kind.omitted, lazy=True)
    tweak_forward = Component(CommandSignal, ".TWF", kind=Kind.omitted, lazy=True, write_timeout=None)
    tweak_reverse = Component(CommandSignal, ".TWR", kind=Kind.omitted, lazy=True, write_timeout=None)

    def __init__(self, prefix: str, *, name: str = "", **kwargs: Any) -> None:
        super().__init__(prefix, name=name, **kwargs)
        self._tolerance_signals = (self.retry_deadband, self.motor_resolution)

    def part_name(self, attr: str) -> str:
        """The readback has the name of the motor itself."""
        return self.name if attr == "user_readback" and self.name else super().part_name(attr)

    def note_own_command(self, field: str, value: Any) -> None:
        """Note that this console is about to write a field that may move the motor; nothing to be done here.

        Args:
            field: the attribute, such as "user_setpoint".
            value: what is written.
        """

    # ---- where it is -------------------------------------------------------------------------

    @property
    def readback_signal(self) -> EpicsSignalRO:
        """The signal of its position: RBV."""
        return self.user_readback

    @property
    def setpoint_signal(self) -> EpicsSignal:
        """The signal of its set point: VAL."""
        return self.user_setpoint

    @property
    def hardware_limits(self) -> tuple[float, float]:
        """LLM and HLM of the record, by monitor; equal ones mean that there are none."""
        return (recent_value(self.low_limit_travel), recent_value(self.high_limit_travel))

    @property
    def moving(self) -> bool:
        """True while the motor moves, whoever sent it."""
        return bool(recent_value(self.motor_is_moving))

    @override
    def limit_switch(self) -> str:
        for word, switch in (("high", self.high_limit_switch), ("low", self.low_limit_switch)):
            switch.follow()  # the first time; this asks nothing and waits for nothing
            if (reading := switch.latest) is not None and reading["value"]:
                return word
        return ""

    def _begin_online_state(self) -> Callable[[], PositionState]:
        collect = begin_values(
            self.user_readback,
            self.user_setpoint,
            self.dial_position,
            self.motor_is_moving,
            self.high_limit_switch,
            self.low_limit_switch,
            self.motor_spg,
            self.set_use_switch,
            self.msta,
        )

        def collected() -> PositionState:
            readback, setpoint, dial, moving, high, low, spmg, calibrating, msta = collect()
            state = self._state(readback, setpoint)
            flags = {
                "moving": moving,
                "high limit switch": high,
                "low limit switch": low,
                f"SPMG {SPMG[int(spmg)]}": spmg < 2,
                "Set mode": calibrating,
            }
            words = [word for word, is_so in flags.items() if is_so] + fault_words(int(msta))
            return {**state, "dial": dial, "moving": bool(moving), "words": words}

        return collected

    @override
    def begin_tolerance(self) -> Callable[[], float | None]:
        collect = begin_values(*self._tolerance_signals)
        return lambda: max(map(abs, collect()))

    def status_words(self) -> list[str]:
        """Every bit of the record's status word MSTA that is set, in words."""
        return msta_words(int(self.msta.get()))

    @override
    def _resolution(self) -> float:
        return float(self.motor_resolution.get())

    # ---- how long a move takes ---------------------------------------------------------------

    def move_settings(self, velocity: float | None = None, ramp_s: float | None = None) -> MoveSettings:
        """What the time of a move depends on, as it is now in the record, in user coordinates.

        Args:
            velocity: in place of VELO, in units/s.
            ramp_s: in place of ACCL, in seconds.
        """
        direction = -1.0 if recent_value(self.user_offset_dir) else 1.0
        return MoveSettings(
            velocity=recent_value(self.velocity) if velocity is None else velocity,
            ramp_s=recent_value(self.acceleration) if ramp_s is None else ramp_s,
            backlash=direction * recent_value(self.backlash_distance),
            backlash_velocity=recent_value(self.backlash_velocity),
            backlash_ramp_s=recent_value(self.backlash_acceleration),
            delay_s=recent_value(self.readback_settle_time),
        )

    def estimate_time_s(self, start: float, stop: float) -> float:
        """Seconds that a move from `start` to `stop` should take, with the record's settings as they are now.

        Raises:
            DeviceError: it would never arrive, since a speed is 0.
        """
        settings = self.move_settings()
        self.check_speed(settings, start, stop)
        return settings.duration_s(start, stop) + self.settle_time

    def check_speed(self, settings: MoveSettings, start: float, target: float) -> None:
        """Return if a move with these settings would arrive.

        Raises:
            DeviceError: a speed that it needs is 0.
        """
        if part := part_without_speed(settings, start, target):
            self._refuse_zero_speed(part)

    def _refuse_zero_speed(self, name: str) -> None:
        field = self.part(name).pvname.rpartition(".")[2]
        raise DeviceError(
            f"{self.name}: its {name} ({field}) is 0, so it would never arrive; to change it: {self.name}.{name}.set(1)"
        )

    # ---- simulation --------------------------------------------------------------------------

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A motor record, with the limits that it was given."""
        yield {"is": "motor", "record": self.prefix, **self._simulated_limits, **settings}
        yield from super().simulation(settings)
