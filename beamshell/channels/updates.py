"""How values and completions reach whoever waits for them: worker threads, never a control system's own thread.

It knows no control system: a backend offers values to a `LatestValue` and posts completions to a `Worker`.
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
_MOST_WORKERS = 64
_SPARE_LEAVES_AFTER_S = 5.0
_JOBS_END_WITHIN_S = 0.5  # what goes on longer at the end is left to its fate: a server that does not answer

logger = logging.getLogger(__name__)

thread_hooks: list[Job] = []
"""What each worker calls once before its next job: a control system that must know the threads that use it."""


_lanes: list[Worker] = []


@atexit.register
def end_jobs() -> None:
    """Let no job go on into the end of the interpreter: one in the middle of an import would hold it up for ever."""
    for lane in _lanes:
        lane.stop()
    deadline = time.monotonic() + _JOBS_END_WITHIN_S
    while any(lane.busy for lane in _lanes) and time.monotonic() < deadline:
        time.sleep(0.002)


class Worker:
    """Jobs done in the order they came, by worker threads that grow in number when all of them are stuck.

    Jobs are never dropped. A job that blocks costs the others about 10 ms, until a spare worker takes over.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._lock = threading.RLock()  # a signal handler may post while this thread is posting
        self._workers = 0
        self._idle = 0
        self._started = 0
        self._finished = 0
        self._watching = False
        self._stopped = False
        _lanes.append(self)

    def post(self, job: Job) -> None:
        """Have `job` called soon, in a worker thread."""
        if self._stopped:
            return
        self._jobs.put(job)
        if self._workers == 0:
            with self._lock:
                if self._workers == 0:
                    self._start_worker()
        if self._idle == 0 and not self._watching:
            self._watch()

    def stop(self) -> None:
        """Drop what is queued and all that comes: for the end of the interpreter only."""
        self._stopped = True

    @property
    def busy(self) -> bool:
        """True while some worker is at a job."""
        return self._workers > self._idle

    def _start_worker(self) -> None:
        self._workers += 1
        self._started += 1
        name = f"beamshell-{self._name}-{self._started}"
        threading.Thread(target=self._work, args=(self._workers == 1,), name=name, daemon=True).start()

    def _watch(self) -> None:
        """Look again in a moment whether the queue still moves."""
        with self._lock:
            if not self._watching:
                self._watching = True
                finished = self._finished
                call_later(_STALLED_AFTER_S, lambda: self._relieve(finished))

    def _relieve(self, finished_before: int) -> None:
        with self._lock:
            self._watching = False
            stalled = self._finished == finished_before and self._idle == 0
            if stalled and not self._jobs.empty() and self._workers < _MOST_WORKERS:
                self._start_worker()
        if not self._jobs.empty():
            self._watch()

    def _work(self, is_first: bool) -> None:
        hooks_called = 0
        while (job := self._next_job(is_first)) is not None and not self._stopped:
            while hooks_called < len(thread_hooks):
                _call(thread_hooks[hooks_called])
                hooks_called += 1
            _call(job)
            del job  # what it refers to must not live until the next one comes
            with self._lock:
                self._finished += 1

    def _next_job(self, is_first: bool) -> Job | None:
        """The next job; None tells a spare worker that it is no longer needed."""
        with self._lock:
            self._idle += 1
        job: Job | None = None
        with contextlib.suppress(Empty):
            job = self._jobs.get(timeout=None if is_first else _SPARE_LEAVES_AFTER_S)
        with self._lock:
            self._idle -= 1
            if job is None:
                self._workers -= 1
        if job is not None and self._idle == 0 and not self._jobs.empty():
            self._watch()  # this job may block, and whoever posted the next one still saw an idle worker
        return job


def _call(job: Job) -> None:
    try:
        job()
    except Exception:  # what a subscriber raises is its own affair: others are still to be told
        logger.exception("a subscriber failed")


class LatestValue(Generic[Value]):
    """The latest value on its way to one subscriber.

    A value that comes before the last one was delivered replaces it, so a slow subscriber sees fewer values and
    never old ones. `depth` values are kept: 1 for measurements, more for states whose short changes matter.
    """

    __slots__ = ("_deliver", "_lane", "_lock", "_queued", "_waiting")

    def __init__(self, deliver: Callable[[Value], None], depth: int = 1, lane: Worker | None = None) -> None:
        self._deliver = deliver
        self._waiting: deque[Value] = deque(maxlen=depth)
        self._queued = False
        self._lock = threading.RLock()
        self._lane = updates if lane is None else lane

    def offer(self, value: Value) -> None:
        """Have `value` delivered by a worker; returns at once. Any thread."""
        if self._is_first(value):
            self._lane.post(self._run)

    def tell(self, value: Value) -> None:
        """Deliver `value` in this thread; while another one is delivering, a worker does it next. Any thread."""
        if self._is_first(value):
            self._run()

    def _is_first(self, value: Value) -> bool:
        """Put `value` in; True if nobody is at delivering what is in here."""
        with self._lock:
            self._waiting.append(value)
            was_queued, self._queued = self._queued, True
            return not was_queued

    def offer_if_empty(self, value: Value) -> None:
        """As `offer`, but do nothing if a value is on its way already. Any thread."""
        with self._lock:
            if not self._waiting:
                self.offer(value)

    def _run(self) -> None:
        """Deliver one value and queue again for the next, so that a flood on one cell starves no other."""
        with self._lock:
            value = self._waiting.popleft()
        try:
            self._deliver(value)
        finally:
            with self._lock:
                self._queued = bool(self._waiting)
            if self._queued:
                self._lane.post(self._run)


updates = Worker("updates")
"""Where values are delivered: the latest one of each cell."""
completions = Worker("completions")
"""Where the ends of writes and time-outs are told: each of them, in order."""
