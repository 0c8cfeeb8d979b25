"""Leaving the console: it asks once while a plan is paused or a motor moves.

Only a person at a prompt is asked. In a script the plan is aborted with its clean-up, which is said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamshell.shell.messages_shown import Signalled, say
from beamshell.shell.questions import agrees


def ask_before_leaving(shell: Any, session: Any) -> Callable[[], None]:
    """Let `exit`, `quit` and Ctrl+D ask first, if something would be left in the middle.

    Args:
        shell: an IPython shell.
        session: has the state of the engine, the devices, and the exit status once a signal ends the console.

    Returns:
        A function that undoes this.
    """
    leave = getattr(shell, "ask_exit", None)
    if leave is None:  # no prompt: a test, a script that embeds IPython
        return lambda: None

    def ask_exit() -> None:
        devices = session.devices.distinct() if hasattr(session, "registry") else {}
        second = session.second_engines
        plans = [] if second is None else second.unfinished()
        unfinished = [] if session.status else what_is_unfinished(session.state, devices, plans)
        if not unfinished or agrees_to_leave(unfinished, is_attended=is_attended(shell)):
            leave()

    shell.ask_exit = ask_exit
    return lambda: setattr(shell, "ask_exit", leave)


def leave_without_a_traceback(shell: Any) -> Callable[[], None]:
    """Let a signal that ends the console in the middle of a cell, or at a question, show no traceback.

    Args:
        shell: an IPython shell, which would say that an exception has occurred.

    Returns:
        A function that undoes this.
    """
    showtraceback = shell.showtraceback

    def show(*args: Any, **keywords: Any) -> None:
        if not isinstance(sys.exc_info()[1], Signalled):
            showtraceback(*args, **keywords)

    shell.showtraceback = show
    return lambda: delattr(shell, "showtraceback")


def is_attended(shell: Any) -> bool:
    """True if a person is at the prompt, and not a script."""
    return bool(getattr(getattr(shell, "parent", None), "interact", False)) and sys.stdin.isatty()


def what_is_unfinished(state: str, devices: Mapping[str, Any], plans: Iterable[str] = ()) -> list[str]:
    """What leaving would end or leave to itself, one sentence each.

    Args:
        state: of the engine.
        devices: by name.
        plans: of second engines, such as "a plan of RE2 is paused".
    """
    own = [] if state == "idle" else [f"a plan is {state}"]
    aborted = [f"{plan}, and is aborted" for plan in (*own, *plans)]
    return aborted + [f"{name} is moving, and goes on" for name, device in devices.items() if _is_moving(device)]


def _is_moving(device: Any) -> bool:
    try:
        return bool(getattr(device, "connected", True) and getattr(device, "moving", False))
    except Exception:  # noqa: BLE001  a device that does not answer must not keep anybody here
        return False


def agrees_to_leave(unfinished: Iterable[str], *, is_attended: bool) -> bool:
    """True if the console may end.

    Args:
        unfinished: what is told first.
        is_attended: whether a person can be asked; a script leaves.
    """
    text = "; ".join(unfinished)
    if not is_attended:
        say(f"{text}: leaving")
        return True
    return agrees(f"beamshell: {text} if you leave. Leave?", default=False, at_end=True)  # Ctrl+D once more is a yes
