"""Where a device stands and in which unit, for the log of moves. It never fails, and hardly holds the engine up.

Of a device of ours it is what a subscription has brought last, or what it answers in the flight of its move. A motor of
another library is asked in a thread beside the engine: its position may be any code, which may fail or not return.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from beamshell.protocols import speaks_asyncio
from beamshell.shell.device_parts import is_motor
from beamshell.shell.positions import asked, begin_position, position_of, recent_place, unit_of

ANSWER_S = 0.5
"""Seconds that a motor of another library has to say where it stands, at the first move of a call and at its end."""

PlaceLater = Callable[[], Any]

_unanswered: dict[int, Any] = {}
"""By id, the motors that have not yet said where they stand: they are not asked again before they do."""


class LoggedPlace(NamedTuple):
    """Where a device stands; None if that is unknown, or not known yet."""

    position: Any
    unit: str


_UNKNOWN = LoggedPlace(None, "")


def place_before(device: Any) -> LoggedPlace:
    """Where it stands before a move; a device that answers by messages has not been asked."""
    if _is_foreign(device):
        return _ask_beside(device)
    return LoggedPlace(recent_place(device), unit_of(device))


def place_after(device: Any) -> LoggedPlace:
    """Where it stands at the end of a move."""
    place = place_before(device)
    if place.position is None and speaks_asyncio(type(device)):
        return place._replace(position=begin_place(device)())
    return place


def begin_place(device: Any) -> PlaceLater:
    """Ask a device that answers by messages for its place before the move, which follows; to be collected later."""
    if not (hasattr(device, "begin_location") or speaks_asyncio(type(device))):
        return lambda: None
    collect = asked(begin_position, device)

    def place() -> Any:
        try:
            return _plain(collect())
        except Exception:  # noqa: BLE001  the move itself says that the device does not answer
            return None

    return place


def _is_foreign(device: Any) -> bool:
    """Whether it is a motor of another library whose methods are plain functions."""
    has_own_answers = any(hasattr(device, name) for name in ("begin_location", "readback_signal", "real_axes"))
    return not has_own_answers and not speaks_asyncio(type(device)) and is_motor(device)


def _ask_beside(device: Any) -> LoggedPlace:
    """What the motor says in another thread; unknown if it fails, or has not answered within ANSWER_S."""
    key = id(device)
    if key in _unanswered:
        return _UNKNOWN
    _unanswered[key] = device  # the device too, so that its id stays its own
    answered, answers = threading.Event(), list[LoggedPlace]()

    def ask() -> None:
        try:
            answers.append(LoggedPlace(_plain(position_of(device)), unit_of(device)))
        except Exception:  # noqa: BLE001  of others it may fail in any way; the move itself says what is wrong
            answers.append(_UNKNOWN._replace(unit=unit_of(device)))
        finally:
            _unanswered.pop(key, None)
            answered.set()

    _worker().post(ask)
    return answers[0] if answered.wait(ANSWER_S) and answers else _UNKNOWN


@cache
def _worker() -> Any:
    from beamshell.channels.updates import Worker

    return Worker("places", waits=True)


def _plain(position: Any) -> Any:
    """An array as a list, which can be compared and written."""
    return position.tolist() if hasattr(position, "tolist") else position
