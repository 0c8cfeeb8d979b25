"""RunView: what the watch page shows of one run, as plain JSON: table, plot, peaks, time left.

Pure: documents in, plain values out. It is painted from the same projections as the terminal. It knows no browser.
"""

from __future__ import annotations

import base64
import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from beamshell.arrays import Floats
from beamshell.documents import Document
from beamshell.documents.points import number_of_points
from beamshell.documents.router import RunReceiver
from beamshell.text.numbers import counted
from beamshell.views.captions import last_line, title, when
from beamshell.views.columns import POINT, TIME, Column, columns_of
from beamshell.views.curves import Curves, kept_points
from beamshell.views.fields import field
from beamshell.views.grid import Grid
from beamshell.views.peaks import is_curve
from beamshell.views.pictures import as_plane, describe, reduced
from beamshell.views.progress import RunProgress
from beamshell.views.run_marks import RunMarks
from beamshell.views.run_plot import PlotChoice, RunPlot
from beamshell.views.scales import brightness, value_range
from beamshell.views.scatter import Scatter

ROWS = 100
"""Rows of the table that are shown: the newest."""

_MOST_WITH_PEAKS, _MOST_WHILE_OPEN = 20_000, 300
"""Points up to which the peaks of a run are computed; and while it goes on, when points must not wait for that."""
_NEWLY_DRAWN = 5000
"""Points after which a growing curve is sent again as a whole, thinned."""
_MORE_OF_PLANE = 1.005
"""A plane is sent again when it has so many times its points: a small one with each."""
_WIDEST = 256
"""Pixels of a picture along each axis; of a larger one the brightest of several counts."""


