"""JSON lines: the documents of a run as bluesky's tools exchange them, ["name", {...}] a line.

They are written as they were recorded, those of points that were measured again among them; paths of external files
too. It knows no file but the one that it is given.
"""

from __future__ import annotations

from beamshell.documents import Document
from beamshell.store.amendments import SET
from beamshell.store.encoding import to_json
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.writer import Outline


class JsonLinesWriter:
    """Writes a run into one file.

    The start document has the corrected metadata. What was changed, and what else was said about the run later, is in
    its key `amendments`, which is there if there is any.

    Args:
        files: where it is made.
        outline: of the run.
    """

    def __init__(self, files: NewFiles, outline: Outline) -> None:
        self._file = files.text()
        self._outline = outline

    def __call__(self, name: str, doc: Document) -> None:
        """Write one document."""
        if name == "start" and self._outline.amendments:
            amendments = [one._asdict() for one in self._outline.amendments]
            recorded = {one["key"]: doc.get(one["key"]) for one in amendments if one["kind"] == SET}
            doc = {**self._outline.metadata, "amendments": amendments, "recorded": recorded}
        self._file.write(f"{to_json((name, doc))}\n")

    def close(self) -> None:
        """Nothing is left to be written."""
