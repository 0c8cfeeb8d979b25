"""Hdf5Plugin: the file writer of a simulated areaDetector: a queue, a thread, and real HDF5 files.

It knows no camera. It only streams: each frame goes to the file when it comes.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from beamshell.errors import IocError
from beamshell.ioc.area_detector_plugins import Frame, Plugin
from beamshell.ioc.area_detector_records import STREAM, WRITING_FAILED
from beamshell.ioc.base import Base, TextField
from beamshell.ioc.hdf5_file import Hdf5File, make_folder
from beamshell.ioc.small_records import BusyRecord, CallbackRecord

_log = logging.getLogger(__name__)

_TEMPLATE = "%s%s_%6.6d.h5"
_CONVERSION = re.compile(r"%[^%]")


class Hdf5Plugin(Plugin):
    """A plugin that writes each frame, as long as it captures.

    Args:
        base: EPICS base, running.
        prefix: the prefix of its records: "BL:cam:HDF1:".
        capture: its switch.
        folder_changed: calls back when another folder is named.
        shape: returns (height, width) of the next frame, for files that are opened before it.
    """

    def __init__(
        self,
        base: Base,
        prefix: str,
        capture: BusyRecord,
        folder_changed: CallbackRecord,
        shape: Callable[[], tuple[int, int]],
    ) -> None:
        super().__init__(base, prefix)
        self._capture = capture
        self._shape = shape
        names = ("LazyOpen", "SWMRMode", "FileWriteMode", "NumCapture", "FileNumber", "AutoIncrement", "QueueSize")
        self._settings = {name: self._field(name) for name in (*names, "CreateDirectory", "DroppedArrays")}
        readings = ("Capture_RBV", "NumCaptured_RBV", "SWMRActive_RBV", "WriteStatus", "QueueUse", "FilePathExists_RBV")
        self._readings = {name: self._field(name) for name in readings}
        texts = ("FilePath", "FilePath_RBV", "FileName", "FileTemplate", "FullFileName_RBV", "WriteMessage")
        self._texts = {name: TextField(base, prefix + name) for name in texts}
        self._file: Hdf5File | None = None
        self._captures = False
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._waiting: list[Callable[[], None]] = []
        self._queued = 0
        self._texts["FileTemplate"].put_text(_TEMPLATE)
        for name in ("FilePath_RBV", "FileName", "FullFileName_RBV", "WriteMessage"):
            self._texts[name].put_text("")
        folder_changed.callback = self._look_for_folder
        capture.begin = lambda: self._do(self._begin)
        capture.cancel = lambda: self._do(self._close)
        threading.Thread(target=self._work, daemon=True).start()

    # ---- its queue: any thread ------------------------------------------------------------------

    def take(self, frame: Frame) -> None:
        """Queue a frame; it is dropped if the queue is full."""
        if not self.enabled:
            return
        if self._queued >= self._settings["QueueSize"].get():
            dropped = self._settings["DroppedArrays"]
            dropped.put(dropped.get() + 1)
            return
        self._count(1)
        self._do(lambda: self._write(frame))

    def when_idle(self, action: Callable[[], None]) -> None:
        """Call `action` in the writer's thread, when all frames that are queued now are written."""
        self._do(action)

    def _count(self, more: int) -> None:
        with self._changed:
            self._queued += more
            self._readings["QueueUse"].put(self._queued)

    def _do(self, job: Callable[[], None]) -> None:
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    # ---- its work: the writer's thread ------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs:
                    self._changed.wait()
                job = self._jobs.popleft()
            try:
                job()
            except Exception:  # noqa: BLE001 - the log is the only place left, and the next file may work
                _log.exception("the file writer failed")

    def _begin(self) -> None:
        self._readings["WriteStatus"].put(0)
        self._texts["WriteMessage"].put_text("")
        self._readings["NumCaptured_RBV"].put(0)
        try:
            if self._settings["FileWriteMode"].get() != STREAM:
                raise IocError("this writer only streams: set FileWriteMode to Stream")
            if not self._settings["LazyOpen"].get():
                self._open(self._shape())
        except (IocError, OSError) as exc:
            self._fail(exc)
            return
        self._captures = True
        self._readings["Capture_RBV"].put(1)

    def _open(self, shape: tuple[int, int]) -> None:
        path = self._next_path()
        swmr = bool(self._settings["SWMRMode"].get())
        self._file = Hdf5File(path, shape, "<u2", swmr=swmr)
        self._texts["FullFileName_RBV"].put_text(str(path))
        self._readings["SWMRActive_RBV"].put(float(swmr))
        if self._settings["AutoIncrement"].get():
            self._settings["FileNumber"].put(self._settings["FileNumber"].get() + 1)

    def _next_path(self) -> Path:
        folder = self._texts["FilePath_RBV"].get_text()
        if not folder or not os.path.isdir(folder):
            raise IocError(f"there is no folder {folder!r}: set FilePath")
        template = self._texts["FileTemplate"].get_text()
        values = (folder, self._texts["FileName"].get_text(), int(self._settings["FileNumber"].get()))
        try:
            return Path(template % values[: len(_CONVERSION.findall(template))])
        except (TypeError, ValueError) as exc:
            raise IocError(f"FileTemplate {template!r} makes no file name: {exc}") from exc

    def _write(self, frame: Frame) -> None:
        try:
            if self._captures:
                self._append(frame)
            self.show_frame(frame)
        except (IocError, OSError) as exc:
            self._fail(exc)
        finally:
            self._count(-1)

    def _append(self, frame: Frame) -> None:
        if self._file is None:
            self._open((frame.pixels.shape[0], frame.pixels.shape[1]))
        assert self._file is not None
        self._file.append(frame.pixels, frame.unique_id, frame.timestamp)
        self._readings["NumCaptured_RBV"].put(self._file.frames)
        if 0 < self._settings["NumCapture"].get() <= self._file.frames:
            self._end()

    def _fail(self, why: BaseException) -> None:
        self._texts["WriteMessage"].put_text(str(why))
        self._readings["WriteStatus"].put(WRITING_FAILED)
        self._end()

    def _end(self) -> None:
        """End the capture, which also completes the put that began it."""
        self._close()
        self._capture.done()

    def _close(self) -> None:
        self._captures = False
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as exc:
                self._texts["WriteMessage"].put_text(str(exc))
                self._readings["WriteStatus"].put(WRITING_FAILED)
        self._readings["SWMRActive_RBV"].put(0)
        self._readings["Capture_RBV"].put(0)

    # ---- its folder: the client's thread ----------------------------------------------------------

    def _look_for_folder(self) -> None:
        """Check a new folder; create as many of its last levels as a negative CreateDirectory says."""
        path = self._texts["FilePath"].get_text()
        folder = path if not path or path.endswith("/") else path + "/"
        exists = bool(path) and make_folder(Path(path), max(0, -int(self._settings["CreateDirectory"].get())))
        self._texts["FilePath_RBV"].put_text(folder)
        self._readings["FilePathExists_RBV"].put(float(exists))
