"""The positions of motors as text: the table of `wa` and `wm`, the line that follows a move.

It reads devices and never moves one. Any device with a position will do, also one of another library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from beamshell.documents.alarms import INVALID, alarms_of
from beamshell.engine.asyncio_view import plain_view
from beamshell.errors import BeamshellError
from beamshell.plans.computed_axes import require_motors
from beamshell.protocols import BeginsRead, Locatable
from beamshell.shell.device_parts import is_motor
from beamshell.text.numbers import fixed, number, with_unit
from beamshell.text.window import table_in_window

_COLUMNS = ("", "user", "dial", "low limit", "high limit", "", "state")
_TEXT_COLUMNS = (0, 5, 6)
_NO_VALUE = "no value"
_HIDDEN_FIRST = ((2,), (3, 4))


def position_of(device: Any) -> Any:
    """The position of a device now, read from the hardware if possible."""
    return begin_position(device)()


def begin_position(device: Any) -> Callable[[], Any]:
    """Request the position of a device; the function returned collects it.

    What is requested before something is written is answered with it, in one round trip, and as it was before.

    Raises:
        NotConnected: a motor that it is computed from does not answer.
    """
    device = plain_view(device)
    if hasattr(device, "begin_location"):
        collect = device.begin_location()
        return lambda: collect()["readback"]
    require_motors(device)
    if isinstance(device, Locatable):
        position = device.locate()["readback"]
    else:
        position = device.position if is_motor(device) else device.get()
    return lambda: position


def recent_place(device: Any) -> Any:
    """The position, state or value that subscriptions have brought last, without asking; None if none has come."""
    if (real_axes := getattr(device, "real_axes", None)) is not None and hasattr(device, "inverse_of"):
        places = [recent_place(axis) for axis in real_axes]
        return None if None in places else device.inverse_of(places)
    if hasattr(device, "index") and hasattr(getattr(device, "device", None), "pseudo_names"):  # one computed axis
        places = recent_place(device.device)
        return None if places is None else places[device.index]
    signal = device if hasattr(device, "latest") else getattr(device, "readback_signal", None)
    if signal is None:
        return None
    reading = signal.latest if signal.connected else None
    return None if reading is None else reading["value"]


def asked(begin: Callable[[Any], Callable[[], Any]], device: Any) -> Callable[[], Any]:
    """What `begin` gives; if the device fails at once, a function that fails in the same way when it is collected."""
    try:
        return begin(device)
    except Exception as exc:  # noqa: BLE001  a device of others may fail in any way; it is raised where it is reported
        failure = exc

    def fail() -> Any:
        raise failure

    return fail


def no_answer(failure: Exception, offline: str) -> str:
    """What stands in place of a position that could not be asked for: `offline`, or "no answer" of an odd device."""
    return offline if isinstance(failure, BeamshellError | TimeoutError) else "no answer"


def no_value(device: Any, offline: str) -> str:
    """What stands in place of a position that is None: `offline`, or "no value" if the device is connected."""
    return _NO_VALUE if getattr(device, "connected", True) else offline


def recent_offset(device: Any) -> float | None:
    """The user offset of a motor record, as a subscription has brought it last; None if none has, or it has none.

    With another offset the same position is another place.
    """
    signal = getattr(device, "user_offset", None)
    if signal is None or not hasattr(signal, "follow"):
        return None
    signal.follow()  # for the next time; this asks nothing and waits for nothing
    return None if (reading := signal.latest if signal.connected else None) is None else float(reading["value"])


def begin_position_text(device: Any) -> Callable[[], str]:
    """Request the position of a device; the function returned gives it as text: "1.0000 deg", "Open", a value."""
    if is_motor(device):
        collect = begin_position(device)
        return lambda: value_text(device, collect())
    device = plain_view(device)
    state = getattr(device, "state", None)
    text = state if isinstance(state, str) else value_text(device, device.get())
    return lambda: text


def unit_of(device: Any) -> str:
    """Its unit, "" if it has none or does not answer."""
    units = (_fact(device, name) for name in ("egu", "units"))
    return next((unit for unit in units if isinstance(unit, str)), "")


def precision_of(device: Any) -> int | None:
    """Its digits after the point; None if nobody says."""
    precision = _fact(device, "precision")
    return precision if isinstance(precision, int) else None


def _fact(device: Any, name: str) -> Any:
    """An attribute of a device; None if it cannot say, in whatever way a device of others fails."""
    try:
        return getattr(plain_view(device), name, None)
    except Exception:  # noqa: BLE001
        return None


def value_text(device: Any, value: Any) -> str:
    """A value with the device's unit, such as "1.0000 deg"."""
    return with_unit(_digits(device, value), unit_of(device))


def _digits(device: Any, value: Any) -> str:
    """A value with as many decimals as the device says; the positions of several axes as it says them."""
    if isinstance(value, tuple) and hasattr(device, "with_unit"):
        return str(device.with_unit(value))
    if isinstance(value, bool) or not isinstance(value, Real):
        return "" if value is None else str(value)
    precision = precision_of(device)
    return number(float(value), 4 if precision is None else precision, as_position=is_motor(device))


