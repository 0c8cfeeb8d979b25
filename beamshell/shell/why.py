"""Why: what holds or has ended the work, in a sentence or two: device, address, value, limit, since when, what to type.

What is so now comes from the engine, the suspenders and the devices; what was, from the console log. It moves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from beamshell.devices.summary import address_of
from beamshell.errors import BeamshellError
from beamshell.shell.command_set import COMMANDS
from beamshell.shell.console_history import History, history_since, scan_record
from beamshell.shell.device_look import begin_look
from beamshell.shell.positions import value_text
from beamshell.store.open_runs import REASON as CLOSED_LATER
from beamshell.text.lists import listed
from beamshell.text.numbers import counted
from beamshell.text.times import clock_time, duration
from beamshell.views.incidents import Incident, Kind, sentence

if TYPE_CHECKING:
    from beamshell.shell.session import Session
    from beamshell.store import Run

_DAY_S = 86400.0
_LOOK_BACK_S = (_DAY_S / 3, 2 * _DAY_S, 14 * _DAY_S)
"""Seconds of the past in which an incident is looked for, one after the other: a log of years is not read."""
_AFTER_STOP_S = 600.0
"""Seconds after the end of a run in which the log says that its plan has ended: a clean-up may take long."""
_NOT_TO_WAIT = "not to wait: suspenders off 10min"


class Present(NamedTuple):
    """Something that is so now.

    Attributes:
        text: a sentence, with what to type.
        since: in seconds since 1970-01-01 UTC.
        holds: whether a plan waits for it, or is paused by it.
    """

    text: str
    since: float
    holds: bool


def explain(session: Session, now: float) -> list[str]:
    """The present state that holds the work, and the last incident if it is newer; two sentences at most."""
    history, last = _last_incident(session, now, lambda incident: not incident.lasts)
    present = [*_own_plan(session, history, now), *_suspenders(session, now), *_other_consoles(session, history, now)]
    if holding := [one.text for one in present if one.holds]:
        return holding[:2]
    present += _offline(session, now)
    lines = [one.text for one in present]
    if last is not None and all(last.over_at > one.since for one in present[:1]):
        lines.insert(1, _with_remedy(session, history, last, now))
    return lines[:2] or ["Nothing has stopped, failed or been refused here in the last 14 days."]


def explain_run(session: Session, run: Run, now: float) -> list[str]:
    """How a run ended, why, and for what it waited."""
    record, stop = scan_record(run), run.stop
    until = None if stop is None or stop.get("reason") == CLOSED_LATER else stop["time"] + _AFTER_STOP_S
    history = history_since(session.log, session.runs, run.start["time"] - 1.0, until)
    its_own = [one for one in history.incidents if run.scan_id is not None and run.scan_id in one.scans]
    subject = f"{run.label[:1].upper()}{run.label[1:]} ({record.command})"
    after = f" after point {record.point_words}" if record.points else " before its first point"
    if death := next((one for one in its_own if one.kind is Kind.DIED), None):
        lines = [sentence(death, now, _where(session, history, death))]
    elif stop is None:
        lines = [f"{subject} is open: {counted(record.points, 'point')} so far. runs {run.scan_id} shows them."]
    else:
        at = clock_time(stop["time"], now)
        because = f": {record.reason.rstrip('.')}" if record.reason else ""
        ends = {"fail": f"failed at {at}{after}", "abort": f"was aborted at {at}{after}"}
        if record.is_complete:
            ends["success"] = f"came to its end at {at}, with {counted(record.points, 'point')}"
        lines = [f"{subject} {ends.get(record.status, f'was ended at {at}{after}')}{because}."]
    waits = [one for one in its_own if one.kind in (Kind.SUSPENDED, Kind.PAUSED) and not one.lasts]
    if waits:
        longest = max(waits, key=lambda one: one.seconds)
        lasted = duration(sum(one.seconds for one in waits))
        lines.append(
            f"It was held {counted(len(waits), 'time')}, {lasted} in all, the longest: {longest.reason.rstrip('.')}."
        )
    return lines


def explain_device(session: Session, name: str, device: Any, now: float) -> list[str]:
    """What is wrong with a device now, and what last happened with it."""
    lines = [_lost(session, name, device, now) or _condition(name, device)]
    its_suspenders = [one for one in session.RE.suspenders if one.tripped and _root(one.name) == _root(name)]
    lines += [_would_wait(suspender, now).text for suspender in its_suspenders]
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")

    def concerns_it(incident: Incident) -> bool:
        command = incident.command if incident.kind is Kind.FAILED else ""
        reason = incident.reason.partition("did you mean")[0]
        return bool(word.search(" ".join((command, reason, *incident.moving))))

    history, last = _last_incident(session, now, concerns_it)
    if last is not None:
        lines.append(_with_remedy(session, history, last, now))
    return lines


# ---- what is so now ------------------------------------------------------------------------------


def _own_plan(session: Session, history: History, now: float) -> Iterable[Present]:
    """The paused plan of this console, and what it would wait for if it went on."""
    if session.state != "paused":
        return
    story = history.story(session.log.console)
    incident = story.present if story is not None else None
    text = "A plan is paused." if incident is None else sentence(incident, now)
    yield Present(f"{text} Type resume, stop, abort or halt.", now, holds=True)
    for device in session.RE.unanswered:
        yield Present(f"After resume it waits: {device.reason}.", now, holds=True)
    for suspender in session.RE.suspenders:
        if suspender.tripped and session.RE.suspenders_off_until is None:
            text = _reason(suspender, now)
            yield Present(f"After resume it waits: {text}; {_NOT_TO_WAIT}.", suspender.since, holds=True)


def _suspenders(session: Session, now: float) -> Iterable[Present]:
    if session.state != "paused" and session.RE.suspenders_off_until is None:
        yield from (_would_wait(suspender, now) for suspender in session.RE.suspenders if suspender.tripped)


def _would_wait(suspender: Any, now: float) -> Present:
    which = "A move or a scan" if suspender.suspend_moves else "A scan"
    return Present(f"{which} would wait now: {_reason(suspender, now)}; {_NOT_TO_WAIT}.", suspender.since, holds=False)


def _reason(suspender: Any, now: float) -> str:
    """Why a suspender holds plans, the address of its signal, and since when."""
    reason, name, address = suspender.reason, suspender.name, _address(suspender.signal)
    if address and reason.startswith(name):
        reason = f"{name} ({address}){reason.removeprefix(name)}"
    bad, semicolon, limit = reason.partition(";")
    return f"{bad} since {clock_time(suspender.since, now)}{semicolon}{limit}"


def _address(signal: Any) -> str:
    """Where a signal is in its control system; "" for one of this process."""
    source = str(getattr(signal, "source", "") or "")
    return "" if not source or source.startswith("soft://") else address_of(signal)


def _other_consoles(session: Session, history: History, now: float) -> Iterable[Present]:
    """What holds the plans of the other consoles that live, and what moves there."""
    for story in history.stories:
        if story.console == session.log.console or story.is_closed:
            continue
        if (incident := story.present) is not None:
            yield Present(sentence(incident, now, story.name), incident.time, holds=False)
        elif story.calls:
            call = story.calls[-1]
            moving = "".join(f", {words} is on its way" for words in call.moving_words())
            text = f"'{call.command}' has run on {story.name} since {clock_time(call.since, now)}{moving}."
            yield Present(text, call.since, holds=False)


def _offline(session: Session, now: float) -> Iterable[Present]:
    for name in session.offline_devices():
        text = _lost(session, name, session.registry[name], now)
        since = min((lost.since for lost in session.registry.offline() if _root(lost.device) == name), default=now)
        if text:
            yield Present(text, since, holds=False)


def _lost(session: Session, name: str, device: Any, now: float) -> str:
    """The sentence about a device that does not answer; "" if it does."""
    lost = [channel for channel in session.registry.offline() if _root(channel.device) == _root(name)]
    if not lost and getattr(device, "connected", True):
        return ""
    if not lost:
        return f"{_label(name, device)} does not answer: is its IOC running? It connects by itself when it comes back."
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    since = clock_time(min(channel.since for channel in lost), now)
    return (
        f"{name} has not answered since {since} ({lost[0].address}{more}): is its IOC running? "
        f"It connects by itself; reconnect {_root(name)} tries at once."
    )


_REMEDIES: Mapping[str, Callable[[str], str]] = {
    "SPMG": lambda name: f'to let it move: {name}.motor_spg.put("Go")',
    "Set mode": lambda name: f'to leave it: {name}.set_use_switch.put("Use")',
    "high limit switch": lambda name: f"move {name} down",
    "low limit switch": lambda name: f"move {name} up",
}
"""What to do about a word of a motor's state, by the beginning of the word."""


