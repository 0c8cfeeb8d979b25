"""Where the motors of this console stood at a scan, beside where they stand now.

That is known from the points of the scan, from what was recorded beside it, or else from the moves since then. It asks
motors and never moves one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from beamshell.engine.places import same_place
from beamshell.errors import BeamshellError, UnknownName
from beamshell.plans.start_metadata import ORIGINS, position_field
from beamshell.shell.device_parts import is_motor
from beamshell.shell.position_changes import NO_ANSWER, Change, Standing, standing
from beamshell.shell.positions import unit_of
from beamshell.shell.tokens import find_device
from beamshell.store.engine_calls import KINDS, Move, moves
from beamshell.text.numbers import counted
from beamshell.views.recorded_places import RecordedPlace, RecordedPlaces

if TYPE_CHECKING:
    from beamshell.shell.prompt_names import DeviceNamespace
    from beamshell.shell.session import Session
    from beamshell.store import Run

_OFFSET = "offset"
"""What the names of settings have in common by which the same position can be another place."""


class _Stood(NamedTuple):
    """Where a motor stood.

    Attributes:
        motor: the device; None if this console does not have it.
        position: in `unit`.
        unit: as recorded; "" if it is not known.
        owner: the device whose settings were recorded.
        settings: those of then, by data key.
    """

    motor: Any
    position: Any
    unit: str
    owner: Any = None
    settings: Mapping[str, Any] = {}


def changes_since(session: Session, run: Run, point: int | None) -> list[Change]:
    """Each motor of which it is known where it stood, with where it stands now and why it cannot go back.

    Args:
        session: the console.
        run: the scan.
        point: the number of a point as the table shows it, -1 the last; None is the beginning of the scan.

    Raises:
        UnknownName: the run has no such point.
    """
    recorded = RecordedPlaces(_number_of(run, point))
    recorded.take(run.documents())
    since = run.start["time"] if point is None or recorded.time is None else recorded.time
    stood: dict[str, _Stood] = {}
    origins = run.start.get(ORIGINS) or {} if point is None else {}
    for name, place in (*_recorded(session.devices, recorded, origins), *_logged(session, since)):
        stood.setdefault(name, place)
    now = standing({name: place.motor for name, place in stood.items() if place.motor is not None})
    settings = _settings_now(stood)
    return [
        Change(name, place.motor, place.position, now.get(name), _problem(place, now.get(name), settings.get(name)))
        for name, place in stood.items()
    ]


def _number_of(run: Run, point: int | None) -> int:
    points = run.num_events.get("primary", 0)
    number = 1 if point is None else points + 1 + point if point < 0 else point
    if point is not None and not 1 <= number <= points:
        raise UnknownName(f"{run.label} has {counted(points, 'point')}, so none is its {point}")
    return number


# ---- what a run says ---------------------------------------------------------------------------


def _recorded(
    devices: DeviceNamespace, recorded: RecordedPlaces, origins: Mapping[str, Any]
) -> Iterator[tuple[str, _Stood]]:
    """Name and place of all motors that a run records; those that it scanned around an origin stood there."""
    for recorded_name, place in recorded.places.items():
        try:
            typed = devices.typed_name(recorded_name)
            device = find_device(typed, devices)
        except UnknownName:
            if any(key.endswith("setpoint") for key in place.values):  # what is no more, and could be moved
                key = next(iter(place.values))
                yield recorded_name, _Stood(None, place.values[key], place.units.get(key, ""))
            continue
        if not is_motor(device):
            continue
        axes = getattr(device, "pseudo_names", ())
        of_device = {f"{typed}.{axis}": getattr(device, axis) for axis in axes} or {typed: device}
        for name, motor in of_device.items():
            key = getattr(getattr(motor, "readback_signal", None), "name", "") or position_field(motor)
            position, origin = _position(motor, key, place), origins.get(motor.name)
            position = float(origin) if _is_number(origin) else position
            if position is not None:
                yield name, _Stood(motor, position, place.units.get(key, ""), device, place.settings)


def _position(motor: Any, key: str, place: RecordedPlace) -> float | None:
    """Where it had been sent, if it was there, so that it gets there again; else its position. None if not known."""
    position = place.values.get(key)
    setpoint = place.values.get(getattr(getattr(motor, "setpoint_signal", None), "name", ""))
    if not _is_number(position):
        return None
    return float(setpoint if _is_number(setpoint) and same_place(motor, position, setpoint) else position)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


# ---- what the log says -------------------------------------------------------------------------


def _logged(session: Session, since: float) -> Iterator[tuple[str, _Stood]]:
    """Name and place of the motors that were moved since: they stood where the first of these moves began."""
    first: dict[str, Move] = {}
    for move in moves(session.log.newest_first(*KINDS, since=since)):
        first[move.device] = move
    for name, move in sorted(first.items(), key=lambda item: item[1].time):
        try:
            motor = find_device(name, session.devices)
        except BeamshellError:  # it is no more; what a run says of it comes from the run
            continue
        if is_motor(motor) and _is_number(move.origin):
            yield name, _Stood(motor, float(move.origin), move.unit, motor, offset_then(motor, move))


def offset_then(motor: Any, move: Move) -> dict[str, float]:
    """The offset of a motor when it was moved, by its data key; {} if it is not known."""
    key = getattr(getattr(motor, "user_offset", None), "name", "")
    return {key: move.offset} if key and move.offset is not None else {}


# ---- what has changed --------------------------------------------------------------------------


def _settings_now(stood: Mapping[str, _Stood]) -> dict[str, dict[str, Any]]:
    """The settings of now of the motors whose offsets are known of then; all are asked at once."""
    collectors: dict[str, Callable[[], Mapping[str, Any]]] = {}
    for name, place in stood.items():
        begin = getattr(place.owner, "begin_read_configuration", None)
        with suppress(*NO_ANSWER):
            if begin is not None and any(map(_is_offset, place.settings)) and getattr(place.owner, "connected", True):
                collectors[name] = begin()
    settings: dict[str, dict[str, Any]] = {}
    for name, collect in collectors.items():
        with suppress(*NO_ANSWER):
            settings[name] = {key: reading["value"] for key, reading in collect().items()}
    return settings


def _is_offset(key: str) -> bool:
    return _OFFSET in key


def _problem(stood: _Stood, now: Standing | None, settings: Mapping[str, Any] | None) -> str:
    """Why a motor cannot go back, such as that the same number is another place now; "" if it can."""
    if stood.motor is None:
        return "this console does not have it"
    if now is None:
        return "it does not answer"
    unit = unit_of(stood.motor)
    if stood.unit and unit and unit != stood.unit:
        return f"it was in {stood.unit} then, and is in {unit} now"
    return changed_offset(stood.settings, settings or {})


def changed_offset(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which offset has changed, so that the same position is another place; "" if none has.

    Args:
        then: settings by data key, as they were recorded.
        now: likewise.
    """
    for key, before in then.items():
        if _is_offset(key) and key in now and not same_place(None, before, now[key]):
            return f"the same number is another place: {key} was {before} and is {now[key]}"
    return ""
