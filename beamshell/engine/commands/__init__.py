"""The table of all commands of plans: for the name of each message, the function that does it.

docs/reference/messages is made from this table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from beamshell.engine.commands import actions, control, events, runs, waiting
from beamshell.engine.context import CommandContext

Command: TypeAlias = Callable[[CommandContext, Any], Any]

COMMANDS: dict[str, Command] = {
    "open_run": runs.open_run,
    "close_run": runs.close_run,
    "create": events.create,
    "read": events.read,
    "save": events.save,
    "drop": events.drop,
    "declare_stream": events.declare_stream,
    "monitor": events.monitor,
    "unmonitor": events.unmonitor,
    "collect": events.collect,
    "locate": events.locate,
    "set": actions.set_,
    "trigger": actions.trigger,
    "prepare": actions.prepare,
    "kickoff": actions.kickoff,
    "complete": actions.complete,
    "stop": actions.stop,
    "configure": actions.configure,
    "stage": actions.stage,
    "unstage": actions.unstage,
    "wait": waiting.wait,
    "wait_for": waiting.wait_for,
    "wait_for_release": waiting.wait_for_release,
    "sleep": waiting.sleep,
    "input": waiting.input_,
    "checkpoint": control.checkpoint,
    "clear_checkpoint": control.clear_checkpoint,
    "rewindable": control.rewindable,
    "pause": control.pause,
    "subscribe": control.subscribe,
    "unsubscribe": control.unsubscribe,
    "install_suspender": control.install_suspender,
    "remove_suspender": control.remove_suspender,
    "begin_cleanup": control.begin_cleanup,
    "end_cleanup": control.end_cleanup,
    "null": control.null,
    "RE_class": control.re_class,
}

MAY_FAIL_IN_CLEANUP = frozenset(
    {"set", "trigger", "stage", "unstage", "stop", "kickoff", "complete", "prepare", "configure", "wait", "sleep"}
)
"""Commands that put something back: while a plan cleans up, a failure of one does not prevent the next one."""

PUTTING_BACK = frozenset({"begin_cleanup", "unstage", "end_cleanup"})
"""Commands after the last point of a scan, when nothing moves: a pause that comes there has come too late."""
