"""LiveTable: a run as a table in the terminal, a row a point.

It prints text; views/columns.py decides on the columns and on the text of a value. A closed terminal is never an error
for the engine.
"""

from __future__ import annotations

import logging
import operator
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beamshell.callbacks.subscribed_view import SubscribedView
from beamshell.documents import Document
from beamshell.documents.invalid_values import InvalidValues
from beamshell.documents.router import RunReceiver
from beamshell.text.lists import listed
from beamshell.text.numbers import DEFAULT_PRECISION, counted
from beamshell.text.window import fitted, window_width
from beamshell.views.captions import RunDuration, last_line, title
from beamshell.views.columns import TIME, Column, columns_of
from beamshell.views.fields import positions, siblings

log = logging.getLogger(__name__)

_DIM, _YELLOW, _RED = "2", "33", "31"
_HEADER_EVERY = 50
_NUMBER_WIDTH = 9
_TIME_COLUMN = 1  # after the number of the point
_NARROWEST = 10  # "17:47:28.1", "-1.234e-09"


class LiveTable(SubscribedView):
    """A subscriber that prints each run as a table.

    Args:
        fields: names or devices to show; None shows what the run's hints name. Scanned motors are always shown, with
            their setpoints when fields are given.
        stream_name: the stream whose events are the rows.
        out: called with each text to print; None is the standard output.
        min_width: the least width of a column, in characters.
        default_prec: digits after the point where the control system does not say.
        width: characters a line may have; None is the terminal's width (unlimited when the output is not a terminal).

    Example:
        ``RE(scan([det], th, -1, 1, 21), LiveTable([det]))``
    """

    def __init__(
        self,
        fields: Sequence[Any] | None = None,
        *,
        stream_name: str = "primary",
        out: Callable[[str], Any] | None = None,
        min_width: int = 12,
        default_prec: int = DEFAULT_PRECISION,
        width: int | None = None,
    ) -> None:
        super().__init__(self.open_run, kind="table")
        self.fields = [fields] if isinstance(fields, str) else fields
        self.stream_name = stream_name
        self.min_width = min_width
        self.default_precision = default_prec
        self._out = out
        self._width = width

    def open_run(self, start: Document) -> RunReceiver:
        """The table of one run."""
        return _RunTable(start, self, Printer(self._out))

    def line_length(self, printer: Printer) -> int | None:
        """Characters that a line may have; None if there is no limit."""
        if self._width is not None:
            return self._width or None
        return shutil.get_terminal_size().columns if printer.on_terminal else None


class Printer:
    """Prints lines, in colour on a terminal, and nothing more once the output is closed."""

    def __init__(self, out: Callable[[str], Any] | None = None) -> None:
        self._out = out
        self._closed = False
        self.on_terminal = out is None and _is_terminal(sys.stdout)
        self._coloured = self.on_terminal and not os.environ.get("NO_COLOR")

    def __call__(self, text: str, colour: str = "", *, is_row: bool = False) -> None:
        """Print `text`; `colour` is the number of an ANSI style. A row of a table is not broken into lines."""
        if self._closed:
            return
        if self.on_terminal and not is_row:
            text = fitted(text, window_width(sys.stdout))
        styled = f"\x1b[{colour}m{text}\x1b[0m" if colour and self._coloured else text
        try:
            (self._out or print)(styled)
        except (OSError, ValueError) as exc:  # a closed or full pipe: the run matters more than its table
            self._closed = True
            log.warning("the table goes on unseen, its output is closed: %s", exc)


