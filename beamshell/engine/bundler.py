"""One run in progress: it bundles readings into events, numbers them, and emits the run's documents.

The engine gives it a way to call devices, to emit documents, to make identifiers and to read the clock. It never waits,
and knows nothing of plans, pauses or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from beamshell.documents import Document, compose
from beamshell.engine.assets import KnownFiles, RunFiles
from beamshell.errors import IllegalMessageSequence, PlanError


class Surroundings(Protocol):
    """The part of the engine that a run uses: calls of devices, documents, identifiers, the clock."""

    def device(self, method: Callable[..., Any], *args: Any) -> Any:
        """Call a device's method; the result, awaited if need be."""

    def emit(self, name: str, doc: Document) -> None:
        """Hand a document to the subscribers."""

    def uid(self) -> str:
        """A new identifier."""

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""


class Stream:
    """One series of events that share a descriptor.

    Attributes:
        seq_num: number of the last event; it goes back on a rewind when `rewinds`.
        writers: the devices that write files.
        prefetchable: the devices whose reading can be requested ahead (`begin_read`).
    """

    __slots__ = (
        "data_keys",
        "described",
        "descriptor",
        "filled",
        "keys",
        "name",
        "prefetchable",
        "rewinds",
        "seq_num",
        "writers",
    )

    def __init__(self, name: str, *, rewinds: bool = True) -> None:
        self.name = name
        self.rewinds = rewinds
        self.seq_num = 0
        self.descriptor = ""
        self.described: dict[Any, Mapping[str, Any]] = {}
        self.data_keys: dict[str, Any] = {}
        self.keys: frozenset[str] = frozenset()
        self.filled: dict[str, bool] = {}
        self.writers: list[Any] = []
        self.prefetchable: list[Any] = []


class Bundle:
    """The readings of one event while it is being put together."""

    __slots__ = ("data", "name", "objects", "timestamps")

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: list[Any] = []
        self.data: dict[str, Any] = {}
        self.timestamps: dict[str, float] = {}

    def add(self, obj: Any, readings: Mapping[str, Any]) -> None:
        """Add one device's readings.

        Raises:
            PlanError: a key is in the bundle already.
        """
        data, timestamps = self.data, self.timestamps
        for key, reading in readings.items():
            if key in data:
                raise PlanError(f"two readings of one event are called {key!r}: {_names(self.objects)} and {obj.name}")
            data[key] = reading["value"]
            timestamps[key] = reading["timestamp"]
        self.objects.append(obj)


def _names(objects: Iterable[Any]) -> str:
    return ", ".join(str(getattr(obj, "name", obj)) for obj in objects)


