"""What all tests share: a home and a demo IOC for each worker, and the rule that a test leaves nothing running.

`pytest` alone takes two workers for each core, since most tests wait for an IOC. A file stays on one worker.
`-n 0` runs all in this process, for a debugger. `--hypothesis-profile=long` tries fifty times as many examples.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from network_proxy import NetworkProxy
from ports import reserved_ports

from beamshell.ioc.network import LOOPBACK, free_port
from beamshell.ioc.process import DemoIoc

_HOME = Path(tempfile.mkdtemp(prefix="beamshell-tests-"))
_LOG = _HOME / "ioc.log"
with reserved_ports():
    _IOC = DemoIoc(seed=1, speed=10.0, log=_LOG)
with reserved_ports():
    _OWN_IOC = DemoIoc(seed=1, speed=10.0, twin=_HOME / "own.json")
with reserved_ports():
    _FAR_IOC = DemoIoc(seed=1, speed=10.0, twin=_HOME / "far.json")
with reserved_ports():  # of its own, as the IOC serves on its other ports only later
    _FAR_NETWORK = NetworkProxy(_FAR_IOC.port, free_port())
"""Their ports are taken here; the processes start with the first test that asks for them."""

os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # matplotlib's list of fonts takes seconds to make
os.environ.update(
    {
        "HOME": str(_HOME),
        "IPYTHONDIR": str(_HOME / "ipython"),
        "BEAMSHELL_DATA": str(_HOME / "data"),
        # libca reads these once, at the first call: they must be there before any test module is imported
        **_IOC.client_environment,
        "EPICS_CA_ADDR_LIST": f"{LOOPBACK}:{_IOC.port} {LOOPBACK}:{_OWN_IOC.port} {LOOPBACK}:{_FAR_NETWORK.port}",
    }
)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background job ignores it, and so would consoles
# A hundred consoles and IOCs are started: each would compile the package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for _name, _value in {"MPLBACKEND": "agg", "QT_QPA_PLATFORM": "offscreen", "PROMPT_TOOLKIT_NO_CPR": "1"}.items():
    os.environ.setdefault(_name, _value)

# In the suite the same examples each time: a red test has its cause in a change. Others are looked for by hand.
settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=2500, deadline=None)
settings.load_profile(os.environ.get("BEAMSHELL_HYPOTHESIS", "quick"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core: they mostly wait. One test that is named needs no workers."""
    return 0 if any("::" in word for word in config.args) else 2 * min(os.cpu_count() or 1, 4)


