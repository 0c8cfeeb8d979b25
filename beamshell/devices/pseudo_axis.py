"""PseudoSingle: one axis of a PseudoPositioner, such as the gap of a pair of slits, moved and read as any motor.

It knows no control system and no formula; its device computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from typing_extensions import override

from beamshell.channels.base import OnConnection, OnDone, Silence
from beamshell.devices.component import Component
from beamshell.devices.computed import ComputedChannel
from beamshell.devices.part import Kind
from beamshell.devices.positioner import MoveStatus, Positioner, PositionState
from beamshell.devices.signal import Signal
from beamshell.errors import DeviceError, ReadOnlyError
from beamshell.protocols import DataKey, ForeignMotion, Location


class AxisOwner(Protocol):
    """The part of a PseudoPositioner that its axes use."""

    pseudo_names: tuple[str, ...]

    @property
    def real_axes(self) -> list[Positioner]:
        """The real axes, in the order of `RealPosition`."""

    def inverse_of(self, real: Sequence[float]) -> Any:
        """The positions of the computed axes for positions of the real ones."""

    def limits_of(self, axis: str) -> tuple[float, float]:
        """(low, high) of a computed axis; equal ones if that cannot be said without the other axes."""

    def begin_location(self) -> Callable[[], Location]:
        """Request set point and position of all axes; the function returned collects them."""

    def plan(self, target: Mapping[str, float]) -> Any:
        """The targets of all axes for `target` of the computed ones; every real axis has accepted its target."""

    def estimate_time_s(self, start: Any, stop: Any) -> float | None:
        """Seconds that the slowest real axis should take from `start` to `stop`; None if unknown."""

    def drive(self, plan: Any, axis: str, move: MoveStatus) -> None:
        """Send the real axes as planned; `move` is to be ended."""

    def stop(self, success: bool = False) -> None:
        """Stop every real axis."""

    def on_foreign_motion(self, callback: Callable[[ForeignMotion], None]) -> Callable[[], None]:
        """Call `callback` whenever somebody else moves one of the real axes; returns a function that ends this."""


class PseudoValue(Signal):
    """A value of a pseudo axis, computed from what the real axes say now.

    Args:
        role: "readback" or "setpoint", of the real axes from which it is computed.
        parent: the pseudo axis.
        identity: the other arguments of Signal: name, kind, attr_name, labels, doc.
    """

    writable = False

    def __init__(self, *, role: str, parent: PseudoSingle, kind: Kind | str = Kind.normal, **identity: Any) -> None:
        channel = _Computed(parent, role)
        self._set_up(channel, channel, parent=parent, kind=kind, **identity)


class _Computed(ComputedChannel):
    """A channel that reads the real axes and computes the value."""

    connected = True
    """It has no connection of its own: the real axes are what is offline, and what messages name."""

    def __init__(self, axis: PseudoSingle, role: str) -> None:
        super().__init__(self._signals, self._position)
        self._axis = axis
        self._role = role

    @property
    def source(self) -> str:  # type: ignore[override]  # the name of the device may change
        """The axis that computes it."""
        return f"pseudo://{self._axis.name}:{self._role}"

    def _signals(self) -> list[Any]:
        return [getattr(real, f"{self._role}_signal") for real in self._axis.device.real_axes]

    def _position(self, *values: Any) -> float:
        return float(self._axis.device.inverse_of(values)[self._axis.index])

    def describe(self) -> DataKey:
        """A number, with the unit and the precision of the axis."""
        key: DataKey = {"source": self.source, "dtype": "number", "shape": [], "dtype_numpy": "<f8"}
        if self._axis.units:
            key["units"] = self._axis.units
        if self._axis.precision is not None:
            key["precision"] = self._axis.precision
        return key

    @property
    def limits(self) -> tuple[float, float]:
        """The limits of the axis."""
        return self._axis.limits

    @property
    def choices(self) -> tuple[str, ...]:
        """None: it is a number."""
        return ()

    def check(self, value: Any) -> Any:
        """Nothing can be written."""
        raise ReadOnlyError(f"it is computed, so {value} was not written; move its axis: {self._axis.name}")

    def put(self, value: Any, on_done: OnDone | None = None) -> None:  # noqa: ARG002 - the signature of a channel
        """Nothing can be written."""
        self.check(value)

    def wait_connected(self, timeout: float) -> None:
        """Return at once."""

    def on_connection(self, callback: OnConnection) -> None:
        """Never called."""


class PseudoMove(MoveStatus):
    """The status of a move of one pseudo axis, with the plan for the real ones.

    Args:
        axis: the axis that moves.
        target: its target.
        plan: the targets of the real axes.
        kwargs: those of MoveStatus.
    """

    def __init__(self, axis: PseudoSingle, target: Any, *, plan: Any, **kwargs: Any) -> None:
        self.plan = plan
        super().__init__(axis, target, **kwargs)


class PseudoSingle(Positioner):
    """One axis of a PseudoPositioner; declare it there as a component.

    Several may be sent at once (`mv slits.gap 1 slits.centre 0`): the later joins the move of the earlier, and both end
    together. The others stay where they were sent.

    Args:
        prefix: unused.
        name: its name; recorded are `name` and `name_setpoint`.
        units: of its position; those of the first real axis if none are given.
        precision: digits after the decimal point worth showing; those of the first real axis if not given.
        kwargs: those of Positioner: limits, settle_time, timeout, ...
    """

    readback = Component(PseudoValue, role="readback", kind=Kind.hinted)
    setpoint = Component(PseudoValue, role="setpoint", kind=Kind.normal)

    def __init__(
        self, prefix: str = "", *, name: str = "", units: str = "", precision: int | None = None, **kwargs: Any
    ) -> None:
        self._units = units
        self._precision = precision
        super().__init__(prefix, name=name, **kwargs)

    def part_name(self, attr: str) -> str:
        """The readback has the name of the axis itself."""
        return self.name if attr == "readback" and self.name else super().part_name(attr)

    @property
    def device(self) -> AxisOwner:
        """The device that it is an axis of."""
        if self.parent is None:
            raise DeviceError(f"{self.name}: a PseudoSingle is a component of a PseudoPositioner; declare it there")
        owner: AxisOwner = self.parent
        return owner

    @property
    def index(self) -> int:
        """Its number among the axes of its device."""
        return self.device.pseudo_names.index(self.attr_name)

    @property
    def connected(self) -> bool:
        """True when every real axis answers."""
        return all(real.connected for real in self.device.real_axes)

    @override
    def silences(self, ask_s: float = 0.0) -> list[Silence]:
        """Those of the real axes."""
        return [silence for real in self.device.real_axes for silence in real.silences(ask_s)]

    @property
    def readback_signal(self) -> PseudoValue:
        """The signal of its position."""
        return self.readback

    @property
    def setpoint_signal(self) -> PseudoValue:
        """The signal of its set point."""
        return self.setpoint

    @property
    def units(self) -> str:
        """The unit of its position."""
        return self._units or str(self.device.real_axes[0].units)

    @property
    def precision(self) -> int | None:
        """Digits after the decimal point worth showing."""
        digits: int | None = self.device.real_axes[0].precision if self._precision is None else self._precision
        return digits

    @property
    def hardware_limits(self) -> tuple[float, float]:
        """(low, high) that its device knows; equal ones if they depend on the other axes."""
        return self.device.limits_of(self.attr_name)

    @override
    def begin_location(self) -> Callable[[], Location]:
        collect, index = self.device.begin_location(), self.index

        def collected() -> Location:
            location = collect()
            return {"setpoint": location["setpoint"][index], "readback": location["readback"][index]}

        return collected

    @property
    def moving(self) -> bool:
        """True while any of the real axes moves."""
        return any(real.moving for real in self.device.real_axes)

    def _begin_online_state(self) -> Callable[[], PositionState]:
        collect, moving = super()._begin_online_state(), self.moving
        return lambda: {**collect(), "moving": moving, "words": ["moving"] if moving else []}

    def check_value(self, position: Any) -> None:
        """Return if a move to `position` would be accepted by every real axis; nothing moves.

        Raises:
            BadValue: it is no finite number.
            LimitError: it, or where a real axis would have to go, is outside the limits.
        """
        super().check_value(position)
        self.device.plan({self.attr_name: float(position)})

    def set(self, position: Any, *, timeout: float | None = None, settle_time: float | None = None) -> MoveStatus:
        """Start to go to `position`; see Positioner.set. What a real axis refuses is refused before anything moves."""
        super().check_value(position)
        target = self._target_of(position)
        move = PseudoMove(
            self,
            target,
            plan=self.device.plan({self.attr_name: float(target)}),
            timeout=timeout if timeout is not None else self.timeout,
            settle_time=self.settle_time if settle_time is None else settle_time,
        )
        self._begin(move)
        return move

    def estimate_time_s(self, start: float, stop: float, **others: float) -> float | None:
        """Seconds that the slowest real axis should take from `start` to `stop`; None if that is unknown.

        Args:
            start: the position before the move.
            stop: the target.
            others: the positions of the other axes of its device; their setpoints if not given.
        """
        seconds = self.device.estimate_time_s({self.attr_name: start, **others}, {self.attr_name: stop})
        return None if seconds is None else seconds + self.settle_time

    @override
    def start_move(self, move: MoveStatus) -> None:
        assert isinstance(move, PseudoMove)
        self.device.drive(move.plan, self.attr_name, move)

    def on_foreign_motion(self, callback: Callable[[ForeignMotion], None]) -> Callable[[], None]:
        """Call `callback` whenever somebody else moves one of the real axes; see protocols.NoticesForeignMotion."""
        return self.device.on_foreign_motion(callback)

    def stop(self, success: bool = False) -> None:
        """Stop every real axis: an axis that is computed from them cannot stop alone."""
        self.device.stop(success)
