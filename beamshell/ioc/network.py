"""Network of the demo IOC: free ports, the environment that keeps EPICS on loopback, a search, the CA repeater.

It starts and stops no process.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import sys
import time

from beamshell.errors import IocError

LOOPBACK = "127.0.0.1"
_PORTS = "20000-31999"
"""Below those that the system gives to outgoing connections (Linux: 32768-60999), so that none takes ours meanwhile.

The environment variable BEAMSHELL_PORTS names others, first to last.
"""
_LOOPBACK_DEVICE: tuple[int, int, bytes] = (
    (socket.IPPROTO_IP, 25, struct.pack("I", 1))  # IP_BOUND_IF of macOS; lo0 is its first interface
    if sys.platform == "darwin"
    else (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
)
_SEARCH, _VERSION = 6, 0  # CA commands
_HEADER = struct.Struct(">HHHHII")
_MINOR_VERSION = 13
_BEACON, _CONFIRM, _REGISTER = 13, 17, 24  # CA commands of the repeater
_REPEATER_HEADER = struct.Struct(">HHHHI4s")


def is_free(port: int) -> bool:
    """Whether that port of loopback is free, for TCP and UDP."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # lingering connections don't matter
        try:
            tcp.bind((LOOPBACK, port))
            udp.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def ensure_free(port: int) -> None:
    """Refuse a port that is taken: two IOCs on one port would both start, and neither answer searches.

    Raises:
        IocError: somebody serves there; choose another port, or none at all.
    """
    if not is_free(port):
        raise IocError(f"port {port} is in use already: stop the program there, or start the IOC on another port")


def free_port(*excluded: int) -> int:
    """A free port that is none of `excluded`, chosen at random, so that two consoles rarely try the same."""
    first, last = map(int, (allowed := os.environ.get("BEAMSHELL_PORTS", _PORTS)).split("-"))
    for port in random.SystemRandom().sample(range(first, last + 1), min(200, last + 1 - first)):
        if port not in excluded and is_free(port):
            return port
    raise IocError(f"no port of {allowed} is free: set BEAMSHELL_PORTS to others, first-last")


def repeater_socket(*excluded: int) -> socket.socket:
    """A UDP socket on a free port that is none of `excluded`, for the CA repeater.

    Bound by the parent before any client looks for a repeater: a client that finds none tries to start a program, which
    leaves four lines on the terminal and a zombie.
    """
    for _ in range(20):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind((LOOPBACK, free_port(*excluded)))
        except OSError:
            udp.close()
        else:
            return udp
    raise IocError("no UDP port is free for the CA repeater")


def client_environment(port: int, repeater_port: int, pva_port: int) -> dict[str, str]:
    """The environment in which clients of Channel Access and PV Access find this IOC and no other."""
    return {
        "EPICS_CA_ADDR_LIST": f"{LOOPBACK}:{port}",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(repeater_port),
        "EPICS_CA_MAX_ARRAY_BYTES": "20000000",
        "EPICS_PVA_ADDR_LIST": f"{LOOPBACK}:{pva_port}",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_BROADCAST_PORT": str(pva_port),
    }


def server_environment(port: int, repeater_port: int, pva_port: int) -> dict[str, str]:
    """The environment in which the IOC serves on loopback only; PV Access takes the TCP and UDP port of one number."""
    return {
        **client_environment(port, repeater_port, pva_port),
        "EPICS_CAS_SERVER_PORT": str(port),
        "EPICS_CAS_INTF_ADDR_LIST": LOOPBACK,
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": f"{LOOPBACK}:{repeater_port}",
        "EPICS_CAS_BEACON_PORT": str(repeater_port),
        "EPICS_PVAS_INTF_ADDR_LIST": LOOPBACK,
        "EPICS_PVAS_SERVER_PORT": str(pva_port),
        "EPICS_PVAS_BROADCAST_PORT": str(pva_port),
        "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_PVAS_BEACON_ADDR_LIST": LOOPBACK,
    }


def keep_on_loopback() -> None:
    """Bind every socket of this process that has any address to the loopback device.

    EPICS has no setting for the sockets that it sends from: they have the address 0.0.0.0, and hear every network. A
    system that does not allow it (Linux before 5.7) leaves them so; what answers is bound to loopback in any case.
    """
    for descriptor in map(int, os.listdir("/dev/fd")):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:  # others are no sockets
            if copy.family == socket.AF_INET and copy.getsockname()[0] != LOOPBACK:
                copy.setsockopt(*_LOOPBACK_DEVICE)


def answers(name: str, port: int, timeout_s: float = 0.02) -> bool:
    """Whether the server on that port of loopback says it has this PV; one UDP question, no libca."""
    payload = name.encode() + b"\0"
    payload += b"\0" * (-len(payload) % 8)
    question = _HEADER.pack(_VERSION, 0, 1, _MINOR_VERSION, 0, 0)
    question += _HEADER.pack(_SEARCH, len(payload), 5, _MINOR_VERSION, 1, 1) + payload
    deadline = time.monotonic() + timeout_s
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
        udp.connect((LOOPBACK, port))  # so that a closed port is an error at once
        udp.send(question)
        while (left_s := deadline - time.monotonic()) > 0:
            udp.settimeout(left_s)
            if _has_search_reply(udp.recv(4096)):
                return True
    return False


def _has_search_reply(datagram: bytes) -> bool:
    offset = 0
    while offset + _HEADER.size <= len(datagram):
        command, size, *_ = _HEADER.unpack_from(datagram, offset)
        if command == _SEARCH:
            return True
        offset += _HEADER.size + size
    return False


class Repeater:
    """Serves on a UDP socket that is bound already.

    Args:
        udp: the socket; clients find it by its port.
    """

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self._clients: set[tuple[str, int]] = set()

    def serve(self) -> None:
        """Register clients and repeat beacons, for ever."""
        while True:
            try:
                datagram, sender = self._udp.recvfrom(4096)
            except ConnectionError:  # a client has gone without leaving
                continue
            self.handle(datagram, sender)

    def handle(self, datagram: bytes, sender: tuple[str, int]) -> None:
        """Handle one datagram; an empty one registers its sender, too."""
        command = struct.unpack_from(">H", datagram)[0] if len(datagram) >= _REPEATER_HEADER.size else _REGISTER
        if command == _REGISTER:
            self._clients.add(sender)
            self._send(_REPEATER_HEADER.pack(_CONFIRM, 0, 0, 0, 0, socket.inet_aton(sender[0])), sender)
            datagram = datagram[_REPEATER_HEADER.size :]
        elif command == _BEACON and datagram[12:16] == bytes(4):  # a server that does not know its own address
            datagram = datagram[:12] + socket.inet_aton(sender[0]) + datagram[16:]
        if datagram:
            for client in self._clients - {sender}:
                self._send(datagram, client)

    def _send(self, datagram: bytes, client: tuple[str, int]) -> None:
        try:
            self._udp.sendto(datagram, client)
        except OSError:
            self._clients.discard(client)
