"""What every stream of documents must obey, whatever happened while it was made."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import event_model


@cache
def _validator(name: str) -> Any:
    return event_model.schema_validators[event_model.DocumentNames[name]]


_known_shapes: set[Any] = set()


def _shape(value: Any) -> Any:
    """The structure of a document, with short strings kept: two of one shape are valid or not together."""
    if isinstance(value, dict):
        return tuple((key, _shape(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return (type(value).__name__, *{_shape(item) for item in value})
    if isinstance(value, str):
        return ("str", value if len(value) < 12 else "...")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (type(value).__name__, value < 0)
    return type(value).__name__


def validate(name: str, doc: dict[str, Any]) -> None:
    """Hold a document against event-model's JSON schema; a shape that passed once is not looked at again."""
    shape = (name, _shape(doc))
    if shape not in _known_shapes:
        _validator(name).validate(doc)
        _known_shapes.add(shape)


def check(docs: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Assert all rules on whole runs: schemas, order, references, sequence numbers, counts."""
    runs: dict[str, dict[str, Any]] = {}
    streams: dict[str, dict[str, Any]] = {}
    uids: set[str] = set()
    files: set[tuple[str, str]] = set()  # (uid of a run, uid of a file that it announced)
    for name, doc in docs:
        validate(name, doc)
        for uid in doc["uid"] if isinstance(doc.get("uid"), list) else [doc["uid"]] if "uid" in doc else []:
            assert uid not in uids, f"uid {uid} twice"
            uids.add(uid)
        if name == "start":
            runs[doc["uid"]] = {"uid": doc["uid"], "open": True, "numbers": {}}
        elif name == "descriptor":
            run = runs[doc["run_start"]]
            assert run["open"], "a descriptor after the stop"
            streams[doc["uid"]] = {"run": run, "name": doc["name"], "keys": _keys_of_events(doc)}
            assert {key for keys in doc["object_keys"].values() for key in keys} in (set(doc["data_keys"]), set())
        elif name == "event":
            _check_event(streams[doc["descriptor"]], doc)
        elif name == "event_page":
            for i, number in enumerate(doc["seq_num"]):
                _check_event(
                    streams[doc["descriptor"]],
                    {
                        "seq_num": number,
                        "data": {key: column[i] for key, column in doc["data"].items()},
                        "timestamps": {key: column[i] for key, column in doc["timestamps"].items()},
                    },
                )
        elif name in ("resource", "stream_resource"):
            files.add((doc["run_start"], doc["uid"]))
        elif name == "stream_datum":
            run_uid = streams[doc["descriptor"]]["run"]["uid"]
            assert (run_uid, doc["stream_resource"]) in files, "a stream datum of a file that its run did not announce"
            _check_stream_datum(streams[doc["descriptor"]], doc)
        elif name == "stop":
            run = runs[doc["run_start"]]
            assert run["open"], "two stops for one start"
            run["open"] = False
            counts = {stream: max(numbers) for stream, numbers in run["numbers"].items()}
            messages = {stream: count for stream, count in doc["num_events"].items() if count}
            assert messages.keys() <= counts.keys()
            for stream, count in messages.items():
                assert count <= counts[stream]
    assert not any(run["open"] for run in runs.values()), "a run was left open"


def _keys_of_events(descriptor: dict[str, Any]) -> set[str]:
    return {key for key, what in descriptor["data_keys"].items() if what.get("external") != "STREAM:"}


def _check_event(stream: dict[str, Any], doc: dict[str, Any]) -> None:
    assert stream["run"]["open"], "an event after the stop"
    assert set(doc["data"]) == set(doc["timestamps"]) == stream["keys"]
    numbers = stream["run"]["numbers"].setdefault(stream["name"], set())
    assert doc["seq_num"] == 1 or doc["seq_num"] - 1 in numbers, "a sequence number was skipped"
    numbers.add(doc["seq_num"])


def _check_stream_datum(stream: dict[str, Any], doc: dict[str, Any]) -> None:
    assert stream["run"]["open"], "a stream datum after the stop"
    first, behind = doc["seq_nums"]["start"], doc["seq_nums"]["stop"]
    assert behind - first == doc["indices"]["stop"] - doc["indices"]["start"]
    numbers = stream["run"]["numbers"].setdefault(stream["name"], set())
    assert first == 1 or first - 1 in numbers, "a sequence number was skipped"
    numbers.update(range(first, behind))
