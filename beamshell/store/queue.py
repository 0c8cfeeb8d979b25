"""The sample queue: commands to be run one after the other, kept in a JSON file that consoles and terminals share.

It knows no command. For every change the whole file is read, changed and written under a lock, so a console that dies
leaves a complete file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from beamshell.errors import EngineError, StoreError, UnknownName
from beamshell.store.whole_files import replace_file

T = TypeVar("T")

_REMEDY = "make room on the disk, or make the folder writable"
WAITING, HELD, RUNNING = "waiting", "held", "running"
DONE, FAILED, ENDED, INTERRUPTED, SKIPPED = "done", "failed", "ended", "interrupted", "skipped"


@dataclass(frozen=True)
class QueueItem:
    """One line of the queue.

    Attributes:
        key: its number in the file, which stays the same when items before it are removed.
        line: what is run, as typed: a command, or several with `;` between them.
        metadata: of its runs, such as the sample.
        state: "waiting", "held", "running", "done", "failed", "ended" by the person, "skipped", or "interrupted" if its
            console ended in the middle of it.
        reason: why it failed, was ended or is held.
        uids: of the runs that it made.
        times: how often the line is run.
        passes: how often it has been run to its end.
    """

    key: int
    line: str
    metadata: dict[str, Any] = field(default_factory=dict)
    state: str = WAITING
    reason: str = ""
    uids: list[str] = field(default_factory=list)
    times: int = 1
    passes: int = 0


@dataclass(frozen=True)
class Hold:
    """The queue is held: no item begins.

    Attributes:
        reason: why; "" if nobody said.
        since: seconds since 1970-01-01 UTC.
    """

    reason: str = ""
    since: float = 0.0


@dataclass
class _Contents:
    """What is in the file."""

    items: list[QueueItem]
    hold: Hold | None = None


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
        return self._look().items

    @property
    def held(self) -> Hold | None:
        """Why no item begins now; None if nothing holds the queue."""
        return self._read().hold

    def __len__(self) -> int:
        return len(self._read().items)

    def add(self, line: str, metadata: Mapping[str, Any] | None = None) -> int:
        """Put a line at the end; its number."""
        with self._changed() as contents:
            items = contents.items
            key = max((item.key for item in items), default=0) + 1
            items.append(QueueItem(key, line, dict(metadata or {})))
            return len(items)

    def remove(self, number: int) -> QueueItem:
        """Take an item out.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running.
        """
        with self._changed() as contents:
            self._must_not_run(contents.items, number)
            return contents.items.pop(number - 1)

    def move(self, number: int, to: int) -> None:
        """Put an item to another place.

        Raises:
            UnknownName: there is no such item or place.
            EngineError: it is running.
        """
        with self._changed() as contents:
            items = contents.items
            self._must_not_run(items, number)
            self._item(items, to)
            items.insert(to - 1, items.pop(number - 1))

    def edit(self, number: int, line: str = "", metadata: Mapping[str, Any] | None = None) -> QueueItem:
        """Replace the line of an item, and those of its metadata that are given; it then waits, unless it is held.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running.
        """
        with self._changed() as contents:
            item = self._must_not_run(contents.items, number)
            edited = _waiting(item) if item.state != HELD else item
            edited = replace(edited, line=line or item.line, metadata={**item.metadata, **(metadata or {})})
            contents.items[number - 1] = edited if not line else replace(edited, passes=0, uids=[])
            return contents.items[number - 1]

    def repeat(self, number: int, times: int) -> QueueItem:
        """Let an item be run so many times; one that runs ends after the pass that has this number.

        Raises:
            UnknownName: there is no such item.
        """
        with self._changed() as contents:
            item = replace(self._item(contents.items, number), times=times)
            contents.items[number - 1] = item
            return item

    def retry(self, number: int) -> None:
        """Let an item wait again, such as one that has failed; it goes on with the pass that was not finished.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running.
        """
        with self._changed() as contents:
            contents.items[number - 1] = _waiting(self._must_not_run(contents.items, number))

    def skip(self, number: int) -> QueueItem:
        """Let an item not be run; `retry` lets it wait again.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running, or has been.
        """
        with self._changed() as contents:
            item = self._must_not_run(contents.items, number)
            if item.state not in (WAITING, HELD):
                raise EngineError(f"item {number} does not wait: it is {item.state}")
            contents.items[number - 1] = replace(item, state=SKIPPED, reason="")
            return item

    def clear(self, *states: str) -> int:
        """Take out all items of these states, or all but one that runs; how many were taken out."""
        with self._changed() as contents:
            items = contents.items
            remaining = [item for item in items if (item.state not in states if states else item.state == RUNNING)]
            number = len(items) - len(remaining)
            items[:] = remaining
            return number

    # ---- holding it ----------------------------------------------------------------------------

    def hold(self, reason: str = "", number: int | None = None) -> None:
        """Let no further item begin, or not this one: the others are run meanwhile.

        Args:
            reason: why.
            number: of the item; None holds the whole queue.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is running, or has been.
        """
        with self._changed() as contents:
            if number is None:
                contents.hold = Hold(reason, time.time())
                return
            item = self._must_not_run(contents.items, number)
            if item.state not in (WAITING, HELD):
                raise EngineError(f"item {number} does not wait: it is {item.state}")
            contents.items[number - 1] = replace(item, state=HELD, reason=reason)

    def release(self, number: int | None = None) -> None:
        """Let the queue go on, or a held item wait again.

        Raises:
            UnknownName: there is no such item.
            EngineError: it is not held.
        """
        with self._changed() as contents:
            if number is None:
                contents.hold = None
                return
            item = self._item(contents.items, number)
            if item.state != HELD:
                raise EngineError(f"item {number} is not held: it is {item.state}")
            contents.items[number - 1] = replace(item, state=WAITING, reason="")

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

    def begin_next(self) -> QueueItem | Hold | None:
        """Mark the first item that waits as running, and return it; the Hold of a held queue; None if none waits."""
        with self._changed() as contents:
            for index, item in enumerate(contents.items):
                if item.state == WAITING:
                    if contents.hold is not None:
                        return contents.hold
                    contents.items[index] = replace(item, state=RUNNING)
                    return contents.items[index]
        return None

    def count_pass(self, key: int, uids: Sequence[str]) -> QueueItem:
        """Record that the line of an item has been run once more; the item as it is now."""
        with self._changed() as contents:
            index = next(index for index, item in enumerate(contents.items) if item.key == key)
            item = contents.items[index]
            contents.items[index] = replace(item, passes=item.passes + 1, uids=[*item.uids, *uids])
            return contents.items[index]

    def end(self, key: int, state: str, reason: str = "", uids: Sequence[str] = ()) -> None:
        """Record how an item has ended, and the runs that it has made since its last pass."""
        with self._changed() as contents:
            for index, item in enumerate(contents.items):
                if item.key == key:
                    ended = replace(item, state=state, reason=reason, uids=[*item.uids, *uids])
                    contents.items[index] = ended

    # ---- the file ----------------------------------------------------------------------------

    def _must_not_run(self, items: list[QueueItem], number: int) -> QueueItem:
        item = self._item(items, number)
        if item.state == RUNNING:
            raise EngineError(f"item {number} is running: stop or abort it first")
        return item

    @staticmethod
    def _item(items: list[QueueItem], number: int) -> QueueItem:
        if not 1 <= number <= len(items):
            raise UnknownName(f"there is no item {number}: the queue has {len(items)}")
        return items[number - 1]

    @contextlib.contextmanager
    def _changed(self) -> Iterator[_Contents]:
        """What is in the file, to be changed in place; it is written at the end of the block, unless that raises."""
        with self._locked(self._lock_path, wait=True):
            contents = self._look()
            before = replace(contents, items=list(contents.items))
            yield contents
            if contents != before:
                self._write(contents)

    def _look(self) -> _Contents:
        """What is in the file, with the item marked whose console has died."""
        contents = self._read()
        if any(item.state == RUNNING for item in contents.items) and not self._is_being_run():
            contents.items = [
                replace(item, state=INTERRUPTED) if item.state == RUNNING else item for item in contents.items
            ]
        return contents

    def _read(self) -> _Contents:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return _Contents([])
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be read ({exc.strerror}): make it readable") from exc
        try:
            contents = json.loads(text)
            hold = contents.get("hold")
            return _Contents(
                [_made(QueueItem, entry) for entry in contents["items"]], None if hold is None else _made(Hold, hold)
            )
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as exc:
            raise StoreError(f"{self.path} is damaged ({exc}): repair it, or move it away for an empty queue") from exc

    def _write(self, contents: _Contents) -> None:
        try:
            replace_file(self.path, json.dumps(asdict(contents), indent=1) + "\n")
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


def _made(kind: type[T], entry: dict[str, Any]) -> T:
    """An item or a hold from what the file says of it.

    Raises:
        TypeError, LookupError, AttributeError: a value is of a wrong type, or there is no such field.
    """
    for name, value in entry.items():
        if not isinstance(value, _TYPES[name]):
            raise TypeError(f"{name} is {value!r}")
    return kind(**entry)


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "key": int,
    "line": str,
    "metadata": dict,
    "state": str,
    "reason": str,
    "uids": list,
    "times": int,
    "passes": int,
    "since": (int, float),
}


def _waiting(item: QueueItem) -> QueueItem:
    """The item as one that waits; one whose passes are all done begins anew."""
    is_done = item.passes >= item.times
    return replace(
        item, state=WAITING, reason="", passes=0 if is_done else item.passes, uids=[] if is_done else item.uids
    )
