"""Protocols of devices: the methods that the engine calls, so that any object which has them is a device.

It knows no device class: ophyd's, ophyd-async's and home-made objects pass if they have the methods. A method marked
"may be a coroutine" is awaited on the engine's asyncio thread.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, NotRequired, Protocol, TypedDict, runtime_checkable


class Reading(TypedDict):
    """One value with its origin in time, such as ``{"value": 1.5, "timestamp": 1700000000.0}``."""

    value: Any
    """Number, string, bool or array."""
    timestamp: float
    """Seconds since 1970-01-01 UTC, given by the control system."""
    alarm_severity: NotRequired[int]
    """0 none, 1 minor, 2 major, 3 invalid (EPICS menuAlarmSevr)."""
    message: NotRequired[str]


Dtype = Literal["number", "integer", "string", "boolean", "array"]


class DataKey(TypedDict):
    """The description of a value: ``{"source": "ca://BL:th.RBV", "dtype": "number", "shape": [], "units": "deg"}``."""

    source: str
    dtype: Dtype
    shape: list[int]
    """The lengths of the axes; [] for a scalar."""
    units: NotRequired[str]
    precision: NotRequired[int]
    choices: NotRequired[list[str]]
    lower_ctrl_limit: NotRequired[float]
    upper_ctrl_limit: NotRequired[float]
    object_name: NotRequired[str]
    external: NotRequired[str]
    dtype_numpy: NotRequired[str]


class Location(TypedDict):
    """Setpoint and readback of a device, in its units."""

    setpoint: Any
    readback: Any


class ForeignMotion(NamedTuple):
    """A motion of a device that somebody else has commanded.

    Attributes:
        device: its name.
        words: what has happened, as the rest of a sentence: "was sent to 7 deg by somebody else".
        time: when, in seconds of the control system's clock, as the timestamps of its readings.
        noticed: when it was noticed, in seconds since 1970-01-01 UTC.
        ended_ours: it has ended a move of ours, which has failed and says so.
        is_over: a move of ours has arrived since then.
    """

    device: str
    words: str
    time: float
    noticed: float
    ended_ours: bool = False
    is_over: bool = False


class Hints(TypedDict, total=False):
    """The fields to show first, unless a person names others."""

    fields: list[str]
    dimensions: list[tuple[list[str], str]]
    gridding: str


@runtime_checkable
class Status(Protocol):
    """An action under way, and how it ended."""

    @property
    def done(self) -> bool:
        """True once the action has ended, well or badly."""

    @property
    def success(self) -> bool:
        """True once the action has ended well."""

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(status)` when done (at once if it is), in any thread."""

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        """Why it failed, or None."""


@runtime_checkable
class HasName(Protocol):
    """Everything that a run records has a name and, if it is a part, the device it belongs to."""

    @property
    def name(self) -> str:
        """The name used in documents and at the prompt, such as "slits_top"."""


@runtime_checkable
class Readable(HasName, Protocol):
    """A device whose values go into events."""

    def read(self) -> dict[str, Reading]:
        """The values now (may be a coroutine), such as ``{"det": {"value": 5, "timestamp": 1.7e9}}``."""

    def describe(self) -> dict[str, DataKey]:
        """The data key of each key of `read` (may be a coroutine)."""


@runtime_checkable
class BeginsRead(Protocol):
    """A device that can be asked now and collected later, so that many answer in one round trip."""

    def begin_read(self) -> Callable[[], dict[str, Reading]]:
        """Queue the requests behind `read` without waiting; the answer collects them."""


@runtime_checkable
class Configurable(Protocol):
    """A device with slow settings, recorded once a descriptor."""

    def read_configuration(self) -> dict[str, Reading]:
        """The settings now (may be a coroutine)."""

    def describe_configuration(self) -> dict[str, DataKey]:
        """The data key of each key of `read_configuration` (may be a coroutine)."""


@runtime_checkable
class CanConfigure(Protocol):
    """A device whose settings a plan may change."""

    def configure(self, *args: Any, **kwargs: Any) -> tuple[dict[str, Reading], dict[str, Reading]]:
        """Change settings; the readings before and after."""


@runtime_checkable
class Triggerable(Protocol):
    """A device that must be told to acquire before it is read."""

    def trigger(self) -> Status:
        """Start one acquisition."""


@runtime_checkable
class Movable(Protocol):
    """A device that can be sent to a value."""

    def set(self, value: Any, *args: Any, **kwargs: Any) -> Status:
        """Start going to `value`."""


@runtime_checkable
class NamedMovable(HasName, Movable, Protocol):
    """A device that plans move, and that runs record by its name."""


@runtime_checkable
class Checkable(Protocol):
    """A device that knows whether a value is allowed, without going there."""

    def check_value(self, value: Any) -> None:
        """Raise LimitError or BadValue if `set(value)` would be refused."""


@runtime_checkable
class Locatable(Protocol):
    """A device that knows where it was sent as well as where it is."""

    def locate(self) -> Location:
        """Setpoint and readback (may be a coroutine)."""


@runtime_checkable
class Stoppable(Protocol):
    """A device that can be stopped on its way."""

    def stop(self, success: bool = False) -> Any:
        """Stop now (may be a coroutine); `success` is what an unfinished move then counts as."""


