"""ControlFolder: who has control of the beamline, kept in the data folder, where all consoles see it.

One empty file stands for control. Its name says who has it: `control.free`, `control.idle.KEY` or `control.busy.KEY`.
Whoever changes that renames it: the file system lets one of several win, also on a network disk. Each console has a
file of its own, `console.KEY.json`, on which it holds a lock and whose time is its last sign of life; a request is
`request.KEY.json`, a refused one `refused.KEY.json`. It knows no device and no person.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.store.control_rules import FREE, Console, Control, SignsOfLife, State, has_died
from beamshell.store.processes import process_exists

CONTROL = "control"
_TOKEN = "control."
_LISTINGS = 4
_BETWEEN_LISTINGS_S = 0.002


class Request(NamedTuple):
    """A request for control.

    Attributes:
        console: that asks.
        reason: why; "" if it gives none.
    """

    console: Console
    reason: str

    def __str__(self) -> str:
        return f"{self.console} asks for control{f': {self.reason}' if self.reason else ''}"


def shown_consoles(folder: Path) -> Iterator[tuple[Console, float]]:
    """The consoles that have a file, dead ones too; each with its last sign of life, by the file server's clock.

    Args:
        folder: the data folder.
    """
    for path in (folder / CONTROL).glob("console.*.json"):
        if (console := _as_console(_content(path))) is not None:
            yield console, _mtime_of(path)


class ControlFolder:
    """The part of one console in the folder `control`.

    Args:
        folder: the data folder.
        me: this console.
    """

    def __init__(self, folder: Path, me: Console) -> None:
        self.me = me
        self._folder = folder / CONTROL
        self._own = self._folder / f"console.{me.key}.json"
        self._fd = -1

    # ---- coming and going --------------------------------------------------------------------

    def enter(self) -> None:
        """Make the folder, and show this console to the others; what dead ones have left is removed.

        Raises:
            OSError: the disk takes nothing.
        """
        self._make_folder()
        if self._fd < 0 or not self._own.exists():
            self._show_myself()
        for path in self._folder.glob("console.*.json"):
            key = _key_of(path)
            if key not in (self.me.key, self.control().key) and self.is_dead(key):
                for left in (path, self._request_of(key), self._refusal_of(key)):
                    left.unlink(missing_ok=True)

    def leave(self) -> None:
        """Give control up, if this console has it, and take its files away; never raises because of the disk."""
        with contextlib.suppress(OSError):
            control = self.control()
            if control.key == self.me.key:
                self.change(control, FREE)
            for path in (self._request_of(self.me.key), self._refusal_of(self.me.key), self._own):
                path.unlink(missing_ok=True)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _make_folder(self) -> None:
        """Make the folder with the one file in it that stands for control, unless that is there."""
        if self._listed() is not None:
            return
        unfinished = self._folder.with_name(f".{CONTROL}.{self.me.key}")
        try:
            unfinished.mkdir()  # the data folder itself is never made anew: it may have been moved
            unfinished.chmod(stat.S_IMODE(self._folder.parent.stat().st_mode))  # whoever may write there may have it
            (unfinished / f"{_TOKEN}{FREE.state.value}").touch()
            unfinished.rename(self._folder)  # two consoles at one moment: the second finds it filled, and is refused
        except OSError:
            if self._listed() is None:
                if not self._folder.is_dir():
                    raise
                (self._folder / f"{_TOKEN}{FREE.state.value}").touch()  # somebody has deleted the file alone
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _show_myself(self) -> None:
        unfinished = self._folder / f".{self._own.name}"
        fd = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            with contextlib.suppress(OSError):  # no locks on this file system: the process and its silence must do
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(fd, json.dumps(self.me._asdict()).encode())
            unfinished.rename(self._own)
        except BaseException:
            os.close(fd)
            unfinished.unlink(missing_ok=True)
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd

    def beat(self) -> None:
        """Show a sign of life."""
        if self._fd >= 0:
            os.utime(self._fd)

    # ---- who has it --------------------------------------------------------------------------

    def control(self) -> Control:
        """Who has control now; nobody if the folder is not there."""
        return self._listed() or FREE

    def _listed(self) -> Control | None:
        """Who has control by the name of the file that stands for it; None if there is no such file.

        A listing can miss a file that is renamed in the same moment, so that one listing without it says nothing.
        """
        for _ in range(_LISTINGS):
            try:
                names = os.listdir(self._folder)
            except OSError:
                return None
            if (control := next(_controls(names), None)) is not None:
                return control
            time.sleep(_BETWEEN_LISTINGS_S)
        return None

    def is_mine(self, control: Control) -> bool:
        """True if this console has control."""
        return control.key == self.me.key

    def is_free(self, control: Control) -> bool:
        """True if nobody has control, or a console that is no more."""
        return control.state is State.FREE or (not self.is_mine(control) and self.is_dead(control.key))

    def change(self, before: Control, after: Control) -> bool:
        """Change who has control, or what that console does; False if it is not `before` any more.

        Of several consoles that try it at one moment one succeeds.
        """
        token = self._token(after)
        try:
            self._token(before).rename(token)
        except FileNotFoundError:
            return False
        if before.key != after.key:
            with contextlib.suppress(OSError):  # it may have been taken away again at once
                os.utime(token)
        return True

    def since(self) -> float | None:
        """When the present console got control, in seconds since 1970-01-01 UTC; None if nobody has it."""
        control = self.control()
        return None if control.state is State.FREE else _mtime_of(self._token(control)) or None

    def _token(self, control: Control) -> Path:
        return self._folder / ".".join(filter(None, (f"{_TOKEN}{control.state.value}", control.key)))

    # ---- the other consoles ------------------------------------------------------------------

    def console(self, key: str) -> Console | None:
        """The console of this key; None if it has no file, or a damaged one."""
        return _as_console(_content(self._folder / f"console.{key}.json"))

    def others(self) -> list[Console]:
        """The other consoles that live, the oldest first."""
        keys = [_key_of(path) for path in self._folder.glob("console.*.json")]
        living = [key for key in keys if key != self.me.key and not self.is_dead(key)]
        return sorted(filter(None, map(self.console, living)), key=lambda console: console.opened)

    def is_dead(self, key: str) -> bool:
        """True if the console of this key is no more; one that has no file has closed, or its file was deleted."""
        path = self._folder / f"console.{key}.json"
        try:
            fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return True
        except OSError:  # it cannot be opened by this user: its content and its time must do
            fd = -1
        try:
            console = self.console(key)
            if console is None:
                return _is_locked(fd) is False
            self.beat()  # so that both times are of the file server's clock
            silent_s = os.fstat(self._fd).st_mtime - path.stat().st_mtime if self._fd >= 0 else 0.0
            return has_died(console, self.me, SignsOfLife(_is_locked(fd), silent_s, process_exists(console.pid)))
        except FileNotFoundError:
            return True
        finally:
            if fd >= 0:
                os.close(fd)

    # ---- requests ----------------------------------------------------------------------------

    def request(self, reason: str) -> None:
        """Ask the console that has control for it."""
        self._refusal_of(self.me.key).unlink(missing_ok=True)
        _write(self._request_of(self.me.key), {**self.me._asdict(), "reason": reason})

    def withdraw(self) -> None:
        """Ask no more."""
        for path in (self._request_of(self.me.key), self._refusal_of(self.me.key)):
            path.unlink(missing_ok=True)

    def requests(self) -> list[Request]:
        """What the living consoles ask now, the first first."""
        requests = []
        for path in sorted(self._folder.glob("request.*.json"), key=_mtime_of):
            content = _content(path)
            console = _as_console(content)
            if console is not None and not self.is_dead(console.key):
                requests.append(Request(console, str(content.get("reason", ""))))
        return requests

    def refuse(self, request: Request, reason: str) -> None:
        """Refuse a request; nothing if it was withdrawn."""
        key = request.console.key
        if self._request_of(key).exists():
            _write(self._refusal_of(key), {"reason": reason})
            self._request_of(key).unlink(missing_ok=True)

    def refusal(self) -> str | None:
        """The reason for which the request of this console was refused, "" for none; None if it was not."""
        path = self._refusal_of(self.me.key)
        return str(_content(path).get("reason", "")) if path.exists() else None

    def _request_of(self, key: str) -> Path:
        return self._folder / f"request.{key}.json"

    def _refusal_of(self, key: str) -> Path:
        return self._folder / f"refused.{key}.json"


def _key_of(path: Path) -> str:
    return path.name.removeprefix("console.").removesuffix(".json")


def _write(path: Path, content: dict[str, Any]) -> None:
    unfinished = path.with_name(f".{path.name}")  # nobody must read half of it
    unfinished.write_text(json.dumps(content))
    unfinished.rename(path)


def _controls(names: Iterable[str]) -> Iterator[Control]:
    for name in sorted(names):
        if name.startswith(_TOKEN):
            state, _, key = name.removeprefix(_TOKEN).partition(".")
            with contextlib.suppress(ValueError):  # somebody else's file
                yield Control(State(state), key)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _as_console(content: dict[str, Any]) -> Console | None:
    try:
        console = Console(**{name: content[name] for name in Console._fields})
        return console._replace(pid=int(console.pid), opened=float(console.opened))
    except (LookupError, TypeError, ValueError):
        return None


def _is_locked(fd: int) -> bool | None:
    """Whether a process holds the lock on a file; None if that cannot be known."""
    if fd < 0:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def _mtime_of(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
