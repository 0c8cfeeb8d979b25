"""The console a beamline is run from.

    >>> from beamshell import Msg, RunEngine

A site's own commands take `command` and the types of their parameters from here. Names are looked up when they are
first used, so that `import beamshell` costs nothing.
"""

from __future__ import annotations

from beamshell._version import __version__

TYPE_CHECKING = False  # typing is not imported: with `python -m`, a file in the working folder would stand for it
if TYPE_CHECKING:
    from typing import Any

    from beamshell.engine import RunEngine
    from beamshell.messages import Msg, Plan
    from beamshell.shell.command import Followed, followed_by
    from beamshell.shell.command_set import command
    from beamshell.shell.parameter_types import (
        Detectors,
        Device,
        Duration,
        Motor,
        Number,
        Points,
        Position,
        Seconds,
        Text,
    )

_HOMES = {
    "beamshell.engine": ("RunEngine",),
    "beamshell.messages": ("Msg", "Plan"),
    "beamshell.shell.command": ("Followed", "followed_by"),
    "beamshell.shell.command_set": ("command",),
    "beamshell.shell.parameter_types": (
        "Detectors",
        "Device",
        "Duration",
        "Motor",
        "Number",
        "Points",
        "Position",
        "Seconds",
        "Text",
    ),
}

__all__ = [
    "Detectors",
    "Device",
    "Duration",
    "Followed",
    "Motor",
    "Msg",
    "Number",
    "Plan",
    "Points",
    "Position",
    "RunEngine",
    "Seconds",
    "Text",
    "__version__",
    "command",
    "followed_by",
    "load_ipython_extension",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext beamshell`."""
    from beamshell.shell.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext beamshell`."""
    from beamshell.shell.extension import unload

    unload(shell)
