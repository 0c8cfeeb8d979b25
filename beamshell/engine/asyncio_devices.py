"""The event loop for devices whose methods are coroutines (ophyd-async), in a thread that starts when first needed.

ophyd-async's devices belong to the loop on which they connected, so it lives as long as the process. It knows nothing
of plans.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

from beamshell import awaiting


class LoopStatus:
    """The status of a call on the event loop, for any thread."""

    def __init__(self) -> None:
        self._result: Any = None
        self.done = False
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], None]] = []
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._cancel: Callable[[], Any] = lambda: None

    @property
    def success(self) -> bool:
        """True once it has ended well."""
        return self.done and self._error is None

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        """Why it failed, or None; waits up to `timeout` seconds for the end."""
        if timeout != 0 and not self._finished.wait(timeout):
            raise TimeoutError("not done yet")
        return self._error

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the end; raise the error, if there is one."""
        error = self.exception(timeout)
        if error is not None:
            raise error

    def result(self) -> Any:
        """What the call has answered, None before; as of a task of asyncio, which plans for bluesky expect.

        Raises:
            BaseException: why it failed.
        """
        if self._error is not None:
            raise self._error
        return self._result

    def result_within(self, timeout: float) -> Any:
        """What the call answers; one that has not answered within `timeout` seconds is cancelled.

        Raises:
            TimeoutError: it has not.
            BaseException: why it failed.
        """
        try:
            if not self._finished.wait(timeout):
                raise TimeoutError
            return self.result()
        except BaseException:
            self.cancel()
            raise

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(status)` when done, on the event loop's thread, or at once."""
        with self._lock:
            if not self.done:
                self._callbacks.append(callback)
                return
        callback(self)

    def cancel(self) -> None:
        """Cancel the call."""
        self._cancel()

    def finish(self, result: Any = None, error: BaseException | None = None) -> None:
        """Set the result or the error (event loop only)."""
        with self._lock:
            self._result, self._error, self.done = result, error, True
            callbacks, self._callbacks = self._callbacks, []
        self._finished.set()
        for callback in callbacks:
            callback(self)


class LoopThread:
    """An event loop in a thread of its own.

    Args:
        loop: one that may run already, in whatever thread; None makes one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop or asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="beamshell-asyncio", daemon=True)
        self._is_ours = not self.loop.is_running()
        if self._is_ours:
            self.thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether a call would be answered: an engine of bluesky may have closed its loop."""
        return self.thread.is_alive() if self._is_ours else self.loop.is_running()

    def call(self, function: Callable[[], Any]) -> LoopStatus:
        """Call `function` on the loop and await what it returns; the status holds the answer."""
        status = LoopStatus()
        future = asyncio.run_coroutine_threadsafe(_settle(function), self.loop)
        status._cancel = future.cancel
        future.add_done_callback(lambda done: _report(done, status))
        return status


async def _settle(function: Callable[[], Any]) -> Any:
    result = function()
    if hasattr(result, "add_callback"):  # a status: its end is somebody else's to wait for
        return _watched(result)
    if hasattr(result, "__aiter__"):
        return [item async for item in result]
    if inspect.isawaitable(result):
        result = await _on_this_loop(result)
    return result


def _on_this_loop(awaitable: Any) -> Any:
    """The awaitable; of one that a plan has made with `asyncio.gather` or as a task, the same work on this loop.

    On bluesky's engine plans run on the loop of the devices. Ours run in a thread whose loop, if it has one, waits for
    the plan, as in a notebook: what a plan makes there has not begun.
    """
    if not asyncio.isfuture(awaitable) or awaitable.get_loop() is asyncio.get_running_loop():
        return awaitable
    children = getattr(awaitable, "_children", None)
    if children is None and not _has_not_begun(awaitable):
        return awaitable
    task: Any = awaitable
    task.add_done_callback(_retrieve)  # when the other loop comes to it, it finds its work done
    task._log_destroy_pending = False  # or it never does; asyncio's own gather does the same
    return task.get_coro() if children is None else asyncio.gather(*map(_on_this_loop, children))


def _has_not_begun(awaitable: Any) -> bool:
    is_task = isinstance(awaitable, asyncio.Task)
    return is_task and inspect.getcoroutinestate(awaitable.get_coro()) == inspect.CORO_CREATED


def _retrieve(future: Any) -> None:
    """Look at the end of a future, so that nothing is said of an error that nobody wants."""
    if not future.cancelled():
        future.exception()


def _watched(native: Any) -> LoopStatus:
    """`native`, an awaitable status that belongs to the loop, as one for all threads."""
    status = LoopStatus()
    native.add_callback(lambda done: status.finish(error=_error_of(done)))
    return status


def _error_of(native: Any) -> BaseException | None:
    if native.success:
        return None
    error: BaseException | None = native.exception()
    return error or RuntimeError("failed without saying why")


def _report(future: Any, status: LoopStatus) -> None:
    if future.cancelled():
        status.finish(error=TimeoutError("cancelled"))
    elif (error := future.exception()) is not None:
        status.finish(error=error)
    else:
        status.finish(result=future.result())


_thread: LoopThread | None = None


def loop_thread(running: asyncio.AbstractEventLoop | None = None) -> LoopThread:
    """The process's event loop thread, started now if it is not running.

    Args:
        running: a loop that is taken, unless there is one already.
    """
    global _thread
    if _thread is None or not _thread.is_alive:
        _thread = LoopThread(running)
    return _thread


def take_loop(loop: asyncio.AbstractEventLoop) -> LoopThread:
    """Use this loop from now on: devices are connected on it. It is started unless it runs."""
    global _thread
    _thread = LoopThread(loop)
    return _thread


awaiting.wait_with(lambda function, within_s: loop_thread().call(function).result_within(within_s))
