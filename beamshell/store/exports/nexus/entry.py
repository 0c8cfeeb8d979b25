"""A run as a NeXus file: one entry with its default plot, its streams, its devices, and all that was said about it.

It knows documents, and no format but HDF5's. The file is made in memory and comes as bytes, so the library never sees a
disk that is full: whoever writes the bytes beside the file's place and renames them gives readers a whole file at any
moment. That is also how a run can be followed live with plain h5py: the file is made again from time to time, from the
documents so far, and renamed over the one before; pictures are only mapped, so it stays small, and no reader needs
SWMR or ever sees half a file.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from beamshell._version import __version__
from beamshell.documents import Document
from beamshell.documents.entries import entries_of, text_of
from beamshell.errors import StoreError
from beamshell.store.amendments import COMMENT, TAG, Amendment, corrected
from beamshell.store.asset_readers import AssetReaders, require_h5py
from beamshell.store.encoding import to_json
from beamshell.store.exports.files import NewFiles
from beamshell.store.exports.nexus.instrument import Datasets, add_instrument
from beamshell.store.exports.nexus.plot import plot_of, stream_of_plot
from beamshell.store.exports.nexus.streams import Stream, StreamWriter, draw, draw_arrays, streams_of
from beamshell.store.exports.nexus.values import Group, add_group, add_value, set_attributes
from beamshell.store.exports.writer import Outline
from beamshell.store.run import plan_line
from beamshell.store.scan_axes import axes_of
from beamshell.text.times import iso_time

_numbers = itertools.count()


def nexus_file(
    documents: Iterable[tuple[str, Document]],
    folder: Path,
    amendments: Sequence[Amendment] = (),
    readers: AssetReaders | None = None,
) -> bytes:
    """The NeXus file of a run, also of one that is still open.

    Args:
        documents: of the run, its start document first.
        folder: where the file will be: paths of pictures count from there.
        amendments: what was said about the run afterwards, those in force.
        readers: how files of pictures are found.

    Raises:
        StoreError: there is no start document.
        MissingLibrary: h5py is not installed; the message says its extra.
    """
    h5py = require_h5py()
    documents = list(documents)
    if not documents or documents[0][0] != "start":
        raise StoreError("a run without its start document cannot be exported")
    # In memory; the library wants names that differ.
    with h5py.File(f"nexus-{next(_numbers)}", "w", driver="core", backing_store=False) as file:
        set_attributes(file, NX_class="NXroot", default="entry", creator="beamshell", creator_version=__version__)
        entry = add_group(file, "entry", "NXentry")
        _EntryWriter(entry, documents, amendments).write(readers or AssetReaders(), folder)
        file.flush()
        content: bytes = file.id.get_file_image()
    return content


class NexusWriter:
    """Writes one run into one file, when the last of its documents has come.

    Args:
        files: where the file goes.
        outline: what is known of the run.
    """

    def __init__(self, files: NewFiles, outline: Outline) -> None:
        self._files, self._outline = files, outline
        self._documents: list[tuple[str, Document]] = []

    def __call__(self, name: str, doc: Document) -> None:
        """Take one document."""
        self._documents.append((name, doc))

    def close(self) -> None:
        """Write the file.

        Raises:
            MissingLibrary: h5py is not installed.
            OSError: the disk refuses.
        """
        folder = self._files.final().parent
        content = nexus_file(self._documents, folder, self._outline.amendments, self._outline.readers)
        self._files.path().write_bytes(content)


class _EntryWriter:
    """Writes the entry of one run."""

    def __init__(
        self, entry: Group, documents: Sequence[tuple[str, Document]], amendments: Sequence[Amendment]
    ) -> None:
        self._entry = entry
        self._documents = documents
        self._amendments = amendments
        self._start = documents[0][1]
        self._stop = next((doc for name, doc in reversed(documents) if name == "stop"), None)
        self._metadata = corrected(self._start, amendments)

    def write(self, readers: AssetReaders, folder: Path) -> None:
        """Write all of it."""
        streams = streams_of(self._documents)
        self._write_summary()
        self._write_people_and_sample()
        self._write_notes()
        self._write_documents(streams.values())
        writer = StreamWriter(self._entry, self._documents, readers, folder)
        plot = add_group(self._entry, "data", "NXdata")
        for stream in streams.values():
            writer.write(stream)
        add_instrument(self._entry, self._start, streams.values(), writer.datasets)
        self._write_plots(plot, streams, writer.datasets)

    def _write_summary(self) -> None:
        """What the run was, when, and how it ended."""
        start, stop = self._start, self._stop or {}
        self._texts(
            title=text_of(self._metadata, "title") or plan_line(start),
            entry_identifier="" if start.get("scan_id") is None else str(start["scan_id"]),
            entry_identifier_uuid=str(start["uid"]),
            start_time=iso_time(start["time"]),
            end_time=iso_time(stop["time"]) if stop else "",
            experiment_identifier=str(self._metadata.get("proposal") or ""),
            experiment_description=str(self._metadata.get("proposal_title") or ""),
            command=text_of(start, "command"),
            plan=text_of(start, "plan_form") or text_of(start, "plan_name"),
            exit_status=text_of(stop, "exit_status") or "open",
            reason=text_of(stop, "reason"),
        )
        program = add_value(self._entry, "program_name", "beamshell")
        set_attributes(program, version=text_of(entries_of(start, "versions"), "beamshell") or __version__)
        metadata = add_group(self._entry, "metadata", "NXcollection")
        for key, value in self._metadata.items():
            add_value(metadata, key, value)

    def _texts(self, **fields: str) -> None:
        for name, text in fields.items():
            if text:
                add_value(self._entry, name, text)

    def _write_people_and_sample(self) -> None:
        for key in ("user", "operator"):
            self._write_about(key, "user", "NXuser", role=key)
        self._write_about("sample", "sample", "NXsample")

    def _write_about(self, key: str, name: str, nexus_class: str, **more: str) -> None:
        """A person or a thing of the metadata, and what is said about it: `sample`, `sample_thickness`."""
        about = self._metadata.get(key)
        fields = dict(about) if isinstance(about, Mapping) else {"name": about}
        begins = f"{key}_"
        fields |= {
            each.removeprefix(begins): self._metadata[each] for each in self._metadata if each.startswith(begins)
        }
        fields = {field: value for field, value in fields.items() if value not in (None, "")}
        if fields:
            group = add_group(self._entry, name, nexus_class)
            for field, value in {**more, **fields}.items():
                add_value(group, str(field), value)

    def _write_notes(self) -> None:
        """The comments and the tags."""
        comments = [each for each in self._amendments if each.kind == COMMENT]
        for number, comment in enumerate(comments, start=1):
            note = add_group(self._entry, f"comment_{number}", "NXnote")
            for name, value in {
                "author": comment.operator,
                "date": iso_time(comment.time),
                "type": "text/plain",
                "data": str(comment.value),
            }.items():
                add_value(note, name, value)
        if tags := [str(each.value) for each in self._amendments if each.kind == TAG]:
            add_value(self._entry, "tags", list(dict.fromkeys(tags)))

    def _write_documents(self, streams: Iterable[Stream]) -> None:
        """The documents as they are, in JSON: what no field of NeXus has is there."""
        documents = add_group(self._entry, "documents", "NXcollection")
        for name, content in {
            "start": self._start,
            "stop": self._stop,
            "descriptors": [doc for stream in streams for doc in stream.descriptors],
            "amendments": [each._asdict() for each in self._amendments],
        }.items():
            if content:
                dataset = add_value(documents, name, to_json(content))
                set_attributes(dataset, format="JSON")

    def _write_plots(self, group: Group, streams: Mapping[str, Stream], datasets: Datasets) -> None:
        """The default plot, and one of each key whose values are spectra or pictures; none if nothing can be drawn."""
        name = stream_of_plot({name: stream.table for name, stream in streams.items()})
        plots = []
        if name is not None:
            plot = plot_of(self._start, streams[name].descriptors, name, streams[name].table)
            if plot is not None:
                set_attributes(group, title=text_of(self._metadata, "title") or plan_line(self._start))
                draw(group, plot, datasets[name])
                plots.append(group)
            axis = axes_of(self._start, name).line(streams[name].table)
            for key, dataset in datasets[name].items():
                if dataset.ndim > 1 and dataset.dtype.kind in "iuf":
                    plots.append(add_group(self._entry, key, "NXdata"))
                    draw_arrays(plots[-1], key, axis, datasets[name])
        if group not in plots:
            del self._entry["data"]
        if plots:
            set_attributes(self._entry, default=plots[0].name.rpartition("/")[2])
