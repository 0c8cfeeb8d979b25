"""One event loop for us and for bluesky: `init_devices` of ophyd-async and `check_limits` of bluesky find ours.

It imports no bluesky: what is loaded gets our loop, and what is imported later gets it then.
"""

from __future__ import annotations

import importlib.util
import sys
from asyncio import AbstractEventLoop
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from typing_extensions import override

from beamshell.engine.asyncio_devices import LoopThread, loop_thread, take_loop

_MODULE = "bluesky.run_engine"


def share_loop(loop: AbstractEventLoop | None = None) -> LoopThread | None:
    """Let bluesky's functions that want a running loop find ours, now or as soon as bluesky is imported.

    A loop that an engine of bluesky runs already is taken for ours instead, since devices may be connected on it.

    Args:
        loop: one that is to be ours from now on, and theirs.

    Returns:
        The thread of `loop`; None without one.
    """
    taken = None if loop is None else take_loop(loop)
    if (module := sys.modules.get(_MODULE)) is not None:
        _share_with(module, may_take_theirs=taken is None)
    elif not any(isinstance(finder, _AtImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AtImport())
    return taken


def _share_with(module: ModuleType, *, may_take_theirs: bool = True) -> None:
    theirs = getattr(module, "_bluesky_event_loop", None)
    if may_take_theirs and theirs is not None and theirs.is_running():
        loop_thread(theirs)
        return
    ours = loop_thread()
    if callable(share := getattr(module, "set_bluesky_event_loop", None)):
        share(ours.loop)
    threads = getattr(getattr(module, "_ensure_event_loop_running", None), "loop_to_thread", None)
    if threads is not None:  # for RunEngine(loop=...) of bluesky
        threads[ours.loop] = ours.thread


class _AtImport(MetaPathFinder):
    """Shares the loop when bluesky's engine is imported; then it has done its work."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        loader: Any = None if spec is None else spec.loader
        if loader is None:
            return spec
        execute = loader.exec_module

        def execute_and_share(module: ModuleType) -> None:
            execute(module)
            _share_with(module)

        loader.exec_module = execute_and_share
        return spec
