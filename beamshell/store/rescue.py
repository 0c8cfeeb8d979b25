"""Rescue: copies of runs in the temporary folder while the data folder refuses them, and their way back.

The next start of a console on this computer brings them back. It knows bytes and paths, and no document.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from beamshell.errors import StoreError
from beamshell.store.folder import sync_folder
from beamshell.store.order import name_in_order
from beamshell.store.run_file import RUNS, free_name

_log = logging.getLogger(__name__)

_LONGEST_NAME = 150


def rescue_folders(folder: Path) -> list[Path]:
    """Where this computer keeps the runs that a data folder refuses: the first of these that takes them."""
    name = quote(str(folder.absolute()), safe="")
    if len(name) > _LONGEST_NAME:
        name = f"{name[-_LONGEST_NAME:]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")
    places = [temporary / f"beamshell-rescued-{os.getuid()}"]
    with contextlib.suppress(RuntimeError):  # this user has no home
        places.append(Path.home() / ".beamshell-rescued")
    return [place / name for place in places]


class RescueCopy:
    """A copy of one run outside its data folder. It is locked while its console lives.

    Args:
        folder: the data folder.
        relative: the run's file inside it.

    Raises:
        OSError: no folder takes it.
    """

    def __init__(self, folder: Path, relative: Path) -> None:
        self.length = 0
        places = rescue_folders(folder)
        for place in places:
            try:
                self._place = place
                self.path = free_name(place / relative)
                _make_private(self.path.parent, place.parent)
                self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
                break
            except OSError:
                if place is places[-1]:
                    raise
        with contextlib.suppress(OSError):  # no locks on this file system
            fcntl.flock(self._fd, fcntl.LOCK_EX)

    def append(self, content: bytes) -> None:
        """Write more of the run.

        Raises:
            OSError: there is no space.
        """
        while content:
            written = os.write(self._fd, content)
            self.length += written
            content = content[written:]
        os.fsync(self._fd)

    def release(self) -> None:
        """Leave the copy for the next start."""
        os.close(self._fd)

    def remove(self) -> None:
        """Remove the copy: the run is where it belongs."""
        self.path.unlink(missing_ok=True)
        self.release()
        _remove_empty(self.path.parent, self._place)


def bring_in(folder: Path) -> list[Path]:
    """Move the runs that wait outside the data folder into it; their files. Those of live consoles are left.

    A run that cannot be moved yet is named in the log and left for the next time.

    Args:
        folder: the data folder.
    """
    brought = []
    for place in rescue_folders(folder):
        for copy in sorted(place.glob(f"{RUNS}/*/*/*.jsonl")):
            try:
                with _unlocked(copy) as is_free:
                    if is_free:
                        brought.append(_bring(copy, folder, folder / copy.relative_to(place)))
                        copy.unlink()
                        _remove_empty(copy.parent, place)
            except (OSError, StoreError) as exc:
                _log.warning("%s cannot be moved into %s and is left for the next start: %s", copy, folder, exc)
    return brought


def _bring(copy: Path, folder: Path, path: Path) -> Path:
    """Write a copy to the file of its run, unless that holds all of it; the run's file."""
    content = copy.read_bytes()
    if path.exists():
        present = path.read_bytes()
        if present.startswith(content):
            return path
        stop = present.rfind(b'\n["stop"')  # another console may have closed the run as one that was abandoned
        if not content.startswith(present if stop < 0 else present[: stop + 1]):  # another run's, or changed by hand
            path = free_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
    name_in_order(folder, path, late=True)
    return path


@contextlib.contextmanager
def _unlocked(copy: Path) -> Iterator[bool]:
    """Whether no live console writes the copy; it is locked during the block."""
    with copy.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        except BlockingIOError:
            is_free = False
        yield is_free


def _make_private(folder: Path, top: Path) -> None:
    """Make a folder whose topmost part, `top`, is this user's alone.

    Raises:
        OSError: it is another user's.
    """
    top.mkdir(mode=0o700, exist_ok=True)
    if top.is_symlink() or top.stat().st_uid != os.getuid():
        raise PermissionError(f"{top} is not this user's")
    folder.mkdir(parents=True, exist_ok=True)


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those above it up to `top`, as far as they are empty."""
    with contextlib.suppress(OSError):
        for empty in (folder, *folder.parents):
            empty.rmdir()
            if empty == top:
                break
