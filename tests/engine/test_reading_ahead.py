"""Readings that are requested together, and never older than what was waited for before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beamshell import RunEngine
from beamshell.devices.status import Status
from beamshell.messages import Msg
from beamshell.plans import stubs as bps


class Counter:
    """A detector that notes in `log` when it is asked and when its answer is collected."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.parent, self._log = name, None, log
        self.value = 0
        self.counting = Status()
        self.counting.set_finished()

    def trigger(self) -> Status:
        return self.counting

    def begin_read(self) -> Callable[[], dict[str, Any]]:
        self._log.append(f"ask {self.name}")
        reading = {self.name: {"value": self.value, "timestamp": 0.0}}

        def collect() -> dict[str, Any]:
            self._log.append(f"collect {self.name}")
            return reading

        return collect

    def read(self) -> dict[str, Any]:
        return self.begin_read()()

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": "test", "dtype": "integer", "shape": []}}


def in_a_run(plan: Callable[[], Any]) -> Any:
    yield Msg("open_run")
    yield from plan()
    yield Msg("close_run")


ONE_FLIGHT = ["ask a", "ask b", "ask c", "collect a", "collect b", "collect c"]


def test_the_first_event_too_asks_all_that_was_triggered_before_it_collects() -> None:
    log: list[str] = []
    devices = [Counter(name, log) for name in "abc"]
    RunEngine()(in_a_run(lambda: bps.repeat(lambda: bps.trigger_and_read(devices), 2)))
    assert log == ONE_FLIGHT * 2


def test_outside_of_a_run_what_was_triggered_together_is_asked_together() -> None:
    log: list[str] = []
    devices = [Counter(name, log) for name in "abc"]

    def plan() -> Any:
        for device in devices:
            yield Msg("trigger", device, group="count")
        yield Msg("wait", None, group="count")
        for device in devices:
            yield Msg("read", device)

    RunEngine()(plan())
    assert log == ONE_FLIGHT


def test_a_reading_that_was_requested_before_a_wait_is_requested_again_after_it() -> None:
    values = []
    device = Counter("a", [])

    def points() -> Any:
        for value in (1, 2):
            yield Msg("create", None, name="primary")
            device.value = value
            yield Msg("sleep", None, 0.0)
            values.append((yield Msg("read", device))["a"]["value"])
            yield Msg("save")

    RunEngine()(in_a_run(points))
    assert values == [1, 2]


def test_a_detector_that_still_counts_when_others_are_read_is_read_after_its_end() -> None:
    quick, slow = Counter("quick", []), Counter("slow", [])
    slow.counting = Status()
    values = []

    def plan() -> Any:
        yield Msg("trigger", slow, group="slow")
        yield Msg("trigger", quick, group="quick")
        yield Msg("wait", None, group="quick")
        yield Msg("read", quick)
        slow.value = 5
        slow.counting.set_finished()
        yield Msg("wait", None, group="slow")
        values.append((yield Msg("read", slow))["slow"]["value"])

    RunEngine()(plan())
    assert values == [5]
