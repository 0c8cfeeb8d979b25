"""The data folder of a test: its journal, and a place for runs that it refuses, where no other test has put any."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def rescue_place(tmp_path_factory, monkeypatch):
    """Where runs go that a data folder refuses."""
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("HOME", str(place / "home"))
    return place


@pytest.fixture
def journal(tmp_path):
    from beamshell.store import Journal

    journal = Journal(tmp_path)
    yield journal
    journal.close()
