"""StatusLine: the line below the prompt: values that the profile chooses, suspenders that hold plans, devices offline.

It shows what has come by subscription and asks no control system. It is at work only while the prompt waits for keys.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from beamshell.documents.alarms import MARKS, SEVERITIES
from beamshell.errors import UnknownName
from beamshell.shell.device_look import value_in_words

log = logging.getLogger(__name__)

PERIOD_S = 2.0
"""Seconds between two looks at the parts."""
FIRST_AFTER_S = 0.2
"""Seconds from a prompt to the first look."""
MOST_OF_A_CORE = 0.0005
"""The part of a core that a part of the line may take; one that takes longer is looked at less often."""
_GAP = "  "
_TROUBLE_STYLE, _STYLE = "noreverse fg:ansiyellow", "noreverse"
_MOST_NAMES = 3


class StatusPart(NamedTuple):
    """One part of the line.

    Attributes:
        text: gives what it shows now; "" for nothing. It must not wait for anything.
        is_trouble: it is shown first, and in colour.
    """

    text: Callable[[], str]
    is_trouble: bool = False


class StatusLine:
    """The line below the prompt.

    Args:
        parts: of the line.
        clock: seconds that only grow.

    Attributes:
        parts: of the line; one that is appended is shown from the next look on.

    Example:
        ``session.status_line.parts.append(StatusPart(lambda: "2 followers behind", is_trouble=True))``
    """

    def __init__(self, parts: Iterable[StatusPart] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.parts = list(parts)
        self._clock = clock
        self._texts: dict[StatusPart, str] = {}
        self._not_before: dict[StatusPart, float] = {}
        self._loop: Any = None

    # ---- its text ----------------------------------------------------------------------------

    def look(self) -> bool:
        """Look at the parts that are due; True if what is shown has changed."""
        before = self.fragments()
        for part in self.parts:
            begun = self._clock()
            if self._not_before.get(part, begun) > begun:
                continue
            try:
                self._texts[part] = part.text()
            except UnknownName as exc:  # the profile names a device that is not there
                self._texts[part] = f"status_line: {exc}"
            except Exception:  # what has failed says so itself, where it is needed
                log.debug("a part of the status line failed", exc_info=True)
                self._texts[part] = ""
            self._not_before[part] = begun + (self._clock() - begun) / MOST_OF_A_CORE
        return self.fragments() != before

    def fragments(self) -> list[tuple[str, str]]:
        """The line as prompt_toolkit takes it, (style, text), trouble first; empty if there is nothing to show."""
        texts = [(part.is_trouble, text) for part in self.parts if (text := self._texts.get(part, ""))]
        ordered = [*(each for each in texts if each[0]), *(each for each in texts if not each[0])]
        return [
            (_TROUBLE_STYLE if is_trouble else _STYLE, f"{_GAP if place else ''}{text}")
            for place, (is_trouble, text) in enumerate(ordered)
        ]

    # ---- below a prompt ----------------------------------------------------------------------

    def attach(self, shell: Any) -> Callable[[], None]:
        """Show it below the prompt of an IPython shell, if that has more than a plain prompt.

        Returns:
            A function that undoes this.
        """
        prompt = getattr(shell, "pt_app", None)
        if prompt is None:
            return lambda: None

        def rendered(app: Any) -> None:
            if self._loop is not app.loop:  # a prompt may have an event loop of its own
                self._loop = app.loop
                app.loop.call_later(FIRST_AFTER_S, look_again)

        def look_again() -> None:
            loop, app = self._loop, prompt.app
            if not app.is_running or app.loop is not loop:
                self._loop = None  # the next prompt begins anew
                return
            if self.look():
                show()
                app.invalidate()
            loop.call_later(PERIOD_S, look_again)

        def show() -> None:
            prompt.bottom_toolbar = self.fragments() or None

        def after_cell(_result: Any) -> None:
            self.look()
            show()

        def detach() -> None:
            prompt.app.after_render.remove_handler(rendered)
            shell.events.unregister("post_run_cell", after_cell)
            prompt.bottom_toolbar = None

        prompt.app.after_render.add_handler(rendered)
        shell.events.register("post_run_cell", after_cell)
        return detach


# ---- its parts ---------------------------------------------------------------------------------


class Suspender(Protocol):
    """The part of a suspender that is shown."""

    @property
    def tripped(self) -> bool:
        """Whether plans must wait."""

    @property
    def reason(self) -> str:
        """Why."""


def suspenders_text(suspenders: Sequence[Suspender], off: str = "") -> str:
    """Why scans would wait now: "scans wait: ring is 12 mA"; "" if none would.

    Args:
        suspenders: all of them.
        off: until when they are switched off, in words; "" while they count.
    """
    if off:
        return off
    reasons = [suspender.reason for suspender in suspenders if suspender.tripped]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"scans wait: {reasons[0]}{more}" if reasons else ""


def offline_text(names: Sequence[str]) -> str:
    """Such as "offline: th, samx"; "" if all devices answer."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"offline: {', '.join(names[:_MOST_NAMES])}{more}" if names else ""


class DeviceValue:
    """The last value of a device that has come by subscription, such as "ring 400.02 mA", "shutter Open".

    Args:
        name: of the device, or of a part of one, such as "mono.energy".
        find: gives the device of a name; another one after a reload.
    """

    def __init__(self, name: str, find: Callable[[str], Any]) -> None:
        self._name = name
        self._find = find
        self._signal: Any = None
        self._token: Any = None

    def __call__(self) -> str:
        """What is shown now."""
        device = self._find(self._name)
        signal = value_signal(device)
        if signal is None:
            return f"{self._name}: no single value"
        if signal is not self._signal:
            self._follow(signal)
        if not getattr(signal, "connected", True):
            return f"{self._name} ?"
        return f"{self._name} {reading_text(signal, device)}"

    def _follow(self, signal: Any) -> None:
        if self._signal is not None:
            self._signal.unsubscribe(self._token)
        self._signal, self._token = signal, signal.subscribe(_ignore)


def _ignore(**_: Any) -> None:
    """Take a value: the signal keeps it."""


def value_signal(device: Any) -> Any:
    """The signal of a device's one value: itself, its position, or the part that has its name; None if none has."""
    if hasattr(device, "latest"):
        return device
    if (readback := getattr(device, "readback_signal", None)) is not None:
        return readback
    signals = (walked[-1] for walked in getattr(device, "walk_signals", list)())  # ophyd's says more of each
    return next((it for it in signals if it.name == device.name and hasattr(it, "latest")), None)


def reading_text(signal: Any, device: Any) -> str:
    """The last value of a signal with its unit, a state in words; "?" if none has come.

    Args:
        signal: that of the device's one value.
        device: says unit and precision if the signal does not.
    """
    reading = signal.latest
    if reading is None:
        return "?"
    severity = SEVERITIES.get(reading.get("alarm_severity", 0))
    mark = MARKS[severity] if severity else ""
    return value_in_words(reading["value"], signal, device) + mark
