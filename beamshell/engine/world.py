"""World: the protocol of all that the engine uses from outside: clocks, waiting, the operator, subscribers, metadata.

Protocols only. `real_world` fulfils them with threads and sockets; tests do it with a clock that jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from beamshell.engine.assets import KnownFiles


class Suspender(Protocol):
    """A condition under which plans must wait."""

    sleep: float
    """Seconds to wait after it is good again."""
    pre_plan: Any
    post_plan: Any

    @property
    def tripped(self) -> bool:
        """True while plans must wait."""

    @property
    def reason(self) -> str:
        """Why plans wait, in words."""


class World(Protocol):
    """Threads, clocks and people, as one object."""

    files: KnownFiles
    """The external files of its runs."""

    def clock(self) -> float:
        """Seconds on a clock that never jumps."""

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    def uid(self) -> str:
        """A new identifier."""

    def wait(self, until: float | None) -> None:
        """Return when something was posted, or at `until` on `clock`, or earlier for no reason."""

    def process_gui_events(self, now: float) -> None:
        """Called at each checkpoint: keeps windows alive during a plan that never waits."""

    def post(self, post: Any) -> None:
        """Put a post into the interpreter's queue; any thread may."""

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to the subscribers; never raises because of one."""

    def say(self, text: str) -> None:
        """Tell the operator one line."""

    def record(self, kind: str, **facts: Any) -> None:
        """Tell the log what has happened; see RunEngine.log_hook. It never raises."""

    def remind(self, seconds: float, words: Callable[[], str | None]) -> None:
        """Ask for `words()` every so many seconds, in any thread, and tell the operator new ones, until it is None."""

    def ask(self, prompt: str) -> str:
        """Ask the operator for one line."""

    def look_around(self) -> Mapping[str, tuple[Any, Any]]:
        """Where the devices of the beamline stand: by name, the device and its position or state."""

    def speaks_asyncio(self, kind: type) -> bool:
        """True if methods of this class must be called on an event loop."""

    def on_loop(self, function: Callable[[], Any]) -> Any:
        """Call `function` on the event loop and await what it returns; a status whose `result` is the answer."""

    def all_on_loop(self, functions: Sequence[Callable[[], Any]]) -> Any:
        """As `on_loop`, with several coroutine functions at the same time; the result is a list."""

    def subscribe(self, function: Callable[..., Any], name: str) -> int:
        """Add a subscriber of documents; its token."""

    def unsubscribe(self, token: int) -> None:
        """Take a subscriber away."""

    def install_suspender(self, suspender: Any) -> None:
        """Let plans wait while `suspender` is tripped."""

    def remove_suspender(self, suspender: Any) -> None:
        """Let plans no longer wait for it."""

    @property
    def answer_wait_s(self) -> float:
        """Seconds that a plan waits for a device that does not answer; 0: it fails at once."""

    @property
    def suspenders_off(self) -> str:
        """Until when the suspenders are switched off, in words; empty while they count."""

    def next_scan_id(self) -> Any:
        """The number of the next run, or an awaitable of it."""

    def open_metadata(self, metadata: Mapping[str, Any], number: int) -> dict[str, Any]:
        """The start document's metadata for a run of this number that a plan opens with `metadata`.

        Raises:
            Exception: the metadata were refused, and nothing was used up.
        """
