"""EpicsAreaDetector: a camera whose pictures go into HDF5 files, point by point or as a series.

It joins the parts of an areaDetector (ADCore), and makes the documents of the files. It knows nothing of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beamshell.channels.updates import completions
from beamshell.devices.component import FormattedComponent
from beamshell.devices.epics.area_detector_parts import (
    AreaDetectorCamera,
    ImagePlugin,
    OfflineSafeDevice,
    Picture,
    StatisticsPlugin,
    until,
)
from beamshell.devices.epics.hdf5_plugin import Hdf5Plugin, Points
from beamshell.devices.epics.picture_file import Asset
from beamshell.devices.part import Fact, Kind
from beamshell.devices.status import DeviceStatus, Status
from beamshell.errors import BadValue, DeviceError
from beamshell.protocols import DataKey
from beamshell.text.nearest import unknown

_MARGIN_S = 15.0
_MARGIN_FACTOR = 2.0
_ACTION = "an order to acquire"


@dataclass
class Series:
    """A series of points that the detector takes by itself, between kickoff and complete.

    Attributes:
        points: their place in the file; without a number if the series goes on until it is ended.
        status: done when all points are in the file.
        staged_for_series: the detector was staged for this series alone.
        documented: the number of points that have documents.
        outlasts_pause: it was under way when the engine paused; the engine may send its messages again.
    """

    points: Points
    status: DeviceStatus
    staged_for_series: bool
    documented: int = 0
    outlasts_pause: bool = False

    def documents(self, written: int, shape: tuple[int, int]) -> Iterator[Asset]:
        """The documents of the points up to the number `written` that have none yet."""
        if written > self.documented:
            first, self.documented = self.points.first + self.documented, written
            yield from self.points.file.documents(first, self.points.first + written, shape)


class EpicsAreaDetector(OfflineSafeDevice):
    """An area detector: `ct cam 0.2` shows what a picture is like, a scan also writes the pictures into a file.

    Recorded are `<name>_total`, the sum of the pixels, the highest of them, centre and width of the bright spot; and
    `<name>_image`, which stays in the file: ``runs[-1].image("cam", 3)``.

    Args:
        prefix: the beginning of the addresses of all its parts: "BL:cam:".
        name: its name.
        camera: the rest of the prefix of its camera.
        image: that of the plugin that has the picture as an array.
        stats: that of the plugin with the statistics of a picture.
        hdf: that of the plugin that writes files.
        write_folder: where the IOC writes, such as "/data/%Y/%m/%d"; see Hdf5Plugin.
        read_folder: the same folder by its name on this computer, if that is another.
        frames_per_point: pictures of each point.
        kwargs: those of Device.

    Example:
        >>> cam = EpicsAreaDetector("BL:cam:", name="cam", write_folder=f"{folder}/%Y/%m/%d")
        >>> cam.count_time.set(0.2).wait()
        >>> staged = cam.stage()
        >>> cam.trigger().wait()
        >>> list(cam.collect_asset_docs())
        [('stream_resource', {...}), ('stream_datum', {...})]
        >>> unstaged = cam.unstage()
    """

    SWITCH = "cam.acquire"

    cam = FormattedComponent(AreaDetectorCamera, "{prefix}{suffixes[camera]}")
    image = FormattedComponent(ImagePlugin, "{prefix}{suffixes[image]}", kind=Kind.omitted, lazy=True)
    stats = FormattedComponent(StatisticsPlugin, "{prefix}{suffixes[stats]}", kind=Kind.hinted)
    hdf = FormattedComponent(Hdf5Plugin, "{prefix}{suffixes[hdf]}", kind=Kind.omitted)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        camera: str = "cam1:",
        image: str = "image1:",
        stats: str = "Stats1:",
        hdf: str = "HDF1:",
        write_folder: str = "",
        read_folder: str = "",
        frames_per_point: int = 1,
        **kwargs: Any,
    ) -> None:
        self.suffixes = {"camera": camera, "image": image, "stats": stats, "hdf": hdf}
        self._acquisition: DeviceStatus | None = None
        self._series: Series | None = None
        self._prepared: dict[str, Any] = {"num": None, "exp": None}
        super().__init__(prefix, name=name, **kwargs)
        self.hdf.write_folder, self.hdf.read_folder = write_folder, read_folder
        self.frames_per_point = frames_per_point

    def part_name(self, attr: str) -> str:
        """Recorded values of camera and statistics have the name of the device itself: `cam_total`."""
        return self.name if attr in ("cam", "stats") and self.name else super().part_name(attr)

    @property
    def count_time(self) -> Any:
        """The exposure time of a picture, in seconds."""
        return self.cam.count_time

    @property
    def data_folder(self) -> Path | None:
        """The console's data folder, below which files go unless there is a `write_folder`."""
        return self.hdf.data_folder

    @data_folder.setter
    def data_folder(self, folder: Path | None) -> None:
        self.hdf.data_folder = folder

    @property
    def frames_per_point(self) -> int:
        """Pictures of each point; not to be changed during a run."""
        return self.hdf.frames_per_point

    @frames_per_point.setter
    def frames_per_point(self, frames: int) -> None:
        if isinstance(frames, bool) or not isinstance(frames, int) or frames < 1:
            raise BadValue(f"{self.name}: {frames!r} pictures make no point; write 1, 2, 3, ...")
        if self._staging.active:
            raise DeviceError(f"{self.name}: it is staged: the points of one run all have as many pictures")
        self.hdf.frames_per_point = frames

    def picture(self) -> Picture:
        """The picture that was taken last: shape (height, width), in counts a pixel."""
        return self.image.picture()

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A camera with its plugins."""
        places = {"camera": self.cam, "image": self.image, "stats": self.stats, "hdf": self.hdf}
        yield {"is": "area_detector", **{part: plugin.prefix for part, plugin in places.items()}}
        yield from super().simulation(settings)

    # ---- a point -----------------------------------------------------------------------------

    def trigger(self) -> DeviceStatus:
        """Take the pictures of one point; done when their statistics are there and, in a run, the file has them.

        Raises:
            DeviceError: it takes a series, or somebody else is taking pictures.
            NotConnected: its IOC does not answer.
        """
        self.refuse_if_read_only(_ACTION)
        self._refuse_while_flying("triggered")
        self._drop_series()
        points = self._expect(1) if self._staging.active else None
        if points is None:
            self._end_unfinished()

        def written() -> None:
            if points is not None:
                collect_shape = self.cam.begin_picture_shape()  # in the same round trip
                self.hdf.await_frames(points)
                self.hdf.announce(points, collect_shape())

        return self._acquire(self.frames_per_point, written)

    def _expect(self, number: int) -> Points:
        """End an own acquisition that is under way, and reserve a place in the file for the next points."""
        progress = self.hdf.begin_progress()  # asked together with the camera
        if self._end_unfinished():
            progress = self.hdf.begin_progress()
        return self.hdf.expect(number, progress)

    def _acquire(self, images: int | None, then: Callable[[], None]) -> DeviceStatus:
        """Take pictures, a number of them or until a stop; done when `then` has returned, in a completions worker."""
        acquisition = self._acquisition = DeviceStatus(self, action="acquire", timeout=self._allowed_s(images))

        def on_exposed(exposed: Status) -> None:
            try:
                failure = exposed.exception()
                if failure is not None and images is not None:  # an endless acquisition always ends by a stop
                    raise failure
                if not acquisition.done:
                    then()
            except Exception as exc:  # noqa: BLE001 - it is the failure of the acquisition
                acquisition.end(exc)
            else:
                acquisition.end()

        try:
            self.cam.start(images).add_callback(on_exposed)
        except DeviceError as exc:
            acquisition.end(exc)
            raise
        return acquisition

    def _end_unfinished(self) -> bool:
        """End an acquisition that was started here, as when a point is measured again; False if there was none."""
        is_unfinished = self._acquisition is not None and not self._acquisition.done
        if is_unfinished:
            self.stop()
        return self.cam.end_own_acquisition() or is_unfinished

    def _allowed_s(self, images: int | None) -> float | None:
        return None if images is None else _MARGIN_S + _MARGIN_FACTOR * self.cam.seconds(images)

    def describe(self) -> dict[str, DataKey]:
        """The data keys of `read`; in a run, of the pictures in the file too."""
        described = super().describe()
        return {**described, **self._describe_pictures()} if self.hdf.writes else described

    def _describe_pictures(self) -> dict[str, DataKey]:
        dtype, shape = self.cam.dtype(), self.cam.picture_shape()
        key: DataKey = {
            "source": f"ca://{self.hdf.prefix}FullFileName_RBV",
            "dtype": "array",
            "shape": [self.frames_per_point, *shape],
            "dtype_numpy": dtype.str,
            "external": "STREAM:",
        }
        return {f"{self.name}_image": key}

    # ---- staging and stopping ----------------------------------------------------------------

    def stage(self) -> list[Any]:
        """Make ready for a run: settings, and a file that is made with its first picture.

        Raises:
            DeviceError: files cannot go where they are to, or it is read-only; all is as before.
        """
        self.refuse_if_read_only(_ACTION)
        if self._series is not None and self._series.status.done:
            self._drop_series()
        self.cam.dtype()  # refuses colours before anything is changed
        return super().stage()

    def unstage(self) -> list[Any]:
        """Undo the changes of `stage`; an acquisition that is under way is ended.

        Raises:
            DeviceError: some of it could not be put back; the message names each.
        """
        if self._acquisition is not None and not self._acquisition.done and self.cam.acquire.connected:
            self._end_unfinished()
        return super().unstage()

    def stop(self, success: bool = False) -> None:
        """Stop acquiring; an unfinished acquisition then has failed, or succeeded if `success`.

        Raises:
            NotConnected: it does not answer, so the camera goes on.
        """
        if self._acquisition is not None:
            self._acquisition.end(None if success else DeviceError(f"{self.name}: the acquisition was stopped"))
        if not self.read_only:
            self.cam.acquire.end_count()

    # ---- a series ----------------------------------------------------------------------------

    def prepare(self, series: Mapping[str, Any]) -> DeviceStatus:
        """Choose the next series, such as ``{"num": 100, "exp": 0.02}``; done at once.

        Args:
            series: `num`, the number of points, or None: until the plan asks for the end; `exp`, the seconds that
                each picture is exposed, or None: as `count_time` is.

        Raises:
            UnknownName: it has no such setting.
            BadValue: a setting makes no sense.
            DeviceError: it flies.
        """
        prepared = {**self._prepared, **series}
        if self._goes_on() and prepared == self._prepared:
            return self._done("prepare")
        self._refuse_while_flying("prepared")
        for key in set(prepared) - {"num", "exp"}:
            raise unknown("setting", key, ("num", "exp"), of=self.name)
        number = prepared["num"]
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise BadValue(f"{self.name}: {number!r} points make no series; num is 1, 2, 3, ... or None")
        if prepared["exp"] is not None:
            self.count_time.check_value(prepared["exp"])
        self._prepared = prepared
        return self._done("prepare")

    def kickoff(self) -> DeviceStatus:
        """Start the series; done when the camera was started.

        A detector that is not staged is staged for the series, until it is collected.

        Raises:
            DeviceError: it flies already, or its files have no place.
        """
        if self._goes_on():
            return self._done("kickoff")
        self._refuse_while_flying("kicked off")
        self._drop_series()
        if staged_for_series := not self._staging.active:
            self.stage()
        try:
            if self._prepared["exp"] is not None:
                self._staging.write(self.count_time, self._prepared["exp"])
                self._staging.settle()
            self._start_series(self._prepared["num"], staged_for_series)
        except BaseException:  # a Ctrl+C too must leave nothing half staged
            if staged_for_series:
                self.unstage()
            raise
        return self._done("kickoff")

    def _start_series(self, number: int | None, staged_for_series: bool) -> None:
        points = self._expect(number or 0)

        def written() -> None:
            self.hdf.await_frames(points)

        status = self._acquire(number and number * self.frames_per_point, written)
        self._series = Series(points, status, staged_for_series)

    def complete(self) -> DeviceStatus:
        """The series: done when all its pictures are in the file. One without a number ends here, after a point.

        Raises:
            DeviceError: none was kicked off.
        """
        series = self._series
        if series is None:
            raise DeviceError(f"{self.name}: it takes no series; kick it off first: {self.name}.kickoff()")
        if not series.points.number:
            completions.post(lambda: self._end_soon(series))
        return series.status

    def _end_soon(self, series: Series) -> None:
        """End a series that has no number when it has one point. Completions worker."""
        try:
            one_point_s = _MARGIN_S + self.cam.seconds(self.frames_per_point)
            until(lambda: series.status.done or self.hdf.points_so_far(series.points), one_point_s)
            if not series.status.done:
                self.cam.acquire.put(0)
        except DeviceError as exc:
            series.status.end(exc)

    def pause(self) -> None:
        """Let a series go on while the engine pauses; messages that are sent again do not start it anew."""
        if self._series is not None:
            self._series.outlasts_pause = True

    def resume(self) -> None:
        """Do nothing: a series has gone on during the pause."""

    def _goes_on(self) -> bool:
        """Whether a series is under way that has begun before a pause."""
        series = self._series
        return series is not None and series.outlasts_pause

    def describe_collect(self) -> dict[str, DataKey]:
        """The data key of the pictures in the file."""
        return self._describe_pictures()

    def get_index(self) -> int:
        """The number of points of the series that are in the file now."""
        return 0 if self._series is None else self.hdf.points_so_far(self._series.points)

    def collect_asset_docs(self, index: int | None = None) -> Iterator[Asset]:
        """The documents of all points that are in a file and were not collected before; of a series, up to `index`."""
        series = self._series
        if series is None:
            yield from self.hdf.collect_asset_docs()
            return
        is_over = series.status.done
        written = self.get_index()
        yield from series.documents(written if index is None else min(index, written), self.cam.picture_shape())
        if is_over:
            self._drop_series()

    def _drop_series(self) -> None:
        """Forget the series; unstage the detector if it was staged for it."""
        series, self._series = self._series, None
        if series is not None and series.staged_for_series:
            self.unstage()

    def _done(self, action: str) -> DeviceStatus:
        status = DeviceStatus(self, action=action)
        status.set_finished()
        return status

    def _refuse_while_flying(self, action: str) -> None:
        if self._series is not None and not self._series.status.done:
            raise DeviceError(f"{self.name}: it takes a series, and cannot be {action}; wait, or {self.name}.stop()")