def _condition(name: str, device: Any) -> str:
    """Where a device is, and what is unusual about it."""
    label = _label(name, device)
    begin = getattr(device, "begin_state", None)
    if not callable(begin):
        value = begin_look(device)().value
        return f"{label} answers{f': {value}' if value not in ('', 'None') else ''}."
    try:
        state = begin()()
    except (BeamshellError, TimeoutError) as exc:
        return f"{label}: {exc}"
    place = value_text(device, state["position"])
    at = f"{label} is {'' if isinstance(state['position'], str) else 'at '}{place}" if place else f"{label} is offline"
    words = [*(state.get("words") or ()), *_at_limit(device, state)]
    if not words:
        return f"{at}, and nothing holds it."
    remedies = [remedy(name) for word in words for start, remedy in _REMEDIES.items() if word.startswith(start)]
    return "; ".join([f"{at}: {listed(words)}", *remedies]) + "."


def _label(name: str, device: Any) -> str:
    """A device by its name, with its address if it has one."""
    address = getattr(device, "prefix", "") or _address(device)
    return f"{name} ({address})" if address else name


def _at_limit(device: Any, state: Mapping[str, Any]) -> list[str]:
    """Which limit a motor stands at, if it does, by the digits that its position is shown with."""
    position = value_text(device, state["position"])
    limits = {"low": state.get("low_limit"), "high": state.get("high_limit")}
    return [
        f"at its {which} limit"
        for which, limit in limits.items()
        if limit is not None and value_text(device, limit) == position
    ]


