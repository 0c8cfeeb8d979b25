"""FollowerStatus: how a follower fares, written by its process and read by every console.

It knows no sink.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from beamshell.store.whole_files import replace_file

FOLDER = "follow"
"""The folder in the data folder that holds the cursors and the states of the followers."""


@dataclass
class FollowerStatus:
    """How a follower fares.

    Attributes:
        state: "starting", "up to date", "sending", "waiting" for its receiver, "ended", "broken" by an error
            that nobody foresaw, or "failed": its settings are wrong.
        since: when the state began, seconds since 1970-01-01 UTC.
        time: when this was written; an old one is that of a process that was killed or hangs.
        sent: lines that it has sent since it was started.
        refused: lines that its receiver will never take.
        behind_bytes: what it has not read yet.
        behind_s: the age of the oldest line that has not arrived; 0 if all has.
        rate: lines a second, over the last seconds.
        error: what went wrong last; "" if nothing did.
        error_time: when.
        process: its process, as `this_process` describes it.
    """

    state: str = "starting"
    since: float = 0.0
    time: float = 0.0
    sent: int = 0
    refused: int = 0
    behind_bytes: int = 0
    behind_s: float = 0.0
    rate: float = 0.0
    error: str = ""
    error_time: float = 0.0
    process: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it; a reader finds this one or the one before.

        Raises:
            OSError: the disk refuses.
        """
        path.parent.mkdir(exist_ok=True)
        replace_file(path, json.dumps(asdict(self)), durable=False)

    @classmethod
    def load(cls, path: Path) -> FollowerStatus | None:
        """As it was written last; None if nothing readable is there."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def status_path(folder: Path, name: str) -> Path:
    """The status file of a follower in a data folder."""
    return folder / FOLDER / f"{name}.status.json"


def cursor_path(folder: Path, name: str) -> Path:
    """The file of its cursor."""
    return folder / FOLDER / f"{name}.cursor.json"
