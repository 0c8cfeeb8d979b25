"""The console's own IOC starts while the console opens: no device is searched for before it answers."""

from __future__ import annotations

import threading

import pytest

from beamshell.channels.deferred import searches
from beamshell.errors import ConfigError, IocError
from beamshell.shell.simulated_iocs import hold_searches_until_ready, start_twin


class StartingIoc:
    """An IOC that answers, or fails, when it is let to."""

    def __init__(self) -> None:
        self.pid: int | None = 7
        self.failure: Exception | None = None
        self.go_on = threading.Event()

    def wait_ready(self) -> None:
        self.go_on.wait(20)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def ioc():
    ioc = StartingIoc()
    yield ioc
    ioc.go_on.set()
    searches.wait()


@pytest.fixture
def reported():
    return []


def end(ioc: StartingIoc) -> None:
    """Let its start end, and wait until the console has noticed."""
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "beamshell-ioc-start"]
    ioc.go_on.set()
    thread.join(20)


def test_searches_wait_until_the_ioc_answers(ioc, reported):
    begun = []
    hold_searches_until_ready(ioc, reported.append)
    searches.run(lambda: begun.append("th"))
    assert (searches.is_open, begun) == (False, [])
    end(ioc)
    assert (searches.is_open, begun, reported) == (True, ["th"], [])


def test_an_ioc_that_does_not_start_is_reported_and_holds_nothing_back(ioc, reported):
    ioc.failure = IocError("the demo IOC ended before it answered: no memory")
    hold_searches_until_ready(ioc, reported.append)
    end(ioc)
    assert (searches.is_open, reported) == (True, [ioc.failure])


def test_an_ioc_that_is_stopped_as_the_console_closes_is_no_failure(ioc, reported):
    ioc.failure = IocError("the demo IOC was stopped before it answered")
    hold_searches_until_ready(ioc, reported.append)
    ioc.pid = None
    end(ioc)
    assert (searches.is_open, reported) == (True, [])


def test_a_file_of_which_nothing_can_be_served_is_an_error_with_its_reasons(tmp_path, reported):
    file = tmp_path / "broken.yml"
    file.write_text("th: {class: motr, prefix: X}\nother: {class: sim_motor\n")
    with pytest.raises(ConfigError, match=r"broken\.yml: no device in it has a PV that a twin can serve"):
        start_twin(file, report=reported.append)
    assert [str(problem).split(": ", 1)[1] for problem in reported] == [
        "other: not YAML: did not find expected ',' or '}'",
        "th: no class 'motr': did you mean motor?",
    ]
