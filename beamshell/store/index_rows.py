"""What the index keeps of a run: its row, its words and the keys of its metadata, from its start and stop documents.

Pure: it knows no file and no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

from beamshell.documents import Document
from beamshell.documents.points import number_of_points
from beamshell.store.amendments import COMMENT, TAG, Amendment, corrected
from beamshell.store.encoding import to_json
from beamshell.store.search_words import key_word, metadata_text


class Row(NamedTuple):
    """One run as the index knows it; `exit_status` and `points` are None while it is open."""

    path: str
    """Relative to the data folder."""
    uid: str
    scan_id: int | None
    time: float
    plan_name: str | None
    exit_status: str | None
    points: int | None
    size: int
    start: str
    """The start document as JSON."""
    moment: float
    """Its time; never before that of a run that began earlier, whatever the clock said."""
    place: int
    """Its place in `.order`; -1 if it is not named there."""


class Summary(NamedTuple):
    """What is written into the index about a run.

    Attributes:
        row: of the run.
        text: its words.
        keys: of its metadata, as they are searched for.
    """

    row: Row
    text: str
    keys: list[str]


def summary_of(
    path: str, size: int, start: Document, stop: Document | None, amendments: Sequence[Amendment] = ()
) -> Summary:
    """The summary of a run, whatever its documents hold.

    Args:
        path: of its file, in the data folder.
        size: of its file, in bytes.
        start: its start document, with uid and time.
        stop: its stop document; None while it is open.
        amendments: those that are in force.
    """
    scan_id = start.get("scan_id")
    moment = _seconds(start["time"])
    row = Row(
        path=path,
        uid=sqlite_text(start["uid"]),
        scan_id=scan_id if isinstance(scan_id, int) and abs(scan_id) < 2**63 else None,
        time=moment,
        plan_name=sqlite_text(start["plan_name"]) if "plan_name" in start else None,
        exit_status=sqlite_text(stop.get("exit_status")) if stop else None,
        points=_points(stop),
        size=size,
        start=to_json(start),
        moment=moment,
        place=-1,
    )
    searched = _searched(start, stop, amendments)
    status = "open" if stop is None else str(stop.get("exit_status"))
    return Summary(row, metadata_text(searched, status), [name for key in searched if (name := key_word(str(key)))])


def _searched(start: Document, stop: Document | None, amendments: Sequence[Amendment]) -> dict[str, Any]:
    """What a run is found by: its metadata with their corrections, its comments and tags, the reason of its end."""
    searched = dict(corrected(start, amendments))
    for kind in (COMMENT, TAG):
        if values := [str(each.value) for each in amendments if each.kind == kind]:
            searched[kind] = [searched[kind], *values] if kind in searched else values
    if stop and (reason := stop.get("reason")):
        searched["reason"] = reason
    return searched


def _seconds(value: Any) -> float:
    """A time as a finite number; 0 if a foreign document holds none."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if isfinite(seconds) else 0.0


def sqlite_text(value: Any) -> str:
    """Text that sqlite takes: a lone surrogate becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _points(stop: Document | None) -> int | None:
    """The number of points of the stream primary, or else of the longest stream."""
    try:
        return None if stop is None else int(number_of_points(stop.get("num_events") or {}))
    except (TypeError, ValueError, AttributeError):  # of a foreign document
        return None
