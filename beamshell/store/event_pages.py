"""The events of one stream from a run's file, many lines read at once and without their timestamps.

It gives the documents that `run_file.documents` gives, as far as a table needs them, in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from beamshell.documents import Document
from beamshell.store.columns import Column, may_be_rounded
from beamshell.store.document_check import are_plain_events
from beamshell.store.encoding import from_json, to_json
from beamshell.store.run_file import lines_of
from beamshell.store.run_lines import LineReader

_EVENT = b'["event",'
_TIMESTAMPS = b',"timestamps":'
_MOST_LINES = 100
"""Lines read at once: many enough that a call costs little, few enough to stay in the processor's cache."""
_IN_NO_LINE = b"\n\n"

Parser: TypeAlias = Callable[[bytes], Any]
"""Reads JSON; it raises ValueError if it cannot."""
Columns = TypeVar("Columns", bound=Mapping[str, Column])

_Lines = list[tuple[int, bytes]]


def exactly_read(table_by: Callable[[Parser], Columns]) -> Columns:
    """The columns that a function makes of a run's file with the quickest parser that reads all of them exactly.

    That is orjson, where it is installed and no value may be one that it rounds; else Python's own.

    Args:
        table_by: makes the columns, of the documents that `documents_of_stream` reads with this parser.
    """
    try:
        import orjson
    except ImportError:
        return table_by(_read_exactly)

    def parse(text: bytes) -> Any:
        try:
            return orjson.loads(text)
        except ValueError:  # it takes neither NaN nor half of a surrogate pair
            return _read_exactly(text)

    columns = table_by(parse)
    return table_by(_read_exactly) if any(map(may_be_rounded, columns.values())) else columns


def _read_exactly(text: bytes) -> Any:
    return from_json(text.decode("utf-8"))


def documents_of_stream(path: Path, stream: str, parse: Parser = _read_exactly) -> Iterator[tuple[str, Document]]:
    """`(name, document)` in the order written: the events of one stream, and all that is no event.

    Events come in pages that have "descriptor", "seq_num", "time" and "data" alone; one whose line is not as
    beamshell writes it comes as an event. Damaged lines are named in the log and left out.

    Args:
        path: the run's file.
        stream: the name of the stream.
        parse: reads the lines of many events.

    Raises:
        StoreError: the file cannot be read.
    """
    newest = _IN_NO_LINE  # the last descriptor of the stream, as its uid stands in a line
    own: list[bytes] = []
    others: list[bytes] = []
    events: _Lines = []
    reader = LineReader(path)
    for numbered in lines_of(path):
        number, line = numbered
        if line.startswith(_EVENT):
            if newest in line or any(uid in line for uid in own):
                events.append(numbered)
                if len(events) == _MOST_LINES:
                    yield from _read(events, reader, parse)
                    events = []
                continue
            if any(uid in line for uid in others):
                continue
        yield from _read(events, reader, parse)
        events = []
        if pair := reader.document(number, line):
            name, doc = pair
            if name == "descriptor":
                uid = to_json(doc.get("uid")).encode("ascii")
                if doc.get("name", "primary") == stream:
                    newest = uid
                    own.append(uid)
                else:
                    others.append(uid)
            yield pair
    yield from _read(events, reader, parse)
    reader.finish()


def _read(events: _Lines, reader: LineReader, parse: Parser) -> Iterator[tuple[str, Document]]:
    """The events of these lines: as one page, or one by one if the lines do not allow that."""
    if not events:
        return
    try:
        pairs = [("event_page", _page([line for _, line in events], parse))]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pairs = [pair for number, line in events if (pair := reader.document(number, line))]
    yield from pairs


def _page(lines: list[bytes], parse: Parser) -> Document:
    """The events of these lines without their timestamps.

    An event ends where its timestamps begin: in a text of JSON those words cannot stand, and a part of an event that
    ends elsewhere is no JSON.

    Raises:
        ValueError, KeyError or TypeError: they do not have the same keys, or are not written as beamshell does it.
    """
    beginnings = [line[: line.find(_TIMESTAMPS)] for line in lines]
    events: list[Any] = [event for _, event in parse(b"[" + b"}],".join(beginnings) + b"}]]")]
    (descriptor,) = set(map(itemgetter("descriptor"), events))
    data = list(map(itemgetter("data"), events))
    if len(events) != len(lines) or set(map(len, data)) != {len(data[0])}:
        raise ValueError("a line more or less, or a key more or less")
    numbers, times = list(map(itemgetter("seq_num"), events)), list(map(itemgetter("time"), events))
    if not are_plain_events(descriptor, numbers, times, data):
        raise ValueError("a field of a wrong type")
    return {
        "descriptor": descriptor,
        "seq_num": numbers,
        "time": times,
        "data": {key: list(map(itemgetter(key), data)) for key in data[0]},
    }
