"""Plug-ins: the schemes, device classes, commands and exporters that other installed packages add, by entry points.

It knows no plug-in: each user asks for its own group, and loads an entry when it is first used.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@cache
def entry_points_of(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name; nothing of the packages is imported.

    The environment is read once for each group; ``entry_points_of.cache_clear()`` makes it be read again.

    Args:
        group: "beamshell.schemes", "beamshell.devices", "beamshell.commands" or "beamshell.exporters".
    """
    from importlib.metadata import entry_points  # it takes longer to import than most of the console

    return {entry.name: entry for entry in entry_points(group=group)}


def load(entry: EntryPoint) -> Any:
    """The object that an entry point names, imported now.

    Raises:
        ConfigError: the package cannot be imported, or lacks the object. The message names the package: mend it or
            uninstall it.
    """
    try:
        return entry.load()
    except (Exception, SystemExit) as exc:  # a module may end its own script when it is imported
        package = entry.dist.name if entry.dist is not None else entry.module
        raise ConfigError(f"the package {package} cannot add '{entry.name}': {type(exc).__name__}: {exc}") from exc
