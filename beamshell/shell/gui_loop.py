"""The engine's wait with a GUI toolkit's event loop inside it, so that plot windows stay alive during a plan.

It knows neither the windows' contents nor the engine. Everything here but the alarm runs in the main thread.
"""

from __future__ import annotations

import logging
import math
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.figures import windows as all_windows
from beamshell.callbacks.painter import Painter

log = logging.getLogger(__name__)

_LONGEST_GUI_WAIT_S = 0.05
"""Seconds after which a GUI loop is woken: it may run no Python for long, and Python handles no signal meanwhile."""


_LEAST_BETWEEN_GUI_S = 0.025
"""Seconds between two entries of a GUI loop: each takes a millisecond, which short points would pay every time."""
_LONGEST_WITHOUT_DRAWING_S = 1.0
"""Seconds without a wait after which windows are drawn all the same."""


class Inbox(Protocol):
    """The engine's inbox: a post to it ends the wait."""

    def fileno(self) -> int:
        """A file descriptor that is readable when something was posted."""

    def ready(self) -> bool:
        """True if something was posted."""

    def wake(self) -> None:
        """Make the descriptor readable; called from any thread."""


class GuiLoop:
    """Waits for the engine; draws, and processes the events of windows meanwhile.

    Args:
        painter: knows what is to be drawn, and when.
        windows: the plot windows; the first that opens decides on the GUI toolkit. None takes those of this process.

    Example:
        ``loop = GuiLoop(painter); RE.pump = loop.pump; loop.enable(get_ipython())``
    """

    def __init__(self, painter: Painter, *, windows: Windows | None = None) -> None:
        self._painter = painter
        self._windows = windows or all_windows
        self._shell: Any = None
        self._hook: Callable[[Any], Any] | None = None
        self._alarm: Alarm | None = None
        self._waited_at = self._gui_processed_at = -math.inf

    @property
    def toolkit_running(self) -> bool:
        """True if waits run a GUI toolkit's event loop."""
        return self._gui_hook() is not None

    def enable(self, shell: Any) -> None:
        """Let the first window decide on the GUI toolkit, for waits and for the prompt of this IPython shell."""
        self._shell = shell
        self._painter.has_loop = True
        self._windows.on_first_window = self.use_toolkit
        shell.events.register("post_run_cell", self._after_cell)

    def disable(self) -> None:
        """Undo `enable`, and end the alarm thread."""
        if self._shell is not None:
            self._shell.events.unregister("post_run_cell", self._after_cell)
            self._windows.on_first_window = None
            self._painter.has_loop = False
            self._shell = None
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        self._hook = None

    def use_toolkit(self, gui: str) -> None:
        """Process the events of a toolkit, such as "qt", in every wait and at the prompt."""
        from IPython.terminal.pt_inputhooks import get_inputhook_name_and_func

        _, self._hook = get_inputhook_name_and_func(gui)
        if self._shell is not None and not getattr(self._shell, "simple_prompt", False):
            self._shell.enable_gui(gui)

    def pump(self, inbox: Inbox, timeout_s: float | None) -> None:
        """Wait until something is posted or the time is over; may return a little earlier.

        Args:
            inbox: the engine's inbox.
            timeout_s: the longest wait in seconds; None waits for ever; 0 only draws and processes waiting events.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._paint(inbox, is_waiting=timeout_s != 0)
        hook = self._gui_hook()
        if hook is None:
            self._wait(inbox, deadline)
            return
        gui_due = self._gui_processed_at + _LEAST_BETWEEN_GUI_S
        self._wait(inbox, gui_due if deadline is None else min(deadline, gui_due))
        if not inbox.ready() and (deadline is None or deadline > gui_due):
            self._wait_in_gui(hook, inbox, deadline)
            self._gui_processed_at = time.monotonic()

    def _wait(self, inbox: Inbox, deadline: float | None) -> None:
        while not inbox.ready():
            next_paint_s = self._painter.due_in()
            remaining_s = None if deadline is None else deadline - time.monotonic()
            if remaining_s is not None and remaining_s <= 0:
                return
            readable, _, _ = select.select([inbox], [], [], _shortest(next_paint_s, remaining_s))
            if readable:
                return
            self._paint(inbox)

    def _wait_in_gui(self, hook: Callable[[Any], Any], inbox: Inbox, deadline: float | None) -> None:
        now = time.monotonic()
        next_paint_s = self._painter.due_in()
        until = now + _LONGEST_GUI_WAIT_S
        if next_paint_s is not None:
            until = min(until, now + next_paint_s)
        if deadline is not None:
            until = min(until, max(deadline, now + 0.001))  # waiting events are processed in any case
        if self._alarm is None:
            self._alarm = Alarm()
        with _slot_errors_logged():
            self._alarm.set(until, inbox.wake)
            try:
                hook(_Context(inbox, until))
            finally:
                self._alarm.set(None, None)
        self._paint(inbox)

    def _paint(self, inbox: Inbox, *, is_waiting: bool = True) -> None:
        """Draw what is due while the engine waits; a plan that never waits is held up for it now and then.

        Args:
            inbox: the engine's inbox; what was posted there ends the wait.
            is_waiting: False if the engine goes on at once.
        """
        now = time.monotonic()
        if is_waiting and not inbox.ready():
            self._waited_at = now
            self._painter.paint(is_held_up=inbox.ready)
        elif now - self._waited_at > _LONGEST_WITHOUT_DRAWING_S:
            self._painter.paint(is_held_up=lambda: True)

    def _gui_hook(self) -> Callable[[Any], Any] | None:
        """The input hook of the windows' toolkit, or of the one that a person chose with `%gui` or `%matplotlib`."""
        if self._hook is None and getattr(self._shell, "active_eventloop", None) not in (None, "asyncio"):
            from IPython.terminal.pt_inputhooks import get_inputhook_name_and_func

            _, self._hook = get_inputhook_name_and_func(self._shell.active_eventloop)
        return self._hook

    def _after_cell(self, result: Any) -> None:  # noqa: ARG002  # IPython passes it
        self._painter.flush()


