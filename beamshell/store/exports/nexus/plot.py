"""The plot that a NeXus file shows first: which values of a run over which axes; a grid in its own shape.

Pure: the start document, the descriptors and the columns, in. It knows no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from beamshell.documents import Document
from beamshell.documents.entries import entries_of, sequence_of
from beamshell.documents.points import points_of_streams
from beamshell.store.exports.nexus.grid import SETPOINTS, cells_of, is_plain
from beamshell.store.table import Column, Table

PRIMARY = "primary"
TIME = "time"
ELAPSED = "elapsed_time"
"""The name of the axis of a run that moves no motor: seconds since its start."""
POINT = "seq_num"


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
    points = points_of_streams({stream: len(table["seq_num"]) for stream, table in tables.items()})
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
    dimensions = [fields for fields in dimensions_of(start, stream) if fields != [TIME]]
    signals = _signals(start, descriptors, table, {key for fields in dimensions for key in fields})
    if not signals:
        return None
    axes = [fields[0] for fields in dimensions if fields[0] in table and is_plain(table[fields[0]])]
    also = tuple(key for fields in dimensions for key in fields[1:] if key in table and is_plain(table[key]))
    one_a_point = next(iter(signals.values())).ndim == 1
    if len(axes) > 1 and len(axes) == len(dimensions) and one_a_point:
        if shaped and (cells := cells_of(start, table, axes)) is not None:
            filled = {key: cells.filled(column) for key, column in signals.items()}
            return Plot(stream, filled, dict(zip(axes, cells.positions, strict=True)), is_shaped=True)
        if len(axes) == 2:
            scattered = axes if shape_is_unknown(start) else axes[::-1]
            return Plot(stream, signals, {key: table[key] for key in scattered})
    if axes:
        return Plot(stream, signals, {axes[0]: table[axes[0]]}, (*axes[1:], *also))
    if dimensions and stream == PRIMARY:  # the motor was not recorded
        return Plot(stream, signals, {POINT: table[POINT]})
    return Plot(stream, signals, {ELAPSED: table[TIME] - float(start["time"])})


def shape_is_unknown(start: Document) -> bool:
    """Whether a scan of two motors is none over rows and columns: its first motor is x then."""
    return not sequence_of(start, "shape")


def dimensions_of(start: Document, stream: str) -> list[list[str]]:
    """The keys that move along each axis of the run, slowest first."""
    dimensions = []
    for dimension in sequence_of(entries_of(start, "hints"), "dimensions"):
        match dimension:
            case [str(field), str(name)] if name == stream:
                dimensions.append([field])
            case [[*fields], str(name)] if name == stream and fields and all(isinstance(key, str) for key in fields):
                dimensions.append(list(fields))
    return dimensions


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
    signals = {key: table[key] for key in keys if is_plain(table[key])}
    if signals:
        return signals
    setpoints = {key + end for key in scanned for end in SETPOINTS}
    others = [key for key in [*table.keys()][2:] if key not in scanned and key not in setpoints]
    numbers = [key for key in (*keys, *others) if table[key].dtype.kind in "iuf" and table[key].size]
    return {key: table[key] for key in numbers[:1]}
