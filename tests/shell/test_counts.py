"""`ct` shows the values of detectors, and says which of them are not to be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from beamshell import RunEngine
from beamshell.devices import Signal
from beamshell.shell.commands import commands


class Alarming(Signal):
    """A signal with the worst alarm."""

    def read(self) -> dict[str, Any]:
        return {key: {**reading, "alarm_severity": 3} for key, reading in super().read().items()}


def test_a_count_marks_a_value_that_is_not_to_be_trusted(capsys):
    engine = RunEngine(call_returns_result=True)

    def run(plan: Any, *, then: Any, **_: Any) -> None:
        then(engine(plan).plan_result)

    detectors = {"diode": Signal(name="diode", value=5.0), "temp": Alarming(name="temp", value=0.5, units="K")}
    console = SimpleNamespace(devices=detectors, detectors=lambda: list(detectors.values()), run=run)
    commands()["ct"].act(console, [])
    assert capsys.readouterr().out.splitlines() == ["diode  5.0", "temp   0.5 K  INVALID, not to be trusted"]
