"""Ports of one test worker: some for the IOCs that are started later, the others for all that is opened at once."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

_BLOCK = 25
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_FIRST = 20_000 + 1000 * (int(_WORKER.removeprefix("gw") or 0) % 12)
_blocks = itertools.count(_FIRST, _BLOCK)
_OTHERS = f"{_FIRST + 8 * _BLOCK}-{_FIRST + 999}"

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
