"""What a twin has to play is known from the device file alone."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from beamshell.channels.factory import current_factory
from beamshell.devices import Component, Device, EpicsSignal, EpicsSignalRO
from beamshell.devices.simulation import simulation_of


class Oven(Device):
    temperature = Component(EpicsSignalRO, "T")
    power = Component(EpicsSignal, "P", lazy=True)

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"is": "shutter"}
        yield from super().simulation(settings)


def facts(tmp_path: Path, text: str) -> tuple[list[dict[str, Any]], list[str]]:
    (tmp_path / "devices.yml").write_text(text)
    return simulation_of(tmp_path / "devices.yml")


def test_a_motor_is_a_record_with_the_limits_of_its_file(tmp_path: Path) -> None:
    played, _ = facts(tmp_path, 'th: {class: motor, prefix: "X:th", limits: [-5, 5], doc: angle, twin: {units: deg}}\n')
    assert played[0] == {"is": "motor", "record": "X:th", "limits": [-5, 5], "doc": "angle", "units": "deg"}
    assert "X:th.JVEL" in {fact.get("pv") for fact in played}, "what is built at first use belongs to it too"


def test_motors_within_devices_are_found(tmp_path: Path) -> None:
    played, _ = facts(tmp_path, 'slits: {class: slits, prefix: "X:"}\n')
    assert [fact["record"] for fact in played if fact["is"] == "motor"] == ["X:low", "X:high"]


def test_a_multichannel_analyser_is_a_record(tmp_path: Path) -> None:
    played, _ = facts(tmp_path, 'mca: {class: mca, prefix: "X:mca1"}\n')
    assert played[0] == {"is": "mca", "record": "X:mca1"}


def test_each_address_of_a_signal_is_named(tmp_path: Path) -> None:
    played, _ = facts(tmp_path, 'a: {class: signal, prefix: "X:RBV", write_pv: "ca://X", twin: {states: [In, Out]}}\n')
    assert [(fact["pv"], fact["writable"], fact["states"]) for fact in played] == [
        ("X", True, ["In", "Out"]),
        ("X:RBV", False, ["In", "Out"]),
    ]


def test_what_is_not_of_epics_has_no_pv(tmp_path: Path) -> None:
    assert facts(tmp_path, 'a: {class: signal, prefix: "tango://h/1/2/3"}\nb: {class: sim_motor}\n') == ([], [])


class Foreign:
    """A device of another library."""

    def __init__(self, *, name: str) -> None:
        raise AssertionError("it is built")

    def read(self) -> dict[str, object]:
        return {}

    describe = read


def test_a_device_of_another_library_is_never_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "foreign_library", types.SimpleNamespace(Foreign=Foreign))
    played, [left_out] = facts(tmp_path, "a: {class: foreign_library.Foreign}\n")
    assert played == []
    assert "devices.yml:1:1: a: no twin can play foreign_library.Foreign" in left_out


def test_what_is_switched_off_or_wrong_is_left_out(tmp_path: Path) -> None:
    text = "a: {class: motr}\nb: {class: motor, prefix: X, enabled: false}\nc: {class: motor, x: 1}\n"
    assert facts(tmp_path, text) == ([], [])


def test_afterwards_signals_connect_again(tmp_path: Path) -> None:
    before = current_factory()
    facts(tmp_path, "a: {class: motor, prefix: X}\n")
    assert current_factory() is before


def test_a_class_of_the_staff_is_played_as_its_values_and_can_say_more(tmp_path: Path) -> None:
    text = "a: {class: test_simulation_staff.Oven, prefix: 'X:'}\n"
    module = types.ModuleType("test_simulation_staff")
    module.Oven = Oven  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    try:
        played, _ = facts(tmp_path, text)
    finally:
        del sys.modules[module.__name__]
    assert [(fact["is"], fact.get("pv")) for fact in played] == [("shutter", None), ("value", "X:T"), ("value", "X:P")]