# ---- what was ------------------------------------------------------------------------------------


def _last_incident(
    session: Session, now: float, is_meant: Callable[[Incident], bool]
) -> tuple[History, Incident | None]:
    """The past as far as it had to be read, and the incident in it that happened or was over last."""
    history, last = History([], [], []), None
    for seconds in _LOOK_BACK_S:
        history = history_since(session.log, session.runs, now - seconds)
        last = max(filter(is_meant, history.incidents), key=lambda one: (one.over_at, one.time), default=None)
        if last is not None:
            break
    return history, last


def _where(session: Session, history: History, incident: Incident) -> str:
    """The console of an incident in words; "" for this one."""
    story = history.story(incident.console)
    return "" if story is None or story.console == session.log.console else story.name


def _with_remedy(session: Session, history: History, incident: Incident, now: float) -> str:
    """An incident in a sentence, and what to type to see more of it."""
    text = sentence(incident, now, _where(session, history, incident))
    if not incident.scans:
        return text
    number = incident.scans[-1]
    can_go_on = "continue" in COMMANDS and incident.kind in (Kind.DIED, Kind.FAILED, Kind.ENDED)
    return f"{text} runs {number} shows its points{f', continue {number} goes on' if can_go_on else ''}."


def _root(name: str) -> str:
    return name.partition(".")[0]
