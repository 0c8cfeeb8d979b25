"""What the session says of devices that do not answer; no IOC, no engine, no shell."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from beamshell.devices.registry import Registry
from beamshell.shell.config import Beamshell
from beamshell.shell.session import Session


class Lost:
    """Does not answer, and was first asked for so many seconds ago."""

    connected = False

    def __init__(self, name, seconds):
        self.name = name
        self.disconnected_since = time.time() - seconds


@pytest.fixture
def session():
    """Its devices were loaded two seconds ago."""
    session = Session(SimpleNamespace(user_ns={}), Beamshell(connect_wait=0.0))
    session.registry = Registry()
    session.RE = SimpleNamespace(suspenders=[])
    session._loaded_at = time.monotonic() - 2.0
    return session


def test_what_does_not_answer_is_named_before_the_first_command_and_then_no_more(session, capsys):
    session.registry.add(Lost("th", 2.5))
    session.wait_for_devices()
    assert capsys.readouterr().err == "beamshell: offline: th (type offline for the addresses)\n"
    session.wait_for_devices()
    assert capsys.readouterr().err == ""


def test_what_was_asked_for_late_is_named_when_it_has_had_the_time_to_answer(session, capsys):
    chiller, gas = (session.registry.add(Lost(name, 0.1)) for name in ("chiller", "gas"))
    session.wait_for_devices()
    session.wait_for_devices()
    assert capsys.readouterr().err == ""
    session._loaded_at -= 60
    chiller.connected = True
    gas.disconnected_since -= 60
    session.wait_for_devices()
    assert capsys.readouterr().err == "beamshell: offline: gas (type offline for the addresses)\n"
    session.wait_for_devices()
    assert capsys.readouterr().err == ""
