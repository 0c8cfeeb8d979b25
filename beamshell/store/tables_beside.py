"""What is recorded beside the points of a scan: the baseline, read before and after it, and the monitored signals.

It gets columns, and knows no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from typing_extensions import override

from beamshell.store.columns import Column
from beamshell.store.scan_axes import NUMBER, TIME
from beamshell.store.table import Table, cell_text
from beamshell.text.nearest import unknown_key
from beamshell.text.numbers import in_full, with_unit
from beamshell.text.window import table_in_window

BASELINE = "baseline"
"""The stream of what is read before and after a scan."""
MONITOR = "_monitor"
"""How the streams of monitored signals end."""
_DIGITS = 6  # of a difference


class Baseline(Table):
    """The readings before and after a run: `run.baseline["samx"]` is an array of the two.

    It shows itself with a row for each reading, and how it differs; those that differ come first.
    """

    @override
    def __repr__(self) -> str:
        names = [name for name in self if name not in (NUMBER, TIME)]
        rows = [[name, *_row(name, self[name], self.units[name])] for name in names if self.num_points]
        rows.sort(key=lambda row: row[1] == row[2])
        return table_in_window([["", "before", "after", "difference"], *rows], left_aligned=[0])


def _row(name: str, readings: Column, unit: str) -> list[str]:
    """The first reading, the last one, and the difference if they are numbers that differ."""
    first, *later = readings
    if not later:
        return [cell_text(name, first), "", ""]
    texts = [cell_text(name, reading) for reading in (first, later[-1])]
    if readings.ndim > 1 or readings.dtype.kind not in "iuf":
        return [*texts, ""]
    difference = float(later[-1]) - float(first)
    return [*texts, with_unit(in_full(difference, _DIGITS), unit) if difference else ""]


class Monitors(Mapping[str, Table]):
    """The tables of the monitored signals by name, each read when it is used: `run.monitors["ring"]`.

    Args:
        streams: the names of all streams of the run.
        table: reads the table of a stream.
        label: of the run, for messages.
    """

    def __init__(self, streams: Iterable[str], table: Callable[[str], Table], label: str) -> None:
        self._streams = {stream.removesuffix(MONITOR): stream for stream in streams if stream.endswith(MONITOR)}
        self._table, self._label = table, label

    def __getitem__(self, name: str) -> Table:
        if name not in self._streams:
            raise unknown_key("monitored signal", name, self._streams, of=self._label)
        return self._table(self._streams[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)

    def __repr__(self) -> str:
        return f"monitored in {self._label}: {', '.join(self) or 'nothing'}"
