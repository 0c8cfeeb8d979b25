"""A motor of the demo beamline to do anything with: it is put back to rest at zero afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest


class Motor:
    """The fields of one motor record over Channel Access, by item access; `do` puts with completion."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, field: str) -> Any:
        import epics

        return epics.caget(self._pv(field), use_monitor=False)

    def __setitem__(self, field: str, value: Any) -> None:
        import epics

        assert epics.caput(self._pv(field), value) == 1

    def _pv(self, field: str) -> str:
        return f"{self.name}{field}" if field.startswith(":") else f"{self.name}.{field}"

    def do(self, field: str, value: Any, timeout_s: float = 60.0) -> None:
        import epics

        assert epics.caput(self._pv(field), value, wait=True, timeout=timeout_s) == 1

    def start(self, field: str, value: Any) -> Callable[[], bool]:
        """Put with completion; the answer tells whether it has completed."""
        import epics

        pv = epics.get_pv(self._pv(field), connect=True)
        pv.put(value, use_complete=True)
        self.wait_for(lambda: self["DMOV"] == 0)
        return lambda: bool(pv.put_complete)

    @staticmethod
    def wait_for(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.005)


DEFAULTS = {
    "SPMG": 3, "STOP": 1, "JOGF": 0, "JOGR": 0, ":stall": 0, ":hard_high": 26, ":hard_low": -26, "SET": 0, "FOFF": 0,
    "DIR": 0, "OFF": 0, "DHLM": 25, "DLLM": -25, "VELO": 2, "RTRY": 10, "TWV": 0.1, "HVEL": 2, "JVEL": 2, "MRES": 1e-4,
    "BDST": 0, "BVEL": 1, "BACC": 0.1, "DLY": 0,
}  # fmt: skip


@pytest.fixture
def motor(demo_ioc) -> Iterator[Motor]:
    """BL:samy, at rest at zero, with all its settings as they come."""
    motor = Motor("BL:samy")
    yield motor
    for field, value in DEFAULTS.items():
        motor[field] = value
    motor["VELO"] = 20
    motor.do("DVAL", 0)
    motor["VELO"] = DEFAULTS["VELO"]