class RunView(RunReceiver):
    """Collects one run; gives it as a whole, or what has come since that was asked last.

    Args:
        start: the run's start document.
        clock: seconds since 1970-01-01 UTC, without the time that the plan has waited.
        ys: names of the values to plot, or quotients such as "det/i0"; () takes the detectors.

    Attributes:
        start_document: as given.
    """

    def __init__(self, start: Document, clock: Callable[[], float], ys: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.start_document = start
        self._plot = RunPlot(start, PlotChoice(ys))
        self._progress = RunProgress(start, clock)
        self._marks = RunMarks(start) if is_curve(start) else None
        self._columns: list[Column] = []
        self._values: list[str] = []
        self._rows: deque[list[str]] = deque(maxlen=ROWS)
        self._seq_num = 0  # of the last row
        self._stop: Document = {}
        self._new_rows = 0
        self._points_drawn = self._more_drawn = 0  # points in the plot that was sent; those since it was thinned
        self._is_again = True  # the next changes are the whole: something that was sent is no longer so

    # ---- documents ------------------------------------------------------------------------------

    def descriptor(self, descriptor: Document) -> None:
        """Choose what is shown."""
        for receiver in self._receivers():
            receiver("descriptor", descriptor)
        if descriptor.get("name") == "primary" and not self._columns:
            self._columns = [POINT, TIME, *columns_of(self.start_document, descriptor)[0]]
            keys = descriptor.get("data_keys") or {}
            self._values = [key for key in keys if field(descriptor, key).is_number]
        self._is_again = True

    def event(self, descriptor: Document, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        for receiver in self._receivers():
            receiver("event", event)
        if descriptor.get("name") != "primary":
            return
        self._is_again |= event["seq_num"] <= self._seq_num
        self._seq_num = event["seq_num"]
        self._rows.append([column.text(event) for column in self._columns])
        self._new_rows += 1
        if self._seq_num > _MOST_WITH_PEAKS:
            self._marks = None

    def stop(self, stop: Document) -> None:
        """Note the end."""
        self._stop = stop
        self._is_again = True

    def _receivers(self) -> Iterable[RunReceiver]:
        return filter(None, (self._plot, self._progress, self._marks))

    @property
    def is_open(self) -> bool:
        """Whether its end has not come."""
        return not self._stop

    # ---- as JSON ---------------------------------------------------------------------------------

    def whole(self) -> dict[str, Any]:
        """All that is shown of the run. What has come is known from now on."""
        self._is_again, self._new_rows = False, 0
        return {
            **self.heading(),
            "number": self._progress.number,
            "columns": [[column.name, column.unit] for column in self._columns],
            "values": self._values,
            "rows": list(self._rows),
            "plot": self._whole_plot(),
            **self._end(),
            **self.summary(),
        }

    def heading(self) -> dict[str, Any]:
        """What its start document says of it in a list of runs."""
        start = self.start_document
        return {
            "uid": start.get("uid"),
            "scan": start.get("scan_id"),
            "title": title(start),
            "when": when(start),
            "facts": {key: str(start[key]) for key in ("sample", "proposal", "operator") if start.get(key)},
        }

    def changes(self) -> dict[str, Any]:
        """What has come since `whole` or `changes` was called; the whole again where that is no addition."""
        if self._is_again or self._more_drawn > _NEWLY_DRAWN:
            return self.whole()
        changes: dict[str, Any] = {}
        if self._new_rows:
            changes |= self._how_far()
            changes["more_rows"] = list(self._rows)[-self._new_rows :]
            self._new_rows = 0
            match self._plot.views:
                case [Curves() as curves]:
                    points = curves.points(self._points_drawn)
                    self._points_drawn += points.shape[1]
                    self._more_drawn += points.shape[1]
                    changes["more_points"] = [plain(values) for values in points]
                case [view, *_] if self._seq_num >= self._points_drawn * _MORE_OF_PLANE:
                    self._points_drawn = self._seq_num
                    changes["plot"] = _plane_of(view)
        return changes

    def summary(self) -> dict[str, Any]:
        """What changes with the time, and what is computed from all points: progress and peaks."""
        summary = {**self._how_far(), "peaks": [], "marks": []}
        if self._marks is not None and self._columns and not (self.is_open and self._seq_num > _MOST_WHILE_OPEN):
            peaks = self._marks.peaks(*self._plot.signals)
            summary["peaks"] = [self._marks.sentence(peak) for peak in peaks.values()]
            marks = [mark for mark in self._marks.marks(peaks) if mark.is_place]
            summary["marks"] = [[mark.key, float(mark.x[0]), mark.label] for mark in marks if len(mark.x)]
        return summary

    def _how_far(self) -> dict[str, Any]:
        return {"points": self._progress.points, "progress": self._progress.texts()}

    def _end(self) -> dict[str, Any]:
        if not self._stop:
            return {"end": "", "status": "", "reason": ""}
        points = counted(number_of_points(self._stop.get("num_events") or {}), "point")
        status, reason = str(self._stop.get("exit_status", "")), str(self._stop.get("reason") or "")
        return {"end": last_line(self.start_document, self._stop, points), "status": status, "reason": reason}

    def _whole_plot(self) -> dict[str, Any] | None:
        if not self._plot.views:
            return None
        view = self._plot.views[0]
        if not isinstance(view, Curves):
            self._points_drawn = self._seq_num
            return _plane_of(view)
        points = view.points()
        self._points_drawn, self._more_drawn = points.shape[1], 0
        points = points[:, kept_points(*points)]
        return {
            "kind": "curves",
            "x": view.x.label,
            "ys": [y.label for y in view.ys],
            "keys": [y.key for y in view.ys],
            "limits": view.limits,
            "points": [plain(values) for values in points],
        }


def _plane_of(view: Curves | Grid | Scatter) -> dict[str, Any] | None:
    match view:
        case Grid():
            image = view.image()
            if image is None:
                return None
            axes = {"x": view.x.label, "y": view.y.label, "z": view.z.label}
            ends = {"xs": plain(image.x[[0, -1]]), "ys": plain(image.y[[0, -1]])}
            return {"kind": "grid", **axes, **ends, **_levels(image.values[::-1])}  # the first row is at the top
        case Scatter():
            xs, ys, zs = view.points()
            low, high = value_range(zs, "linear")
            points = {"points": [plain(xs), plain(ys), plain(zs)], "low": low, "high": high}
            return {"kind": "scatter", "x": view.x.label, "y": view.y.label, "z": view.z.label, **points}
    return None


def picture_of(values: Any, key: str, point: int) -> dict[str, Any]:
    """A picture of a detector for the page.

    Args:
        values: as for `as_plane`.
        key: of the values.
        point: at which it was taken.
    """
    return {"title": f"{key}, point {point}: {describe(values)}", **_levels(as_plane(values)[0])}


def _levels(plane: Floats) -> dict[str, Any]:
    """A plane as bytes: 0 where it has no value, 1 to 255 from its lowest to its highest."""
    height, width = (min(pixels, _WIDEST) for pixels in plane.shape)
    cells = reduced(reduced(plane, height, 0), width, 1)
    levels = (1 + np.round(254 * brightness(cells, "linear"))).astype(np.uint8)
    levels[np.isnan(cells)] = 0
    low, high = value_range(plane, "linear")
    text = base64.b64encode(levels.tobytes()).decode("ascii")
    return {"width": width, "height": height, "levels": text, "low": low, "high": high}


def plain(values: Floats) -> list[float | None]:
    """Numbers as JSON has them, with nine digits: None for what is no number."""
    return [float(f"{value:.9g}") if math.isfinite(value) else None for value in values.tolist()]
