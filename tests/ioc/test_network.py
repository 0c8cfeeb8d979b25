"""Ports and searches on loopback."""

import socket
import time

import pytest

from beamshell.errors import IocError
from beamshell.ioc import network


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_on_which_somebody_serves_is_not_free(kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((network.LOOPBACK, 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        assert not network.is_free(port)
        with pytest.raises(IocError, match=f"port {port} is in use"):
            network.ensure_free(port)


def test_a_free_port_is_below_those_of_outgoing_connections():
    port = network.free_port()
    assert 20_000 <= port < 32_000
    assert network.is_free(port)


def test_a_port_without_a_server_gives_no_answer():
    began = time.monotonic()
    assert not network.answers("BL:heartbeat", network.free_port(), timeout_s=0.05)
    assert time.monotonic() - began < 10


def test_the_ioc_answers_for_its_own_records_only(demo_ioc):
    assert network.answers("BL:th.RBV", demo_ioc.port, timeout_s=1.0)
    assert not network.answers("BL:nosuch", demo_ioc.port, timeout_s=0.05)


def test_client_and_server_stay_on_loopback():
    server = network.server_environment(5064, 5065, 5075)
    assert server["EPICS_CAS_INTF_ADDR_LIST"] == server["EPICS_PVAS_INTF_ADDR_LIST"] == network.LOOPBACK
    assert server["EPICS_CA_AUTO_ADDR_LIST"] == server["EPICS_CAS_AUTO_BEACON_ADDR_LIST"] == "NO"
    assert server["EPICS_PVA_AUTO_ADDR_LIST"] == server["EPICS_PVAS_AUTO_BEACON_ADDR_LIST"] == "NO"
    client = network.client_environment(5064, 5065, 5075)
    assert client["EPICS_CA_ADDR_LIST"] == f"{network.LOOPBACK}:5064"
    assert client["EPICS_PVA_ADDR_LIST"] == f"{network.LOOPBACK}:5075"
