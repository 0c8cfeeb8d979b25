"""OlogSink: writes entries into a Phoebus Olog, over its REST form.

An entry has the property "beamshell" with a key, by which a doubtful one is looked for before it is written again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.discretion import Message
from beamshell.follow.logbook import Logbook
from beamshell.follow.picture import Picture

_PROPERTY = "beamshell"
_TOO_LARGE = 413
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|])")


class OlogSink(Logbook):
    """Writes each happening as an entry.

    Args:
        url: of the service, such as "https://olog.example.org/Olog".
        logbooks: into which an entry is written; they exist already.
        tags: of each entry; they exist already.
        level: of the entries; or one for each kind of happenings, such as {"failed": "Problem"}, the others are "Info".
        settings: those of a `Logbook` and a `Messenger`.

    Raises:
        ConfigError: a setting is wrong, or httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        logbooks: Sequence[str],
        tags: Sequence[str] = (),
        level: str | Mapping[str, str] = "Info",
        **settings: Any,
    ) -> None:
        super().__init__(url, **settings)
        if isinstance(logbooks, str) or not logbooks:
            raise ConfigError('logbooks is a list of one logbook or more: ["Operations"]')
        self._logbooks, self._tags, self._level = list(logbooks), list(tags), level

    def has_entry(self, key: str) -> bool:
        """Whether an entry has this key.

        Raises:
            SinkDown: Olog does not say so.
        """
        words = {"properties": f"{_PROPERTY}.key.{key}"}
        answer = self.ask("GET", f"{self.url}/logs/search", params=words, auth=self._auth())
        if answer.status_code != 200:
            raise SinkDown(f"{self.url} does not search: {answer.status_code} {answer.reason_phrase}")
        try:
            return any(_key_of(log) == key for log in answer.json()["logs"])
        except (ValueError, LookupError, TypeError, AttributeError) as exc:
            raise SinkDown(f"{self.url}/logs/search does not answer as Olog does") from exc

    def write_entry(self, message: Message, picture: Picture | None) -> None:
        """Write an entry; one whose picture is too large goes without it.

        Raises:
            SinkDown: Olog does not take it.
        """
        entry = self._entry(message, picture)
        parts: list[tuple[str, Any]] = [("logEntry", (None, json.dumps(entry), "application/json"))]
        if picture is not None:
            parts.append(("files", (picture.name, picture.png, "image/png")))
        markup = {"markup": "commonmark"}
        answer = self.ask("PUT", f"{self.url}/logs/multipart", params=markup, files=parts, auth=self._auth())
        if answer.status_code == _TOO_LARGE and picture is not None:
            self.write_entry(message, None)
        elif answer.status_code != 200:
            raise SinkDown(f"{self.url} takes no entry: {answer.status_code} {_reason(answer)}")
        elif not _is_entry(answer):  # such as the page of a login before it
            raise SinkDown(f"{self.url}/logs/multipart does not answer as Olog does")

    @property
    def place(self) -> str:
        """Where its entries are, in words."""
        return f"{', '.join(self._logbooks)} of {self.url}"

    def _auth(self) -> tuple[str, str] | None:
        return (self.user, self.password) if self.user else None

    def _entry(self, message: Message, picture: Picture | None) -> dict[str, Any]:
        paragraphs = [_MARKUP.sub(r"\\\1", line) for line in message.text.splitlines() if line]
        attachments = []
        if picture is not None:
            identity = f"{message.key}-{picture.name}"
            attachments.append({"id": identity, "filename": picture.name, "fileMetadataDescription": "image/png"})
            paragraphs.append(f"![{picture.name}](attachment/{identity})")
        attributes = {"key": message.key}
        if message.happenings and (run := message.happenings[-1].run):
            attributes["run"] = run
        facts = [{"name": name, "value": value} for name, value in attributes.items()]
        return {
            "title": message.title,
            "description": "\n\n".join(paragraphs),
            "level": self._level_of(message),
            "logbooks": [{"name": name} for name in self._logbooks],
            "tags": [{"name": name} for name in self._tags],
            "properties": [{"name": _PROPERTY, "attributes": facts}],
            "attachments": attachments,
        }

    def _level_of(self, message: Message) -> str:
        if isinstance(self._level, str):
            return self._level
        return self._level.get(message.happenings[0].kind, "Info") if message.happenings else "Info"


def _key_of(log: Mapping[str, Any]) -> str:
    """The key of an entry that beamshell has written; "" for others."""
    for each in log.get("properties") or ():
        if each.get("name") == _PROPERTY:
            return next((str(one.get("value")) for one in each.get("attributes") or () if one.get("name") == "key"), "")
    return ""


def _is_entry(answer: Any) -> bool:
    try:
        return "id" in answer.json()
    except (ValueError, TypeError):
        return False


def _reason(answer: Any) -> str:
    """What Olog says of a refusal, in one line."""
    try:
        return str(answer.json()["message"])
    except (ValueError, LookupError, TypeError):
        return str(answer.reason_phrase)
