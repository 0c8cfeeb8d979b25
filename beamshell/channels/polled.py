"""PolledChannel: for control systems that only answer questions; each question waits in a worker thread.

It knows no control system. While somebody subscribes, the value is read every `poll_s` seconds; while nothing answers,
a connection is tried every half second. Reads that one request can answer are asked in one.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from beamshell.channels.base import Collect, OnChange, OnDone, before_waiting
from beamshell.channels.deferred import libraries, library, once
from beamshell.channels.remote import RemoteChannel
from beamshell.channels.timers import call_later
from beamshell.channels.updates import Worker, completions
from beamshell.channels.value_info import ValueInfo
from beamshell.errors import DeviceError, NotConnected, ReadFailed, WriteFailed
from beamshell.protocols import Reading

TRY_AGAIN_AFTER_S = 0.5
BUSY_EVERY_S = 0.05

Read: TypeAlias = Callable[[], Reading]
"""Returns a reading, or raises why there is none."""

logger = logging.getLogger(__name__)


@once
def _worker_of(scheme: str) -> Worker:
    return Worker(scheme, waits=True)


class _Batch:
    """Reads that wait for their turn, to be asked in one request."""

    __slots__ = ("is_posted", "reads")

    def __init__(self) -> None:
        self.reads: list[tuple[PolledChannel, Future[Reading]]] = []
        self.is_posted = False


_batches: dict[Hashable, _Batch] = {}
_batching = threading.RLock()  # a signal handler may read while this thread begins a read


class PolledChannel(RemoteChannel):
    """A channel of a control system that is asked by blocking calls, each in a worker thread.

    Args:
        scheme: of its addresses.
        name: the address without the scheme.
        poll_s: seconds between two questions while somebody subscribes.
        options: those of every channel: string, array_dtype, allow_nan.
    """

    needs = ""
    """The library to be imported before the first question; "" for none."""

    def __init__(self, scheme: str, name: str, *, poll_s: float = 0.5, **options: Any) -> None:
        super().__init__(scheme, name, **options)
        self._poll_s = float(poll_s)
        self._connecting = False
        self._attempts = object()
        self._closed = False
        self._polling = object()
        self._last_offered: Reading | None = None
        self._ends: list[OnDone] = []
        self._to_write: deque[tuple[Any, OnDone | None]] = deque()
        self._writing = threading.Lock()

    # ---- what each control system does, in a worker; all may raise NotConnected, ReadFailed, WriteFailed

    @abstractmethod
    def read_info(self) -> tuple[ValueInfo, Any]:
        """Open the connection; returns type, unit and limits of the value, and the value."""

    @abstractmethod
    def read_value(self) -> Reading:
        """Read the value."""

    @abstractmethod
    def write(self, value: Any) -> None:
        """Write a checked value."""

    @property
    def shares_requests_by(self) -> Hashable:
        """Channels of one class where it is the same can be read by one request: see `read_together`."""
        return id(self)

    def read_together(self, channels: Sequence[Any]) -> list[Read]:
        """Read channels that share requests, this one among them, by as few as possible; a result for each."""
        return [channel.read_value for channel in channels]

    def run_in_worker(self, job: Callable[[], None], urgent: bool = False) -> None:  # noqa: ARG002 - for one line
        """Do a job in a worker of this control system.

        Args:
            job: a question or a write.
            urgent: it goes before the others, where they wait for one another, as on a serial line.
        """
        _worker_of(self.source.partition("://")[0]).post(job)

    def is_busy(self) -> bool:
        """Whether something that a write started is still going on."""
        return False

    # ---- connection

    def connect(self) -> None:
        """Start connecting; returns at once."""
        if not self._connecting:
            self._connecting, self._search_has_begun = True, False
            libraries.run(lambda: self.run_in_worker(partial(self._try_to_connect, self._attempts)))

    def _try_to_connect(self, attempts: object) -> None:
        if self._closed or attempts is not self._attempts:
            return
        try:
            if self.needs:
                library(self.needs)
            self._begin_search()
            info, value = self.read_info()
        except DeviceError as exc:
            self._begin_search()  # what has failed may be the library
            self._problem = _without(self.name, str(exc))
            self._connect_later()
            return
        self._connecting = False
        self._mark_up(info, value)
        if self._on_change is not None:
            self._start_polling()

    def _connect_later(self) -> None:
        self._connecting = True
        if not self._closed:
            attempts = self._attempts
            call_later(TRY_AGAIN_AFTER_S, lambda: self.run_in_worker(partial(self._try_to_connect, attempts)))

    def _on_connection_lost(self, problem: DeviceError) -> None:
        """Mark the connection as lost: writes under way fail, and a new connection is tried until it succeeds."""
        if self._mark_down(_without(self.name, str(problem))):
            self._to_write.clear()
            self._connect_later()
            self._end_writing(WriteFailed(f"{self.name} lost its connection before the write had ended"))

    def renew(self) -> None:
        """Open the connection anew, whether it answers or not."""
        self._attempts = attempts = object()  # attempts under way end, as theirs is another object
        self._polling = object()
        self._connecting = True
        self._to_write.clear()
        self._mark_down()
        self._end_writing(WriteFailed(f"{self.name} was opened anew before the write had ended"))
        self.run_in_worker(self.disconnect)
        self.run_in_worker(partial(self._try_to_connect, attempts))

    def disconnect(self) -> None:
        """Close the connection that `read_info` has opened. Worker."""

    def close(self) -> None:
        """Stop polling and writing; writes under way fail."""
        self._closed = True
        self._to_write.clear()
        self.unsubscribe()
        self._mark_down("it was closed")
        self._end_writing(WriteFailed(f"{self.name} was closed before the write had ended"))

    # ---- reading

    def begin_get(self) -> Collect:
        """Request the value without waiting; requests to different servers are under way together."""
        if not self._connected:
            return self._cannot_collect
        answer: Future[Reading] = Future()
        key = (type(self), self.shares_requests_by)
        with _batching:
            batch = _batches.setdefault(key, _Batch())
            batch.reads.append((self, answer))
            if not batch.is_posted:
                self.run_in_worker(partial(self._answer_batch, key))
                batch.is_posted = True  # not before: a Ctrl+C in between must leave nobody waiting
        return partial(self._collect, answer)

    def _answer_batch(self, key: Hashable) -> None:
        """Read all channels that wait together; whoever comes now waits for the next request. Worker."""
        with _batching:
            batch = _batches.pop(key, None)
        if batch is None:
            return
        try:
            results = self.read_together([channel for channel, _ in batch.reads])
        except Exception as exc:  # noqa: BLE001 - it is raised again in the threads that wait
            for _, answer in batch.reads:
                answer.set_exception(exc)
            return
        for (channel, answer), read in zip(batch.reads, results, strict=True):
            try:
                answer.set_result(channel._reading_of(read))
            except Exception as exc:  # noqa: BLE001 - likewise
                answer.set_exception(exc)

    def _collect(self, answer: Future[Reading], timeout: float) -> Reading:
        if not answer.done():
            for send in before_waiting:
                send()
        try:
            return answer.result(timeout).copy()
        except DeviceError:
            raise  # some are TimeoutErrors themselves
        except TimeoutError as exc:
            raise ReadFailed(f"{self.name} did not answer within {timeout:g} s: {self.lost}") from exc

    def _reading_of(self, read: Read) -> Reading:
        """The result in the form of a reading; a failure may end the connection. Worker."""
        try:
            reading = read()
        except NotConnected as exc:
            self._on_connection_lost(exc)
            raise NotConnected(self._why_not()) from exc
        self._sample = reading["value"]
        reading["value"] = self._shaped(reading["value"])
        return reading

    # ---- watching

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change(reading)` in an updates worker, now and when an answer differs from the one before."""
        self._on_change = on_change
        if self._connected:
            self._start_polling()

    def unsubscribe(self) -> None:
        """Stop calling, and polling."""
        self._on_change = self._changes = None
        self._polling = object()

    def _start_polling(self) -> None:
        self._changes, self._last_offered = self._new_changes(), None
        self._polling = turn = object()
        self.run_in_worker(partial(self._poll, turn))

    def _poll(self, turn: object) -> None:
        """Read the value, offer it if it is new, and repeat after the poll interval. Worker."""
        if turn is not self._polling:
            return
        try:
            reading = self._reading_of(self.read_value)
        except NotConnected:
            return  # it goes on when the connection is back
        except ReadFailed as exc:
            logger.debug("%s", exc)  # a read raises this error; a subscriber waits for the next value
        else:
            self._offer(reading)
        call_later(self._poll_interval_s(), lambda: self.run_in_worker(partial(self._poll, turn)))

    def _poll_interval_s(self) -> float:
        """Seconds until the next question."""
        return self._poll_s

    def _offer(self, reading: Reading) -> None:
        """Offer a reading to the subscriber, unless it is the same as the last one. Any thread."""
        with self._lock:
            changes, last = self._changes, self._last_offered
            if changes is None or (last is not None and _same(reading, last)):
                return
            self._last_offered = reading
        changes.offer(reading)

    # ---- writing

    def put(self, value: Any, on_done: OnDone | None = None) -> None:
        """Write `value` and return at once; see Channel.put."""
        self._check_writable()
        if on_done is not None:
            with self._lock:
                self._ends.append(on_done)
        self._to_write.append((value, on_done))
        self.run_in_worker(self._write_next, urgent=True)

    def _write_next(self) -> None:
        """Write the oldest waiting value; one at a time, so that several threads keep the order. Worker."""
        on_done = None
        try:
            with self._writing:
                if not self._to_write:
                    return  # the connection was lost meanwhile: a late write must not follow its return
                value, on_done = self._to_write.popleft()
                self.write(value)
        except DeviceError as exc:
            self._not_written(exc, on_done)
            return
        if on_done is not None:
            self._await_end(on_done)

    def _not_written(self, problem: DeviceError, on_done: OnDone | None) -> None:
        if on_done is None:
            logger.warning("%s", problem)
        else:
            failure = problem if isinstance(problem, WriteFailed) else WriteFailed(str(problem))
            self._end_writing(failure, on_done)
        if isinstance(problem, NotConnected):
            self._on_connection_lost(problem)

    def _await_end(self, on_done: OnDone) -> None:
        """End the write when all actions that it started have ended. Worker."""
        if on_done not in self._ends:
            return  # the connection was lost meanwhile
        try:
            busy = self.is_busy()
        except DeviceError as exc:
            self._not_written(exc, on_done)
            return
        if busy:
            call_later(BUSY_EVERY_S, lambda: self.run_in_worker(partial(self._await_end, on_done)))
        else:
            self._end_writing(None, on_done)

    def _end_writing(self, failure: BaseException | None, only: OnDone | None = None) -> None:
        with self._lock:
            finished = [on_done for on_done in self._ends if only is None or on_done is only]
            self._ends = [on_done for on_done in self._ends if on_done not in finished]
        for on_done in finished:
            completions.post(partial(on_done, failure))


def _same(reading: Reading, last: Reading) -> bool:
    return reading.get("alarm_severity") == last.get("alarm_severity") and np.array_equal(
        reading["value"], last["value"]
    )


def _without(name: str, message: str) -> str:
    """The message without the channel's name, which is added again when it is shown."""
    return message.removeprefix(name).lstrip(": ")
