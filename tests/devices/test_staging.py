"""Staging in flights: what waits for what, and what is put back."""

from __future__ import annotations

from typing import Any

import pytest

from beamshell.devices import Component, Device, Signal
from beamshell.devices.staging import Staging
from beamshell.devices.status import Status
from beamshell.errors import WriteFailed


class Far:
    """A signal of a server, whose writes end when they are waited for; `log` has what happens."""

    log: list[str] = []

    def __init__(self, name: str, server: str, fails: bool = False) -> None:
        self.name, self.keeps_order_with, self.value, self._fails = name, server, 0, fails

    def begin_read(self) -> Any:
        self.log.append(f"ask {self.name}")
        return lambda: self._answer()

    def _answer(self) -> dict[str, Any]:
        self.log.append(f"answer {self.name}")
        return {self.name: {"value": self.value, "timestamp": 0.0}}

    def get(self) -> Any:
        return self.begin_read()()[self.name]["value"]

    def set(self, value: Any) -> Any:
        self.log.append(f"write {self.name}={value}")
        signal = self

        class Awaited(Status):
            def wait(self, timeout: float | None = None) -> None:
                signal.log.append(f"end {signal.name}")
                if signal._fails and value:
                    raise WriteFailed(f"{signal.name}: no")
                signal.value = value

        return Awaited()


@pytest.fixture(autouse=True)
def log() -> list[str]:
    Far.log = []
    return Far.log


class Holder(Device):
    """A device with values to stage that are no parts of it."""

    def __init__(self, *signals: Far) -> None:
        super().__init__(name="holder")
        self.stage_sigs = dict.fromkeys(signals, 1)


def test_the_values_of_one_server_are_read_in_one_flight_and_written_in_another(log: list[str]) -> None:
    device = Holder(Far("a", "ioc"), Far("b", "ioc"), Far("c", "ioc"))
    device.stage()
    assert log[:3] == ["ask a", "ask b", "ask c"]
    assert [word for word in log if word.startswith(("write", "end"))] == [
        *("write a=1", "write b=1", "write c=1"),
        *("end a", "end b", "end c"),
    ]


@pytest.mark.parametrize("servers", [("ioc", "other"), ("", ""), ("ioc", ""), ("", "ioc")])
def test_a_write_is_awaited_before_one_to_another_server_or_where_no_order_is_kept(
    servers: tuple[str, str], log: list[str]
) -> None:
    Holder(*(Far(name, server) for name, server in zip("ab", servers, strict=True))).stage()
    assert [word for word in log if word.startswith(("write", "end"))] == ["write a=1", "end a", "write b=1", "end b"]


def test_if_one_write_fails_all_are_put_back(log: list[str]) -> None:
    signals = [Far("a", "ioc"), Far("b", "ioc", fails=True), Far("c", "ioc")]
    device = Holder(*signals)
    with pytest.raises(WriteFailed, match="b: no"):
        device.stage()
    assert [signal.value for signal in signals] == [0, 0, 0]
    assert [word for word in log if word.endswith("=0")] == ["write c=0", "write b=0", "write a=0"]
    assert device.unstage() == []


def test_all_is_put_back_in_one_flight_in_reverse_and_each_failure_is_named(log: list[str]) -> None:
    device = Holder(Far("a", "ioc"), Far("b", "ioc"))
    device.stage()
    log.clear()
    device.unstage()
    assert log == ["write b=0", "write a=0", "end b", "end a"]


def test_a_signal_that_is_staged_twice_is_awaited_in_between_and_put_back_to_its_first_value(log: list[str]) -> None:
    signal, staging = Far("a", "ioc"), Staging()
    staging.begin("x")
    staging.write(signal, 1)
    staging.write(signal, 2)
    staging.settle()
    assert signal.value == 2
    staging.undo("x")
    assert signal.value == 0


def test_a_part_with_a_stage_of_its_own_finds_its_values_in_force() -> None:
    signal = Far("a", "ioc")

    class Part(Device):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.stage_sigs = {signal: 1}
            self.value_after_base: Any = None

        def stage(self) -> list[Any]:
            staged = super().stage()
            self.value_after_base = signal.value
            return staged

    class Whole(Device):
        inner = Component(Part)
        other = Component(Signal, value=0)

    whole = Whole(name="whole")
    whole.stage()
    assert whole.inner.value_after_base == 1
    whole.unstage()
    assert signal.value == 0
