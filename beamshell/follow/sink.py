"""Sink: where a follower sends the lines that it reads. A subclass is one kind of receiver; packages add others.

It knows no cursor and no process.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from beamshell.errors import SinkDown
from beamshell.follow.lines import Line


class Sink:
    """A receiver; override `send`, and the others as they matter.

    The settings of its block in the profile are the keyword arguments of its constructor. It is made in the process of
    its follower, and used by one thread. A line may come twice: after a kill the lines of the last half second are sent
    again. A receiver that can tell leaves out a `Line.key` that it has.
    """

    also: Collection[str] = ()
    """What it takes beside the documents of runs: AMENDMENT, CONSOLE (of beamshell.follow.lines), or both."""

    starts_anew: bool = False
    """True keeps no cursor: each process begins with the runs that are open, read from their beginning."""

    every: float = 0.0
    """Seconds to wait after each sending: what comes meanwhile is sent together. What waits long is not held up."""

    memory: Path | None = None
    """A file in the data folder that is the sink's own, for what it must remember; set before the first line."""

    folder: Path | None = None
    """The data folder; set before the first line."""

    def send(self, lines: Sequence[Line]) -> None:
        """Hand lines over; when this returns, the receiver has them all, in this order.

        Raises:
            SinkDown: it cannot take them now: the same lines come again. Say what does not answer, and why.
            LineRefused: it will never take one of them, and has taken those before it.
        """
        raise NotImplementedError

    def poll(self) -> None:
        """Called after each sending, and some fifty times a second while there is nothing to send.

        Raises:
            SinkDown: it cannot work now.
        """

    def check(self) -> str:
        """Send a test message; where a person sees it.

        Raises:
            SinkDown: it does not arrive.
        """
        raise SinkDown("this sink has no test message")

    def must_go_on(self, console_pid: int, ended_s: float) -> bool:  # noqa: ARG002
        """Whether the process must live on though its console has ended, for what must still be sent.

        Another thread calls it some twenty times a second; SIGTERM ends the process whatever this says.

        Args:
            console_pid: the process of that console.
            ended_s: seconds since it has ended.
        """
        return False

    def close(self) -> None:
        """Let the receiver go; lines that it has taken must arrive."""
