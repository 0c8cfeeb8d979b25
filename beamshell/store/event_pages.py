"""The events of one stream from a run's file, many lines read at once and without their timestamps.

It gives the documents that `run_file.documents` gives, as far as a table needs them, in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from beamshell.documents import Document
from beamshell.store.columns import Column, may_be_rounded
from beamshell.store.document_check import are_plain_events
from beamshell.store.encoding import from_json, to_json
from beamshell.store.run_file import blocks_of
from beamshell.store.run_lines import LineReader

_EVENT = b'["event",'
_TIMESTAMPS = b',"timestamps":'
_END = b"}]\n"
_PARTS = itemgetter("descriptor", "seq_num", "time", "data")
_OF_NO_TABLE = tuple(
    f'["{name}",'.encode() for name in ("stop", "stream_datum", "stream_resource", "datum", "datum_page", "resource")
)

Parser: TypeAlias = Callable[[bytes], Any]
"""Reads JSON; it raises ValueError if it cannot."""
Columns = TypeVar("Columns", bound=Mapping[str, Column])


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
    """`(name, document)` in the order written: the start, the descriptors, and the events of one stream.

    Events come in pages that have "descriptor", "seq_num", "time" and "data" alone; one whose line is not as
    beamshell writes it comes as an event. Damaged lines are named in the log and left out.

    Args:
        path: the run's file.
        stream: the name of the stream.
        parse: reads the lines of many events.

    Raises:
        StoreError: the file cannot be read.
    """
    own: list[bytes] = []  # the descriptors of the stream, the newest first, as their uids stand in a line
    others: list[bytes] = []
    reader = LineReader(path)
    for first, lines in blocks_of(path):
        if own and own[0] in lines[0] and own[0] in lines[-1] and (page := _page_or_none(lines, parse)):
            yield "event_page", page
            continue
        events: list[tuple[int, bytes]] = []
        for number, line in enumerate(lines, first):
            if line.startswith(_EVENT):
                if any(uid in line for uid in own):
                    events.append((number, line))
                    continue
                if any(uid in line for uid in others):
                    continue
            elif line.startswith(_OF_NO_TABLE):
                continue
            yield from _read(events, reader, parse)
            events = []
            if pair := reader.document(number, line):
                yield pair
                name, doc = pair
                if name == "descriptor":
                    is_own = doc.get("name", "primary") == stream
                    (own if is_own else others).insert(0, to_json(doc.get("uid")).encode("ascii"))
        yield from _read(events, reader, parse)
    reader.finish()


def _read(events: list[tuple[int, bytes]], reader: LineReader, parse: Parser) -> Iterator[tuple[str, Document]]:
    """The events of these lines: as one page, or one by one if the lines do not allow that."""
    if events and (page := _page_or_none([line for _, line in events], parse)):
        yield "event_page", page
        return
    for number, line in events:
        if pair := reader.document(number, line):
            yield pair


def _page_or_none(lines: list[bytes], parse: Parser) -> Document | None:
    try:
        return _page(lines, parse)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _page(lines: list[bytes], parse: Parser) -> Document:
    """The events of these lines without their timestamps.

    An event ends where its timestamps begin: in a text of JSON those words cannot stand, and a part of an event that
    ends elsewhere is no JSON.

    Raises:
        ValueError, KeyError or TypeError: they are not all events of one descriptor with the same keys, or are not
            written as beamshell does it.
    """
    # The last ones: in a line that was torn another event may follow, which must not go unnoticed.
    beginnings = [line.rpartition(_TIMESTAMPS)[0] for line in lines if line.endswith(_END)]
    pairs = parse(b"[" + b"}],".join(beginnings) + b"}]]")
    events: list[Any] = [event for name, event in pairs if name == "event"]
    descriptors, numbers, times, data = zip(*map(_PARTS, events), strict=True)
    (descriptor,) = set(descriptors)
    if len(events) != len(lines) or set(map(len, data)) != {len(data[0])}:
        raise ValueError("a line more or less, or a key more or less")
    if not are_plain_events(descriptor, numbers, times, data):
        raise ValueError("a field of a wrong type")
    return {"descriptor": descriptor, "seq_num": list(numbers), "time": list(times), "data": _columns(data)}


def _columns(data: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """By key, its values; all rows have as many keys as the first.

    Raises:
        KeyError: they are not the same.
    """
    keys = list(data[0])
    if not keys:
        return {}
    row_of = itemgetter(*keys, keys[0])  # a getter of one key would give no row
    return dict(zip(keys, map(list, zip(*map(row_of, data), strict=True)), strict=False))
