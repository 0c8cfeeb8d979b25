"""NewFiles: the files of one export, written beside their names and given them when they are whole.

It knows no format and no run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from urllib.parse import quote
from zlib import crc32

from beamshell.errors import StoreError
from beamshell.store.folder import sync_folder

_LONGEST_PART = 60  # characters; with the name before it and the extension it is shorter than file systems allow


class NewFiles:
    """The files that a writer makes: whole under their names, or not at all.

    A file is written under a hidden name in the folder where it belongs, so that a relative path in it is right.
    `publish` gives it its name, never over a file that is there. A block ``with NewFiles(...)`` removes at its end
    what was not published.

    Args:
        folder: where the names are looked for; it is made with the first file.
        name: of the files, without extension; slashes in it are folders.
        extension: of the files, such as ".csv".
        replace: True if files that are there already are replaced.

    Attributes:
        folder: where the files are.
    """

    def __init__(self, folder: Path, name: str, extension: str, *, replace: bool = False) -> None:
        self.folder = (folder / name).parent
        self._name = Path(name).name
        self._extension = extension
        self._replace = replace
        self._unfinished: dict[Path, Path] = {}  # by the path that it will have
        self._texts: dict[Path, TextIO] = {}

    def __enter__(self) -> NewFiles:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.discard()

    def text(self, part: str = "") -> TextIO:
        """A new file of text in UTF-8, open for writing; the same one, if it is asked for again.

        Args:
            part: what follows the name, such as that of a stream.

        Raises:
            StoreError: there is a file of that name already.
            OSError: the disk refuses.
        """
        path = self._path(part)
        if path not in self._texts:
            unfinished = self.path(part)
            self._texts[path] = unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        return self._texts[path]

    def path(self, part: str = "") -> Path:
        """Where a library is to write a new file; see `text`."""
        path = self._path(part)
        if os.path.lexists(path) and not self._replace:
            raise _exists(path)
        self.folder.mkdir(parents=True, exist_ok=True)
        return self._unfinished.setdefault(path, path.with_name(f".{path.name}.{os.getpid()}"))

    def final(self, part: str = "") -> Path:
        """The path that a file will have."""
        return self._path(part)

    def _path(self, part: str) -> Path:
        return self.folder / f"{self._name}{f'_{_in_name(part)}' if part else ''}{self._extension}"

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """A block that leaves the files as they were before, if it fails.

        Raises:
            OSError: they cannot be made as they were: discard them.
        """
        lengths = {path: file.tell() for path, file in self._texts.items()}
        before = set(self._unfinished)
        try:
            yield
        except BaseException:
            for path in set(self._unfinished) - before:
                self._remove(path)
            for path, length in lengths.items():
                self._texts[path].seek(length)
                self._texts[path].truncate()
            raise

    def publish(self) -> list[Path]:
        """Give the files their names, in the order in which they were made.

        Raises:
            StoreError: another program has made a file of such a name meanwhile; none of these files is left then.
            OSError: the disk refuses.
        """
        published: list[Path] = []
        try:
            for path, unfinished in list(self._unfinished.items()):
                self._finish(path, unfinished)
                self._give_name(unfinished, path)
                published.append(path)
                del self._unfinished[path]
        except BaseException:
            if not self._replace:
                for path in published:
                    path.unlink(missing_ok=True)
            raise
        if published:
            sync_folder(self.folder)
        return published

    def _finish(self, path: Path, unfinished: Path) -> None:
        """Close a file, and let it reach the disk: a name without its content is worse than none."""
        if (file := self._texts.pop(path, None)) is not None:
            file.close()
        fd = os.open(unfinished, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _give_name(self, unfinished: Path, path: Path) -> None:
        if self._replace:
            unfinished.replace(path)
            return
        try:
            path.hardlink_to(unfinished)
        except FileExistsError:
            raise _exists(path) from None
        except OSError:  # a file system without hard links
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                raise _exists(path) from None
            unfinished.replace(path)
        else:
            unfinished.unlink()

    def discard(self) -> None:
        """Remove what is not published."""
        for path in list(self._unfinished):
            self._remove(path)

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # what a full disk refuses is not wanted any more
            if (file := self._texts.pop(path, None)) is not None:
                file.close()
        with contextlib.suppress(OSError):
            self._unfinished.pop(path).unlink()


def _in_name(part: str) -> str:
    """A part as a file name may have it; one that is cut is still another one than any other."""
    quoted = quote(part, safe="", errors="backslashreplace")
    return quoted if len(quoted) <= _LONGEST_PART else f"{quoted[: _LONGEST_PART - 9]}-{crc32(quoted.encode()):08x}"


def _exists(path: Path) -> StoreError:
    return StoreError(f"{path} exists already: add replace=yes, or name another folder")
