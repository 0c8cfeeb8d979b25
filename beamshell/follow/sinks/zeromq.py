"""ZeroMQSink: publishes documents over ZeroMQ, as bluesky's RemoteDispatcher reads them; and the proxy between both.

A message is the prefix, the name of the document and the document, separated by blanks. ZeroMQ has no receipts: what a
proxy had taken when it died is lost.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from beamshell.errors import ConfigError, LineRefused, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.sink import Sink
from beamshell.text.numbers import port_problem

if TYPE_CHECKING:
    import zmq

Serializer = Literal["json", "msgpack", "pickle"]

_SEND_WITHIN_S = 5.0
_SUBSCRIBED_WITHIN_S = 2.0
_LAST_WITHIN_MS = 2000
_BEAT_MS = 1000


class ZeroMQSink(Sink):
    """Publishes every document.

    Args:
        address: of the proxy, or where to listen, such as "tcp://127.0.0.1:5577".
        bind: listen there, so that subscribers connect without a proxy. What is published while none is connected is
            seen by nobody. Without it documents wait until the proxy is there.
        prefix: tells publishers apart; without blanks.
        serializer: of the documents: "json" (`RemoteDispatcher(..., deserializer=json.loads)`), "msgpack", or "pickle",
            which executes code where it is read: only between computers that trust one another.
        secret_key: the file of our own curve key, made by `zmq.auth.create_certificates`; "" for no encryption.
        server_key: the file of the proxy's public key.

    Raises:
        ConfigError: a key cannot be read, or pyzmq is not installed.
    """

    def __init__(
        self,
        address: str,
        bind: bool = False,
        prefix: str = "",
        serializer: Serializer = "json",
        secret_key: str = "",
        server_key: str = "",
    ) -> None:
        zmq = _zmq()
        if " " in prefix:
            raise ConfigError(f"the prefix {prefix!r} has a blank: it ends at the first one")
        self._address = _full(address)
        self._bind = bind
        self._prefix = prefix.encode()
        self._serialize = _serializer(serializer)
        self._subscriptions: set[bytes] = set()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)  # it learns who subscribes
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        # A proxy that has died has no queue, in which documents would be lost; and it is noticed, also behind a network
        # that is silent.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, _BEAT_MS)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3 * _BEAT_MS)
        self._socket.setsockopt(zmq.SNDTIMEO, int(_SEND_WITHIN_S * 1000))
        self._socket.setsockopt(zmq.LINGER, _LAST_WITHIN_MS)
        try:
            _secure(self._socket, secret_key, server_key, is_server=bind)
            (self._socket.bind if bind else self._socket.connect)(self._address)
        except BaseException as exc:
            self._context.destroy(0)
            if isinstance(exc, zmq.ZMQError):
                raise ConfigError(f"{self._address} cannot be used: {exc}") from exc
            raise
        self._first_until = time.monotonic() + _SUBSCRIBED_WITHIN_S

    def send(self, lines: Sequence[Line]) -> None:
        """Publish lines.

        Raises:
            SinkDown: the proxy is not there, or takes nothing.
            LineRefused: a document cannot be written in the chosen form.
        """
        import zmq

        for line in lines:
            self._wait_for_subscriber()
            try:
                body = self._serialize(line)
            except (TypeError, ValueError, OverflowError) as exc:
                raise LineRefused(line, str(exc)) from exc
            try:
                self._socket.send(b" ".join([self._prefix, line.name.encode(), body]))
            except zmq.Again as exc:
                raise SinkDown(f"{self._address} takes nothing for {_SEND_WITHIN_S:g} s") from exc

    def check(self) -> str:
        """Look whether somebody listens: a test message would be a document that nobody expects.

        Raises:
            SinkDown: nobody does.
        """
        deadline = time.monotonic() + _SEND_WITHIN_S
        while not self._look_for_subscriptions(100):
            if time.monotonic() > deadline:
                raise SinkDown(f"nobody listens at {self._address}")
        return f"somebody listens at {self._address}"

    def close(self) -> None:
        """Close the socket, after what was published has left, at most two seconds later."""
        self._context.destroy(_LAST_WITHIN_MS)

    def _wait_for_subscriber(self) -> None:
        """Wait for the proxy's subscription; for that of a first subscriber at most two seconds."""
        while not self._look_for_subscriptions(50):
            if time.monotonic() > self._first_until:
                if self._bind:
                    return
                raise SinkDown(f"no proxy answers at {self._address}")

    def _look_for_subscriptions(self, patience_ms: int) -> bool:
        while self._socket.poll(0 if self._subscriptions else patience_ms):
            message = self._socket.recv()  # a proxy that dies takes its subscriptions back
            (self._subscriptions.add if message[:1] == b"\x01" else self._subscriptions.discard)(message[1:])
        return bool(self._subscriptions)


