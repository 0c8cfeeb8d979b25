"""Discretion: which happenings are told, when, and how many in one message: kinds, rates, and quiet hours.

Pure: happenings and the time in, messages out.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from beamshell.errors import ConfigError
from beamshell.follow.happenings import KINDS, URGENT, Happening
from beamshell.text.nearest import did_you_mean

_MOST_KNOWN = 500
_MOST_IN_ONE = 20
"""Happenings that a message names one by one."""


class Message(NamedTuple):
    """What is sent.

    Attributes:
        title: one line.
        text: the rest; may be "".
        happenings: what it tells.
    """

    title: str
    text: str
    happenings: Sequence[Happening]


class Discretion:
    """Holds back what nobody wants now, and tells it later in one message.

    Args:
        kinds: of happenings that are told; None is all.
        at_most_every_s: seconds between two messages of one kind; what comes meanwhile is told together.
        quiet: hours in which only urgent kinds are told, such as "22:00-07:00"; "" for none. The rest comes after them.

    Raises:
        ConfigError: there is no such kind, or the hours are no hours.
    """

    def __init__(self, kinds: Collection[str] | None = None, at_most_every_s: float = 60.0, quiet: str = "") -> None:
        for kind in kinds or ():
            if kind not in KINDS:
                raise ConfigError(f"no kind '{kind}' of happenings{did_you_mean(kind, KINDS, most=0) or ''}")
        self._kinds = KINDS.keys() if kinds is None else kinds
        self._at_most_every_s = at_most_every_s
        self._quiet = _hours(quiet)
        self._held: list[Happening] = []
        self._known: deque[str] = deque(maxlen=_MOST_KNOWN)  # keys of happenings that were offered
        self._sent_at: dict[str, float] = {}

    def offer(self, happenings: Iterable[Happening]) -> None:
        """Take happenings; those of kinds that are not wanted, and those that came before, are forgotten."""
        for happening in happenings:
            mark = f"{happening.kind} {happening.key}"
            if happening.kind in self._kinds and mark not in self._known:
                self._known.append(mark)
                self._held.append(happening)

    def messages(self, now: float) -> list[Message]:
        """The messages that are due: one a kind, with all its happenings. They stay due until `sent` is called.

        Args:
            now: seconds since 1970-01-01 UTC.
        """
        is_quiet = self._is_quiet(now)
        by_kind: dict[str, list[Happening]] = {}
        for happening in self._held:
            may_come = happening.kind in URGENT or not is_quiet
            if may_come and now - self._sent_at.get(happening.kind, -self._at_most_every_s) >= self._at_most_every_s:
                by_kind.setdefault(happening.kind, []).append(happening)
        return [_message(kind, happenings) for kind, happenings in by_kind.items()]

    def sent(self, message: Message, now: float) -> None:
        """Note that a message has arrived."""
        told = {happening.key for happening in message.happenings}
        kind = message.happenings[0].kind
        self._held = [each for each in self._held if each.kind != kind or each.key not in told]
        self._sent_at[kind] = now

    def memory(self) -> dict[str, Any]:
        """What it must remember to go on in another process; plain JSON."""
        held = [list(happening) for happening in self._held]
        return {"held": held, "known": list(self._known), "sent_at": dict(self._sent_at)}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on with what `memory` gave."""
        self._held = [Happening(*fields) for fields in memory["held"]]
        self._known.extend(memory["known"])
        self._sent_at = dict(memory["sent_at"])

    def _is_quiet(self, now: float) -> bool:
        if self._quiet is None:
            return False
        begin, end = self._quiet
        moment = datetime.datetime.fromtimestamp(now).time()
        return begin <= moment < end if begin <= end else not end <= moment < begin


def _message(kind: str, happenings: Sequence[Happening]) -> Message:
    if len(happenings) == 1:
        return Message(happenings[0].title, happenings[0].text, happenings)
    lines = [happening.title for happening in happenings[-_MOST_IN_ONE:]]
    if len(happenings) > _MOST_IN_ONE:
        lines.insert(0, f"... {len(happenings) - _MOST_IN_ONE} more before these")
    return Message(f"{len(happenings)} times: {KINDS[kind].partition(':')[0]}", "\n".join(lines), happenings)


def _hours(text: str) -> tuple[datetime.time, datetime.time] | None:
    if not text:
        return None
    try:
        begin, end = (datetime.time.fromisoformat(part.strip().zfill(5)) for part in text.split("-"))
    except ValueError as exc:
        raise ConfigError(f"'{text}' are no quiet hours: write them like 22:00-07:00") from exc
    return begin, end
