"""A slow or broken network on loopback: a proxy between clients of Channel Access and an IOC, which counts round trips.

The pure part splits the byte streams into messages, counts round trips and says when data is to be delivered. The class
NetworkProxy at the end has the sockets and one thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

LOOPBACK = "127.0.0.1"

# ---- the protocol: the codes are those of caProto.h ----------------------------------------------------------

_HEADER = struct.Struct(">HHHHII")  # command, payload size, data type, count, two parameters
_LARGE = struct.Struct(">II")  # payload size and count, in a header that says 0xffff and 0
_EVENT_ADD, _SEARCH, _READ_NOTIFY, _CREATE_CHANNEL, _WRITE_NOTIFY, _CREATE_FAILED = 1, 6, 15, 18, 19, 26

Key = tuple[Any, ...]
"""Says which answer belongs to which request."""


@dataclass(frozen=True)
class Message:
    """The header of one message."""

    command: int
    data_type: int
    first: int
    second: int


class Splitter:
    """Cuts the bytes of a circuit into messages, however they come."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete with `data`."""
        self._rest += data
        complete = []
        while len(self._rest) >= _HEADER.size:
            command, size, data_type, count, first, second = _HEADER.unpack_from(self._rest)
            length = _HEADER.size + size
            if (size, count) == (0xFFFF, 0):
                if len(self._rest) < _HEADER.size + _LARGE.size:
                    break
                length = _HEADER.size + _LARGE.size + _LARGE.unpack_from(self._rest, _HEADER.size)[0]
            if len(self._rest) < length:
                break
            del self._rest[:length]
            complete.append(Message(command, data_type, first, second))
        return complete


def request_key(message: Message) -> Key | None:
    """The key of a request that the server answers; None for others, and for heartbeats."""
    if message.command in (_READ_NOTIFY, _WRITE_NOTIFY, _EVENT_ADD):
        return message.command, message.second
    if message.command in (_CREATE_CHANNEL, _SEARCH):
        return message.command, message.first
    return None


def answer_key(message: Message) -> Key | None:
    """The key of the request that a message of the server answers; None if it answers none."""
    if message.command in (_READ_NOTIFY, _WRITE_NOTIFY, _EVENT_ADD, _SEARCH):
        return message.command, message.second
    if message.command in (_CREATE_CHANNEL, _CREATE_FAILED):
        return _CREATE_CHANNEL, message.first
    return None


def with_port(datagram: bytes, port: int) -> bytes:
    """The answers to searches in `datagram`, with `port` as that of the server."""
    changed, offset = bytearray(datagram), 0
    while offset + _HEADER.size <= len(changed):
        command, size, *_ = _HEADER.unpack_from(changed, offset)
        if command == _SEARCH:
            struct.pack_into(">H", changed, offset + 4, port)
        offset += _HEADER.size + size
    return bytes(changed)


