"""PseudoPositioner: axes that are computed from real ones, such as gap and centre from two blades.

It knows no control system: its real axes are positioners of any.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from typing_extensions import override

from beamshell.channels.base import Silence
from beamshell.devices.axis_drive import Drive
from beamshell.devices.axis_positions import position_type
from beamshell.devices.device import Device
from beamshell.devices.limits import as_number
from beamshell.devices.positioner import MoveStatus, Positioner
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.devices.staging import raise_together
from beamshell.devices.values import begin_values
from beamshell.errors import BadValue, LimitError, MoveFailed
from beamshell.protocols import ForeignMotion, Location
from beamshell.text.nearest import unknown

_WHOLE = ""  # stands for "all axes" where an axis is named


class Plan(NamedTuple):
    """The targets of all axes of a device, as a PseudoPosition and as a RealPosition."""

    pseudo: Any
    real: Any


class PseudoPositioner(Device):
    """A device with axes that are computed from real ones; a subclass adds `forward` and `inverse`.

    Where a number is given for the whole device, as in `mvr(mono, 0.01)`, its only axis is meant, or the one that the
    class names as `main_attr`.

    Its parts that are PseudoSingle are the computed axes, all other positioners the real ones, in the order of their
    declaration. A move has succeeded when every real axis says so; if one fails, the others are stopped.

    Args:
        prefix: the beginning of the addresses of its parts.
        name: its name.
        motors: devices that exist already, one for each real axis, in the order of their declaration; they stay what
            they are, and only the computed axes are recorded with this device. None: it makes its own.
        kwargs: those of Device.

    Raises:
        BadValue: these are not as many positioners as it has real axes.

    Example:
        >>> class Jaws(PseudoPositioner):
        ...     gap = Component(PseudoSingle)
        ...     left = Component(EpicsMotor, "samx")
        ...     right = Component(EpicsMotor, "samy")
        ...     def forward(self, pseudo):
        ...         return self.RealPosition(left=-pseudo.gap / 2, right=pseudo.gap / 2)
        ...     def inverse(self, real):
        ...         return self.PseudoPosition(gap=real.right - real.left)
        >>> jaws = Jaws("BL:", name="jaws")
        >>> jaws.gap.set(2).wait()
    """

    HIDDEN = (
        *("axes_join", "begin_location", "drive", "drive_ended", "groups_of", "in_order", "is_driven_by", "lock"),
        *("plan", "pseudo_positioners", "real_positioners", "with_unit"),
    )
    axes_join: ClassVar[bool] = True
    """Axes that are sent one after the other join one move; of ophyd's, the second would end the first."""
    device_arguments: ClassVar[tuple[str, ...]] = ("motors",)
    """The arguments that a device file gives as the names of other devices."""
    PseudoPosition: ClassVar[Any] = tuple
    """A named tuple of the computed axes."""
    RealPosition: ClassVar[Any] = tuple
    """A named tuple of the real axes."""
    main_attr: ClassVar[str] = ""
    """The computed axis that a single number means; if there is only one axis, it need not be named."""
    pseudo_names: tuple[str, ...] = ()
    real_names: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        kinds = {attr: component.cls for attr, component in cls._components.items()}
        cls.pseudo_names = tuple(attr for attr, kind in kinds.items() if issubclass(kind, PseudoSingle))
        positioners = tuple(attr for attr, kind in kinds.items() if issubclass(kind, Positioner))
        cls.real_names = tuple(attr for attr in positioners if attr not in cls.pseudo_names)
        cls.PseudoPosition = position_type("PseudoPosition", cls.pseudo_names)
        cls.RealPosition = position_type("RealPosition", cls.real_names)

    def __init__(
        self, prefix: str = "", *, name: str = "", motors: Sequence[Positioner] | None = None, **kwargs: Any
    ) -> None:
        self._given = {} if motors is None else self._by_real_axis(name, motors)
        self._components = {attr: part for attr, part in self._components.items() if attr not in self._given}
        self.component_names = tuple(self._components)
        self.lock = threading.RLock()
        self._joined: dict[str, MoveStatus] = {}  # the moves that the present drive of the real axes serves
        self._target: Any = None  # of that drive, as a PseudoPosition
        self._drive: Drive | None = None
        super().__init__(prefix, name=name, **kwargs)
        if not self.pseudo_names or not self.real_names:
            raise TypeError(f"{type(self).__name__} needs parts of both kinds: PseudoSingle, and a real positioner")

    def _by_real_axis(self, name: str, motors: Sequence[Positioner]) -> dict[str, Positioner]:
        if (
            not isinstance(motors, Sequence)
            or len(motors) != len(self.real_names)
            or not all(isinstance(motor, Positioner) for motor in motors)
            or len({id(motor) for motor in motors}) < len(motors)
        ):
            axes = ", ".join(self.real_names)
            raise BadValue(
                f"{name}: its motors are {motors!r}, and must be a list with another one for each of: {axes}"
            )
        return dict(zip(self.real_names, motors, strict=True))

    @override
    def _part(self, attr: str) -> Any:
        return self._given[attr] if attr in self._given else super()._part(attr)

    @property
    def aliases(self) -> Mapping[str, Positioner]:
        """The devices that exist already, by the real axis that they are here."""
        return self._given

    # ---- what a subclass says ----------------------------------------------------------------

    def forward(self, pseudo: Any) -> Any:
        """The positions of the real axes (a RealPosition) for positions of the computed ones."""
        raise NotImplementedError

    def inverse(self, real: Any) -> Any:
        """The positions of the computed axes (a PseudoPosition) for positions of the real ones."""
        raise NotImplementedError

    def limits_of(self, axis: str) -> tuple[float, float]:  # noqa: ARG002 - for subclasses that can tell
        """(low, high) of a computed axis; equal ones if that cannot be said without the other axes."""
        return (0.0, 0.0)

    def in_order(self, start: Any, target: Any) -> Sequence[Sequence[str]]:  # noqa: ARG002 - for subclasses
        """The names of the real axes in groups: each group is sent when the one before has arrived.

        All together, unless a subclass says that they could collide on the way.

        Args:
            start: where the real axes are, a RealPosition.
            target: where they go, likewise.

        Raises:
            LimitError: there is no way without a collision; nothing has moved.
        """
        return [self.real_names]

    # ---- where it is -------------------------------------------------------------------------

    @property
    def main_axis(self) -> PseudoSingle | None:
        """The computed axis that a single number means; None if none of several does."""
        attr = self.main_attr or (self.pseudo_names[0] if len(self.pseudo_names) == 1 else "")
        return self._part(attr) if attr else None

    @property
    def real_axes(self) -> list[Positioner]:
        """The real axes, in the order of `RealPosition`."""
        return [self._part(attr) for attr in self.real_names]

    @property
    def pseudo_positioners(self) -> Any:
        """The computed axes as a PseudoPosition: what plans of bluesky ask a device with computed axes for."""
        return self.PseudoPosition(*(self._part(attr) for attr in self.pseudo_names))

    @property
    def real_positioners(self) -> Any:
        """The real axes as a RealPosition."""
        return self.RealPosition(*self.real_axes)

    def inverse_of(self, real: Sequence[float]) -> Any:
        """`inverse`, of plain numbers."""
        return self.PseudoPosition(*self.inverse(self.RealPosition(*real)))

    def _forward_of(self, pseudo: Any) -> Any:
        return self.RealPosition(*self.forward(pseudo))

    @property
    def position(self) -> Any:
        """The positions of the computed axes now, such as ``PseudoPosition(gap=1.0, centre=0.0)``."""
        return self.inverse_of(self.real_position)

    @property
    def real_position(self) -> Any:
        """The positions of the real axes now."""
        return self.RealPosition(*begin_values(*(real.readback_signal for real in self.real_axes))())

    def locate(self) -> Location:
        """Set point and position of the computed axes, read in one round trip; see Positioner.locate."""
        return self.begin_location()()

    def begin_location(self) -> Callable[[], Location]:
        """Request all values of `locate`; the function returned collects them."""
        collectors = [real.begin_location() for real in self.real_axes]

        def collected() -> Location:
            locations = [collect() for collect in collectors]
            return {
                "setpoint": self.inverse_of([location["setpoint"] for location in locations]),
                "readback": self.inverse_of([location["readback"] for location in locations]),
            }

        return collected

    @property
    def moving(self) -> bool:
        """True while any of the real axes moves."""
        return any(real.moving for real in self.real_axes)

    def with_unit(self, position: Any) -> str:
        """A position of all computed axes, for messages: "gap 1 mm, centre 0 mm"."""
        return self._target_text(dict(zip(self.pseudo_names, position, strict=True)))

    # ---- where it may go ---------------------------------------------------------------------

    def check_value(self, *position: Any, **by_name: Any) -> None:
        """Return if `set` would accept this position; nothing moves.

        Raises:
            The same as `set`.
        """
        self.plan(self._checked_axes(position, by_name))

    def _checked_axes(self, position: tuple[Any, ...], by_name: Mapping[str, Any]) -> dict[str, float]:
        """The computed axes' targets, each within the limits of its axis; the real axes are not asked."""
        target = self._by_axis(position, by_name)
        for attr, value in target.items():
            Positioner.check_value(self._part(attr), value)
        return target

    def plan(self, target: Mapping[str, float]) -> Plan:
        """The targets of all axes for `target` of the computed ones; every real axis has accepted its target.

        Raises:
            LimitError, BadValue: one has not; the message names it.
        """
        pseudo = self._completed(target)
        real = self._forward_of(pseudo)
        for axis, position in zip(self.real_axes, real, strict=True):
            try:
                axis.check_value(position)
            except (LimitError, BadValue) as exc:
                position_text = ", ".join(
                    f"{self._part(attr).name} at {self._part(attr).with_unit(v)}" for attr, v in target.items()
                )
                raise type(exc)(f"{position_text} is not possible: {exc}") from exc
        return Plan(pseudo, real)

    def _completed(self, target: Mapping[str, float]) -> Any:
        """`target`, completed by the setpoints of the other axes."""
        if set(target) == set(self.pseudo_names):
            return self.PseudoPosition(**target)
        with self.lock:
            under_way = self._target if self._drive is not None else None
        return (self.locate()["setpoint"] if under_way is None else under_way)._replace(**target)

    def _by_axis(self, position: tuple[Any, ...], by_name: Mapping[str, Any]) -> dict[str, float]:
        """The arguments of `set` by axis."""
        first = position[0] if len(position) == 1 else None
        if isinstance(first, Mapping):
            values = {**first, **by_name}
        elif isinstance(first, Real) and len(self.pseudo_names) > 1:
            if self.main_axis is None:
                axes = " or ".join(f"{self.name}.{attr}" for attr in self.pseudo_names)
                raise BadValue(f"{self.name}: one number for {len(self.pseudo_names)} axes: move one of them, {axes}")
            values = {self.main_axis.attr_name: first, **by_name}
        else:
            is_list = isinstance(first, np.ndarray) or (isinstance(first, Sequence) and not isinstance(first, str))
            numbers: Sequence[Any] = list(first) if is_list else position  # type: ignore[arg-type]  # no list is None
            if numbers and len(numbers) != len(self.pseudo_names):
                axes = ", ".join(self.pseudo_names)
                raise BadValue(
                    f"{self.name}: {len(numbers)} numbers for {len(self.pseudo_names)} axes; they are {axes}"
                )
            values = {**dict(zip(self.pseudo_names, numbers, strict=False)), **by_name}
        for attr in set(values) - set(self.pseudo_names):
            raise unknown("axis", attr, self.pseudo_names, of=self.name)
        if not values:
            raise BadValue(f"{self.name}: give a position: {', '.join(f'{attr}=...' for attr in self.pseudo_names)}")
        return {attr: as_number(self._part(attr).name, value) for attr, value in values.items()}

    def complete(self, position: Any) -> Any:
        """A PseudoPosition for a position as `set` takes it; axes that it leaves out are where they were sent.

        Raises:
            BadValue: it is no position of this device.
        """
        return self._completed(self._by_axis((position,), {}))

    def shifted(self, position: Any, distance: Any) -> Any:
        """The PseudoPosition that is `distance` away from `position`.

        Args:
            position: as `set` takes it.
            distance: likewise; a number is that of the main axis, and axes that it leaves out stay.

        Raises:
            BadValue: one of them is no position of this device.
        """
        begin = self.complete(position)
        distances = self._by_axis((distance,), {})
        return begin._replace(**{attr: getattr(begin, attr) + value for attr, value in distances.items()})

    def estimate_time_s(self, start: Any, stop: Any) -> float | None:
        """Seconds that the real axes should take from `start` to `stop`; None if that is unknown.

        Args:
            start: a position, as `set` takes it; axes that it leaves out are where they were sent.
            stop: likewise; axes that it leaves out stay.
        """
        estimates: list[Any] = [getattr(axis, "estimate_time_s", None) for axis in self.real_axes]
        if None in estimates:
            return None
        try:
            begin = self.complete(start)
            end = begin._replace(**self._by_axis((stop,), {}))
            ways = list(zip(self._forward_of(begin), self._forward_of(end), strict=True))
        except (ArithmeticError, ValueError):  # no real axes are at such a position
            return None
        if not all(math.isfinite(place) for way in ways for place in way):
            return None
        seconds = {
            name: float(estimate(*way)) for name, estimate, way in zip(self.real_names, estimates, ways, strict=True)
        }
        groups = self.in_order(*(self.RealPosition(*places) for places in zip(*ways, strict=True)))
        return sum(max(seconds[name] for name in group) for group in groups if group)

    # ---- going there -------------------------------------------------------------------------

    def set(self, *position: Any, timeout: float | None = None, **by_name: Any) -> MoveStatus:
        """Start to go to a position: ``set((1, 0))``, ``set(gap=1, centre=0)``; other axes stay where they were sent.

        Raises:
            BadValue: it is no position of this device.
            LimitError: it, or where a real axis would have to go, is outside the limits; nothing has moved.
            NotConnected: a real axis does not answer.
        """
        target = self._checked_axes(position, by_name)
        plan = self.plan(target)
        move = MoveStatus(self, target, timeout=timeout, action=f"move to {self._target_text(target)}")
        try:
            self.drive(plan, _WHOLE, move)
        except BaseException as exc:
            move.fail(exc)
            raise
        return move

    def _target_text(self, target: Mapping[str, float]) -> str:
        return ", ".join(f"{attr} {self._part(attr).with_unit(value)}" for attr, value in target.items())

    def move(self, *position: Any, wait: bool = True, timeout: float | None = None, **by_name: Any) -> MoveStatus:
        """Go to a position and, unless `wait` is False, wait; Ctrl+C stops it."""
        status = self.set(*position, timeout=timeout, **by_name)
        if wait:
            try:
                status.wait()
            except KeyboardInterrupt:
                self.stop()
                raise
        return status

    def drive(self, plan: Plan, axis: str, move: MoveStatus) -> None:
        """Send the real axes as planned; `move` ends when all of them are there.

        Args:
            plan: the targets of all axes.
            axis: the axis that is moved, "" for the device as a whole.
            move: the status to be ended.
        """
        drive = Drive(self, plan.real)
        with self.lock:
            overruled = [key for key in self._joined if axis == _WHOLE or key in (_WHOLE, axis)]
            for other in [self._joined.pop(key) for key in overruled]:
                other.fail(MoveFailed(f"{other.obj.name}: {other.action} was superseded by a {move.action}"))
            self._joined[axis] = move
            self._target = plan.pseudo
            self._drive = drive  # from here on, the ends of earlier moves of the real axes are ignored
        drive.start()

    def groups_of(self, target: Sequence[float]) -> list[list[tuple[Positioner, float]]]:
        """The real axes with their targets, in the groups in which they are sent."""
        positions = dict(zip(self.real_names, target, strict=True))
        has_an_order = type(self).in_order is not PseudoPositioner.in_order
        groups = self.in_order(self.real_position, self.RealPosition(*target)) if has_an_order else [self.real_names]
        return [[(self._part(name), positions[name]) for name in group] for group in groups if group]

    def drive_ended(self, drive: Drive, failure: BaseException | None) -> None:
        """End the moves that `drive` serves: the real axes have arrived, or one has failed. Any thread."""
        with self.lock:
            if drive is not self._drive:
                return
            joined, self._joined, self._drive = self._joined, {}, None
        for move in joined.values():
            if failure is None:
                move.arrive()
            else:
                move.fail(MoveFailed(f"{move.obj.name}: {move.action}: {failure}"), failure)

    def is_driven_by(self, drive: Drive) -> bool:
        """True as long as no later drive has taken over and this one has not ended."""
        return drive is self._drive

    def stop(self, success: bool = False) -> None:
        """Stop every real axis; unfinished moves then have failed, or succeeded if `success`."""
        with self.lock:
            if self._drive is not None:
                self._drive.stop(success)
        failures: list[tuple[str, Exception]] = []
        for device in (*self._devices(), *self._given.values()):
            try:
                device.stop(success=success)
            except Exception as exc:  # noqa: BLE001  a part may be anybody's code, and the others must still be stopped
                failures.append((device.name, exc))
        raise_together(self.name, "did not stop", failures)

    @override
    def silences(self, ask_s: float = 0.0) -> list[Silence]:
        """Those of the real axes."""
        return [silence for real in self.real_axes for silence in real.silences(ask_s)]

    def on_foreign_motion(self, callback: Callable[[ForeignMotion], None]) -> Callable[[], None]:
        """Call `callback` whenever somebody else moves one of the real axes; see protocols.NoticesForeignMotion."""
        ends = [real.on_foreign_motion(callback) for real in self.real_axes if hasattr(real, "on_foreign_motion")]

        def end() -> None:
            for one in ends:
                one()

        return end

    def _devices(self) -> list[Any]:
        """The devices that are staged with it: its own real axes, not the computed ones."""
        return [part for part in super()._devices() if not isinstance(part, PseudoSingle)]

    # ---- connection --------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """True when every real axis answers."""
        return super().connected and all(motor.connected for motor in self._given.values())

    def wait_for_connection(self, timeout: float = 5.0) -> None:
        """Return when every real axis answers; all of them share one time-out, in seconds.

        Raises:
            NotConnected: the message names the addresses that do not answer.
        """
        deadline = time.monotonic() + timeout
        super().wait_for_connection(timeout)
        for motor in self._given.values():
            motor.wait_for_connection(max(0.0, deadline - time.monotonic()))


def pseudo_position_argument(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, called with a PseudoPosition however the caller writes it: as one, as numbers, or by name."""
    return _converted(method, "PseudoPosition")


def real_position_argument(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, called with a RealPosition however the caller writes it: as one, as numbers, or by name."""
    return _converted(method, "RealPosition")


def _converted(method: Callable[..., Any], kind: str) -> Callable[..., Any]:
    @wraps(method)
    def with_position(self: PseudoPositioner, *numbers: Any, **by_name: Any) -> Any:
        make = getattr(self, kind)
        plain = numbers[0] if len(numbers) == 1 and isinstance(numbers[0], Sequence) else numbers
        return method(self, make(*plain, **by_name))

    return with_position
