"""One run in progress: it bundles readings into events, numbers them, and emits the run's documents.

The engine gives it a way to call devices, to emit documents, to make identifiers and to read the clock. It never waits,
and knows nothing of plans, pauses or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from beamshell.documents import Document, alarms, compose, foreign_motion
from beamshell.engine.assets import KnownFiles, RunFiles
from beamshell.engine.streams import Bundle, Describe, Stream
from beamshell.errors import IllegalMessageSequence, PlanError


class Surroundings(Protocol):
    """The part of the engine that a run uses: calls of devices, documents, identifiers, the clock."""

    def device(self, method: Callable[..., Any], args: Sequence[Any] = ()) -> Any:
        """Call a device's method with these arguments; the result, awaited if need be."""

    def emit(self, name: str, doc: Document) -> None:
        """Hand a document to the subscribers."""

    def uid(self) -> str:
        """A new identifier."""

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""


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
            described = {obj: self._describe(obj) for obj in bundle.objects}
            stream = self.declare(bundle.name, described, data=bundle.data)
        self.describe_truly(stream, bundle.data)
        if stream.writers:
            self.emit_assets(stream, stream.writers)
        self.emit_event(stream, bundle.data, bundle.timestamps, bundle.alarms)

    def describe_truly(self, stream: Stream, data: Mapping[str, Any]) -> None:
        """Emit a new descriptor if the values of the next event are of other types or shapes than the last one says.

        Raises:
            PlanError: the event has other keys than its stream.
        """
        if not stream.holds(data):
            self.declare(stream.name, {obj: stream.describe(obj) for obj in stream.described}, data=data)

    def emit_event(
        self, stream: Stream, data: Document, timestamps: dict[str, float], severities: Mapping[str, str] | None = None
    ) -> None:
        """Emit the next event of `stream`.

        Args:
            severities: of the values that have an alarm, by key.
        """
        world = self._world
        uid = world.uid()
        stream.seq_num += 1
        if severities:
            self._mark_alarms(stream, uid, severities)
        world.emit(
            "event",
            {
                "uid": uid,
                "time": world.time(),
                "descriptor": stream.descriptor,
                "seq_num": stream.seq_num,
                "data": data,
                "timestamps": timestamps,
                "filled": stream.filled.copy(),
            },
        )
        stream.last = (uid, stream.seq_num, timestamps)

    def _mark_alarms(self, stream: Stream, event_uid: str, severities: Mapping[str, str]) -> None:
        """Emit what says which values of the event with this uid, the next one, have an alarm."""
        marks = self._own_stream(alarms.STREAM, alarms.DATA_KEYS)
        now = self._world.time()
        for key, severity in severities.items():
            data = {
                "stream": stream.name,
                "point": stream.seq_num,
                "key": key,
                "severity": severity,
                "event": event_uid,
            }
            self.emit_event(marks, data, dict.fromkeys(data, now))

    def _own_stream(self, name: str, data_keys: Document) -> Stream:
        """A stream in which the engine itself records something, described when it is first used."""
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = Stream(name, self._describe, rewinds=False)
            stream.descriptor = self._world.uid()
            doc = compose.descriptor(stream.descriptor, self._world.time(), self.uid, name, data_keys, {}, {}, {})
            self._world.emit("descriptor", doc)
        return stream

    def _open_bundle(self, command: str) -> Bundle:
        if self.bundle is None:
            raise IllegalMessageSequence(f"{command} without create: there is no open event")
        return self.bundle

    # ---- descriptors ----------------------------------------------------------------------

    def _describe(self, obj: Any) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self._world.device(obj.describe)
        return described

    def declare(
        self,
        name: str,
        described: Mapping[Any, Mapping[str, Any]],
        *,
        describe: Describe | None = None,
        data: Mapping[str, Any] | None = None,
        rewinds: bool = True,
    ) -> Stream:
        """Emit a descriptor for stream `name`, with the settings that the devices have now.

        Args:
            described: by device, its data keys.
            describe: how the data keys of a device are found again when its settings change; None is `obj.describe()`.
            data: the values of the next event, if they are known: the descriptor says what they are.
            rewinds: False for streams whose events are not repeated after a rewind (monitors, flyers).
        """
        for obj in described:
            _check_name(obj, name)
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = Stream(name, describe or self._describe, rewinds=rewinds)
        configuration = self._configuration_of(described)
        stream.descriptor = self._world.uid()
        stream.set_devices(described, data or {})
        doc = compose.descriptor(
            stream.descriptor,
            self._world.time(),
            self.uid,
            name,
            stream.data_keys,
            {obj.name: list(keys) for obj, keys in described.items()},
            configuration,
            {obj.name: dict(obj.hints) for obj in described if getattr(obj, "hints", None)},
        )
        self._world.emit("descriptor", doc)
        return stream

    def declare_objects(self, name: str, objects: Iterable[Any]) -> Stream:
        """Emit the descriptor of stream `name` ahead of its first event."""
        return self.declare(name, {obj: self._describe(obj) for obj in objects})

    def _configuration_of(self, devices: Iterable[Any]) -> dict[str, Document]:
        """By device, its settings: read at each descriptor, whatever has changed them since the one before.

        All devices are asked before the first answer is waited for.
        """
        call = self._world.device
        collectors = {obj: _begin_configuration(obj, call) for obj in devices}
        return {
            obj.name: compose.configuration_of({}, {})
            if collect is None
            else compose.configuration_of(call(collect), call(obj.describe_configuration))
            for obj, collect in collectors.items()
        }

    def configured(self, obj: Any) -> None:
        """`obj` has new settings, and perhaps new shapes: the streams it is in get new descriptors."""
        for stream in list(self.streams.values()):
            if obj in stream.described:
                self.declare(stream.name, {**stream.described, obj: stream.describe(obj)})

    # ---- files ----------------------------------------------------------------------------

    def emit_assets(self, stream: Stream | None, objects: Iterable[Any], *args: Any) -> int:
        """Emit the documents of external files that `objects` have ready.

        Returns:
            How many indices the StreamDatum documents of this call cover, 0 if there are none.
        """
        covered = 0
        for obj in objects:
            if hasattr(obj, "collect_asset_docs"):
                for name, doc in self._world.device(listed(obj.collect_asset_docs), args):
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
        key = {"interruption": {"source": "RunEngine", "dtype": "string", "shape": []}}
        stream = self._own_stream("interruptions", key)
        self.emit_event(stream, {"interruption": reason}, {"interruption": self._world.time()})

    def record_foreign_motion(self, data: Document) -> None:
        """Record that somebody else has moved a device; the keys are those of documents.foreign_motion."""
        stream = self._own_stream(foreign_motion.STREAM, foreign_motion.DATA_KEYS)
        self.emit_event(stream, data, dict.fromkeys(data, self._world.time()))

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


