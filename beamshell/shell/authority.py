"""Authority: one console of a data folder moves and writes; the others look. Who has control, and how that changes.

It stands before every plan and every write of this process (`devices/permission.py`), and never before a stop.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from beamshell.devices.permission import WRITING, WritePermission
from beamshell.errors import DeviceError, NotInControl, UsageError
from beamshell.shell.control_pv import ControlPv
from beamshell.shell.messages_shown import say
from beamshell.store.control_folder import ControlFolder, Request
from beamshell.store.control_rules import FREE, HEARTBEAT_S, Answer, Console, Control, State, answer_to
from beamshell.store.open_runs import boot_id
from beamshell.text.times import clock_time, duration

_log = logging.getLogger(__name__)

LOOK_S = 1.0
"""Seconds between two looks at what the other consoles do."""
LOGGED_S = 60.0
"""Seconds between two entries `alive` of the console log."""
_ASK_AGAIN_S = 0.2


class Log(Protocol):
    """The part of the console log that is used here."""

    def add(self, kind: str, /, **facts: Any) -> None:
        """Append one entry."""

    def newest_first(self, *kinds: str) -> Any:
        """The entries of these kinds of all consoles, the newest first."""


class Authority:
    """The control of one console over its beamline.

    Args:
        files: its part in the data folder.
        log: the console log.
        is_plan_open: whether a plan runs or is paused here.
        wait_s: gives the seconds that a holder has to answer a request.
        pv: the PV that says who has control; None if the profile names none.
        permission: that of the process.
    """

    def __init__(
        self,
        files: ControlFolder,
        log: Log,
        is_plan_open: Callable[[], bool],
        wait_s: Callable[[], float],
        pv: ControlPv | None = None,
        permission: WritePermission = WRITING,
    ) -> None:
        self._files = files
        self._log = log
        self._is_plan_open = is_plan_open
        self._wait_s = wait_s
        self._pv = pv
        self._permission = permission
        self._lock = threading.RLock()
        self._cells = 0
        self._has = False
        self._holder: Console | None = None  # another console, as far as it was seen
        self._shown_requests: list[Request] = []
        self._disk_problem = ""
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    # ---- opening and closing -----------------------------------------------------------------

    def open(self, *, at_prompt: bool) -> None:
        """Stand before every write from now on.

        Args:
            at_prompt: a person is at the prompt: control is taken if it is free, else it is said who has it. A script
                takes it with its first motion.
        """
        self._permission.guard(self.claim)
        try:
            self._files.enter()
            if at_prompt and not self._take_if_free():
                self._holder = self._files.console(self._files.control().key)
                say(f"{self._who_has_it()}: this console looks and does not move (control take asks for it)")
        except OSError as exc:
            self._report_disk(exc)
        if at_prompt:
            self._watch_others()

    def close(self) -> None:
        """Give control up, and stand before no write any more; harmless the second time."""
        if self._closed.is_set():
            return
        self._closed.set()
        with self._lock:
            if self._has:
                self._note("left")
                if self._pv is not None:
                    self._pv.clear()
            self._has = False
            if self._pv is not None:
                self._pv.close()
            self._files.leave()
            self._permission.unguard(self.claim)
        if self._watcher is not None:
            self._watcher.join()

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
                self._refuse_if_pv_is_of_another(device)
                while not self._has_or_takes_it():
                    control = self._files.control()
                    if control.state is not State.FREE and not self._files.is_dead(control.key):
                        self._holder = self._files.console(control.key)
                        problem = f"{self._who_has_it()} (control take asks for it)"
                        raise NotInControl(f"{device}: {problem}" if device else problem)
                if not (is_plan or self._cells or self._is_plan_open()):
                    return  # a single write, out of any cell: the next one asks again
                if self._files.control().state is State.IDLE and not self._change(State.IDLE, State.BUSY):
                    return self._claim(device, is_plan=is_plan)  # it was taken in this moment
            except OSError as exc:  # a disk that takes nothing must not keep anybody from moving
                self._report_disk(exc)
            self._permission.is_open = True

    def _refuse_if_pv_is_of_another(self, device: str = "") -> None:
        if self._pv is None:
            return
        try:
            self._pv.find_out()
        except DeviceError as exc:
            say(f"control_pv: {exc}: consoles with other data folders are not held back")
        if other := self._pv.other():
            problem = f"{other} has control, says {self._pv.address} (type `control give` there)"
            raise NotInControl(f"{device}: {problem}" if device else problem)

    def _has_or_takes_it(self) -> bool:
        return self._files.control().key == self._files.me.key or self._take_if_free()

    def _change(self, before: State, after: State) -> bool:
        key = self._files.me.key
        return self._files.change(Control(before, key), Control(after, key))

    def cell_begins(self, _info: Any = None) -> None:
        """Note that a cell runs: what it writes after its first write is asked for no more."""
        self._cells += 1

    def cell_ended(self) -> None:
        """Let others ask for control again, unless a plan is paused."""
        self._cells = max(0, self._cells - 1)
        self._settle()

    def _settle(self) -> None:
        with self._lock:
            if self._closed.is_set() or self._cells or self._is_plan_open() or not self._permission.is_open:
                return
            self._permission.close(self.claim)
            try:
                self._change(State.BUSY, State.IDLE)
            except OSError as exc:
                self._report_disk(exc)

    # ---- what a person types -----------------------------------------------------------------

    @property
    def key(self) -> str:
        """Tells this console apart from the others."""
        return self._files.me.key

    def lines(self) -> list[str]:
        """Who has control, since when, what that console does, who asks for it, and which other consoles there are."""
        control, now = self._files.control(), time.time()
        if control.key == self._files.me.key:
            lines = [f"this console has control{self._since()}"]
        elif control.state is State.FREE or self._files.is_dead(control.key):
            lines = ["nobody has control: the first console that moves has it"]
        else:
            lines = [self._who_has_it()]
            if control.state is State.BUSY:
                lines.append(f"  it is busy{self._last_line_of(control.key)}")
        lines += [f"{_asks(request)} (control give, control refuse)" for request in self._files.requests()]
        others = [each for each in self._files.others() if each.key != control.key]
        return lines + [f"also here: {each}, since {clock_time(each.opened, now)}" for each in others]

    def take(self, reason: str) -> str:
        """Get control: at once if it is free, else from its holder, who is asked.

        Args:
            reason: the holder reads it; it is needed to take control from one who does not answer.

        Returns:
            What has happened, in a line.

        Raises:
            NotInControl: the holder has refused, or does not answer and it cannot be taken.
            UsageError: this console has control.
        """
        self._files.enter()
        if self._files.control().key == self._files.me.key:
            raise UsageError("this console has control already")
        self._refuse_if_pv_is_of_another()
        if self._take_if_free():
            return "this console has control: nobody had it"
        holder = self._files.console(self._files.control().key)
        begun, wait_s = time.monotonic(), self._wait_s()
        self._files.request(reason)
        self._note("asked", of=str(holder), reason=reason)
        say(f"{holder} is asked, and has {duration(wait_s)} to answer; Ctrl+C asks no more")
        try:
            while True:
                control = self._files.control()
                if control.key == self._files.me.key:
                    self._gained("got", holder, reason)
                    return f"this console has control: {holder} gave it"
                refusal = self._files.refusal()
                answer = answer_to(
                    control,
                    is_dead=self._files.is_dead(control.key),
                    is_refused=refusal is not None,
                    asked_for_s=time.monotonic() - begun,
                    wait_s=wait_s,
                    has_reason=bool(reason),
                )
                if answer is Answer.TAKE and self._change_to_me(control, reason):
                    return f"this console has control: {holder} did not answer"
                if answer is Answer.REFUSED:
                    raise NotInControl(f"{holder} keeps control{f': {refusal}' if refusal else ''}")
                if answer is Answer.BUSY:
                    raise NotInControl(
                        f"{holder} does not answer, and is busy{self._last_line_of(control.key)}: ask again later"
                    )
                if answer is Answer.NO_REASON:
                    raise NotInControl(f"{holder} does not answer, and is idle: take it with `control take REASON`")
                time.sleep(_ASK_AGAIN_S)
        finally:
            self._files.withdraw()

    def give(self) -> str:
        """Give control to the console that has asked first; to nobody if none has. What has happened, in a line.

        Raises:
            UsageError: this console does not have control, or its plan is not over.
        """
        with self._lock:
            control = self._must_have_control()
            if self._is_plan_open():
                raise UsageError("a plan is paused: end it first (resume, stop, abort or halt)")
            request = next(iter(self._files.requests()), None)
            after = Control(State.IDLE, request.console.key) if request else FREE
            self._permission.close(self.claim)
            if not self._files.change(control, after):
                raise UsageError("this console does not have control any more")
            self._has = False
            if self._pv is not None and request is None:
                self._pv.clear()
            self._note("given", to=str(request.console) if request else None)
            if request is None:
                return "control is free: the first console that moves has it"
            self._holder = request.console
            return f"{request.console} has control now: this console looks and does not move"

    def refuse(self, reason: str) -> str:
        """Refuse all that is asked, for a reason. What has happened, in a line.

        Raises:
            UsageError: this console does not have control, or nobody asks for it.
        """
        self._must_have_control()
        requests = self._files.requests()
        if not requests:
            raise UsageError("nobody asks for control")
        for request in requests:
            self._files.refuse(request, reason)
            self._note("refused", to=str(request.console), reason=reason)
        return f"{', '.join(str(request.console) for request in requests)} was refused; control stays here"

    def _must_have_control(self) -> Control:
        control = self._files.control()
        if control.key != self._files.me.key:
            who = "nobody has control" if control.state is State.FREE else self._who_has_it()
            raise UsageError(f"this console does not have control: {who}")
        return control

    def status_text(self) -> str:
        """What the line below the prompt says: who has control, who asks for it; "" for a console alone."""
        if self._pv is not None and (other := self._pv.other()):
            return f"observer: {other} has control"
        if self._has:
            requests = self._shown_requests
            return f"{requests[0].console.operator} asks for control: control give, or refuse" if requests else ""
        return f"observer: {self._holder.operator} has control" if self._holder else ""

    # ---- how it changes ----------------------------------------------------------------------

    def _take_if_free(self) -> bool:
        """Take control if nobody has it, or a console that has died; False if another console has it."""
        control = self._files.control()
        if control.state is not State.FREE and not self._files.is_dead(control.key):
            return False
        self._files.enter()  # somebody may have deleted the folder
        return self._change_to_me(self._files.control() if control.state is State.FREE else control, "")

    def _change_to_me(self, before: Control, reason: str) -> bool:
        with self._lock:
            holder = self._files.console(before.key) if before.key else None
            if not self._files.change(before, Control(State.IDLE, self._files.me.key)):
                return False
            self._gained("taken", holder, reason)
            return True

    def _gained(self, how: str, holder: Console | None, reason: str) -> None:
        self._has, self._holder = True, None
        if self._pv is not None:
            self._pv.show()
        self._watch_others()
        self._note(how, of=str(holder) if holder else None, reason=reason)

    def _note(self, action: str, **facts: Any) -> None:
        self._log.add("control", action=action, **facts)

    # ---- watching the others -----------------------------------------------------------------

    def _watch_others(self) -> None:
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="control", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        beat_at = logged_at = -float("inf")
        while not self._closed.wait(LOOK_S):
            now = time.monotonic()
            try:
                self._settle()  # for what ran out of any cell
                if now - beat_at >= HEARTBEAT_S:
                    beat_at = now
                    self._files.enter()
                    self._files.beat()
                    if self._has and self._pv is not None:
                        self._pv.show()
                self.look()
            except OSError as exc:
                _log.debug("the other consoles cannot be seen: %s", exc)
            if now - logged_at >= LOGGED_S:
                logged_at = now
                self._log.add("alive", control=self._has)

    def look(self) -> None:
        """Say what has changed: control was taken away, has become free, or is asked for."""
        with self._lock:
            if self._closed.is_set():
                return
            control = self._files.control()
            if control.key == self._files.me.key:
                self._has, self._holder = True, None
                self._show_requests()
            elif self._has and not self._take_if_free():  # it is free if somebody has deleted the folder
                self._lost(control)
            elif not self._has:
                self._see_holder(control)

    def _show_requests(self) -> None:
        requests = self._files.requests()
        for request in requests:
            if request not in self._shown_requests:
                say(f"{_asks(request)} (control give, or control refuse)")
        self._shown_requests = requests

    def _lost(self, control: Control) -> None:
        self._permission.close(self.claim)
        self._has, self._shown_requests = False, []
        self._holder = self._files.console(control.key)
        self._note("lost", to=str(self._holder) if self._holder else None)
        if self._holder is not None:
            reason = self._reason_of(control.key)
            say(f"{self._holder} has taken control{reason}: this console looks and does not move now")

    def _see_holder(self, control: Control) -> None:
        if control.state is not State.FREE and not self._files.is_dead(control.key):
            self._holder = self._files.console(control.key)
        elif self._holder is not None:
            say(f"{self._holder} has left: control is free, the first motion here takes it")
            self._holder = None

    # ---- words -------------------------------------------------------------------------------

    def _who_has_it(self) -> str:
        return f"{self._files.console(self._files.control().key) or 'another console'} has control{self._since()}"

    def _since(self) -> str:
        since = self._files.since()
        return "" if since is None else f" since {clock_time(since, time.time())}"

    def _last_line_of(self, key: str) -> str:
        for entry in self._log.newest_first("typed"):
            if entry.console == key:
                return f": {entry.facts.get('line', '')}"
        return ""

    def _reason_of(self, key: str) -> str:
        for entry in self._log.newest_first("control"):
            if entry.console == key and entry.facts.get("action") == "taken":
                return f" ({entry.facts['reason']})" if entry.facts.get("reason") else ""
        return ""

    def _report_disk(self, exc: OSError) -> None:
        problem = exc.strerror or str(exc)
        if problem != self._disk_problem:
            self._disk_problem = problem
            say(f"who has control cannot be kept in the data folder ({problem}): other consoles are not held back")


def _asks(request: Request) -> str:
    return f"{request.console} asks for control{f': {request.reason}' if request.reason else ''}"


def this_console(key: str, operator: str) -> Console:
    """The description of this process for the other consoles.

    Args:
        key: tells it apart.
        operator: who works here.
    """
    return Console(key, operator, socket.gethostname(), boot_id(), os.getpid(), time.time())
