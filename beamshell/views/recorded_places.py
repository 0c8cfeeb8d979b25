"""Where the devices of a run stood: at one of its points or, if it does not record them there, at its beginning.

Pure: it asks no device, and does not know which of them are motors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from typing_extensions import override

from beamshell.documents import Document
from beamshell.documents.alarms import INVALID, Alarms
from beamshell.documents.router import RunReceiver

_BASELINE = "baseline"
"""The stream of what is read beside the plan, at the beginning and at the end of a run."""


class RecordedPlace(NamedTuple):
    """What a run says of one device at one moment.

    Attributes:
        values: by data key; without those that were marked as INVALID.
        units: by data key, "" if it has none.
        settings: by data key, as its stream began.
    """

    values: Mapping[str, Any]
    units: Mapping[str, str]
    settings: Mapping[str, Any]


class RecordedPlaces(RunReceiver):
    """Collects the places of the devices of a run, those at its point first.

    A point that was measured again after a pause counts as it was measured last. What is read at the point comes
    before what was read beside the plan.

    Args:
        point: its number as the table shows it, from 1.

    Attributes:
        time: of the point, in seconds since 1970-01-01 UTC; None if the run does not have it.
    """

    def __init__(self, point: int = 1) -> None:
        super().__init__()
        self.time: float | None = None
        self._point = point
        self._at_point: dict[str, RecordedPlace] = {}
        self._at_begin: dict[str, RecordedPlace] = {}
        self._alarms = Alarms()

    @property
    def places(self) -> dict[str, RecordedPlace]:
        """The places by the names under which the run records the devices."""
        return {**self._at_point, **{name: at for name, at in self._at_begin.items() if name not in self._at_point}}

    @override
    def event(self, descriptor: Document, event: Document) -> None:
        self._alarms.take(descriptor, event)
        stream = descriptor.get("name", "primary")
        if stream == "primary" and event["seq_num"] == self._point:
            self._at_point |= self._places(descriptor, event)
            self.time = event["time"]
        elif stream == _BASELINE and event["seq_num"] == 1:
            self._at_begin |= self._places(descriptor, event)

    def _places(self, descriptor: Document, event: Document) -> dict[str, RecordedPlace]:
        alarms = self._alarms.of(event)
        values = {key: value for key, value in event["data"].items() if alarms.get(key) != INVALID}
        about, settings = descriptor["data_keys"], descriptor.get("configuration") or {}
        return {
            device: RecordedPlace(
                {key: values[key] for key in keys if key in values},
                {key: str((about.get(key) or {}).get("units") or "") for key in keys},
                (settings.get(device) or {}).get("data") or {},
            )
            for device, keys in (descriptor.get("object_keys") or {}).items()
        }
