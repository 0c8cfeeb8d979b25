"""Stored runs: the journal that writes them, the catalogue that finds them, persistent metadata, the sample queue."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamshell.store.folder import data_folder
    from beamshell.store.journal import Journal
    from beamshell.store.metadata import PersistentDict
    from beamshell.store.open_runs import close_open_runs
    from beamshell.store.queue import Queue, QueueItem
    from beamshell.store.rescue import bring_in
    from beamshell.store.runs import Run, Runs

__all__ = [
    "Journal",
    "PersistentDict",
    "Queue",
    "QueueItem",
    "Run",
    "Runs",
    "bring_in",
    "close_open_runs",
    "data_folder",
]

_HOME = {
    "Journal": "journal",
    "PersistentDict": "metadata",
    "Queue": "queue",
    "QueueItem": "queue",
    "Run": "runs",
    "Runs": "runs",
    "bring_in": "rescue",
    "close_open_runs": "open_runs",
    "data_folder": "folder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__]
