"""MotorRecord: a motor record that behaves as documented for EPICS, on a simulated axis.

It knows no beamline.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from typing_extensions import override

from beamshell.analysis.move_times import MoveSettings
from beamshell.ioc import motor_fields
from beamshell.ioc.base import Base
from beamshell.ioc.motion import TimedPath, Travel
from beamshell.ioc.motor_fields import (
    AT_HOME,
    BUTTONS,
    DONE,
    HOMED,
    MINUS_SWITCH,
    MOVE,
    MOVING,
    PAUSE,
    PLUS_SWITCH,
    PROBLEM,
    SLIPPED,
    STOP,
    UPWARDS,
)
from beamshell.ioc.record import PROPERTY, Record
from beamshell.ioc.simulation_clock import SimulationClock

UPDATE_S = 0.04
"""Seconds between two read-backs of a motor that moves."""

_ON_STEP = 1e-3
"""A position that is so close to a step, in steps, is that step: numbers are rounded."""

_STATE_ALARM, _HIGH_ALARM, _LOW_ALARM, _MAJOR = 7, 4, 6, 2  # alarm.h


class MotorRecord(Record):
    """One motor. Its axis stands on whole steps of MRES, and comes to its target in the direction of BDST.

    It obeys, unless the simulation's own fields make it slip or meet a limit switch.

    SIMS (1 = steps go out, nothing moves), SIMH and SIML (dial positions of the limit switches) are not part of the
    real record: they simulate faults of the axis.
    """

    TYPE = "motor"
    MENUS = motor_fields.MENUS
    FIELDS = motor_fields.FIELDS

    _last_move: Travel | TimedPath | None = None
    _rests_since = 0.0

    def __init__(self, base: Base, address: int, clock: SimulationClock) -> None:
        super().__init__(base, address)
        self._clock = clock
        self._move: Travel | TimedPath | None = None
        self._began = 0.0
        self._dial: float = self["DVAL"]
        self._target = self._dial
        self._has_slipped = False
        self._waits_for_go = False
        self._is_jogging = False
        self._is_homed = False

    # ---- coordinates: user = direction * dial + offset ------------------------------------------

    @property
    def _direction(self) -> int:
        return -1 if self["DIR"] else 1

    def _to_user(self, dial: float) -> float:
        return float(self._direction * dial + self["OFF"])

    def _to_dial(self, user: float) -> float:
        return float((user - self["OFF"]) * self._direction)

    def _to_raw(self, dial: float) -> int:
        steps = dial / (self["MRES"] or 1.0)
        return round(max(-(2.0**31), min(2.0**31 - 1, steps)))

    def _on_step(self, dial: float) -> float:
        """The step that is closest to a dial position; the axis can stand nowhere else."""
        size = abs(self["MRES"])
        if not size or not math.isfinite(dial):
            return dial
        step = round(dial / size) * size
        return dial if abs(step - dial) <= _ON_STEP * size else step

    def _show_target(self, user: float | None = None) -> None:
        """Bring VAL, DVAL and RVAL in step with the target; `user` spares VAL a rounding error."""
        self["VAL"] = self._to_user(self._target) if user is None else user
        self["DVAL"] = self._target
        self["RVAL"] = self._to_raw(self._target)

    def _show_position(self) -> None:
        """Bring all read-backs in step with the axis. At a target on a step a motor reads exactly VAL."""
        dial = self._on_step(self._dial)
        self["RBV"] = self["VAL"] if dial == self._target else self._to_user(dial)
        self["DRBV"] = dial
        self["RRBV"] = self._to_raw(dial)
        self["DIFF"] = self["DVAL"] - dial
        self["RDIF"] = self["RVAL"] - self["RRBV"]
        self._show_switches()

    def _show_switches(self) -> None:
        high, low = self._dial >= self["SIMH"], self._dial <= self["SIML"]
        self["RHLS"], self["RLLS"] = high, low
        self["HLS"], self["LLS"] = (high, low) if self._direction > 0 else (low, high)
        self["ATHM"] = self._dial == 0
        self["MSTA"] = (
            (DONE if self["DMOV"] else 0)
            | (MOVING if self["MOVN"] else 0)
            | (PLUS_SWITCH if high else 0)
            | (MINUS_SWITCH if low else 0)
            | (HOMED if self._is_homed else 0)
            | (AT_HOME if self._is_homed and self._dial == 0 else 0)
            | (SLIPPED | PROBLEM if self._has_slipped else 0)
            | (UPWARDS if self["CDIR"] else 0)
        )

    def _show_user_limits(self) -> None:
        ends = (self._to_user(self["DLLM"]), self._to_user(self["DHLM"]))
        self["LLM"], self["HLM"] = min(ends), max(ends)
        self.post(None, PROPERTY)

    # ---- motion ---------------------------------------------------------------------------------

    def _is_within_limits(self, dial: float) -> bool:
        return math.isfinite(dial) and (self._has_no_limits() or bool(self["DLLM"] <= dial <= self["DHLM"]))

    def _has_no_limits(self) -> bool:
        return bool(self["DLLM"] == self["DHLM"] == 0)

    def _go(self, dial: float, user: float | None = None) -> None:
        """Send the axis to a dial position, or refuse with LVIO and restore the old target."""
        accepted = self._is_within_limits(dial)
        self["LVIO"] = not accepted
        if not accepted:
            self._show_target()
            return
        self._target = dial
        self._show_target(user)
        self._release_buttons()
        self._waits_for_go = self["SPMG"] in (STOP, PAUSE)
        if not self._waits_for_go:
            backlash = self["BDST"] if abs(self["BDST"]) >= abs(self["MRES"]) else 0.0
            self._begin(dial, MoveSettings(self["VELO"], self["ACCL"], backlash, self["BVEL"], self["BACC"]))

    def _begin(self, dial: float, settings: MoveSettings) -> None:
        target = self._on_step(dial)
        if self._move:
            self._dial = self._dial_now()
        elif target == self._dial:
            self._forget_faults()
            self["DMOV"] = 0  # also without a move: clients wait for DMOV to fall and rise
            self._show_position()
            self["DMOV"] = 1
            self._show_switches()
            return
        legs = settings.legs(self._dial, target)
        self._set_off(Travel.along(legs, target, self["VMAX"] or math.inf, self["DLY"]))

    def _set_off(self, move: Travel | TimedPath, began: float | None = None) -> None:
        self._move, self._began = move, self._clock.now() if began is None else began
        self._forget_faults()
        self["DMOV"], self["MOVN"] = 0, 1
        self._show_direction(move)
        self._show_position()
        self._schedule(move)

    def _elapsed_s(self) -> float:
        return self._clock.now() - self._began

    def _show_direction(self, move: Travel | TimedPath) -> None:
        direction = move.direction(self._elapsed_s())
        self["CDIR"] = direction > 0
        self["TDIR"] = direction * self._direction > 0

    def _schedule(self, move: Travel | TimedPath) -> None:
        rest_s = move.duration_s - self._elapsed_s()
        self._clock.after(max(0.0, min(rest_s, UPDATE_S * self._clock.speed)), lambda: self._tick(move))

    def _dial_now(self) -> float:
        """The dial position of the axis, as far as the move, a slip or a limit switch let it go, and never back."""
        moment, move = self._clock.now(), self._move
        position = self._dial_at(moment)
        if not isinstance(move, Travel) or len(move.moves) != 1:
            return position
        return max(self._dial, position) if move.direction(moment - self._began) > 0 else min(self._dial, position)

    def _dial_at(self, moment: float) -> float:
        """The dial position of the axis at a moment of this move or of the last one."""
        move = self._last_move if self._move is None and moment < self._rests_since else self._move
        if move is None or self["SIMS"]:
            return self._dial
        elapsed_s = moment - self._began
        position, low, high = move.position(elapsed_s), float(self["SIML"]), float(self["SIMH"])
        if isinstance(move, TimedPath):
            return max(low, min(position, high))
        return min(position, high) if move.direction(elapsed_s) > 0 else max(position, low)

    def _is_at_switch(self, move: Travel | TimedPath) -> bool:
        return move.is_beyond(self._dial, self._elapsed_s(), self["SIML"], self["SIMH"])

    def _tick(self, move: Travel | TimedPath) -> None:
        with self.locked():
            if self._move is not move:  # superseded or stopped
                return
            is_over = self._elapsed_s() >= move.duration_s  # before the look at where it is
            self._dial = self._dial_now()
            self._show_direction(move)
            self["MOVN"] = self._elapsed_s() < move.moving_s  # at rest during DLY, but not done
            self._show_position()
            if is_over or self._is_at_switch(move):
                self._arrive(move)
                self.finish()
            else:
                self._schedule(move)

    def _forget_faults(self) -> None:
        self["MISS"] = 0
        self._has_slipped = False

    def _arrive(self, move: Travel | TimedPath) -> None:
        """End the move: the target is reached, or an obstacle."""
        if self["HOMF"] or self["HOMR"]:
            self._is_homed = self._dial == 0
        at_switch = self._is_at_switch(move)
        if at_switch or any(self[button] for button in BUTTONS):  # here is where it was sent, as for the real record
            self._target = self._dial
            self._show_target()
        self._has_slipped = not at_switch and abs(self._dial - move.target) >= self["RDBD"]
        self["MISS"] = self._has_slipped and self["RTRY"] > 0
        if self["SPMG"] == MOVE and not self._has_slipped:
            self["SPMG"] = PAUSE
        self._rest()

    def _halt(self, *, keeps_target: bool = False) -> None:
        """Stop at once; unless paused, this place becomes the target. Do nothing if it is at rest."""
        if self._move is None:
            return
        self._dial = self._on_step(self._dial_now())
        if not keeps_target:
            self._target = self._dial
            self._show_target()
        self._rest()

    def _rest(self) -> None:
        self._last_move, self._rests_since = self._move, self._clock.now()
        self._move = None
        self._release_buttons()
        self["MOVN"] = 0
        self._show_position()
        self["DMOV"] = 1  # after the last read-back, as clients expect
        self._show_switches()

    def _release_buttons(self, but: str = "") -> None:
        for button in BUTTONS:
            if button != but:
                self[button] = 0
        self._is_jogging = but.startswith("JOG")

    # ---- what other parts of the simulation ask -------------------------------------------------

    def position_at(self, at: float | None = None) -> float:
        """The position of the axis in user coordinates; RBV follows only at intervals.

        Args:
            at: a moment of the simulation's clock, now or shortly before; None is now.
        """
        with self._base.locked(self._address):
            return self._to_user(self._dial_now() if at is None else self._dial_at(at))

    def follow(self, times: list[float], positions: list[float], began: float) -> bool:
        """Drive through user positions at given times, as the controller of a profile move does.

        False, and nothing moves, if the motor moves already or SPMG does not let it.

        Args:
            times: seconds from `began`, increasing; the first is 0.
            positions: where the motor is then, in user coordinates.
            began: a moment of the simulation's clock.
        """
        with self.locked():
            if self._move is not None or self["SPMG"] in (STOP, PAUSE):
                return False
            *way_there, self._target = map(self._to_dial, positions)
            way = TimedPath(tuple(times), (*way_there, self._on_step(self._target)))
            self._show_target()
            self._set_off(way, began)
            return True

    def halt(self) -> None:
        """Stop, as a write to STOP does."""
        with self.locked():
            self._halt()
            self.finish()

    # ---- what base calls ------------------------------------------------------------------------

    @override
    def is_busy(self) -> bool:
        return self._move is not None

    @override
    def on_start(self) -> None:
        self._show_target()
        self._show_user_limits()
        self._show_position()

    @override
    def on_write(self, field: str) -> None:
        action = self._WRITES.get(field)
        if action:
            action(self)

    @override
    def claim_alarms(self) -> None:
        if self._has_slipped:
            self.raise_alarm(_STATE_ALARM, _MAJOR)
        if self["HLS"]:
            self.raise_alarm(_HIGH_ALARM, self["HLSV"])
        if self["LLS"]:
            self.raise_alarm(_LOW_ALARM, self["HLSV"])

    @override
    def units(self, field: str) -> str:
        return motor_fields.UNITS.get(field, "{}").format(self.text("EGU"))

    @override
    def precision(self, field: str) -> int:
        return int(self["PREC"])

    @override
    def limits(self, field: str) -> tuple[float, float] | None:
        if field in ("VAL", "RBV"):
            return self["LLM"], self["HLM"]
        if field in ("DVAL", "DRBV"):
            return self["DLLM"], self["DHLM"]
        if field == "VELO" and self["VMAX"]:
            return self["VBAS"], self["VMAX"]
        return None

    # ---- what a write means ---------------------------------------------------------------------

    def _keep_above_zero(self, ramp: str) -> None:
        if self[ramp] <= 0:
            self[ramp] = 0.1  # as the record does

    def _write_user(self) -> None:
        user = self["VAL"]
        self.post("VAL")  # base leaves the posting of VAL to the record
        if not self["SET"]:
            self._go(self._to_dial(user), user)
        elif self["FOFF"]:
            self._redefine_dial(self._to_dial(user))
        else:
            self["OFF"] = user - self._direction * self._dial
            self._follow_offset()

    def _write_dial(self) -> None:
        if self["SET"]:
            self._redefine_dial(self["DVAL"])
        else:
            self._go(self["DVAL"])

    def _write_raw(self) -> None:
        self["DVAL"] = self["RVAL"] * self["MRES"]
        self._write_dial()

    def _redefine_dial(self, dial: float) -> None:
        """Redefine the dial without a move; FOFF says whether the user position follows."""
        user = self._to_user(self._dial)
        self._dial = self._target = dial
        if not self["FOFF"]:
            self["OFF"] = user - self._direction * dial
        self._follow_offset()

    def _follow_offset(self) -> None:
        self._show_target()
        self._show_user_limits()
        self._show_position()

    def _write_direction(self) -> None:
        if not self["FOFF"]:
            self["OFF"] = self["VAL"] - self._direction * self._target
        self._follow_offset()

    def _write_relative(self) -> None:
        step, self["RLV"] = self["RLV"], 0.0
        self._go_by(step)

    def _go_by(self, step: float) -> None:
        user = self["VAL"] + step
        self._go(self._to_dial(user), user)

    def _tweak(self, button: str, sign: int) -> None:
        if self[button]:
            self[button] = 0
            self._go_by(sign * self["TWV"])

    def _write_user_limits(self) -> None:
        ends = (self._to_dial(self["LLM"]), self._to_dial(self["HLM"]))
        self["DLLM"], self["DHLM"] = min(ends), max(ends)
        self.post(None, PROPERTY)

    def _write_stop(self) -> None:
        if self["STOP"]:
            self["STOP"] = 0
            self._halt()

    def _write_spmg(self) -> None:
        if self["SPMG"] == STOP:
            self._halt()
        elif self["SPMG"] == PAUSE:
            self._waits_for_go = self._move is not None
            self._halt(keeps_target=True)
        elif self._waits_for_go:
            self._go(self._target, self["VAL"])

    def _jog(self, button: str, sign: int) -> None:
        if not self[button]:
            if self._is_jogging:
                self._halt()
            return
        direction = sign * self._direction
        end = direction * math.inf if self._has_no_limits() else self["DHLM"] if direction > 0 else self["DLLM"]
        ramp_s = abs(self["JVEL"]) / self["JAR"] if self["JAR"] > 0 else 0.0
        self._press(button, end, self["JVEL"], 0.0 if math.isinf(end) else ramp_s)

    def _home(self, button: str) -> None:
        if self[button]:
            self._press(button, 0.0, self["HVEL"], self["ACCL"])

    def _press(self, button: str, dial: float, speed: float, ramp_s: float) -> None:
        if self["SPMG"] in (STOP, PAUSE):
            self[button] = 0
            return
        self._release_buttons(but=button)
        self._begin(dial, MoveSettings(speed, ramp_s))
        if self._move is None:  # there already
            self._is_homed = self._is_homed or button in ("HOMF", "HOMR")
            self._rest()

    def _write_status_request(self) -> None:
        self["STUP"] = 0
        self._show_position()

    def _write_sync(self) -> None:
        self["SYNC"] = 0
        if self._move is None:
            self._target = self._dial
            self._follow_offset()

    def _choose(self, button: str, mode: int) -> None:
        self[button] = 0
        self["SET"] = mode

    _WRITES: ClassVar[dict[str, Callable[[MotorRecord], None]]] = {
        "VAL": _write_user,
        "DVAL": _write_dial,
        "RVAL": _write_raw,
        "RLV": _write_relative,
        "OFF": _follow_offset,
        "DIR": _write_direction,
        "HLM": _write_user_limits,
        "LLM": _write_user_limits,
        "DHLM": _show_user_limits,
        "DLLM": _show_user_limits,
        "STOP": _write_stop,
        "SPMG": _write_spmg,
        "TWF": lambda self: self._tweak("TWF", +1),
        "TWR": lambda self: self._tweak("TWR", -1),
        "JOGF": lambda self: self._jog("JOGF", +1),
        "JOGR": lambda self: self._jog("JOGR", -1),
        "HOMF": lambda self: self._home("HOMF"),
        "HOMR": lambda self: self._home("HOMR"),
        "STUP": _write_status_request,
        "SYNC": _write_sync,
        "SSET": lambda self: self._choose("SSET", 1),
        "SUSE": lambda self: self._choose("SUSE", 0),
        "MRES": _follow_offset,
        "ACCL": lambda self: self._keep_above_zero("ACCL"),
        "BACC": lambda self: self._keep_above_zero("BACC"),
        "SIMH": _show_switches,
        "SIML": _show_switches,
    }
