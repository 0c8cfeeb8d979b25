"""The curves of a run: detectors against a motor, against time or against the number of the point.

Pure: it never draws.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamshell.analysis.signals import value_of
from beamshell.documents import Document
from beamshell.text.lists import listed
from beamshell.views.captions import title, when
from beamshell.views.fields import Field, as_rates, axes, counted_seconds, field, limits, resolve, signals

_MOST_DRAWN, _BINS = 5000, 1000
"""Points of a curve that are all drawn while it grows; of more, those of so many bins."""
MOST_CURVES = 5
"""Detectors that are shown one above the other; the title says how many more there are."""


class NumberRows:
    """The numbers of each point, in one array; those of a point measured again take the place of the first ones.

    Args:
        width: numbers of a point.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._rows: dict[int, int] = {}  # by number of the point
        self._values = array("d")

    def add(self, seq_num: int, values: list[Any]) -> None:
        """Take the values of a point; what is no number is nan."""
        start = self._rows.setdefault(seq_num, len(self._rows)) * self._width
        self._values[start : start + self._width] = array("d", as_numbers(values))

    def __len__(self) -> int:
        return len(self._rows)

    def seq_nums(self) -> list[int]:
        """The number of each point, in the order of the rows."""
        return list(self._rows)

    def table(self, first: int = 0) -> NDArray[np.float64]:
        """The rows from this one on, shape (number of points, width)."""
        values = self._values[first * self._width :] if first else self._values
        return np.array(values, dtype=np.float64).reshape(-1, self._width)


class Curves:
    """The points of one run, one curve for each detector.

    Args:
        start: the run's start document.
        x: the horizontal axis; its key may be "time" or "seq_num".
        ys: the detectors; of more than `MOST_CURVES` the first ones.

    Attributes:
        key: identifies the kind of curves: those of one key share a window.
        name: the kind in words, such as "det against th".
        title: the run in a few words.
        when: its date and time.
        limits: where x begins and ends, if the run says so.
        run: the uid of the run.
        note: what a legend says of the run beside the values.
        time_origin: the moment that "time" counts from, in seconds since 1970; the start of the run.
        seconds: by value, the count time that its numbers belong to; None where they do not grow with it.
    """

    def __init__(self, start: Document, descriptor: Document, x: Field, ys: Sequence[Field]) -> None:
        self.run, self.note = str(start.get("uid", "")), ""
        self.x = x
        self.ys = list(ys[:MOST_CURVES])
        self.key = ("curves", x.key, *(y.key for y in self.ys))
        self.name = f"{listed(y.key for y in self.ys)} against {x.key}"
        self.title = title(start) + (f"  (+{len(ys) - MOST_CURVES} more)" if len(ys) > MOST_CURVES else "")
        self.when = when(start)
        self.limits = limits(start) if x.key not in ("time", "seq_num") else None
        self.time_origin = float(start.get("time", 0.0))
        self._keys = [y.key for y in self.ys]
        self.seconds = [counted_seconds(descriptor, key) for key in self._keys]
        self._points = NumberRows(1 + len(self.ys))

    def add(self, event: Document) -> None:
        """Take a point; one measured again replaces the one before."""
        data = event.get("data") or {}
        seq_num = event["seq_num"]
        if self.x.key == "time":
            x = event.get("time", math.nan) - self.time_origin
        elif self.x.key == "seq_num":
            x = float(seq_num)
        else:
            x = data.get(self.x.key)
        self._points.add(seq_num, [x, *(value_of(key, data) for key in self._keys)])

    def points(self, first: int = 0) -> NDArray[np.float64]:
        """The xs, then every y, shape (1 + number of ys, number of points), in the order they were first measured.

        Args:
            first: leave out so many points.
        """
        return self._points.table(first).T


def thinned(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fewer points that look the same on a screen: of many in a row the first, the lowest, the highest and the last.

    Up to 5000 points, and those whose x goes back and forth, are left as they are.

    Args:
        xs: shape (n,).
        ys: shape (n,).
    """
    kept = kept_points(xs, ys)
    return xs[kept], ys[kept]


def kept_points(xs: NDArray[np.float64], *curves: NDArray[np.float64]) -> slice | NDArray[np.intp]:
    """The points that `thinned` keeps, as an index: each that one of several curves over the same xs needs.

    Args:
        xs: shape (n,).
        curves: each of shape (n,).
    """
    if len(xs) <= _MOST_DRAWN:
        return slice(None)
    before, after = xs[:-1], xs[1:]
    if not ((before <= after).all() or (before >= after).all()):
        return slice(None)
    size = -(-len(xs) // _BINS)
    starts = np.arange(0, len(xs) - size + 1, size)  # the points behind the last whole bin are all kept
    chosen = [starts, starts + size - 1, np.arange(len(starts) * size, len(xs))]
    for ys in curves:
        bins = ys[: len(starts) * size].reshape(-1, size)
        lowest = np.where(np.isnan(bins), np.inf, bins).argmin(axis=1)
        highest = np.where(np.isnan(bins), -np.inf, bins).argmax(axis=1)
        chosen += [starts + lowest, starts + highest]
    return np.unique(np.concatenate(chosen))


def curves_of(start: Document, descriptor: Document, ys: Iterable[Any] | None = None, x: Any = None) -> Curves | None:
    """The curves that a stream makes, still without points; None if it has no number to show.

    Args:
        start: the run's start document.
        descriptor: of the stream.
        ys: names, devices or quotients such as "it/i0"; None takes the hinted detectors. Counts are shown as rates
            where the points have count times of their own.
        x: name or device of the axis, "time" or "seq_num"; None takes what the run scans.
    """
    keys = signals(start, descriptor) if ys is None else as_rates(descriptor, resolve(descriptor, ys)[0])
    axis = _axis(start, descriptor, x)
    numbers = [y for key in keys if (y := field(descriptor, key)).is_number and key != axis.key]
    return Curves(start, descriptor, axis, numbers) if numbers else None


def _axis(start: Document, descriptor: Document, x: Any) -> Field:
    if x is not None:
        key = next(iter(resolve(descriptor, [x])[0]), str(x))
    else:
        scanned = axes(start, descriptor.get("name", "primary"))
        key = scanned[0] if len(scanned) == 1 else "seq_num"
    if key == "time":
        return Field("time", units="s")
    about = field(descriptor, key)
    return about if about.is_number and key in (descriptor.get("data_keys") or {}) else Field("seq_num")


def as_numbers(values: list[Any]) -> list[float]:
    """The values as floats; nan for a value that is no number, so that its point is left out of the line."""
    if set(map(type, values)) == {float}:
        return values
    return [_as_number(value) for value in values]


def _as_number(value: Any) -> float:
    if isinstance(value, np.ndarray):
        value = value.item() if value.size == 1 else math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
