"""The CA repeater: hands the beacons of servers on to every CA client of this machine.

It knows the two messages of the protocol that concern it, and nothing of IOCs.
"""

from __future__ import annotations

import socket
import struct

_BEACON, _CONFIRM, _REGISTER = 13, 17, 24  # CA commands
_HEADER = struct.Struct(">HHHHI4s")


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
            except ConnectionError:  # a client has gone without a word
                continue
            self.handle(datagram, sender)

    def handle(self, datagram: bytes, sender: tuple[str, int]) -> None:
        """Do what one datagram asks; an empty one registers its sender, too."""
        command = struct.unpack_from(">H", datagram)[0] if len(datagram) >= _HEADER.size else _REGISTER
        if command == _REGISTER:
            self._clients.add(sender)
            self._send(_HEADER.pack(_CONFIRM, 0, 0, 0, 0, socket.inet_aton(sender[0])), sender)
            datagram = datagram[_HEADER.size :]
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
