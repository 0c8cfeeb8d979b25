"""`ct` shows the values of detectors, and says which of them are not to be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from beamshell import RunEngine
from beamshell.devices import Signal
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
