"""The IOC's sockets, as the system lists them: nothing of it is heard or answered outside this machine."""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from beamshell.ioc import network
from beamshell.ioc.process import DemoIoc

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the list of sockets is read from Linux")

_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _DUMP = 4, 20, 0x301  # linux/netlink.h, linux/sock_diag.h
PATIENCE_S = 20.0
_ERROR, _DONE = 2, 3


@dataclass(frozen=True)
class Endpoint:
    """Where a socket is bound: its address, its port, and the device if it has one."""

    address: str
    port: int
    device: str


def endpoints(pid: int) -> list[Endpoint]:
    """Every IPv4 and IPv6 socket of a process."""
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {int(match[1]) for link in links if (match := re.match(r"socket:\[(\d+)\]", link))}
    return [
        endpoint
        for family in (socket.AF_INET, socket.AF_INET6)
        for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
        for inode, endpoint in _listed(family, protocol)
        if inode in inodes
    ]


def _listed(family: int, protocol: int) -> Iterator[tuple[int, Endpoint]]:
    """Each socket of the system with its inode (struct inet_diag_msg of linux/inet_diag.h)."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as netlink:
        request = struct.pack("=BBBxI", family, protocol, 0, 0xFFFFFFFF) + bytes(48)
        netlink.send(struct.pack("=IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0) + request)
        while True:
            data = netlink.recv(1 << 20)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                assert kind != _ERROR, "the system does not list its sockets"
                if kind == _DONE:
                    return
                size = 4 if family == socket.AF_INET else 16
                (port,) = struct.unpack_from(">H", data, 20)
                (device,) = struct.unpack_from("=I", data, 56)
                (inode,) = struct.unpack_from("=I", data, 84)
                address = socket.inet_ntop(family, data[24 : 24 + size])
                yield inode, Endpoint(address, port, socket.if_indextoname(device) if device else "")
                data = data[(length + 3) & ~3 :]


def test_every_socket_of_the_ioc_is_on_loopback_and_all_its_servers_are_there():
    with DemoIoc.start() as ioc:
        ioc.wait_ready()
        assert ioc.pid is not None
        variables = ioc.client_environment
        deadline = time.monotonic() + PATIENCE_S
        while outside := [at for at in endpoints(ioc.pid) if at.address != network.LOOPBACK and at.device != "lo"]:
            assert time.monotonic() < deadline, outside
            time.sleep(0.01)
        ports = {at.port for at in endpoints(ioc.pid)}
        names = ("EPICS_CA_SERVER_PORT", "EPICS_CA_REPEATER_PORT", "EPICS_PVA_BROADCAST_PORT")
        assert ports >= {int(variables[name]) for name in names}


def test_the_ioc_is_no_client_of_pv_access():
    with DemoIoc.start() as ioc:
        ioc.wait_ready()
        assert ioc.pid is not None
        port = int(ioc.client_environment["EPICS_PVA_BROADCAST_PORT"])
        listening = [at.address for at in endpoints(ioc.pid) if at.port == port]
        assert sorted(listening) == [network.LOOPBACK, network.LOOPBACK, "224.0.0.128"]
