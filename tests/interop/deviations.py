"""Where our engine does on purpose something else than bluesky's: the reason, and how a comparison allows for it.

Everything else that the random programs of `test_differential` do must come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from interop.legal_programs import Program, Step, step

Story = dict[str, Any]


@dataclass(frozen=True)
class Deviation:
    """One difference.

    Attributes:
        subject: what it is about.
        theirs, ours: what each engine does.
        why: the reason, in a sentence.
        example: a program that shows it.
        allow: ``f(theirs, ours)`` changes both stories so that this difference is no longer seen.
        shows_in: true of programs whose stories part for good because of it, so that they cannot be compared.
    """

    subject: str
    theirs: str
    ours: str
    why: str
    example: Program
    allow: Callable[[Story, Story], None] = lambda theirs, ours: None
    shows_in: Callable[[Program], bool] = lambda program: False


def _pairs(theirs: Story, ours: Story, name: str) -> Iterator[tuple[Story, Story]]:
    """The documents of one kind that stand at the same place in both stories."""
    for (left, one), (right, other) in zip(theirs["docs"], ours["docs"], strict=False):
        if left == right == name:
            yield one, other


def _words(theirs: Story, ours: Story) -> None:
    for one, other in _pairs(theirs, ours, "stop"):
        reasons, failed = {one["reason"], other["reason"]}, one["exit_status"] == other["exit_status"] == "fail"
        if failed and not reasons & {"", "r", "the plan broke"}:
            one["reason"] = other["reason"] = "words"


def _error_classes(theirs: Story, ours: Story) -> None:
    for part in ("answers", "ends"):
        theirs[part] = [
            (what, CLASSES.get(answer, answer) if isinstance(answer, str) else answer) for what, answer in theirs[part]
        ]


CLASSES = {"AssertionError": "PlanError", "ValueError": "PlanError"}


def _scan_ids(theirs: Story, ours: Story) -> None:
    if any(doc.get("scan_id") == 5 for name, doc in ours["docs"] if name == "start"):
        for story in (theirs, ours):
            numbered = [doc for name, doc in story["docs"] if name == "start" and doc["scan_id"] != 5]
            for number, doc in enumerate(numbered):
                doc["scan_id"] = number
            story["md"].pop("scan_id", None)


def _stops_at_the_end(theirs: Story, ours: Story) -> None:
    for log in (theirs["log"], ours["log"]):
        end: list[str] = [log.pop()]
        while log and not log[-1].startswith("the engine is"):
            end.insert(0, log.pop())
        log += [entry for entry in end if not entry.endswith(".stop")]


def _halted(theirs: Story, ours: Story) -> None:
    for one, other in _pairs(theirs, ours, "stop"):
        if one["exit_status"] == "abort" and one["reason"] == "" and other["reason"] == "halted":
            other["reason"] = ""


def _object_classes(theirs: Story, ours: Story) -> None:
    for name, doc in theirs["docs"]:
        if name == "descriptor":
            doc.pop("object_classes", None)


OPEN, CLOSE = step("open_run"), step("close_run")
PAUSE, CHECKPOINT = step("pause", None, defer=False), step("checkpoint")


def _program(*steps: Step, guarded: bool = False, decisions: tuple[str, ...] = ()) -> Program:
    return Program(tuple(steps), guarded, decisions)


def _caught(one: Step) -> Step:
    return Step(**{**vars(one), "caught": True})


def _pause_after_clear_checkpoint(program: Program) -> bool:
    commands = [one.command for one in program.steps]
    return "clear_checkpoint" in commands and "pause" in commands[commands.index("clear_checkpoint") :]


def _configure_in_an_event(program: Program) -> bool:
    may_be_open = False
    for one in program.steps:
        may_be_open = one.command == "create" or (may_be_open and one.command not in ("save", "drop"))
        if may_be_open and one.command == "configure":
            return True
    return False


def _closed_over_a_flyer(program: Program) -> bool:
    flying = set()
    for one in program.steps:
        if one.command == "kickoff" and one.device == "flyer":
            flying.add(one.run)
        elif one.command == "collect":
            flying.discard(one.run)
        elif one.command == "close_run" and one.run in flying:
            return True
    return False


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "the words of an error",
        "one sentence for all devices, or the device's repr",
        "device, action and cause, and what to do next",
        "the stop document's reason is read by people months later",
        _program(OPEN, step("save"), CLOSE),
        _words,
    ),
    Deviation(
        "the class of an error",
        "AssertionError for a device that lacks a method, ValueError for a key that is read twice",
        "PlanError, which is a ValueError, for both; it names the device",
        "`except BeamshellError` catches what the engine raises on purpose; an assertion is a bug's",
        _program(_caught(step("set", "det", 1.0))),
        _error_classes,
    ),
    Deviation(
        "scan_id",
        "a run that names its own scan_id, or that the validator refuses, uses up a number all the same",
        "only a run that is opened with the next number uses it up",
        "a gap in the numbers looks like lost data",
        _program(step("open_run", scan_id=5), CLOSE),
        _scan_ids,
    ),
    Deviation(
        "stop() at the end",
        "everything that was set in the call is stopped when it ends, moving or not",
        "only what still moves is stopped after a success",
        "a stop of a motor at rest is traffic for nothing, and some controllers answer it with an error",
        _program(step("set", "motor", 1.0, group="m"), step("wait", None, group="m")),
        _stops_at_the_end,
    ),
    Deviation(
        "object_classes",
        "an entry of descriptors, always empty in a plain run",
        "left out: the schema does not ask for it",
        "what is always empty is noise in every file",
        _program(OPEN, step("declare_stream", name="second"), CLOSE),
        _object_classes,
    ),
    Deviation(
        "the reason of a halt",
        "empty",
        '"halted"',
        "an abort without a reason and a halt are not the same thing, months later",
        _program(OPEN, CHECKPOINT, PAUSE, decisions=("halt",)),
        _halted,
    ),
    Deviation(
        "a checkpoint after clear_checkpoint",
        "changes nothing: until the end of the call a pause ends the plan",
        "makes pauses possible again",
        "one part of a plan that cannot be interrupted must not take the pause from all that follows",
        _program(step("clear_checkpoint"), CHECKPOINT, PAUSE),
        shows_in=_pause_after_clear_checkpoint,
    ),
    Deviation(
        "configure inside an open event",
        "refused",
        "done; the event goes under the new descriptor",
        "a cleanup after a failed read must be able to put settings back",
        _program(OPEN, step("create", name="second"), step("configure", "det", 7), CLOSE),
        shows_in=_configure_in_an_event,
    ),
    Deviation(
        "configure while several runs are open",
        "new descriptors in the run of the message's key alone",
        "new descriptors in every open run that records the device",
        "a setting belongs to the device, and each run must know under which one its events were taken",
        _program(
            step("open_run", run="a"), step("declare_stream", run="a", name="second"), step("configure", "det2", 7)
        ),
        shows_in=lambda program: (
            any(one.command == "configure" for one in program.steps) and any(one.run for one in program.steps)
        ),
    ),
    Deviation(
        "a plan that swallows an abort",
        "goes on as if nothing had been said, and its run ends as a success",
        "goes on, but the run and the call end as aborted",
        "who has aborted must be able to trust the record",
        _program(OPEN, CHECKPOINT, step("swallow"), CLOSE, decisions=("abort",)),
        shows_in=lambda program: any(one.command == "swallow" for one in program.steps),
    ),
    Deviation(
        "a step of the cleanup that fails",
        "ends the cleanup: later steps are not done",
        "is reported, and the next step is done",
        "the shutter must be closed though the motor before it broke",
        _program(step("break", "home"), CHECKPOINT, PAUSE, guarded=True, decisions=("abort",)),
        shows_in=lambda program: any(one.command == "break" for one in program.steps),
    ),
    Deviation(
        "close_run while a flyer is not home",
        "it flies on, and what it saw in this run is lost",
        "it is stopped if it still flies, and what it saw is recorded before the stop document",
        "an abort closes the run, and must leave neither a motor that moves nor points that nobody has",
        _program(OPEN, step("kickoff", "flyer", group="k"), step("complete", "flyer", group="c"), CLOSE),
        shows_in=_closed_over_a_flyer,
    ),
)


def apply(theirs: Story, ours: Story) -> tuple[Story, Story]:
    """Both stories, less the deliberate differences."""
    for deviation in DEVIATIONS:
        deviation.allow(theirs, ours)
    return theirs, ours
