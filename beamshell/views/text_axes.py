"""Axes of plots made of characters: round numbers along them, and the frame around the drawing.

Pure: numbers in, lines of text out. It knows no run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from beamshell.arrays import Floats, np
from beamshell.text.numbers import fixed, in_full
from beamshell.views.scales import Span

NARROWEST = 20
"""The least number of characters in a line of a plot."""
_ROUNDING = 1e-9
_ROUND_STEPS = (1.0, 2.0, 5.0, 10.0)
_SMALLEST_PLAIN, _LARGEST_PLAIN, _MOST_PLACES = 1e-4, 1e6, 5
_SAME = 0.02
"""The part of a step by which a written number may differ from its value."""
_MIDDLE = 0.55
"""Of a cell: a little higher than half, so that of two middle lines all cells have the upper one."""
_DOTS = 4  # of a character, upwards: a tick stands where a curve of this value does


class Tick(NamedTuple):
    """A number on an axis, or the word of a mark."""

    share: float
    """Where it is, from 0 at the lower end of the axis to 1 at the upper one."""
    text: str


def ticks(span: Span, most: int) -> list[Tick]:
    """Round numbers inside of a span, the lowest first; its ends where no float is round.

    Args:
        span: of the axis.
        most: how many there is room for, at least 2.
    """
    values, step = _round_values(span, max(2, most))
    shares = span.shares(np.array(values)).tolist()
    places = map(Tick, shares, written(values, step))
    return [tick for tick in places if -_ROUNDING <= tick.share <= 1 + _ROUNDING]


def side_by_side(ticks_for: Callable[[int], list[Tick]], columns: int) -> list[Tick]:
    """As many numbers as can stand side by side in so many characters.

    Args:
        ticks_for: makes the numbers, at most so many.
        columns: characters of the axis.
    """
    most = max(2, columns // 4)
    while sum(len(tick.text) + 3 for tick in ticks_for(most)) > columns and most > 2:
        most -= 1
    return ticks_for(most)


def ticks_of_cells(centres: Floats, most: int) -> list[Tick]:
    """The positions of cells of equal size that fill an axis; of many every second, third ...

    Args:
        centres: shape (n,), rising, n at least 1.
        most: how many there is room for, at least 1.
    """
    number = len(centres)
    cells = range(0, number, -(-number // max(1, most)))
    step = float(np.diff(centres).min()) if number > 1 else 0.0
    texts = written([float(centres[cell]) for cell in cells], step)
    return [Tick((cell + _MIDDLE) / number, text) for cell, text in zip(cells, texts, strict=True)]


def _round_values(span: Span, most: int) -> tuple[list[float], float]:
    """Round values, and the step between them; a step of 0 has none."""
    low, high = span.low, span.high
    if span.scale == "log" and high / low >= 100:
        return _decades(low, high, most), 0.0
    if span.scale == "symlog":
        sizes = _decades(span.linear_below, high, (most - 1) // 2)
        return [*(-size for size in reversed(sizes)), 0.0, *sizes], 0.0
    at_least = high / most - low / most
    for finer in (1.0, 2.0, 5.0, 10.0):
        power = 10.0 ** math.floor(math.log10(at_least / finer)) if at_least / finer > 0 else 0.0
        if not 0 < power < math.inf:
            break
        step = next((step * power for step in _ROUND_STEPS if step * power >= at_least / finer), 10 * power)
        first, last = math.ceil(low / step - _ROUNDING), math.floor(high / step + _ROUNDING)
        if math.isfinite(step) and 0 < last - first <= 2 * most:
            return [number * step for number in range(first, last + 1)], step
    return [low, high], 0.0


def _decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, from the first at or above `low`."""
    first, last = math.ceil(math.log10(low) - _ROUNDING), math.floor(math.log10(high) + _ROUNDING)
    every = -(-(last - first + 1) // max(1, most)) or 1
    return [float(f"1e{exponent}") for exponent in range(first, last + 1, every)]


def written(values: Sequence[float], step: float) -> list[str]:
    """The values with as many digits as tell neighbours apart.

    Args:
        values: of one axis.
        step: the distance of neighbours; 0 if each value stands for itself.

    Example:
        >>> written([0.0, 0.5, 1.0], 0.5), written([8979.1, 8979.2], 0.1), written([0, 2e6], 2e6), written([1e-7], 0)
        (['0.0', '0.5', '1.0'], ['8979.1', '8979.2'], ['0', '2e6'], ['1e-7'])
    """
    largest = max(map(abs, values), default=0.0)
    if not step:
        return [_plain_or_power(value) for value in values]
    if largest < _LARGEST_PLAIN:
        for digits in range(_MOST_PLACES + 1):
            if all(abs(round(value, digits) - value) <= _SAME * step for value in values):
                return [fixed(value, digits) for value in values]
    digits = min(max(math.floor(math.log10(largest)) - math.floor(math.log10(step)), 0), 15)
    return [_power(value, digits) for value in values]


def _plain_or_power(value: float) -> str:
    is_plain = value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN
    return in_full(float(f"{value:.4g}")) if is_plain else _power(value, 1)


def _power(value: float, digits: int) -> str:
    """A number as "2e6" or "1.5e-7"."""
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


# ---- the frame -----------------------------------------------------------------------------------


def gutter(*axes: Iterable[Tick], columns: int) -> int:
    """The characters to the left of a drawing: the widest number, and a line; at most a third of all."""
    widest = max((len(tick.text) for axis in axes for tick in axis), default=0)
    return min(widest, columns // 3 - 2) + 2


def beside(body: Sequence[str], numbers: Iterable[Tick], left: int) -> list[str]:
    """The lines of a drawing with the upright axis to the left.

    Args:
        body: the lines, the top first.
        numbers: on the axis.
        left: width of the gutter.
    """
    texts: dict[int, str] = {}
    for tick in numbers:
        texts.setdefault(_row(tick.share, len(body)), tick.text)
    return [
        (f"{cut(texts[row], left - 2):>{left - 2}} ┤{line}" if row in texts else f"{'│':>{left}}{line}").rstrip()
        for row, line in enumerate(body)
    ]


def _row(share: float, rows: int) -> int:
    return int((1 - min(max(share, 0.0), 1.0)) * (_DOTS * rows - 1) + 0.5) // _DOTS


def below(numbers: Iterable[Tick], marks: Iterable[Tick], label: str, left: int, width: int) -> list[str]:
    """The level axis: its line, the numbers, and what it is.

    Args:
        numbers: on the axis.
        marks: places with a word, which stand in the line: `▲cen`.
        label: what the axis is, with its unit.
        left: width of the gutter.
        width: of the drawing.
    """
    line, texts = ["─"] * width, [" "] * (left + width)
    free_from = 0
    for tick in numbers:
        column = _column(tick.share, width)
        start = min(max(left + column - len(tick.text) // 2, 0), max(left + width - len(tick.text), 0))
        line[column] = "┬"
        if start >= free_from and start + len(tick.text) <= left + width:
            texts[start : start + len(tick.text)] = tick.text
            free_from = start + len(tick.text) + 1
    named = [(_column(mark.share, width), mark.text) for mark in marks if 0 <= mark.share <= 1]
    for column, _ in named:
        line[column] = "▲"
    for column, word in named:
        for start in (column + 1, column - len(word)):
            if start >= 0 and set(line[start : start + len(word) + 1]) <= {"─", "┬"} and start + len(word) <= width:
                line[start : start + len(word)] = word
                break
    return [f"{'└':>{left}}{''.join(line)}", "".join(texts).rstrip(), f"{cut(label, left + width):>{left + width}}"]


def heading(label: str, mark: Tick | None, left: int, width: int) -> str:
    """The line above a drawing: what is drawn, and a mark above its place: `det [counts]     ▼max`.

    Args:
        label: what is drawn; it stands at the side that is farther from the mark.
        mark: a place and a word.
        left: width of the gutter.
        width: of the drawing.
    """
    total = left + width
    if mark is None or not 0 <= mark.share <= 1:
        return cut(label, total)
    column = left + _column(mark.share, width)
    word = f"▼{mark.text}" if column + 1 + len(mark.text) <= total else f"{mark.text}▼"
    start = column if word.startswith("▼") else column - len(mark.text)
    before, after = start - 1, total - start - len(word) - 1
    if len(label) <= before or before >= after:
        return f"{cut(label, before):<{start}}{word}"
    return f"{'':<{start}}{word} {cut(label, after):>{after}}"


def _column(share: float, width: int) -> int:
    return int(min(max(share, 0.0), 1.0) * (2 * width - 1) + 0.5) // 2


def cut(text: str, width: int) -> str:
    """The text, cut at its end where it is longer than `width`."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[:width]
