"""Plots made of characters: curves and points in braille, grids and scattered points in shades, with axes and marks.

Pure: the points of a run in, lines of text out. It knows no terminal; no points make it raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from beamshell.arrays import Floats, np
from beamshell.text.lists import listed
from beamshell.text.numbers import counted
from beamshell.views.braille import DOTS_ACROSS, DOTS_DOWN, braille, dots_of
from beamshell.views.curves import Curves, thinned
from beamshell.views.fields import Field
from beamshell.views.grid import Grid
from beamshell.views.marks import Mark
from beamshell.views.pictures import shaded
from beamshell.views.scales import Scale, Span, horizontal_span, span_of
from beamshell.views.scatter import Scatter
from beamshell.views.text_axes import (
    NARROWEST,
    Tick,
    below,
    beside,
    cut,
    gutter,
    heading,
    side_by_side,
    ticks,
    ticks_of_cells,
    written,
)

_LINES_BELOW = 3
_LEAST_ROWS = 4
"""Lines of the drawing of one detector; where there are fewer, the last detectors are left out."""
_LINES_A_TICK, _LINES_A_DECADE = 3, 2
_NO_IMAGE = "no image: the points do not fit the grid"


def curves_in_text(
    curves: Curves,
    columns: int,
    rows: int,
    *,
    scale: Scale = "linear",
    joined: bool = True,
    marks: Sequence[Mark] = (),
) -> list[str]:
    """The detectors one above the other, over one horizontal axis.

    Args:
        curves: the points.
        columns: the widest a line may be; 20 where there are fewer.
        rows: the number of lines; some more where the detectors need them.
        scale: of the values.
        joined: whether lines join the points.
        marks: the highest point stands above a curve, other places below it; where there is a fitted curve, it is a
            line, the points are not joined, and what it is stands above, the newest first.
    """
    xs, *values = curves.points()
    if not xs.size:
        return ["no points"]
    columns = max(columns, NARROWEST)
    number = min(max(1, (rows - _LINES_BELOW) // (_LEAST_ROWS + 1)), len(curves.ys))
    height = max(_LEAST_ROWS, (rows - _LINES_BELOW) // number - 1)
    across = horizontal_span(xs, curves.limits)
    panels = [_Panel(y, ys, height, scale) for y, ys in zip(curves.ys[:number], values, strict=False)]
    left = gutter(*(panel.ticks for panel in panels), columns=columns)
    width = columns - left
    lines: list[str] = []
    bottom: list[Tick] = []
    for panel in panels:
        own = [mark for mark in marks if mark.key == panel.y.key]
        places = [mark for mark in own if mark.x.size == 1]
        top = next((_tick(mark, across) for mark in places if not mark.is_place), None)
        fits = [mark for mark in own if mark.x.size > 1]
        lines += panel.lines(xs, across, joined, fits, top, left, width)
        bottom += [_tick(mark, across) for mark in places if mark.is_place]
    lines += below(side_by_side(partial(ticks, across), width), bottom, _label(curves.x), left, width)
    hidden = [y.key for y in curves.ys[number:]]
    return [*lines, cut(f"not drawn, there is no room: {listed(hidden)}", columns)] if hidden else lines


class _Panel:
    """The drawing of one detector."""

    def __init__(self, y: Field, values: Floats, rows: int, scale: Scale) -> None:
        self.y = y
        self._values = values
        self._rows = rows
        self._span = span_of(values, scale)
        self.ticks = ticks(self._span, rows // (_LINES_A_DECADE if self._span.scale == "log" else _LINES_A_TICK))

    def lines(
        self, xs: Floats, across: Span, joined: bool, fits: Sequence[Mark], top: Tick | None, left: int, width: int
    ) -> list[str]:
        few_xs, few_ys = thinned(xs, self._values)
        shares = across.shares(few_xs), self._span.shares(few_ys)
        dots = dots_of(*shares, width, self._rows, joined=joined and not fits)
        for fit in fits:
            dots |= dots_of(across.shares(fit.x), _inside(self._span.shares(fit.y)), width, self._rows)
        label = "  ".join([self._heading(), *(f"─ {fit.label}" for fit in reversed(fits))])
        return [heading(label, top, left, width), *beside(braille(dots), self.ticks, left)]

    def _heading(self) -> str:
        scale = "" if self._span.scale == "linear" else f", {self._span.scale}"
        not_drawn = int(np.count_nonzero(~np.isfinite(self._values)))
        if self._span.scale == "log":
            not_drawn += int(np.count_nonzero(self._values <= 0))
        left_out = f" ({counted(not_drawn, 'point')} not drawn)" if not_drawn else ""
        return f"{_label(self.y)}{scale}{left_out}"


def _inside(shares: Floats) -> Floats:
    """The shares of an axis; nan for what is beyond its ends."""
    return np.where((shares >= 0) & (shares <= 1), shares, np.nan)


def grid_in_text(grid: Grid, columns: int, rows: int, *, scale: Scale = "linear", greys: bool = False) -> list[str]:
    """One detector over two motors, in shades; what is not measured yet is blank.

    Args:
        grid: the points.
        columns: the widest a line may be; 20 where there are fewer.
        rows: the number of lines.
        scale: of the values.
        greys: in 24 greys, for terminals with colours; else in five shades.
    """
    image = grid.image()
    if image is None:
        return [_NO_IMAGE]
    columns, height = max(columns, NARROWEST), max(_LEAST_ROWS, rows - _LINES_BELOW - 1)
    down = _whole_cells(len(image.y), height * 2 if greys else height)
    upright = ticks_of_cells(image.y, height // 2)
    left = gutter(upright, columns=columns)
    width = _whole_cells(len(image.x), columns - left)
    level = side_by_side(partial(ticks_of_cells, image.x), width)
    body = shaded(image.values[::-1], width, down, greys=greys, scale=scale)
    return [
        cut(_range_of(grid.z, image.values, scale), columns),
        *beside(body, upright, left),
        *below(level, (), _both(grid.x, grid.y), left, width),
    ]


def _whole_cells(cells: int, room: int) -> int:
    """As much of the room as cells of equal size fill; all of it where there are more cells."""
    return room // cells * cells if cells <= room else room


def scatter_in_text(
    points: Scatter, columns: int, rows: int, *, scale: Scale = "linear", greys: bool = False
) -> list[str]:
    """One detector at the places of two motors, in shades: of the points in one character the highest counts.

    Args:
        points: the points.
        columns: the widest a line may be; 20 where there are fewer.
        rows: the number of lines.
        scale: of the values.
        greys: in 24 greys, for terminals with colours; else in five shades.
    """
    xs, ys, zs = points.points()
    if not xs.size:
        return ["no points"]
    height = max(_LEAST_ROWS, rows - _LINES_BELOW - 1)
    across, up = horizontal_span(xs, None), horizontal_span(ys, None)
    upright = ticks(up, height // _LINES_A_TICK)
    left = gutter(upright, columns=max(columns, NARROWEST))
    width = max(columns, NARROWEST) - left
    cells = np.full((height, width), np.nan)
    known = np.isfinite(xs) & np.isfinite(ys)
    row = ((1 - up.shares(ys[known])) * (DOTS_DOWN * height - 1) + 0.5).astype(np.intp) // DOTS_DOWN
    column = (across.shares(xs[known]) * (DOTS_ACROSS * width - 1) + 0.5).astype(np.intp) // DOTS_ACROSS
    np.fmax.at(cells, (row, column), zs[known])
    if greys:
        cells = np.repeat(cells, 2, axis=0)
    return [
        cut(_range_of(points.z, zs, scale), left + width),
        *beside(shaded(cells, width, len(cells), greys=greys, scale=scale), upright, left),
        *below(side_by_side(partial(ticks, across), width), (), _both(points.x, points.y), left, width),
    ]


def _range_of(z: Field, values: Floats, scale: Scale) -> str:
    """Such as "det [counts], log: 3 to 5020"."""
    finite = values[np.isfinite(values)]
    ends = " to ".join(written([float(finite.min()), float(finite.max())], 0.0)) if finite.size else "no number yet"
    return f"{_label(z)}{'' if scale == 'linear' else f', {scale}'}: {ends}"


def _both(x: Field, y: Field) -> str:
    return f"{_label(y)} over {_label(x)}"


def _label(about: Field) -> str:
    return {"time": "time since the start [s]", "seq_num": "point"}.get(about.key, about.label)


def _tick(mark: Mark, span: Span) -> Tick:
    return Tick(float(span.shares(mark.x)[0]), mark.label.partition(" ")[0])


ASCII = str.maketrans(
    {**{chr(code): "*" for code in range(0x2801, 0x2900)}, **dict(zip("│┤└─┬▲▼·░▒▓█…", "||+-+^v..:+#~", strict=True))}
)
"""For `str.translate`: the same plot in characters that every terminal has."""