class RoundTrips:
    """Counts round trips: requests that a client sends without waiting for an answer to one of them share one.

    A request that is sent after `n` round trips have been counted belongs to number `n + 1`, and that one is counted
    with the first of its answers. So `number` is the length of the longest row of requests of which each was sent after
    an answer to the one before; with a delay of d seconds each way it took at least `2 * d * number` seconds. Requests
    are reads, writes with completion, subscriptions (their first value), new channels and searches. Plain writes,
    later values of subscriptions and heartbeats are none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Key, int] = {}
        self.number = 0
        self.requests = 0
        self.new_channels = 0

    def reset(self) -> None:
        """Begin at 0; answers to earlier requests do not count."""
        with self._lock:
            self._under_way.clear()
            self.number = self.requests = self.new_channels = 0

    def sent(self, key: Key) -> None:
        """The client has sent a request, perhaps for a new channel on a circuit."""
        with self._lock:
            self._under_way[key] = self.number + 1
            self.requests += 1
            self.new_channels += key[-2:-1] == (_CREATE_CHANNEL,)

    def answered(self, key: Key) -> None:
        """The client has been given an answer."""
        with self._lock:
            self.number = max(self.number, self._under_way.pop(key, 0))


class Delay:
    """When data that comes now is to be delivered: after a fixed time and a random one, never before earlier data.

    Args:
        chance: the source of the jitter.
    """

    def __init__(self, chance: random.Random) -> None:
        self.fixed_s = 0.0
        self.jitter_s = 0.0
        self._chance = chance
        self._last_due = 0.0

    def due(self, now: float) -> float:
        """The time of delivery of what comes at `now`, both in seconds of one clock."""
        jitter_s = self._chance.uniform(0.0, self.jitter_s) if self.jitter_s else 0.0
        self._last_due = max(self._last_due + 1e-9, now + self.fixed_s + jitter_s)  # timers of one time have no order
        return self._last_due


# ---- sockets ---------------------------------------------------------------------------------------------------


class NetworkProxy:
    """A server on loopback that stands for the IOC on another port of it, as if a bad network were between.

    Args:
        server_port: of the IOC.
        port: where to serve, UDP and TCP.
        seed: of the jitter.

    Example:
        >>> with NetworkProxy(ioc.port, port) as proxy:
        ...     proxy.delay(0.05)
        ...     proxy.round_trips.reset()
    """

    def __init__(self, server_port: int, port: int, seed: int = 1) -> None:
        self.server_port, self.port = server_port, port
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # bound from here on, so that the port stays taken
        self._udp.bind((LOOPBACK, port))
        self._udp.setblocking(False)
        self.round_trips = RoundTrips()
        chance = random.Random(seed)
        self._to_server, self._to_client = Delay(chance), Delay(chance)
        self._held: list[Callable[[], None]] | None = None
        self._circuits: set[asyncio.StreamWriter] = set()
        self._numbers = iter(range(1_000_000))
        self._searchers: dict[tuple[str, int], socket.socket] = {}
        self._loop: Any = None
        self._ended: Any = None

    # ---- what a test does

    def __enter__(self) -> NetworkProxy:
        """Serve from here on, without delay; may be entered again."""
        self.delay(0.0)
        self._loop = asyncio.new_event_loop()
        self._serves = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network-proxy", daemon=True)
        self._thread.start()
        assert self._serves.wait(10), f"port {self.port} is not free"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def close(self) -> None:
        """Give the port back."""
        self._udp.close()

    def delay(self, seconds: float, jitter_s: float = 0.0) -> None:
        """Delay each direction by `seconds`, and by up to `jitter_s` more."""
        for direction in (self._to_server, self._to_client):
            direction.fixed_s, direction.jitter_s = seconds, jitter_s

    def lose_circuits(self) -> None:
        """Break all circuits, as a gateway does that is started anew; clients may search again at once."""
        self._call(self._break_all)

    @contextlib.contextmanager
    def black_hole(self) -> Iterator[None]:
        """Let nothing through as long as the block lasts; what circuits carry comes later, as with TCP."""
        self._call(lambda: setattr(self, "_held", []))
        try:
            yield
        finally:
            self._call(self._release)

    @contextlib.contextmanager
    def counted(self) -> Iterator[RoundTrips]:
        """The round trips of the block."""
        self.round_trips.reset()
        yield self.round_trips

    # ---- the thread

    def _call(self, job: Callable[[], None]) -> None:
        done = threading.Event()

        def call() -> None:
            job()
            done.set()

        self._loop.call_soon_threadsafe(call)
        assert done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._relay, LOOPBACK, self.port)
        self._loop.add_reader(self._udp, self._read_searches)
        self._serves.set()
        await self._ended.wait()
        server.close()
        self._loop.remove_reader(self._udp)
        for searcher in self._searchers.values():
            self._loop.remove_reader(searcher)
            searcher.close()
        self._searchers.clear()
        self._break_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next turn

    def _deliver(self, direction: Delay, deliver: Callable[[], None]) -> None:
        """Have `deliver()` called when the delay is over; in a black hole, when that ends."""

        def now() -> None:
            if self._held is None:
                deliver()
            else:
                self._held.append(deliver)

        self._loop.call_at(direction.due(self._loop.time()), now)

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for deliver in held:
            deliver()

    def _break_all(self) -> None:
        for writer in list(self._circuits):
            writer.transport.abort()

    # ---- circuits

    async def _relay(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(LOOPBACK, self.server_port)
        except OSError:
            to_client.transport.abort()
            return
        number = next(self._numbers)
        pair = {to_client, to_server}
        self._circuits |= pair
        try:
            await asyncio.gather(
                self._pump_requests(number, from_client, to_server), self._pump_answers(number, from_server, to_client)
            )
        except (OSError, asyncio.CancelledError):  # an end has gone, or the proxy ends
            pass
        finally:
            self._circuits -= pair
            for writer in pair:
                writer.transport.abort()

    async def _pump_requests(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter()
        while data := await reader.read(1 << 16):
            for message in splitter.feed(data):
                if key := request_key(message):
                    self.round_trips.sent((number, *key))
            self._deliver(self._to_server, _writing(writer, data))
        raise ConnectionError("the client has gone")

    async def _pump_answers(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter()
        while data := await reader.read(1 << 16):
            keys = [key for message in splitter.feed(data) if (key := answer_key(message))]
            self._deliver(self._to_client, self._answering(number, keys, _writing(writer, data)))
        raise ConnectionError("the server has gone")

    def _answering(self, number: int, keys: list[Key], write: Callable[[], None]) -> Callable[[], None]:
        def deliver() -> None:
            for key in keys:  # before the client can react
                self.round_trips.answered((number, *key))
            write()

        return deliver

    # ---- searches

    def _read_searches(self) -> None:
        """Forward the searches of clients, unless they fall into a black hole."""
        with contextlib.suppress(BlockingIOError):
            while True:
                datagram, client = self._udp.recvfrom(1 << 16)
                if self._held is None:
                    self._count_all(request_key, self.round_trips.sent, client, datagram)
                    self._deliver(self._to_server, partial(self._forward, datagram, client))

    def _forward(self, datagram: bytes, client: tuple[str, int]) -> None:
        if client not in self._searchers:
            searcher = self._searchers[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            searcher.setblocking(False)
            searcher.connect((LOOPBACK, self.server_port))
            self._loop.add_reader(searcher, self._read_answers, searcher, client)
        with contextlib.suppress(OSError):  # nobody serves there now
            self._searchers[client].send(datagram)

    def _read_answers(self, searcher: socket.socket, client: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):  # there are no more
            while True:
                datagram = searcher.recv(1 << 16)
                if self._held is None:
                    self._deliver(self._to_client, partial(self._hand_on, datagram, client))

    def _hand_on(self, datagram: bytes, client: tuple[str, int]) -> None:
        """Give a client the answer to its search, with our port in it."""
        self._count_all(answer_key, self.round_trips.answered, client, datagram)
        self._udp.sendto(with_port(datagram, self.port), client)

    @staticmethod
    def _count_all(
        key_of: Callable[[Message], Key | None], count: Callable[[Key], None], client: Any, datagram: bytes
    ) -> None:
        for message in Splitter().feed(datagram):
            if key := key_of(message):
                count((client, *key))


def _writing(writer: asyncio.StreamWriter, data: bytes) -> Callable[[], None]:
    def write() -> None:
        if not writer.is_closing():
            writer.write(data)

    return write
