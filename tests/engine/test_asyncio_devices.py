"""Devices whose methods are coroutines, and whose statuses belong to an event loop."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from document_rules import check
from ophyd_async.core import StandardReadable, YamlSettingsProvider, init_devices, soft_signal_rw
from ophyd_async.core import StandardReadableFormat as Format
from ophyd_async.plan_stubs import apply_settings, retrieve_settings, store_settings

from beamshell.engine import RunEngine
from beamshell.engine.asyncio_devices import loop_thread
from beamshell.errors import CommandTimeout, FailedStatus, LimitError, RunEngineInterrupted
from beamshell.messages import Msg
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper
from beamshell.protocols import speaks_asyncio


class Stage(StandardReadable):
    """A device of ophyd-async: one value that is read, one that is a setting."""

    def __init__(self, name: str = "") -> None:
        with self.add_children_as_readables(Format.HINTED_SIGNAL):
            self.x = soft_signal_rw(float, initial_value=1.5, units="mm")
        with self.add_children_as_readables(Format.CONFIG_SIGNAL):
            self.speed = soft_signal_rw(float, initial_value=2.0)
        super().__init__(name=name)


class Native:
    """A device of coroutines, as plain as can be; it knows on which thread it was called."""

    name, parent = "native", None
    hints = {"fields": ["native"]}

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.value, self.delay, self.cancelled = 1.0, 0.0, False
        self.error: Exception | None = None

    async def read(self) -> dict[str, Any]:
        self.threads.add(threading.current_thread().name)
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.error is not None:
            raise self.error
        return {"native": {"value": self.value, "timestamp": 1.0}}

    async def describe(self) -> dict[str, Any]:
        return {"native": {"source": "test", "dtype": "number", "shape": []}}

    async def read_configuration(self) -> dict[str, Any]:
        return {}

    async def describe_configuration(self) -> dict[str, Any]:
        return {}

    def set(self, value: float) -> Any:
        self.threads.add(threading.current_thread().name)
        return AwaitedStatus(self._go(value))

    async def _go(self, value: float) -> None:
        await asyncio.sleep(0.01)
        if value < 0:
            raise OSError("no power below zero")
        self.value = value

    async def stop(self, success: bool = False) -> None:
        self.threads.add(threading.current_thread().name)

    async def locate(self) -> dict[str, float]:
        return {"setpoint": self.value, "readback": self.value}


class AwaitedStatus:
    """A status around a task of the running loop: it can be made there only."""

    def __init__(self, coroutine: Any) -> None:
        self.task = asyncio.get_running_loop().create_task(coroutine)

    def __await__(self) -> Any:
        return self.task.__await__()

    @property
    def done(self) -> bool:
        return self.task.done()

    @property
    def success(self) -> bool:
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        return self.task.exception()

    def add_callback(self, callback: Any) -> None:
        self.task.add_done_callback(lambda _: callback(self))


@pytest.fixture
def docs():
    return []


@pytest.fixture
def RE(docs):
    engine = RunEngine({}, call_returns_result=True)
    engine.say = lambda text: None
    engine.subscribe(lambda name, doc: docs.append((name, doc)))
    yield engine
    check(docs)


@pytest.fixture
def stage() -> Stage:
    """A device that was connected on the loop that the engine uses."""

    async def connect() -> Stage:
        device = Stage(name="stage")
        await device.connect(mock=False)
        return device

    status = loop_thread().call(connect)
    status.wait(20)
    return status.result()


def events(docs: Any) -> list[dict[str, Any]]:
    return [doc["data"] for name, doc in docs if name == "event"]


def test_a_device_of_ophyd_async_is_read_with_its_settings(RE, stage, docs):
    RE(count([stage], num=2))
    assert events(docs) == [{"stage-x": 1.5}] * 2
    (descriptor,) = (doc for name, doc in docs if name == "descriptor")
    assert descriptor["configuration"]["stage"]["data"] == {"stage-speed": 2.0}
    assert descriptor["data_keys"]["stage-x"]["units"] == "mm"
    assert descriptor["hints"]["stage"] == {"fields": ["stage-x"]}


def test_a_signal_of_ophyd_async_is_scanned(RE, stage, docs):
    RE(scan([stage], stage.x, 0, 2, 3))
    assert [data["stage-x"] for data in events(docs)] == [0, 1, 2]


def test_a_signal_of_ophyd_async_is_monitored(RE, stage, docs):
    def plan():
        yield from bps.monitor(stage.x, name="watched")
        yield from bps.mv(stage.x, 7.0)
        yield from bps.sleep(0.1)
        yield from bps.unmonitor(stage.x)

    RE(run_wrapper(plan()))
    assert [data["stage-x"] for data in events(docs)] == [1.5, 7.0]


def test_locate_asks_on_the_loop(RE, stage):
    RE(bps.mv(stage.x, 3.0))
    assert RE(bps.locate(stage.x)).plan_result == {"setpoint": 3.0, "readback": 3.0}


def test_coroutine_methods_are_called_on_one_loop_thread(RE):
    device = Native()
    RE(scan([], device, 0, 1, 2))
    RE(count([device]))
    (thread,) = device.threads  # ours or, if an engine of bluesky was made in this process before, that one's
    assert thread in ("beamshell-asyncio", "bluesky-run-engine")


def test_an_awaitable_status_that_fails_names_device_action_and_cause(RE):
    with pytest.raises(FailedStatus, match=r"^native: set to -1 failed: no power below zero$"):
        RE(bps.mv(Native(), -1))


def test_what_a_coroutine_raises_goes_to_the_plan(RE):
    device = Native()
    device.error = OSError("cable")

    def plan():
        with pytest.raises(OSError, match="cable"):
            yield Msg("read", device)
        return "went on"

    assert RE(plan()).plan_result == "went on"


def test_a_pause_leaves_a_slow_coroutine_at_once_and_its_answer_comes_after_resume(RE):
    device = Native()
    device.delay = 30.0
    timer = threading.Timer(0.1, RE.request_pause)

    def plan():
        yield Msg("checkpoint")
        timer.start()
        return (yield Msg("read", device))

    begun = time.monotonic()
    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    timer.join()
    assert time.monotonic() - begun < 15
    device.delay, device.value = 0.0, 4.0
    assert RE.resume().plan_result["native"]["value"] == 4.0
    assert device.cancelled


def test_wait_for_gives_results_and_runs_out_of_time(RE):
    async def quick() -> str:
        return "done"

    async def slow() -> None:
        await asyncio.sleep(30)

    def plan():
        futures = yield from bps.wait_for([quick, quick])
        return [future.result() for future in futures]

    assert RE(plan()).plan_result == ["done", "done"]
    with pytest.raises(CommandTimeout):
        RE(bps.wait_for([slow], timeout=0.05))


@pytest.fixture
def idle_loop():
    """The event loop of the thread that runs plans, as IPython has one; it does not run."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("idle_loop")
