"""Authority: one console of a data folder moves and writes; the others look. It knows which one this is, and watches.

It stands before every plan and every write of this process (`devices/permission.py`), and never before a stop.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from beamshell.devices.permission import WRITING, WritePermission
from beamshell.errors import DeviceError, NotInControl
from beamshell.shell.control_pv import ControlPv
from beamshell.shell.messages_shown import say
from beamshell.store.control_folder import ControlFolder, Request
from beamshell.store.control_rules import FREE, HEARTBEAT_S, Console, Control, State
from beamshell.store.processes import boot_id
from beamshell.text.times import clock_time

_log = logging.getLogger(__name__)

LOOK_S = 1.0
"""Seconds between two looks at what the other consoles do."""
LOGGED_S = 60.0
"""Seconds between two entries `alive` of the console log."""


class Log(Protocol):
    """The part of the console log that is used here."""

    def add(self, kind: str, /, **facts: Any) -> None:
        """Append one entry."""

    def newest_first(self, *kinds: str) -> Iterable[Any]:
        """The entries of these kinds of all consoles, the newest first."""


def this_console(key: str, operator: str) -> Console:
    """The description of this process for the other consoles.

    Args:
        key: tells it apart.
        operator: who works here.
    """
    return Console(key, operator, socket.gethostname(), boot_id(), os.getpid(), time.time())


class Authority:
    """The control of one console over its beamline.

    Args:
        files: its part in the data folder.
        log: the console log.
        unfinished: what has not ended here, such as "a plan is paused" or "th is moving"; "" if nothing.
        wait_s: gives the seconds that a holder has to answer a request.
        pv: the PV that says who has control; None if the profile names none.
        permission: that of the process.
    """

    def __init__(
        self,
        files: ControlFolder,
        log: Log,
        unfinished: Callable[[], str],
        wait_s: Callable[[], float],
        pv: ControlPv | None = None,
        permission: WritePermission = WRITING,
    ) -> None:
        self.files = files
        self.log = log
        self.unfinished = unfinished
        self.wait_s = wait_s
        self._pv = pv
        self._permission = permission
        self._lock = threading.RLock()
        self._cells = 0
        self._has = False
        self._holder: Console | None = None  # another console, as far as it was seen
        self._shown_requests: list[Request] = []
        self._disk_problem = ""
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="control", daemon=True)

    # ---- opening and closing -----------------------------------------------------------------

    def open(self, *, at_prompt: bool) -> None:
        """Stand before every write from now on.

        Args:
            at_prompt: a person is at the prompt: control is taken if it is free, else it is said who has it. A script
                takes it with its first motion.
        """
        self._permission.guard(self.claim)
        try:
            self.files.enter()
            if at_prompt and not self.take_if_free():
                self._holder = self.files.console(self.files.control().key)
                say(f"{self.who_has_it()}: this console only looks (control take asks for it)")
        except OSError as exc:
            self._report_disk(exc)
        self._watcher.start()

    def close(self) -> None:
        """Give control up, and stand before no write any more; harmless the second time."""
        if self._closed.is_set():
            return
        self._closed.set()
        with self._lock:
            if self._has:
                self.note("left")
            self._has = False
            if self._pv is not None:
                self._pv.close()
            self.files.leave()
            self._permission.unguard(self.claim)
        if self._watcher.is_alive():
            self._watcher.join()

    @property
    def is_closed(self) -> bool:
        """True once it is closed."""
        return self._closed.is_set()

    # ---- before a motion, and after it -------------------------------------------------------

    def claim(self, device: str = "") -> None:
        """Return if a device may be written to now; control is taken without a word if it is free.

        Args:
            device: its name.

        Raises:
            NotInControl: another console has control.
        """
        self._claim(device, is_plan=False)

    def claim_for_plan(self) -> None:
        """The same for a plan, before it begins or goes on."""
        self._claim("", is_plan=True)

    def _claim(self, device: str, *, is_plan: bool) -> None:
        with self._lock:
            try:
                self.refuse_if_pv_names_another(device)
                is_long = is_plan or self._cells > 0 or bool(self.unfinished())
                while not self._have_control(is_busy=is_long):
                    if not self.files.is_mine(control := self.files.control()) and not self.files.is_free(control):
                        self._holder = self.files.console(control.key)
                        raise _refusal(device, f"{self.who_has_it()} (control take asks for it)")
                if self._pv is not None and not self._pv.is_shown:  # it did not answer when control was taken
                    self._pv.show()
                if not is_long:
                    return  # a single write, out of any cell: the next one asks again
            except OSError as exc:  # a disk that takes nothing must not keep anybody from moving
                self._report_disk(exc)
            self._permission.is_open = True

    def _have_control(self, *, is_busy: bool) -> bool:
        """Have control, as one who is busy or not; False if another console has it, or has taken it in this moment."""
        control = self.files.control()
        if not self.files.is_mine(control):
            return self.take_if_free() and self._have_control(is_busy=is_busy)
        return not is_busy or control.state is State.BUSY or self._become(State.BUSY)

    def _become(self, state: State) -> bool:
        before = State.IDLE if state is State.BUSY else State.BUSY
        key = self.files.me.key
        return self.files.change(Control(before, key), Control(state, key))

    def refuse_if_pv_names_another(self, device: str = "") -> None:
        """Return unless the PV says that a console with another data folder has control.

        Args:
            device: the device that is to move, for the message.

        Raises:
            NotInControl: it does.
        """
        if self._pv is None:
            return
        try:
            self._pv.find_out()
        except DeviceError as exc:
            say(f"control_pv: {exc}: consoles with other data folders are not held back")
        if line := self.pv_line():
            raise _refusal(device, f"{line} (type `control give` there)")

    def pv_line(self) -> str:
        """Such as "bob@ws2:77 has control, says BL:control"; "" unless the PV names another console."""
        other = self._pv.other() if self._pv is not None else ""
        return f"{other} has control, says {self._pv.address}" if self._pv is not None and other else ""

    def cell_begins(self) -> None:
        """Note that a cell runs: what it writes after its first write is asked for no more."""
        self._cells += 1

    def cell_ended(self) -> None:
        """Let others take control again, unless a plan is paused or a motor moves."""
        self._cells = max(0, self._cells - 1)
        self._settle()

    def _settle(self) -> None:
        with self._lock:
            if self._closed.is_set() or self._cells or not self._permission.is_open or self.unfinished():
                return
            self._permission.close(self.claim)
            try:
                self._become(State.IDLE)
            except OSError as exc:
                self._report_disk(exc)

    # ---- how it changes ----------------------------------------------------------------------

    def take_if_free(self) -> bool:
        """Take control if nobody has it, or a console that has died; False if another console has it."""
        self.files.enter()  # somebody may have deleted the folder
        control = self.files.control()
        return self.files.is_free(control) and self.take_from(control)

    def take_from(self, control: Control, reason: str = "") -> bool:
        """Take control from the one who has it; False if that has changed meanwhile."""
        with self._lock:
            holder = self.files.console(control.key) if control.key else None
            if not self.files.change(control, Control(State.IDLE, self.files.me.key)):
                return False
            self.note("taken", of=str(holder) if holder else None, reason=reason)
            self.gained(holder)
            return True

    def gained(self, holder: Console | None) -> None:
        """This console has control from now on, after a console that had it."""
        self._has, self._holder = True, None
        if self._pv is not None:
            self._pv.show(after=holder)

    def hand_over(self, control: Control, to: Console | None) -> bool:
        """Give control to another console, or to nobody; False if this console does not have it as `control` says."""
        with self._lock:
            self._permission.close(self.claim)
            if not self.files.change(control, Control(State.IDLE, to.key) if to else FREE):
                return False
            self._has, self._holder, self._shown_requests = False, to, []
            if self._pv is not None and to is None:  # another one writes its own name there
                self._pv.clear()
            self.note("given", to=str(to) if to else None)
            return True

    def note(self, action: str, **facts: Any) -> None:
        """Write into the console log what has happened to control."""
        self.log.add("control", action=action, **facts)

    # ---- watching the others -----------------------------------------------------------------

    def _watch(self) -> None:
        beat_at = logged_at = time.monotonic()
        while not self._closed.wait(LOOK_S):
            now = time.monotonic()
            try:
                self._settle()  # for what ran out of any cell
                self.look()
                if now - beat_at >= HEARTBEAT_S:
                    beat_at = now
                    self._beat()
            except OSError as exc:
                _log.debug("the other consoles cannot be seen: %s", exc)
            if now - logged_at >= LOGGED_S:
                logged_at = now
                self.log.add("alive", control=self._has, holder=str(self._holder) if self._holder else None)

    def _beat(self) -> None:
        with self._lock:
            if self._closed.is_set():
                return
            self.files.enter()
            self.files.beat()
            if self._has and self._pv is not None:
                self._pv.show()

    def look(self) -> None:
        """Say what has changed: control was taken away, has become free, or is asked for."""
        with self._lock:
            control = self.files.control()
            if self._closed.is_set():
                return
            if self.files.is_mine(control):
                if not self._has:
                    self.gained(self._holder)
                self._show_requests()
            elif self._has:
                if not self.take_if_free():  # it is free if somebody has deleted the folder
                    self._lost(control)
            elif not self.files.is_free(control):
                self._holder = self.files.console(control.key)
            elif self._holder is not None:
                is_here = any(console.key == self._holder.key for console in self.files.others())
                what = "has given control up" if is_here else "has left"
                say(f"{self._holder} {what}: control is free, the first motion takes it")
                self._holder = None

    def _show_requests(self) -> None:
        requests = self.files.requests()
        for request in requests:
            if request not in self._shown_requests:
                say(f"{request} (control give, or control refuse)")
        self._shown_requests = requests

    def _lost(self, control: Control) -> None:
        self._permission.close(self.claim)
        self._has, self._shown_requests = False, []
        self._holder = self.files.console(control.key)
        self.note("lost", to=str(self._holder) if self._holder else None)
        taken = (
            entry.facts.get("reason", "")
            for entry in self.log.newest_first("control")
            if entry.console == control.key and entry.facts.get("action") == "taken"
        )
        reason = next(taken, "")
        say(
            f"{self._holder or 'another console'} has taken control{f' ({reason})' if reason else ''}: "
            "this console only looks now"
        )

    # ---- words -------------------------------------------------------------------------------

    def who_has_it(self) -> str:
        """Such as "anna (ws1, pid 4321) has control since 14:02:11"."""
        since = self.files.since()
        moment = "" if since is None else f" since {clock_time(since, time.time())}"
        return f"{self.files.console(self.files.control().key) or 'another console'} has control{moment}"

    def who_else_has_it(self) -> str:
        """The same; "" if this console has control, or nobody."""
        control = self.files.control()
        return "" if self.files.is_mine(control) or self.files.is_free(control) else self.who_has_it()

    def status_text(self) -> str:
        """What the line below the prompt says: who has control, who asks for it; "" for a console alone."""
        if self._pv is not None and (other := self._pv.other()):
            return f"observer: {other} has control"
        if self._has:
            requests = self._shown_requests
            return f"{requests[0].console.operator} asks for control: control give, or refuse" if requests else ""
        return f"observer: {self._holder.operator} has control" if self._holder else ""

    def _report_disk(self, exc: OSError) -> None:
        problem = exc.strerror or str(exc)
        if problem != self._disk_problem:
            self._disk_problem = problem
            say(f"who has control cannot be kept ({problem}): other consoles are not held back")


def _refusal(device: str, problem: str) -> NotInControl:
    return NotInControl(f"{device}: {problem}" if device else problem)
