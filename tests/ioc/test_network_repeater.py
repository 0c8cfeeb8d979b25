"""The CA repeater, with plain sockets."""

import socket
import struct

import pytest

from beamshell.ioc.network import LOOPBACK, Repeater

REGISTER = struct.pack(">HHHHI4s", 24, 0, 0, 0, 0, bytes(4))
BEACON = struct.pack(">HHHHI4s", 13, 0, 13, 5064, 1, bytes(4))


@pytest.fixture
def sockets():
    """A repeater's socket, and those of two clients."""
    opened = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for udp in opened:
        udp.bind((LOOPBACK, 0))
        udp.settimeout(2.0)
    yield opened
    for udp in opened:
        udp.close()


def test_a_client_that_registers_gets_a_confirmation(sockets):
    own, client, _ = sockets
    Repeater(own).handle(REGISTER, client.getsockname())
    confirmation = client.recv(64)
    assert struct.unpack_from(">H", confirmation)[0] == 17
    assert confirmation[12:] == socket.inet_aton(LOOPBACK)


def test_a_beacon_goes_to_every_client_with_the_address_of_its_server(sockets):
    own, *clients = sockets
    repeater = Repeater(own)
    for client in clients:
        repeater.handle(REGISTER, client.getsockname())
        client.recv(64)
    repeater.handle(BEACON, (LOOPBACK, 5064))
    for client in clients:
        assert client.recv(64) == BEACON[:12] + socket.inet_aton(LOOPBACK)


def test_a_beacon_is_not_sent_back_to_where_it_came_from(sockets):
    own, client, other = sockets
    repeater = Repeater(own)
    for udp in (client, other):
        repeater.handle(REGISTER, udp.getsockname())
        udp.recv(64)
    repeater.handle(BEACON, client.getsockname())
    assert other.recv(64)
    client.settimeout(0.02)
    with pytest.raises(TimeoutError):
        client.recv(64)