def _check_name(obj: Any, stream: str) -> None:
    """Check that documents can hold what a device is called.

    Raises:
        PlanError: it has no name, or one with a character that is not allowed in a key.
    """
    device_name, kind = getattr(obj, "name", ""), type(obj).__name__
    if not device_name:
        raise PlanError(f"a {kind} in stream {stream!r} has no name: make it as {kind}(..., name='my_name')")
    if any(character in "./" or not character.isprintable() for character in device_name):
        raise PlanError(
            f"the {kind} {device_name!r} cannot be recorded: its name has a '/', a '.' or a line break; "
            f"make it as {kind}(..., name='my_name')"
        )


def _begin_configuration(obj: Any, call: Callable[..., Any]) -> Callable[[], Any] | None:
    """Ask a device for its settings: the function that collects them; None if it has none."""
    if hasattr(obj, "begin_read_configuration"):
        collect: Callable[[], Any] = call(obj.begin_read_configuration)
        return collect
    return getattr(obj, "read_configuration", None)


def listed(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, with an iterator it returns read to its end while still in device code."""
    owner = getattr(method, "__self__", None)

    def call(*args: Any) -> Any:
        result = method(*args)
        return result if hasattr(result, "__aiter__") else list(result)

    if owner is not None:
        call.__self__ = owner  # type: ignore[attr-defined]  # the engine asks the method for its device
    return call