class _RunTable(RunReceiver):
    """The table of one run: the header at the first descriptor, a row an event, the foot at the end."""

    def __init__(self, start: Document, table: LiveTable, printer: Printer) -> None:
        super().__init__()
        self._start = start
        self._duration = RunDuration(start, time.time, time.monotonic)
        self._table = table
        self._print = printer
        self._columns: list[Column] = []
        self._widths: list[int] = []
        self._row = ""  # a format string that fits the widths
        self._seq_nums: set[int] = set()
        self._repeated: list[int] = []
        self._invalid = InvalidValues()
        self._marked: dict[str, None] = {}  # the columns with a value that is not to be trusted
        self._rows = 0

    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name") != self._table.stream_name or self._columns:
            return
        values, missing = columns_of(self._start, descriptor, self._table.fields, self._table.default_precision)
        columns = [Column("seq_num", self._seq_num), TIME, *values]
        scanned = {key for scanned in positions(self._start, descriptor) for key in siblings(descriptor, scanned)}
        detector = next((n for n, column in enumerate(columns) if column.key and column.key not in scanned), 0)
        fitting = self._fitting(columns, detector)
        if len(fitting) < len(columns) - 1:  # not the time alone is hidden: do without units first
            columns = [column.without_unit for column in columns]
            fitting = self._fitting(columns, detector)
        self._columns = [columns[number] for number in fitting]
        hidden = [column for number, column in enumerate(columns) if number not in fitting]
        self._print(f"\n{title(self._start)}")
        if missing:
            self._print(f"(not in stream {self._table.stream_name!r}: {listed(missing)})", _YELLOW)
        if hidden:
            self._print(f"(hidden, the terminal is too narrow: {listed(c.heading for c in hidden)})", _YELLOW)
        self._set_widths(list(fitting.values()))

    def _fitting(self, columns: list[Column], detector: int) -> dict[int, int]:
        headings = [column.heading for column in columns]
        widths = [_NUMBER_WIDTH, *(max(self._table.min_width, len(heading)) for heading in headings[1:])]
        return fit(headings, widths, self._table.line_length(self._print), detector)

    def event(self, descriptor: Document, event: Document) -> None:
        self._invalid.take(descriptor, event)
        if descriptor.get("name") != self._table.stream_name:
            return
        again = event["seq_num"] in self._seq_nums
        if again:
            self._repeated.append(event["seq_num"])
        self._seq_nums.add(event["seq_num"])
        if self._rows and self._rows % _HEADER_EVERY == 0:
            self._header()
        self._rows += 1
        texts = [column.text(event) for column in self._columns]
        if invalid := self._invalid.keys(event):
            texts = [
                self._marked_text(column, text, invalid) for column, text in zip(self._columns, texts, strict=True)
            ]
        if any(map(operator.gt, map(len, texts), self._widths)):
            self._set_widths(list(map(max, self._widths, map(len, texts))))
        self._print(self._row.format(*texts), _YELLOW if again else "", is_row=True)

    def stop(self, stop: Document) -> None:
        if self._columns:
            self._rule()
        failed = stop.get("exit_status", "?") != "success"
        points = counted(len(self._seq_nums), "point")
        self._print(last_line(self._start, stop, points, self._duration.seconds(stop)), _RED if failed else "")
        if self._repeated:
            self._print(f"* measured again, the later row counts: {listed(dict.fromkeys(self._repeated))}")
        if self._marked:
            self._print(f"! INVALID alarm or never processed, not to be trusted: {listed(self._marked)}", _RED)

    def _marked_text(self, column: Column, text: str, invalid: frozenset[str]) -> str:
        if column.key not in invalid:
            return text
        self._marked[column.key] = None
        return f"{text}!"

    def _seq_num(self, event: Document) -> str:
        seq_num = event["seq_num"]
        return f"{seq_num}*" if seq_num in self._repeated else str(seq_num)

    def _set_widths(self, widths: list[int]) -> None:
        self._widths = widths
        self._row = "|" + "|".join(f" {{:>{width}}} " for width in widths) + "|"
        self._header()

    def _header(self) -> None:
        self._rule()
        self._print(self._row.format(*(column.heading for column in self._columns)), is_row=True)
        self._rule()

    def _rule(self) -> None:
        self._print("+" + "+".join("-" * (width + 2) for width in self._widths) + "+", _DIM, is_row=True)


def fit(headings: Sequence[str], widths: Sequence[int], line_length: int | None, detector: int) -> dict[int, int]:
    """The columns that fit on a line: by their number, their widths.

    The time is hidden first. Then columns are made as narrow as their heading and a number allow. Then detectors are
    hidden, the last one first, and at last motors, the slowest first; one detector is always kept.

    Args:
        headings: of all columns: the number of the point, the time, motors, detectors.
        widths: of all columns, in characters.
        line_length: characters that a line may have; None if there is no limit.
        detector: the number of the first detector's column; 0 if there is none.
    """
    fitting = dict(enumerate(widths))
    if line_length is None or _line_length(fitting) <= line_length or len(fitting) <= 2:
        return fitting
    del fitting[_TIME_COLUMN]
    if _line_length(fitting) <= line_length:
        return fitting
    fitting = {number: max(len(headings[number]), min(width, _NARROWEST)) for number, width in fitting.items()}
    first, last = _TIME_COLUMN + 1, len(widths) - 1
    for number in (*range(last, detector or first, -1), *range(first, detector)):
        if _line_length(fitting) <= line_length:
            break
        del fitting[number]
    return fitting


def _line_length(widths: Mapping[int, int]) -> int:
    return 1 + sum(width + 3 for width in widths.values())


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # replaced or closed
        return False
