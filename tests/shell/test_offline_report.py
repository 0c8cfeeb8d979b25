"""What is said of devices that do not answer; no IOC, no engine, no shell."""

from __future__ import annotations

import time

import pytest

from beamshell.devices.registry import Registry
from beamshell.shell.offline_report import OfflineReport


class Lost:
    """Does not answer, and was first asked for so many seconds ago."""

    connected = False

    def __init__(self, name, seconds):
        self.name = name
        self.disconnected_since = time.time() - seconds


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def roll_call(registry):
    """The devices were loaded two seconds ago."""
    roll_call = OfflineReport(registry, wait_s=0.0)
    roll_call._loaded_at -= 2.0
    return roll_call


def test_what_does_not_answer_is_named_before_the_first_command_and_then_no_more(registry, roll_call, capsys):
    registry.add(Lost("th", 2.5))
    roll_call.call()
    assert capsys.readouterr().err == "beamshell: offline: th (type offline for the addresses)\n"
    roll_call.call()
    assert capsys.readouterr().err == ""


def test_what_was_asked_for_late_is_named_when_it_has_had_the_time_to_answer(registry, roll_call, capsys):
    chiller, gas = (registry.add(Lost(name, 0.1)) for name in ("chiller", "gas"))
    roll_call.call()
    roll_call.call()
    assert capsys.readouterr().err == ""
    roll_call._loaded_at -= 60
    chiller.connected = True
    gas.disconnected_since -= 60
    roll_call.call()
    assert capsys.readouterr().err == "beamshell: offline: gas (type offline for the addresses)\n"
    roll_call.call()
    assert capsys.readouterr().err == ""
