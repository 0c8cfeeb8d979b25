"""The window in which a person reads, its size and its colours, and text and tables that are made to fit it.

It never prints. A file or a pipe has no width, and nothing is broken there.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Collection, Sequence
from typing import Any

from beamshell.text.lists import LEAST_TEXT, aligned

_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
"""Two blanks or more stand between two columns."""
_WITH_UNIT = re.compile(r"(?<=[0-9)]) (?=[^\W\d_])")
"""The blank between a number and its unit, or what is counted: the two stay on one line."""


def is_terminal(stream: Any) -> bool:
    """Whether the stream is a terminal; one that was replaced or closed is none."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def window_width(stream: Any) -> int | None:
    """Characters that a line may have; None if the stream is no terminal, or its width is not known."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream.isatty() else None
    except (AttributeError, OSError, ValueError):  # replaced, or closed
        return None


def window_height(stream: Any) -> int | None:
    """Lines that the window shows; None likewise."""
    try:
        return (os.get_terminal_size(stream.fileno()).lines or None) if stream.isatty() else None
    except (AttributeError, OSError, ValueError):
        return None


def has_colours(stream: Any) -> bool:
    """Whether colours are wanted: the stream is a terminal that knows them, and NO_COLOR is not set."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def can_show(text: str, encoding: str) -> bool:
    """Whether a terminal of this encoding can show the text."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def fitted(text: str, width: int | None) -> str:
    """The text with its long lines broken between words.

    A line goes on below the start of its last column; where that leaves too little room, the last column begins on a
    line of its own. A word that is longer than a line, such as a path, stays whole, so that it can be copied.

    Args:
        text: of one line or several; two blanks or more separate columns.
        width: characters that a line may have; None for any number.

    Example:
        >>> print(fitted("mov th 1.5  Move motors to positions, all together.", 40))
        mov th 1.5  Move motors to positions,
                    all together.
        >>> print(fitted("th: 95 deg is above the high limit 90 deg", 24))
        th: 95 deg is above the
          high limit 90 deg
    """
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _broken(line, width))


def _broken(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = len(line) - len(line.lstrip())
    gaps = list(_GAP.finditer(line))
    start = gaps[-1].end() if gaps else indent + 2
    below = " " * (indent + 4)
    head, last_column = line[: start - len(gaps[-1][0]) if gaps else start], line[start:]
    longest_word = min(max(map(len, last_column.split()), default=0), width - len(below))
    if not gaps or width - start >= max(LEAST_TEXT, longest_word):
        return _filled(line, width, " " * start)
    return [*_broken(head, width), *_filled(below + last_column, width, below)]


def _filled(line: str, width: int, indent: str) -> list[str]:
    kept = _WITH_UNIT.sub("\0", line)  # for textwrap, a letter
    lines = textwrap.wrap(kept, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def reflowed(text: str, width: int | None) -> str:
    """Prose that fits a window: the lines of a paragraph, which its author has broken, are joined first."""
    if width is None:
        return text
    return "\n\n".join(_paragraph(block, width) for block in text.split("\n\n"))


def _paragraph(text: str, width: int) -> str:
    has_own_lines = not text or re.search(r"^\s", text, re.MULTILINE)  # an example, a list
    return fitted(text, width) if has_own_lines else "\n".join(_filled(" ".join(text.split("\n")), width, ""))


def table_in_window(
    rows: Sequence[Sequence[str]], left_aligned: Collection[int] = (), hide_first: Sequence[Sequence[int]] = ()
) -> str:
    """Rows of cells as a table that fits the window of the standard output.

    Args:
        rows: cells; the first row are the headings.
        left_aligned: the numbers of the columns that begin at the left, from 0.
        hide_first: the numbers of the columns that are hidden in a narrow window, in this order; those that make no
            sense alone together.
    """
    width = window_width(sys.stdout)
    return fitted("\n".join(aligned(rows, left_aligned, width=width, hide_first=hide_first)), width)
