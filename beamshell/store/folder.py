"""Finds the data folder, which holds runs, index, metadata and queue, and checks that it can be written to.

It knows none of the files in it.
"""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from pathlib import Path

from beamshell.errors import StoreError

_ROOT = 0
_RUN_FROM = ("startup", "ipython")
_LEAST_SPACE = 64 * 1024  # bytes

VARIABLE = "BEAMSHELL_DATA"
"""The environment variable that names another data folder."""


def data_folder(explicit: str | os.PathLike[str] | None = None) -> Path:
    """The absolute path of the data folder, which exists and can be written to when this returns.

    Args:
        explicit: the folder; None takes that of the environment variable BEAMSHELL_DATA, or else the platform's
            folder for user data.

    Raises:
        StoreError: the folder cannot be made or written to; make it writable or choose another one.
    """
    folder = Path(os.fspath(explicit) if explicit else _default()).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Permissions are not enough: only a write shows that a disk is read-only or full.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise StoreError(
            f"{folder} cannot hold data ({exc.strerror}): make it writable, or choose another folder with {VARIABLE}"
        ) from exc
    return folder


def refusal(folder: Path) -> str:
    """Why a folder takes no more than names, such as "No space left on device"; "" if it takes data."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_LEAST_SPACE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def exposure(folder: Path) -> str:
    """Who else may change what is in the data folder, in one line with what to type; "" if only its user may.

    The start-up files in it are run, so that whoever writes there decides what the console does. A group is trusted.
    """
    places = [folder, *(folder / name for name in _RUN_FROM if (folder / name).is_dir())]
    for place in places:
        status = place.stat()
        if status.st_mode & stat.S_IWOTH:
            return f"everybody on this computer can change {place}, and what is in it is run: !chmod o-w {place}"
        if status.st_uid not in (_ROOT, os.getuid()):
            return f"{place} is of user {_user(status.st_uid)}, and what is in it is run: else another {VARIABLE}"
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"everybody on this computer can replace {folder}: !chmod o-w {parent}"
    return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _default() -> str:
    if from_environment := os.environ.get(VARIABLE):
        return from_environment
    import platformdirs  # at first need: most consoles name their folder

    return platformdirs.user_data_dir("beamshell", appauthor=False)


def sync_folder(folder: Path) -> None:
    """Make the names of new files in a folder as durable as their content."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
