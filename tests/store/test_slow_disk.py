"""A disk that takes its time, as a network disk does: nothing that is pressed or measured meanwhile is lost."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from beamshell import RunEngine
from beamshell.devices.sim import SynAxis
from beamshell.errors import RunEngineInterrupted
from beamshell.plans import scan
from beamshell.store import Journal, Runs


@pytest.fixture
def slow_disk(monkeypatch):
    """Lets one call of the system about a run file take so long that somebody presses Ctrl+C meanwhile."""
    real = {"fsync": os.fsync, "write": os.write}
    calls = {"fsync": 0, "write": 0}

    def slow(name, number):
        def call(fd, *more):
            path = os.readlink(f"/proc/self/fd/{fd}")
            calls[name] += "/runs/2" in path
            if "/runs/2" in path and calls[name] == number and threading.current_thread() is threading.main_thread():
                os.kill(os.getpid(), signal.SIGINT)
            return real[name](fd, *more)

        monkeypatch.setattr(os, name, call)

    return slow


@pytest.mark.parametrize(("call", "number"), [("fsync", 1), ("fsync", 2), ("write", 1), ("write", 3), ("write", 5)])
def test_a_press_while_the_disk_is_slow_pauses_the_scan_and_no_point_is_lost(tmp_path, slow_disk, call, number):
    engine, journal, motor = RunEngine({}), Journal(tmp_path), SynAxis(name="motor")
    engine.subscribe(journal, writer=True)
    slow_disk(call, number)
    with pytest.raises(RunEngineInterrupted):
        engine(scan([motor], motor, -1, 1, 5))
    engine.resume()
    journal.close()
    runs = Runs(tmp_path)
    assert runs[-1].exit_status == "success"
    assert runs[-1].table()["seq_num"].tolist() == [1, 2, 3, 4, 5]
    runs.index.close()
