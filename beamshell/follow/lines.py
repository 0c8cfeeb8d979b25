"""Line: one line of the data folder's files: a document of a run, an amendment, or an entry of the console log.

It knows no file and no sink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from beamshell.store.encoding import from_json

CONSOLE = "console"
"""The name of a line that is an entry of the console log."""

AMENDMENT = "amendment"
"""The name of a line that is an amendment: a comment, a tag or a correction."""


@dataclass(frozen=True)
class Line:
    """One line, as the file has it.

    Attributes:
        key: no other line has it, and this one has the same whenever it is read: the uid of its run and its number in
            it, as in "1a2b...:17", or the byte of the other files at which it begins, as in "console:2026-11:5120".
        run: the uid of its run; "" for an entry of the console log, and an amendment that is about no run.
        name: of the document, such as "event"; "amendment"; "console" for an entry of the console log.
        text: the document or the entry as JSON, byte for byte what the file has.
    """

    key: str
    run: str
    name: str
    text: str

    @cached_property
    def doc(self) -> dict[str, Any]:
        """The document or the entry."""
        doc: dict[str, Any] = from_json(self.text)
        return doc

    @property
    def time(self) -> float | None:
        """When it was made, in seconds since 1970-01-01 UTC; None for a document without a time."""
        moment = self.doc.get("time")
        return float(moment) if isinstance(moment, int | float) else None


def document_line(line: bytes, run: str, number: int) -> Line | None:
    """A line of a run's file, `["event",{...}]`; None if it is damaged.

    Args:
        line: with its end of line.
        run: the uid of the run; "" for the first line, whose document tells it.
        number: of the line in the file, from 1.
    """
    try:
        text = line.decode("utf-8").strip()
        name, _, doc = text[1:-1].partition(",")
        made = Line(f"{run}:{number}", run, str(from_json(name)), doc.strip())
        if not run and isinstance(uid := made.doc.get("uid"), str):
            made = Line(f"{uid}:{number}", uid, made.name, made.text)
        return made if isinstance(made.doc, dict) and text[0] == "[" and text[-1] == "]" else None
    except (ValueError, IndexError, AttributeError, RecursionError):
        return None


def amendment_line(line: bytes, begin: int) -> Line | None:
    """A line of the amendments, `["amendment",{...}]`; None if it is damaged.

    Args:
        line: with its end of line.
        begin: the byte of the file at which it begins.
    """
    made = document_line(line, AMENDMENT, begin)
    if made is None or made.name != AMENDMENT:
        return None
    return replace(made, run=str(made.doc.get("run") or ""))


def console_line(line: bytes, month: str, begin: int) -> Line | None:
    """A line of the console log; None if it is damaged.

    Args:
        line: with its end of line.
        month: of its file, such as "2026-11".
        begin: the byte of the file at which it begins.
    """
    try:
        made = Line(f"{CONSOLE}:{month}:{begin}", "", CONSOLE, line.decode("utf-8").strip())
        return made if isinstance(made.doc, dict) else None
    except (ValueError, RecursionError):
        return None
