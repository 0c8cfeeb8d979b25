"""Windows of Tk where there is no display: one line says so, and the scan goes on. In a process of its own.

No package brings a display for Tk along, as Qt brings one ("offscreen"), so no window of Tk is opened by a test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import rendered

SCRIPT = """
import json, os
from beamshell.callbacks import BestEffort
from beamshell.callbacks.figures import choose_backend, windows
from beamshell.callbacks.painter import painter

seen = {"backend": choose_backend(os.environ, "linux"), "lines": []}
best = BestEffort(out=seen["lines"].append)
for documents in json.loads(os.environ["DOCUMENTS"]):
    for name, doc in documents:
        best(name, doc)
    painter.flush()
seen["possible"] = windows.possible
print(json.dumps(seen))
"""


@pytest.fixture(scope="module", params=[None, ":4711"], ids=["no display", "a display that is not there"])
def done(request):
    """What two scans printed, and what was said beside."""
    pytest.importorskip("tkinter")
    environ = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if request.param is not None:
        environ["DISPLAY"] = request.param
    environ |= {"MPLBACKEND": "tkagg", "BEAMSHELL_PLOTS": "window"}
    bell = 1000 * np.exp(-((rendered.X / 0.3) ** 2))
    environ["DOCUMENTS"] = json.dumps([rendered.run({"det": bell}, number=number) for number in (1, 2)])
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_tk_is_taken_if_it_was_asked_for(done):
    assert done[0]["backend"] == "tkagg"


def test_that_there_is_no_window_is_said_once_in_one_line(done):
    (line,) = done[1].splitlines()
    assert line.startswith("no plot windows, the next plots are in the terminal: TclError: ")
    assert "display" in line
    assert done[0]["possible"] is False


def test_the_scans_have_all_their_points_in_the_table(done):
    feet = [line for line in done[0]["lines"] if "success" in line]
    assert [foot.partition(",")[0] for foot in feet] == ["scan 1: success", "scan 2: success"]
    assert all("41 points" in foot for foot in feet)
