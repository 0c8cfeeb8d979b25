"""The command that shows the pictures of a run or of a camera: image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from typing_extensions import override

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import NumberSlot, RecordedNameSlot, Slot
from beamshell.shell.tokens import Tokens, find_device, is_whole
from beamshell.text.lists import listed
from beamshell.views.scales import Scale

if TYPE_CHECKING:
    from beamshell.store import Run

HEADING = "What was measured"


class PointSlot(Slot):
    """The number of a point, or `now` for the camera's present picture."""

    word = "point | now"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> int | str:
        token = tokens.take(name)
        if token == "now":
            return "now"
        return int(NumberSlot(whole=True).read(Tokens([token], tokens.session), name, following))

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return token == "now" or is_whole(token)


@command(HEADING, example="image cam 3")
def image(
    session: Session,
    scan_number: int | None = None,
    detector: Annotated[str, RecordedNameSlot()] = "",
    point: Annotated[int | str, PointSlot()] = -1,
    *,
    scale: Scale = "linear",
) -> None:
    """Show a picture of a run: in a window or, without a display, in the terminal.

    Without a number it is the last run of this console, without a detector the only one that took pictures, without a
    point the last. In the window a slider goes through the points.
    `image cam now` shows the picture that the camera itself has, such as that of the last `ct cam`. With scale=log
    weak spots are seen beside strong ones; "symmetric" has 0 in its middle, and "symlog" is logarithmic beside that.
    """
    from beamshell.callbacks.picture import Frames, show

    if isinstance(point, str):
        if scan_number is not None:
            raise UsageError(f"'{point}' is not a whole number (point)")
        device = find_device(detector, session.devices)
        if not hasattr(device, "picture"):
            raise UsageError(f"{detector} takes no pictures{_those_that_do(session)}")
        show(device.picture(), f"{detector} now", scale)
        return
    if detector == "now" and detector not in session.devices:
        raise UsageError(f"say of which camera: image {next(iter(_cameras(session)), 'cam')} now")
    run = session.last_run() if scan_number is None else session.runs[scan_number]
    images = run.images(detector or _only_detector(run))
    picture, present = images.at(point), images.points[point] if point < 0 else point

    def title(at: int) -> str:
        return f"{images.key} of run {run.scan_id}, point {at}"

    show(picture, title(present), scale, Frames(images.points, present, images.at, title))


def _cameras(session: Session) -> list[str]:
    return [name for name, device in session.devices.items() if hasattr(type(device), "picture")]


def _those_that_do(session: Session) -> str:
    cameras = _cameras(session)
    return f": image {cameras[0]} now shows those of {listed(cameras)}" if cameras else ""


def _only_detector(run: Run) -> str:
    if not run.image_keys:
        raise UnknownName(f"run {run.scan_id} has no pictures: scan cam th -1 1 3 takes some")
    if len(run.image_keys) > 1:
        raise UsageError(f"say which of {', '.join(run.image_keys)}")
    return run.image_keys[0]
