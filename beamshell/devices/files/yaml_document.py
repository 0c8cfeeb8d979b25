"""YamlDocument: a YAML or JSON file whose every key knows its line and column.

It knows no device. JSON is read as YAML, which it is, so that its errors have a place too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.devices.files import yaml_text
from beamshell.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

MOST_VALUES = 10_000
"""An entry may hold so many values. With aliases of aliases a few lines could hold more than the memory does."""

_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Item:
    """A key of a mapping, its value, and its place in the file."""

    key: str
    place: str
    node: Node


class YamlDocument:
    """The content of one file.

    Args:
        path: the file.

    Attributes:
        path: the file.
        root: the node of the whole file; None if it is empty.
        problems: what is wrong with the text; the file is read as far as it can be.
        broken: the reasons why it is read without some entries, by their names.

    Raises:
        ConfigError: it cannot be read, or is no YAML whose entries can be told apart.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[ConfigError] = []
        self.broken: dict[str, str] = {}
        self._constructor = _new_constructor()
        self._sizes: dict[int, int] = {}
        try:
            text = self._text()
            self.root, broken = yaml_text.parse(text)
        except OSError as exc:
            raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc
        except yaml_text.NotYaml as exc:
            raise ConfigError(f"{path}:{exc.line}:{exc.column}: not YAML: {exc}") from exc
        self._has_aliases = "&" in text and "*" in text
        for entry, problem in broken.items():
            place = f"{path}:{problem.line}:{problem.column}"
            self._is_without(entry.name, ConfigError(f"{place}: {entry.name}: not YAML: {problem}"))
        self._drop_bad_merges()

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError as exc:
            line = bytes(exc.object[: exc.start]).count(b"\n") + 1
            self.problems.append(ConfigError(f"{self.path}:{line}: is not UTF-8 text: save the file as UTF-8"))
            return self.path.read_text(encoding="utf-8", errors="replace")

    def _is_without(self, name: str, problem: ConfigError) -> None:
        self.problems.append(problem)
        self.broken.setdefault(name, str(problem))

    def place_of(self, node: Node) -> str:
        """`file:line:column`, each counted from 1."""
        return f"{self.path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    # ---- keys

    def items(self, node: Node | None, of: str = "") -> Iterator[Item]:
        """The keys of a mapping, those that `<<: *anchor` brings among them; nothing for anything else.

        Args:
            node: of the file.
            of: the name of what it belongs to, for the error.

        Raises:
            ConfigError: what `<<` brings makes no sense.
        """
        if is_mapping(node):
            yield from self._items(node, of)

    def _items(self, node: Any, of: str) -> list[Item]:
        own: list[Item] = []
        merged: dict[str, Item] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                merged = {**self._merged(key, value, of), **merged}  # of two, the first counts
            else:
                own.append(Item(str(key.value) if is_scalar(key) else "?", self.place_of(key), value))
        names = {item.key for item in own}
        return [*(item for name, item in merged.items() if name not in names), *own]

    def _merged(self, key: Node, value: Any, of: str) -> dict[str, Item]:
        """What `<<: *anchor`, or `<<: [*anchor, *another]`, brings."""
        merged: dict[str, Item] = {}
        for source in value.value if is_list(value) else [value]:
            self._check_aliases(source, of)
            if not is_mapping(source):
                raise ConfigError(f"{self.place_of(key)}: {_owner(of)}<< takes the name of an anchor: <<: *base")
            merged = {**{item.key: item for item in self._items(source, of)}, **merged}
        return merged

    def _drop_bad_merges(self) -> None:
        """Leave out each `<<` of the whole file that makes no sense: it must not cost all other entries."""
        if not is_mapping(self.root):
            return
        root: Any = self.root
        for pair in [pair for pair in root.value if pair[0].tag == _MERGE]:
            try:
                self._merged(pair[0], pair[1], of="")
            except ConfigError as problem:
                self._is_without("<<", problem)
                root.value.remove(pair)

    def doubled_key(self, node: Any) -> str | None:
        """A key that stands twice in a mapping."""
        keys = [str(key.value) for key, _ in node.value]
        return next((key for n, key in enumerate(keys) if key in keys[:n]), None)

    def has(self, key: str) -> bool:
        """True if some entry of the file is a mapping with this key."""
        return any(
            is_mapping(item.node) and any(part.value == key for part, _ in item.node.value)
            for item in self.items(self.root)
        )

    # ---- values

    def plain(self, node: Node, of: str = "") -> Any:
        """The value as Python's own: dict, list, str, int, float, bool, None.

        Args:
            node: of the file.
            of: the name of what it belongs to, for the error.

        Raises:
            ConfigError: it has a tag that means nothing here, is no possible value, or has too many aliases.
        """
        from ruamel.yaml.error import YAMLError

        self._check_aliases(node, of)
        try:
            return self._constructor.construct_object(node, deep=True)
        except (YAMLError, ValueError, TypeError, RecursionError) as exc:  # ValueError: a date such as 2026-13-45
            self._constructor = _new_constructor()  # this one has not finished, and would trip over its own traces
            raise ConfigError(f"{self.place_of(node)}: {_owner(of)}{getattr(exc, 'problem', None) or exc}") from exc

    def _check_aliases(self, node: Node, of: str = "") -> None:
        """Return if a node holds neither itself nor more than MOST_VALUES values."""
        if not self._has_aliases:
            return
        try:
            size = self._size(node, set())
        except RecursionError:
            size = 0
        if not 0 < size <= MOST_VALUES:
            reason = f"holds more than {MOST_VALUES} values, by aliases of aliases" if size else "holds itself"
            raise ConfigError(f"{self.place_of(node)}: {_owner(of)}{reason}")

    def _size(self, node: Any, above: set[int]) -> int:
        """The number of values in a node, each alias counted as what it stands for.

        Raises:
            RecursionError: the node holds itself.
        """
        if id(node) in above:
            raise RecursionError
        if is_scalar(node):
            return 1
        if id(node) not in self._sizes:
            parts = node.value if is_list(node) else [part for pair in node.value for part in pair]
            above.add(id(node))
            self._sizes[id(node)] = 1 + sum(self._size(part, above) for part in parts)
            above.discard(id(node))
        return self._sizes[id(node)]


def _owner(of: str) -> str:
    return f"{of}: " if of else ""


def _new_constructor() -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").constructor


def is_mapping(node: Any) -> bool:
    """True for `{a: 1}`."""
    from ruamel.yaml.nodes import MappingNode

    return isinstance(node, MappingNode)


def is_list(node: Any) -> bool:
    """True for `[a, b]`."""
    from ruamel.yaml.nodes import SequenceNode

    return isinstance(node, SequenceNode)


def is_scalar(node: Any) -> bool:
    """True for `a`."""
    from ruamel.yaml.nodes import ScalarNode

    return isinstance(node, ScalarNode)
