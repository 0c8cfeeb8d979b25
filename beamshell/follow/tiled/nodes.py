"""RunNodes: the nodes of one run in a Tiled catalogue, written by tiled's client.

It raises what httpx raises: who uses it knows what that means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from beamshell.arrays import np
from beamshell.follow.tiled.columns import ColumnTooNarrowError, plain
from beamshell.follow.tiled.files import ArrayInFiles
from beamshell.follow.tiled.run import StreamRows, TiledRun

_TABLE = "internal"
"""The node of a stream that has its table, as clients of bluesky's runs look for it."""


class RunNodes:
    """What Tiled has of one run.

    Args:
        root: the container that holds the runs.

    Attributes:
        is_ours: whether all that Tiled has of the run was written here, and no answer was missing.
    """

    def __init__(self, root: Any) -> None:
        self.is_ours = False
        self._root = root
        self._run: Any = None
        self._streams: dict[str, Any] = {}
        self._tables: dict[str, Any] = {}
        self._arrays: dict[tuple[str, str], tuple[Any, int]] = {}  # the node, and the number of its source of data

    def write(self, run: TiledRun) -> None:
        """Write what it does not have: metadata and rows."""
        from tiled.structures.core import Spec

        if self._run is None:
            metadata = {"start": plain(run.start_doc)}
            specs = [Spec("BlueskyRun", version="3.0")]
            create = partial(self._root.create_container, metadata=metadata, specs=specs)
            self._run, self.is_ours = _node(self._root, run.uid, create)
        for stream in run.streams.values():
            self._write_stream(stream)

    def _write_stream(self, stream: StreamRows) -> None:
        from tiled.structures.core import Spec

        if stream.name not in self._streams:
            specs = [Spec("BlueskyEventStream", version="3.0"), Spec("composite")]
            create = partial(self._run.create_container, metadata=stream.metadata, specs=specs)
            container, _is_new = _node(self._run, _node_name(stream.name), create)
            self._streams[stream.name] = container.base
        node = self._streams[stream.name]
        if len(stream.updates) > stream.updates_written:
            node.update_metadata({"_config_updates": stream.updates}, drop_revision=True)
            stream.updates_written = len(stream.updates)
        if stream.rows and stream.name not in self._tables:
            self._tables[stream.name] = self._table(node, stream)
        if stream.rows:
            table = self._tables[stream.name]
            try:
                rows = stream.table(table.structure().arrow_schema_decoded)
            except ColumnTooNarrowError as exc:
                stream.types[exc.column] = exc.wider
                self.remove_table(stream)
                raise
            table.append_partition(0, rows)
            stream.has_written(len(stream.seq_nums))

    def _table(self, node: Any, stream: StreamRows) -> Any:
        """The table of a stream; the rows that it has are not to be written."""
        import httpx
        import pyarrow as pa

        if not self.is_ours and _TABLE in node:
            stream.has_written(len(_seq_nums(node[_TABLE])))
            return node[_TABLE]
        create = partial(node.create_appendable_table, key=_TABLE, metadata=stream.table_metadata())
        schema = stream.schema()
        try:
            return create(schema)
        except httpx.HTTPStatusError as exc:
            if exc.response.status_code != 500 or not any(map(pa.types.is_list, schema.types)):
                raise
        stream.lists_as_text = True  # its database has no lists, as SQLite
        return create(stream.schema())

    def register(self, arrays: Mapping[tuple[str, str], ArrayInFiles]) -> None:
        """Register arrays in files, as far as they go now."""
        from tiled.client.utils import handle_error
        from tiled.utils import safe_json_dump

        http = self._root.context.http_client
        for place, array in arrays.items():
            source = _data_source(array)
            if place not in self._arrays:
                stream, key = place
                create = partial(self._streams[stream].new, source.structure_family, [source], metadata={})
                node, _is_new = _node(self._streams[stream], _node_name(key), create)
                self._arrays[place] = node, node.data_sources()[0].id
            node, source.id = self._arrays[place]
            uri = node.uri.replace("/metadata/", "/data_source/", 1)
            handle_error(http.put(uri, content=safe_json_dump({"data_source": source})))

    def has_other_rows(self, stream: StreamRows) -> bool:
        """Whether a table has other rows than the run, or some of them twice."""
        if self.is_ours or stream.name not in self._tables:
            return False
        return sorted(_seq_nums(self._tables[stream.name])) != sorted(stream.seq_nums)

    def remove_table(self, stream: StreamRows) -> None:
        """Remove the table of a stream, with its rows."""
        self._tables.pop(stream.name).delete(external_only=False)

    def end(self, run: TiledRun) -> None:
        """Write that the run has ended."""
        self._run.update_metadata({"stop": plain(run.stop_doc)}, drop_revision=True)


def _node(parent: Any, key: str, create: Callable[..., Any]) -> tuple[Any, bool]:
    """A node that is created, or is there already; and whether it is new."""
    import httpx

    try:
        return create(key=key), True
    except httpx.HTTPStatusError as exc:
        if exc.response.status_code != 409:
            raise
        return parent[key], False


def _node_name(name: str) -> str:
    """The name of the node of a stream or a key: a slash would part it in two."""
    return name.replace("/", "_")


def _seq_nums(table: Any) -> list[int]:
    """The numbers of the events that a table has."""
    return [int(number) for number in table.read_partition(0, columns=["seq_num"])["seq_num"]]


def _data_source(array: ArrayInFiles) -> Any:
    """An array in files as Tiled registers it."""
    from tiled.structures.array import ArrayStructure, BuiltinDtype
    from tiled.structures.core import StructureFamily
    from tiled.structures.data_source import Asset, DataSource, Management

    frames, *frame = array.shape
    whole, rest = divmod(frames, array.frames_of_chunk)
    chunks = (array.frames_of_chunk,) * whole + ((rest,) if rest else ())
    return DataSource(
        structure_family=StructureFamily.array,
        structure=ArrayStructure(
            data_type=BuiltinDtype.from_numpy_dtype(np.dtype(array.dtype)),
            shape=array.shape,
            chunks=(chunks, *((length,) for length in frame)),
        ),
        mimetype=array.mimetype,
        parameters=array.parameters,
        assets=[
            Asset(data_uri=uri, is_directory=False, parameter="data_uris", num=number)
            for number, uri in enumerate(array.uris)
        ],
        management=Management.external,
    )
