"""The command `preset`: save where motors stand under a name, see how they differ from it, move them back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, NamedTuple, TypeAlias

from typing_extensions import override

from beamshell.errors import DeviceError, UnknownName, UsageError
from beamshell.protocols import Movable
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.comparison import (
    MovedNameSlot,
    arrivals,
    begin_value,
    compare,
    comparison_table,
    moves_agreed,
    plan_of_moves,
    some_of,
)
from beamshell.shell.conditions import Condition, Is, Near, is_number
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_answer, say
from beamshell.shell.parameter_types import Points, Session, Text
from beamshell.shell.plan_form import literal
from beamshell.shell.positions import asked, no_answer, no_value, unit_of, value_text
from beamshell.shell.profile import beside_profile
from beamshell.shell.slots import DeviceSlot, Slot
from beamshell.shell.tokens import Tokens, find_device
from beamshell.store.presets import FILE, PresetPosition, Presets, PresetVersion
from beamshell.text.lists import listed
from beamshell.text.nearest import nearest
from beamshell.text.numbers import in_full
from beamshell.text.times import clock_time
from beamshell.text.window import table_in_window

HEADING = "Presets and states"
_NAME = re.compile(r"[^\W\d][\w.+-]*")
_DIGITS = 8
"""Digits of a position in the history, where no device says how many it has."""
_NO_NAMES = ("yes",)
"""Words that mean something else where a preset is named."""


def presets_of(session: Any) -> Presets:
    """The presets of a console: in the file that the profile names, or in its data folder."""
    name = session.config.presets_file
    return Presets(beside_profile(name, session.profile) if name else session.folder / FILE)


class PresetNameSlot(Slot):
    """The name of a preset."""

    word = "name"

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [] if COMMANDS.session is None else presets_of(COMMANDS.session).newest()


class SavedMotorSlot(DeviceSlot):
    """The name of a device to move, or a pattern such as `sam*`; the next word that is neither begins the comment."""

    word = "motor"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        token = tokens.take(name)
        return token.rstrip(",") if isinstance(token, str) else literal(token, tokens.devices) or token.name

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        if isinstance(token, str) and "*" in token:
            return any(fnmatchcase(name, token) for name in devices)
        return super().fits(token, devices)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [name for name, device in devices.items() if isinstance(device, Movable) and not _is_fixed(device)]


PresetName: TypeAlias = Annotated[str, PresetNameSlot()]


@command(HEADING, example="preset save parked")
def preset(session: Session) -> None:
    """List the presets: named positions of motors, with all that they were before.

    `preset go parked` shows from where to where each motor would go, asks, and moves those that differ; with names
    behind it only these. Where nobody can be asked, `preset go parked yes` moves them. A shutter can be part of a
    preset; it is named when it is saved. Saving again makes a new version, and `version=2` goes to an earlier one.
    """
    _list(session)


@preset.subcommand(example="preset save parked samx samy to change samples", also=("add", "set", "store"))
def save(
    session: Session,
    name: PresetName,
    motors: list[Annotated[str, SavedMotorSlot()]] | None = None,
    comment: Text = "",
) -> None:
    """Save where some motors stand, or all of them, with a comment."""
    _check_name(name, session.devices)
    devices = _named(motors, session.devices) if motors else _every_motor(session.devices)
    positions = _positions(session, devices, skip_offline=not motors)
    saved = presets_of(session).save(name, positions, comment, session.operator)
    session.log.add("preset", name=name, version=saved.version, action="saved")
    shown = [f"{each} {value_text(devices[each], place.value)}" for each, place in saved.positions.items()]
    print_answer(f"preset {name}, version {saved.version}: {listed(shown)}")
    if comment:
        print_answer(f"comment: {comment}")
    if comment and " " not in comment and (near := nearest(comment, session.devices)):
        say(f"'{comment}' is the comment; if {near} was meant: preset save {name} {' '.join([*devices, near])}")


@preset.subcommand(name="list", example="preset list", also=("ls",))
def list_presets(session: Session) -> None:
    """List them."""
    _list(session)


@preset.subcommand(example="preset show parked")
def show(session: Session, name: PresetName, *, version: Points | None = None) -> None:
    """Show where the motors were, where they are now, and the difference."""
    shown = presets_of(session).find(name, version)
    print_answer(f"preset {name}, {_saved(shown)}")
    comparisons = compare(_conditions(shown), session.devices, session.offline_word)
    print(comparison_table(comparisons, "saved"))


@preset.subcommand(example="preset go parked samx", also=("load", "restore", "move"))
def go(
    session: Session,
    name: PresetName,
    motors: list[Annotated[str, MovedNameSlot()]] | None = None,
    *,
    version: Points | None = None,
    yes: bool = False,
) -> Followed | None:
    """Move its motors, or some of them: shows what differs, asks, then moves."""
    conditions = _conditions(presets_of(session).find(name, version))
    if motors:
        conditions = some_of(conditions, motors, of=f"preset {name}")
    comparisons = compare(conditions, session.devices, session.offline_word)
    moves = moves_agreed(session, comparisons, agreed=yes, line=f"preset go {name}")
    return followed_by(plan_of_moves(moves), lambda _: arrivals(moves, session.devices)) if moves else None


@preset.subcommand(example="preset history parked")
def history(session: Session, name: PresetName) -> None:
    """Show all its versions: when, who, where the motors were, why."""
    now = time.time()
    rows = [
        (
            str(each.version),
            clock_time(each.time, now),
            each.operator,
            "deleted" if each.deleted else listed(_places(each)),
            each.comment,
        )
        for each in presets_of(session).history(name)
    ]
    print(table_in_window(rows, left_aligned=(1, 2, 3, 4)))


@preset.subcommand(example="preset delete parked", also=("del", "remove", "rm"))
def delete(session: Session, name: PresetName, comment: Text = "") -> None:
    """Delete it; its history stays."""
    deleted = presets_of(session).delete(name, comment, session.operator)
    session.log.add("preset", name=name, version=deleted.version, action="deleted")
    print_answer(f"preset {name} is deleted (preset history {name} has its versions)")


def _list(session: Session) -> None:
    presets, now = presets_of(session), time.time()
    newest = presets.newest()
    if newest:
        rows = [
            (
                name,
                f"version {one.version}",
                clock_time(one.time, now),
                one.operator,
                " ".join(one.positions),
                one.comment,
            )
            for name, one in newest.items()
        ]
        print(table_in_window(rows, left_aligned=range(6)))
    else:
        print_answer("no presets yet: preset save parked samx samy to change samples")
    if damaged := presets.damaged_lines():
        say(f"{presets.path}: no preset in line {listed(damaged, most=5)}: passed over")


# ---- what is saved -----------------------------------------------------------------------------


def _check_name(name: str, devices: Mapping[str, Any]) -> None:
    if name in devices:
        raise UsageError(f"{name} is a device: give the preset a name first, such as preset save parked {name}")
    if not _NAME.fullmatch(name) or name in _NO_NAMES:
        raise UsageError(f"'{name}' is no name for a preset: write a word such as parked")


def _every_motor(devices: Any) -> dict[str, Any]:
    """Every motor by name; of computed axes and the motors behind them the motors, where these are devices too."""
    distinct = devices.distinct()
    plain = {id(device) for device in distinct.values()}
    motors: dict[str, Any] = {}
    for name, device in distinct.items():
        if is_motor(device) and not _is_fixed(device):
            motors |= {} if _moves_only(device, plain) else _axes(name, device)
    if not motors:
        raise UnknownName("this beamline has no motors: see `devices`")
    return motors


def _moves_only(device: Any, others: set[int]) -> bool:
    """Whether it computes axes from motors that are devices themselves."""
    real_axes = getattr(device, "real_axes", ())
    return bool(real_axes) and all(id(motor) in others for motor in real_axes)


def _axes(name: str, device: Any) -> dict[str, Any]:
    """The device by its name; of one with computed axes these, such as "mono.energy"."""
    return {f"{name}.{axis}": getattr(device, axis) for axis in getattr(device, "pseudo_names", ())} or {name: device}


def _is_fixed(device: Any) -> bool:
    return getattr(device, "writable", True) is False or bool(getattr(device, "read_only", False))


def _named(words: Iterable[str], devices: Mapping[str, Any]) -> dict[str, Any]:
    """The devices that words and patterns name."""
    named: dict[str, Any] = {}
    for word in words:
        if "*" in word:
            every = _every_motor(devices)
            named |= {name: every[name] for name in every if fnmatchcase(name, word) or fnmatchcase(_owner(name), word)}
            continue
        device = find_device(word, devices)
        if not isinstance(device, Movable) or _is_fixed(device):
            raise UsageError(f"{word} cannot be moved, so it cannot be part of a preset")
        named |= _axes(word, device)
    return named


def _owner(name: str) -> str:
    return name.partition(".")[0]


def _positions(session: Session, devices: Mapping[str, Any], *, skip_offline: bool) -> dict[str, PresetPosition]:
    """Where the devices are; all are asked before the first answer is waited for.

    Args:
        session: the console.
        devices: by name.
        skip_offline: whether those that do not answer are left out, which is said.
    """
    collectors = {name: _begin_place(device, session.offline_word) for name, device in devices.items()}
    answers = {name: collect() for name, collect in collectors.items()}
    places = {name: answer for name, answer in answers.items() if isinstance(answer, _Place)}
    problems = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    for problem in dict.fromkeys(problems.values()):
        without = listed(name for name in problems if problems[name] == problem)
        if not skip_offline or not places:
            raise DeviceError(f"{without}: {problem}, so nothing was saved")
        say(f"not part of it: {without} ({problem})")
    if moving := [name for name, place in places.items() if place.is_moving]:
        raise DeviceError(f"{listed(moving)}: moving, so nothing was saved; wait until it has arrived")
    return {name: place.position for name, place in places.items()}


class _Place(NamedTuple):
    """Where a device is, and whether it is on its way."""

    position: PresetPosition
    is_moving: bool


def _begin_place(device: Any, offline: str) -> Callable[[], _Place | str]:
    """Ask a device where it is; the function returned collects it, or says why it is unknown, as `wm` does."""
    if not getattr(device, "connected", True):
        return lambda: offline
    begin_state = getattr(device, "begin_state", None)
    collect = asked(lambda device: begin_state() if callable(begin_state) else begin_value(device), device)

    def collected() -> _Place | str:
        try:
            answer = collect()
        except Exception as exc:  # noqa: BLE001  a device of others may fail in any way
            return no_answer(exc, offline)
        state = answer if callable(begin_state) else {"position": answer}
        value = state["position"]
        if value is None:
            return no_value(device, offline)
        position = PresetPosition(float(value) if is_number(value) else str(value), unit_of(device))
        return _Place(position, bool(state.get("moving")))

    return collected


# ---- what was saved ----------------------------------------------------------------------------


def _conditions(version: PresetVersion) -> dict[str, Condition]:
    return {
        name: Is(place.value) if isinstance(place.value, str) else Near(place.value, unit=place.unit)
        for name, place in version.positions.items()
    }


def _saved(version: PresetVersion) -> str:
    by = f" by {version.operator}" if version.operator else ""
    why = f": {version.comment}" if version.comment else ""
    return f"version {version.version}, saved {clock_time(version.time, time.time())}{by}{why}"


def _places(version: PresetVersion) -> list[str]:
    return [
        f"{name} {one.in_words(lambda position: in_full(position, _DIGITS))}"
        for name, one in _conditions(version).items()
    ]
