"""What all tests share: an isolated home, one demo IOC, and the rule that a test leaves nothing running."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from beamshell.ioc.process import DemoIoc

_HOME = Path(tempfile.mkdtemp(prefix="beamshell-tests-"))
_LOG = _HOME / "ioc.log"
_IOC = DemoIoc(seed=1, speed=10.0, log=_LOG)
"""Its ports are taken here; the process starts with the first test that asks for `demo_ioc`."""

os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # matplotlib's list of fonts takes seconds to make
os.environ.update(
    {
        "HOME": str(_HOME),
        "IPYTHONDIR": str(_HOME / "ipython"),
        "BEAMSHELL_DATA": str(_HOME / "data"),
        # libca reads these once, at the first call: they must be there before any test module is imported
        **_IOC.client_environment,
    }
)
for _name, _value in {"MPLBACKEND": "agg", "QT_QPA_PLATFORM": "offscreen", "PROMPT_TOOLKIT_NO_CPR": "1"}.items():
    os.environ.setdefault(_name, _value)


def pytest_unconfigure() -> None:
    """The last words of the whole session."""
    _IOC.stop()
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_ioc() -> Iterator[DemoIoc]:
    """The demo beamline over real Channel Access, ten times as fast as life, with seed 1.

    All tests share it: leave its motors where you like, but nothing stalled, dropped or closed.
    """
    if not _IOC.is_alive():
        _IOC.restart()
    _IOC.wait_ready()
    yield _IOC
    assert "Traceback" not in _LOG.read_text(), f"the IOC had to log errors: {_LOG.read_text()[:2000]}"


def _threads() -> set[threading.Thread]:
    """Python's own threads, less those of C callbacks and the services that live as long as the process."""
    return {
        thread
        for thread in threading.enumerate()
        if not isinstance(thread, threading._DummyThread) and not thread.name.startswith("beamshell-")
    }


def _children() -> set[int]:
    """Process ids of our children, zombies too; none where the system does not tell."""
    found = {int(pid) for listing in Path("/proc/self/task").glob("*/children") for pid in listing.read_text().split()}
    return found - {_IOC.pid or 0}


@pytest.fixture(autouse=True)
def nothing_stays_running() -> Iterator[None]:
    """A test that leaves a thread or a child process behind has failed; it has two seconds to clear up."""
    threads, children = _threads(), _children()
    yield
    deadline = time.monotonic() + 2.0
    while (left := (_threads() - threads, _children() - children)) != (set(), set()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == (set(), set()), f"still running: threads {left[0]}, processes {left[1]}"
