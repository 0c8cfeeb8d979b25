"""Parses the text of a YAML file into nodes; an entry that is no YAML costs itself, and not the others.

It knows no device, and no file but by the lines of its text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import Node

MOST_LEVELS = 50
"""Values may be nested so deep. The parser calls itself for each level, and some ten thousand end the process."""

_MOST_ROUNDS = 100
_FIRST_CHARACTER = re.compile(r"^[^\s#]", re.MULTILINE)
_OPENS_A_LEVEL = re.compile(r"[\[{]|(?<!\S)[-?](?!\S)")
_OLD_COMPLAINT = "found unexpected ':'"
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
"""A character as JSON may write it, and YAML may not."""


class NotYaml(Exception):  # noqa: N818  what the text is
    """A text, or an entry of it, is no YAML.

    Args:
        reason: the parser's.
        line: the line, from 1.
        column: the column, from 1.
    """

    def __init__(self, reason: str, line: int, column: int = 1) -> None:
        super().__init__(reason)
        self.line, self.column = line, column


@dataclass(frozen=True)
class Entry:
    """A key at the beginning of a line, and all that belongs to it.

    Attributes:
        line: its first line, from 1.
        text: its lines.
    """

    line: int
    text: str

    @property
    def name(self) -> str:
        """Its key."""
        return self.text.partition("\n")[0].partition(":")[0].strip(" '\"")

    @property
    def end(self) -> int:
        """The line after its last one."""
        return self.line + self.text.count("\n")


def parse(text: str) -> tuple[Node | None, dict[Entry, NotYaml]]:
    """The node of a text, and the entries that it is without, each with its error.

    Raises:
        NotYaml: the text is no YAML, and its entries cannot be told apart, as in JSON.
    """
    is_json = text.lstrip().startswith(("{", "["))
    if is_json:
        text = _SURROGATES.sub(lambda pair: json.loads(f'"{pair[0]}"'), text)
    entries = _entries(text if text.endswith("\n") else f"{text}\n")
    try:
        return _node(entries), {}
    except NotYaml:
        if is_json:
            raise
    broken: dict[Entry, NotYaml] = {}
    for entry in entries:
        if problem := _problem(entry):
            broken[entry] = problem
    for _ in range(_MOST_ROUNDS):  # an alias needs the entry with its anchor
        try:
            return _node([entry for entry in entries if entry not in broken]), broken
        except NotYaml as problem:
            blamed = next((entry for entry in reversed(entries) if entry.line <= problem.line), entries[0])
            if blamed in broken:
                raise
            broken[blamed] = problem
    raise NotYaml("too many entries are wrong", entries[0].line)


def _entries(text: str) -> list[Entry]:
    """The text cut before each line that begins with a character; comments stay with the entry above them."""
    starts = [match.start() for match in _FIRST_CHARACTER.finditer(text)]
    entries: list[Entry] = []
    line = 1
    for start, end in pairwise(sorted({0, *starts, len(text)})):
        entries.append(Entry(line, text[start:end]))
        line = entries[-1].end
    return entries


def _problem(entry: Entry) -> NotYaml | None:
    """Why an entry alone is no key with a value; None if it is one, or uses an anchor of another entry."""
    from ruamel.yaml.composer import ComposerError
    from ruamel.yaml.nodes import MappingNode

    try:
        node = _node([entry])
    except NotYaml as problem:
        if isinstance(problem.__cause__, ComposerError):
            return None
        return problem if problem.line < entry.end else NotYaml(str(problem), entry.line)
    if node is None or isinstance(node, MappingNode):
        return None
    return NotYaml("write `name: {class: ...}`", entry.line)


def _node(entries: list[Entry]) -> Node | None:
    """The node of these entries, each at its own line."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if not entries:
        return None
    yaml = YAML(typ="safe")  # not pure: the parser in C is six times as fast
    for entry in entries:
        _check_levels(yaml, entry)
    parts, line = [], 1
    for entry in entries:
        parts += ["\n" * (entry.line - line), entry.text]
        line = entry.end
    try:
        node: Node | None = yaml.compose("".join(parts))
    except MarkedYAMLError as exc:
        if exc.problem == _OLD_COMPLAINT and (newer := _node_by_yaml_1_2("".join(parts))) is not None:
            return newer
        mark = exc.problem_mark or exc.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (entries[0].line, 1)
        raise NotYaml(f"{exc.problem or exc.context}", line, column) from exc
    except YAMLError as exc:
        raise NotYaml(str(exc).partition("\n")[0], entries[0].line) from exc
    return node


def _node_by_yaml_1_2(text: str) -> Node | None:
    """The node of a text with a ":" inside a word, as in {prefix: IOC:m1}; None if it is wrong otherwise too.

    YAML 1.2 allows it. The parser in C is of YAML 1.1, and the one in Python takes twice as long.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, AssertionError):  # its scanner has errors of its own for odd texts
        return None
    return node


def _check_levels(yaml: YAML, entry: Entry) -> None:
    from ruamel.yaml.error import YAMLError

    if len(_OPENS_A_LEVEL.findall(entry.text)) <= MOST_LEVELS:  # the most there can be, block indentation apart
        return
    levels = 0
    try:
        for event in yaml.parse(entry.text):
            kind = type(event).__name__
            levels += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            if levels > MOST_LEVELS + 2:  # those of the stream and of the document
                mark = event.start_mark
                raise NotYaml(f"nested deeper than {MOST_LEVELS} levels", entry.line + mark.line, mark.column + 1)
    except YAMLError:  # composing it says what is wrong
        return
