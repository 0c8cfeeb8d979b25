"""What waits for its library has not been asked yet, and is not to blame for that."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace

import pytest
from layer_servers import Instrument

from beamshell.channels import deferred, polled, remote
from beamshell.channels.ca import requests
from beamshell.channels.factory import open_channel
from beamshell.errors import NotConnected


@pytest.fixture(params=["http://127.0.0.1:9/nobody", "serial:///dev/nobody#x?ask=x", "pva://BL:nobody"])
def channel(request):
    pytest.importorskip({"http": "httpx", "serial": "serial", "pva": "p4p"}[request.param.partition(":")[0]])
    deferred.libraries.close()
    made = open_channel(request.param)
    made.connect()
    yield made
    made.close()
    deferred.libraries.open()


def is_of_now(channel):
    moment = time.time()
    return channel.disconnected_since >= moment


def test_a_channel_that_waits_for_its_library_is_looked_for_when_that_is_loaded(channel):
    assert is_of_now(channel)
    begun = time.time()
    with pytest.raises(NotConnected):
        channel.wait_connected(0.01)  # somebody wants it, so nothing is deferred any more
    deadline = begun + 30
    while is_of_now(channel):
        assert time.time() < deadline, "it was never asked for"
        time.sleep(0.005)
    assert begun <= channel.disconnected_since == channel.disconnected_since


@pytest.fixture
def no_searches():
    deferred.searches.close()
    yield
    deferred.searches.open()


def test_a_pv_is_searched_for_when_the_gate_of_searches_opens(demo_ioc, no_searches):
    channel = open_channel("ca://BL:th.RBV")
    channel.connect()
    assert (channel.is_deferred, is_of_now(channel)) == (True, True)
    opener = threading.Timer(0.05, deferred.searches.open)
    opener.start()
    channel.wait_connected(20)  # it waits for the gate first
    assert (channel.is_deferred, channel.connected) == (False, True)
    channel.close()
    opener.join()


def test_a_channel_that_was_closed_meanwhile_is_not_searched_for(demo_ioc, no_searches):
    closed, other = open_channel("ca://BL:th.RBV"), open_channel("ca://BL:th.VAL")
    for channel in (closed, other):
        channel.connect()
    closed.close()
    deferred.searches.open()
    other.wait_connected(20)
    assert not closed.connected
    assert closed not in requests.channels.values()
    other.close()


def test_what_is_needed_on_channel_access_imports_no_other_library(demo_ioc):
    deferred.libraries.close()
    channel = open_channel("ca://BL:th.RBV")
    channel.connect()
    channel.wait_connected(20)
    assert not deferred.libraries.is_open
    channel.close()
    deferred.libraries.open()


def test_what_cannot_begin_is_logged_and_the_gate_opens_for_the_others(caplog):
    gate, begun = deferred.Gate(), []

    def fails():
        raise NotConnected("BL:th.RBV: no such library")

    gate.close()
    for begin in (fails, lambda: begun.append("tth")):
        gate.run(begin)
    gate.open()
    assert (gate.is_open, begun, caplog.messages) == (True, ["tth"], ["BL:th.RBV: no such library"])


def test_a_clock_that_steps_back_makes_no_wait_longer(monkeypatch, demo_ioc):
    channel = open_channel("ca://BL:nobody")
    channel.connect()
    hours = itertools.count()
    monkeypatch.setattr(remote, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: -3600.0 * next(hours)))
    with pytest.raises(NotConnected):
        channel.wait_connected(0.05)
    channel.close()


def test_a_time_out_begins_when_the_library_is_there(monkeypatch, tmp_path):
    pytest.importorskip("serial")
    imported, library = threading.Event(), polled.library

    def slow(module):
        imported.wait(20)
        return library(module)

    monkeypatch.setattr(polled, "library", slow)
    deferred.libraries.close()
    instrument = Instrument(str(tmp_path / "line"))
    channel = open_channel(f"serial://{instrument.path}?end=CR&reply={{name}} {{value}}#POS")
    channel.connect()
    opener = threading.Timer(0.3, imported.set)
    opener.start()
    channel.wait_connected(0.2)
    assert channel.connected
    channel.close()
    opener.join()
    instrument.close()


def test_a_library_that_cannot_be_loaded_holds_no_verdict_up(monkeypatch):
    def fails(module):
        raise NotConnected(f"the library {module} cannot be imported")

    monkeypatch.setattr(polled, "library", fails)
    channel = open_channel("http://127.0.0.1:9/nobody")
    channel.connect()
    deadline = time.time() + 30
    while is_of_now(channel):
        assert time.time() < deadline, "it counts as not asked for"
        time.sleep(0.005)
    channel.close()