def move_in_words(motor: Any, origin: float, target: float) -> str:
    """Such as "th: 1.0000 -> 0.2987 deg"."""
    digits = target_digits(motor)
    return f"{motor.name}: {fixed(origin, digits)} -> {with_unit(fixed(target, digits), unit_of(motor))}"


def target_digits(motor: Any) -> int:
    """The digits of a computed position: those of the motor, at least 3."""
    precision = precision_of(motor)
    return 4 if precision is None else max(precision, 3)


# ---- the table ---------------------------------------------------------------------------------


def positions_table(motors: Mapping[str, Any], offline: str = "OFFLINE", *, only_user: bool = False) -> str:
    """A row for each motor: name, user and dial position, low and high limit, unit, state.

    All motors are asked before the first answer is waited for. What is no motor has its value in place of a position.

    Args:
        motors: by name.
        offline: what stands in place of the position of a motor that does not answer.
        only_user: leave out dial positions and limits.
    """
    states = {name: (asked(begin_motor_state, motor), asked(_begin_alarm, motor)) for name, motor in motors.items()}
    rows = [_COLUMNS, *(_row(name, motors[name], *collectors, offline) for name, collectors in states.items())]
    if only_user:
        return table_in_window([(name, user, unit, state) for name, user, *_, unit, state in rows], (0, 2, 3))
    return table_in_window(rows, left_aligned=_TEXT_COLUMNS, hide_first=_HIDDEN_FIRST)


def begin_motor_state(motor: Any) -> Callable[[], Mapping[str, Any]]:
    """Request the row of a motor in the table; the function returned collects it."""
    motor = plain_view(motor)
    begin = getattr(motor, "begin_state", None)
    return begin() if callable(begin) else lambda: _foreign_state(motor)


def places_of(devices: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where motors and shutters stand: by name, the device and its position or state; of those that answer.

    All are asked before the first answer is waited for.
    """
    parts = {name: (device, getattr(device, "pseudo_names", ())) for name, device in devices.items()}
    single = {name: device for name, (device, axes) in parts.items() if not axes}
    axes = {f"{name}.{axis}": getattr(device, axis) for name, (device, names) in parts.items() for axis in names}
    asked = {
        name: (device, device.begin_state())
        for name, device in {**single, **axes}.items()
        if callable(getattr(device, "begin_state", None)) and getattr(device, "connected", True)
    }
    places = {}
    for name, (device, collect) in asked.items():
        try:
            state = collect()
        except (BeamshellError, TimeoutError):  # it says so itself, where it is needed
            continue
        if state["connected"]:
            places[name] = (device, state["position"])
    return places


def _begin_alarm(motor: Any) -> Callable[[], list[str]]:
    """Ask for the alarm of the position or value, in words, [] for none; what does not answer has none."""
    motor = plain_view(motor)
    signal = getattr(motor, "readback_signal", motor)
    if not isinstance(signal, BeginsRead) or not getattr(motor, "connected", True):
        return list
    collect = signal.begin_read()

    def words() -> list[str]:
        severities = alarms_of(collect()).values()
        return [f"position {INVALID}" if severity == INVALID else f"{severity} alarm" for severity in severities]

    return words


def _foreign_state(motor: Any) -> dict[str, Any]:
    """The state of a signal, or of a motor of another library: it knows its position, and perhaps its limits."""
    if not getattr(motor, "connected", True):
        return {"connected": False}
    if not is_motor(motor):
        return {"connected": True, "position": motor.get()}
    position = position_of(motor)
    if position is None:
        return {"connected": True, "position": _NO_VALUE}
    limits = _fact(motor, "limits")
    low, high = limits if isinstance(limits, tuple | list) and len(limits) == 2 else (None, None)
    if low == high:
        low = high = None
    return {"connected": True, "position": position, "low_limit": low, "high_limit": high}


def _row(
    name: str, motor: Any, collect: Callable[[], Mapping[str, Any]], alarm: Callable[[], list[str]], offline: str
) -> tuple[str, ...]:
    try:
        state = collect()
        words = [*(state.get("words") or ()), *alarm()]
    except (BeamshellError, TimeoutError) as exc:
        return (name, no_answer(exc, offline), "", "", "", "", str(exc))
    except Exception as exc:  # noqa: BLE001  a device of others may fail in any way; the table has other rows
        return (name, no_answer(exc, offline), "", "", "", "", f"{type(exc).__name__}: {exc}".partition("\n")[0])
    if not state["connected"]:
        return (name, offline, "", "", "", "", "")
    user, dial, low, high = (_digits(motor, state.get(key)) for key in ("position", "dial", "low_limit", "high_limit"))
    units = unit_of(motor) if state.get("units") is None else state["units"]
    no_limit = "none" if is_motor(motor) else "-"
    return (name, user, dial or "-", low or no_limit, high or no_limit, units, ", ".join(words))
