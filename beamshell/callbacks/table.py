"""LiveTable: a run as a table in the terminal, a row a point.

It prints finished text and nothing else: which columns there are is said in fields.py, how a value reads in formats.py.
It never draws, asks a device, or lets a closed terminal reach the engine.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

from beamshell.callbacks.cells import cell
from beamshell.callbacks.fields import Document, detectors, field, positions, resolve, siblings, title
from beamshell.callbacks.per_run import PerRun, View
from beamshell.text.durations import duration, time_of_day
from beamshell.text.numbers import DEFAULT_PRECISION

log = logging.getLogger(__name__)

Formatter = Callable[[Document], str]

_DIM, _YELLOW, _RED = "2", "33", "31"
_HEADER_EVERY = 50
_NARROWEST = 10  # "17:47:28.1", "-1.234e-09"


class LiveTable(PerRun):
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
        super().__init__(self.view, kind="table")
        self._fields = None if fields is None else ([fields] if isinstance(fields, str) else list(fields))
        self._stream_name = stream_name
        self._out = out
        self._min_width = min_width
        self._default_prec = default_prec
        self._width = width

    def view(self, start: Document) -> View:
        """The table of one run."""
        return _RunTable(
            start,
            Printer(self._out),
            fields=self._fields,
            stream_name=self._stream_name,
            min_width=self._min_width,
            default_prec=self._default_prec,
            width=self._width,
        )


class Printer:
    """Prints lines, with colour where it is welcome, and goes quiet when nobody can read them any more."""

    def __init__(self, out: Callable[[str], Any] | None = None) -> None:
        self._out = out
        self._closed = False
        self.on_terminal = out is None and _is_terminal(sys.stdout)
        self._coloured = self.on_terminal and not os.environ.get("NO_COLOR")

    def __call__(self, text: str, colour: str = "") -> None:
        """Print `text`; `colour` is the number of an ANSI style."""
        if self._closed:
            return
        styled = f"\x1b[{colour}m{text}\x1b[0m" if colour and self._coloured else text
        try:
            (self._out or print)(styled)
        except (OSError, ValueError) as exc:  # a closed or full pipe: the run matters more than its table
            self._closed = True
            log.warning("the table goes on unseen, its output is closed: %s", exc)


class Column:
    """One column: a heading, how to read a cell from an event, and the width it has grown to."""

    def __init__(self, heading: str, text: Formatter, min_width: int) -> None:
        self.heading = heading
        self.text = text
        self.width = max(min_width, len(heading))

    def squeeze(self) -> None:
        """Give up the width that neither the heading nor a number needs."""
        self.width = max(len(self.heading), min(self.width, _NARROWEST))


class _RunTable(View):
    """The table of one run: the header at the first descriptor, a row an event, the foot at the end."""

    def __init__(
        self,
        start: Document,
        printer: Printer,
        *,
        fields: list[Any] | None,
        stream_name: str,
        min_width: int,
        default_prec: int,
        width: int | None,
    ) -> None:
        self._start = start
        self._print = printer
        self._fields = fields
        self._stream_name = stream_name
        self._min_width = min_width
        self._default_prec = default_prec
        self._width = width
        self._columns: list[Column] = []
        self._seen: set[int] = set()
        self._repeated: list[int] = []
        self._rows = 0

    def descriptor(self, descriptor: Document) -> None:
        if descriptor.get("name") != self._stream_name or self._columns:
            return
        keys, missing = self._keys(descriptor)
        columns = [self._column(descriptor, key) for key in keys]
        fixed = [
            Column("seq_num", self._seq_num, 9),
            Column("time", lambda event: time_of_day(event.get("time")), self._min_width),
        ]
        self._columns, hidden = fit(fixed, columns, self._line_length())
        self._print(f"\n{title(self._start)}")
        if missing:
            self._print(f"(not in stream {self._stream_name!r}: {', '.join(missing)})", _YELLOW)
        if hidden:
            self._print(f"(hidden, the terminal is too narrow: {', '.join(hidden)})", _YELLOW)
        self._header()

    def event(self, descriptor: Document, event: Document) -> None:
        if descriptor.get("name") != self._stream_name:
            return
        again = event["seq_num"] in self._seen
        if again:
            self._repeated.append(event["seq_num"])
        self._seen.add(event["seq_num"])
        if self._rows and self._rows % _HEADER_EVERY == 0:
            self._header()
        self._rows += 1
        texts = [column.text(event) for column in self._columns]
        self._grow(texts)
        self._print(self._line(texts), _YELLOW if again else "")

    def stop(self, stop: Document) -> None:
        if self._columns:
            self._rule()
        status = stop.get("exit_status", "?")
        self._print(foot(self._start, stop, points_in_words(len(self._seen))), _RED if status != "success" else "")
        if self._repeated:
            points = ", ".join(map(str, dict.fromkeys(self._repeated)))
            self._print(f"* measured again, the later row counts: {points}")

    def _keys(self, descriptor: Document) -> tuple[list[str], list[str]]:
        moving = positions(self._start, descriptor)
        if self._fields is None:
            return list(dict.fromkeys([*moving, *detectors(self._start, descriptor)])), []
        asked, missing = resolve(descriptor, self._fields)
        for_motors = [
            key
            for position in moving
            if not set(siblings(descriptor, position)) & set(asked)
            for key in [position, *siblings(descriptor, position)]
        ]
        return list(dict.fromkeys([*for_motors, *asked])), missing

    def _column(self, descriptor: Document, key: str) -> Column:
        moving = {k for p in positions(self._start, descriptor) for k in siblings(descriptor, p)}
        about = field(descriptor, key, of_motor=key in moving)

        def text(event: Document) -> str:
            data = event.get("data") or {}
            return cell(data[key], about, self._default_prec) if key in data else "-"

        return Column(about.label, text, self._min_width)

    def _seq_num(self, event: Document) -> str:
        seq_num = event["seq_num"]
        return f"{seq_num}*" if seq_num in self._repeated else str(seq_num)

    def _line_length(self) -> int | None:
        if self._width is not None:
            return self._width or None
        return shutil.get_terminal_size().columns if self._print.on_terminal else None

    def _grow(self, texts: list[str]) -> None:
        wider = [
            (column, len(text)) for column, text in zip(self._columns, texts, strict=True) if len(text) > column.width
        ]
        for column, width in wider:
            column.width = width
        if wider:
            self._header()

    def _header(self) -> None:
        self._rule()
        self._print(self._line([column.heading for column in self._columns]))
        self._rule()

    def _rule(self) -> None:
        self._print("+" + "+".join("-" * (column.width + 2) for column in self._columns) + "+", _DIM)

    def _line(self, texts: list[str]) -> str:
        cells = (f" {text:>{column.width}} " for column, text in zip(self._columns, texts, strict=True))
        return "|" + "|".join(cells) + "|"


def fit(fixed: list[Column], columns: list[Column], line_length: int | None) -> tuple[list[Column], list[str]]:
    """The columns that fit on a line, and the headings of those that do not.

    Columns are first made narrower; then the last ones are left out, but never all.
    """
    shown = [*fixed, *columns]
    if line_length is None or _length(shown) <= line_length:
        return shown, []
    for column in shown:
        column.squeeze()
    hidden: list[str] = []
    while _length(shown) > line_length and len(shown) > len(fixed) + 1:
        hidden.insert(0, shown.pop().heading)
    return shown, hidden


def foot(start: Document, stop: Document, counted: str) -> str:
    """The last line of a run: ``generator scan ['81631d0a'] (scan num: 1) success, 5 points in 2.1 s``."""
    plan = f"{start.get('plan_type', 'generator')} {start.get('plan_name', 'run')}"
    span = duration(float(stop.get("time", 0)) - float(start.get("time", 0)))
    reason = f" ({stop['reason']})" if stop.get("reason") else ""
    return (
        f"{plan} ['{str(start['uid'])[:8]}'] (scan num: {start.get('scan_id', '?')}) "
        f"{stop.get('exit_status', '?')}, {counted} in {span}{reason}"
    )


def points_in_words(number: int) -> str:
    """So many points, in words: ``1 point``, ``5 points``."""
    return f"{number} point{'' if number == 1 else 's'}"


def _length(columns: list[Column]) -> int:
    return 1 + sum(column.width + 3 for column in columns)


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # replaced or closed
        return False
