"""YamlDocument: a YAML or JSON file whose every key knows its line and column.

It knows no device. JSON is read as YAML, which it is, so that its errors have a place too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import Node


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

    Raises:
        ConfigError: it cannot be read, or is not YAML.
    """

    def __init__(self, path: Path) -> None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        self.path = path
        self._yaml: YAML = YAML(typ="safe")  # not pure: the parser in C is six times as fast
        try:
            self.root: Node | None = self._yaml.compose(path.read_text(encoding="utf-8"))
        except OSError as exc:
            raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc
        except UnicodeDecodeError as exc:
            raise ConfigError(f"{path}: is not UTF-8 text: {exc.reason} at byte {exc.start}") from exc
        except MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
            raise ConfigError(f"{place}: not YAML: {exc.problem or exc.context}") from exc
        except YAMLError as exc:
            raise ConfigError(f"{path}: not YAML: {exc}") from exc

    def place_of(self, node: Node) -> str:
        """`file:line:column`, each counted from 1."""
        return f"{self.path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def items(self, node: Node | None) -> Iterator[Item]:
        """The keys of a mapping, those that `<<: *anchor` brings among them; nothing for anything else."""
        if node is None or not is_mapping(node):
            return
        self._yaml.constructor.flatten_mapping(node)
        for key, value in node.value:
            yield Item(str(key.value), self.place_of(key), value)

    def has(self, key: str) -> bool:
        """True if some entry of the file is a mapping with this key."""
        return any(part.key == key for item in self.items(self.root) for part in self.items(item.node))

    def plain(self, node: Node, of: str = "") -> Any:
        """The value as Python's own: dict, list, str, int, float, bool, None.

        Raises:
            ConfigError: it has a tag that means nothing here.
        """
        from ruamel.yaml.error import YAMLError

        try:
            return self._yaml.constructor.construct_object(node, deep=True)
        except YAMLError as exc:
            owner = f"{of}: " if of else ""
            raise ConfigError(f"{self.place_of(node)}: {owner}{getattr(exc, 'problem', None) or exc}") from exc


def is_mapping(node: Any) -> bool:
    """True for `{a: 1}`."""
    from ruamel.yaml.nodes import MappingNode

    return isinstance(node, MappingNode)


def is_list(node: Any) -> bool:
    """True for `[a, b]`."""
    from ruamel.yaml.nodes import SequenceNode

    return isinstance(node, SequenceNode)
