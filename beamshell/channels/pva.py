"""PvaChannel: a channel of EPICS 7's PV Access, on the library p4p.

It knows no signal. The methods that the library's threads call only store and post; they never wait. The environment
says where servers are looked for: EPICS_PVA_ADDR_LIST, EPICS_PVA_NAME_SERVERS and others.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from beamshell.channels import pva_types
from beamshell.channels.base import Collect, OnChange, OnDone, before_waiting
from beamshell.channels.deferred import libraries, library, once, require
from beamshell.channels.remote import RemoteChannel
from beamshell.channels.timers import call_later
from beamshell.channels.updates import completions, updates
from beamshell.errors import NotConnected, ReadFailed, WriteFailed
from beamshell.protocols import Reading

_ASK_AGAIN_AFTER_S = 1.0
_UNTIL_ALL_HAS_ENDED = "record[block=true]"

logger = logging.getLogger(__name__)


@once
def _context() -> Any:
    """The library's client, one a process; its callbacks come in threads of its own, which must end before Python."""
    context = library("p4p.client.raw").Context("pva", nt=False, useenv=True)
    atexit.register(context.close)
    return context


class _Operation:
    """An operation of the library, such as a get or a monitor: kept until it is closed.

    One that the garbage collector found would be cancelled in whatever thread the collector runs, and that thread would
    wait for the library's own. If the library's waits for a lock that the other holds, both wait for ever.
    """

    _kept: ClassVar[set[_Operation]] = set()

    def __init__(self) -> None:
        self.operation: Any = None
        self._is_closed = False
        self._kept.add(self)

    def begin(self, start: Callable[[], Any]) -> None:
        """Begin it; it may have ended, and have been closed, before this returns."""
        self.operation = start()
        if self._is_closed:
            self.close()

    def close(self) -> None:
        """Cancel it, unless it has ended. Not in a thread of the library, and without a lock: it waits for the library.

        Harmless the second time.
        """
        self._is_closed = True
        operation, self.operation = self.operation, None
        if operation is not None:
            operation.close()
        self._kept.discard(self)

    def close_soon(self) -> None:
        """Close it in a worker. Any thread."""
        updates.post(self.close)


