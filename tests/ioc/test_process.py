"""The parent's side of the demo IOC: it starts, stops, restarts, and never outlives us."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from beamshell.errors import IocError
from beamshell.ioc import network
from beamshell.ioc.process import PROBE_PV, DemoIoc


def run_python(code, env=None, **options):
    """A Python process of its own, with our environment changed by `env`."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_starting_does_not_wait_for_the_ioc():
    began = time.monotonic()
    with DemoIoc.start() as ioc:
        started = time.monotonic()
        assert ioc.is_alive()
        ioc.wait_ready()
        assert started - began < time.monotonic() - started


def test_two_iocs_serve_side_by_side(demo_ioc):
    with DemoIoc.start() as other:
        other.wait_ready()
        assert other.port != demo_ioc.port
        assert network.answers(PROBE_PV, other.port, timeout_s=1.0)
        assert network.answers(PROBE_PV, demo_ioc.port, timeout_s=1.0)


def test_an_ioc_that_was_killed_restarts_on_the_same_port():
    with DemoIoc.start() as ioc:
        ioc.wait_ready()
        port, environment, first = ioc.port, ioc.client_environment, ioc.pid
        ioc.kill()
        assert not ioc.is_alive()
        assert ioc.pid is None
        assert not network.answers(PROBE_PV, port, timeout_s=0.05)
        ioc.restart()
        ioc.wait_ready()
        assert (ioc.port, ioc.client_environment) == (port, environment)
        assert ioc.pid != first


def test_an_ioc_that_was_stopped_restarts_and_once_closed_it_leaves_its_port_free():
    ioc = DemoIoc.start()
    ioc.wait_ready()
    for _ in range(2):
        ioc.stop()
    ioc.restart()
    ioc.wait_ready()
    for _ in range(2):
        ioc.close()
    assert network.is_free(ioc.port)


def test_a_port_in_use_is_refused_with_its_number(demo_ioc):
    with pytest.raises(IocError, match=f"port {demo_ioc.port} is in use"):
        DemoIoc.start(port=demo_ioc.port)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": 99999999}, "port 99999999: write one from 5001 to 65535"),
        ({"port": -1}, "port -1: write"),
        ({"port": 0}, "port 0: write"),
        ({"port": 5000}, "port 5000: write"),
        ({"speed": 0.0}, "speed 0: write a number above 0, such as 1"),
        ({"speed": -3.0}, "speed -3: write"),
        ({"speed": float("nan")}, "speed nan: write"),
        ({"speed": float("inf")}, "speed inf: write"),
        ({"seed": -1}, "seed -1: write 0 or a larger number"),
    ],
)
def test_a_number_that_no_ioc_can_have_is_refused_in_one_line(options, message):
    with pytest.raises(IocError, match=f"^{message}"):
        DemoIoc(**options)


def test_a_failure_to_start_is_reported_with_the_last_words_of_the_ioc(tmp_path):
    with DemoIoc.start(twin=tmp_path / "none.json") as ioc, pytest.raises(IocError, match=r"none\.json: no facts"):
        ioc.wait_ready()


def test_a_wait_that_is_too_short_says_how_long_it_was():
    with DemoIoc.start() as ioc, pytest.raises(IocError, match=r"did not answer on port \d+ within 0\.01 s"):
        ioc.wait_ready(timeout_s=0.01)


def test_the_output_of_the_ioc_goes_to_its_log_file(tmp_path):
    log = tmp_path / "ioc.log"
    with DemoIoc.start(twin=tmp_path / "none.json", log=log) as ioc, pytest.raises(IocError):
        ioc.wait_ready()
    assert "no facts for a twin" in log.read_text()


def test_control_c_in_the_terminal_does_not_reach_the_ioc():
    with DemoIoc.start() as ioc:
        ioc.wait_ready()
        assert os.getsid(ioc.pid) != os.getsid(0)
        assert os.getpgid(ioc.pid) != os.getpgid(0)


@pytest.mark.parametrize("seconds", [0.0, 1.0], ids=["while it starts", "while it runs"])
def test_no_orphan_survives_the_kill_of_its_parent(seconds):
    parent = run_python(
        """
        import time
        from beamshell.ioc.process import DemoIoc
        ioc = DemoIoc.start()
        print(ioc.pid, flush=True)
        time.sleep(60)
        """
    )
    try:
        pid = int(parent.stdout.readline())
        time.sleep(seconds)
        assert is_running(pid)
    finally:
        parent.kill()
        parent.communicate()
    wait_for(lambda: not is_running(pid), timeout_s=2.0)


def test_no_orphan_survives_even_if_a_forked_sibling_holds_its_standard_input():
    parent = run_python(
        """
        import os, time
        from beamshell.ioc.process import DemoIoc
        ioc = DemoIoc.start()
        sibling = os.fork()
        if sibling:
            print(ioc.pid, sibling, flush=True)
        time.sleep(60)
        """
    )
    try:
        pid, sibling = map(int, parent.stdout.readline().split())
    finally:
        parent.kill()
        parent.wait()
    try:
        wait_for(lambda: not is_running(pid), timeout_s=3.0)
        assert is_running(sibling)
    finally:
        os.kill(sibling, signal.SIGKILL)
        parent.communicate()


def test_the_end_of_the_thread_that_started_it_does_not_end_the_ioc():
    import threading

    started = []
    thread = threading.Thread(target=lambda: started.append(DemoIoc.start()))
    thread.start()
    thread.join()
    with started[0] as ioc:
        ioc.wait_ready()
        time.sleep(0.7)  # longer than the IOC's look for its parent
        assert ioc.is_alive()


CLIENT = """
    from pathlib import Path
    import epics
    epics.PV("BL:nosuch").wait_for_connection(timeout=1.5)
    children = [p.read_text() for p in Path("/proc/self/task").glob("*/children")]
    print("children:", "".join(children).strip())
"""


@pytest.mark.parametrize("with_our_libca", [True, False])
def test_a_client_finds_a_repeater_prints_nothing_and_starts_nothing(demo_ioc, with_our_libca):
    env = dict(demo_ioc.client_environment)
    if not with_our_libca:
        env["PYEPICS_LIBCA"] = ""  # the old library of the pyepics wheel
    client = run_python(CLIENT, env)
    out, err = client.communicate(timeout=20)
    assert err == ""
    assert out.splitlines()[-1].split() == ["children:"]


def test_a_client_that_is_earlier_than_the_ioc_finds_a_repeater_too():
    with DemoIoc() as ioc:  # ports only
        client = run_python(CLIENT, ioc.client_environment)
        out, err = client.communicate(timeout=20)
        assert out.splitlines()[-1].split() == ["children:"]
        assert err == ""


def test_the_terminating_signal_ends_the_ioc_at_once():
    with DemoIoc.start() as ioc:
        ioc.wait_ready()
        os.kill(ioc.pid, signal.SIGTERM)
        wait_for(lambda: not ioc.is_alive(), timeout_s=1.0)


def test_the_repeater_never_takes_the_port_on_which_its_ioc_will_serve(monkeypatch):
    first = network.free_port()
    monkeypatch.setenv("BEAMSHELL_PORTS", f"{first}-{first + 9}")
    for _ in range(20):
        with DemoIoc() as ioc:  # ports only
            environment = ioc.client_environment
        ports = {ioc.port, int(environment["EPICS_CA_REPEATER_PORT"])}
        assert len(ports) == 2
