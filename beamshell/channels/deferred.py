"""Deferred import of the libraries of optional control systems, so that the console opens without waiting for them.

It knows no library and no console.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from beamshell.channels.timers import call_later
from beamshell.errors import MissingLibrary, NotConnected
from beamshell.plugins import find_installed

Result = TypeVar("Result")

_lock = threading.RLock()
_is_deferred = False
_waiting: list[Callable[[], None]] = []

_importing = threading.RLock()
_is_closing = False
_has_imported = False


# ---- the time of the import


def defer_libraries(longest_s: float) -> None:
    """Let all functions given to `run_when_idle` wait until `load_deferred` is called, at most `longest_s` seconds."""
    global _is_deferred
    _is_deferred = True
    call_later(longest_s, load_deferred)


def run_when_idle(begin_connecting: Callable[[], None]) -> None:
    """Call `begin_connecting`, which must return at once: now, or when the console is open."""
    with _lock:
        if _is_deferred:
            _waiting.append(begin_connecting)
            return
    begin_connecting()


def load_deferred() -> None:
    """Call all waiting functions, and later ones at once. Any thread."""
    global _is_deferred
    with _lock:
        _is_deferred = False
        ready = _waiting.copy()
        _waiting.clear()
    for begin_connecting in ready:
        begin_connecting()


# ---- the import


def require(package: str, extra: str) -> None:
    """Return if the library of an optional control system is installed; it is not imported, which takes long.

    Raises:
        MissingLibrary: it is not; the message says which extra brings it.
    """
    if find_installed(package) is None:
        raise MissingLibrary(
            f'{extra}:// addresses need the library {package}, which is not installed: pip install "beamshell[{extra}]"'
        )


def library(module: str) -> Any:
    """The module of an optional library. For worker threads only: the prompt must not wait for an import.

    Raises:
        NotConnected: it cannot be imported.
    """
    global _has_imported
    with _importing:
        if _is_closing:
            raise NotConnected("the console is closing")
        _has_imported = True
        try:
            return importlib.import_module(module)
        except ImportError as exc:
            raise NotConnected(f"the library {module} cannot be imported: {exc}") from exc


@atexit.register
def _refuse_imports() -> None:
    """Refuse new imports at exit: a thread that is killed in an import keeps the interpreter from ending.

    What was frozen can be collected again: p4p's clients must go before Python clears the modules that they need.
    """
    global _is_closing
    with _importing:
        _is_closing = True
    if _has_imported:
        gc.unfreeze()


def once(make: Callable[..., Result]) -> Callable[..., Result]:
    """`make` with its results cached, called once for each set of arguments by however many threads."""
    cached, lock = functools.cache(make), threading.RLock()

    def get(*arguments: str) -> Result:
        with lock:
            return cached(*arguments)

    return get
