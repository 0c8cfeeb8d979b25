"""Reader of the file of a beamline's metadata (YAML): which a run must have, and which values they may have.

    proposal:
      required: true
      pattern: 20[0-9]{2}-[0-9]{4}
      example: 2026-1234
      doc: as on the page of the proposal
    sample: {required: true, example: LaB6}
    sample_thickness: {type: number, unit: mm, above: 0, below: 10}
    mood: {one_of: [good, bad]}

It changes no metadata, and knows no run. What is changed in the file counts at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError, PlanError, UsageError
from beamshell.shell.tokens import plain_value
from beamshell.store.encoding import UnwritableError, to_strict_json
from beamshell.store.metadata import STORABLE
from beamshell.text.lists import in_one_line, listed
from beamshell.text.nearest import did_you_mean
from beamshell.text.numbers import with_unit

if TYPE_CHECKING:
    from beamshell.devices.files.yaml_document import Item, YamlDocument

_TYPES = ("text", "number", "integer", "boolean")
_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_KEYS = ("required", "type", "one_of", "pattern", "above", "below", "between", "unit", "example", "doc")
_COMMANDS = {"proposal": "newproposal", "sample": "newsample", "user": "newuser"}
_EXAMPLES = {"proposal": "2026-1234", "sample": "LaB6", "user": "kate"}
_EXAMPLE = "sample_thickness: {type: number, unit: mm, above: 0}"


@dataclass(frozen=True)
class MetadataRule:
    """What the value of one key must be.

    Attributes:
        key: of the metadata.
        required: whether each run must have it.
        type: "text", "number", "integer" or "boolean"; "" for any.
        one_of: the values it may have; empty for any.
        pattern: a regular expression that fits the whole text; "" for any text.
        above: the value must be larger; None for no limit.
        below: the value must be smaller; None for no limit.
        between: the smallest and the largest value; None for no limits.
        unit: of the value.
        example: a value, for messages.
        doc: what it is.
    """

    key: str
    required: bool = False
    type: str = ""
    one_of: tuple[Any, ...] = ()
    pattern: str = ""
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    unit: str = ""
    example: Any = None
    doc: str = ""

    @property
    def remedy(self) -> str:
        """What to type for the next runs."""
        return self.remedy_by(_COMMANDS.get(self.key, f"md {self.key}"))

    def remedy_by(self, command: str) -> str:
        """A command with a value behind it that the key may have."""
        doc = f" ({self.doc})" if self.doc else ""
        return f"{command} {in_one_line(self._example)}{doc}"

    @property
    def _example(self) -> Any:
        if self.example is not None:
            return self.example
        if self.one_of:
            return self.one_of[0]
        if self.between is not None:
            return self.between[0]
        if self.type in ("number", "integer"):
            return self.above + 1 if self.above is not None else self.below - 1 if self.below is not None else 1
        return "yes" if self.type == "boolean" else _EXAMPLES.get(self.key, "VALUE")

    def value(self, typed: Any) -> Any:
        """The value that a typed word stands for; what is no word is a value already, but for a number that is text."""
        if self.type == "text":
            return str(typed) if isinstance(typed, int | float) else typed
        if self.type == "boolean" and str(typed).lower() in _BOOLEANS:
            return _BOOLEANS[str(typed).lower()]
        return plain_value(typed)

    def problem(self, value: Any) -> str:
        """Why it may not have a value, such as "50 mm is not below 10 mm"; "" if it may."""
        if not self._is_of_type(value):
            return f"{in_one_line(value)!r} is no {self.type}"
        shown = with_unit(in_one_line(value), self.unit)
        if self.one_of and value not in self.one_of:
            return f"{shown} is none of {listed(self.one_of)}"
        if self.pattern and re.fullmatch(self.pattern, str(value)) is None:
            return f"{shown} has not the right form"
        if self.above is not None and not value > self.above:
            return f"{shown} is not above {with_unit(f'{self.above:g}', self.unit)}"
        if self.below is not None and not value < self.below:
            return f"{shown} is not below {with_unit(f'{self.below:g}', self.unit)}"
        if self.between is not None and not self.between[0] <= value <= self.between[1]:
            return f"{shown} is not between {self.between[0]:g} and {with_unit(f'{self.between[1]:g}', self.unit)}"
        return ""

    def _is_of_type(self, value: Any) -> bool:
        if self.type == "text":
            return isinstance(value, str)
        if self.type == "boolean":
            return isinstance(value, bool)
        if self.type == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        return self.type != "number" or _is_number(value)


@dataclass
class MetadataRules:
    """The rules of one file.

    Attributes:
        by_key: the rules.
        problems: what is wrong with the file, each with file and line; a rule with a mistake does not count.
    """

    by_key: dict[str, MetadataRule] = field(default_factory=dict)
    problems: list[ConfigError] = field(default_factory=list)

    def value(self, key: str, typed: Any, command: str = "") -> Any:
        """The value for a key that a typed word stands for; a number stays a number, everything else is text.

        Args:
            key: of the metadata.
            typed: the word.
            command: what one types before another value; "" for the command that sets the key for the next runs.

        Raises:
            UsageError: it may not have this value; the message says what to type.
        """
        rule = self.by_key.get(key)
        if rule is None:
            return plain_value(typed)
        value = rule.value(typed)
        if problem := rule.problem(value):
            raise UsageError(f"{key}: {problem}: {rule.remedy_by(command) if command else rule.remedy}")
        return value

    def refuse(self, metadata: Mapping[str, Any]) -> None:
        """Return if a run may have these metadata.

        Raises:
            PlanError: something is missing or wrong; the message says what to type.
        """
        rules = self.by_key.values()
        if missing := [rule for rule in rules if rule.required and metadata.get(rule.key) in (None, "")]:
            names, remedies = listed(rule.key for rule in missing), "; ".join(rule.remedy for rule in missing)
            raise PlanError(f"no {names}: {remedies}")
        for key in self.by_key.keys() & metadata.keys():
            self._refuse_wrong(key, metadata[key])

    def refuse_value(self, key: str, value: Any) -> None:
        """Return if a value that a call hands over can be stored, and the key may have it.

        Raises:
            PlanError: it cannot be stored, or is wrong; the message names its place.
        """
        try:
            to_strict_json(value)
        except UnwritableError as exc:
            raise PlanError(f"md[{key!r}]{exc.path}: {exc.reason} cannot be stored: {STORABLE}") from exc
        self._refuse_wrong(key, value)

    def _refuse_wrong(self, key: str, value: Any) -> None:
        rule = self.by_key.get(key)
        if rule is not None and (problem := rule.problem(value)):
            raise PlanError(f"{key}: {problem}: {rule.remedy}")


class MetadataFile:
    """The rules in the file that a profile names, always as new as the file.

    Args:
        path: gives its path; None if there is none.
    """

    def __init__(self, path: Callable[[], Path | None]) -> None:
        self._path = path
        self._read: tuple[Any, MetadataRules] = (None, MetadataRules())

    @property
    def rules(self) -> MetadataRules:
        """The rules that count now."""
        path = self._path()
        try:
            status = path.stat() if path else None
            version = (path, status.st_mtime_ns, status.st_size) if status else None
        except OSError:
            version = (path, 0, 0)
        if version != self._read[0]:
            self._read = (version, MetadataRules() if path is None else read_rules(path))
        return self._read[1]


def read_rules(path: Path) -> MetadataRules:
    """The rules of a file; it never raises."""
    from beamshell.devices.files.yaml_document import YamlDocument, is_mapping

    rules = MetadataRules()
    try:
        document = YamlDocument(path)
        if document.root is not None and not is_mapping(document.root):
            raise ConfigError(f"{document.place_of(document.root)}: write `{_EXAMPLE}`")
        items = list(document.items(document.root))
    except ConfigError as problem:
        rules.problems.append(problem)
        return rules
    rules.problems += document.problems
    for item in items:
        try:
            rules.by_key[item.key] = _rule(document, item)
        except ConfigError as problem:  # it knows its place
            rules.problems.append(problem)
    return rules


def _rule(document: YamlDocument, item: Item) -> MetadataRule:
    from beamshell.devices.files.yaml_document import is_mapping

    key, place = item.key, item.place
    if not key.isidentifier():
        raise ConfigError(f"{place}: '{key}' is no name for metadata: write `{_EXAMPLE}`")
    if not is_mapping(item.node):
        raise ConfigError(f"{place}: {key}: write `{_EXAMPLE}`")
    if (double := document.doubled_key(item.node)) is not None:
        raise ConfigError(f"{place}: {key}: {double} is there twice")
    facts: dict[str, Any] = {}
    for part in document.items(item.node, key):
        if part.key not in _KEYS:
            raise ConfigError(f"{part.place}: {key}: no key '{part.key}'{did_you_mean(part.key, _KEYS)}")
        facts[part.key] = document.plain(part.node, key)
        if problem := _mistake(part.key, facts[part.key]):
            raise ConfigError(f"{part.place}: {key}: {part.key}: {problem}")
    rule = MetadataRule(key, **_completed(facts))
    if facts.get("pattern") and "example" not in facts:
        raise ConfigError(f"{place}: {key}: a pattern needs an example, which messages show")
    if problem := rule.problem(rule.example) if rule.example is not None else "":
        raise ConfigError(f"{place}: {key}: the example {problem}")
    return rule


def _mistake(key: str, value: Any) -> str:
    """What is wrong with what stands behind a key of a rule; "" if nothing is."""
    if key == "required" and not isinstance(value, bool):
        return "write true or false"
    if key == "type" and value not in _TYPES:
        return f"'{value}' is none of {listed(_TYPES)}"
    if key == "one_of" and not (isinstance(value, list) and value):
        return "write a list, such as [good, bad]"
    if key in ("above", "below") and not _is_number(value):
        return f"{value!r} is not a number"
    if key == "between" and not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))):
        return "write [0, 10]"
    if key == "pattern":
        try:
            re.compile(str(value))
        except re.error as exc:
            return f"{exc}"
    return ""


def _completed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a rule, with the type that follows from them and the example as a value of it."""
    complete = dict(facts)
    values = facts.get("one_of", ())
    if "type" not in facts:
        is_number = {"above", "below", "between", "unit"} & facts.keys()
        is_text = facts.get("pattern") or (values and all(isinstance(value, str) for value in values))
        complete["type"] = "number" if is_number else "text" if is_text else ""
    for key in ("one_of", "between"):
        if key in facts:
            complete[key] = tuple(facts[key])
    for key in ("unit", "doc", "pattern"):
        complete[key] = str(facts.get(key, ""))
    if complete["type"] == "text" and facts.get("example") is not None:
        complete["example"] = str(facts["example"])
    return complete


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
