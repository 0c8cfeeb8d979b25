"""Commands that say what has happened: why, handover."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from typing_extensions import override

from beamshell.errors import StoreError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import DeviceSlot, NumberSlot, Slot
from beamshell.shell.tokens import Tokens, find_device, is_whole

HEADING = "What happened"
_SHIFT = ("8h",)


class SubjectSlot(DeviceSlot):
    """The number of a run, or the name of a device, which may be offline or absent."""

    word = "run | device"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> int | str:
        token = tokens.take(name)
        if is_whole(token):
            return int(NumberSlot(whole=True).read(Tokens([token], tokens.session), name, following))
        return str(getattr(token, "name", token))

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return token is not None


@command(HEADING, example="why th")
def why(session: Session, subject: Annotated[int | str | None, SubjectSlot()] = None) -> None:
    """Say in a sentence or two what holds the work now, or what last stopped it, failed or was refused.

    It looks at the paused plan, the suspenders, the devices that do not answer, the plans of other consoles and then
    at the console log, also of earlier sessions. `why 12` says how run 12 ended and what it waited for, `why th` what
    is wrong with a device and what last happened with it.
    """
    from beamshell.shell.why import explain, explain_device, explain_run

    now = time.time()
    if subject is None:
        lines = explain(session, now)
    elif isinstance(subject, int):
        lines = explain_run(session, session.runs[subject], now)
    elif (absent := session.registry.absent.get(subject)) is not None:
        lines = [f"{subject} is not there: {absent}"]
    else:
        lines = explain_device(session, subject, find_device(subject, session.devices), now)
    print_answer("\n".join(lines))


class PeriodSlot(Slot):
    """A time back from now: 8h, since 22:00, since a date, today; as seconds since 1970-01-01 UTC of its beginning."""

    word = "8h | since 22:00 | today"
    repeats = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> float:
        from beamshell.views.handover import beginning

        words = [str(tokens.take(name))]
        while tokens:
            words.append(str(tokens.take(name)))
        return beginning(words, time.time())

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return () if typed else ("8h", "since", "today")


@command(HEADING, example="handover 8h")
def handover(session: Session, period: Annotated[float | None, PeriodSlot()] = None) -> None:
    """Write a page about a shift, and show its summary: the last 8 hours, or what is named.

    The page has the scans, the positions that have changed, the time lost and to what, suspensions, failures, refused
    lines, comments, and consoles that died. It is a file in Markdown in the folder `handover` of the data folder.
    """
    from beamshell.shell.console_history import shift_of
    from beamshell.views.handover import beginning

    end = time.time()
    shift = shift_of(session.log, session.runs, beginning(_SHIFT, end) if period is None else period, end)
    path = session.folder / "handover" / f"{time.strftime('%Y-%m-%d_%H-%M', time.localtime(end))}.md"
    _write(path, shift.page(f"Handover of {session.config.name}"))
    print_answer("\n".join([*shift.summary(), str(path)]))


def _write(path: Path, text: str) -> None:
    """Write a page in one piece: one of the same minute is replaced.

    Raises:
        StoreError: the disk refuses; make room, or make the folder writable.
    """
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
        unfinished.replace(path)
    except OSError as exc:
        raise StoreError(f"{path} cannot be written ({exc.strerror or exc}): make room, or make it writable") from exc