LONGEST = (
    "shell/test_memory.py",
    "shell/test_random_typist.py",
    "system/test_examples_of_help.py",
    "system/test_long.py",
    "analysis/test_fits.py",
)
"""Files in which one test, or what all of its tests wait for, takes longer than most files do."""
ROOMS_THAT_WAIT = ("system", "devices", "ioc", "channels", "interop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest come first; then files that wait and files that compute, evenly mixed, for both cores."""
    files = list(dict.fromkeys(item.nodeid.partition("::")[0] for item in items))
    longest = [file for name in LONGEST for file in files if file == f"tests/{name}"]
    rooms = tuple(f"tests/{room}/" for room in ROOMS_THAT_WAIT)
    share: dict[str, float] = {file: rank - len(longest) for rank, file in enumerate(longest)}
    for waits in (True, False):
        alike = [file for file in files if file not in longest and file.startswith(rooms) is waits]
        share |= {file: rank / len(alike) for rank, file in enumerate(alike)}
    items.sort(key=lambda item: share[item.nodeid.partition("::")[0]])


def pytest_collection_finish() -> None:
    """Let garbage collection leave alone what lives as long as the process; some tests ask for a whole one."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _failed_by_an_interrupt(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _failed_by_an_interrupt(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _failed_by_an_interrupt(item))


def _failed_by_an_interrupt(item: pytest.Item) -> Generator[None, None, None]:
    """A stray KeyboardInterrupt fails its test and not pytest.

    Only on a worker: there none is meant by a person, whose Ctrl+C the process that runs the workers answers.
    """
    try:
        return (yield)
    except KeyboardInterrupt as exc:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            raise
        raise AssertionError(f"a KeyboardInterrupt came out of {item.nodeid}") from exc


def pytest_unconfigure() -> None:
    """The last words of the whole session."""
    _IOC.close()
    _OWN_IOC.close()
    _FAR_IOC.close()
    _FAR_NETWORK.close()
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_ioc() -> Iterator[DemoIoc]:
    """The demo beamline over real Channel Access, ten times as fast as life, with seed 1.

    All tests of a worker share it: leave its motors where you like, but nothing stalled, dropped or closed. What kills
    or freezes an IOC takes `own_ioc`.
    """
    if not _IOC.is_alive():
        _IOC.restart()
    _IOC.wait_ready()
    yield _IOC
    assert "Traceback" not in _LOG.read_text(), f"the IOC had to log errors: {_LOG.read_text()[:2000]}"


OWN_DEVICES = """
th: {class: motor, prefix: "OWN:th", twin: {speed: 1}}
samx: {class: motor, prefix: "OWN:samx"}
det: {class: counter, prefix: "OWN:det"}
mcs: {class: multichannel_scaler, prefix: "OWN:mcs:", counters: {i0: 2, it: 3}}
cam: {class: area_detector, prefix: "OWN:cam:"}
ring: {class: signal_ro, prefix: "OWN:current", twin: {value: 400, units: mA}}
"""


@pytest.fixture
def own_ioc() -> Iterator[DemoIoc]:
    """An IOC for one test, to be killed or frozen: OWN:th, OWN:samx, OWN:det, OWN:mcs:, OWN:cam:, OWN:current."""
    _write_twin("own")
    _OWN_IOC.restart()
    _OWN_IOC.wait_ready()
    yield _OWN_IOC
    _OWN_IOC.kill()


def _write_twin(name: str) -> None:
    """Write the facts of an IOC of its own, whose PVs begin with the name."""
    from beamshell.devices.simulation import simulation_of

    (_HOME / f"{name}.yml").write_text(OWN_DEVICES.replace("OWN:", f"{name.upper()}:"))
    facts, left_out = simulation_of(_HOME / f"{name}.yml")
    assert left_out == []
    (_HOME / f"{name}.json").write_text(json.dumps(facts))


@pytest.fixture
def far() -> Iterator[NetworkProxy]:
    """The network to an IOC that is far away: FAR:th, FAR:samx, FAR:det and the other devices of `own_ioc`.

    It is as quick as loopback until a test calls `delay`. All tests of a worker share the IOC.
    """
    if not _FAR_IOC.is_alive():
        _write_twin("far")
        _FAR_IOC.restart()
        _FAR_IOC.wait_ready()
    with _FAR_NETWORK:
        yield _FAR_NETWORK


def _threads() -> set[threading.Thread]:
    """Python's own threads, less those of C callbacks and the services that live as long as the process."""
    return {
        thread
        for thread in threading.enumerate()
        if not isinstance(thread, threading._DummyThread) and not thread.name.startswith("beamshell-")
    }


def _children() -> set[int]:
    """Process ids of our children, zombies too; none where the system does not tell."""
    children: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # this thread has ended meanwhile
            children.update(map(int, listing.read_text().split()))
    return children - {ioc.pid or 0 for ioc in (_IOC, _OWN_IOC, _FAR_IOC)}


@pytest.fixture(autouse=True)
def nothing_stays_running() -> Iterator[None]:
    """A test that leaves a thread or a child process behind has failed; it has two seconds to clear up."""
    threads, children = _threads(), _children()
    yield
    deadline = time.monotonic() + 2.0
    while (left := (_threads() - threads, _children() - children)) != (set(), set()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == (set(), set()), f"still running: threads {left[0]}, processes {left[1]}"