def run_proxy(words: list[str]) -> int:
    """`beamshell zmq-proxy IN OUT`: take what followers publish at IN, and hand it to all subscribers of OUT.

    Raises:
        ConfigError: an address cannot be used, or pyzmq is not installed.
    """
    import argparse

    parser = argparse.ArgumentParser(prog="beamshell zmq-proxy", description="Hand on what followers publish.")
    parser.add_argument("incoming", help="where followers publish, such as tcp://127.0.0.1:5577")
    parser.add_argument("outgoing", help="where subscribers listen, such as tcp://127.0.0.1:5578")
    parser.add_argument("--secret-key", default="", help="the file of its curve key; without it nothing is encrypted")
    options = parser.parse_args(words)
    zmq = _zmq()
    context = zmq.Context()
    try:
        incoming, outgoing = context.socket(zmq.SUB), context.socket(zmq.PUB)
        incoming.setsockopt(zmq.SUBSCRIBE, b"")
        for socket, address in ((incoming, options.incoming), (outgoing, options.outgoing)):
            _secure(socket, options.secret_key, "", is_server=True)
            socket.bind(_full(address))
        zmq.proxy(incoming, outgoing)
    except zmq.ZMQError as exc:
        raise ConfigError(f"the proxy cannot listen: {exc}") from exc
    except KeyboardInterrupt:
        pass
    finally:
        context.destroy(0)
    return 0


def _zmq() -> Any:
    try:
        import zmq
    except ImportError as exc:
        raise ConfigError('pyzmq is not installed: pip install "beamshell[zmq]"') from exc
    return zmq


def _full(address: str) -> str:
    """The address with its protocol; ZeroMQ itself would take port 65537 for port 1."""
    full = address if "://" in address else f"tcp://{address}"
    port = full.rpartition(":")[2]
    if full.startswith("tcp://") and port.removeprefix("-").isdecimal() and (problem := port_problem(int(port))):
        raise ConfigError(f"{address}: {problem}")
    return full


def _serializer(form: str) -> Callable[[Line], bytes]:
    if form == "json":
        return lambda line: line.text.encode()
    if form == "pickle":
        return lambda line: pickle.dumps(line.doc)
    if form != "msgpack":
        raise ConfigError(f"serializer {form!r} is none of json, msgpack, pickle")
    try:
        import msgpack
    except ImportError as exc:
        raise ConfigError('msgpack is not installed: pip install "beamshell[zmq]"') from exc
    return lambda line: bytes(msgpack.packb(line.doc))


def _secure(socket: zmq.Socket[bytes], secret_key: str, server_key: str, *, is_server: bool) -> None:
    """Encrypt a socket with curve keys, if some are named."""
    if not secret_key:
        return
    import zmq.auth

    try:
        socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(secret_key)
        if is_server:
            socket.curve_server = True
        else:
            socket.curve_serverkey, _ = zmq.auth.load_certificate(server_key)
    except (OSError, ValueError, TypeError) as exc:
        raise ConfigError(f"the key {secret_key} cannot be used: {exc}") from exc
