"""A slow network for any protocol on TCP: a proxy between a client and a server, which counts round trips.

It knows no protocol, but for the searches of PV Access, which say where the answers are to go.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from functools import partial

from network_proxy import NetworkProxy

_CLOCK_S = 0.002
"""Timers may be early by so much."""


class Flights:
    """Counts round trips by time alone: what the client has sent since, no server can have answered yet.

    What is sent after `n` round trips belongs to number `n + 1`, which is counted with the first bytes that the client
    is given a round trip later.
    """

    def __init__(self) -> None:
        self.number = 0
        self.requests = 0
        self._under_way: list[tuple[float, int]] = []

    def reset(self) -> None:
        """Begin at 0."""
        self.__init__()  # type: ignore[misc]  # all its state is made there

    def sent(self, now: float) -> None:
        """The client has sent something."""
        self.requests += 1
        self._under_way.append((now, self.number + 1))

    def answered(self, now: float, round_trip_s: float) -> None:
        """The client is given something."""
        answered = [number for sent, number in self._under_way if sent <= now - round_trip_s]
        self._under_way = [each for each in self._under_way if each[0] > now - round_trip_s]
        self.number = max([self.number, *answered])


class TcpProxy(NetworkProxy):
    """A server on loopback that stands for the one on another port, as if a slow network were between.

    Example:
        >>> with TcpProxy(server.port, free_port()) as proxy:
        ...     proxy.delay(0.05)
        ...     with proxy.counted() as trips:
        ...         signal.get()
        ...     assert trips.number == 1
    """

    def __init__(self, server_port: int, port: int) -> None:
        super().__init__(server_port, port)
        self.round_trips = Flights()  # type: ignore[assignment]  # it counts by time, not by the keys of messages

    async def _pump_requests(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            self.round_trips.sent(self._loop.time())
            self._deliver(self._to_server, partial(_write, writer, data))
        raise ConnectionError("the client has gone")

    async def _pump_answers(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            self._deliver(self._to_client, self._answer(writer, data))
        raise ConnectionError("the server has gone")

    def _read_searches(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                datagram, client = self._udp.recvfrom(1 << 16)
                self._forward(datagram, client)

    def _forward(self, datagram: bytes, client: tuple[str, int]) -> None:
        super()._forward(b"", client)  # which opens the socket that the server is to answer to
        searcher = self._searchers[client]
        searcher.send(with_pva_port(datagram, searcher.getsockname()[1]))

    def _hand_on(self, datagram: bytes, client: tuple[str, int]) -> None:
        self._udp.sendto(with_pva_port(datagram, self.port), client)

    def _answer(self, writer: asyncio.StreamWriter, data: bytes) -> Callable[[], None]:
        def deliver() -> None:
            round_trip_s = self._to_server.fixed_s + self._to_client.fixed_s - _CLOCK_S
            self.round_trips.answered(self._loop.time(), round_trip_s)
            _write(writer, data)

        return deliver


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)


# ---- searches of PV Access: UDP packets of one message, behind a header that says the order of the bytes

_FLAGS_AT, _COMMAND_AT, _BIG_ENDIAN = 2, 3, 0x80
_PORT_AT = {3: 8 + 4 + 4 + 16, 4: 8 + 12 + 4 + 16}  # by command: a search, and its answer


def with_pva_port(datagram: bytes, port: int) -> bytes:
    """A search, or the answer to one, with `port` as where answers, or clients, are to go."""
    changed = bytearray(datagram)
    if (place := _PORT_AT.get(changed[_COMMAND_AT])) is not None:
        struct.pack_into(">H" if changed[_FLAGS_AT] & _BIG_ENDIAN else "<H", changed, place, port)
    return bytes(changed)
