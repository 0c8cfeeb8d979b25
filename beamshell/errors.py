"""Every exception that beamshell raises, on one page.

A message names the device, the value with its unit, the limit, and what to do next. An exception of this tree is an
answer to the user; any other that reaches the user is a bug.
"""

from __future__ import annotations

from typing import Any


class BeamshellError(Exception):
    """The root: `except BeamshellError` catches whatever this package raises on purpose."""


# ---- what a person typed ---------------------------------------------------------------------


class UsageError(BeamshellError):
    """A command was typed that cannot be understood: the message shows how it is written."""


class UnknownName(UsageError, LookupError):
    """No device, run or key has this name: the message offers the nearest one."""


class UnknownKey(UnknownName, KeyError):
    """There is no value of this name: the message says which there are, the nearest first."""

    __str__ = Exception.__str__  # a KeyError would put the message in quotes


class CommandError(BeamshellError):
    """A command failed with an unexpected error: `last_error` shows where."""


class Declined(CommandError):
    """A person was asked whether to do something, and has said no."""


class ConfigError(BeamshellError):
    """A configuration file is wrong: the message starts with `file:line`."""


# ---- devices ---------------------------------------------------------------------------------


class DeviceError(BeamshellError):
    """A device refused or failed."""


class NotInControl(DeviceError):
    """Another console has control of the beamline, so this one moves and writes nothing: `control take` asks for it."""


class LimitError(DeviceError, ValueError):
    """A position is outside the limits, and nothing has moved."""


class BadValue(DeviceError, ValueError):
    """A value cannot be written to this signal: wrong type, shape, not finite, or no such state."""


class ReadOnlyError(DeviceError):
    """A read-only signal was asked to change."""


class NoAnswer(DeviceError):
    """A device did not answer, or not in time: the network or its server may be silent."""


class NotConnected(NoAnswer, TimeoutError):
    """The control system does not answer for this address."""


class MissingLibrary(DeviceError, ImportError):
    """An address needs a library that is not installed: the message names the extra that brings it."""


class MoveFailed(DeviceError):
    """A move ended somewhere else than where it was sent: a STOP, a limit switch, a stall."""


class NotStopped(DeviceError):
    """A detector goes on counting after it was stopped: look at its IOC."""


class ReadFailed(DeviceError):
    """The control system answered a read with an error, or not in time."""


class ReadTimeout(ReadFailed, NoAnswer):
    """The control system did not answer a read in time."""


class WriteFailed(DeviceError):
    """The control system refused a write, or did not complete it in time."""


class WriteCut(WriteFailed, NoAnswer):
    """The connection was lost before a write had ended: what it set off may have ended or not."""


class RedundantStaging(DeviceError):
    """The device is staged already: unstage it first."""


# ---- statuses --------------------------------------------------------------------------------


class StatusTimeoutError(NoAnswer, TimeoutError):
    """The action did not finish within the time-out it was given."""


class WaitTimeoutError(BeamshellError, TimeoutError):
    """The wait ran out of time; the action itself may still finish."""


class InvalidState(BeamshellError):
    """A status was finished twice: whoever made it must finish it once."""


# ---- the engine ------------------------------------------------------------------------------


class EngineError(BeamshellError):
    """The RunEngine cannot do what it was asked."""


class TransitionError(EngineError, RuntimeError):
    """This request makes no sense in the engine's present state."""


class InvalidCommand(EngineError, KeyError):
    """A plan sent a message whose command the engine does not know."""

    def __str__(self) -> str:  # KeyError would show the message as a quoted repr
        return str(self.args[0]) if self.args else ""


class IllegalMessageSequence(EngineError):
    """A message came where it makes no sense: `save` without `create`, a checkpoint inside a bundle."""


class FailedStatus(EngineError):
    """A device reported that an action failed; the message names device, action and cause.

    Attributes:
        status: the status that failed.
        device: the device whose action it is.
    """

    status: object = None
    device: object = None


class FailedPause(EngineError):
    """A pause was asked for where the plan allows none, so the plan ends here."""


class PlanError(EngineError, ValueError):
    """The plan is not something the engine can run."""


class KeysDiffer(PlanError, RuntimeError):
    """An event has other keys than its stream: put different readings into a stream of another name."""


class NoFit(EngineError):
    """The points do not show the peak or the edge that was looked for: the message says by which numbers.

    Attributes:
        shape: what the points show instead, such as "a slope"; "" if that is not known.
        places: where they show it, positions on the axis.
    """

    def __init__(self, message: str, shape: str = "", places: tuple[float, ...] = ()) -> None:
        super().__init__(message)
        self.shape = shape
        self.places = places


class RunEngineInterrupted(EngineError):
    """The engine stopped before the plan's end; the message says how to go on.

    Attributes:
        paused: the plan waits for resume, stop, abort or halt.
    """

    paused: bool = False


class NoReplayAllowed(BeamshellError):
    """Raised by a device's `pause()`: its messages before this moment must not be sent again."""


class CommandTimeout(EngineError, TimeoutError):
    """A `wait` or `wait_for` in a plan ran out of time."""


class RequestStop(EngineError):
    """Thrown into a plan that is to end now, as a success."""

    exit_status = "success"


class RequestAbort(EngineError):
    """Thrown into a plan that is to end now, as an abort."""

    exit_status = "abort"


class PlanHalt(GeneratorExit):
    """Thrown into a plan that must end without another message."""


# ---- data at rest ----------------------------------------------------------------------------


class StoreError(BeamshellError):
    """Data could not be written or read back."""


# ---- followers -------------------------------------------------------------------------------


class SinkDown(BeamshellError):
    """The receiver of a follower cannot take lines now; the same lines are sent again later."""


class LineRefused(BeamshellError):
    """The receiver of a follower will never take a line, such as one that is too large; the follower goes on.

    Args:
        line: that is refused; the lines before it have been taken.
        reason: why.
    """

    def __init__(self, line: Any, reason: str) -> None:
        super().__init__(f"{line.name} {line.key} is left out: {reason}")
        self.line = line


# ---- the demo IOC ----------------------------------------------------------------------------


class IocError(BeamshellError):
    """An embedded IOC did not start or did not answer."""
