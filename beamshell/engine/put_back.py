"""Before a paused plan goes on: what has moved since the pause is shown, and put back to where it stood.

So no point is measured off its row, whoever has moved a motor meanwhile. It knows nothing of how the plan was paused.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple

from beamshell.engine.context import CommandContext
from beamshell.engine.outcome import ENDS_A_PLAN
from beamshell.engine.places import (
    UNKNOWN,
    location_or_unknown,
    place_or_unknown,
    same_place,
    settings_or_unknown,
    value_in_words,
)
from beamshell.engine.resources import name_of
from beamshell.messages import Msg

_GROUP = "put back"


class _Place(NamedTuple):
    """Where a device stood at the pause, and the message that sends it there.

    That is not where the plan had sent it, if it did not arrive, or if another device has moved it on: a computed axis
    and its motors are moved by each other.
    """

    value: Any
    back: Msg

    @property
    def obj(self) -> Any:
        """The device."""
        return self.back.obj


def remember(ctx: CommandContext, messages_again: Iterable[Msg]) -> None:
    """Note where the devices stand that the plan has set, but for those that the rewind sets again.

    Args:
        ctx: the records of the paused plan.
        messages_again: the messages that the rewind sends again.
    """
    resources = ctx.resources
    resources.pauses += 1
    if resources.is_putting_back:
        return
    left_out = {id(msg.obj) for msg in messages_again if msg.command == "set"}
    left_out |= {id(task.msg.obj) for task in resources.tasks if not task.status.done and not task.superseded}
    resources.places = {
        key: place
        for key, msg in resources.moved.items()
        if key not in left_out and (place := _place(ctx, msg)) is not None
    }
    resources.settings = [(obj, _settings_of(ctx, obj)) for obj in resources.devices.values()]
    resources.surroundings = ctx.world.look_around()


def _place(ctx: CommandContext, msg: Msg) -> _Place | None:
    """Where the device of a `set` stands; None if it cannot say."""
    location = location_or_unknown(ctx, msg.obj)
    if location is None:
        return None
    if location is UNKNOWN:
        return _Place(UNKNOWN, msg)
    setpoint, readback = location
    if msg.args and same_place(msg.obj, msg.args[0], setpoint):
        return _Place(readback, msg)
    options = {key: value for key, value in msg.kwargs.items() if key in ("timeout", "settle_time")}
    return _Place(readback, Msg("set", msg.obj, setpoint, **options))


def put_back(ctx: CommandContext) -> Generator[Msg, Any, None]:
    """A plan that shows what has changed since the pause, and puts back what has moved, one device after another.

    A device may bring another one back: a computed axis its motors. If something cannot be put back, or the positions
    of a motor are counted otherwise, the plan stays paused, with the reason, until it is put right.
    """
    resources = ctx.resources
    places, resources.places = list(resources.places.values()), {}
    resources.is_putting_back = True  # what was noted at the pause is kept, also in a pause meanwhile
    try:
        pauses = -1
        while pauses != resources.pauses:  # again after a pause in the middle of it
            pauses = resources.pauses
            while problem := _changed_scales(ctx):
                ctx.world.say(
                    f"It does not go on: {problem}. The plan stays paused; put it right and resume, or abort."
                )
                yield Msg("pause")
            for place in places:
                yield from _put_back(ctx, place)
    finally:
        resources.is_putting_back = False
    _say_changed_settings(ctx)
    _say_changed_surroundings(ctx)


def _put_back(ctx: CommandContext, place: _Place) -> Generator[Msg, Any, None]:
    while (now := _displaced(ctx, place)) is not None:
        target = value_in_words(place.obj, place.back.args[0]) if place.back.args else "its place"
        reason = "Its place at the pause is unknown" if place.value is UNKNOWN else "Moved since the pause"
        ctx.world.say(f"{reason}: {name_of(place.obj)} is at {now}; it goes back to {target}.")
        try:
            yield place.back._replace(kwargs={**place.back.kwargs, "group": _GROUP})
            yield Msg("wait", None, group=_GROUP)
            break
        except ENDS_A_PLAN:
            raise
        except Exception as exc:
            ctx.world.say(f"It cannot be put back: {exc}. The plan stays paused; resume tries again.")
            ctx.cursor.record_anew()  # what has failed is sent again here, and not by the rewind
            yield Msg("pause")


def _displaced(ctx: CommandContext, place: _Place) -> str | None:
    """Where a device is now, in words; None if it is where it stood."""
    now = place_or_unknown(ctx, place.obj)
    if now is UNKNOWN:
        return "an unknown place"
    is_there = place.value is not UNKNOWN and same_place(place.obj, place.value, now)
    return None if is_there else value_in_words(place.obj, now)


def _changed_scales(ctx: CommandContext) -> str:
    """Which offsets of motors of the plan have changed since the pause: each number is another place; "" if none has.

    Also of a motor that the rewind sends again: it would go to another place.
    """
    changed = []
    for obj, before in ctx.resources.settings:
        offsets = [key for key in before if "offset" in key] if id(obj) in ctx.resources.moved else []
        now = _settings_of(ctx, obj) if offsets else {}
        changed += [
            f"{key} was {before[key]} and is {now[key]}"
            for key in offsets
            if key in now and not same_place(None, before[key], now[key])
        ]
    return ", ".join(changed)


def _settings_of(ctx: CommandContext, obj: Any) -> dict[str, Any]:
    """The settings of a device by key; none if it does not answer: a look must not fail the plan that goes on."""
    settings = settings_or_unknown(ctx, obj)
    return {} if settings is UNKNOWN else dict(settings)


def _say_changed_settings(ctx: CommandContext) -> None:
    settings, ctx.resources.settings = ctx.resources.settings, []
    for obj, before in settings:
        now = _settings_of(ctx, obj) if before else {}
        for key in before.keys() & now.keys():
            if not same_place(None, before[key], now[key]):
                ctx.world.say(f"Changed since the pause: {key} was {before[key]} and is {now[key]}; it stays so.")


def _say_changed_surroundings(ctx: CommandContext) -> None:
    """Say which devices are elsewhere that are no concern of the plan, such as a shutter."""
    before, ctx.resources.surroundings = ctx.resources.surroundings, {}
    now = ctx.world.look_around() if before else {}
    for name in before.keys() & now.keys():
        (obj, one), (_, other) = before[name], now[name]
        if id(obj) not in ctx.resources.moved and not same_place(obj, one, other):
            was, is_now = value_in_words(obj, one), value_in_words(obj, other)
            ctx.world.say(f"Changed since the pause: {name} was {was} and is {is_now}.")
