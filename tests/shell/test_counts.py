"""`ct` shows the values of detectors, and says which of them are not to be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from beamshell import RunEngine
from beamshell.devices import Signal, Status
from beamshell.devices.sim import SynGauss
from beamshell.shell.commands import commands


class Alarming(Signal):
    """A signal with an alarm, the worst one unless another is set."""

    severity = 3

    def read(self) -> dict[str, Any]:
        return {key: {**reading, "alarm_severity": self.severity} for key, reading in super().read().items()}


@pytest.fixture
def ct(capsys):
    """The lines that a count of these detectors prints."""

    def ct(*detectors):
        engine = RunEngine(call_returns_result=True)

        def run(plan: Any, *, then: Any, **_: Any) -> None:
            then(engine(plan).plan_result)

        devices = {detector.name: detector for detector in detectors}
        console = SimpleNamespace(devices=devices, detectors=lambda: list(detectors), run=run)
        commands()["ct"].act(console, [])
        return capsys.readouterr().out.splitlines()

    return ct


def test_a_count_marks_a_value_that_is_not_to_be_trusted(ct):
    lines = ct(Signal(name="diode", value=5.0), Alarming(name="temp", value=0.5, units="K"))
    assert lines == ["diode  5", "temp   0.5 K  INVALID, not to be trusted"]


@pytest.mark.parametrize(("severity", "words"), [(1, "MINOR alarm"), (2, "MAJOR alarm")])
def test_a_count_says_which_alarm_a_value_has(ct, severity, words):
    ring = Alarming(name="ring", value=99.5, units="mA")
    ring.severity = severity
    assert ct(ring) == [f"ring  99.5 mA  {words}"]


def test_a_count_does_not_round_to_six_digits_and_zero_has_no_sign(ct):
    values = {"a": 8978.12345, "b": 123456789.5, "c": 12345678901234.0, "d": -0.0, "e": 0.1 + 0.2, "f": float("inf")}
    words = [line.split()[1] for line in ct(*(Signal(name=name, value=value) for name, value in values.items()))]
    assert words == ["8978.12345", "123456789.5", "12345678901234", "0", "0.3", "inf"]


class Staged:
    """A detector of others, which counts only while it is staged."""

    parent = None

    def __init__(self) -> None:
        self.name, self.staged, self.value = "theirs", False, 0

    def stage(self) -> list[Any]:
        self.staged = True
        return [self]

    def unstage(self) -> list[Any]:
        self.staged = False
        return [self]

    def trigger(self) -> Status:
        if not self.staged:
            raise RuntimeError("it must be staged")
        self.value = 7
        status = Status()
        status.set_finished()
        return status

    def read(self) -> dict[str, Any]:
        return {"theirs": {"value": self.value, "timestamp": 1.0}}

    def describe(self) -> dict[str, Any]:
        return {"theirs": {"source": "test", "dtype": "integer", "shape": []}}


def test_a_detector_that_must_be_staged_is_staged_and_unstaged(ct):
    detector = Staged()
    assert ct(detector) == ["theirs  7"]
    assert not detector.staged


def test_ours_are_counted_without_staging(ct, monkeypatch):
    detector = SynGauss(name="det", noise=None)
    monkeypatch.setattr(detector, "stage", lambda: pytest.fail("staged"))
    assert [line.split()[0] for line in ct(detector)] == ["det"]


@pytest.mark.parametrize(
    "line",
    ["ct {} 0.5", "scan {} th 0 1 3 0.5", "rscan {} th 0 1 3 0.5", "grid {} th 0 1 3 tth 0 1 3 0.5", "x = ct {} 0.5"],
)
def test_a_count_time_for_a_detector_that_has_none_is_refused_by_name(prompt, typed, line):
    prompt.names["theirs"] = Staged()
    assert "theirs has no count time: leave out 0.5, or name a detector that has one" in typed(line.format("theirs"))
    assert "theirs has no count time" in typed(line.format("det theirs"))
    assert prompt.position("th") == 0


def test_what_is_only_read_beside_a_detector_with_a_count_time_needs_none(prompt, typed):
    prompt.names["ring"] = Signal(name="ring", value=400.0)
    assert "ring  400" in typed("ct det ring 0.01")
    assert "ring has no count time" in typed("ct ring 0.01")
