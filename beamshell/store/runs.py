"""Runs: the catalogue of stored runs, found by number, by uid or by their metadata.

It never writes a run, and knows no device and no engine. What shows a run, or reads words, is imported at the first
question: a console has the catalogue from its start.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from beamshell.documents import Document
from beamshell.documents.continuation import CONTINUES
from beamshell.errors import UnknownName, UsageError
from beamshell.store.amendments import Amendments, corrected
from beamshell.store.encoding import from_json
from beamshell.store.index import Index
from beamshell.store.index_reader import NEWEST
from beamshell.store.index_rows import Row
from beamshell.store.index_tables import NEWEST_FIRST, OLDEST_FIRST
from beamshell.store.search_words import key_word
from beamshell.text.numbers import counted

if TYPE_CHECKING:
    from beamshell.store.asset_readers import AssetReaders, Reader
    from beamshell.store.run import Run
    from beamshell.store.run_list import RunList
    from beamshell.store.search_query import Query

Moment: TypeAlias = datetime.datetime | datetime.timedelta | float | str
"""A date, how long ago, seconds since 1970-01-01 UTC, or text such as "2026-11-22 08:00"."""

_MOST_COUNTED = 1000  # runs that words choose: more are not counted
_RECENT = 200  # runs whose metadata are offered when words are completed
_LARGEST = 2**63 - 1  # of a number in the index


class Runs:
    """All runs of a data folder.

    `runs[-1]` is the newest: the one that began last, whatever the computer's clock said; `runs[-3:]` the newest three;
    `runs[1234]` the run with that scan_id (the newest, if there are several); `runs[100:110]` scan_ids 100 to 109;
    `runs["1a2b"]` the run whose uid begins so; `runs.find("yesterday samx")`, typed `runs yesterday samx`, those that
    words choose; `runs.to_pandas("last week")` a DataFrame with a row for each.

    Args:
        folder: the data folder.
        console: the id of this console, for the amendments that it writes.
        clock: seconds since 1970-01-01 UTC.
    """

    def __init__(
        self, folder: str | os.PathLike[str], console: str = "", *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self.folder = Path(folder)
        self.amendments = Amendments(self.folder, console)
        self.index = Index(self.folder, self.amendments)

    @cached_property
    def _assets(self) -> AssetReaders:
        from beamshell.store.asset_readers import AssetReaders

        return AssetReaders()

    @property
    def readers(self) -> dict[str, Reader]:
        """The functions that read external files: ``runs.readers["application/x-mine"] = function``.

        The key is the mimetype of a stream resource or the spec of a resource; the function gets a `FrameRequest`
        (beamshell.store.frame_locations) and returns the array of one point.
        """
        return self._assets.readers

    @property
    def roots(self) -> dict[str, str]:
        """Today's folders of external files by the folders they were written to: ``runs.roots["/old"] = "/new"``."""
        return self._assets.roots

    @overload
    def __getitem__(self, key: int | str) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> RunList: ...
    def __getitem__(self, key: int | str | slice) -> Run | RunList:
        if isinstance(key, slice):
            return self._between(key)
        if isinstance(key, str):
            return self._by_uid(key)
        if abs(key) > _LARGEST:
            raise UnknownName(f"there is no run {key}: runs[-1] is the newest")
        return self._newest(-key) if key < 0 else self._by_scan_id(key)

    def __call__(self, *words: int | str) -> Run | Runs | RunList:
        """What `runs 12`, `runs yesterday samx` and `runs` are in Python, as other commands can be called too."""
        if len(words) == 1 and isinstance(words[0], int):
            return self[words[0]]
        return self.find(" ".join(map(str, words))) if words else self

    def __len__(self) -> int:
        return self.index.count()

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs(self.index.rows()))

    def __contains__(self, key: object) -> bool:
        from beamshell.store.run import Run

        if isinstance(key, Run):
            return key.path.is_file() and key.path.is_relative_to(self.folder)
        if not isinstance(key, (int, str)):
            return False
        try:
            self[key]
        except UnknownName:
            return False
        return True

    def __repr__(self) -> str:
        with self.index.question(of_newest=True):
            number = self.index.count()
            newest = self[-10:]
        if not number:
            return f"no runs yet in {self.folder}"
        more = " so far: older ones are being read" if self.index.is_reading else ""
        return f"{newest!r}\n{counted(number, 'run')} in {self.folder}{more}"

    def at(self, paths: Iterable[Path]) -> RunList:
        """The runs in these files, in this order; files that are not there are left out."""
        return self._listed(path for path in paths if path.is_file())

    def continuation_of(self, run: Run) -> Run | None:
        """The newest run that continues this one; None if there is none."""
        from beamshell.store.search_query import Query, Term

        rows = self.index.find(Query(terms=(Term(run.uid, CONTINUES),)))
        rows = [row for row in rows if from_json(row.start).get(CONTINUES) == run.uid]
        return self._runs(rows)[-1] if rows else None

    def open_files(self) -> list[Path]:
        """The files of the runs that have no stop document: they are measured now, or their console has died."""
        return [self.folder / row.path for row in self.index.rows("exit_status IS NULL", of_newest=True)]

    @property
    def last_scan_id(self) -> int:
        """The highest scan_id of all; 0 if there is none."""
        rows = self.index.rows("scan_id = (SELECT max(scan_id) FROM runs)", of_newest=True)
        return rows[0].scan_id or 0 if rows else 0

    def search(
        self,
        plan_name: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        exit_status: str | None = None,
        text: str | None = None,
        **metadata: Any,
    ) -> RunList:
        """The runs for which all of this holds, oldest first: `runs.search(plan_name="scan", sample="Si")`.

        Args:
            plan_name: such as "scan".
            since: started at or after this moment.
            until: started before this moment.
            exit_status: "success", "abort" or "fail".
            text: anywhere in the start document, in capitals or not.
            metadata: keys of the start document with their values, such as ``sample="Si"``.
        """
        terms: list[tuple[str, Any]] = []
        if plan_name is not None:
            terms.append(("plan_name = ?", plan_name))
        if since is not None:
            terms.append(("time >= ?", _seconds(since)))
        if until is not None:
            terms.append(("time < ?", _seconds(until)))
        if exit_status is not None:
            terms.append(("exit_status = ?", exit_status))
        condition = " AND ".join(condition for condition, _ in terms) or "1"
        rows = self.index.rows(condition, [value for _, value in terms])
        if metadata or text is not None:
            rows = [row for row in rows if _holds(from_json(row.start), metadata, text or "")]
        return self._runs(rows)

    def find(self, words: str, most: int | None = None) -> RunList:
        """The runs that words choose, oldest first: `runs.find("yesterday samx failed")`; it is the grammar of `runs`.

        Args:
            words: times, statuses, numbers such as 12 and -3..-1, a metadata key with its value, and any other words.
            most: how many at most, of the newest; None for all.

        Raises:
            UsageError: a word has neither a letter nor a digit, or a range is the wrong way round.
        """
        with self.index.question():
            query = self.query(words)
            found = self._runs(self.index.find(query, most))
            found.foot = self._foot(query, len(found), most)
        return found

    def understood(self, query: Query) -> str:
        """How words were understood, such as "yesterday (Fri 27 Nov) with samx"; read again they mean the same."""
        return query.text(self._clock())

    def _foot(self, query: Query, number: int, most: int | None) -> str:
        """How the words were understood; if there is nothing, the condition without which there would be something."""
        understood = self.understood(query)
        if number == 0:
            return f"no run {understood}".rstrip() + self._remedy(query)
        total = number if number != most else self.index.count_found(query, _MOST_COUNTED + 1)
        count = _count(total) if total == number else f"the newest {number} of {_count(total)}"
        return f"{count} {understood}".rstrip()

    def _remedy(self, query: Query) -> str:
        for condition, other in query.without_one():
            if other.is_asking and (number := self.index.count_found(other, _MOST_COUNTED + 1)):
                return f"; without '{condition}' there {'is' if number == 1 else 'are'} {_count(number)}"
        return ""

    def query(self, words: str) -> Query:
        """What words mean, with the metadata keys that there are.

        Raises:
            UsageError: as `find` does.
        """
        from beamshell.store.search_query import parse

        return parse(words, self._clock(), self.index.keys())

    def to_pandas(self, words: str = "") -> Any:
        """A DataFrame with one row a run, the oldest first: `runs.to_pandas("last week sample LaB6")`.

        Args:
            words: as `find` takes them; "" for all runs.

        Raises:
            MissingLibrary: pandas is not installed.
            UsageError: as `find` does.
        """
        with self.index.question():
            amended = self.index.amended()
            rows = self.index.find(self.query(words))
        from beamshell.store.run_list import frame_of, record_of

        return frame_of(
            record_of(corrected(from_json(row.start), notes), row.exit_status, row.points, notes)
            for row in rows
            for notes in [amended.get(row.uid, [])]
        )

    def recent_values(self, *keys: str) -> list[str]:
        """The words that the newest runs have for metadata keys, those of the newest run first, for completion."""
        names = {key_word(key) for key in keys} - {""}
        values: dict[str, None] = {}
        for row in self.index.rows(order=f"{NEWEST_FIRST} LIMIT {_RECENT}", of_newest=True):
            for key, value in from_json(row.start).items():
                if key_word(key) in names and isinstance(value, str) and not any(map(str.isspace, value)):
                    values[value] = None
        return list(values)

    def _newest(self, number: int) -> Run:
        rows = self.index.rows(order=f"{NEWEST_FIRST} LIMIT 1 OFFSET {number - 1}", of_newest=number <= NEWEST)
        if not rows:
            raise UnknownName(
                f"there is no runs[-{number}]: {len(self)} runs are in {self.folder}, runs[-1] is the newest"
            )
        return self._runs(rows)[0]

    def _by_scan_id(self, scan_id: int) -> Run:
        rows = self.index.rows("scan_id = ?", [scan_id])
        if not rows:
            last = self.last_scan_id
            remedy = (
                f"the highest is {last}, and runs[-1] is the newest" if last else "no run is stored yet, scan first"
            )
            raise UnknownName(f"no run has scan_id {scan_id} in {self.folder}: {remedy}")
        return self._runs(rows)[-1]

    def _by_uid(self, prefix: str) -> Run:
        rows = self.index.rows("uid >= ? AND uid < ?", [prefix, prefix + chr(0x10FFFF)])
        if not rows:
            raise UnknownName(f"no run's uid begins with {prefix!r}: runs.search(text={prefix!r}) looks everywhere")
        uids = sorted({row.uid for row in rows})
        if len(uids) > 1:
            raise UnknownName(f"{len(uids)} runs begin with {prefix!r}: give more of it, such as {uids[0][:12]!r}")
        return self._runs(rows)[-1]

    def _between(self, key: slice) -> RunList:
        """A negative bound counts from the newest, another is a scan_id."""
        if key.start is not None and key.start < 0 and (key.stop is None or key.stop < 0):
            most = min(-key.start, _LARGEST)
            rows = self.index.rows(order=f"{NEWEST_FIRST} LIMIT {most}", of_newest=most <= NEWEST)[::-1]
            return self._runs(rows[: key.stop : key.step])
        conditions = ["1"]
        if key.start is not None and key.start >= 0:
            conditions.append(f"scan_id >= {int(key.start)}")
        if key.stop is not None and key.stop >= 0:
            conditions.append(f"scan_id < {int(key.stop)}")
        with self.index.question():
            count = len(self)
            first = max(0, count + key.start) if key.start is not None and key.start < 0 else 0
            end = max(0, count + key.stop) if key.stop is not None and key.stop < 0 else count
            window = f"SELECT path FROM runs ORDER BY {OLDEST_FIRST} LIMIT {max(0, end - first)} OFFSET {first}"
            rows = self.index.rows(f"path IN ({window}) AND {' AND '.join(conditions)}")
        return self._runs(rows[:: key.step])

    def _runs(self, rows: list[Row]) -> RunList:
        return self._listed(self.folder / row.path for row in rows)

    def _listed(self, paths: Iterable[Path]) -> RunList:
        """The runs in these files."""
        from beamshell.store.run import Run
        from beamshell.store.run_list import RunList

        return RunList(Run(path, self._assets, self._by_uid, self.amendments) for path in paths)


def _count(number: int) -> str:
    return f"more than {_MOST_COUNTED} runs" if number > _MOST_COUNTED else counted(number, "run")


def _holds(start: Document, metadata: dict[str, Any], text: str) -> bool:
    if not all(key in start and start[key] == value for key, value in metadata.items()):
        return False
    return text.casefold() in repr(start).casefold()


def _seconds(moment: Moment) -> float:
    if isinstance(moment, datetime.timedelta):
        return (datetime.datetime.now() - moment).timestamp()
    if isinstance(moment, str):
        try:
            moment = datetime.datetime.fromisoformat(moment)
        except ValueError as exc:
            raise UsageError(f"{moment!r} is no date: write it like '2026-11-22' or '2026-11-22 08:00'") from exc
    return moment.timestamp() if isinstance(moment, datetime.datetime) else float(moment)
