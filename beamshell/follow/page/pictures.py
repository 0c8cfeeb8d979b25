"""PictureReader: the newest picture of a run, read from its file by a thread of its own: a file system may hang."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from beamshell.documents import Document
from beamshell.follow.page.run_view import picture_of
from beamshell.store.asset_readers import AssetReaders
from beamshell.store.frame_locations import FrameLocation, FrameLocations

_log = logging.getLogger(__name__)

_EVERY_S = 0.5


class PictureReader:
    """Reads the newest picture of the run that is shown, at most twice a second.

    Args:
        ready: called by its thread with each picture, which names the uid of its run.
    """

    def __init__(self, ready: Callable[[dict[str, Any]], None]) -> None:
        self._ready = ready
        self._frames = FrameLocations()
        self._uid = ""
        self._is_other_run = False
        self._taken: tuple[str, str, int] | None = None  # the picture that was read
        self._lock = threading.Lock()
        self._is_due, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._read, name="pictures", daemon=True)
        self._thread.start()

    def take(self, run: str, name: str, doc: Document) -> None:
        """Take a document of a run; with a start document the pictures before it are forgotten."""
        with self._lock:
            if name == "start":
                self._frames, self._uid, self._is_other_run = FrameLocations(), run, True
            elif run == self._uid:
                self._frames(name, doc)
        if name in ("event", "stream_datum", "event_page"):
            self._is_due.set()

    def close(self) -> None:
        """End its thread, unless it hangs."""
        self._closed.set()
        self._is_due.set()
        self._thread.join(1.0)

    def _read(self) -> None:
        readers = AssetReaders()
        while not self._closed.is_set():
            self._is_due.wait()
            self._is_due.clear()
            if (newest := self._take_newest()) is not None:
                run, key, point, location = newest
                try:
                    picture = picture_of(readers.read(location, f"{key} of point {point}"), key, point)
                except Exception as exc:  # noqa: BLE001  a file that is not there yet, a reader of another package
                    _log.debug("no picture: %s", exc)
                    self._is_due.set()
                else:
                    self._taken = run, key, point
                    self._ready({**picture, "run": run})
            self._closed.wait(_EVERY_S)

    def _take_newest(self) -> tuple[str, str, int, FrameLocation] | None:
        """Where the newest picture is, if it was not read before."""
        with self._lock:
            if self._is_other_run:
                self._is_other_run, self._taken = False, None
            for stream, keys in self._frames.keys.items():
                for key in keys:
                    if locations := self._frames.locations(stream, key):
                        point = max(locations)
                        newest = self._uid, key, point
                        return None if newest == self._taken else (*newest, locations[point])
        return None
