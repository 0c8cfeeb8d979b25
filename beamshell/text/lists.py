"""Lists of names as text ("a, b, c"), rows of cells as aligned columns, and values in one line.

Pure: it never prints, and knows no terminal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

LEAST_TEXT = 20
"""The least width of a column of text that is broken to fit, in characters."""


def listed(names: Iterable[object], most: int | None = None) -> str:
    """The names with commas between them: "a, b, c"; after `most` of them "...".

    Example:
        >>> listed(["a", "b", "c"]), listed("abcd", most=2)
        ('a, b, c', 'a, b, ...')
    """
    texts = [str(name) for name in names]
    if most is not None and len(texts) > most:
        texts = [*texts[:most], "..."]
    return ", ".join(texts)


def in_one_line(value: object, most: int = 200) -> str:
    r"""A value as text for a line of a terminal: nothing in it moves the cursor, and it is not longer than `most`.

    Example:
        >>> in_one_line("two\nlines"), in_one_line("a" * 30, most=10)
        ('two\\nlines', 'aaaaaa ...')
    """
    try:
        text = str(value)
    except Exception:  # noqa: BLE001  a number of thousands of digits, or a class of somebody else
        text = object.__repr__(value)
    if len(text) > most:
        text = f"{text[: most - 4]} ..."
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def aligned(
    rows: Sequence[Sequence[str]],
    left_aligned: Collection[int] = (),
    *,
    width: int | None = None,
    hide_first: Sequence[Sequence[int]] = (),
) -> list[str]:
    """A line of text for each row, the cells of a column one below the other.

    Args:
        rows: cells, each row as long as the others; where columns may be hidden, the first row are their headings.
        left_aligned: the numbers of the columns that begin at the left, from 0; all others end at the right.
        width: characters that a line may have; None for any number. A last column of text may be longer.
        hide_first: the numbers of the columns that are hidden where the lines are longer, in this order; a line above
            names them.

    Example:
        >>> aligned([["1", "th"], ["12", "samx"]], left_aligned=[1])
        [' 1  th', '12  samx']
        >>> aligned([["n", "time", "name"], ["1", "12:00", "th"]], width=10, hide_first=[[1]])
        ['(hidden, the terminal is too narrow: time)', 'n  name', '1    th']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    least = [*widths[:last], min(widths[last], LEAST_TEXT) if last in left_aligned else widths[last]]
    columns = list(range(len(widths)))
    hidden: list[int] = []
    for numbers in hide_first:
        if width is None or sum(least[column] + 2 for column in columns) - 2 <= width:
            break
        hidden += numbers
        columns = [column for column in columns if column not in hidden]
    above = [f"(hidden, the terminal is too narrow: {listed(rows[0][number] for number in hidden)})"] if hidden else []
    cells_of_rows = (
        [row[n].ljust(widths[n]) if n in left_aligned else row[n].rjust(widths[n]) for n in columns] for row in rows
    )
    return above + ["  ".join(cells).rstrip() for cells in cells_of_rows]
