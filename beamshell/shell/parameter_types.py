"""The types of a command's parameters: Motor, Detectors, Position, Points, Seconds, Duration, Text and others.

    @command("Counting and scanning", example="nod th 5")
    def nod(motor: Motor, times: Points, by: Position = 0.1) -> Plan: ...

Python's own types mean what one expects: `float`, `int` and `str` take one word, ``Literal["add", "run"]`` one of a
few, ``list[X]`` one X or more, a NamedTuple its fields one after the other. A parameter with a default may be left
out. A keyword-only parameter is typed as ``name=value``, and one that is a `bool` as its bare name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from beamshell.shell import session as _session
from beamshell.shell.slots import (
    DetectorsSlot,
    DeviceSlot,
    DurationSlot,
    InjectedSlot,
    LabelsSlot,
    MotorSlot,
    NumberSlot,
    RegionSlot,
    TargetSlot,
    TextSlot,
)

Device: TypeAlias = Annotated[Any, DeviceSlot()]
"""A device or a part of one."""

Motor: TypeAlias = Annotated[Any, MotorSlot()]
"""A device that can be moved."""

Detectors: TypeAlias = Annotated[list[Any], DetectorsSlot()]
"""The devices to read; those that the beamline reads by default if none is named."""

Position: TypeAlias = Annotated[float, NumberSlot()]
"""A position or a distance, in the motor's unit."""

Target: TypeAlias = Annotated[Any, TargetSlot()]
"""The target of the motor before it: a number; for a device that is no motor, a state such as `Open` of a shutter."""

Number: TypeAlias = Annotated[float, NumberSlot()]
"""A finite number."""

Points: TypeAlias = Annotated[int, NumberSlot(whole=True, at_least=1)]
"""A number of points: a whole number from 1."""

Seconds: TypeAlias = Annotated[float, NumberSlot(positive=True, unit="seconds")]
"""A time in seconds, above zero."""

Duration: TypeAlias = Annotated[float, DurationSlot()]
"""A time as a person writes it, such as 90, 90s, 10min or 2h; in seconds."""

Region: TypeAlias = Annotated[tuple[float, ...], RegionSlot()]
"""start:stop:step or start:stop:step:time."""

Text: TypeAlias = Annotated[str, TextSlot()]
"""All remaining words, as one text."""

Labels: TypeAlias = Annotated[dict[str, Any], LabelsSlot()]
"""Words such as sample=LaB6, as a dict."""

Session: TypeAlias = Annotated[_session.Session, InjectedSlot()]
"""The console itself: it is not typed."""


@dataclass(frozen=True)
class AtLeast:
    """The least number of values in a list: ``Annotated[list[Axis], AtLeast(2)]``."""

    number: int
