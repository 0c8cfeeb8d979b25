"""Runs in files, made by the real journal."""

from __future__ import annotations

import pytest

from beamshell.store import Run


@pytest.fixture
def run_of(made, write):
    """A run from streams: ``run_of(primary=({"det": "deg"}, [{"det": 1}]))`` with units and points.

    ``md`` is its metadata, ``status`` how it ended (None: it is open), and ``keys`` more about data keys.
    """

    def run_of(closed=True, status="success", md=None, keys=None, scan_id=12, **streams):
        start = made.start(scan_id, **md or {})
        documents = [start]
        for stream, (units, points) in streams.items():
            data_keys = {
                key: {"source": "", "dtype": "number", "shape": [], "units": unit, **(keys or {}).get(key, {})}
                for key, unit in units.items()
            }
            descriptor = made.descriptor(start[1], stream, keys=list(units), data_keys=data_keys)
            documents += [descriptor, *(made.event(descriptor[1], n + 1, **data) for n, data in enumerate(points))]
        return Run(write([*documents, *([made.stop(start[1], status)] if closed else [])]))

    return run_of
