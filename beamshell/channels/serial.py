"""SerialChannel: one value of an instrument that is read and written in lines of text, on a serial line.

An address is the line, its settings and the name of the value: "serial:///dev/ttyUSB0?baud=19200&end=CR#POS".
It knows no signal. The address and its templates describe the language of the instrument.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from typing_extensions import override

from beamshell.channels import line
from beamshell.channels.polled import PolledChannel, Read
from beamshell.channels.value_info import ValueInfo, index_of, info_like
from beamshell.errors import BadValue, NotConnected, ReadFailed, WriteFailed
from beamshell.protocols import Reading

_ENDS = {"CR": "\r", "LF": "\n", "CRLF": "\r\n", "NONE": ""}
_EXAMPLES: dict[str, Any] = {"number": 0.0, "integer": 0, "string": ""}
_LINE_SETTINGS = {field.name: type(field.default) for field in fields(line.Settings)}
_T = TypeVar("_T")


class SerialChannel(PolledChannel):
    """One value of an instrument on a line that many may share.

    Every argument but `name` may stand in the address too, after "?".

    Args:
        name: port ("/dev/ttyUSB0", or "host:4001" for a terminal server), settings after "?", and after "#" the
            name that stands for {name} in the templates.
        ask: the question for the value; "" for a value that can only be written.
        tell: how it is written; "" for a value that can only be read.
        reply: how the answer to `ask` looks; {value} is the value.
        ack: what the answer to `tell` looks like; "" if there is none.
        error: how an answer that is a refusal begins; "" if there is no such thing.
        busy: a question whose answer is neither 0 nor empty while something that was set off goes on.
        dtype: what the value is: "number", "integer" or "string".
        format: how numbers are written, such as ".3f".
        retries: how often a question that was not answered is asked again. A write is never repeated.
        units: of the value.
        precision: digits worth showing.
        limits: lowest and highest value.
        choices: what the instrument calls the states, in their order: ("OFF", "ON") or, in an address, "OFF,ON".
        poll_s: seconds between two questions while somebody subscribes.
        options: the settings of the line, see Settings; `end` and `reply_end` may be CR, LF, CRLF or NONE; and those
            of every channel: string, array_dtype, allow_nan.
    """

    needs = "serial"
    remedy = "check that the instrument is on, the cable, and the settings of the line"
    lost = "is the instrument on, and the cable in?"

    def __init__(self, name: str, **options: Any) -> None:
        port, _, value_name = name.partition("#")
        port, _, query = port.partition("?")
        unread = {**dict(parse_qsl(query, keep_blank_values=True)), **options}
        settings = _line_settings(name, unread)
        self._ask_as = _template(unread.pop("ask", "{name}?"), value_name)
        self._write_as = _template(unread.pop("tell", "{name} {value}"), value_name)
        self._reply_as = _template(unread.pop("reply", "{value}"), value_name)
        self._reply = reply_pattern(self._reply_as)
        self._ack = _template(unread.pop("ack", ""), value_name)
        self._error = unread.pop("error", "")
        self._busy = _template(unread.pop("busy", ""), value_name)
        self._format = unread.pop("format", "")
        self._retries = _as(int, name, "retries", unread.pop("retries", 2))
        self._declared = _value_info(name, unread)
        super().__init__(
            "serial",
            name,
            poll_s=_as(float, name, "poll_s", unread.pop("poll_s", 0.5)),
            **_check_options(name, unread),
        )
        self.name = f"{port}#{value_name}"  # without the settings, for messages
        self._written: Any = "" if self._declared.numpy == "U" else 0
        self._line = line.open_line(unquote(port), settings)

    def close(self) -> None:
        """Stop polling; the last channel on a line closes it."""
        if not self._closed:
            super().close()
            line.close_line(self._line)

    @override
    def run_in_worker(self, job: Callable[[], None], urgent: bool = False) -> None:
        self._line.post(job, urgent)

    @override
    def disconnect(self) -> None:
        self._line.close_port()

    # ---- the questions

    @override
    def read_info(self) -> tuple[ValueInfo, Any]:
        if not self._ask_as:
            self._line.exchange(None)  # the port opens, which is all that can be known
            return self._declared, self._written
        return self._declared, self._value_in(self._question(self._ask_as, retries=0))

    @override
    def read_value(self) -> Reading:
        if self._ask_as:
            return self._reading_in(self._ask(self._ask_as, self._retries))
        return {"value": self._written, "timestamp": time.time()}

    @property
    @override
    def shares_requests_by(self) -> Hashable:
        return (id(self._line), self._ask_as, self._retries) if self._ask_as else id(self)

    @override
    def read_together(self, channels: Sequence[SerialChannel]) -> list[Read]:
        if not self._ask_as:
            return super().read_together(channels)
        answer = self._ask(self._ask_as, self._retries)
        return [partial(channel._reading_in, answer) for channel in channels]

    def _reading_in(self, answer: str | NotConnected | None) -> Reading:
        value = self._value_in(self._answered(self._ask_as, self._retries, answer))
        return {"value": value, "timestamp": time.time()}

    @override
    def write(self, value: Any) -> None:
        text = self._info.choices[value] if self._info.choices else format(value, self._format)
        wants_answer = bool(self._ack or self._error)
        answer = self._line.exchange(self._write_as.replace("{value}", text), wants_answer)
        if answer is None:
            raise WriteFailed(
                f"{self.name} did not acknowledge {text} within {self._line.settings.timeout_s:g} s: {self.lost}"
            )
        self._check_refusal(answer, WriteFailed)
        if self._ack and not re.fullmatch(reply_pattern(self._ack), answer.strip()):
            raise WriteFailed(f"{self.name} answered {answer!r} to {text}, not {self._ack!r}")
        self._written = value

    @override
    def is_busy(self) -> bool:
        return bool(self._busy) and self._question(self._busy, self._retries).strip() not in ("", "0")

    def _question(self, question: str, retries: int) -> str:
        return self._answered(question, retries, self._ask(question, retries))

    def _ask(self, question: str, retries: int) -> str | NotConnected | None:
        """The answer, or why there is none; None if none came in time. Each channel makes its own of it."""
        try:
            for _ in range(retries + 1):
                answer = self._line.exchange(question)
                if answer is not None:
                    return answer
        except NotConnected as exc:
            return exc
        return None

    def _answered(self, question: str, retries: int, answer: str | NotConnected | None) -> str:
        """The answer, if there is one; otherwise the failure in our words."""
        if isinstance(answer, NotConnected):
            raise answer
        if answer is None:
            times = f" (asked {retries + 1} times)" if retries else ""
            limit = f"{self._line.settings.timeout_s:g} s"
            raise NotConnected(f"{self.name}: {question!r} was not answered within {limit}{times}: {self.lost}")
        self._check_refusal(answer, ReadFailed)
        return answer

    def _check_refusal(self, answer: str, failure: type[ReadFailed | WriteFailed]) -> None:
        if self._error and answer.startswith(self._error):
            raise failure(f"{self.name}: the instrument refused: {answer.strip()!r}")

    def _value_in(self, answer: str) -> Any:
        match = re.fullmatch(self._reply, answer.strip())
        if match is None:
            raise ReadFailed(f"{self.name} answered {answer!r}, which is not of the form {self._reply_as!r}")
        text = match["value"].strip()
        try:
            if self._declared.choices:
                return index_of(text if text in self._declared.choices else float(text), self._declared.choices)
            return {"U": str, "<i8": int, "<f8": float}[self._declared.numpy](text)
        except ValueError as exc:
            raise ReadFailed(f"{self.name} answered {answer!r}, which is no {_kind_text(self._declared)}") from exc


def reply_pattern(template: str) -> str:
    """The regular expression of answers that look like `template`, in which {value} is the value; spaces may vary."""
    parts = [r"\s*".join(map(re.escape, part.split(" "))) for part in template.split("{value}")]
    return "(?P<value>.*?)".join(parts)


def _template(text: str, name: str) -> str:
    return text.replace("{name}", name)


def _kind_text(info: ValueInfo) -> str:
    return f"state of it ({', '.join(info.choices)})" if info.choices else "number"


def _line_settings(address: str, unread: dict[str, Any]) -> line.Settings:
    """The settings of the line, taken out of `unread`; an answer ends as a question does if nothing else is said."""
    settings: dict[str, Any] = {}
    for key, kind in _LINE_SETTINGS.items():
        if key in unread:
            value = unread.pop(key)
            settings[key] = _ENDS.get(value.upper(), value) if kind is str else _as(kind, address, key, value)
    if "end" in settings:
        settings.setdefault("reply_end", settings["end"])
    return replace(line.Settings(), **settings)


def _value_info(address: str, unread: dict[str, Any]) -> ValueInfo:
    """Type, unit, limits and states of the value, taken out of `unread`."""
    choices, limits, dtype = (
        unread.pop("choices", ()),
        unread.pop("limits", (0.0, 0.0)),
        unread.pop("dtype", "number"),
    )
    choices = tuple(choices.split(",") if isinstance(choices, str) else choices)
    limits = limits.split(",") if isinstance(limits, str) else limits
    if dtype not in _EXAMPLES:
        raise BadValue(f"serial://{address}: dtype={dtype} is none of {', '.join(_EXAMPLES)}")
    return replace(
        info_like(_EXAMPLES["integer" if choices else dtype]),
        units=unread.pop("units", ""),
        precision=_as(int, address, "precision", unread.pop("precision")) if "precision" in unread else None,
        choices=choices,
        lower=_as(float, address, "limits", limits[0]),
        upper=_as(float, address, "limits", limits[-1]),
    )


def _check_options(address: str, unread: dict[str, Any]) -> dict[str, Any]:
    unknown = set(unread) - {"string", "array_dtype", "allow_nan"}
    if unknown:
        raise BadValue(f"serial://{address}: there is no setting {', '.join(sorted(unknown))}: see SerialChannel")
    return unread


def _as(kind: Callable[[Any], _T], address: str, key: str, value: Any) -> _T:
    try:
        return kind(value)
    except ValueError as exc:
        raise BadValue(f"serial://{address}: {key}={value} is no number") from exc
