"""Random runs as documents: several streams, every kind of value, points that are measured again, any end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from beamshell.store import Journal, Run

Documents = list[tuple[str, dict[str, Any]]]

STATUSES = ("success", "abort", "fail", None)  # None: it is still open
_TEXTS = st.text(st.characters(), max_size=8)  # control characters and halves of characters too
_VALUES = {
    "number": (st.floats() | st.none(), {"dtype": "number", "shape": []}),
    "integer": (st.integers(-(2**70), 2**70), {"dtype": "integer", "shape": []}),
    "boolean": (st.booleans(), {"dtype": "boolean", "shape": []}),
    "string": (_TEXTS, {"dtype": "string", "shape": []}),
    "spectrum": (st.lists(st.floats(), min_size=3, max_size=3), {"dtype": "array", "shape": [3]}),
    "ragged": (st.lists(st.integers(0, 2**40), min_size=1, max_size=5), {"dtype": "array", "shape": [None]}),
    "picture": (
        st.lists(st.lists(st.integers(0, 255), min_size=2, max_size=2), min_size=2, max_size=2),
        {"dtype": "array", "shape": [2, 2]},
    ),
}
_KEYS = st.sampled_from(["th", "det", "Größe", "x  y", "time", "Epoch", "a,b"]) | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="./"),  # the event model has none of these
    min_size=1,
    max_size=5,
)
_UNITS = st.sampled_from(["", "deg", "µm", "[m]", "a,b"])


@dataclass
class RandomRun:
    """A run that was made up.

    Attributes:
        documents: in their order.
        points: by stream and number, the data of the point as it was measured last.
        kinds: by stream and key, a key of `_VALUES`.
        units: by stream and key.
        status: how it ended; None if it is still open.
    """

    documents: Documents
    points: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    kinds: dict[str, dict[str, str]] = field(default_factory=dict)
    units: dict[str, dict[str, str]] = field(default_factory=dict)
    status: str | None = None

    @property
    def uid(self) -> str:
        return str(self.documents[0][1]["uid"])


@st.composite
def random_runs(draw: st.DrawFn, number: int = 1) -> RandomRun:
    """One run, whose uid begins with its number."""
    uid, moment = f"{number:08d}-run", 1.7e9 + 100 * number
    metadata = draw(st.dictionaries(st.sampled_from(["sample", "operator", "command", "note"]), _TEXTS, max_size=3))
    run = RandomRun([("start", {**metadata, "uid": uid, "time": moment, "scan_id": number, "plan_name": "scan"})])
    streams = draw(st.lists(st.sampled_from(["primary", "ring", "baseline"]), max_size=3, unique=True))
    for stream in streams:
        kinds = draw(st.dictionaries(_KEYS, st.sampled_from(list(_VALUES)), min_size=1, max_size=4))
        run.kinds[stream], run.points[stream] = kinds, {}
        run.units[stream] = {key: draw(_UNITS) for key in kinds}
        data_keys = {key: {"source": "sim", **_VALUES[kind][1]} for key, kind in kinds.items()}
        for key, unit in run.units[stream].items():
            data_keys[key] |= {"units": unit} if unit else {}
        run.documents.append(("descriptor", _descriptor(uid, moment, stream, data_keys)))
    for index, stream in enumerate(draw(st.lists(st.sampled_from(streams), max_size=8)) if streams else []):
        points = run.points[stream]
        numbers = [len(points) + 1, *([len(points)] if points else [])]
        seq_num = draw(st.sampled_from(numbers))  # the last point may be measured again
        data = {key: draw(_VALUES[kind][0]) for key, kind in run.kinds[stream].items()}
        points[seq_num] = data
        event = {"uid": f"{uid}-{index}", "descriptor": f"{uid}-{stream}", "time": moment + index / 7}
        run.documents.append(("event", {**event, "seq_num": seq_num, "data": data, "timestamps": _times(data, moment)}))
    run.status = draw(st.sampled_from(STATUSES))
    if run.status is not None:
        numbers = {stream: max(points, default=0) for stream, points in run.points.items()}
        stop = {"uid": f"{uid}-stop", "run_start": uid, "time": moment + 9, "exit_status": run.status, "reason": ""}
        run.documents.append(("stop", {**stop, "num_events": numbers}))
    return run


@st.composite
def interleaved_runs(draw: st.DrawFn) -> tuple[list[RandomRun], Documents]:
    """Two runs, and their documents as they would come if both were measured at once."""
    runs = [draw(random_runs(1)), draw(random_runs(2))]
    left = [list(run.documents) for run in runs]
    documents: Documents = []
    while any(left):
        documents.append(draw(st.sampled_from([one for one in left if one])).pop(0))
    return runs, documents


def _descriptor(uid: str, moment: float, stream: str, data_keys: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": f"{uid}-{stream}",
        "time": moment,
        "run_start": uid,
        "name": stream,
        "data_keys": data_keys,
        "object_keys": {key: [key] for key in data_keys},
        "hints": {},
        "configuration": {},
    }


def _times(data: dict[str, Any], moment: float) -> dict[str, float]:
    return dict.fromkeys(data, moment)


@contextmanager
def stored(documents: Documents) -> Iterator[dict[str, Run]]:
    """The runs of these documents by uid, written by the real journal into a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(folder)
        for name, doc in documents:
            journal(name, doc)
        journal.close()
        runs = [Run(path) for path in Path(folder).glob("runs/*/*/*.jsonl")]
        yield {run.uid: run for run in runs}
