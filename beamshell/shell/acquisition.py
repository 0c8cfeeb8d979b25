"""Acquisition: the run engine of a console and its data folder: metadata, journal, catalogue, queue.

It knows no device and no prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from beamshell.errors import StoreError
from beamshell.shell.console_recorder import console_id
from beamshell.shell.messages_shown import say

if TYPE_CHECKING:
    from beamshell.engine import RunEngine
    from beamshell.store import ConsoleLog, Journal, PersistentDict, Queue, Runs


@dataclass(frozen=True)
class Acquisition:
    """An engine whose every document is on disk before the next point.

    Attributes:
        folder: the data folder.
        metadata: what goes into every run; it also counts the runs.
        journal: writes the documents.
        runs: the catalogue of all runs in the folder.
        queue: commands that wait for their turn.
        log: what happens at the consoles of the folder.
        engine: the run engine.
    """

    folder: Path
    metadata: PersistentDict
    journal: Journal
    runs: Runs
    queue: Queue
    log: ConsoleLog
    engine: RunEngine

    @classmethod
    def open(cls, folder_name: str = "") -> Acquisition:
        """Open a data folder, complete the runs that a console could not complete, and connect an engine to it.

        Args:
            folder_name: the folder; "" takes $BEAMSHELL_DATA, else the user's data folder.

        Raises:
            StoreError: the folder or a file in it cannot be used; the message says which, and what to do.
        """
        from beamshell.engine import RunEngine
        from beamshell.engine.run_engine import WHEN_MADE
        from beamshell.store import (
            ConsoleLog,
            Journal,
            PersistentDict,
            Queue,
            Runs,
            bring_in,
            data_folder,
        )
        from beamshell.store.folder import exposure
        from beamshell.store.open_runs import open_on_other_computers

        folder = data_folder(folder_name or None)
        if warning := exposure(folder):
            say(warning)
        metadata = PersistentDict(folder / "metadata.sqlite")
        for path in bring_in(folder):
            say(f"a run that the data folder had refused is in its place now: {path}")
        log = ConsoleLog(folder, console_id())
        runs = Runs(folder, log.console)
        runs.index.read_in_background()
        close_runs_of_the_dead(folder, runs.open_files())
        for host, path in open_on_other_computers(folder):
            say(f"a run of {host} is open: {path}; if no console runs there, type session.close_open_runs()")
        if metadata.last_scan_id < runs.last_scan_id:  # the metadata were damaged and set aside
            metadata["scan_id"] = runs.last_scan_id
        queue = Queue(folder)
        _say_what_was_interrupted(queue)
        journal = Journal(folder, say)
        others, WHEN_MADE[:] = list(WHEN_MADE), []  # consoles of this process, whose second engine it is not
        engine = RunEngine(metadata)  # it numbers the runs with metadata.next_scan_id()
        WHEN_MADE[:] = others
        engine.subscribe(journal, writer=True)
        return cls(folder, metadata, journal, runs, queue, log, engine)

    def end_plan(self) -> None:
        """Abort the plan that is paused, if there is one."""
        state = str(self.engine.state)
        if state != "idle":
            say(f"a plan is {state}: aborting it")
            self.engine.abort("the console was closed")

    def close(self) -> None:
        """Write what waits in memory, and close the files; harmless the second time."""
        try:
            self.journal.close()
        finally:
            self.metadata.close()


def close_runs_of_the_dead(folder: Path, open_files: Iterable[Path] = ()) -> None:
    """Close the runs that consoles of this computer had left open when they died, and say so.

    Args:
        folder: the data folder.
        open_files: files of runs without a stop document, whose markers may be missing.
    """
    from beamshell.store import close_open_runs

    for path in close_open_runs(folder, open_files=open_files):
        say(f"a run that a crashed console had left open is closed now: {path}")


def _say_what_was_interrupted(queue: Queue) -> None:
    """Name the items of the queue in the middle of which a console has died."""
    try:
        items = queue.items()
    except StoreError as exc:
        say(str(exc))
        return
    for number, item in enumerate(items, 1):
        if item.state == "interrupted":
            say(f"the queue was interrupted at item {number}, {item.line}: queue retry {number} lets it wait again")
