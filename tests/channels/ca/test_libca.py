"""The library itself: whichever it is, and without a repeater; each in a process of its own, as it is loaded once."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import epics
import pytest
from frozen import frozen

from beamshell.channels.ca import libca
from beamshell.ioc.network import free_port

_BUNDLED = sorted(Path(epics.__file__).parent.glob("clibs/linux64/libca.so*"))

_EVERYTHING = """
import threading, time
import numpy as np
from beamshell.devices import EpicsSignal, EpicsSignalRO
velocity, shutter = EpicsSignal("BL:samx.VELO", name="velocity"), EpicsSignal("BL:shutter", name="shutter")
image, text = EpicsSignalRO("BL:webcam:image", array_dtype="uint16"), EpicsSignal("BL:samy.DESC")
many = [EpicsSignalRO("BL:heartbeat") for _ in range(50)]
for one in (velocity, shutter, image, text, *many):
    one.wait_for_connection(10)
updated, before = threading.Event(), velocity.get()
velocity.subscribe(lambda value, **_: value == before + 1 and updated.set())
velocity.set(before + 1).wait(10)
assert updated.wait(10)
velocity.set(before).wait(10)
assert image.get().size == 65536 and image.get().dtype == np.uint16
assert shutter.enum_strs == ("Close", "Open") and velocity.units and isinstance(text.get(), str)
assert len([collect() for collect in [one.begin_read() for one in many]]) == 50
missing = EpicsSignalRO("BL:nonesuch", connection_timeout=0.1)
try:
    missing.get()
except TimeoutError:
    print("works with", __import__("epics").ca.find_libca())
"""


def run(script, environment):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**{name: value for name, value in os.environ.items() if name != "PYEPICS_LIBCA"}, **environment},
        check=False,
    )


@pytest.mark.skipif(not _BUNDLED, reason="pyepics has no library of its own for this system")
def test_the_library_that_pyepics_brings_along_works_too(demo_ioc):
    ended = run(_EVERYTHING, {"PYEPICS_LIBCA": str(_BUNDLED[0])})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "epics/clibs" in ended.stdout


def test_without_a_word_in_the_environment_the_library_of_epics_base_is_taken(demo_ioc):
    ended = run(_EVERYTHING, {})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "epicscorelibs" in ended.stdout


_FROZEN = """
import sys, time
from beamshell.devices import EpicsSignal
velocity, values = EpicsSignal("OWN:samx.VELO", name="velocity"), []
velocity.subscribe(lambda connected, **_: print(connected, flush=True), event_type="meta")
velocity.subscribe(lambda value, **_: values.append(value))
velocity.wait_for_connection(10)
while not values: time.sleep(0.01)
sys.stdin.readline()  # frozen, noticed and thawed
velocity.wait_for_connection(10)
before = velocity.get()
velocity.set(before + 1).wait(10)
while values[-1] != before + 1: time.sleep(0.01)
velocity.set(before).wait(10)
print("goes on", velocity.units, flush=True)
"""


def _next_word(process):
    return process.stdout.readline().strip()


def test_a_frozen_ioc_is_noticed_by_its_silence_and_goes_on_where_it_was(own_ioc):
    """The library asks a silent IOC after EPICS_CA_CONN_TMO seconds (30 by default), and gives it five to answer."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _FROZEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "EPICS_CA_CONN_TMO": "1"},
    )
    with process:
        try:
            words = [_next_word(process)]
            if words == ["False"]:
                words.append(_next_word(process))
            assert words[-1] == "True"
            with frozen(own_ioc.pid):
                assert _next_word(process) == "False"
            assert _next_word(process) == "True"
            process.stdin.write("\n")
            process.stdin.flush()
            assert _next_word(process).startswith("goes on mm")
        finally:
            process.stdin.close()
            process.wait(10)
    assert process.returncode == 0


_CHILDREN = """
import time
from pathlib import Path
from beamshell.devices import EpicsSignal
velocity = EpicsSignal("BL:samx.VELO", name="velocity")
velocity.wait_for_connection(10)
time.sleep(0.5)  # the library may take its time to look for a repeater
print([pid for listing in Path("/proc/self/task").glob("*/children") for pid in listing.read_text().split()])
"""


def test_a_repeater_is_heard_though_it_answers_from_another_port_than_its_own():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as repeater,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as of_the_client,
    ):
        repeater.bind(("127.0.0.1", 0))

        def confirm():
            while True:
                request, client = repeater.recvfrom(64)
                if not request:
                    return
                of_the_client.sendto(request, client)

        thread = threading.Thread(target=confirm)
        thread.start()
        try:
            port = repeater.getsockname()[1]
            assert any(libca._repeater_answers(port) for _ in range(500))  # a busy machine may miss some
        finally:
            of_the_client.sendto(b"", repeater.getsockname())
            thread.join()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not list a process's children")
def test_a_machine_without_a_repeater_gets_one_and_no_zombie(demo_ioc):
    ended = run(_CHILDREN, {"EPICS_CA_REPEATER_PORT": str(free_port()), "PATH": ""})
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "[]", "")
