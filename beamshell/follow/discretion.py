"""Discretion: which happenings are told, when, and how many in one message: kinds, rates, and quiet hours.

Pure: happenings and the time in, messages out.
"""

from __future__ import annotations

import datetime
import hashlib
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
        is_repeated: it was sent before, and nobody knows whether it has arrived.
    """

    title: str
    text: str
    happenings: Sequence[Happening]
    is_repeated: bool = False

    @property
    def key(self) -> str:
        """Letters and digits that no other message has, and this one always, also after a restart."""
        parts = [f"{happening.kind} {happening.key}" for happening in self.happenings] or [self.title]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


class Discretion:
    """Holds back what nobody wants now, and tells it later in one message.

    Args:
        kinds: of happenings that are told; None is all.
        at_most_every_s: seconds between two messages of one kind; what comes meanwhile is told together. With 0 each
            happening is a message of its own.
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
        self._tried: dict[str, list[str]] = {}  # by kind: the keys in the message that may or may not have arrived

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
        groups: dict[tuple[str, str], list[Happening]] = {}
        for happening in self._held:
            kind = happening.kind
            if (kind in URGENT or not is_quiet) and not self._came_lately(kind, now):
                groups.setdefault((kind, "" if self._at_most_every_s else happening.key), []).append(happening)
        return [self._message(kind, happenings) for (kind, _key), happenings in groups.items()]

    def sending(self, message: Message) -> None:
        """Note that a message is about to be sent: until `sent` is called it stays as it is, and is repeated."""
        self._tried[message.happenings[0].kind] = [happening.key for happening in message.happenings]

    def sent(self, message: Message, now: float) -> None:
        """Note that a message has arrived."""
        keys = {happening.key for happening in message.happenings}
        kind = message.happenings[0].kind
        self._held = [each for each in self._held if each.kind != kind or each.key not in keys]
        self._tried.pop(kind, None)
        self._sent_at[kind] = now

    def holds(self, kind: str) -> bool:
        """Whether a happening of a kind has not arrived yet."""
        return any(happening.kind == kind for happening in list(self._held))

    def memory(self) -> dict[str, Any]:
        """What it must remember to go on in another process; plain JSON."""
        held = [[*happening[:-1], dict(happening.facts)] for happening in self._held]
        return {"held": held, "known": list(self._known), "sent_at": dict(self._sent_at), "tried": dict(self._tried)}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on with what `memory` gave."""
        self._held = [Happening(*fields) for fields in memory["held"]]
        self._known.extend(memory["known"])
        self._sent_at = dict(memory["sent_at"])
        self._tried = dict(memory["tried"])

    def _came_lately(self, kind: str, now: float) -> bool:
        """Whether a message of a kind was sent too short ago; a clock that was set back holds nothing up."""
        return kind in self._sent_at and 0 <= now - self._sent_at[kind] < self._at_most_every_s

    def _message(self, kind: str, happenings: Sequence[Happening]) -> Message:
        tried = [happening for happening in happenings if happening.key in self._tried.get(kind, ())]
        return _message(kind, tried or happenings, is_repeated=bool(tried))

    def _is_quiet(self, now: float) -> bool:
        if self._quiet is None:
            return False
        begin, end = self._quiet
        moment = datetime.datetime.fromtimestamp(now).time()
        return begin <= moment < end if begin <= end else not end <= moment < begin


def _message(kind: str, happenings: Sequence[Happening], *, is_repeated: bool) -> Message:
    if len(happenings) == 1:
        return Message(happenings[0].title, happenings[0].text, happenings, is_repeated)
    lines = [happening.title for happening in happenings[-_MOST_IN_ONE:]]
    if len(happenings) > _MOST_IN_ONE:
        lines.insert(0, f"... {len(happenings) - _MOST_IN_ONE} more before these")
    title = f"{len(happenings)} times: {KINDS[kind].partition(':')[0]}"
    return Message(title, "\n".join(lines), happenings, is_repeated)


def _hours(text: str) -> tuple[datetime.time, datetime.time] | None:
    if not text:
        return None
    try:
        begin, end = (datetime.time.fromisoformat(part.strip().zfill(5)) for part in text.split("-"))
    except ValueError as exc:
        raise ConfigError(f"'{text}' are no quiet hours: write them like 22:00-07:00") from exc
    return begin, end