@runtime_checkable
class Stageable(Protocol):
    """A device to be made ready before a run and put back after it."""

    def stage(self) -> Any:
        """Make ready: the list of what was staged, or a Status."""

    def unstage(self) -> Any:
        """Put back: the list of what was unstaged, or a Status."""


@runtime_checkable
class Pausable(Protocol):
    """A device that is told of pauses."""

    def pause(self) -> Any:
        """The engine pauses (may be a coroutine); may raise NoReplayAllowed."""

    def resume(self) -> Any:
        """The engine goes on (may be a coroutine)."""


@runtime_checkable
class Subscribable(Protocol):
    """A device that reports its changes."""

    def subscribe(self, function: Callable[..., None], *args: Any, **kwargs: Any) -> Any:
        """Call `function` at each change, in another thread."""

    def clear_sub(self, function: Callable[..., None]) -> Any:
        """Stop calling `function`."""


@runtime_checkable
class NoticesForeignMotion(Protocol):
    """A device that notices when somebody else moves it."""

    def on_foreign_motion(self, callback: Callable[[ForeignMotion], None]) -> Callable[[], None]:
        """Call `callback` at each, in another thread; returns a function that ends this."""

    def has_noticed(self, time: float) -> bool:
        """True if each motion until then was noticed; `time` is on the clock of its readings."""


@runtime_checkable
class Preparable(Protocol):
    """A flyer that can be made ready ahead of `kickoff`."""

    def prepare(self, value: Any) -> Status:
        """Start getting ready for `value`."""


@runtime_checkable
class Flyable(Protocol):
    """A device that acquires by itself between `kickoff` and `complete`."""

    def kickoff(self) -> Status:
        """Start; done when it is flying."""

    def complete(self) -> Status:
        """Ask it to end; done when all is acquired."""


@runtime_checkable
class Collectable(HasName, Protocol):
    """A flyer whose data come back through the engine."""

    def describe_collect(self) -> Any:
        """Data keys, either of one stream or a dict of them by stream name (may be a coroutine)."""


@runtime_checkable
class EventCollectable(Protocol):
    """A flyer that hands over events one by one."""

    def collect(self) -> Iterator[dict[str, Any]]:
        """Partial events: ``{"data": ..., "timestamps": ..., "time": ...}``."""


@runtime_checkable
class EventPageCollectable(Protocol):
    """A flyer that hands over events by the page."""

    def collect_pages(self) -> Iterator[dict[str, Any]]:
        """Partial event pages: as events, with a list for each key."""


@runtime_checkable
class WritesExternalAssets(Protocol):
    """A device whose data are files, announced by Resource/Datum or StreamResource/StreamDatum documents."""

    def collect_asset_docs(self, *args: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """``(name, document)`` pairs not handed over before."""


@runtime_checkable
class WritesFiles(Protocol):
    """A device whose files go below the console's data folder, unless another folder was set."""

    data_folder: Path | None
    """The console's data folder: set by the registry that the device is added to."""


@runtime_checkable
class HasHints(Protocol):
    """A device that knows which of its values a person looks at first."""

    @property
    def hints(self) -> Hints:
        """Such as ``{"fields": ["det"]}``."""


_MAY_BE_COROUTINES = (
    "read",
    "describe",
    "read_configuration",
    "describe_configuration",
    "locate",
    "connect",
    "describe_collect",
)


_MOST_KINDS = 1024
_kinds: dict[type, bool] = {}
"""By class, whether it has coroutines: plans ask for each move."""


def speaks_asyncio(kind: type) -> bool:
    """True if a method of the protocols is a coroutine function in this class, as in ophyd-async."""
    if (answer := _kinds.get(kind)) is not None:
        return answer
    if len(_kinds) >= _MOST_KINDS:
        _kinds.clear()
    _kinds[kind] = any(inspect.iscoroutinefunction(getattr(kind, name, None)) for name in _MAY_BE_COROUTINES)
    return _kinds[kind]


def has_position(device: Any) -> bool:
    """True for a device that says where it is: by a `position`, or by `locate` if it is no signal.

    Nothing is asked: to read the position could be a round trip to the hardware.
    """
    kind = type(device)
    if hasattr(kind, "position") or "position" in getattr(device, "__dict__", ()):
        return True
    return hasattr(kind, "locate") and not any(hasattr(kind, name) for name in ("get", "get_value", "begin_state"))


Callback = Callable[[str, dict[str, Any]], Any]
"""A subscriber of documents: ``f(name, document)``."""

__all__ = [
    "BeginsRead",
    "Callback",
    "CanConfigure",
    "Checkable",
    "Collectable",
    "Configurable",
    "DataKey",
    "Dtype",
    "EventCollectable",
    "EventPageCollectable",
    "Flyable",
    "ForeignMotion",
    "HasHints",
    "HasName",
    "Hints",
    "Locatable",
    "Location",
    "Movable",
    "NoticesForeignMotion",
    "Pausable",
    "Preparable",
    "Readable",
    "Reading",
    "Stageable",
    "Status",
    "Stoppable",
    "Subscribable",
    "Triggerable",
    "WritesExternalAssets",
    "WritesFiles",
    "has_position",
    "speaks_asyncio",
]
