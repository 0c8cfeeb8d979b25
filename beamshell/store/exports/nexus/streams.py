"""The streams of a run in its NeXus file: every column, with the number and the time of its points.

It knows the documents of one run, and not what they were measured for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import override

from beamshell.arrays import np
from beamshell.documents import Document
from beamshell.documents.points import NO_POINTS
from beamshell.documents.router import RunReceiver
from beamshell.errors import StoreError
from beamshell.store.asset_readers import AssetReaders
from beamshell.store.exports.nexus.pictures import add_pictures
from beamshell.store.exports.nexus.plot import Plot, plot_of
from beamshell.store.exports.nexus.values import Group, add_column, add_group, add_link, add_value, set_attributes
from beamshell.store.frame_locations import FrameLocations
from beamshell.store.scan_axes import NUMBER, TIME
from beamshell.store.table import Table, table_of
from beamshell.store.tables_beside import MONITOR
from beamshell.text.times import iso_time

_EPOCH = "1970-01-01T00:00:00+00:00"


class Stream(NamedTuple):
    """One stream of a run, as far as it is there."""

    name: str
    descriptors: list[Document]
    table: Table

    @property
    def about(self) -> dict[str, Mapping[str, Any]]:
        """By data key, what the newest descriptor says of it."""
        return {key: about or {} for doc in self.descriptors for key, about in doc["data_keys"].items()}


def streams_of(documents: Sequence[tuple[str, Document]]) -> dict[str, Stream]:
    """The streams of a run, by name, in the order in which they began."""
    descriptors: dict[str, list[Document]] = {}
    for name, doc in documents:
        if name == "descriptor":
            descriptors.setdefault(str(doc.get("name", "primary")), []).append(doc)
    # Without the start document: what a person wrote into it matters to no column.
    return {name: Stream(name, docs, table_of(documents[1:], name)) for name, docs in descriptors.items()}


class StreamWriter:
    """Writes the streams of one run.

    Args:
        entry: the group that they go into.
        documents: of the run.
        readers: how files of pictures are found.
        folder: that of the NeXus file.

    Attributes:
        datasets: by stream and key, what was written.
    """

    def __init__(
        self, entry: Group, documents: Sequence[tuple[str, Document]], readers: AssetReaders, folder: Path
    ) -> None:
        self.datasets: dict[str, dict[str, Any]] = {}
        self._entry = entry
        self._start = documents[0][1]
        self._frames = FrameLocations(documents)
        self._timestamps = _Timestamps(documents)
        self._readers, self._folder = readers, folder

    def write(self, stream: Stream) -> None:
        """Write a stream: a plot of its own if it has points to draw (NXdata), else a collection of its columns."""
        plot = None
        if stream.name not in NO_POINTS and stream.table.num_points:
            plot = plot_of(self._start, stream.descriptors, stream.name, stream.table, shaped=False)
        group = add_group(self._entry, stream.name, "NXcollection" if plot is None else "NXdata")
        datasets = self.datasets[stream.name] = {}
        for key, column in stream.table.items():
            datasets[key] = add_column(group, key, column, stream.table.units[key])
            if choices := stream.about.get(key, {}).get("choices"):
                set_attributes(datasets[key], choices=", ".join(map(str, choices)))
        set_attributes(datasets["time"], start=_EPOCH)
        for key in self._frames.keys.get(stream.name, {}):
            self._write_pictures(group, stream, key)
        if plot is not None:
            draw(group, plot, datasets)
        if stream.name.endswith(MONITOR):
            self._write_logs(group, stream)
        self._write_timestamps(group, stream)

    def _write_pictures(self, group: Group, stream: Stream, key: str) -> None:
        points = stream.table["seq_num"].tolist()
        try:
            locations = self._frames.locations(stream.name, key)
            dataset = add_pictures(group, key, locations, stream.about[key], points, self._readers, self._folder)
        except (StoreError, LookupError, TypeError, ValueError) as exc:  # the documents do not say where they are
            add_value(group, f"{key}_files", f"not known: {exc}")
        else:
            self.datasets[stream.name][key] = dataset

    def _write_logs(self, group: Group, stream: Stream) -> None:
        """The changes of a monitored device as its log, in seconds since the start of the run."""
        start = float(self._start["time"])
        for key in stream.about:
            if key in stream.table and stream.table[key].dtype.kind in "biuf":
                log = add_group(group, f"{key}_log", "NXlog")
                add_link(log, "value", self.datasets[stream.name][key])
                times = add_value(log, "time", (stream.table["time"] - start).tolist(), "s")
                set_attributes(times, start=iso_time(start))

    def _write_timestamps(self, group: Group, stream: Stream) -> None:
        """When each value was measured, by the clock of its control system."""
        of_points = self._timestamps.of(stream.name, stream.table["seq_num"].tolist())
        if of_points:
            timestamps = add_group(group, "timestamps", "NXcollection")
            for key, times in of_points.items():
                set_attributes(add_column(timestamps, key, times, "s"), start=_EPOCH)


class _Timestamps(RunReceiver):
    """The time of each value of a run, by stream and point."""

    def __init__(self, documents: Iterable[tuple[str, Document]]) -> None:
        super().__init__()
        self._points: dict[str, dict[int, Mapping[str, Any]]] = {}
        self.take(documents)

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        stream = str(descriptor.get("name", "primary"))
        self._points.setdefault(stream, {})[event["seq_num"]] = event.get("timestamps") or {}

    def of(self, stream: str, points: Iterable[int]) -> dict[str, Any]:
        """By key, the seconds since 1970 of each point; NaN where a value is missing."""
        rows = [self._points[stream][point] for point in points]
        keys = dict.fromkeys(key for row in rows for key in row)
        return {key: np.array([row.get(key, np.nan) for row in rows], dtype=float) for key in keys}


def draw(group: Group, plot: Plot, datasets: Mapping[str, Any]) -> None:
    """Make the group a plot (NXdata): of the columns of its stream, or of arrays of its own if it has a shape."""
    axes = [_place(group, key, axis, datasets, is_own=plot.is_shaped) for key, axis in plot.axes.items()]
    signals = [_place(group, key, values, datasets, is_own=plot.is_shaped) for key, values in plot.signals.items()]
    dimensions = next(iter(plot.signals.values())).ndim
    is_scattered = len(axes) > dimensions
    set_attributes(group, signal=signals[0], axes=axes + ["."] * (dimensions - len(axes)))
    if len(signals) > 1:
        set_attributes(group, auxiliary_signals=signals[1:])
    for dimension, axis in enumerate(axes):
        set_attributes(group, **{f"{axis}_indices": 0 if is_scattered else dimension})
    for key in plot.also:
        set_attributes(group, **{f"{_place(group, key, None, datasets)}_indices": 0})


def draw_arrays(group: Group, key: str, axis: str, datasets: Mapping[str, Any]) -> None:
    """Make the group a plot (NXdata) of spectra or pictures over their points.

    Args:
        group: the new group.
        key: of the arrays.
        axis: the column along which they were measured; the number of the point is taken for the time.
        datasets: of the stream, by key.
    """
    arrays = datasets[key]
    over = datasets[NUMBER if axis == TIME else axis]
    signal = _place(group, key, None, datasets)
    axes = ["."] * arrays.ndim
    if len(over) == len(arrays):  # a picture may be there before its point
        axes[0] = _place(group, NUMBER if axis == TIME else axis, None, datasets)
        set_attributes(group, **{f"{axes[0]}_indices": 0})
    set_attributes(group, signal=signal, axes=axes)
    set_attributes(arrays, interpretation="spectrum" if arrays.ndim == 2 else "image")


def _place(group: Group, key: str, values: Any, datasets: Mapping[str, Any], *, is_own: bool = False) -> str:
    """The name in the group of a column of the stream, or of an array of the plot's own."""
    dataset = datasets.get(key)
    if dataset is None:  # the time since the start
        dataset = add_column(group, key, values, "s")
    elif is_own:
        dataset = add_column(group, key, values, dataset.attrs.get("units", ""))
    elif dataset.parent != group:
        dataset = add_link(group, key, dataset)
    return str(dataset.name.rpartition("/")[2])
