"""The lines of a table: which columns fit a window and how wide each is, its heading, its rules and its rows.

Pure: texts in, cells of lines out. It never prints, and knows no colours.
"""

from __future__ import annotations

import operator
import textwrap
from collections.abc import Collection, Iterable, Sequence

from beamshell.views.columns import TIME, Column

_USUAL_WIDTH = 10  # "17:47:28.1", "-1.234e-09"
_NARROWEST = 7  # "-12.345"
_TEXT_WIDTH, _NARROWEST_TEXT = 20, 12
_FIRST_WIDTH = 4
"""The width of the first column, with the number of the point."""


class TableLayout:
    """The columns of one table, as far as they fit the window, and their widths, which grow with the cells.

    On a narrow window long texts are broken into lines, and the time is hidden. Then columns are made as narrow as
    their headings and cells allow. Then detectors are hidden, the last one first, and at last motors, the slowest
    first; one detector is always kept.

    Args:
        columns: the number of the point, the time, motors, detectors.
        detector: the number of the first detector's column; 0 if there is none.
        min_width: the least width of a column where there is room, in characters.

    Attributes:
        columns: those that are shown.
        hidden: those for which there is no room.
    """

    def __init__(self, columns: Sequence[Column], detector: int, min_width: int = _USUAL_WIDTH) -> None:
        self._all = columns
        self._detector = detector
        self._headings = [max(len(column.name), len(column.unit)) for column in columns]
        self._usual = [_FIRST_WIDTH, *[min_width] * (len(columns) - 1)]
        self._longest = [0] * len(columns)  # cell of each column
        self.columns = list(columns)
        self.hidden: list[Column] = []
        self._widths: list[int] = []
        self._format = ""  # a format string of a line
        self.fit(None)

    def fit(self, line_length: int | None) -> None:
        """Choose the columns and their widths anew.

        Args:
            line_length: characters that a line may have; None if there is no limit.
        """
        numbers = range(len(self._all))
        widths = self._widths_of(numbers) if line_length is None else self._narrowed(line_length)
        self.columns = [self._all[number] for number in widths]
        self.hidden = [column for number, column in enumerate(self._all) if number not in widths]
        self._widths = list(widths.values())
        self._format = "  ".join(
            f"{{:{'<' if column.is_text else '>'}{width}}}"
            for column, width in zip(self.columns, self._widths, strict=True)
        )

    def _narrowed(self, line_length: int) -> dict[int, int]:
        """The widths of the columns that fit a line, by their numbers."""
        first, last = 1, len(self._all) - 1
        widths = self._widths_of(range(last + 1))

        def is_too_long() -> bool:
            return _line_length(widths.values()) > line_length and len(widths) > 2

        if is_too_long():
            widths = self._widths_of(widths, text=_TEXT_WIDTH)
        if is_too_long() and self._all[first] is TIME:
            del widths[first]
            first += 1
        if is_too_long():
            widths = self._widths_of(widths, least=_NARROWEST, text=_NARROWEST_TEXT)
        for number in (*range(last, self._detector or first, -1), *range(first, self._detector)):
            if not is_too_long():
                break
            del widths[number]
        for number in widths:  # what is left over belongs to the texts
            if self._all[number].is_text:
                left = line_length - _line_length(widths.values())
                widths[number] += max(min(self._longest[number] - widths[number], left), 0)
        return widths

    def _widths_of(self, numbers: Iterable[int], least: int | None = None, text: int | None = None) -> dict[int, int]:
        """The widths of the columns with these numbers.

        Args:
            numbers: of columns.
            least: the least width of a column; None for the usual one.
            text: characters of a text on one line; None for all.
        """
        widths = {}
        for number in numbers:
            usual, longest = self._usual[number], self._longest[number]
            if text is not None and self._all[number].is_text:
                longest = min(longest, text)
            widths[number] = max(self._headings[number], longest, usual if least is None else min(usual, least))
        return widths

    def has_room_for(self, texts: Sequence[str]) -> bool:
        """Whether each cell of a row is no longer than its column.

        Args:
            texts: a cell for each column that is shown.
        """
        return not any(map(operator.gt, map(len, texts), self._widths))

    def grow(self, texts: Sequence[str]) -> bool:
        """Note the cells of a row without room; True if the columns are to be fitted again."""
        has_grown = False
        for column, text in zip(self.columns, texts, strict=True):
            number = self._all.index(column)
            if len(text) > self._longest[number]:
                self._longest[number] = len(text)
                has_grown = True
        return has_grown

    # ---- lines -------------------------------------------------------------------------------

    def heading(self) -> list[str]:
        """The names of the columns, and below them their units if there are any."""
        rows = [[column.name for column in self.columns], [column.unit for column in self.columns]]
        return [self.line(row) for row in rows if any(row)]

    def rule(self, text: str = "") -> str:
        """A line as long as the table, with a text in it if there is room."""
        length = _line_length(self._widths)
        begin = f"-- {text} " if text and len(text) + 6 <= length else ""
        return begin + "-" * (length - len(begin))

    def line(self, texts: Sequence[str]) -> str:
        """The cells of a line, one for each column that is shown, each filled up to the width of its column."""
        return self._format.format(*texts).rstrip()

    def marked(self, texts: Sequence[str], marks: Sequence[str]) -> list[str]:
        """The cells of a line, likewise, each with its mark, a character or a blank; a blank stands between two."""
        return [
            f"{text:{'<' if column.is_text else '>'}{width}}{mark}"
            for column, width, text, mark in zip(self.columns, self._widths, texts, marks, strict=True)
        ]

    def broken(self, texts: Sequence[str]) -> list[list[str]]:
        """The cells of a row as those of several lines, if a text is longer than its column; no word is broken."""
        columns = [
            textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) if len(text) > width else [text]
            for text, width in zip(texts, self._widths, strict=True)
        ]
        height = max(map(len, columns))
        return [[(cells[n : n + 1] or [""])[0] for cells in columns] for n in range(height)]


def _line_length(widths: Collection[int]) -> int:
    """Characters of a line; each column has room for a mark, and a blank before the next."""
    return sum(widths) + 2 * len(widths) - 1