def test_a_plan_may_gather_coroutines_before_it_waits_for_them(RE, stage):
    def plan():
        values = asyncio.gather(stage.x.get_value(), asyncio.gather(stage.speed.get_value()))
        (task,) = yield from bps.wait_for([lambda: values])
        return task.result()

    assert RE(plan()).plan_result == [1.5, [2.0]]


def test_a_plan_in_a_notebook_may_gather_coroutines_too(RE, stage):
    def plan():
        values = asyncio.gather(stage.x.get_value())
        (task,) = yield from bps.wait_for([lambda: values])
        return task.result()

    async def cell() -> Any:
        return RE(plan()).plan_result  # the loop of the notebook waits for it

    failures = []

    async def notebook() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
        value = await cell()
        await asyncio.sleep(0.01)
        return value

    assert asyncio.run(notebook()) == [1.5]
    gc.collect()
    assert failures == []


@pytest.mark.usefixtures("idle_loop")
def test_settings_of_a_device_are_kept_and_put_back_by_plans_of_ophyd_async(RE, stage, tmp_path):
    provider = YamlSettingsProvider(tmp_path)
    RE(store_settings(provider, "kept", stage))
    RE(bps.mv(stage.x, 5.0))
    RE(apply_settings_of(provider, stage))
    assert RE(bps.rd(stage.x)).plan_result == 1.5


