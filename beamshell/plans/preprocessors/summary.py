"""print_summary_wrapper: prints a summary of a plan while it runs, one line per important message.

It knows messages, and no engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell.messages import Msg, Plan
from beamshell.plans.preprocessors.mutators import msg_mutator
from beamshell.plans.unrun_plan_guard import wrapper
from beamshell.text.times import duration


@wrapper
def print_summary_wrapper(plan: Any, show: Callable[[str], object] = print) -> Plan:
    """Print what `plan` does while it runs, one line per step. Returns what `plan` returned.

    Args:
        plan: the plan.
        show: called with each line.
    """

    def show_line(msg: Msg) -> Msg:
        if (line := summary_line(msg)) is not None:
            show(line)
        return msg

    return (yield from msg_mutator(plan, show_line))


def summary_line(msg: Msg) -> str | None:
    """A message in a few words; None for a message that a summary leaves out."""
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
            return f"sleep {duration(msg.args[0], digits=10)}" if msg.args else "sleep"
        case _:
            return None
