"""Collecting from flyers: the pages of events that they deliver, in one stream or several.

A flyer delivers each event once, so their sequence numbers never go back. It knows no message and no plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from beamshell.documents import Document, compose
from beamshell.engine.bundler import RunBundler, Surroundings, listed
from beamshell.engine.context import CommandContext
from beamshell.engine.resources import name_of
from beamshell.engine.streams import Stream
from beamshell.errors import IllegalMessageSequence, PlanError


def declare_flyers(world: Surroundings, run: RunBundler, objects: tuple[Any, ...], name: str) -> Stream:
    """Emit one descriptor for the events that `objects` will deliver together."""

    def describe(obj: Any) -> Mapping[str, Any]:
        by_stream = _by_stream(world.device(obj.describe_collect), name)
        if len(by_stream) != 1:
            raise PlanError(f"{obj.name} describes streams {', '.join(by_stream)}; only {name!r} was declared")
        (data_keys,) = by_stream.values()  # the plan names the stream, whatever the flyer would call it
        return data_keys

    return run.declare(name, {obj: describe(obj) for obj in objects}, describe=describe, rewinds=False)


def collect(
    world: Surroundings, run: RunBundler, objects: tuple[Any, ...], name: str | None, *, payload: bool
) -> list[Document] | None:
    """Emit the pages and files that `objects` have ready.

    Args:
        name: the stream; None finds the one declared for these objects, or the flyer's own streams.
        payload: whether the plan wants back what was delivered.

    Returns:
        The partial events or pages as the flyers gave them; None if they deliver files alone.
    """
    streams = _streams_of(world, run, objects, name)
    for obj in objects:
        if obj in run.uncollected and run.is_complete(obj):
            run.uncollected.remove(obj)
    single = next(iter(streams.values())) if len(streams) == 1 else None
    covered = run.emit_assets(single, objects, *_least_index(world, objects))
    deliveries = [
        (obj, *_delivery(world, obj)) for obj in objects if hasattr(obj, "collect_pages") or hasattr(obj, "collect")
    ]
    pages = [(_stream_for(obj, page, streams), page) for obj, _, pages in deliveries for page in pages]
    for stream, page in pages:
        _emit_page(world, run, stream, page)
    if covered and single is not None and not pages:
        single.seq_num += covered  # files alone carry the data: nothing else counts the events
    return [event for _, events, _ in deliveries for event in events] if payload and deliveries else None


def _least_index(world: Surroundings, objects: tuple[Any, ...]) -> tuple[int, ...]:
    """The number of points that all of these flyers have, as an argument list; () for a single flyer."""
    if len(objects) < 2:
        return ()
    return (min(world.device(obj.get_index) for obj in objects),)


def _streams_of(
    world: Surroundings, run: RunBundler, objects: tuple[Any, ...], name: str | None
) -> dict[frozenset[str], Stream]:
    """The streams that the collected events may belong to, by the keys of their events."""
    declared = [stream for stream in run.streams.values() if all(obj in stream.described for obj in objects)]
    if name is not None:
        stream = run.streams.get(name)
        if stream is None:
            raise IllegalMessageSequence(f"collect into {name!r}: this stream was not declared; declare_stream first")
        return {_keys(stream, objects): stream}
    if not declared:
        if len(objects) > 1:
            raise IllegalMessageSequence("to collect several flyers together, declare_stream for them first")
        by_stream = _by_stream(world.device(objects[0].describe_collect), f"{objects[0].name}")
        declared = [_declare_own_stream(world, run, objects[0], name, keys) for name, keys in by_stream.items()]
    return {_keys(stream, objects): stream for stream in declared}


def _declare_own_stream(
    world: Surroundings, run: RunBundler, flyer: Any, name: str, data_keys: Mapping[str, Any]
) -> Stream:
    """Emit the descriptor of a stream that is the flyer's own."""

    def describe(obj: Any) -> Mapping[str, Any]:
        return _by_stream(world.device(obj.describe_collect), str(obj.name))[name]

    return run.declare(name, {flyer: data_keys}, describe=describe, rewinds=False)


def _keys(stream: Stream, objects: tuple[Any, ...]) -> frozenset[str]:
    return frozenset(key for obj in objects for key in stream.described.get(obj, ()) if key in stream.keys)


def _by_stream(described: Any, name: str) -> dict[str, Mapping[str, Any]]:
    """Data keys by stream, of a `describe_collect` that gives them by stream, or only those of one stream."""
    if described and all("source" not in keys for keys in described.values()):
        return dict(described)
    return {name: described}


def _delivery(world: Surroundings, obj: Any) -> tuple[list[Document], list[Document]]:
    """The events that one flyer has ready: as it gives them, and as partial pages."""
    if hasattr(obj, "collect_pages"):
        pages = list(world.device(listed(obj.collect_pages)))
        return pages, pages
    events = list(world.device(listed(obj.collect)))
    return events, _paged(events)


def _paged(events: list[Document]) -> list[Document]:
    """Partial events as pages, one for each set of keys."""
    groups: dict[frozenset[str], list[Document]] = {}
    for event in events:
        groups.setdefault(frozenset(event["data"]), []).append(event)
    return [
        {
            "data": {key: [event["data"][key] for event in group] for key in keys},
            "timestamps": {key: [event["timestamps"][key] for event in group] for key in keys},
            "time": [event["time"] for event in group if "time" in event],
        }
        for keys, group in groups.items()
    ]


def _stream_for(obj: Any, page: Document, streams: dict[frozenset[str], Stream]) -> Stream:
    try:
        return streams[frozenset(page["data"])]
    except KeyError:
        keys = ", ".join(sorted(page["data"]))
        raise PlanError(f"{obj.name} handed over {keys}, which none of its streams describes") from None


def _emit_page(world: Surroundings, run: RunBundler, stream: Stream, page: Document) -> None:
    count = len(next(iter(page["data"].values()), ()))
    if not count:
        return
    times = page.get("time") or []
    rows: list[Document] = [
        {
            "uid": world.uid(),
            "time": times[i] if len(times) == count else world.time(),
            "seq_num": stream.seq_num + 1 + i,
            "data": {key: column[i] for key, column in page["data"].items()},
            "timestamps": {key: column[i] for key, column in page["timestamps"].items()},
            "filled": dict(stream.filled),
        }
        for i in range(count)
    ]
    stream.seq_num += count
    alike: list[Document] = []  # rows that share a descriptor
    for row in rows:
        descriptor = stream.descriptor
        run.describe_truly(stream, row["data"])
        if alike and stream.descriptor != descriptor:
            world.emit("event_page", compose.event_page(descriptor, alike))
            alike = []
        alike.append(row)
    world.emit("event_page", compose.event_page(stream.descriptor, alike))


# ---- the end of a run ----------------------------------------------------------------------------


def stop_and_collect(ctx: CommandContext, run: RunBundler) -> None:
    """Stop the flyers of this run that still fly, and emit their points; a failure is reported, the others are done."""
    for flyer in list(run.uncollected):
        if hasattr(flyer, "stop") and not run.is_complete(flyer):
            ctx.isolated(f"{name_of(flyer)}: cannot stop", ctx.device, flyer.stop)
        if hasattr(flyer, "describe_collect"):
            ctx.isolated(f"{name_of(flyer)}: cannot collect", partial(collect, ctx, run, (flyer,), None, payload=False))
    run.uncollected.clear()
