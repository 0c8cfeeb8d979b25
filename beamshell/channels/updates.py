"""Workers: threads that deliver values and completions to subscribers, outside the control systems' own threads.

It knows no control system: a channel offers values to a `LatestValue` and posts completions to a `Worker`.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from beamshell.channels.timers import call_later

Value = TypeVar("Value")
Job = Callable[[], None]

_STALLED_AFTER_S = 0.01  # a queue that did not move for so long gets one more worker
_MOST_THREADS = 64
_BURST = 32  # jobs without a break
_FLOOD_S = 0.006  # a burst in less time is part of a flood
_BREAK_S = 0.0001
_SPARE_LEAVES_AFTER_S = 5.0
_JOBS_END_WITHIN_S = 0.5  # a job that goes on longer at the end waits for a server that does not answer

logger = logging.getLogger(__name__)

thread_hooks: list[Job] = []
"""Functions that each worker thread calls once, before its next job: some libraries must know their threads."""


_all_workers: list[Worker] = []
_is_closing = False


@atexit.register
def end_jobs() -> None:
    """End all jobs before the interpreter ends: one in the middle of an import would keep it from ending."""
    global _is_closing
    _is_closing = True
    for worker in _all_workers:
        worker.stop()
    deadline = time.monotonic() + _JOBS_END_WITHIN_S
    while any(worker.busy for worker in _all_workers) and time.monotonic() < deadline:
        time.sleep(0.002)


class Worker:
    """Does jobs in the order they came, in a thread of its own, and in more of them while all are blocked.

    Jobs are never dropped. A job that blocks costs the others about 10 ms, until a spare thread takes over.

    Args:
        name: of its threads.
        waits: most jobs wait for a server: each gets a thread at once, so that all wait together.
    """

    def __init__(self, name: str, *, waits: bool = False) -> None:
        self._name = name
        self._waits = waits
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._lock = threading.RLock()  # a signal handler may post while this thread is posting
        self._threads = 0
        self._idle = 0
        self._started = 0
        self._finished = 0
        self._watching = False
        self._burst_ended = 0.0
        self._stopped = _is_closing  # one that is made too late does nothing
        _all_workers.append(self)

    def post(self, job: Job) -> None:
        """Have `job` called soon, in a thread of this worker."""
        if self._stopped:
            return
        self._jobs.put(job)
        if self._threads == 0:
            with self._lock:
                if self._threads == 0:
                    self._start_thread()
        elif self._waits and self._jobs.qsize() > self._idle:
            self._start_spare()
        if self._idle == 0 and not self._watching:
            self._watch()

    def stop(self) -> None:
        """Drop all jobs, queued and to come: for the end of the interpreter only."""
        self._stopped = True

    @property
    def busy(self) -> bool:
        """True while some job is being done."""
        return self._threads > self._idle

    def _start_thread(self) -> None:
        self._threads += 1
        self._started += 1
        name = f"beamshell-{self._name}-{self._started}"
        threading.Thread(target=self._work, args=(self._threads == 1,), name=name, daemon=True).start()

    def _start_spare(self) -> None:
        """Start one more thread if a job has none."""
        with self._lock:
            if self._jobs.qsize() > self._idle and self._threads < _MOST_THREADS:
                self._start_thread()

    def _watch(self) -> None:
        """Check after a moment that the queue still moves."""
        with self._lock:
            if not self._watching:
                self._watching = True
                finished = self._finished
                call_later(_STALLED_AFTER_S, lambda: self._relieve(finished))

    def _relieve(self, finished_before: int) -> None:
        with self._lock:
            self._watching = False
            stalled = self._finished == finished_before and self._idle == 0
        if stalled:
            self._start_spare()
        if not self._jobs.empty():
            self._watch()

    def _work(self, is_first: bool) -> None:
        hooks_called = 0
        while (job := self._next_job(is_first)) is not None and not self._stopped:
            while hooks_called < len(thread_hooks):
                self._do(thread_hooks[hooks_called])
                hooks_called += 1
            self._do(job)
            del job  # what it refers to must not live until the next one comes
            with self._lock:
                self._finished += 1
            if self._finished % _BURST == 0:
                self._pause_in_flood()

    def _pause_in_flood(self) -> None:
        """Leave the interpreter to the other threads for a moment, after many jobs in a short time.

        The library's thread would wait for it up to 5 ms for each update, with a lock that all circuits need: the end
        of a move among them. And what comes meanwhile needs no wake-up, which costs as much as many jobs.
        """
        now = time.monotonic()
        if now - self._burst_ended < _FLOOD_S:
            time.sleep(_BREAK_S)
            now = time.monotonic()
        self._burst_ended = now

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception:  # the other subscribers still have to be called
            if not self._stopped:  # at the end of the interpreter the libraries refuse what comes too late
                logger.exception("a subscriber failed")

    def _next_job(self, is_first: bool) -> Job | None:
        """The next job; None tells a spare thread that it is no longer needed."""
        job: Job | None = None
        with contextlib.suppress(Empty):
            job = self._jobs.get_nowait()
        if job is None:
            job = self._wait_for_job(is_first)
        if job is not None and self._idle == 0 and not self._jobs.empty():
            # this job may block, and whoever posted the next one still saw an idle thread
            if self._waits:
                self._start_spare()
            elif not self._watching:
                self._watch()
        return job

    def _wait_for_job(self, is_first: bool) -> Job | None:
        with self._lock:
            self._idle += 1
        job: Job | None = None
        with contextlib.suppress(Empty):
            job = self._jobs.get(timeout=None if is_first else _SPARE_LEAVES_AFTER_S)
        with self._lock:
            self._idle -= 1
            if job is None:
                self._threads -= 1
        return job


class LatestValue(Generic[Value]):
    """The latest value on its way to one subscriber.

    A value that comes before the last one was delivered replaces it: a slow subscriber sees fewer values, and never
    old ones.

    Args:
        deliver: called with a value, in a thread of `worker`.
        depth: how many values are kept: 1 for measurements, more for states whose short changes matter.
        worker: where values are delivered; None is `updates`.
    """

    __slots__ = ("_deliver", "_lock", "_queued", "_waiting", "_worker")

    def __init__(self, deliver: Callable[[Value], None], depth: int = 1, worker: Worker | None = None) -> None:
        self._deliver = deliver
        self._waiting: deque[Value] = deque(maxlen=depth)
        self._queued = False
        self._lock = threading.RLock()
        self._worker = updates if worker is None else worker

    def offer(self, value: Value) -> None:
        """Have `value` delivered by a worker; returns at once. Any thread."""
        if self._is_first(value):
            self._worker.post(self._run)

    def deliver_now(self, value: Value) -> None:
        """Deliver `value` in this thread; while another one is delivering, a worker does it next. Any thread."""
        if self._is_first(value):
            self._run()

    def _is_first(self, value: Value) -> bool:
        """Put `value` in; True if no thread is delivering the values here."""
        with self._lock:
            self._waiting.append(value)
            was_queued, self._queued = self._queued, True
            return not was_queued

    @property
    def has_waiting(self) -> bool:
        """True while values wait to be delivered."""
        return bool(self._waiting)

    def offer_if_empty(self, value: Value) -> None:
        """As `offer`, but do nothing if a value is on its way already. Any thread."""
        with self._lock:
            if not self._waiting:
                self.offer(value)

    def _run(self) -> None:
        """Deliver one value and queue again for the next, so that a flood of one value starves no other."""
        with self._lock:
            value = self._waiting.popleft()
        try:
            self._deliver(value)
        finally:
            with self._lock:
                self._queued = bool(self._waiting)
            if self._queued:
                self._worker.post(self._run)


updates = Worker("updates")
"""The worker that delivers values, the latest of each `LatestValue`."""
completions = Worker("completions")
"""The worker that delivers the ends of writes and time-outs: each of them, in order."""
