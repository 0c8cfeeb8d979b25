"""What a plan does, told while it does it.

It knows no engine: it looks at messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.preprocessors.mutators import msg_mutator
from beamshell.plans.unrun_plan_guard import wrapper


@wrapper
def print_summary_wrapper(plan: Any, show: Callable[[str], object] = print) -> Plan:
    """Tell what `plan` does while it does it, a line a step; what `plan` returned.

    Args:
        plan: the plan.
        show: where the lines go.
    """

    def told(msg: Msg) -> Msg:
        if (line := summary_line(msg)) is not None:
            show(line)
        return msg

    return (yield from msg_mutator(plan, told))


def summary_line(msg: Msg) -> str | None:
    """What a message does, in a few words; None if it is of no interest to a person."""
    name = getattr(msg.obj, "name", msg.obj)
    match msg.command:
        case "open_run":
            return f"{' open run ':=^60}"
        case "close_run":
            return f"{' close run ':=^60}"
        case "set":
            return f"{name} -> {msg.args[0]}" if msg.args else f"{name} is set"
        case "stage" | "unstage" | "kickoff" | "complete" | "monitor" | "unmonitor" | "configure":
            return f"{msg.command} {name}"
        case "create":
            return f"  read into {msg.kwargs.get('name', 'primary')}"
        case "read":
            return f"    {name}"
        case "sleep":
            return f"sleep {msg.args[0]} s" if msg.args else "sleep"
        case _:
            return None