class _Context:
    """Tells an input hook of IPython when to return."""

    def __init__(self, inbox: Inbox, until: float) -> None:
        self._inbox = inbox
        self._until = until

    def fileno(self) -> int:
        return self._inbox.fileno()

    def input_is_ready(self) -> bool:
        return self._inbox.ready() or time.monotonic() >= self._until


class Alarm:
    """A thread that calls a function at a given time: a GUI loop wakes up for a file descriptor, not for our clock."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarm_at: float | None = None
        self._ring: Callable[[], Any] | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="beamshell-gui-alarm", daemon=True)
        self._thread.start()

    def set(self, at: float | None, ring: Callable[[], Any] | None) -> None:
        """Replace what was set before.

        Args:
            at: when to call, in seconds of the monotonic clock; None never calls.
            ring: the function to call.
        """
        with self._changed:
            self._alarm_at, self._ring = at, ring
            self._changed.notify()

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                remaining_s = None if self._alarm_at is None else self._alarm_at - time.monotonic()
                if remaining_s is not None and remaining_s <= 0 and self._ring is not None:
                    self._ring()
                    self._alarm_at = None
                else:
                    self._changed.wait(remaining_s)


@contextmanager
def _slot_errors_logged() -> Iterator[None]:
    """Log errors of a window's own code, in whichever way its toolkit reports them; raise KeyboardInterrupt."""
    interrupts: list[BaseException] = []

    def excepthook(kind: type[BaseException], exc: BaseException, trace: TracebackType | None) -> None:
        if isinstance(exc, Exception):
            log.error("a window failed; the measurement goes on", exc_info=(kind, exc, trace))
        else:
            interrupts.append(exc)

    before, sys.excepthook = sys.excepthook, excepthook
    try:
        yield
    except Exception:
        log.exception("a window failed; the measurement goes on")
    finally:
        sys.excepthook = before
    if interrupts:
        raise interrupts[0]


def _shortest(*times_s: float | None) -> float | None:
    return min((time_s for time_s in times_s if time_s is not None), default=None)
