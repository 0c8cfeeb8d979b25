"""ReconnectProbe: reconnects lost Channel Access channels within a quarter of a second after their IOC is back.

libca itself waits for eight seconds and more. Here a thread searches for one lost channel of each server by a UDP
datagram; as soon as the server answers, all of its channels are created anew. Channels that were never found are
searched for a few at a time, once a second. The answers show how long a round trip takes; a channel that is being
connected gets the time for it. Nothing here calls libca.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Protocol

_DEFAULT_PORT = 5064
_VERSION = 13
_SEARCH = 6  # CA_PROTO_SEARCH
_NO_REPLY_IF_UNKNOWN = 5
_HEADER = struct.Struct(">HHHHII")  # command, payload size, data type, count, two parameters
_PROBE_EVERY_S = 0.1
_NEVER_FOUND_EVERY_S = 1.0
_NEVER_FOUND_AT_ONCE = 50
_FIRST_HOLD_S = 1.0  # how long libca is left to search by itself; doubles with each attempt in vain
_LONGEST_HOLD_S = 10.0
_ROUND_TRIPS_TO_CONNECT = 8  # search, circuit, channel and properties need four
_LONGEST_ROUND_TRIP_S = 10.0
_STOPS_WITHIN_S = 2.0

logger = logging.getLogger(__name__)

Address = tuple[str, int]


class LostChannel(Protocol):
    """A channel that does not answer."""

    name: str

    @property
    def connected(self) -> bool:
        """True while the channel answers."""

    @property
    def server(self) -> str:
        """Its last server, as "host:port"; "" if it was never found."""

    def reconnect(self) -> None:
        """Search for it anew."""


class _Entry:
    """A lost channel, and the times of its next search and of its next reconnection."""

    __slots__ = ("channel", "hold_s", "next_search", "reconnect_at", "searched_since")

    def __init__(self, channel: LostChannel, now: float) -> None:
        self.channel = channel
        self.next_search = now
        self.searched_since = -math.inf if channel.server else now  # libca does not search soon for one that is lost
        self.hold_s = _FIRST_HOLD_S
        self.reconnect_at = math.inf

    def answered(self, round_trip_s: float) -> None:
        """Reconnect as soon as libca has had its time to connect by itself."""
        hold_s = max(self.hold_s, _ROUND_TRIPS_TO_CONNECT * round_trip_s)
        self.next_search = self.reconnect_at = self.searched_since + hold_s

    def reconnect(self, now: float) -> None:
        """Create the channel anew, and give libca some time to find it."""
        self.searched_since, self.reconnect_at = now, math.inf
        self.next_search = now + self.hold_s
        self.hold_s = min(2 * self.hold_s, _LONGEST_HOLD_S)
        self.channel.reconnect()


class ReconnectProbe:
    """The channels that do not answer, and the thread that looks for their servers while there are any."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: dict[int, _Entry] = {}
        self._thread: threading.Thread | None = None
        self._turn = itertools.count()
        self._numbers = itertools.count()
        self._sent: dict[int, tuple[_Entry, float]] = {}  # by number, what was searched for, and when
        self._round_trip_s = 0.0
        self._never_found_turn = itertools.count()
        self._never_found_due = 0.0
        self._stopped = False

    def add(self, channel: LostChannel) -> None:
        """Look for `channel` until it is connected: at once if it was lost, soon if it is new. Any thread."""
        now = time.monotonic()
        with self._lock:
            if self._stopped:
                return
            self._entries[id(channel)] = _Entry(channel, now)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="beamshell-reconnect", daemon=True)
                self._thread.start()

    @property
    def connects_within_s(self) -> float:
        """Seconds that a channel needs to connect on this network, as far as answers have shown; 0.0 if they have not.

        It is generous: some of what is needed may have to be repeated.
        """
        return _ROUND_TRIPS_TO_CONNECT * self._round_trip_s

    def forget(self, channel: LostChannel) -> None:
        """Stop looking for it."""
        with self._lock:
            self._entries.pop(id(channel), None)

    def stop(self) -> None:
        """Stop all searches, and wait for the one under way: the library is about to be closed."""
        with self._lock:
            self._stopped = True
            self._entries.clear()
            thread = self._thread
        if thread is not None:
            thread.join(_STOPS_WITHIN_S)

    def _run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            probe.setblocking(False)
            while (due := self._due_by_server()) is not None:
                self._send_searches(probe, due)
                for number in _answers(probe, _PROBE_EVERY_S):
                    self._answered(number, due)
                self._reconnect_due()

    def _due_by_server(self) -> dict[str, list[_Entry]] | None:
        """The channels whose search is due, by server; None when every channel answers, which ends the thread."""
        with self._lock:
            now = time.monotonic()
            self._entries = {key: entry for key, entry in self._entries.items() if not entry.channel.connected}
            if not self._entries:
                self._thread = None
                return None
            entries = [entry for entry in self._entries.values() if entry.next_search <= now]
        due: dict[str, list[_Entry]] = {}
        for entry in entries:
            due.setdefault(entry.channel.server, []).append(entry)
        return due

    def _answered(self, number: int, due: Mapping[str, list[_Entry]]) -> None:
        """Note the answer to one search: its server is there, for the other channels that it may have too."""
        if number not in self._sent:
            return
        entry, sent_at = self._sent.pop(number)
        now = time.monotonic()
        self._round_trip_s = now - sent_at
        entry.answered(self._round_trip_s)
        if entry.reconnect_at <= now:  # otherwise it is new, and so is not what brings the others back
            for other in due.get(entry.channel.server, ()):
                other.answered(self._round_trip_s)

    def _reconnect_due(self) -> None:
        """Reconnect the channels whose time it is."""
        with self._lock:
            now = time.monotonic()
            due = [entry for entry in self._entries.values() if entry.reconnect_at <= now]
        for entry in due:
            if self._stopped:
                break
            if not entry.channel.connected:
                entry.reconnect(now)

    def _send_searches(self, probe: socket.socket, due: Mapping[str, list[_Entry]]) -> None:
        """Send search datagrams, and note each by the number in it."""
        turn, now = next(self._turn), time.monotonic()
        self._sent = {number: sent for number, sent in self._sent.items() if sent[1] > now - _LONGEST_ROUND_TRIP_S}
        for server, entries in due.items():
            for entry in [entries[turn % len(entries)]] if server else self._some_never_found(entries):
                number = next(self._numbers) & 0xFFFFFFFF
                self._sent[number] = (entry, now)
                _send(probe, search_datagram(entry.channel.name, number), server)

    def _some_never_found(self, entries: list[_Entry]) -> list[_Entry]:
        """The next few channels that were never found, once a second: most are misspelt, and the network is shared."""
        now = time.monotonic()
        if now < self._never_found_due:
            return []
        self._never_found_due = now + _NEVER_FOUND_EVERY_S
        first = next(self._never_found_turn) * _NEVER_FOUND_AT_ONCE % len(entries)
        return (entries[first:] + entries[:first])[:_NEVER_FOUND_AT_ONCE]


