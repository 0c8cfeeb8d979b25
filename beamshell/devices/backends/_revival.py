"""How lost Channel Access channels come back within a quarter of a second of their IOC.

The library itself holds off for eight seconds and more. Here a thread asks for one lost channel of each server by a UDP
search datagram, and has all of that server's channels created anew once it answers. It makes no call to the library.
"""

from __future__ import annotations

import itertools
import logging
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

_DEFAULT_PORT = 5064
_VERSION = 13
_SEARCH = 6  # CA_PROTO_SEARCH
_NO_REPLY_IF_UNKNOWN = 5
_HEADER = struct.Struct(">HHHHII")  # command, payload size, data type, count, two parameters
_PROBE_EVERY_S = 0.1
_PATIENT_AFTER_S = 60.0
_PATIENT_EVERY_S = 0.25

logger = logging.getLogger(__name__)

Address = tuple[str, int]


class Lost(Protocol):
    """A channel that was connected once."""

    name: str

    @property
    def connected(self) -> bool:
        """True once it is back."""

    @property
    def server(self) -> str:
        """Where it was, as "host:port"."""

    def reconnect(self) -> None:
        """Search for it anew."""


class Revival:
    """The channels that are lost, and the thread that looks for their servers while there are any."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lost: dict[int, Lost] = {}
        self._thread: threading.Thread | None = None
        self._turn = itertools.count()

    def add(self, channel: Lost) -> None:
        """Look for `channel` until it is connected. Any thread."""
        with self._lock:
            self._lost[id(channel)] = channel
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="beamshell-revival", daemon=True)
                self._thread.start()

    def forget(self, channel: Lost) -> None:
        """Look for it no more."""
        with self._lock:
            self._lost.pop(id(channel), None)

    def _run(self) -> None:
        began = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            probe.setblocking(False)
            while servers := self._by_server():
                patient = time.monotonic() - began > _PATIENT_AFTER_S
                answered = self._ask(probe, servers, _PATIENT_EVERY_S if patient else _PROBE_EVERY_S)
                for channel in (channel for server in answered for channel in servers[server]):
                    self.forget(channel)
                    channel.reconnect()

    def _by_server(self) -> dict[str, list[Lost]]:
        """The lost channels by server; an empty answer ends the thread."""
        with self._lock:
            self._lost = {key: channel for key, channel in self._lost.items() if not channel.connected}
            servers: dict[str, list[Lost]] = {}
            for channel in self._lost.values():
                servers.setdefault(channel.server, []).append(channel)
            if not servers:
                self._thread = None
            return servers

    def _ask(self, probe: socket.socket, servers: Mapping[str, list[Lost]], wait_s: float) -> set[str]:
        """Which servers answer for one of their channels, another one each time, within `wait_s`."""
        turn = next(self._turn)
        names = list(servers)
        for number, server in enumerate(names):
            datagram = search_datagram(servers[server][turn % len(servers[server])].name, number)
            for address in addresses(os.environ, server):
                try:
                    probe.sendto(datagram, address)
                except OSError as exc:  # no route now; there may be one at the next probe
                    logger.debug("cannot probe %s: %s", address, exc)
        return {names[number] for number in _answers(probe, wait_s) if number < len(names)}


def _answers(probe: socket.socket, wait_s: float) -> Iterator[int]:
    """The numbers that come back until `wait_s` seconds have passed."""
    deadline = time.monotonic() + wait_s
    while (left := deadline - time.monotonic()) > 0:
        if select.select([probe], [], [], left)[0]:
            try:
                datagram = probe.recv(4096)
            except OSError as exc:  # a refused port is reported here: the IOC is not there yet
                logger.debug("probe: %s", exc)
                continue
            yield from answered_numbers(datagram)


def search_datagram(name: str, number: int) -> bytes:
    """The question who has `name`, to be answered with `number` (CA protocol: VERSION, then SEARCH)."""
    payload = name.encode() + b"\0"
    payload += b"\0" * (-len(payload) % 8)
    return (
        _HEADER.pack(0, 0, 0, _VERSION, 0, 0)
        + _HEADER.pack(_SEARCH, len(payload), _NO_REPLY_IF_UNKNOWN, _VERSION, number, number)
        + payload
    )


def answered_numbers(datagram: bytes) -> list[int]:
    """The numbers of the searches that a datagram answers."""
    numbers = []
    offset = 0
    while offset + _HEADER.size <= len(datagram):
        command, size, _, _, _, number = _HEADER.unpack_from(datagram, offset)
        if command == _SEARCH:
            numbers.append(number)
        offset += _HEADER.size + size
    return numbers


def addresses(environment: Mapping[str, str], server: str = "") -> list[Address]:
    """Where searches go: EPICS_CA_ADDR_LIST, a broadcast unless that is off, and the host that had the channel."""
    port = int(environment.get("EPICS_CA_SERVER_PORT") or _DEFAULT_PORT)
    found = [_address(word, port) for word in environment.get("EPICS_CA_ADDR_LIST", "").split()]
    if environment.get("EPICS_CA_AUTO_ADDR_LIST", "YES").upper() != "NO":
        found.append(("255.255.255.255", port))
        if server:
            found.append((server.partition(":")[0], port))
    return _without_doubles(found)


def _address(word: str, port: int) -> Address:
    host, _, own_port = word.partition(":")
    return host, int(own_port) if own_port else port


def _without_doubles(found: Iterable[Address]) -> list[Address]:
    return list(dict.fromkeys(found))


revival = Revival()
