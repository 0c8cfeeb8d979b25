"""Reader of the file of a beamline's named states (YAML): which devices must be where.

    alignment:
      doc: the sample in the direct beam
      th: {value: 0, tolerance: 0.01, unit: deg}
      samx: 0                       # within what the motor itself takes for the same place
      shutter: Open
      ring: {above: 100}
      temp: {between: [4, 300]}

It never reads a device. The file is read whenever a state is asked for, so what is changed in it counts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.errors import BeamshellError, ConfigError, UnknownName
from beamshell.shell.conditions import Condition, Is, Near, Within, is_number
from beamshell.text.nearest import did_you_mean, unknown

if TYPE_CHECKING:
    from beamshell.devices.files.yaml_document import Item, YamlDocument

_DOC = "doc"
_KEYS = ("value", "tolerance", "above", "below", "between", "unit")
_EXAMPLE = "{value: 0, tolerance: 0.01}, a number, a word such as Open, {above: 100}, {between: [4, 300]}"


@dataclass(frozen=True)
class BeamlineState:
    """One state.

    Attributes:
        name: of the state.
        conditions: by the names of devices as one types them, in the order of the file.
        doc: what it is for.
    """

    name: str
    conditions: Mapping[str, Condition]
    doc: str = ""


@dataclass
class BeamlineStates:
    """The states of one file.

    Attributes:
        states: by name.
        problems: what is wrong, each with file and line; a state with a mistake is not among the states.
        broken: the mistakes of these states, by name.
    """

    states: dict[str, BeamlineState] = field(default_factory=dict)
    problems: list[ConfigError] = field(default_factory=list)
    broken: dict[str, ConfigError] = field(default_factory=dict)

    def find(self, name: str) -> BeamlineState:
        """The state of a name.

        Raises:
            UnknownName: there is none; the message offers the nearest.
            ConfigError: its lines in the file have a mistake, which the message names with its place.
        """
        if name in self.states:
            return self.states[name]
        if name in self.broken:
            raise self.broken[name]
        if not self.states:
            raise UnknownName(f"no state '{name}': this beamline has none (states_file in its profile names the file)")
        raise unknown("state", name, self.states)


def read_states(path: Path, find_device: Callable[[str], Any]) -> BeamlineStates:
    """The states of a file; it never raises.

    Args:
        path: the file.
        find_device: gives the device of a name; its errors are problems of the file.
    """
    from beamshell.devices.files.yaml_document import YamlDocument, is_mapping

    states = BeamlineStates()
    try:
        document = YamlDocument(path)
        if document.root is not None and not is_mapping(document.root):
            raise ConfigError(f"{document.place_of(document.root)}: write `alignment: {{th: 0, shutter: Open}}`")
        items = list(document.items(document.root))
    except ConfigError as problem:
        states.problems.append(problem)
        return states
    states.problems += document.problems
    for item in items:
        problems: list[ConfigError] = []
        state = _state(document, item, find_device, problems)
        states.problems += problems
        if problems:
            states.broken[item.key] = problems[0]
        else:
            states.states[item.key] = state
    return states


def _state(
    document: YamlDocument, item: Item, find_device: Callable[[str], Any], problems: list[ConfigError]
) -> BeamlineState:
    from beamshell.devices.files.yaml_document import is_mapping

    name, doc, conditions = item.key, "", dict[str, Condition]()
    if not is_mapping(item.node):
        problems.append(ConfigError(f"{item.place}: {name}: name devices: `{name}: {{th: 0, shutter: Open}}`"))
        return BeamlineState(name, {})
    if (double := document.doubled_key(item.node)) is not None:
        problems.append(ConfigError(f"{item.place}: {name}: {double} is there twice"))
    for part in document.items(item.node, name):
        try:
            value = document.plain(part.node, name)
            if part.key == _DOC:
                doc = str(value)
                continue
            find_device(part.key)
            conditions[part.key] = _condition(value)
        except ConfigError as problem:  # it knows its place
            problems.append(problem)
        except (BeamshellError, _WrongValueError) as exc:
            problems.append(ConfigError(f"{part.place}: {name}: {part.key}: {exc}"))
    if not conditions and not problems:
        problems.append(ConfigError(f"{item.place}: {name}: it names no device: `{name}: {{th: 0, shutter: Open}}`"))
    return BeamlineState(name, conditions, doc)


class _WrongValueError(Exception):
    """What stands behind a device's name is no condition."""


def _condition(value: Any) -> Condition:
    """The condition that stands behind a device's name.

    Raises:
        _WrongValueError: it is none; the message says what to write.
    """
    if is_number(value):
        return Near(float(value))
    if isinstance(value, str):
        return Is(value)
    if isinstance(value, bool):
        raise _WrongValueError(f"a state is a word in quotes, such as '{'On' if value else 'Off'}'")
    if not isinstance(value, dict):
        raise _WrongValueError(f"write {_EXAMPLE}")
    for key in value:
        if key not in _KEYS:
            raise _WrongValueError(f"no key '{key}'{did_you_mean(str(key), _KEYS)}")
    unit = str(value.get("unit", ""))
    if "value" in value:
        _refuse(value, "above", "below", "between", beside="value")
        if isinstance(value["value"], str):
            _refuse(value, "tolerance", "unit", beside="a word")
            return Is(value["value"])
        tolerance = None if "tolerance" not in value else _number(value, "tolerance")
        if tolerance is not None and tolerance < 0:
            raise _WrongValueError(f"the tolerance {tolerance} is below 0")
        return Near(_number(value, "value"), tolerance, unit)
    _refuse(value, "tolerance", beside="a limit")
    if "between" in value:
        _refuse(value, "above", "below", beside="between")
        limits = value["between"]
        if not isinstance(limits, list) or len(limits) != 2 or not all(map(is_number, limits)):
            raise _WrongValueError(f"between is {limits!r}: write between: [4, 300]")
        low, high = map(float, limits)
        if low > high:
            raise _WrongValueError(f"between: {low} is above {high}")
        return Within(low, high, unit)
    if "above" in value and "below" in value:
        raise _WrongValueError("above and below: write between: [4, 300]")
    if "above" in value:
        return Within(low=_number(value, "above"), unit=unit)
    if "below" in value:
        return Within(high=_number(value, "below"), unit=unit)
    raise _WrongValueError(f"write {_EXAMPLE}")


def _refuse(value: Mapping[str, Any], *keys: str, beside: str) -> None:
    for key in keys:
        if key in value:
            raise _WrongValueError(f"{key} makes no sense beside {beside}")


def _number(value: Mapping[str, Any], key: str) -> float:
    if not is_number(value[key]):
        raise _WrongValueError(f"{key} is {value[key]!r}, and not a number")
    return float(value[key])
