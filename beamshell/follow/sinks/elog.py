"""ElogSink: writes entries into an ELOG of PSI, as its own page does: a form that is posted.

The text of an entry ends with a key, by which a doubtful one is looked for before it is written again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from beamshell.errors import SinkDown
from beamshell.follow.discretion import Message
from beamshell.follow.logbook import Logbook
from beamshell.follow.picture import Picture
from beamshell.follow.sha256_crypt import sha256_crypt

_HASHED = "$5$$"
"""What the hash of a password begins with, in ELOG's password file."""

_LISTED = re.compile(r'href="(?:[^"]*/)?(\d+)(?:[?#][^"]*)?"')
_PROBLEM = re.compile(r'class="?errormsg"?[^>]*>(.*?)</td>', re.DOTALL)
_MOST_SEARCHED = 20


class ElogSink(Logbook):
    """Writes each happening as an entry.

    Args:
        url: of the logbook, such as "https://elog.example.org/Beamline".
        user: who writes; "" for a logbook without users.
        password: of that user, or its hash as ELOG's password file has it, which begins with $5$$.
        attributes: of each entry, such as {"Author": "beamshell", "Category": "Scan"}.
        subject: the attribute that is the title.
        settings: those of a `Logbook` and a `Messenger`.

    Raises:
        ConfigError: a setting is wrong, or httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        user: str = "",
        password: str = "",
        attributes: Mapping[str, str] | None = None,
        subject: str = "Subject",
        **settings: Any,
    ) -> None:
        super().__init__(url, user, password, **settings)
        self._attributes = {_field(name): str(value) for name, value in (attributes or {}).items()}
        self._subject = _field(subject)
        self._hash = ""

    def has_entry(self, key: str) -> bool:
        """Whether the text of an entry has this key.

        Raises:
            SinkDown: ELOG does not say so.
        """
        words = {"mode": "summary", "reverse": "1", "npp": str(_MOST_SEARCHED), "subtext": key}
        page = self._page(f"{self.url}/", words)
        numbers = list(dict.fromkeys(_LISTED.findall(page)))  # the page has the key anyway, as what was looked for
        entries = (self._page(f"{self.url}/{number}", {"cmd": "download"}) for number in numbers[:_MOST_SEARCHED])
        return any(key in entry for entry in entries)

    def write_entry(self, message: Message, picture: Picture | None) -> None:
        """Write an entry.

        Raises:
            SinkDown: ELOG does not take it.
        """
        fields = {"cmd": "Submit", "exp": urlsplit(self.url).path.rpartition("/")[2]} | self._login()
        fields |= self._attributes | {self._subject: message.title, "Encoding": "plain"}
        fields["Text"] = f"{message.text}\n\nbeamshell {message.key}".strip()
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
        if picture is not None:
            parts.append(("attfile1", (picture.name, picture.png, "image/png")))
        answer = self.ask("POST", f"{self.url}/", files=parts)
        number = urlsplit(answer.headers.get("Location", "")).path.rpartition("/")[2]
        if answer.status_code != 302 or not number.isdigit():
            raise SinkDown(f"{self.url} takes no entry: {self._refusal(answer)}")

    def _login(self) -> dict[str, str]:
        """The user and the hash of the password, as a browser sends them."""
        if self.password and not self._hash:
            is_hash = self.password.startswith(_HASHED)
            self._hash = self.password.removeprefix(_HASHED) if is_hash else sha256_crypt(self.password)
        return {"unm": self.user, "upwd": self._hash} if self.user else {}

    def _page(self, url: str, words: Mapping[str, str]) -> str:
        """A page; "" if there is none of this address."""
        cookie = "; ".join(f"{name}={value}" for name, value in self._login().items())
        answer = self.ask("GET", url, params=words, headers={"Cookie": cookie} if cookie else {})
        if answer.status_code == 404:
            return ""
        if answer.status_code != 200 or _asks_for_password(answer.text):
            raise SinkDown(f"{self.url} does not search: {self._refusal(answer)}")
        return str(answer.text)

    def _refusal(self, answer: Any) -> str:
        """Why ELOG refuses, in one line."""
        if "fail" in answer.headers.get("Location", "") or _asks_for_password(answer.text):
            return "wrong user or password"
        if problem := _PROBLEM.search(answer.text):
            return " ".join(re.sub(r"<[^>]*>", " ", problem[1]).split())
        return f"{answer.status_code} {answer.reason_phrase}"


def _field(attribute: str) -> str:
    """The name of an attribute in the form."""
    return re.sub(r"[^0-9A-Za-z]", "_", attribute)


def _asks_for_password(page: str) -> bool:
    return "type=password" in page or 'type="password"' in page or "form name=form1" in page
