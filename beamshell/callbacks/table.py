"""LiveTable: a run as a table in the terminal, a row a point.

It prints text; views/columns.py decides on the columns and on the text of a value, views/table_layout.py on widths.
A closed terminal is never an error for the engine.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beamshell.callbacks.subscribed_view import SubscribedView
from beamshell.callbacks.waiting_rows import WaitingRows
from beamshell.callbacks.waiting_rows import rows as the_rows
from beamshell.documents import Document
from beamshell.documents.alarms import INVALID, MAJOR, MARKS, MINOR, Alarms, alarm_of
from beamshell.documents.foreign_motion import ForeignMotions
from beamshell.documents.router import RunReceiver
from beamshell.text.lists import listed
from beamshell.text.numbers import DEFAULT_PRECISION, counted
from beamshell.text.window import fitted, has_colours, is_terminal, window_height, window_width
from beamshell.views.captions import RunDuration, last_line, title
from beamshell.views.columns import POINT, TIME, Column, HighestPoint, columns_of
from beamshell.views.fields import moved_fields
from beamshell.views.table_layout import TableLayout

log = logging.getLogger(__name__)

_BOLD, _DIM, _RED, _GREEN, _YELLOW = "1", "2", "31", "32", "33"
_COLOURS = {MARKS[MINOR]: _YELLOW, MARKS[MAJOR]: _RED, MARKS[INVALID]: _RED}
_MEANINGS = {
    MINOR: "MINOR alarm",
    MAJOR: "MAJOR alarm",
    INVALID: "INVALID alarm or never processed, not to be trusted",
}
_LINES_KEPT = 3
"""Lines of a window that are no rows: the names of the columns, the rule, and the line where the cursor is."""
_FEWEST_ROWS = 5
"""In a window of few lines the header comes after so many rows."""


class LiveTable(SubscribedView):
    """A subscriber that prints each run as a table.

    Args:
        fields: names or devices to show; None shows what the run's hints name. Scanned motors are always shown, with
            their setpoints when fields are given.
        stream_name: the stream whose events are the rows.
        out: called with each text to print; None is the standard output.
        min_width: the least width of a column where there is room, in characters.
        default_prec: digits after the point where the control system does not say.
        width: characters a line may have; None is the terminal's width (unlimited when the output is not a terminal).
        uid: True names the uid of the run in the last line.
        rows: where rows wait that need not be printed at once; None is the process's own.

    Example:
        ``RE(scan([det], th, -1, 1, 21), LiveTable([det]))``
    """

    def __init__(
        self,
        fields: Sequence[Any] | None = None,
        *,
        stream_name: str = "primary",
        out: Callable[[str], Any] | None = None,
        min_width: int = 10,
        default_prec: int = DEFAULT_PRECISION,
        width: int | None = None,
        uid: bool = False,
        rows: WaitingRows | None = None,
    ) -> None:
        super().__init__(self.open_run, kind="table")
        self.fields = [fields] if isinstance(fields, str) else fields
        self.stream_name = stream_name
        self.min_width = min_width
        self.default_precision = default_prec
        self.uid = uid
        self.rows = rows or the_rows
        self._out = out
        self._width = width

    def open_run(self, start: Document) -> RunReceiver:
        """The table of one run."""
        return _RunTable(start, self, Printer(self._out))

    def line_length(self, printer: Printer) -> int | None:
        """Characters that a line may have; None if there is no limit."""
        if self._width is not None:
            return self._width or None
        return window_width(sys.stdout) if printer.on_terminal else None


class Printer:
    """Prints lines, in colour on a terminal, and nothing more once the output is closed."""

    def __init__(self, out: Callable[[str], Any] | None = None) -> None:
        self._out = out
        self._closed = False
        self._held: list[str] | None = None
        self.on_terminal = out is None and is_terminal(sys.stdout)
        self._coloured = out is None and has_colours(sys.stdout)

    def __call__(self, text: str, colour: str = "", *, is_row: bool = False) -> None:
        """Print `text`; `colour` is the number of an ANSI style. A row of a table is not broken into lines."""
        if self._closed:
            return
        if self.on_terminal and not is_row:
            text = fitted(text, window_width(sys.stdout))
        text = self.styled(text, colour)
        if self._held is None:
            self._write(text)
        else:
            self._held.append(text)

    def hold(self) -> None:
        """Keep what is printed from now on, to print it in one piece."""
        self._held = []

    def release(self) -> None:
        """Print what was kept."""
        held, self._held = self._held, None
        if held:
            self._write("\n".join(held))

    def _write(self, text: str) -> None:
        try:
            (self._out or _write_line)(text)
        except (OSError, ValueError) as exc:  # a closed or full pipe: the run matters more than its table
            self._closed = True
            log.warning("the table goes on unseen, its output is closed: %s", exc)

    def styled(self, text: str, colour: str) -> str:
        """The text in this colour, if there are colours."""
        return f"\x1b[{colour}m{text}\x1b[0m" if colour and self._coloured else text


class _RunTable(RunReceiver):
    """The table of one run: the header at the first descriptor, a row an event, the foot at the end."""

    def __init__(self, start: Document, table: LiveTable, printer: Printer) -> None:
        super().__init__()
        self._start = start
        self._duration = RunDuration(start, time.time, time.monotonic)
        self._table = table
        self._print = printer
        self._layout: TableLayout | None = None
        self._highest: HighestPoint | None = None
        self._lines_left: float = 0  # until the header leaves the screen
        self._points: set[int] = set()
        self._repeated: dict[int, None] = {}
        self._alarms = Alarms()
        self._foreign = ForeignMotions()
        self._marked: dict[str, dict[str, None]] = {}  # by severity, the columns with such an alarm
        self._waiting: deque[tuple[Document, Document]] = deque()  # events that are not printed yet

    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name") != self._table.stream_name or self._layout is not None:
            return
        values, missing = columns_of(self._start, descriptor, self._table.fields, self._table.default_precision)
        columns = [POINT, TIME, *values]
        moved = moved_fields(self._start, descriptor)
        detector = next((n for n, column in enumerate(columns) if column.key and column.key not in moved), 0)
        if detector and moved:
            self._highest = HighestPoint(columns[detector].key)
        self._layout = TableLayout(columns, detector, self._table.min_width)
        self._print(title(self._start), _BOLD)
        if missing:
            self._print(f"(not in stream {self._table.stream_name!r}: {listed(missing)})", _YELLOW)

    def event(self, descriptor: Document, event: Document) -> None:
        self._waiting.append((descriptor, event))
        self._table.rows.add(self)

    def print_rows(self) -> None:
        self._print.hold()
        try:
            while self._waiting:
                self._print_event(*self._waiting.popleft())
        finally:
            self._print.release()

    def _print_event(self, descriptor: Document, event: Document) -> None:
        self._alarms.take(descriptor, event)
        self._foreign.take(descriptor, event)
        layout = self._layout
        if layout is None or descriptor.get("name") != self._table.stream_name:
            return
        point = event["seq_num"]
        is_repeated = point in self._points
        if is_repeated:
            self._repeated[point] = None
        self._points.add(point)
        severities = self._alarms.of(event)
        if (highest := self._highest) is not None:
            highest.take(event, is_valid=not severities or alarm_of(highest.key, severities) != INVALID)
        texts = [column.text(event) for column in layout.columns]
        lines = [texts]
        if self._lines_left <= 0 or not layout.has_room_for(texts):
            self._header(layout, texts)
            lines = layout.broken([column.text(event) for column in layout.columns])
        is_marked = is_repeated or severities
        marks = [self._mark(column, is_repeated, severities) for column in layout.columns] if is_marked else []
        self._row(layout, lines, marks, _YELLOW if is_repeated else "")

    def stop(self, stop: Document) -> None:
        self._table.rows.draw()
        if self._layout is not None and self._points:
            self._show_highest(self._layout)
        points = counted(len(self._points), "point")
        took_s = self._duration.seconds(stop)
        line = last_line(self._start, stop, points, took_s, with_uid=self._table.uid)
        self._print(line, colour_of(stop.get("exit_status", "?")))
        if self._repeated:
            self._print(f"* measured again, the later row counts: {listed(self._repeated)}", _YELLOW)
        for severity, mark in MARKS.items():
            if severity in self._marked:
                self._print(f"{mark} {_MEANINGS[severity]}: {listed(self._marked[severity])}", _COLOURS[mark])
        for words in self._foreign.lines():
            self._print(words, _RED)

    def _mark(self, column: Column, is_repeated: bool, severities: Mapping[str, str]) -> str:
        """What stands behind a cell."""
        if severity := alarm_of(column.key, severities):
            self._marked.setdefault(severity, {})[column.key] = None
            return MARKS[severity]
        return "*" if column is POINT and is_repeated else " "

    def _show_highest(self, layout: TableLayout) -> None:
        """The row where the first detector is highest, once more, below a line that says so."""
        if self._highest is None or (event := self._highest.event) is None:
            self._print(layout.rule(), _DIM, is_row=True)
            return
        self._print(layout.rule(f"max of {self._highest.key}"), _DIM, is_row=True)
        self._row(layout, layout.broken([column.text(event) for column in layout.columns]), [], _BOLD)

    def _header(self, layout: TableLayout, texts: Sequence[str]) -> None:
        """Fit the columns to a row and to the window; print their headings if they have moved or left the screen."""
        if not layout.grow(texts) and self._lines_left > 0:
            return  # a text is longer than the window has room for
        hidden, before = layout.hidden, layout.heading()
        layout.fit(self._table.line_length(self._print))
        if layout.heading() == before and self._lines_left > 0:
            return
        if layout.hidden and layout.hidden != hidden:
            names = listed(column.name for column in layout.hidden)
            self._print(f"(hidden, the terminal is too narrow: {names})", _YELLOW)
        names, *units = layout.heading()
        self._print(names, _BOLD, is_row=True)
        for line in units:
            self._print(line, _DIM, is_row=True)
        self._print(layout.rule(), _DIM, is_row=True)
        height = window_height(sys.stdout) if self._print.on_terminal else None
        self._lines_left = math.inf if height is None else max(height - len(units) - _LINES_KEPT, _FEWEST_ROWS)

    def _row(self, layout: TableLayout, lines: list[list[str]], marks: Sequence[str], colour: str = "") -> None:
        self._lines_left -= len(lines)
        if marks:
            cells = layout.marked(lines.pop(0), marks)
            cells[-1] = cells[-1].rstrip()
            marked = zip(cells, marks, strict=True)
            styled = (self._print.styled(cell, _COLOURS.get(mark, colour)) for cell, mark in marked)
            self._print(" ".join(styled), is_row=True)
        for line in lines:
            self._print(layout.line(line), colour, is_row=True)


def colour_of(exit_status: str) -> str:
    """Green for a run that has succeeded, red for one that has failed, yellow for one that was ended early."""
    return {"success": _GREEN, "fail": _RED}.get(exit_status, _YELLOW)


def _write_line(text: str) -> None:
    """Print in one piece: `print` calls the stream once more for the end of the line."""
    if sys.stdout is not None:
        sys.stdout.write(f"{text}\n")
