"""Before a paused plan goes on: what has moved since the pause is shown, and put back to where the plan had sent it.

So no point is measured off its row, whoever has moved a motor meanwhile. It knows nothing of how the plan was paused.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple

from beamshell.engine.context import CommandContext
from beamshell.engine.outcome import ENDS_A_PLAN
from beamshell.engine.places import UNKNOWN, place_or_unknown, same_place, value_in_words
from beamshell.engine.resources import name_of
from beamshell.messages import Msg

_GROUP = "put back"


class _Place(NamedTuple):
    """Where a device stood at the pause, and the message that had sent it there."""

    msg: Any
    value: Any


def remember(ctx: CommandContext, messages_again: Iterable[Msg]) -> None:
    """Note where the devices stand that the plan has set, but for those that the rewind sets again.

    Args:
        ctx: the records of the paused plan.
        messages_again: the messages that the rewind sends again.
    """
    resources = ctx.resources
    left_out = {id(msg.obj) for msg in messages_again if msg.command == "set"}
    left_out |= {id(task.msg.obj) for task in resources.tasks if not task.status.done and not task.superseded}
    resources.places = {
        key: _Place(msg, place)
        for key, msg in resources.moved.items()
        if key not in left_out and (place := place_or_unknown(ctx, msg.obj)) is not None
    }
    resources.settings = {key: (obj, _settings_of(ctx, obj)) for key, (obj, _) in resources.settings.items()}


def put_back(ctx: CommandContext) -> Generator[Msg, Any, None]:
    """A plan that shows what has changed since the pause, and puts back what has moved.

    If that fails, the plan stays paused, with the reason.
    """
    places, ctx.resources.places = ctx.resources.places, {}
    _say_changed_settings(ctx)
    while moves := _displaced(ctx, places):
        for msg, now in moves:
            target = value_in_words(msg.obj, msg.args[0]) if msg.args else "its place"
            ctx.world.say(f"Moved since the pause: {name_of(msg.obj)} is at {now}; it goes back to {target}.")
        try:
            for msg, _ in moves:
                yield Msg("set", msg.obj, *msg.args, **{**msg.kwargs, "group": _GROUP})
            yield Msg("wait", None, group=_GROUP)
            return
        except ENDS_A_PLAN:
            raise
        except Exception as exc:
            ctx.world.say(f"It cannot be put back: {exc}. The plan stays paused; resume tries again.")
            ctx.cursor.record_anew()  # what has failed is not sent again by the rewind, but below, if it is still off
            yield Msg("pause")


def _displaced(ctx: CommandContext, places: dict[int, _Place]) -> list[tuple[Any, str]]:
    """The messages that bring back what has moved, and where it is now in words."""
    moves = []
    for place in places.values():
        obj = place.msg.obj
        now = place_or_unknown(ctx, obj)
        if now is UNKNOWN or place.value is UNKNOWN or not same_place(obj, place.value, now):
            moves.append((place.msg, "an unknown place" if now is UNKNOWN else value_in_words(obj, now)))
    return moves


def _settings_of(ctx: CommandContext, obj: Any) -> dict[str, Any]:
    if not hasattr(obj, "read_configuration"):
        return {}
    readings: dict[str, Any] = {}
    ctx.isolated(f"{name_of(obj)}: its settings", lambda: readings.update(ctx.device(obj.read_configuration)))
    return {key: reading["value"] for key, reading in readings.items()}


def _say_changed_settings(ctx: CommandContext) -> None:
    for obj, before in ctx.resources.settings.values():
        now = _settings_of(ctx, obj) if before else {}
        for key in before.keys() & now.keys():
            if not same_place(None, before[key], now[key]):
                ctx.world.say(f"Changed since the pause: {key} was {before[key]} and is {now[key]}; it stays so.")