def apply_settings_of(provider: Any, device: Any) -> Any:
    settings = yield from retrieve_settings(provider, "kept", device)
    yield from apply_settings(settings)


def test_classes_with_coroutine_methods_are_known(stage):
    assert speaks_asyncio(Native)
    assert speaks_asyncio(Stage)
    assert not speaks_asyncio(RunEngine)


def test_devices_are_connected_by_a_plan(RE):
    made = []

    async def connect() -> None:
        async with init_devices():
            made.append(Stage(name="second"))

    RE(bps.wait_for([connect]))
    assert RE(bps.rd(made[0].x)).plan_result == 1.5


# ---- one loop for us and for bluesky -------------------------------------------------------------

IN_A_SCRIPT = """
from beamshell import RunEngine
RE = RunEngine()
from ophyd_async.core import init_devices, soft_signal_rw
from beamshell.plans.stubs import rd
with init_devices():
    made = soft_signal_rw(float, 3.0)
assert RE(rd(made)) == () and made.name == "made"
from bluesky.run_engine import get_bluesky_event_loop
from beamshell.engine.asyncio_devices import loop_thread
assert get_bluesky_event_loop() is loop_thread().loop
"""


@pytest.mark.parametrize("order", ["ours first", "bluesky imported first", "bluesky's engine first"])
def test_init_devices_connects_on_the_loop_that_we_use(order):
    first = {
        "ours first": "",
        "bluesky imported first": "import bluesky.run_engine\n",
        "bluesky's engine first": "import bluesky.run_engine\ntheirs = bluesky.run_engine.RunEngine()\n",
    }[order]
    subprocess.run([sys.executable, "-c", first + IN_A_SCRIPT], check=True, timeout=60)


def test_the_loop_that_an_engine_is_given_is_that_of_its_devices():
    script = """
import asyncio
import bluesky.run_engine
from beamshell import RunEngine
from beamshell.engine.asyncio_view import plain_view
from beamshell.engine.asyncio_devices import loop_thread
RunEngine()
loop = asyncio.new_event_loop()
RunEngine(loop=loop)
from ophyd_async.core import init_devices, soft_signal_rw
with init_devices():
    made = soft_signal_rw(float, 3.0)
assert plain_view(made).get() == 3.0
assert loop_thread().loop is loop is bluesky.run_engine.get_bluesky_event_loop()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_no_bluesky_is_imported_for_its_sake():
    script = "import sys; from beamshell import RunEngine; RunEngine(); assert 'bluesky' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_script_checks_the_limits_of_such_a_motor_before_anything_moves(RE):
    class Limited(Native):
        async def check_value(self, value: float) -> None:
            if value > 1:
                raise SoftLimitError(f"{value} is above 1")

    device = Limited()
    with pytest.raises(LimitError, match=r"^point 3 of 3: native: 2\.0 is above 1$"):
        RE(scan([], device, 0, 2, 3))
    assert device.value == 1.0
    assert device.threads == set()


def test_of_many_points_only_the_ends_are_asked_for_each_takes_a_round_trip(RE):
    asked = []

    class Counted(Native):
        async def check_value(self, value: float) -> None:
            asked.append(value)

    plan = scan([], Counted(), 0, 2, 1001)
    next(plan)
    plan.close()
    assert sorted(set(asked)) == [0, 2]


class SoftLimitError(Exception):
    """As a device of others may call it."""


def test_several_devices_are_located_at_the_same_time():
    under_way, most = 0, 0

    class Place:
        async def locate(self):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            return {"setpoint": 1.0, "readback": 1.0}

    def plan():
        return (yield Msg("locate", None, Place(), Place()))

    assert RunEngine({}).run(plan()).plan_result == [{"setpoint": 1.0, "readback": 1.0}] * 2
    assert most == 2