class RunBundler:
    """One run, from its start document to its stop document."""

    def __init__(self, surroundings: Surroundings, metadata: Mapping[str, Any], known_files: KnownFiles) -> None:
        self._world = surroundings
        self.uid = surroundings.uid()
        self._files = RunFiles(known_files, self.uid, surroundings.uid)
        self.streams: dict[str, Stream] = {}
        self.bundle: Bundle | None = None
        self.monitored: dict[str, Any] = {}  # by stream name: see engine.monitors
        self.uncollected: list[Any] = []  # flyers that were kicked off and not collected yet
        self.flights: dict[Any, Any] = {}  # by flyer, the status of its `complete`
        self._configurations: dict[Any, Document] = {}
        surroundings.emit("start", compose.start(self.uid, surroundings.time(), metadata))
        self._mark: dict[str, int] = {}
        self._cancelled = False  # a pause has thrown the open event away; until the next one is created

    # ---- events of what is read -----------------------------------------------------------

    def create(self, name: str) -> None:
        """Open a bundle for stream `name`."""
        if self.bundle is not None:
            raise IllegalMessageSequence(
                f"create({name!r}) while the event of {self.bundle.name!r} is still open: save or drop it first"
            )
        self.bundle, self._cancelled = Bundle(name), False

    def drop(self) -> None:
        """Throw the open bundle away, unless a pause has done that already."""
        if not self._cancelled:
            self._open_bundle("drop")
        self.bundle, self._cancelled = None, False

    def save(self) -> None:
        """Emit the open bundle as an event, and its descriptor first if it is the stream's first.

        An empty bundle leaves nothing.
        """
        bundle = self._open_bundle("save")
        self.bundle = None
        if not bundle.objects:
            return
        stream = self.streams.get(bundle.name)
        if stream is None or not stream.descriptor:
            stream = self.declare(bundle.name, self._describe(bundle.objects))
        if bundle.data.keys() != stream.keys:
            raise PlanError(self._mismatch(stream, bundle))
        if stream.writers:
            self.emit_assets(stream, stream.writers)
        self.emit_event(stream, bundle.data, bundle.timestamps)

    def emit_event(self, stream: Stream, data: Document, timestamps: dict[str, float]) -> None:
        """Emit the next event of `stream`."""
        world = self._world
        stream.seq_num += 1
        world.emit(
            "event",
            {
                "uid": world.uid(),
                "time": world.time(),
                "descriptor": stream.descriptor,
                "seq_num": stream.seq_num,
                "data": data,
                "timestamps": timestamps,
                "filled": stream.filled.copy(),
            },
        )

    def _open_bundle(self, command: str) -> Bundle:
        if self.bundle is None:
            raise IllegalMessageSequence(f"{command} without create: there is no open event")
        return self.bundle

    def _mismatch(self, stream: Stream, bundle: Bundle) -> str:
        missing = ", ".join(sorted(stream.keys - bundle.data.keys())) or "none"
        extra = ", ".join(sorted(bundle.data.keys() - stream.keys)) or "none"
        return (
            f"the events of stream {stream.name!r} must all hold the same keys: missing here: {missing}; "
            f"new here: {extra}. Put different readings into a stream of another name"
        )

    # ---- descriptors ----------------------------------------------------------------------

    def _describe(self, objects: Iterable[Any]) -> dict[Any, Mapping[str, Any]]:
        return {obj: self._world.device(obj.describe) for obj in objects}

    def declare(self, name: str, described: Mapping[Any, Mapping[str, Any]], *, rewinds: bool = True) -> Stream:
        """Emit a descriptor for stream `name`.

        Args:
            described: by device, its data keys.
            rewinds: False for streams whose events are not repeated after a rewind (monitors, flyers).
        """
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = Stream(name, rewinds=rewinds)
        configuration = {obj.name: self._configuration(obj) for obj in described}
        data_keys = {
            key: {**data_key, "object_name": obj.name}
            for obj, keys in described.items()
            for key, data_key in keys.items()
        }
        stream.described = dict(described)
        stream.descriptor = self._world.uid()
        self._set_keys(stream, data_keys)
        stream.writers = [obj for obj in described if hasattr(obj, "collect_asset_docs")]
        stream.prefetchable = [obj for obj in described if hasattr(obj, "begin_read")]
        doc = compose.descriptor(
            stream.descriptor,
            self._world.time(),
            self.uid,
            name,
            data_keys,
            {obj.name: list(keys) for obj, keys in described.items()},
            configuration,
            {obj.name: dict(obj.hints) for obj in described if getattr(obj, "hints", None)},
        )
        self._world.emit("descriptor", doc)
        return stream

    def _set_keys(self, stream: Stream, data_keys: dict[str, Any]) -> None:
        external = {key: value.get("external") for key, value in data_keys.items()}
        stream.data_keys = data_keys
        stream.keys = frozenset(key for key in data_keys if external[key] != "STREAM:")
        stream.filled = {key: False for key in data_keys if external[key] and external[key] != "STREAM:"}

    def declare_objects(self, name: str, objects: Iterable[Any]) -> Stream:
        """Emit the descriptor of stream `name` ahead of its first event."""
        return self.declare(name, self._describe(objects))

    def _configuration(self, obj: Any) -> Document:
        configuration = self._configurations.get(obj)
        if configuration is None:
            if hasattr(obj, "read_configuration"):
                readings = self._world.device(obj.read_configuration)
                configuration = compose.configuration_of(readings, self._world.device(obj.describe_configuration))
            else:
                configuration = compose.configuration_of({}, {})
            self._configurations[obj] = configuration
        return configuration

    def configured(self, obj: Any) -> None:
        """`obj` has new settings: the streams it is in get new descriptors."""
        self._configurations.pop(obj, None)
        for stream in list(self.streams.values()):
            if obj in stream.described:
                self.declare(stream.name, stream.described)

    # ---- files ----------------------------------------------------------------------------

    def emit_assets(self, stream: Stream | None, objects: Iterable[Any], *args: Any) -> int:
        """Emit the documents of external files that `objects` have ready.

        Returns:
            How many indices the StreamDatum documents of this call cover, 0 if there are none.
        """
        covered = 0
        for obj in objects:
            if hasattr(obj, "collect_asset_docs"):
                for name, doc in self._world.device(listed(obj.collect_asset_docs), *args):
                    covered = max(covered, self._emit_asset(stream, name, doc))
        return covered

    def _emit_asset(self, stream: Stream | None, name: str, doc: Document) -> int:
        covered = 0
        for kind, asset in self._files.documents(name, doc):
            if kind == "stream_datum":
                if stream is None:
                    raise PlanError("a StreamDatum needs the name of its stream: declare_stream first")
                covered = asset["indices"]["stop"] - asset["indices"]["start"]
                asset["descriptor"] = stream.descriptor
                asset["seq_nums"] = {"start": stream.seq_num + 1, "stop": stream.seq_num + 1 + covered}
            self._world.emit(kind, asset)
        return covered

    # ---- interruptions and the end --------------------------------------------------------

    def is_complete(self, flyer: Any) -> bool:
        """Whether `flyer` was asked to complete and has done so."""
        flight = self.flights.get(flyer)
        return flight is not None and bool(flight.done)

    def record_interruption(self, reason: str) -> None:
        """Put "pause", "resume" or a reason into the stream `interruptions`."""
        stream = self.streams.get("interruptions")
        if stream is None:
            stream = Stream("interruptions", rewinds=False)
            self.streams["interruptions"] = stream
            stream.descriptor = self._world.uid()
            key = {"interruption": {"source": "RunEngine", "dtype": "string", "shape": []}}
            doc = compose.descriptor(stream.descriptor, self._world.time(), self.uid, stream.name, key, {}, {}, {})
            self._world.emit("descriptor", doc)
        self.emit_event(stream, {"interruption": reason}, {"interruption": self._world.time()})

    def mark(self) -> None:
        """Remember the sequence numbers, for a rewind to here."""
        self._mark = {name: stream.seq_num for name, stream in self.streams.items()}

    def rewind(self, mark: Mapping[str, int]) -> None:
        """Go back to the sequence numbers of `mark`, so that a repeated event has its number again."""
        for name, stream in self.streams.items():
            if stream.rewinds:
                stream.seq_num = mark.get(name, 0)

    def cancel_bundle(self) -> dict[str, int]:
        """Throw the open event away -> the sequence numbers to which a rewind goes back."""
        self._cancelled = self._cancelled or self.bundle is not None
        self.bundle = None
        return self._mark

    def close(self, exit_status: str, reason: str) -> str:
        """Emit the stop document; the run's uid."""
        counts = {name: stream.seq_num for name, stream in self.streams.items()}
        self._world.emit(
            "stop", compose.stop(self._world.uid(), self._world.time(), self.uid, exit_status, reason, counts)
        )
        return self.uid


def listed(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, with an iterator it returns read to its end while still in device code."""
    owner = getattr(method, "__self__", None)

    def call(*args: Any) -> Any:
        result = method(*args)
        return result if hasattr(result, "__aiter__") else list(result)

    if owner is not None:
        call.__self__ = owner  # type: ignore[attr-defined]  # the engine asks the method for its device
    return call
