"""Scans on the fly: fscan.

The flyer's device says what may be flown; the words are looked up in the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from beamshell.errors import UsageError
from beamshell.shell.command import motors
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words

if TYPE_CHECKING:
    from beamshell.shell.session import Session


def _motor_first(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    if before:
        return []
    flown = {motor.name for flyer in _flyers(devices) for motor in flyer.motors}
    return [name for name in motors(devices) if name in flown]


@COMMANDS.add(
    "motor start stop points time",
    example="fscan th -1 1 101 0.05",
    plan="RE(bp.fly_scan(th_fly, -1, 1, 101, 0.05))",
    aliases=("flyscan",),
    slots=_motor_first,
    needs_words=True,
)
def fscan(session: Session, words: Words) -> None:
    """Scan a motor on the fly: it rides past a number of POINTS without stopping.

    Start and stop are both points. The time is from one point to the next, in seconds, and all of it is counted. The
    motor's flyer in the device file says what counts; its name may stand in place of the motor's.
    """
    from beamshell import plans as bp

    flyer = _flyer(words)
    start, stop = words.number("start"), words.number("stop")
    points = words.whole_number("points", at_least=2)
    if not words:
        raise UsageError("time is missing")
    seconds = words.optional_seconds()
    words.end()
    assert seconds is not None
    form = f"bp.fly_scan({flyer.name}, {start:g}, {stop:g}, {points}, {seconds:g})"
    session.run(lambda: bp.fly_scan(flyer, start, stop, points, seconds), plan_form=form)


def _flyer(words: Words) -> Any:
    """The flyer that the next word names, or that flies the motor it names, alone."""
    device = words.device("motor")
    if _is_flyer(device) and len(device.motors) == 1:
        return device
    found = [flyer for flyer in _flyers(words.devices) if len(flyer.motors) == 1 and flyer.motors[0] is device]
    if not found:
        name = device.name
        raise UsageError(
            f"nothing flies {name}: the device file needs a line such as "
            f"{name}_fly: {{class: motor_flyer, motor: {name}, counter: mcs}}"
        )
    if len(found) > 1:
        raise UsageError(f"{' and '.join(flyer.name for flyer in found)} fly {device.name}: name one of them instead")
    return found[0]


def _flyers(devices: Mapping[str, Any]) -> list[Any]:
    return [device for device in devices.values() if _is_flyer(device)]


def _is_flyer(device: Any) -> bool:
    return hasattr(device, "kickoff") and hasattr(device, "motors")
