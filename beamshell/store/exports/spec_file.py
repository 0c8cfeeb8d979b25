"""SPEC: the text file of scans that silx, PyMca and many scripts read, `#S 12  ascan th -1 1 20 0.5` and its columns.

What the lines mean: https://certif.com/spec_help/scans.html. It knows no file but the one that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from typing_extensions import override

from beamshell.documents import Document
from beamshell.documents.alarms import Alarms, in_words
from beamshell.documents.foreign_motion import STREAM as FOREIGN_MOTION
from beamshell.documents.points import NO_POINTS
from beamshell.documents.router import RunReceiver
from beamshell.store.encoding import to_json
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.spec_text import Columns, Motors, comment, date_line, one_line
from beamshell.store.exports.writer import Outline, is_point, stream_of
from beamshell.store.run import plan_line
from beamshell.store.tables_beside import BASELINE
from beamshell.text.numbers import counted

PRIMARY = "primary"
_FACTS = ("uid", "sample", "proposal", "operator")
"""What is written of the metadata into the header of a scan."""


class SpecWriter(RunReceiver):
    """Appends a run to a SPEC file: its stream `primary` as one scan, then one for each other stream of points.

    The points of the first are written as they come, those of the others at the end.

    Args:
        files: where the file is.
        outline: of the run.
    """

    def __init__(self, files: NewFiles, outline: Outline) -> None:
        super().__init__()
        self._file = files.text()
        self._name = files.final().name
        self._outline = outline
        self._motors = Motors()
        self._scans: dict[str, _Scan] = {}  # by stream
        streams = [stream for stream in outline.data_keys if stream not in NO_POINTS]
        self._main = PRIMARY if PRIMARY in streams else next(iter(streams), "")  # the stream whose points come first
        self._alarms = Alarms()
        self._last_time = outline.metadata["time"]
        self._stop: Document | None = None

    @override
    def descriptor(self, descriptor: Document) -> None:
        stream = stream_of(descriptor)
        if stream in NO_POINTS or stream in self._scans:
            return
        self._main = self._main or stream
        data_keys = self._outline.data_keys.get(stream) or descriptor["data_keys"]
        self._scans[stream] = _Scan(Columns(data_keys, descriptor, self._outline.metadata))

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        stream, data = stream_of(descriptor), event["data"]
        self._alarms.take(descriptor, event)
        self._last_time = event["time"]
        if stream == BASELINE and event["seq_num"] == 1:
            self._motors.take(data)
        elif stream == FOREIGN_MOTION:
            point = f", point {data['point']} is not to be trusted" if data["point"] else ""
            self._say(data["stream"], f"{data['device']} was moved by somebody else{point}", event["time"])
        elif stream == "interruptions":
            self._say("", str(data.get("interruption", "")), event["time"])
        elif stream in self._scans and is_point(event, self._outline):
            self._write_point(stream, event)

    def _write_point(self, stream: str, event: Document) -> None:
        scan, number = self._scans[stream], event["seq_num"]
        if stream == self._main and scan.file is None:
            self._motors.take(scan.columns.positions(event["data"]))
            self._begin(stream)
        for key, severity in self._alarms.of(event).items():
            scan.write(comment(f"point {number}: {key}: {in_words(severity)}"))
        for key in scan.columns.without_number(event["data"]):
            scan.write(comment(f"point {number}: {key} is not a number"))
        scan.write(scan.columns.line(event, self._epoch))
        scan.points += 1

    def _say(self, stream: str, text: str, moment: float) -> None:
        scan = self._scans.get(stream) or self._scans.get(self._main)
        if scan is not None and text:
            scan.write(comment(text, moment))

    @override
    def stop(self, stop: Document) -> None:
        self._stop = stop

    def close(self) -> None:
        """Write what is left: how the run ended, what was said later, and the other streams."""
        self._scans.setdefault(self._main, _Scan(Columns({}, {}, {})))
        for stream in sorted(self._scans, key=lambda stream: stream != self._main):
            if self._scans[stream].file is None:
                self._begin(stream)
            self._file.writelines(self._end(self._scans[stream]))

    @property
    def _epoch(self) -> int:
        """What the times of the points are counted from: the beginning of the run, in whole seconds since 1970."""
        return int(self._outline.metadata["time"])

    def _begin(self, stream: str) -> None:
        """Write the header of a scan, that of the file before the first one, and the lines that waited."""
        scan, metadata = self._scans[stream], self._outline.metadata
        if stream == self._main:
            self._file.writelines(self._file_header())
        scan_id = metadata.get("scan_id")
        command = metadata.get("command")
        title = one_line(command if isinstance(command, str) and command else plan_line(metadata))
        other = f", stream {one_line(stream)}" if stream != self._main else ""
        self._file.write(f"\n#S {scan_id if type(scan_id) is int else 0}  {title}{other}\n")
        self._file.write(date_line(metadata["time"]))
        if scan.columns.count_time is not None:
            self._file.write(f"#T {scan.columns.count_time}  (Seconds)\n")
        self._file.writelines(self._motors.position_lines())
        self._file.writelines(comment(f"{key}: {_plain(metadata[key])}") for key in _FACTS if metadata.get(key))
        self._file.writelines(scan.columns.header())
        scan.begin(self._file)

    def _file_header(self) -> Iterable[str]:
        metadata = self._outline.metadata
        yield "\n" if self._file.tell() else ""
        yield f"#F {self._name}\n#E {self._epoch}\n{date_line(metadata['time'])}"
        yield f"#C beamshell  User = {one_line(str(metadata.get('operator') or 'unknown'))}\n"
        yield from self._motors.name_lines()

    def _end(self, scan: _Scan) -> Iterable[str]:
        stop, points = self._stop, counted(scan.points, "point")
        if stop is None:
            yield comment(f"The run is still open, {points} so far", self._last_time)
        elif stop.get("exit_status") != "success":
            reason = f": {stop['reason']}" if stop.get("reason") else ""
            yield comment(f"Scan aborted after {points} ({stop.get('exit_status')}{reason})", stop["time"])
        for one in self._outline.amendments:
            what = f"{one.key} is {_plain(one.value)}" if one.key else _plain(one.value)
            yield comment(f"{one.kind} by {one.operator or 'unknown'}: {what}", one.time)


class _Scan:
    """One stream: its columns, and the lines that wait until it may be written."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.points = 0
        self.file: TextIO | None = None
        self._waiting: list[str] = []

    def write(self, line: str) -> None:
        """Write a line, now or as soon as it may be written."""
        if self.file is None:
            self._waiting.append(line)
        else:
            self.file.write(line)

    def begin(self, file: TextIO) -> None:
        """Write what waits, and from now on all as it comes."""
        self.file = file
        file.writelines(self._waiting)
        self._waiting.clear()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else to_json(value)
