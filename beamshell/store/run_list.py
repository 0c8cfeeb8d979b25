"""RunList: several runs as a table on the screen, and as a pandas DataFrame with a row for each.

It knows no index and no folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beamshell.documents import Document
from beamshell.documents.points import number_of_points
from beamshell.errors import StoreError
from beamshell.store.amendments import COMMENT, TAG, Amendment
from beamshell.store.run import Run, plan_line
from beamshell.store.table_conversions import library
from beamshell.text.lists import listed
from beamshell.text.times import date_and_time
from beamshell.text.window import table_in_window

_OF_METADATA = ("sample", "proposal", "operator")
_WHOLE = ("scan_id", "points")


class RunList(list[Run]):
    """Runs, oldest first, that show themselves as a table.

    Args:
        runs: the oldest first.
        foot: what is said below the table, such as how the words were understood that chose them.
    """

    def __init__(self, runs: Iterable[Run] = (), foot: str = "") -> None:
        super().__init__(runs)
        self.foot = foot

    def to_pandas(self) -> Any:
        """A DataFrame with one row a run; see `frame_of` for its columns.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        return frame_of(
            record_of(run.metadata, run.exit_status, number_of_points(run.num_events), run.amendments) for run in self
        )

    def __repr__(self) -> str:
        if self.foot and not self:
            return self.foot
        heading = ["scan_id", "time", "points", "status", "plan"]
        table = table_in_window([heading, *map(_cells, self)], left_aligned=[4], hide_first=[[1], [2]])
        return f"{table}\n{self.foot}" if self.foot else table


def _cells(run: Run) -> list[str]:
    try:
        points = number_of_points(run.num_events)
        moment = date_and_time(run.start["time"])
        return [number_text(run), moment, str(points), run.exit_status or "open", plan_line(run.start)]
    except StoreError as exc:  # its file was damaged behind the index: the others are shown all the same
        return ["", "", "", "damaged", str(exc)]


def number_text(run: Run) -> str:
    """The number of a run for a column; "" if it has none."""
    return "" if run.scan_id is None else str(run.scan_id)


def record_of(
    metadata: Document, exit_status: str | None, points: int | None, amendments: Sequence[Amendment]
) -> dict[str, Any]:
    """The row of one run.

    Args:
        metadata: its start document with its corrections.
        exit_status: None while it is open.
        points: their number; None if it is not known.
        amendments: those that are in force.
    """
    comments = [metadata.get("comment"), *(each.value for each in amendments if each.kind == COMMENT)]
    scan_id = metadata.get("scan_id")
    return {
        "scan_id": scan_id if isinstance(scan_id, int) else None,
        "uid": metadata.get("uid"),
        "time": metadata.get("time"),
        "plan": metadata.get("plan_name"),
        "status": exit_status or "open",
        "points": points,
        **{key: metadata.get(key) for key in _OF_METADATA},
        "command": metadata.get("command"),
        "comment": "; ".join(str(comment) for comment in comments if comment),
        "tags": listed(dict.fromkeys(each.value for each in amendments if each.kind == TAG)),
    }


def frame_of(records: Iterable[Mapping[str, Any]]) -> Any:
    """A DataFrame of runs, a row each, in the order given.

    Its columns are scan_id, uid, time (in UTC), plan, status ("success", "fail", "abort", "open"), points, sample,
    proposal, operator, command (as typed), comment and tags.

    Raises:
        MissingLibrary: pandas is not installed.
    """
    pandas = library("pandas")
    columns = list(record_of({}, None, None, ()))
    frame = pandas.DataFrame.from_records([tuple(record.values()) for record in records], columns=columns)
    frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True, errors="coerce")
    return frame.astype(dict.fromkeys(_WHOLE, "Int64"))
