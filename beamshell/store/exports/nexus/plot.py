"""The plot that a NeXus file shows first: which values of a run over which axes; a grid in its own shape.

Pure: the start document, the descriptors and the columns, in. It knows no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from beamshell.documents import Document
from beamshell.documents.entries import entries_of, sequence_of
from beamshell.documents.points import points_of_streams
from beamshell.store.columns import Column
from beamshell.store.exports.nexus.grid import grid_cells
from beamshell.store.scan_axes import NUMBER, SETPOINTS, TIME, axes_of
from beamshell.store.table import Table

PRIMARY = "primary"
ELAPSED = "elapsed_time"
"""The name of the axis of a run that moves no motor: seconds since its start."""


class Plot(NamedTuple):
    """What is drawn: the first of the signals, and the others beside it."""

    stream: str
    signals: dict[str, Column]
    """By key. All of one shape."""
    axes: dict[str, Column]
    """By key, slowest first: one for each dimension of the signals; two for points that are scattered over a plane,
    then x comes first."""
    also: tuple[str, ...] = ()
    """The keys of motors that move along with those of the axes."""
    is_shaped: bool = False
    """Whether it has the shape of a grid: no array is a column of the stream then."""

    @property
    def signal(self) -> str:
        """The key of the one that is drawn first."""
        return next(iter(self.signals))


def stream_of_plot(tables: Mapping[str, Table]) -> str | None:
    """The stream that a run is about: `primary`, else the longest of those that hold points; None if none has one."""
    points = points_of_streams({stream: table.num_points for stream, table in tables.items()})
    points = {stream: number for stream, number in points.items() if number}
    return PRIMARY if PRIMARY in points else max(points, key=points.__getitem__, default=None)


def plot_of(
    start: Document, descriptors: Iterable[Document], stream: str, table: Table, *, shaped: bool = True
) -> Plot | None:
    """The plot of a stream: its hinted numbers over the scanned motors; None if it has nothing to draw.

    Args:
        start: the start document of the run.
        descriptors: of the stream.
        stream: its name.
        table: its points.
        shaped: False leaves a grid as its points, one after the other.
    """
    dimensions = axes_of(start, stream).keys
    signals = _signals(start, descriptors, table, {key for keys in dimensions for key in keys})
    if not signals:
        return None
    axes = [keys[0] for keys in dimensions if _is_drawable(table, keys[0])]
    also = tuple(key for keys in dimensions for key in keys[1:] if _is_drawable(table, key))
    one_a_point = next(iter(signals.values())).ndim == 1
    if len(axes) > 1 and len(axes) == len(dimensions) and one_a_point:
        if shaped and (cells := grid_cells(start, stream, table)) is not None:
            filled = {key: cells.filled(column) for key, column in signals.items()}
            return Plot(stream, filled, cells.positions, is_shaped=True)
        if len(axes) == 2:
            has_rows = bool(sequence_of(start, "shape"))  # its slow motor comes first, and goes along y
            return Plot(stream, signals, {key: table[key] for key in (reversed(axes) if has_rows else axes)})
    if axes:
        return Plot(stream, signals, {axes[0]: table[axes[0]]}, (*axes[1:], *also))
    if dimensions:  # the motor was not recorded
        return Plot(stream, signals, {NUMBER: table[NUMBER]})
    return Plot(stream, signals, {ELAPSED: table[TIME] - float(start["time"])})


def hinted(start: Document, descriptors: Iterable[Document]) -> list[str]:
    """The keys that the devices say to look at: those of the plan's detectors in its order, then all others."""
    fields: dict[str, list[str]] = {}
    for descriptor in descriptors:
        for device, hints in entries_of(descriptor, "hints").items():
            if isinstance(hints, Mapping):
                fields[device] = [key for key in sequence_of(hints, "fields") if isinstance(key, str)]
    devices = [device for device in sequence_of(start, "detectors") if isinstance(device, str) and device in fields]
    return list(dict.fromkeys(key for device in (*devices, *fields) for key in fields[device]))


def _signals(
    start: Document, descriptors: Iterable[Document], table: Table, scanned: Collection[str]
) -> dict[str, Column]:
    """What is drawn, by key: the hinted columns of numbers; without one the first other column that can be."""
    keys = [key for key in hinted(start, descriptors) if key in table and key not in scanned]
    signals = {key: table[key] for key in keys if _is_drawable(table, key)}
    if signals:
        return signals
    setpoints = {key + end for key in scanned for end in SETPOINTS}
    others = [key for key in [*table][2:] if key not in scanned and key not in setpoints]
    numbers = [key for key in (*keys, *others) if table[key].dtype.kind in "iuf" and table[key].size]
    return {key: table[key] for key in numbers[:1]}


def _is_drawable(table: Table, key: str) -> bool:
    """Whether a key has a number a point."""
    return key in table and table[key].ndim == 1 and table[key].dtype.kind in "iuf"
