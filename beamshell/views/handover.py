"""Handover: what happened in a shift, as a page in Markdown and as a few lines: scans, positions, time lost, comments.

Pure: runs, incidents and entries of the console log in, text out. It knows no file, no device and no clock.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from beamshell.errors import UsageError
from beamshell.text.lists import listed
from beamshell.text.numbers import counted
from beamshell.text.times import clock_time, date_and_time, duration, is_duration, parse_duration
from beamshell.views.incidents import Entry, Incident, Kind, value_text

AMENDED = "amended"
"""The kind of entries about metadata of a run that were corrected."""
COMMENTS = ("comment", "tag", AMENDED, "sample", "user", "proposal")
"""The kinds of entries that people write about their work."""
FOREIGN = "foreign"
"""The kind of entries about motion that somebody else has caused."""

_DAY = datetime.timedelta(days=1)
_NAME_OF_REASON = re.compile(r"^(.*?) (?:is|has|reads|was) ")
_MOST_IN_SUMMARY = 4
_NOT_SAID = ("uid", "scan", "operator")
_HOW = "write 8h, since 22:00, since 2026-11-28 or today"


class ScanRecord(NamedTuple):
    """A run of the shift.

    Attributes:
        number: its scan_id; None if it has none.
        begin: when it began, in seconds since 1970-01-01 UTC.
        end: when it ended; None while it is open.
        command: as it was typed, or its plan.
        points: the number of its points.
        planned: how many it was to have; None if that is not known.
        status: "success", "abort", "fail" or "open".
        reason: why it ended so; "" for none.
    """

    number: int | None
    begin: float
    end: float | None
    command: str
    points: int
    planned: int | None
    status: str
    reason: str

    @property
    def is_complete(self) -> bool:
        """True if it came to its own end."""
        return self.status == "success" and (self.planned is None or self.points >= self.planned)

    @property
    def point_words(self) -> str:
        """Such as "21" or "7 of 21"."""
        return str(self.points) if self.planned in (None, self.points) else f"{self.points} of {self.planned}"


class Change(NamedTuple):
    """Where a motor was at the begin and at the end of a shift, with its unit."""

    device: str
    before: str
    after: str


class Loss(NamedTuple):
    """Time that was lost to one cause.

    Attributes:
        cause: such as "ring" or "paused by a person".
        times: how often.
        seconds: how long altogether.
        example: the last reason in words.
    """

    cause: str
    times: int
    seconds: float
    example: str


class Shift:
    """What happened from one moment to another.

    Args:
        begin: in seconds since 1970-01-01 UTC.
        end: likewise.
        scans: the runs that began in it, the oldest first.
        incidents: those that touch it, in the order of time.
        entries: the entries of the console log in it, the oldest first.
    """

    def __init__(
        self,
        begin: float,
        end: float,
        scans: Sequence[ScanRecord],
        incidents: Iterable[Incident],
        entries: Sequence[Entry],
    ) -> None:
        self.begin, self.end = begin, end
        self.scans = list(scans)
        self.incidents = [one for one in incidents if one.time <= end and (one.lasts or one.over_at >= begin)]
        self.entries = entries

    # ---- what it was made of -----------------------------------------------------------------

    @property
    def changes(self) -> list[Change]:
        """The motors that are elsewhere than before, by the moves that the console log has."""
        first: dict[str, Entry] = {}
        last: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.kind == "moved":
                name = str(entry.facts.get("device"))
                first.setdefault(name, entry)
                last[name] = entry
        changes = [
            Change(name, value_text(first[name].facts, "origin"), value_text(last[name].facts, "place"))
            for name in first
        ]
        return [change for change in changes if change.before != change.after]

    @property
    def losses(self) -> list[Loss]:
        """To what time was lost, the longest first."""
        causes: dict[str, list[tuple[float, str]]] = {}
        for incident in self.incidents:
            seconds = self._seconds_in_shift(incident)
            if seconds > 0:
                causes.setdefault(_cause_of(incident), []).append((seconds, incident.reason))
        for scan in self.scans:
            if scan.end is not None and not scan.is_complete:
                cause = {"fail": "scans that failed"}.get(scan.status, "scans that were ended early")
                causes.setdefault(cause, []).append((scan.end - scan.begin, scan.reason))
        losses = [
            Loss(cause, len(times), sum(seconds for seconds, _ in times), times[-1][1])
            for cause, times in causes.items()
        ]
        return sorted(losses, key=lambda loss: -loss.seconds)

    @property
    def seconds_lost(self) -> float:
        """Seconds in which nothing was measured that came to its end; what overlaps counts once."""
        spans = [(one.time, self._end_of(one)) for one in self.incidents if self._seconds_in_shift(one) > 0]
        spans += [(scan.begin, scan.end) for scan in self.scans if scan.end is not None and not scan.is_complete]
        total, reached = 0.0, self.begin
        for begin, end in sorted(spans):
            total += max(0.0, min(end, self.end) - max(begin, reached))
            reached = max(reached, min(end, self.end))
        return total

    def _end_of(self, incident: Incident) -> float:
        """When it was over: of a console that died in a plan, when a console was opened again."""
        if incident.kind is Kind.DIED and incident.plan_since is not None:
            opened = (entry.time for entry in self.entries if entry.kind == "opened" and entry.time > incident.time)
            return min(next(opened, self.end), self.end)
        return self.end if incident.lasts else incident.over_at

    def _seconds_in_shift(self, incident: Incident) -> float:
        return max(0.0, min(self._end_of(incident), self.end) - max(incident.time, self.begin))

    def _of(self, *kinds: Kind) -> list[Incident]:
        return [incident for incident in self.incidents if incident.kind in kinds]

    # ---- in words ----------------------------------------------------------------------------

    def summary(self) -> list[str]:
        """The shift in a few lines."""
        complete = sum(scan.is_complete for scan in self.scans)
        numbers = [scan.number for scan in self.scans if scan.number is not None]
        which = f" ({min(numbers)} to {max(numbers)})" if len(numbers) > 1 else f" ({numbers[0]})" if numbers else ""
        lines = [f"{self._span()}: {counted(len(self.scans), 'scan')}{which}, {complete} complete"]
        if losses := self.losses:
            parts = [f"{loss.cause} {duration(loss.seconds)}" for loss in losses]
            lines.append(f"lost {duration(self.seconds_lost)}: {listed(parts, _MOST_IN_SUMMARY)}")
        if changes := self.changes:
            parts = [f"{change.device} {change.before} -> {change.after}" for change in changes]
            lines.append(f"moved: {listed(parts, _MOST_IN_SUMMARY)}")
        for kind, words in ((Kind.FAILED, "failed"), (Kind.ENDED, "ended by a person"), (Kind.DIED, "consoles died")):
            if its_incidents := self._of(kind):
                last = its_incidents[-1]
                reason = f": {_first_line(last.reason)}" if last.reason else ""
                lines.append(f"{words}: {len(its_incidents)}, the last at {clock_time(last.time, self.end)}{reason}")
        if refused := self._of(Kind.REFUSED):
            lines.append(f"refused: {counted(len(refused), 'line')}")
        return lines

    def page(self, title: str) -> str:
        """The shift as a page in Markdown.

        Args:
            title: such as "Handover of BL7".
        """
        begin, end = date_and_time(self.begin)[:16], date_and_time(self.end)[:16]
        parts = [f"# {title}", "", f"From {begin} to {end} ({duration(self.end - self.begin)}).", ""]
        parts += [f"- {line}" for line in self.summary()[:1]]
        parts += self._table("Scans", ["scan", "began", "command", "points", "status"], self._scan_rows())
        parts += self._table(
            "Positions changed", ["motor", "before", "after"], [list(change) for change in self.changes]
        )
        parts += self._table(
            "Time lost",
            ["to", "times", "lost", "last reason"],
            [[loss.cause, str(loss.times), duration(loss.seconds), _first_line(loss.example)] for loss in self.losses],
        )
        if self.losses:
            parts += ["", f"Altogether {duration(self.seconds_lost)}; what overlaps counts once."]
        waits = self._of(Kind.SUSPENDED, Kind.PAUSED)
        parts += self._table(
            "Suspensions and pauses", ["from", "for", "what", "why"], [self._wait_row(w) for w in waits]
        )
        ends = self._of(Kind.FAILED, Kind.ENDED, Kind.DIED)
        parts += self._table("Failures, aborts, consoles that died", ["at", "what", "how", "why"], self._rows_of(ends))
        parts += self._table(
            "Lines that were refused", ["at", "line", "", "why"], self._rows_of(self._of(Kind.REFUSED))
        )
        foreign = [self._foreign_row(entry) for entry in self.entries if entry.kind == FOREIGN]
        parts += self._table("Moved by somebody else", ["at", "device", "what", "scan"], foreign)
        said = sorted((entry for entry in self.entries if entry.kind in COMMENTS), key=lambda entry: entry.time)
        comments = [self._comment_row(entry) for entry in said]
        parts += self._table("Comments and samples", ["at", "who", "what", "text"], comments)
        return "\n".join(parts) + "\n"

    def _span(self) -> str:
        return f"{clock_time(self.begin, self.end)[:-3]} to {clock_time(self.end, self.end)[:-3]}"

    def _table(self, heading: str, columns: list[str], rows: list[list[str]]) -> list[str]:
        if not rows:
            return ["", f"## {heading}", "", "None."]
        cells = [columns, ["---"] * len(columns), *([_cell(text) for text in row] for row in rows)]
        return ["", f"## {heading}", "", *(f"| {' | '.join(row)} |" for row in cells)]

    def _scan_rows(self) -> list[list[str]]:
        return [
            [
                "" if scan.number is None else str(scan.number),
                clock_time(scan.begin, self.end),
                scan.command,
                scan.point_words,
                f"{scan.status}: {_first_line(scan.reason)}" if scan.reason else scan.status,
            ]
            for scan in self.scans
        ]

    def _wait_row(self, incident: Incident) -> list[str]:
        lasted = duration(self._seconds_in_shift(incident)) + (" so far" if incident.lasts else "")
        what = f"{incident.subject} {incident.kind}"
        return [clock_time(incident.time, self.end), lasted, what, _first_line(incident.reason)]

    def _rows_of(self, incidents: list[Incident]) -> list[list[str]]:
        return [
            [clock_time(one.time, self.end), one.subject, str(one.kind), _first_line(one.reason)] for one in incidents
        ]

    def _foreign_row(self, entry: Entry) -> list[str]:
        facts = entry.facts
        return [clock_time(entry.time, self.end), *(_said(facts.get(key)) for key in ("device", "what", "scan"))]

    def _comment_row(self, entry: Entry) -> list[str]:
        facts, scan = entry.facts, entry.facts.get("scan")
        about = f" (scan {scan})" if scan is not None else ""
        said = [_said(value) for key, value in facts.items() if key not in _NOT_SAID and value is not None]
        return [clock_time(entry.time, self.end), _said(facts.get("operator")), entry.kind, f"{listed(said)}{about}"]


def _said(value: object) -> str:
    return "" if value is None else str(value)


def _cause_of(incident: Incident) -> str:
    if incident.kind is Kind.DIED:
        return "consoles that died"
    if incident.kind is Kind.PAUSED:
        return "pauses"
    match = _NAME_OF_REASON.match(incident.reason)
    return f"waiting for {match[1] if match else _first_line(incident.reason) or 'a suspender'}"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _cell(text: str) -> str:
    """Text that leaves a table of Markdown whole."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