def _send(probe: socket.socket, datagram: bytes, server: str) -> None:
    for address in addresses(os.environ, server):
        try:
            probe.sendto(datagram, address)
        except OSError as exc:  # no route now; there may be one at the next probe
            logger.debug("cannot probe %s: %s", address, exc)


def _answers(probe: socket.socket, wait_s: float) -> Iterator[int]:
    """The numbers in the answers of the next `wait_s` seconds."""
    deadline = time.monotonic() + wait_s
    while (remaining_s := deadline - time.monotonic()) > 0:
        if select.select([probe], [], [], remaining_s)[0]:
            try:
                datagram = probe.recv(4096)
            except OSError as exc:  # a refused port is reported here: the IOC is not there yet
                logger.debug("probe: %s", exc)
                continue
            yield from answered_numbers(datagram)


def search_datagram(name: str, number: int) -> bytes:
    """A search datagram for the PV `name`, answered with `number` (CA protocol: VERSION, then SEARCH)."""
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
    """The addresses of a search: EPICS_CA_ADDR_LIST, a broadcast unless that is off, and the channel's last host."""
    port = int(environment.get("EPICS_CA_SERVER_PORT") or _DEFAULT_PORT)
    targets = [_address(word, port) for word in environment.get("EPICS_CA_ADDR_LIST", "").split()]
    if environment.get("EPICS_CA_AUTO_ADDR_LIST", "YES").upper() != "NO":
        targets.append(("255.255.255.255", port))
        if server:
            targets.append((server.partition(":")[0], port))
    return list(dict.fromkeys(targets))


def _address(word: str, port: int) -> Address:
    host, _, own_port = word.partition(":")
    return host, int(own_port) if own_port else port


reconnect_probe = ReconnectProbe()
