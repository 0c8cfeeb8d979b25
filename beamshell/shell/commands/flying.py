"""The command fscan: a scan on the fly, past the points without stopping.

The flyer's device says what may be flown; the words are looked up among the devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from typing_extensions import override

from beamshell import plans as bp
from beamshell.errors import UsageError
from beamshell.messages import Plan
from beamshell.shell.command_set import command
from beamshell.shell.parameter_types import Position, Seconds
from beamshell.shell.slots import DeviceSlot, NumberSlot, Slot
from beamshell.shell.tokens import Tokens


class FlyerSlot(DeviceSlot):
    """A flyer of one motor, named itself or by its motor."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        device = tokens.device(name)
        if _is_flyer(device) and len(device.motors) == 1:
            return device
        flyers = [one for one in _flyers(tokens.devices) if len(one.motors) == 1 and one.motors[0] is device]
        if not flyers:
            raise UsageError(
                f"nothing flies {device.name}: the device file needs a line such as "
                f"{device.name}_fly: {{class: motor_flyer, motor: {device.name}, counter: mcs}}"
            )
        if len(flyers) > 1:
            names = " and ".join(flyer.name for flyer in flyers)
            raise UsageError(f"{names} fly {device.name}: name one of them instead")
        return flyers[0]

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        flown = [motor for flyer in _flyers(devices) for motor in flyer.motors]
        return [name for name, device in devices.items() if any(device is motor for motor in flown)]


@command("Regions, times, flights", example="fscan th -1 1 101 0.05", aliases=("flyscan",))
def fscan(
    motor: Annotated[Any, FlyerSlot()],
    start: Position,
    stop: Position,
    points: Annotated[int, NumberSlot(whole=True, at_least=2)],
    time: Seconds,
) -> Plan:
    """Scan a motor on the fly: it moves past a number of POINTS without stopping.

    Start and stop are both points. The time is from one point to the next, in seconds, and all of it is counted. The
    motor's flyer in the device file says what counts; its name may stand in place of the motor's.
    """
    return bp.fly_scan(motor, start, stop, points, time)


def _flyers(devices: Mapping[str, Any]) -> list[Any]:
    return [device for device in devices.values() if _is_flyer(device)]


def _is_flyer(device: Any) -> bool:
    return hasattr(device, "kickoff") and hasattr(device, "motors")
