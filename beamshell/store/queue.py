"""The sample queue: commands to be run one after the other, kept in a JSON file that two consoles may share.

It knows no command. For every change the whole file is read, changed and written under a lock, so a console that dies
leaves a complete file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from beamshell.errors import EngineError, StoreError, UnknownName

_REMEDY = "make room on the disk, or make the folder writable"
WAITING, RUNNING, DONE, FAILED, INTERRUPTED = "waiting", "running", "done", "failed", "interrupted"


@dataclass(frozen=True)
class QueueItem:
    """One line of the queue.

    Attributes:
        key: its number in the file, which stays the same when items before it are removed.
        line: the command as typed.
        metadata: of its runs, such as the sample.
        state: "waiting", "running", "done", "failed", or "interrupted" if its console ended in the middle of it.
        reason: why it failed.
        uids: of the runs that it made.
    """

    key: int
    line: str
    metadata: dict[str, Any] = field(default_factory=dict)
    state: str = WAITING
    reason: str = ""
    uids: list[str] = field(default_factory=list)


class Queue:
    """The queue of a data folder; items are numbered from 1 as they stand.

    Args:
        folder: the data folder.

    Example:
        >>> queue = Queue(folder)
        >>> queue.add("scan det th -1 1 11", {"sample": "LaB6"})
        1
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.path = Path(folder) / "queue.json"
        self._lock_path = self.path.with_suffix(".lock")
        self._run_lock_path = self.path.with_suffix(".running")

    # ---- what is in it -----------------------------------------------------------------------

    def items(self) -> list[QueueItem]:
        """All items in order.

        Raises:
            StoreError: the file is damaged.
        """
        items = self._read()
        if any(item.state == RUNNING for item in items) and not self._is_being_run():
            items = [replace(item, state=INTERRUPTED) if item.state == RUNNING else item for item in items]
        return items

    def __len__(self) -> int:
        return len(self._read())

    def add(self, line: str, metadata: Mapping[str, Any] | None = None) -> int:
        """Put a line at the end; its number."""
        with self._changed() as items:
            key = max((item.key for item in items), default=0) + 1
            items.append(QueueItem(key, line, dict(metadata or {})))
            return len(items)

    def remove(self, number: int) -> QueueItem:
        """Take an item out.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running.
        """
        with self._changed() as items:
            self._must_not_run(items, number)
            return items.pop(number - 1)

    def move(self, number: int, to: int) -> None:
        """Put an item to another place.

        Raises:
            UnknownName: there is no such item or place.
            EngineError: it is running.
        """
        with self._changed() as items:
            self._must_not_run(items, number)
            self._item(items, to)
            items.insert(to - 1, items.pop(number - 1))

    def retry(self, number: int) -> None:
        """Let an item wait again, such as one that has failed.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running.
        """
        with self._changed() as items:
            self._must_not_run(items, number)
            items[number - 1] = replace(items[number - 1], state=WAITING, reason="", uids=[])

    def clear(self, *states: str) -> int:
        """Take out all items of these states, or all but one that runs; how many were taken out."""
        removed = states or (WAITING, DONE, FAILED, INTERRUPTED)
        with self._changed() as items:
            remaining = [item for item in items if item.state not in removed]
            number = len(items) - len(remaining)
            items[:] = remaining
            return number

    # ---- working through it --------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Reserve the queue for this console during the block.

        Raises:
            EngineError: another console runs it, or this one does already.
        """
        with self._locked(self._run_lock_path, wait=False) as is_ours:
            if not is_ours:
                raise EngineError("the queue is being run: see `queue`")
            yield

    def begin_next(self) -> QueueItem | None:
        """Mark the first item that waits as running, and return it; None if none waits."""
        with self._changed() as items:
            for index, item in enumerate(items):
                if item.state == WAITING:
                    items[index] = replace(item, state=RUNNING)
                    return items[index]
        return None

    def end(self, key: int, state: str, reason: str = "", uids: list[str] | None = None) -> None:
        """Record how an item has ended."""
        with self._changed() as items:
            for index, item in enumerate(items):
                if item.key == key:
                    items[index] = replace(item, state=state, reason=reason, uids=list(uids or []))

    # ---- the file ----------------------------------------------------------------------------

    def _must_not_run(self, items: list[QueueItem], number: int) -> None:
        if self._item(items, number).state == RUNNING:
            raise EngineError(f"item {number} is running: stop or abort it first")

    @staticmethod
    def _item(items: list[QueueItem], number: int) -> QueueItem:
        if not 1 <= number <= len(items):
            raise UnknownName(f"there is no item {number}: the queue has {len(items)}")
        return items[number - 1]

    @contextlib.contextmanager
    def _changed(self) -> Iterator[list[QueueItem]]:
        """The items, to be changed in place; they are written at the end of the block, unless it raises."""
        with self._locked(self._lock_path, wait=True):
            items = self.items()
            before = list(items)
            yield items
            if items != before:
                self._write(items)

    def _read(self) -> list[QueueItem]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be read ({exc.strerror}): make it readable") from exc
        try:
            return [QueueItem(**entry) for entry in json.loads(text)["items"]]
        except (ValueError, TypeError, KeyError) as exc:
            raise StoreError(f"{self.path} is damaged ({exc}): repair it, or move it away for an empty queue") from exc

    def _write(self, items: list[QueueItem]) -> None:
        fresh = self.path.with_suffix(".new")
        text = json.dumps({"items": [asdict(item) for item in items]}, indent=1)
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be written ({exc.strerror}): {_REMEDY}") from exc

    def _is_being_run(self) -> bool:
        with self._locked(self._run_lock_path, wait=False) as is_ours:
            return not is_ours

    @contextlib.contextmanager
    def _locked(self, path: Path, *, wait: bool) -> Iterator[bool]:
        """Hold a lock during the block; False if another process has it. A process that dies releases its locks."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as exc:
            raise StoreError(f"{path} cannot be written ({exc.strerror}): {_REMEDY}") from exc
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(fd)
            yield False
            return
        try:
            yield True
        finally:
            os.close(fd)