# ---- the beginning of a shift -----------------------------------------------------------------


def beginning(words: Sequence[str], now: float) -> float:
    """When a shift began, in seconds since 1970-01-01 UTC.

    Args:
        words: ["8h"], ["today"], or ["since"] and a time, a date, or both.
        now: the present moment, likewise.

    Raises:
        UsageError: they are no time in the past.
    """
    first, *rest = words
    present = datetime.datetime.fromtimestamp(now)
    if first == "today" and not rest:
        return present.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    if first == "since" and rest:
        return _moment(" ".join(rest), present)
    if not rest and is_duration(first) and not first[-1].isdigit():
        return now - parse_duration(first)
    raise UsageError(f"'{' '.join(words)}' is no time to begin at: {_HOW}")


def _moment(text: str, present: datetime.datetime) -> float:
    try:
        moment = datetime.datetime.fromisoformat(text)
        moment = moment.astimezone().replace(tzinfo=None)
    except ValueError:
        moment = _last_time_of_day(text, present)
    if moment > present:
        raise UsageError(f"'{text}' is yet to come: {_HOW}")
    return moment.timestamp()


def _last_time_of_day(text: str, present: datetime.datetime) -> datetime.datetime:
    """The last moment at which the clock showed this time of day."""
    hour, _, minute = text.partition(":")
    try:
        time = datetime.time(int(hour), int(minute or 0))
    except ValueError:
        raise UsageError(f"'{text}' is neither a time of day nor a date: {_HOW}") from None
    moment = datetime.datetime.combine(present.date(), time)
    return moment if moment <= present else moment - _DAY
