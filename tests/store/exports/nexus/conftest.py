"""NexusFiles of documents, opened with h5py."""

from __future__ import annotations

import itertools
from contextlib import ExitStack

import h5py
import pytest

from beamshell.store.exports.nexus.entry import nexus_file


@pytest.fixture
def written(tmp_path):
    """A NeXus file of documents: ``written(documents)`` is its path."""
    numbers = itertools.count(1)

    def written(documents, **more):
        path = tmp_path / "exports" / f"{next(numbers)}.nxs"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(nexus_file(documents, path.parent, **more))
        return path

    return written


@pytest.fixture
def entry_of(written):
    """The entry of the NeXus file of documents, open for reading."""
    with ExitStack() as files:

        def entry_of(documents, **more):
            return files.enter_context(h5py.File(written(documents, **more)))["entry"]

        yield entry_of
