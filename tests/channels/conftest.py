"""Where the tests' own servers are found: clients read that once, before the first of them is made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ports import reserved_ports

from beamshell.ioc.network import LOOPBACK, free_port
from beamshell.ioc.process import DemoIoc

_LAYER_FACTS = Path(os.environ["HOME"]) / "layer.json"  # a folder of this test run
with reserved_ports():
    _LAYER_IOC = DemoIoc(seed=1, speed=10.0, twin=_LAYER_FACTS)
with reserved_ports():
    _PVA_PORTS = (str(tcp := free_port()), str(free_port(tcp)))
with reserved_ports():
    _FAR_PVA_PORTS = (far := free_port(), free_port(far))
_PVA_LIST = _LAYER_IOC.client_environment["EPICS_PVA_ADDR_LIST"]
os.environ["EPICS_CA_ADDR_LIST"] += f" {LOOPBACK}:{_LAYER_IOC.port}"
os.environ["EPICS_PVA_ADDR_LIST"] += f" {LOOPBACK}:{_PVA_PORTS[1]} {_PVA_LIST} {LOOPBACK}:{_FAR_PVA_PORTS[1]}"


def pytest_unconfigure() -> None:
    """At the end, also in the process that runs the workers: its ports are given back."""
    _LAYER_IOC.close()


@pytest.fixture(scope="session")
def pva_ports() -> tuple[str, str]:
    """The TCP and the UDP port of a server of PV Access beside the IOCs."""
    return _PVA_PORTS


@pytest.fixture(scope="session")
def far_pva_ports() -> tuple[int, int]:
    """The port of a server of PV Access, and that of the proxy through which alone it is found."""
    return _FAR_PVA_PORTS


@pytest.fixture(scope="session")
def layer_ioc() -> DemoIoc:
    """An IOC that is to be started and may be killed: the motor LAYER:samy and the switch LAYER:shutter."""
    motor = {"is": "motor", "record": "LAYER:samy", "limits": [-25, 25], "speed": 2.0}
    shutter = {"is": "shutter", "command": "LAYER:shutter", "status": "LAYER:shutter"}
    _LAYER_FACTS.write_text(json.dumps([motor, shutter]))
    return _LAYER_IOC
