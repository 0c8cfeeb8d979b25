"""Hdf5Plugin: the plugin of an areaDetector that writes its pictures into HDF5 files.

It knows the records of ADCore's file writer, and the place of each point of a run in the files. It opens no file.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beamshell.devices.component import Component
from beamshell.devices.epics.area_detector_parts import OBEYS_WITHIN_S, OfflineSafeDevice, Setting, until
from beamshell.devices.epics.picture_file import Asset, PictureFile
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Kind
from beamshell.devices.values import begin_values
from beamshell.errors import DeviceError, WriteFailed

_LOST_AFTER_S = 3.0
"""Seconds after the last frame in the file from which on a missing frame counts as lost."""
_BY_DAY = "images/%Y/%m/%d"


@dataclass(frozen=True)
class Points:
    """Points of a run in `file`, from number `first` on, counted from 0."""

    file: PictureFile
    first: int
    number: int


class Hdf5Plugin(OfflineSafeDevice):
    """A file writer that is staged for a run, asked for points, and makes documents of them.

    Args:
        prefix: the beginning of its addresses: "BL:cam:HDF1:".
        name: its name.
        write_folder: where the IOC is to write, such as "/data/%Y/%m/%d"; the folders from the first with a % on
            are made, the others must be there. Without one it is `images/%Y/%m/%d` in the console's data folder.
        read_folder: the same folder by the name that it has on this computer, if that is another.
        kwargs: those of Device.
    """

    SWITCH = "capture"
    _stages_in_flight = True

    capture = Component(EpicsSignal, "Capture", kind=Kind.omitted, write_timeout=None)
    capturing = Component(EpicsSignalRO, "Capture_RBV", kind=Kind.omitted)
    enabled = Component(Setting, "EnableCallbacks", kind=Kind.omitted)
    folder = Component(Setting, "FilePath", kind=Kind.omitted, string=True)
    folder_exists = Component(EpicsSignalRO, "FilePathExists_RBV", kind=Kind.omitted)
    create_folder = Component(EpicsSignal, "CreateDirectory", kind=Kind.omitted)
    file_name = Component(Setting, "FileName", kind=Kind.omitted, string=True)
    file_template = Component(Setting, "FileTemplate", kind=Kind.omitted, string=True)
    file_number = Component(Setting, "FileNumber", kind=Kind.omitted)
    full_file_name = Component(EpicsSignalRO, "FullFileName_RBV", kind=Kind.omitted, string=True)
    write_mode = Component(Setting, "FileWriteMode", kind=Kind.omitted)
    num_capture = Component(Setting, "NumCapture", kind=Kind.omitted)
    num_captured = Component(EpicsSignalRO, "NumCaptured_RBV", kind=Kind.omitted)
    lazy_open = Component(EpicsSignal, "LazyOpen", kind=Kind.omitted)
    swmr_mode = Component(Setting, "SWMRMode", kind=Kind.omitted)
    write_status = Component(EpicsSignalRO, "WriteStatus", kind=Kind.omitted)
    write_message = Component(EpicsSignalRO, "WriteMessage", kind=Kind.omitted, string=True)
    queue_use = Component(EpicsSignalRO, "QueueUse", kind=Kind.omitted)
    dropped = Component(EpicsSignalRO, "DroppedArrays_RBV", kind=Kind.omitted)

    data_folder: Path | None = None
    """The console's data folder: the session says which."""

    def __init__(
        self, prefix: str, *, name: str = "", write_folder: str = "", read_folder: str = "", **kwargs: Any
    ) -> None:
        super().__init__(prefix, name=name, **kwargs)
        self.write_folder = write_folder
        self.read_folder = read_folder
        self.frames_per_point = 1
        self.stage_sigs = {
            "enabled": 1,
            "file_template": "%s%s.h5",
            "write_mode": "Stream",
            "num_capture": 0,
            "lazy_open": 1,
            "swmr_mode": 1,
        }
        self._stem = ""
        self._files = 0
        self._file: PictureFile | None = None
        self._place = Path()
        self._dropped_before = 0
        self._ready: list[tuple[Points, tuple[int, int]]] = []

    @property
    def _owner(self) -> str:
        """The name of the detector that it is a part of."""
        return self.name if self.parent is None else self.parent.name

    @property
    def _typed(self) -> str:
        """Its name at the prompt."""
        return self.name if self.parent is None else f"{self.root.name}.{self.dotted_name}"

    # ---- staging -----------------------------------------------------------------------------

    def stage(self) -> list[Any]:
        """Choose a folder and a name, and begin to capture; the file itself is made with its first picture.

        Raises:
            DeviceError: somebody else captures, there is no such folder, or none was chosen.
        """
        if not self._staging.active and self._staging.flight.value_of(self.capturing):
            path = self.full_file_name.get()
            raise DeviceError(
                f"{self.name}: it is capturing into {path} for somebody else: end that first, with "
                f"{self._typed}.capture.put(0)"
            )
        staged = super().stage()
        try:
            self._begin_files()
        except BaseException:  # a Ctrl+C too must leave nothing half staged
            self._staging.undo(self.name)
            raise
        return staged

    def _begin_files(self) -> None:
        self._ready.clear()
        self._files, self._file = 0, None
        self._stem = f"{self._owner}_{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4().hex[:6]}"
        folder, levels = self._folder_of_today()
        self._staging.write(self.create_folder, -levels)
        self._staging.write(self.folder, folder)
        self._staging.write(self.file_name, name := self._next_name())
        self._staging.settle()
        folder_exists, dropped = begin_values(self.folder_exists, self.dropped)()
        if not folder_exists:
            suffix = ", and could not make it" if levels else ""
            raise DeviceError(
                f"{self.name}: its IOC has no folder {folder}{suffix}: make it, let the IOC write there, or give "
                "another as write_folder in the device file"
            )
        self._place = Path(time.strftime(self.read_folder) if self.read_folder else folder)
        self._staging.note(self.capture.name, self._end_capture)
        self._begin_capture(name, dropped)

    def signals_to_stage(self) -> Iterator[Any]:
        """The signals whose values `stage` needs."""
        yield from (self.capturing, self.create_folder, self.folder, self.file_name)
        yield from super().signals_to_stage()

    def _folder_of_today(self) -> tuple[str, int]:
        """The folder for new files, and the number of its last parts that may be created."""
        if self.write_folder:
            parts = re.split(r"[/\\]", self.write_folder.rstrip("/\\"))
            self._refuse_vague_folder()
            fixed = next((n for n, part in enumerate(parts) if "%" in part), len(parts))
            return time.strftime(self.write_folder), len(parts) - fixed
        if self.data_folder is None:
            raise DeviceError(
                f"{self.name}: there is no folder for its files: give write_folder in the device file, or set "
                f"{self._typed}.write_folder"
            )
        return str(self.data_folder / time.strftime(_BY_DAY)), len(Path(_BY_DAY).parts)

    def _refuse_vague_folder(self) -> None:
        if not re.match(r"/|[A-Za-z]:[/\\]", self.write_folder):
            raise DeviceError(f"{self.name}: write_folder {self.write_folder!r} does not say where: begin it with a /")
        if not self.write_folder.startswith("/") and not self.read_folder:
            raise DeviceError(
                f"{self.name}: this computer cannot find {self.write_folder}: give its name here as read_folder"
            )

    def _capture_anew(self) -> None:
        """Begin the next file of this run."""
        self._write_settings_again()
        name = self._next_name()
        self.file_name.set(name).wait()
        self._begin_capture(name, self.dropped.get())

    def _next_name(self) -> str:
        self._files += 1
        return self._stem if self._files == 1 else f"{self._stem}_{self._files}"

    def _begin_capture(self, name: str, dropped: int) -> None:
        self._dropped_before = int(dropped)
        self.capture.put(1)
        capturing, ordered = 0, 1

        def has_answered() -> bool:
            nonlocal capturing, ordered
            capturing, ordered = begin_values(self.capturing, self.capture)()
            return bool(capturing or not ordered)

        if not until(has_answered):
            raise DeviceError(f"{self.name}: its capture has not begun within {OBEYS_WITHIN_S:g} s; look at its IOC")
        if not capturing:
            raise WriteFailed(f"{self.name}: its IOC does not capture: {self._error_message()}")
        self._file = PictureFile(str(uuid.uuid4()), str(self._place / f"{name}.h5"), f"{self._owner}_image")

    def _write_settings_again(self) -> None:
        """Write the settings again: an IOC that was started anew has lost them."""
        folder, levels = self._folder_of_today()
        for key, value in self.stage_sigs.items():
            (self.part(key) if isinstance(key, str) else key).set(value).wait()
        self.create_folder.set(-levels).wait()
        self.folder.set(folder).wait()

    def _end_capture(self) -> None:
        if self.capturing.get():
            self.capture.put(0)
            if not until(lambda: not self.capturing.get()):
                raise DeviceError(f"{self.name}: its file was not closed within {OBEYS_WITHIN_S:g} s; look at its IOC")
            if self.write_status.get():
                raise WriteFailed(f"{self.name}: its file was not closed well: {self._error_message()}")

    def _error_message(self) -> str:
        return str(self.write_message.get()) or "it does not say why"

    # ---- points ------------------------------------------------------------------------------

    @property
    def writes(self) -> bool:
        """Whether pictures go to a file: True while it is staged."""
        return self._staging.active

    def begin_progress(self) -> Callable[[], list[Any]]:
        """Request the frames in its queue, those captured, and whether it captures; the function returned collects."""
        return begin_values(self.queue_use, self.num_captured, self.capturing)

    def expect(self, points: int, progress: Callable[[], list[Any]] | None = None) -> Points:
        """Reserve a place in the file for the next points; documents that were not collected are dropped.

        If the capture has ended, or holds a part of a point, another file begins.

        Args:
            points: how many; 0 if that is not known.
            progress: what `begin_progress` has returned, when no acquisition was under way; None asks now.
        """
        self._ready.clear()
        queued, captured, capturing = (progress or self.begin_progress())()
        if queued:  # the rest of an acquisition that was cut short
            until(lambda: not self.queue_use.get())
            _, captured, capturing = self.begin_progress()()
        if not capturing or captured % self.frames_per_point or self._file is None:
            if capturing:
                self._end_capture()
            self._capture_anew()
            captured = 0
        assert self._file is not None
        return Points(self._file, int(captured) // self.frames_per_point, points)

    def await_frames(self, points: Points) -> None:
        """Return when all frames of these points are in their file.

        Raises:
            WriteFailed: the file could not be written.
            DeviceError: frames were lost on the way.
        """
        total = (points.first + points.number) * self.frames_per_point
        last, since = -1, time.monotonic()
        queue_ends = since + OBEYS_WITHIN_S
        while True:
            queued, captured, capturing, failed, dropped, enabled = begin_values(
                self.queue_use, self.num_captured, self.capturing, self.write_status, self.dropped, self.enabled
            )()
            if failed:
                raise WriteFailed(
                    f"{self.name}: {points.file.path} was not written: {self._error_message()}; mend this where "
                    "its IOC runs, and measure again"
                )
            if captured >= total:
                return
            if captured > last:
                last, since = captured, time.monotonic()
            is_waiting = queued and time.monotonic() < queue_ends  # for frames that it has already
            problem = self._problem(capturing, enabled, dropped, time.monotonic() - since)
            if problem and not is_waiting:
                lost, first = total - captured, points.first * self.frames_per_point
                raise DeviceError(
                    f"{self.name}: {lost} of {total - first} frames are not in {points.file.path}: {problem}"
                )
            time.sleep(0.01)

    def _problem(self, capturing: int, enabled: int, dropped: int, waited_s: float) -> str:
        """The reason why no more frames will come; "" if they may."""
        if not capturing:
            return "somebody else has ended its capture"
        if not enabled:
            return "somebody has disabled its callbacks"
        if dropped > self._dropped_before:
            return f"it has dropped {dropped - self._dropped_before}, since its queue was full: expose more slowly"
        return f"none has come for {_LOST_AFTER_S:g} s: is its input the camera?" if waited_s > _LOST_AFTER_S else ""

    def points_so_far(self, points: Points) -> int:
        """The number of these points that are in the file now."""
        captured = int(self.num_captured.get()) // self.frames_per_point - points.first
        return max(0, min(captured, points.number)) if points.number else max(0, captured)

    def announce(self, points: Points, shape: tuple[int, int]) -> None:
        """Have the next `collect_asset_docs` yield the documents of these points."""
        self._ready.append((points, shape))

    def collect_asset_docs(self, index: int | None = None) -> Iterator[Asset]:  # noqa: ARG002 - the engine's signature
        """The documents of all points that are in a file and were not collected before."""
        ready, self._ready = self._ready, []
        for points, shape in ready:
            yield from points.file.documents(points.first, points.first + points.number, shape)
