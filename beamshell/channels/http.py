"""HttpChannel: one value in the JSON answers of a web service.

An address is a URL whose fragment is a JSON pointer (RFC 6901): "http://cam.local/api/exposure#/value".
It knows no signal. Secrets are read from the environment only.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from typing_extensions import override

from beamshell.channels.deferred import library, once, require
from beamshell.channels.polled import PolledChannel, Read
from beamshell.channels.value_info import ValueInfo, index_of, info_like
from beamshell.errors import BadValue, NotConnected, ReadFailed, WriteFailed
from beamshell.protocols import Reading

_QUOTED_LENGTH = 80  # characters of an answer that a message quotes
_WRITE_ONLY = 405  # Method Not Allowed, in answer to a GET


@once
def _client(scheme: str) -> Any:
    """The client that keeps its connections; it uses neither proxies nor the .netrc of the account."""
    encrypted = scheme == "https"
    return library("httpx").Client(trust_env=False, verify=encrypted)  # for the others certificates take 0.1 s to load


class HttpChannel(PolledChannel):
    """One value of a web service.

    It is read by GET and written by a JSON body of the same form. Unit, precision, limits and states are taken from
    what stands beside the value in the answer: "units" or "unit", "precision", "min", "max", "choices" or
    "allowed_values"; "timestamp" is its time.

    Args:
        name: host, port, path, query, and the pointer behind "#"; without one the whole answer is the value.
        method: how it is written: "PUT", "POST" or "PATCH".
        busy: JSON pointer into the answer to a value that is true while a started action goes on.
        units: of the value, if the answer does not say.
        precision: digits worth showing, likewise.
        limits: lowest and highest value, likewise.
        choices: names of the states, likewise.
        poll_s: seconds between two questions while somebody subscribes.
        timeout_s: seconds until the server has failed to answer.
        options: those of every channel: string, array_dtype, allow_nan.
    """

    scheme = "http"
    needs = "httpx"
    remedy = "check the address and that its server runs"

    def __init__(
        self,
        name: str,
        *,
        method: str = "PUT",
        busy: str = "",
        units: str = "",
        precision: int | None = None,
        limits: tuple[float, float] = (0.0, 0.0),
        choices: tuple[str, ...] = (),
        poll_s: float = 0.5,
        timeout_s: float = 3.0,
        **options: Any,
    ) -> None:
        super().__init__(self.scheme, name, poll_s=poll_s, **options)
        require("httpx", "http")
        url, _, self._pointer = name.partition("#")
        self._url = f"{self.scheme}://{url}"
        self._host = url.partition("/")[0]
        if "@" in self._host:
            raise BadValue(f"an address must hold no password: set {_variable('USER', self._host.rpartition('@')[2])}")
        self._method = method
        self._busy = busy
        self._declared = ValueInfo("<f8", False, units, precision, tuple(choices), *limits)
        self._timeout_s = timeout_s
        self._is_write_only = False
        self._written: Any = 0.0
        self._example: Any = None

    # ---- the questions

    @override
    def read_info(self) -> tuple[ValueInfo, Any]:
        answer = self._answered(self._ask("GET"))
        self._is_write_only = answer.status_code == _WRITE_ONLY
        if self._is_write_only:
            return info_like(self._written), self._written
        document = self._parsed(answer)
        info = self._info_in(document)
        return info, self._value_in(document, info.choices)

    @override
    def read_value(self) -> Reading:
        if self._is_write_only:
            return {"value": self._written, "timestamp": time.time()}
        return self._reading_in(self._ask("GET"))

    @property
    @override
    def shares_requests_by(self) -> Hashable:
        return id(self) if self._is_write_only else (self._url, self._timeout_s)

    @override
    def read_together(self, channels: Sequence[HttpChannel]) -> list[Read]:
        if self._is_write_only:
            return super().read_together(channels)
        answer = self._ask("GET")
        return [partial(channel._reading_in, answer) for channel in channels]

    def _reading_in(self, answer: Any) -> Reading:
        document = self._parsed(answer)
        value = self._value_in(document, self._info.choices)
        timestamp = _number(beside(document, self._pointer).get("timestamp"))
        return {"value": value, "timestamp": time.time() if timestamp is None else timestamp}

    @override
    def write(self, value: Any) -> None:
        answer = self._answered(self._ask(self._method, nested(self._pointer, self._as_json(value))))
        if not answer.is_success:
            raise WriteFailed(f"{self.name}: {self._refusal(answer)}")
        self._written = value

    @override
    def is_busy(self) -> bool:
        return bool(self._busy) and bool(self._value_at(self._parsed(self._ask("GET")), self._busy))

    # ---- on the wire

    def _ask(self, method: str, body: Any = None) -> Any:
        """The server's answer, or the exception because of which there is none; each channel makes its own of it."""
        httpx = library("httpx")
        try:
            return _client(self.scheme).request(
                method,
                self._url,
                timeout=self._timeout_s,
                headers=credentials(os.environ, self._host),
                **({} if method == "GET" else {"json": body}),
            )
        except (httpx.InvalidURL, httpx.TransportError) as exc:
            return exc

    def _answered(self, answer: Any) -> Any:
        """The answer, if there is one; otherwise the exception in our words."""
        if not isinstance(answer, Exception):
            return answer
        httpx = library("httpx")
        if isinstance(answer, httpx.InvalidURL):
            raise NotConnected(f"{self.name}: {answer}: check the address") from answer
        if isinstance(answer, httpx.ReadTimeout):
            raise ReadFailed(
                f"{self.name} did not answer within {self._timeout_s:g} s: is its server busy, or timeout_s too short?"
            ) from answer
        raise NotConnected(f"{self.name}: {str(answer) or type(answer).__name__}: {self.lost}") from answer

    def _parsed(self, answer: Any) -> Any:
        answer = self._answered(answer)
        if not answer.is_success:
            raise ReadFailed(f"{self.name}: {self._refusal(answer)}")
        try:
            return answer.json()
        except ValueError as exc:
            raise ReadFailed(f"{self.name}: the answer is not JSON but {answer.text[:_QUOTED_LENGTH]!r}") from exc

    def _refusal(self, answer: Any) -> str:
        status = f"it answered {answer.status_code} {answer.reason_phrase}"
        if answer.status_code in (401, 403):
            token, user, password = (_variable(word, self._host) for word in ("TOKEN", "USER", "PASSWORD"))
            return f"{status}: set {token}, or {user} and {password}, in the environment"
        if answer.is_redirect:
            return f"{status}: use the address {answer.headers.get('location', 'that it moved to')}"
        return f"{status}: {answer.text[:_QUOTED_LENGTH].strip() or 'check the path'}"

    # ---- the answer

    def _value_at(self, document: Any, pointer: str) -> Any:
        try:
            return pointed(document, pointer)
        except LookupError as exc:
            keys = f"it has {', '.join(map(str, document))}" if isinstance(document, Mapping) else "see its answer"
            raise ReadFailed(f"{self.name}: there is no {pointer} in the answer: {keys}") from exc

    def _value_in(self, document: Any, choices: tuple[str, ...]) -> Any:
        """A number (JSON has one sort of them), bool, text or array; the index of a state that is given by name."""
        value = self._value_at(document, self._pointer)
        if value is None or isinstance(value, Mapping):
            problem = f"{self._pointer or 'the answer'} is no value but {json.dumps(value)[:_QUOTED_LENGTH]}"
            raise ReadFailed(f"{self.name}: {problem}: give the pointer to one behind #")
        self._example = value
        if choices and not isinstance(value, list):
            return self._index_of(value, choices)
        if isinstance(value, list):
            return self._array(value)
        return value if isinstance(value, (bool, str)) else float(value)

    def _index_of(self, value: Any, choices: tuple[str, ...]) -> int:
        try:
            return index_of(value, choices)
        except BadValue as exc:
            raise ReadFailed(f"{self.name}: it answered {exc}") from exc

    def _array(self, value: list[Any]) -> Any:
        try:
            array = np.asarray(value)
        except ValueError as exc:
            raise ReadFailed(f"{self.name}: its rows are not of one length") from exc
        return array.astype(float) if array.dtype.kind in "iu" else array.tolist() if array.dtype.kind == "U" else array

    def _info_in(self, document: Any) -> ValueInfo:
        """Unit, precision, limits and states beside the value, unless they were given with the address."""
        self._value_at(document, self._pointer)
        declared, siblings = self._declared, beside(document, self._pointer)
        choices = declared.choices or tuple(siblings.get("choices") or siblings.get("allowed_values") or ())
        choices = choices if all(isinstance(choice, str) for choice in choices) else ()
        lower, upper = _number(siblings.get("min")), _number(siblings.get("max"))
        if declared.lower != declared.upper or lower is None or upper is None:
            lower, upper = declared.lower, declared.upper
        precision = declared.precision if declared.precision is not None else siblings.get("precision")
        units = declared.units or str(siblings.get("units") or siblings.get("unit") or "")
        info = info_like(self._value_in(document, choices))
        return replace(info, units=units, precision=precision, choices=choices, lower=lower, upper=upper)

    def _as_json(self, value: Any) -> Any:
        """A checked value in the form in which the service shows it: whole numbers without a point, states by name."""
        if isinstance(value, np.ndarray):
            return value.tolist()
        if self._info.choices and isinstance(self._example, str):
            return self._info.choices[value]
        is_whole = isinstance(value, float) and value.is_integer() and isinstance(self._example, int)
        return int(value) if is_whole else value


