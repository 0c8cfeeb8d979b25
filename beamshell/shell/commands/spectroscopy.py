"""Scans with steps of their own, and for a time: regions, xafs, tscan.

The plans check every point before anything moves; here words become their arguments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from beamshell.errors import UsageError
from beamshell.shell.command import any_device, detectors_then_motor
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, is_number, number

if TYPE_CHECKING:
    from beamshell.shell.session import Session

_SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9.eE+-]+?)(s|min|m|h|)\Z")


@COMMANDS.add(
    "[detector ...] motor start:stop:step[:time] ...",
    example="regions th -1:0:0.2 0:1:0.05",
    plan="RE(bp.region_scan([det], th, [(-1, 0, 0.2), (0, 1, 0.05)]))",
    slots=detectors_then_motor,
    needs_words=True,
)
def regions(session: Session, words: Words) -> None:
    """Scan a motor over regions, each with its own STEP; a shared boundary is measured once.

    The time is what each point of the region counts, in seconds.
    """
    from beamshell import plans as bp

    detectors = words.detectors() or session.detectors()
    motor = words.motor()
    listed = _regions(words)
    words.end()
    if not listed:
        raise UsageError("start:stop:step is missing")
    form = f"bp.region_scan({_names(detectors)}, {motor.name}, {_shown(listed)})"
    session.run(lambda: bp.region_scan(detectors, motor, listed), plan_form=form)


@COMMANDS.add(
    "[detector ...] energy e0 [start:stop:step[:time] ...] [k_max=12] [k_step=0.05] [time=1] [k_weight=1]",
    example="xafs mono.energy 8979 k_max=12 time=1",
    plan="RE(bp.xafs([det], mono.energy, 8979, k_max=12, time=1))",
    slots=detectors_then_motor,
    needs_words=True,
)
def xafs(session: Session, words: Words) -> None:
    """Scan the photon energy over an absorption edge: regions in eV from e0, then even in k up to k_max.

    e0 is in eV, k in 1/Å. Without regions: -150:-20:5 and -20:40:0.5. Above the last region points count longer, as
    (k / k_first)**k_weight.
    """
    from beamshell import plans as bp

    detectors = words.detectors() or session.detectors()
    energy = words.motor("energy axis")
    e0 = words.number("e0 in eV")
    arguments: dict[str, Any] = {}
    if listed := _regions(words):
        arguments["regions"] = listed
    arguments |= _settings(words, ("k_max", "k_step", "time", "k_weight"))
    shown = "".join(f", {key}={_shown(value) if key == 'regions' else value}" for key, value in arguments.items())
    form = f"bp.xafs({_names(detectors)}, {_path(energy)}, {e0:.12g}{shown})"
    session.run(lambda: bp.xafs(detectors, energy, e0, **arguments), plan_form=form)


@COMMANDS.add(
    "[detector ...] duration [period]",
    example="tscan det 10min 1",
    plan="RE(bp.time_scan([det], 600, 1))",
    aliases=("timefor",),
    slots=any_device,
    needs_words=True,
)
def tscan(session: Session, words: Words) -> None:
    """Count for a time, a point every period: 90, 90s, 10min or 2h; without a period, without a gap.

    The pace does not drift, and each point records how late it was.
    """
    from beamshell import plans as bp

    detectors = []
    while words and _DURATION.match(words.peek()) is None:
        detectors.append(words.device("detector"))
    detectors = detectors or session.detectors()
    duration_s = _seconds(words.take("duration"))
    period_s = _seconds(words.take("period")) if words else None
    words.end()
    form = f"bp.time_scan({_names(detectors)}, {duration_s:.12g}{'' if period_s is None else f', {period_s:.12g}'})"
    session.run(lambda: bp.time_scan(detectors, duration_s, period_s), plan_form=form)


def _regions(words: Words) -> list[tuple[float, ...]]:
    """The words that have colons, as numbers."""
    found = []
    while ":" in words.peek():
        word = words.take("region")
        parts = word.split(":")
        if len(parts) not in (3, 4) or not all(map(is_number, parts)):
            raise UsageError(f"'{word}' is not start:stop:step or start:stop:step:time")
        found.append(tuple(map(float, parts)))
    return found


def _settings(words: Words, allowed: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words.rest():
        key, equals, value = word.partition("=")
        if not equals or key not in allowed:
            raise UsageError(f"'{word}' is not understood: it may be {', '.join(f'{name}=...' for name in allowed)}")
        found[key] = number(value, key)
    return found


def _seconds(word: str) -> float:
    match = _DURATION.match(word)
    if match is None or not is_number(match[1]):
        raise UsageError(f"'{word}' is not a time: write 90, 90s, 10min or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def _names(detectors: list[Any]) -> str:
    return f"[{', '.join(_path(detector) for detector in detectors)}]"


def _path(device: Any) -> str:
    """How Python calls it: "mono.energy" for a part, whatever it is recorded as."""
    parent = getattr(device, "parent", None)
    return str(device.name) if parent is None else f"{_path(parent)}.{device.attr_name}"


def _shown(listed: list[tuple[float, ...]]) -> str:
    return f"[{', '.join('(' + ', '.join(f'{value:.12g}' for value in region) + ')' for region in listed)}]"
