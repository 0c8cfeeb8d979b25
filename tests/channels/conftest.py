"""Where the tests' own server of PV Access is to be found: clients read that once, before the first of them is made."""

from __future__ import annotations

import os

import pytest

from beamshell.ioc.network import free_port

_PORTS = (str(free_port()), str(free_port()))
os.environ["EPICS_PVA_ADDR_LIST"] += f" 127.0.0.1:{_PORTS[1]}"


@pytest.fixture(scope="session")
def pva_ports() -> tuple[str, str]:
    """The TCP and the UDP port that belong to a server besides that of the demo IOC."""
    return _PORTS
