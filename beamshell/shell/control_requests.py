"""What the commands `control`, `control take`, `give` and `refuse` do: consoles ask each other for control.

They answer in a line, and know nothing of how they are typed.
"""

from __future__ import annotations

import time
from itertools import takewhile

from beamshell.errors import NotInControl, UsageError
from beamshell.shell.authority import Authority
from beamshell.shell.messages_shown import say
from beamshell.store.control_rules import Answer, Control, State, answer_to
from beamshell.store.engine_calls import KINDS, calls
from beamshell.text.times import clock_time, duration

_LOOK_S = 0.2
"""Seconds between two looks for an answer."""


def control_lines(authority: Authority) -> list[str]:
    """Who has control, since when, what that console does, who asks for it, and which other consoles there are."""
    files, now = authority.files, time.time()
    control = files.control()
    if files.is_mine(control):
        since = files.since()
        lines = [f"this console has control since {clock_time(since or now, now)}"]
    elif files.is_free(control):
        lines = ["nobody has control: the first console that moves has it"]
    else:
        lines = [authority.who_has_it()]
        if control.state is State.BUSY:
            lines.append(f"  it is busy{_what_runs_at(authority, control.key)}")
    if pv_line := authority.pv_line():
        lines.insert(0, pv_line)
    lines += [f"{request} (control give, or control refuse)" for request in files.requests()]
    others = [console for console in files.others() if console.key != control.key]
    return lines + [f"also here: {console}, since {clock_time(console.opened, now)}" for console in others]


def take_control(authority: Authority, reason: str) -> str:
    """Get control: at once if it is free, else from its holder, who is asked.

    Args:
        authority: of this console.
        reason: the holder reads it; it is needed to take control from one who does not answer.

    Returns:
        What has happened.

    Raises:
        NotInControl: the holder has refused, or does not answer and it cannot be taken.
        UsageError: this console has control.
    """
    files = authority.files
    authority.refuse_if_pv_names_another()
    if files.is_mine(files.control()):
        raise UsageError("this console has control already")
    if authority.take_if_free():
        return "this console has control: nobody had it"
    holder = files.console(files.control().key)
    begun, wait_s = time.monotonic(), authority.wait_s()
    try:
        files.request(reason)
        authority.note("asked", of=str(holder), reason=reason)
        say(f"{holder} is asked, and has {duration(wait_s)} to answer; Ctrl+C asks no more")
        while True:
            control = files.control()
            if files.is_mine(control):
                authority.gained(holder)
                return f"this console has control: {holder} gave it"
            refusal = files.refusal()
            answer = answer_to(
                control,
                is_dead=files.is_dead(control.key),
                is_refused=refusal is not None,
                asked_for_s=time.monotonic() - begun,
                wait_s=wait_s,
                has_reason=bool(reason),
            )
            if answer is Answer.TAKE and authority.take_from(control, reason):
                return f"this console has control: {holder} did not answer"
            if answer is Answer.REFUSED:
                raise NotInControl(f"{holder} keeps control{f': {refusal}' if refusal else ''}")
            if answer is Answer.BUSY:
                line = _what_runs_at(authority, control.key)
                raise NotInControl(f"{holder} does not answer, and is busy{line}: ask again later")
            if answer is Answer.NO_REASON:
                raise NotInControl(f"{holder} does not answer, and is idle: take it with `control take REASON`")
            time.sleep(_LOOK_S)
    finally:
        files.withdraw()


def give_control(authority: Authority) -> str:
    """Give control to the console that has asked first; to nobody if none has. What has happened.

    Raises:
        UsageError: this console does not have control, or something has not ended here.
    """
    control = _own_control(authority)
    if unfinished := authority.unfinished():
        raise UsageError(f"{unfinished}: end that first")
    request = next(iter(authority.files.requests()), None)
    if not authority.hand_over(control, request.console if request else None):
        raise UsageError("this console does not have control any more")
    if request is None:
        return "control is free: the first console that moves has it"
    return f"{request.console} has control now: this console only looks"


def refuse_control(authority: Authority, reason: str) -> str:
    """Refuse all that is asked. What has happened.

    Args:
        authority: of this console.
        reason: those who ask read it.

    Raises:
        UsageError: this console does not have control, or nobody asks for it.
    """
    _own_control(authority)
    requests = authority.files.requests()
    if not requests:
        raise UsageError("nobody asks for control")
    for request in requests:
        authority.files.refuse(request, reason)
        authority.note("refused", to=str(request.console), reason=reason)
    return f"{', '.join(str(request.console) for request in requests)} was refused; control stays here"


def _own_control(authority: Authority) -> Control:
    control = authority.files.control()
    if not authority.files.is_mine(control):
        is_free = authority.files.is_free(control)
        who = "nobody has control" if is_free else authority.who_has_it()
        raise UsageError(f"this console does not have control: {who}")
    return control


def _what_runs_at(authority: Authority, key: str) -> str:
    """The plan that runs or is paused at a console, else what was typed there last, behind a colon; "" if unknown."""
    entries = (entry for entry in authority.log.newest_first("opened", *KINDS) if entry.console == key)
    for call in calls(takewhile(lambda entry: entry.kind != "opened", entries)):
        if call.status in ("", "paused") and call.label:
            return f": {call.label}{', paused' if call.status else ''}"
    lines = (entry.facts.get("line", "") for entry in authority.log.newest_first("typed") if entry.console == key)
    line = next(lines, "")
    return f": {line}" if line else ""
