"""What a writer of a format is: it takes the documents of one run as they come, and writes them into files.

An export gives it a stored run; it can as well be given the documents of a run that is being measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Protocol, TypeAlias

from typing_extensions import override

from beamshell.documents import Document
from beamshell.documents.alarms import STREAMS as ALARMS
from beamshell.documents.router import RunReceiver
from beamshell.store.amendments import Amendment
from beamshell.store.asset_readers import AssetReaders
from beamshell.store.exports.files import NewFiles
from beamshell.store.run import Run


class Writer(Protocol):
    """Writes one run."""

    def __call__(self, name: str, doc: Document) -> None:
        """Write one document, the start document first."""

    def close(self) -> None:
        """Write what is left. If no stop document has come, the run is still open."""


class Outline(RunReceiver):
    """What is known of a run before it is written, from a first reading; of a run to come only its metadata.

    Args:
        metadata: the start document with its corrections.
        amendments: what was said about the run later, the oldest first.
        readers: how files of pictures are found; None is the usual way.

    Attributes:
        metadata: the same.
        amendments: the same.
        readers: the same.
        documents: how many there are; a run that is still open has more by the time it is written.
        data_keys: by stream, the data keys of all its descriptors.
        with_alarms: the streams that have a value with an alarm.
        superseded: the uids of the events whose points were measured again later.
    """

    def __init__(
        self, metadata: Document, amendments: Iterable[Amendment] = (), readers: AssetReaders | None = None
    ) -> None:
        super().__init__()
        self.metadata = metadata
        self.amendments = list(amendments)
        self.readers = readers or AssetReaders()
        self.documents = 0
        self.data_keys: dict[str, dict[str, Document]] = {}
        self.with_alarms: set[str] = set()
        self.superseded: set[str] = set()
        self._newest: dict[tuple[str, int], str] = {}  # by stream and number, the uid of the event

    @override
    def __call__(self, name: str, doc: Document) -> None:
        self.documents += 1
        super().__call__(name, doc)

    @override
    def descriptor(self, descriptor: Document) -> None:
        keys = self.data_keys.setdefault(stream_of(descriptor), {})
        for key, about in descriptor["data_keys"].items():
            keys.setdefault(key, about or {})

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        stream = stream_of(descriptor)
        if stream in ALARMS:
            self.with_alarms.add(event["data"].get("stream", "primary"))
        place = stream, event["seq_num"]
        if place in self._newest:
            self.superseded.add(self._newest[place])
        self._newest[place] = event["uid"]


WriterClass: TypeAlias = Callable[..., Writer]
"""Makes a writer from the NewFiles that it writes into, the Outline of its run, and options of its format."""


def write_run(make: WriterClass, run: Run, files: NewFiles, *, read_ahead: bool, **options: Any) -> None:
    """Write a stored run; of one that is still open what there is.

    Args:
        make: makes the writer.
        run: the run.
        files: where the files are made.
        read_ahead: True if the outline is to come from a first reading.
        options: of the format.

    Raises:
        StoreError: the run cannot be read, the format cannot hold it, or a file is there already.
        OSError: the disk refuses.
    """
    outline = Outline(run.metadata, run.amendments, run.readers)
    if read_ahead:
        outline.take(run.documents())
    writer = make(files, outline, **options)
    for name, doc in islice(run.documents(), outline.documents if read_ahead else None):
        writer(name, doc)
    writer.close()


def stream_of(descriptor: Document) -> str:
    """The name of a descriptor's stream."""
    return str(descriptor.get("name", "primary"))


def is_point(event: Document, outline: Outline) -> bool:
    """Whether an event counts: its point was not measured again later."""
    return event["uid"] not in outline.superseded
