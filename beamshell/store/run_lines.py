"""LineReader: reads the lines of a run's file as documents that can be used, and names those that are left out.

It opens no file. A disk or a hand may have changed any byte of a line, repeated it, or brought it in from another run.
"""

from __future__ import annotations

import logging
from pathlib import Path

from beamshell.documents import Document
from beamshell.documents.router import KINDS, OF_A_STREAM
from beamshell.store.document_check import checked
from beamshell.store.encoding import from_json
from beamshell.text.lists import listed

_log = logging.getLogger(__name__)

_MOST_NAMED = 3  # damaged lines of one file
_reported: set[tuple[Path, int | str]] = set()  # lines of which the log has named fields


class LineReader:
    """Reads the lines of one file, in their order.

    The log names the first damaged lines, then how many more there are.

    Args:
        path: of the file, for the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left_out = 0
        self._run: str | None = None  # its uid; None while no start document was read
        self._streams: set[str] = set()  # the uids of its descriptors

    def document(self, number: int | str, line: bytes, *, is_alone: bool = False) -> tuple[str, Document] | None:
        """The name and the document of a line; None if it is left out.

        Args:
            number: of the line, or another word for its place.
            line: with its end.
            is_alone: the lines before it were not read, so that nobody can tell whether it belongs to the run.
        """
        try:
            name, doc, fields = _parsed(line)
            if not is_alone and (problem := self._problem(name, doc)):
                raise ValueError(problem)
        except ValueError as exc:
            self._leave_out(number, str(exc))
            return None
        if fields and (self._path, number) not in _reported:  # once: somebody may have written them so
            _reported.add((self._path, number))
            _log.warning("%s:%s: these fields cannot be used and are left out: %s", self._path, number, listed(fields))
        return name, doc

    def finish(self) -> None:
        """Say how many lines were left out without being named."""
        if self._left_out > _MOST_NAMED:
            _log.warning("%s: %d more lines are damaged and left out", self._path, self._left_out - _MOST_NAMED)

    def _leave_out(self, number: int | str, problem: str) -> None:
        self._left_out += 1
        if self._left_out <= _MOST_NAMED:
            what = f"this line is damaged ({problem})" if problem else "this line is damaged"
            _log.warning("%s:%s: %s and left out; the rest of the run is read", self._path, number, what)

    def _problem(self, name: str, doc: Document) -> str:
        """Why a document does not belong to the run that the file begins with; "" if it does."""
        if name in OF_A_STREAM:
            return "" if doc["descriptor"] in self._streams else f"{name} of a stream that is not described"
        if name not in KINDS:
            return f"{name!r} is no kind of document that is known here"
        if name == "start":
            if self._run is not None:
                return "another start"
            self._run = doc["uid"]
        elif self._run is not None and doc.get("run_start", self._run) != self._run:
            return f"{name} of another run"
        elif name == "descriptor":
            self._streams.add(doc["uid"])
        return ""


def _parsed(line: bytes) -> tuple[str, Document, list[str]]:
    """The name and the document of a line, and the fields of it that were left out.

    Raises:
        ValueError: it has none that can be used; the message, if there is one, says why.
    """
    try:
        pair = from_json(line.decode("utf-8"))
    except (ValueError, RecursionError):
        pair = None
    if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], dict)):
        raise ValueError("")
    return pair[0], *checked(pair[0], pair[1])