class HttpsChannel(HttpChannel):
    """One value of a web service, over an encrypted connection."""

    scheme = "https"


# ---- JSON pointers (RFC 6901): "/motors/0/position"; "" is the whole document


def pointed(document: Any, pointer: str) -> Any:
    """The part of a document at a JSON pointer (RFC 6901) such as "/motors/0/position".

    Raises:
        LookupError: there is no such place in the document.
    """
    for word in _pointer_words(pointer):
        try:
            document = document[int(word)] if isinstance(document, list) else document[word]
        except (TypeError, ValueError) as exc:
            raise LookupError(word) from exc
    return document


def beside(document: Any, pointer: str) -> Mapping[str, Any]:
    """The object with the value as a member; empty if there is none."""
    holder = pointed(document, pointer.rpartition("/")[0]) if pointer else document
    return holder if isinstance(holder, Mapping) else {}


def nested(pointer: str, value: Any) -> Any:
    """A document with `value` at `pointer`: "/a/b" makes {"a": {"b": value}}."""
    for word in reversed(_pointer_words(pointer)):
        value = {word: value}
    return value


def _pointer_words(pointer: str) -> list[str]:
    return [word.replace("~1", "/").replace("~0", "~") for word in pointer.split("/")[1:]]


# ---- secrets


def credentials(environment: Mapping[str, str], host: str) -> dict[str, str]:
    """The header that opens `host`, from BEAMSHELL_HTTP_TOKEN_<HOST>, or _USER_ and _PASSWORD_; {} without them."""
    if token := environment.get(_variable("TOKEN", host)):
        return {"Authorization": f"Bearer {token}"}
    if user := environment.get(_variable("USER", host)):
        import base64

        pair = f"{user}:{environment.get(_variable('PASSWORD', host), '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _variable(word: str, host: str) -> str:
    """Named after the host, so that no secret ever goes to another one: BEAMSHELL_HTTP_TOKEN_CAM_LOCAL_8080."""
    return f"BEAMSHELL_HTTP_{word}_{re.sub('[^A-Za-z0-9]', '_', host).upper()}"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
