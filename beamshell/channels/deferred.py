"""What the console does not wait for while it opens: libraries of optional control systems, and its own IOC.

It knows no library and no console.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from beamshell.errors import MissingLibrary, NotConnected
from beamshell.plugins import find_installed

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_importing = threading.RLock()
_is_closing = False
_has_imported = False


# ---- the time to begin


class Gate:
    """Holds back what begins to connect; open at first.

    Example:
        >>> gate, begun = Gate(), []
        >>> gate.close()
        >>> gate.run(lambda: begun.append("th"))
        >>> begun
        []
        >>> gate.open()
        >>> begun
        ['th']
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._opened = threading.Event()
        self._opened.set()
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def is_open(self) -> bool:
        """False while it holds back."""
        return self._opened.is_set()

    def close(self) -> None:
        """Hold back from now on; whoever closes it must open it, whatever happens."""
        self._opened.clear()

    def run(self, begin: Callable[[], None]) -> None:
        """Call `begin`, which must return at once: now, or when the gate is opened."""
        with self._lock:
            if not self.is_open:
                self._waiting.append(begin)
                return
        begin()

    def drop(self, begin: Callable[[], None]) -> None:
        """Forget what is held back; nothing if that has begun."""
        with self._lock, suppress(ValueError):
            self._waiting.remove(begin)

    def open(self) -> None:
        """Call all that was held back, and what comes later at once. What fails is logged, and the others go on."""
        while (begin := self._next()) is not None:
            try:
                begin()
            except Exception as exc:  # noqa: BLE001  the gate must open, or the first command waits for ever
                logger.warning("%s", exc)

    def _next(self) -> Callable[[], None] | None:
        """The next one that was held back; with the last one gone it is open."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._opened.set()
            return None

    def wait(self, timeout: float | None = None) -> bool:
        """Return when it is open, or after `timeout` seconds; whether it is open."""
        return self._opened.wait(timeout)


searches = Gate()
"""Closed while the IOC that this console has started does not answer yet."""
libraries = Gate()
"""Closed until the console is open, or needs a channel of an optional control system: their imports take long."""


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