class PvaChannel(RemoteChannel):
    """One channel.

    Args:
        name: the PV, such as "BL:th".
        options: those of every channel: string, array_dtype, allow_nan.
    """

    sends_changes = True
    remedy = "check its spelling, that its IOC runs, and EPICS_PVA_ADDR_LIST"
    lost = "is its IOC running?"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__("pva", name, **options)
        require("p4p", "pva")
        self._connect_called = False
        self._structure_request: _Operation | None = None
        self._property_monitor: _Monitor | None = None
        self._property_request = ""
        self._subscription: _Monitor | None = None
        self._newest: Any = None  # the last structure that came to the subscriber on this connection
        self._writes: dict[int, _Write] = {}
        self._ends: list[OnDone] = []
        self._gets: set[_Get] = set()
        self._closed = False

    # ---- connection

    def connect(self) -> None:
        """Have the library search for it; returns at once."""
        if not self._connect_called:
            self._connect_called, self._search_has_begun = True, False
            libraries.run(lambda: updates.post(self._request_structure))

    def _request_structure(self) -> None:
        """Load the library and request the structure; the answer comes when the PV is found. Updates worker."""
        if self._closed:
            return
        try:
            context = _context()
        except NotConnected as exc:
            self._try_again(str(exc))
        else:
            request = self._structure_request = _Operation()
            on_answer = partial(self._on_structure, request)
            request.begin(lambda: context.get(self.name, lambda answer: updates.post(partial(on_answer, answer))))
        self._begin_search()

    def _on_structure(self, request: _Operation, answer: Any) -> None:
        """Mark the channel as connected: the structure has come. Updates worker."""
        request.close()
        if isinstance(answer, Exception):
            self._try_again(str(answer))
            return
        try:
            info, reading, fields = (
                pva_types.info_of(answer),
                pva_types.reading_of(answer),
                pva_types.watched_fields(answer),
            )
        except ReadFailed as exc:
            self._try_again(str(exc))
            return
        if self._closed:
            return
        self._follow(fields)
        self._mark_up(info, reading["value"])
        if self._on_change is not None and self._subscription is None:
            self._start_subscription()

    def _try_again(self, problem: str) -> None:
        if not self._closed:
            self._problem = problem
            call_later(_ASK_AGAIN_AFTER_S, lambda: updates.post(self._request_structure))

    def _follow(self, fields: str) -> None:
        """Monitor the connection, and unit, limits and states. The library renews the monitor by itself."""
        before = self._property_monitor
        if before is not None and self._property_request == fields:
            return
        self._property_request = fields
        self._property_monitor = _Monitor(self.name, self._on_properties, fields)
        if before is not None:
            before.close()

    def _on_properties(self, event: Any, is_first: bool) -> None:
        """Handle a change of unit, limits, states or connection. Library thread."""
        if isinstance(event, Exception):
            if self._mark_down():
                updates.post(self._fail_pending)
        elif not is_first:
            updates.post(self._request_structure)

    def _fail_pending(self) -> None:
        """Fail reads and writes under way: otherwise the library would carry out writes when the IOC is back."""
        with self._lock:
            writes, self._writes = self._writes, {}
            gets, self._gets = self._gets, set()
        for operation in writes.values():
            operation.close()
        for get in gets:
            get.answer(NotConnected(self._why_not()))
            get.close()
        self._end_writing(WriteFailed(f"{self.name} lost its connection before the write had ended"))

    def renew(self) -> None:
        """Close the channel and search anew, whether it answers or not."""
        self._close_operations()
        updates.post(self._request_structure)

    def close(self) -> None:
        """Close the channel; reads and writes under way fail."""
        self._closed = True
        self.unsubscribe()
        self._close_operations()

    def _close_operations(self) -> None:
        self._mark_down()
        self._fail_pending()
        with self._lock:
            operations = (self._structure_request, self._property_monitor, self._subscription)
            self._structure_request = self._property_monitor = self._subscription = None
        for operation in operations:
            if operation is not None:
                operation.close()

    # ---- reading

    def begin_get(self) -> Collect:
        """Request the value without waiting; many requests may be under way together."""
        if not self._connected:
            return self._cannot_collect
        get = _Get()
        with self._lock:
            self._gets.add(get)
        get.begin(lambda: _context().get(self.name, get.answer))
        return partial(self._collect, get)

    def _collect(self, get: _Get, timeout: float) -> Reading:
        for send in before_waiting:
            send()
        in_time = get.has_answer.wait(timeout)
        with self._lock:
            self._gets.discard(get)
        get.close()
        if not in_time:
            raise ReadFailed(f"{self.name} did not answer within {timeout:g} s: is its IOC busy or frozen?")
        if isinstance(get.result, NotConnected):
            raise get.result
        if isinstance(get.result, Exception):
            raise ReadFailed(f"{self.name}: {get.result}")
        reading = self._decode(get.result)
        self._sample = reading["value"]
        return reading

    def _decode(self, change: Any) -> Reading:
        try:
            reading = pva_types.reading_of(change)
        except ReadFailed as exc:
            raise ReadFailed(f"{self.name}: {exc}") from exc
        reading["value"] = self._shaped(reading["value"])
        return reading

    # ---- watching

    @property
    def current(self) -> Reading | None:
        """The last value that the server has sent on this connection, also before the subscriber was given it."""
        newest = self._newest
        return None if newest is None or not self._connected else self._decode(newest)

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change(reading)` in an updates worker, now and at each change; also after a reconnection."""
        self._on_change = on_change
        if self._connected:
            self._start_subscription()

    def _start_subscription(self) -> None:
        self._changes = self._new_changes()
        self._subscription = _Monitor(self.name, self._on_update)

    def _on_update(self, event: Any, _is_first: bool) -> None:
        """Have a new value delivered. Library thread."""
        changes = self._changes
        if isinstance(event, Exception):
            self._newest = None
        elif changes is not None:
            self._newest = event
            changes.offer(event)

    def _mark_down(self, problem: str = "") -> bool:
        self._newest = None
        return super()._mark_down(problem)

    def unsubscribe(self) -> None:
        """Stop calling."""
        self._on_change = self._changes = self._newest = None
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    # ---- writing

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Write `value` and return at once; see Channel.put.

        A write with completion that follows while another is under way goes out plain: otherwise the IOC would keep it
        until the first has ended.
        """
        self._check_writable()
        with self._lock:
            blocking = on_done is not None and not self._ends
            if on_done is not None:
                self._ends.append(on_done)
        self._send(value, _UNTIL_ALL_HAS_ENDED if blocking else None, counts=on_done is not None)

    def _send(self, value: Any, request: str | None, counts: bool) -> None:
        write = _Write(self, counts)
        with self._lock:
            self._writes[id(write)] = write
        write.begin(
            lambda: _context().put(
                self.name, write.on_end, lambda structure: pva_types.fill(structure, value), request=request, get=False
            )
        )

    def on_write_ended(self, write: _Write, failure: Exception | None) -> None:
        """Handle the end of a write; the last one under way ends all. Library thread."""
        with self._lock:
            if self._writes.pop(id(write), None) is None:
                return  # given up
            going_on = any(other.counts for other in self._writes.values())
        write.close_soon()
        if failure is not None:
            logger.log(logging.DEBUG if write.counts else logging.WARNING, "%s was not written: %s", self.name, failure)
        if write.counts and (failure is not None or not going_on):
            self._end_writing(None if failure is None else WriteFailed(f"{self.name}: {failure}"))

    def _end_writing(self, failure: BaseException | None) -> None:
        with self._lock:
            waiting, self._ends = self._ends, []
        for on_done in waiting:
            completions.post(partial(on_done, failure))


class _Get(_Operation):
    """A question under way."""

    def __init__(self) -> None:
        super().__init__()
        self.has_answer = threading.Event()
        self.result: Any = None

    def answer(self, result: Any) -> None:
        """Set the structure, or the exception; only the first call counts. Any thread."""
        if not self.has_answer.is_set():
            self.result = result
            self.has_answer.set()


class _Write(_Operation):
    """A write under way; `counts` is True if a callback waits for its end."""

    def __init__(self, channel: PvaChannel, counts: bool) -> None:
        super().__init__()
        self.channel = channel
        self.counts = counts

    def on_end(self, failure: Exception | None) -> None:
        """Tell the channel that the write has ended. Library thread."""
        self.channel.on_write_ended(self, failure)


class _Monitor(_Operation):
    """A subscription: `on_event(structure or exception, is_first)` in a library thread.

    Args:
        name: the PV.
        on_event: is_first is True for the first structure.
        request: which fields; None is all.
    """

    def __init__(self, name: str, on_event: Any, request: str | None = None) -> None:
        super().__init__()
        self._on_event = on_event
        self._is_first = True
        self._has_events = False
        self._draining = threading.Lock()
        self.begin(lambda: _context().monitor(name, self._drain, request))
        self._drain()  # events that came before the attribute was set

    def _drain(self) -> None:
        """Hand on the events that have come, unless another thread does; then that one hands on these too."""
        self._has_events = True
        while self._has_events and self._draining.acquire(blocking=False):
            try:
                self._has_events = False
                subscription = self.operation
                while subscription is not None and (event := subscription.pop()) is not None:
                    self._on_event(event, self._is_first)
                    if not isinstance(event, Exception):
                        self._is_first = False
            finally:
                self._draining.release()
