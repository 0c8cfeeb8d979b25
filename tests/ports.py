"""Ports of one test worker: some for the IOCs that are started later, the others for all that is opened at once."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_BLOCK = 20
_SIZE, _SHARES = 500, 24


def _claimed_share() -> int:
    """The first port of a share that no other process has, here or in another session; it is ours until we end."""
    for share in range(_SHARES):
        first = 20_000 + _SIZE * share
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", first))
        except OSError:
            claim.close()
        else:
            claim.detach()
            return first + 1
    raise RuntimeError(f"all {_SHARES} shares of ports are taken: too many test sessions at once")


_FIRST = _claimed_share()
_blocks = itertools.count(_FIRST, _BLOCK)
_OTHERS = f"{_FIRST + 10 * _BLOCK}-{_FIRST + _SIZE - 2}"

os.environ["BEAMSHELL_PORTS"] = _OTHERS


@contextmanager
def reserved_ports() -> Iterator[None]:
    """Ports chosen inside stay free until they are served on: each use has a block of its own."""
    first = next(_blocks)
    os.environ["BEAMSHELL_PORTS"] = f"{first}-{first + _BLOCK - 1}"
    try:
        yield
    finally:
        os.environ["BEAMSHELL_PORTS"] = _OTHERS
