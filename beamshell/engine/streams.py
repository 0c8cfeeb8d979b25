"""Streams of a run, and the bundle of readings from which the next event of a stream is made.

Plain records. They call no device and emit nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamshell.documents.alarms import SEVERITIES
from beamshell.documents.data_keys import corrected, fits, variable_shape
from beamshell.errors import KeysDiffer, PlanError

Describe = Callable[[Any], Mapping[str, Any]]
"""The data keys of a device, as one stream has them."""


class Stream:
    """One series of events that share a descriptor.

    Args:
        name: of the stream.
        describe: returns the data keys of a device.
        rewinds: False if its events are not repeated after a rewind (monitors, flyers).

    Attributes:
        seq_num: number of the last event; it goes back on a rewind when `rewinds`.
        descriptor: uid of the newest descriptor; "" before the first.
        described: by device, its data keys.
        data_keys: by key, the data key as the descriptor has it.
        keys: those whose values are in the events.
        writers: the devices that write files.
        prefetchable: the devices whose reading can be requested ahead (`begin_read`).
        last: uid, number and timestamps of its last event; None before the first.
    """

    __slots__ = (
        "_order",
        "_resizable",
        "_resized",
        "_types",
        "data_keys",
        "describe",
        "described",
        "descriptor",
        "filled",
        "keys",
        "last",
        "name",
        "prefetchable",
        "rewinds",
        "seq_num",
        "writers",
    )

    def __init__(self, name: str, describe: Describe, *, rewinds: bool = True) -> None:
        self.name = name
        self.describe = describe
        self.rewinds = rewinds
        self.seq_num = 0
        self.descriptor = ""
        self.described: dict[Any, Mapping[str, Any]] = {}
        self.data_keys: dict[str, Any] = {}
        self.keys: frozenset[str] = frozenset()
        self.filled: dict[str, bool] = {}
        self.writers: list[Any] = []
        self.prefetchable: list[Any] = []
        self.last: tuple[str, int, Mapping[str, float]] | None = None
        self._order: list[str] = []  # of the keys of the last event
        self._types: list[type] = []  # of its values, in this order
        self._resizable: list[str] = []
        self._resized: set[str] = set()

    def set_devices(self, described: Mapping[Any, Mapping[str, Any]], data: Mapping[str, Any]) -> None:
        """Take over the data keys of the devices; `data`, values of the next event, correct what is not so.

        An array that is resized for the second time is from then on one of variable length.
        """
        before = self.data_keys
        self.described = dict(described)
        self.data_keys = {
            key: {**(corrected(data_key, data[key]) if key in data else data_key), "object_name": obj.name}
            for obj, keys in described.items()
            for key, data_key in keys.items()
        }
        for key, data_key in self.data_keys.items():
            earlier = before.get(key, {})
            if data_key["dtype"] == earlier.get("dtype") == "array" and data_key["shape"] != earlier["shape"]:
                if key in self._resized:
                    data_key["shape"] = variable_shape(earlier["shape"], data_key["shape"])
                self._resized.add(key)
        external = {key: data_key.get("external") for key, data_key in self.data_keys.items()}
        self.keys = frozenset(key for key in external if external[key] != "STREAM:")
        self.filled = {key: False for key in external if external[key] and external[key] != "STREAM:"}
        self.writers = [obj for obj in described if hasattr(obj, "collect_asset_docs")]
        self.prefetchable = [obj for obj in described if hasattr(obj, "begin_read")]
        checked = data if data.keys() == self.keys else {}
        self._order, self._types = list(checked), list(map(type, checked.values()))
        self._resizable = [
            key
            for key in self.keys
            if self.data_keys[key]["dtype"] in ("array", "string") and fits(checked.get(key), self.data_keys[key])
        ]

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether the values are of the types and shapes that the descriptor says. Quick, as it runs at each event.

        Raises:
            PlanError: it has other keys than the events of this stream.
        """
        order, types = [*data], [*map(type, data.values())]
        if types == self._types and order == self._order:
            checked = self._resizable
        elif data.keys() == self.keys:
            checked, self._order, self._types = order, order, types
        else:
            raise KeysDiffer(self._mismatch(data))
        return not checked or all(fits(data[key], self.data_keys[key]) for key in checked)

    def _mismatch(self, data: Mapping[str, Any]) -> str:
        missing = ", ".join(sorted(self.keys - data.keys())) or "none"
        extra = ", ".join(sorted(data.keys() - self.keys)) or "none"
        return (
            f"the events of stream {self.name!r} must all hold the same keys: missing here: {missing}; "
            f"new here: {extra}. Put different readings into a stream of another name"
        )


class Bundle:
    """The readings of one event while it is being put together.

    Attributes:
        alarms: the severities of the values that have an alarm, by key.
    """

    __slots__ = ("alarms", "data", "name", "objects", "timestamps")

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: list[Any] = []
        self.data: dict[str, Any] = {}
        self.timestamps: dict[str, float] = {}
        self.alarms: dict[str, str] = {}

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
            if "alarm_severity" in reading and reading["alarm_severity"] in SEVERITIES:
                self.alarms[key] = SEVERITIES[reading["alarm_severity"]]
        self.objects.append(obj)


def _names(objects: Iterable[Any]) -> str:
    return ", ".join(str(getattr(obj, "name", obj)) for obj in objects)
