"""The names of exported files, from a template such as "{proposal}/{scan_id:06d}_{sample}".

Pure: metadata in, a name out. A name never leaves the folder that it is put into.
"""

from __future__ import annotations

import datetime
import re
import string
import unicodedata
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from beamshell.documents import Document
from beamshell.errors import UsageError
from beamshell.text.nearest import did_you_mean
from beamshell.text.numbers import is_format

A_RUN = "{scan_id:06d}_{uid:.8}"
"""A name of its own for each run, as in the folder of the runs."""
A_DAY = "{date}"
"""One name for all runs of a day."""

FIELDS = ("scan_id", "uid", "plan", "sample", "proposal", "operator", "date", "time")
"""What a template may name of any run; other keys of the metadata may be named if the run has them."""

_MOST_BYTES = 160  # of a part of a name, in UTF-8; file systems take 255, and stream and extension follow
_ODD = re.compile(r"[^\w.+=@,()-]+")


class _Moment(datetime.datetime):
    """A local time that is written in its usual form where the template says none."""

    usual = "%Y-%m-%d"

    @override
    def __format__(self, spec: str) -> str:
        return super().__format__(spec or self.usual)


class _TimeOfDay(_Moment):
    usual = "%H%M%S"


def file_name(template: str, metadata: Document) -> str:
    """The name of a run's file without its extension; with slashes, if the template has some, for folders.

    Args:
        template: text with fields in braces, each with a format as Python has them: `{scan_id:06d}`, `{uid:.8}`,
            `{date:%Y%m%d}`. A field without a value is "no_sample".
        metadata: the start document with its corrections.

    Raises:
        UsageError: the template is wrong, or names what the run does not have.

    Example:
        >>> file_name("{proposal}/{scan_id:04d}_{sample}", {"scan_id": 12, "proposal": "2026-1", "sample": "Fe/Cu #3"})
        '2026-1/0012_Fe_Cu_3'
        >>> file_name("../../{sample}", {"sample": "../etc"})
        '_etc'
    """
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as exc:
        raise UsageError(f"the name '{template}' is not understood: {exc}") from None
    text = ""
    for literal, field, spec, conversion in fields:
        text += literal
        if field is not None:
            text += _value(template, field, spec or "", conversion, metadata).replace("/", "_")
    parts = [part for part in map(_safe, text.split("/")) if part]
    if not parts:
        raise UsageError(f"the name '{template}' is empty for this run: write {A_RUN}")
    return "/".join(parts)


def _value(template: str, field: str, spec: str, conversion: str | None, metadata: Document) -> str:
    values = _values(metadata)
    if not field.isidentifier() or conversion or not is_format(spec):
        raise UsageError(f"the name '{template}' is not understood: a field is like {{scan_id:06d}} or {{sample}}")
    if field not in values:
        raise UsageError(f"the name '{template}': the run has no {field}{did_you_mean(field, [*values], most=20)}")
    value = values[field]
    if value is None or value == "":
        return "unnumbered" if field == "scan_id" else f"no_{field}"
    try:
        return format(value, spec)
    except (ValueError, TypeError, OverflowError):
        raise UsageError(
            f"the name '{template}': {field} is {value!r:.40}, and not to be written as ':{spec}'"
        ) from None


def _values(metadata: Document) -> dict[str, Any]:
    """By field, its value; None where the run has none."""
    scan_id, moment = metadata.get("scan_id"), metadata.get("time")
    plain = {key: _plain(value) for key, value in metadata.items()}
    return {
        **dict.fromkeys(FIELDS),
        **{key: value for key, value in plain.items() if value is not None},
        "plan": _plain(metadata.get("plan_name")),
        "scan_id": scan_id if isinstance(scan_id, int) else None,
        "date": _local(_Moment, moment),
        "time": _local(_TimeOfDay, moment),
    }


def _plain(value: Any) -> str | int | float | None:
    """A value that can stand in a name; of a sample or a proposal with several facts its name."""
    if isinstance(value, Mapping):
        value = value.get("name", value.get("title"))
    return value if isinstance(value, str | int | float) else None


def _local(kind: type[_Moment], timestamp: Any) -> _Moment | None:
    try:
        return kind.fromtimestamp(timestamp)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _safe(part: str) -> str:
    """A part of a path that every file system takes, and no program takes for an option or a hidden file."""
    part = _ODD.sub("_", unicodedata.normalize("NFC", part)).lstrip(".-").rstrip(".")
    return part.encode("utf-8")[:_MOST_BYTES].decode("utf-8", "ignore")
