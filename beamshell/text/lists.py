"""Lists of names as text ("a, b, c"), and rows of cells as aligned columns.

Pure: it never prints, and knows no terminal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


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


def aligned(rows: Sequence[Sequence[str]], left_aligned: Collection[int] = ()) -> list[str]:
    """A line of text for each row, the cells of a column one below the other.

    Args:
        rows: cells, each row as long as the others.
        left_aligned: the numbers of the columns that begin at the left, from 0; all others end at the right.

    Example:
        >>> aligned([["1", "th"], ["12", "samx"]], left_aligned=[1])
        [' 1  th', '12  samx']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number in left_aligned else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
