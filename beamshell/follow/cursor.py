"""Cursor: how far a follower has read the data folder, kept in a file so that it goes on there after any end.

It reads no run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from beamshell.errors import StoreError
from beamshell.store.whole_files import replace_file

_MOST_CLOSED = 1000


@dataclass
class RunPlace:
    """How far the file of a run that is not closed yet was read.

    Attributes:
        path: of the file, relative to the data folder.
        uid: of the run; "" before its first line was read.
        bytes: of the file, that were read.
        lines: of the file, that were read.
        inode: of the file; another one means that it was written again, whole.
    """

    path: str
    uid: str = ""
    bytes: int = 0
    lines: int = 0
    inode: int = 0


@dataclass
class Cursor:
    """How far everything was read.

    Attributes:
        order: bytes of `runs/.order` that were read: the runs that are known.
        runs: the places in the runs that are not closed yet, by the path of their file.
        closed: the uids of the runs that were closed last, the newest at the end.
        console: bytes of the console log that were read, of its newest month.
        console_month: that month.
        amendments: bytes of the amendments that were read.
    """

    order: int = 0
    runs: dict[str, RunPlace] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    console: int = 0
    console_month: str = ""
    amendments: int = 0

    def close(self, place: RunPlace) -> None:
        """The run was read to its end."""
        del self.runs[place.path]
        self.closed = [*self.closed, place.uid][-_MOST_CLOSED:]

    def to_json(self) -> str:
        """The form in which it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Cursor:
        """The cursor of that form.

        Raises:
            ValueError: the text is of another form.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            runs = {path: RunPlace(**place) for path, place in values.pop("runs").items()}
            return cls(runs=runs, **values)
        except (TypeError, KeyError, AttributeError) as exc:
            raise ValueError(f"this is no cursor: {exc}") from exc


class CursorFile:
    """Keeps the cursor of one follower, as durably as a run.

    Args:
        path: the file; its folder is made when it is saved first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Cursor | None:
        """The cursor as it was saved last; None if there is none yet.

        Raises:
            StoreError: the file cannot be read, or is damaged.
        """
        try:
            return Cursor.from_json(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            raise StoreError(
                f"{self.path} cannot be read ({exc}): remove it, then the follower begins with the next run"
            ) from exc

    def save(self, cursor: Cursor) -> None:
        """Keep a cursor; a power failure leaves this one or the one before.

        Raises:
            StoreError: the disk refuses.
        """
        try:
            self.path.parent.mkdir(exist_ok=True)
            replace_file(self.path, cursor.to_json())
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be written ({exc.strerror or exc}): free space") from exc
