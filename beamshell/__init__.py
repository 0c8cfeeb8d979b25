"""The console a beamline is run from.

    >>> from beamshell import Msg, RunEngine

Names are looked up when they are first used, so that `import beamshell` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamshell._version import __version__

if TYPE_CHECKING:
    from beamshell.engine import RunEngine
    from beamshell.messages import Msg

__all__ = ["Msg", "RunEngine", "__version__", "load_ipython_extension", "unload_ipython_extension"]

_HOMES = {"Msg": "beamshell.messages", "RunEngine": "beamshell.engine"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


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
