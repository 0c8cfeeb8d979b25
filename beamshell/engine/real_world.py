"""RealWorld: the clocks, inbox, subscribers, suspenders and metadata of one RunEngine.

It serves the interpreter (see `world.World`) and knows nothing of plans.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from asyncio import gather
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beamshell._version import __version__
from beamshell.channels.timers import call_later
from beamshell.engine.activity import WhileRunning
from beamshell.engine.assets import KnownFiles
from beamshell.engine.asyncio_devices import LoopStatus, LoopThread, loop_thread
from beamshell.engine.dispatcher import Dispatcher, Subscription
from beamshell.engine.inbox import Inbox, Pump
from beamshell.engine.installed_suspenders import InstalledSuspenders
from beamshell.engine.interrupts import announce, ask
from beamshell.engine.requests import PauseRequest, WakeUp
from beamshell.protocols import speaks_asyncio
from beamshell.text.own_code import with_place

logger = logging.getLogger(__name__)

VERSIONS = {"beamshell": __version__, "python": sys.version.split()[0]}
"""The versions of beamshell and Python, for every start document."""

GUI_INTERVAL_S = 0.1
"""Seconds that a plan which never waits may keep windows from being drawn."""


@dataclass
class Settings:
    """The settings that a user may change on a RunEngine at any time; RunEngine documents each."""

    md: MutableMapping[str, Any]
    preprocessors: list[Callable[[Any], Any]]
    md_validator: Callable[[Mapping[str, Any]], Any] | None = None
    md_normalizer: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None
    scan_id_source: Callable[[MutableMapping[str, Any]], int | Awaitable[int]] | None = None
    record_interruptions: bool = False
    call_returns_result: bool = False
    strict: bool = False
    pump: Pump | None = None
    ask: Callable[[str], str] = input
    say: Callable[[str], None] = announce
    msg_hook: Callable[[Any], None] | None = None
    state_hook: Callable[[str, str], None] | None = None
    permission: Callable[[], None] = lambda: None
    check_call_metadata: Callable[[Mapping[str, Any]], None] = lambda _: None
    check_run_metadata: Callable[[Mapping[str, Any]], None] = lambda _: None
    while_running: WhileRunning | None = None
    waiting_hook: Callable[[set[Any] | None], None] | None = None
    log_hook: Callable[[str, Mapping[str, Any]], None] | None = None
    look_around: Callable[[], Mapping[str, tuple[Any, Any]]] = dict
    describe_plan: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    answer_wait_s: float = 60.0
    rewindable: bool = True


@dataclass
class CallMetadata:
    """Metadata that count for the runs of one call.

    Attributes:
        keywords: of the call itself.
        computed: the plan's type and name.
    """

    keywords: dict[str, Any] = field(default_factory=dict)
    computed: dict[str, Any] = field(default_factory=dict)


class RealWorld:
    """Threads, clocks and people of one RunEngine."""

    clock = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    def __init__(self, settings: Settings, own_loop: LoopThread | None = None) -> None:
        self.settings = settings
        self._own_loop = own_loop
        self.inbox = Inbox()
        self.post = self.inbox.post
        self.dispatcher = Dispatcher(self._subscriber_failed)
        self.subscribe, self.unsubscribe = self.dispatcher.subscribe, self.dispatcher.unsubscribe
        self.suspenders = InstalledSuspenders(self._wake_up)
        self.call_md = CallMetadata()
        self.files = KnownFiles()
        self._gui_processed_at = 0.0
        self._reported: set[int] = set()  # tokens of subscribers whose failure this call has reported
        self._strict_error: BaseException | None = None

    def begin_call(self, call_md: CallMetadata) -> None:
        """Forget what belonged to the call before."""
        self.call_md = call_md
        self.inbox.posts.clear()
        self._reported.clear()

    @staticmethod
    def uid() -> str:
        """A random UUID (version 4)."""
        digits = os.urandom(16).hex()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    # ---- waiting and people ----------------------------------------------------------------------

    def wait(self, until: float | None) -> None:
        """Wait for a post; windows stay alive."""
        self.inbox.wait(None if until is None else max(0.0, until - self.clock()), self.settings.pump)
        self._gui_processed_at = self.clock()

    def process_gui_events(self, now: float) -> None:
        """Keep windows alive though the plan never waits."""
        if self.settings.pump is not None and now - self._gui_processed_at > GUI_INTERVAL_S:
            self.settings.pump(self.inbox, 0.0)
            self._gui_processed_at = now

    def say(self, text: str) -> None:
        """Tell the operator one line."""
        self.settings.say(text)

    def record(self, kind: str, **facts: Any) -> None:
        """Tell the log hook what has happened. It only watches, so its failure must not stop the engine."""
        if self.settings.log_hook is not None:
            try:
                self.settings.log_hook(kind, facts)
            except Exception:
                logger.exception("the log hook failed")

    def remind(self, seconds: float, words: Callable[[], str | None], last: str = "") -> None:
        """Tell the operator `words()` each time it is another one after some seconds, until it is None."""

        def tell() -> None:
            text = words()
            if text and text != last:
                self.say(text)
            if text is not None:
                self.remind(seconds, words, text or last)

        call_later(seconds, tell)

    def ask(self, prompt: str) -> str:
        """Ask the operator for one line; Ctrl+C pauses the plan, which asks again when it goes on."""
        return ask(prompt, self.settings.ask)

    def speaks_asyncio(self, kind: type) -> bool:
        """True if methods of this class are coroutines."""
        return speaks_asyncio(kind)

    def on_loop(self, function: Callable[[], Any]) -> LoopStatus:
        """Call `function` on the event loop."""
        return self.loop_thread.call(function)

    def all_on_loop(self, functions: Sequence[Callable[[], Any]]) -> LoopStatus:
        """Call coroutine functions on the event loop, all at the same time."""
        return self.loop_thread.call(lambda: gather(*(function() for function in functions)))

    @property
    def loop_thread(self) -> LoopThread:
        """The event loop and its thread: of this engine alone, or of the process."""
        return self._own_loop or loop_thread()

    def state_changed(self, new: str, old: str) -> None:
        """Tell the state hook. It only watches, so its failure must not stop the engine."""
        if self.settings.state_hook is not None:
            try:
                self.settings.state_hook(new, old)
            except Exception:
                logger.exception("the state hook failed")

    # ---- documents -------------------------------------------------------------------------------

    def emit(self, name: str, doc: dict[str, Any]) -> None:
        """Hand a document to the subscribers."""
        self.dispatcher.process(name, doc)
        if self._strict_error is not None:
            error, self._strict_error = self._strict_error, None
            raise error

    def _subscriber_failed(self, subscription: Subscription, name: str, exc: BaseException) -> None:
        logger.debug("%r failed with a %s document", subscription, name, exc_info=exc)
        if subscription.writer:
            self.post(PauseRequest(False, f"Data cannot be written: {exc}"))
        elif subscription.token not in self._reported:
            self._reported.add(subscription.token)
            self.say(f"{subscription!r} failed with a {name} document: {with_place(exc)}")
        if self.settings.strict:
            self._strict_error = self._strict_error or exc

    # ---- suspenders ------------------------------------------------------------------------------

    def install_suspender(self, suspender: Any) -> None:
        """Let plans wait while `suspender` is tripped."""
        self.suspenders.install(suspender)

    def remove_suspender(self, suspender: Any) -> None:
        """Let plans no longer wait for it."""
        self.suspenders.remove(suspender)

    @property
    def answer_wait_s(self) -> float:
        """Seconds that a plan waits for a device that does not answer."""
        return self.settings.answer_wait_s

    @property
    def suspenders_off(self) -> str:
        """Until when the suspenders are switched off, in words; empty while they count."""
        return self.suspenders.off

    def look_around(self) -> Mapping[str, tuple[Any, Any]]:
        """Where the devices of the beamline stand, as far as the console has said."""
        try:
            return self.settings.look_around()
        except Exception as exc:
            logger.warning("where the devices stand is unknown: %s", exc)
            return {}

    def _wake_up(self) -> None:
        """Make the engine check the suspenders; in any thread. Any other post has the same effect."""
        if not self.inbox.posts:  # nobody empties it while no plan runs: it must not grow
            self.post(WakeUp())

    # ---- metadata --------------------------------------------------------------------------------

    def next_scan_id(self) -> Any:
        """The number of the next run, or an awaitable of it; it is used up by `open_metadata`."""
        return (self.settings.scan_id_source or default_scan_id)(self.settings.md)

    def open_metadata(self, metadata: Mapping[str, Any], number: int) -> dict[str, Any]:
        """The metadata of a new run: the call's own, then the plan's, then what is computed, then `md`.

        The number of the scan is used up only when nothing refused the run.
        """
        settings, call = self.settings, self.call_md
        merged = {**settings.md, **call.computed, **metadata, **call.keywords}
        merged.setdefault("versions", dict(VERSIONS))
        if self.suspenders_off:
            merged["suspenders_off_until"] = self.suspenders.off_until
        merged["scan_id"] = metadata.get("scan_id", call.keywords.get("scan_id", number))
        settings.check_run_metadata(merged)
        if settings.md_validator is not None:
            settings.md_validator(dict(merged))
        if settings.md_normalizer is not None:
            merged = dict(settings.md_normalizer(merged))
        if merged["scan_id"] == number:
            merged["scan_id"] = self._use_up_scan_id(number)
        return merged

    def _use_up_scan_id(self, number: int) -> int:
        md = self.settings.md
        if self.settings.scan_id_source is None and hasattr(md, "next_scan_id"):
            return int(md.next_scan_id())
        md["scan_id"] = number
        return number


def default_scan_id(md: MutableMapping[str, Any]) -> int:
    """The number after the last one; 1 if what stands there is no number."""
    try:
        return int(md.get("scan_id", 0) or 0) + 1
    except (TypeError, ValueError, OverflowError):
        return 1
