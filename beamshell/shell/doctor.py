"""The examination behind the command `doctor`: a line for each part of a console, ok or what to do.

It reads what the console knows already, and the disk. It asks no control system, and moves nothing.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

from beamshell._version import __version__
from beamshell.errors import BeamshellError
from beamshell.shell.beamline_states import states_needed, states_of
from beamshell.shell.profile_suspenders import describe_off
from beamshell.text.lists import listed
from beamshell.text.numbers import counted, file_size
from beamshell.text.times import clock_time, date_and_time, duration

if TYPE_CHECKING:
    from beamshell.store.console_log import LogEntry

LEAST_FREE = 5e9
"""Bytes on the disk of the data below which it is said."""
_LIBRARIES = {"ca": "pyepics", "pva": "p4p", "tango": "pytango", "serial": "pyserial", "http": "httpx"}
"""The package that each control system needs."""
_PACKAGES = ("ipython", "numpy", "matplotlib", "epicscorelibs")
_MOST_NAMED = 4
_LARGEST_JUMP_S = 2.0
_DAYS_S = 3 * 86400.0
"""Consoles that were opened longer ago are not looked for."""
_VARIABLES = (
    "EPICS_CA_ADDR_LIST",
    "EPICS_CA_AUTO_ADDR_LIST",
    "EPICS_CA_NAME_SERVERS",
    "EPICS_CA_SERVER_PORT",
    "EPICS_CA_MAX_ARRAY_BYTES",
    "EPICS_PVA_ADDR_LIST",
    "EPICS_PVA_AUTO_ADDR_LIST",
    "EPICS_PVA_NAME_SERVERS",
)


class Finding(NamedTuple):
    """What was found about one part of the console."""

    part: str
    text: str
    remedy: str = ""
    """What to do; "" if it is in order."""

    @property
    def cells(self) -> tuple[str, str, str]:
        """Its cells in the table."""
        return ("!!" if self.remedy else "ok", self.part, f"{self.text}: {self.remedy}" if self.remedy else self.text)


def findings(session: Any) -> list[Finding]:
    """All findings about a console; a check that fails is a finding too."""
    return [finding for part, check in _CHECKS.items() for finding in _checked(part, check, session)]


def _checked(part: str, check: Callable[[Any], Iterator[Finding]], session: Any) -> list[Finding]:
    try:
        return list(check(session))
    except BeamshellError as exc:
        return [Finding(part, "not there", str(exc))]
    except Exception as exc:  # noqa: BLE001  the other checks matter as much
        return [Finding(part, "could not be checked", f"{type(exc).__name__}: {exc}")]


# ---- the checks --------------------------------------------------------------------------------


def _engine(session: Any) -> Iterator[Finding]:
    state = str(session.RE.state)
    remedy = "type resume, stop, abort or halt" if state == "paused" else ""
    yield Finding("engine", state, remedy)


def _data(session: Any) -> Iterator[Finding]:
    from beamshell.store.folder import exposure, refusal

    free = shutil.disk_usage(session.folder).free
    text = f"{session.folder}, {file_size(free)} free"
    if reason := refusal(session.folder):
        yield Finding("data folder", text, f"{reason}: free space, no scan can begin")
    elif warning := exposure(session.folder):
        yield Finding("data folder", text, warning)
    else:
        yield Finding("data folder", text, "free space soon" if free < LEAST_FREE else "")
    if waiting := session.journal.waiting:
        yield Finding(
            "journal", f"{file_size(waiting)} wait in memory", "free space; they are written with the next cell"
        )
    else:
        yield Finding("journal", "all is on disk")


def _versions(_session: Any) -> Iterator[Finding]:
    packages = [f"{name} {version}" for name in _PACKAGES if (version := _version(name))]
    python = f"Python {platform.python_version()}, {listed(packages)}"
    yield Finding("versions", f"beamshell {__version__}, {python}, {platform.system()} {platform.release()}")


def _control_systems(session: Any) -> Iterator[Finding]:
    texts = [f"{scheme} ({name} {_version(name) or 'not installed'})" for scheme, name in _LIBRARIES.items()]
    yield Finding("control systems", listed(texts))
    for name, reason in list(session.registry.absent.items())[:_MOST_NAMED]:
        yield Finding("device", f"{name} is not there", reason)


def _devices(session: Any) -> Iterator[Finding]:
    addresses: dict[str, Any] = {}
    for dotted, address, since in session.registry.offline():
        addresses.setdefault(dotted.partition(".")[0], (address, since))
    total = counted(len(session.registry), "device")
    if not addresses:
        yield Finding("devices", f"{total}, all answer")
        return
    now = time.time()
    for name, (address, since) in list(addresses.items())[:_MOST_NAMED]:
        yield Finding(
            "device", f"{name} does not answer since {clock_time(since, now)}", f"is {address} served? See offline"
        )
    if len(addresses) > _MOST_NAMED:
        yield Finding("devices", f"{len(addresses)} of {total} do not answer", "offline names all")


def _epics(_session: Any) -> Iterator[Finding]:
    variables = {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}
    text = listed(f"{name.removeprefix('EPICS_')}={value}" for name, value in variables.items())
    remedy = epics_problem(os.environ)
    yield Finding("EPICS", text or "its own settings: every IOC of this subnet is found", remedy)


def epics_problem(environ: Mapping[str, str]) -> str:
    """What is wrong with the variables of Channel Access, and what to do; "" if nothing.

    See "Channel Access Reference Manual", section Environment Variables.
    """
    searches = any(environ.get(name, "").strip() for name in ("EPICS_CA_ADDR_LIST", "EPICS_CA_NAME_SERVERS"))
    if environ.get("EPICS_CA_AUTO_ADDR_LIST", "YES").strip().upper() == "NO" and not searches:
        return "no IOC is looked for: set EPICS_CA_ADDR_LIST, or EPICS_CA_AUTO_ADDR_LIST=YES"
    for name in ("EPICS_CA_SERVER_PORT", "EPICS_CA_MAX_ARRAY_BYTES"):
        if (value := environ.get(name, "").strip()) and not value.isdecimal():
            return f"{name} is no number: {value}"
    return ""


def _suspenders(session: Any) -> Iterator[Finding]:
    suspenders = session.RE.suspenders
    if off := describe_off(session.RE):
        yield Finding("suspenders", off[0].partition(":")[0], "suspenders on lets them count again")
        return
    tripped = [each.reason for each in suspenders if each.tripped]
    if tripped:
        yield Finding("suspenders", f"scans wait: {listed(tripped)}", "wait, or suspenders off 10min")
    else:
        yield Finding("suspenders", f"{counted(len(suspenders), 'suspender')}, none holds plans")


def _display(session: Any) -> Iterator[Finding]:
    from beamshell.callbacks.figures import has_display

    setting = os.environ.get("BEAMSHELL_PLOTS", session.config.plots)
    where = {"none": "none", "text": "in the terminal", "window": "in windows"}.get(setting)
    place = where or (
        "in windows" if has_display(os.environ, sys.platform) else "in the terminal, since there is no display"
    )
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    remedy = "" if encoding.lower().startswith("utf") else "set LC_ALL=C.UTF-8 to see plots of characters"
    yield Finding("display", f"plots {place}; terminal {os.environ.get('TERM', 'none')}, {encoding}", remedy)


def _clock(session: Any) -> Iterator[Finding]:
    jump = session.clock_jump_s
    if abs(jump) < _LARGEST_JUMP_S:
        yield Finding("clock", f"{date_and_time(time.time())}, not set since the start")
    else:
        way = "back" if jump < 0 else "forward"
        yield Finding(
            "clock", f"set {way} by {duration(abs(jump))} since the start", "mind the times of runs; see the NTP client"
        )


def _consoles(session: Any) -> Iterator[Finding]:
    others = other_consoles(
        session.log.newest_first("opened", "closed", since=time.time() - _DAYS_S), session.log.console
    )
    here = [one for one in others if one.facts.get("host") == socket.gethostname()]
    running = [f"process {one.facts.get('pid')} here" for one in here if _is_running(int(one.facts.get("pid", 0)))]
    elsewhere = [f"process {one.facts.get('pid')} of {one.facts.get('host')}" for one in others if one not in here]
    text = f"others in this data folder: {listed(running)}" if running else "no other on this computer"
    if elsewhere:
        text += f"; not closed as far as is known: {listed(elsewhere, most=_MOST_NAMED)}"
    yield Finding("consoles", text)


def other_consoles(newest_first: Iterable[LogEntry], own: str) -> list[LogEntry]:
    """The consoles that have been opened and not closed, by the entries of the console log.

    Args:
        newest_first: the entries of the kinds "opened" and "closed".
        own: the id of this console.
    """
    closed, opened = {own}, []
    for entry in newest_first:
        if entry.kind == "opened" and entry.console not in closed:
            opened.append(entry)
        closed.add(entry.console)
    return opened


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # of another user
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0


def _profile(session: Any) -> Iterator[Finding]:
    states = states_of(session.config, session.profile, session.devices)
    problems = [str(problem) for problem in (*states.problems, *session.metadata_rules.problems)]
    try:
        for state in states_needed(session.config.requires, session.config.requires):
            states.find(state)
    except BeamshellError as exc:
        problems.append(f"requires: {exc}" if not str(exc).startswith("requires") else str(exc))
    for problem in dict.fromkeys(problems):
        yield Finding("profile", "a mistake", problem)
    if not problems:
        yield Finding("profile", f"{session.config.name} in {session.profile or 'this IPython'}")


def _version(package: str) -> str:
    """The version of an installed package; "" if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


_CHECKS: dict[str, Callable[[Any], Iterator[Finding]]] = {
    "engine": _engine,
    "data folder": _data,
    "devices": _devices,
    "control systems": _control_systems,
    "EPICS": _epics,
    "suspenders": _suspenders,
    "display": _display,
    "clock": _clock,
    "consoles": _consoles,
    "profile": _profile,
    "versions": _versions,
}
