"""The console in a Jupyter kernel, on the demo beamline: run by nbclient, as a notebook is."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from terminal import PATIENCE_S, environment

from beamshell.store import Runs


class Notebook(NotebookClient):
    """A notebook with one kernel; its cells are run one by one."""

    def __init__(self, kernel_name):
        super().__init__(nbformat.v4.new_notebook(), kernel_name=kernel_name, timeout=PATIENCE_S, allow_errors=True)
        self.press_at = ""
        self.displays = []

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in ("display_data", "update_display_data"):
            self.displays.append((msg["msg_type"], msg["content"]["transient"]["display_id"]))
        if self.press_at and self.press_at in msg["content"].get("text", ""):
            self.press_at = ""
            self.pressing = asyncio.ensure_future(self.km.interrupt_kernel())  # as the Stop button does
        return super().process_message(msg, cell, cell_index)

    def do(self, source, press_at=""):
        """Run a cell; what it shows, as text. The Stop button is pressed when `press_at` is shown."""
        self.press_at, self.displays = press_at, []
        self.nb.cells.append(cell := nbformat.v4.new_code_cell(source))
        self.execute_cell(cell, len(self.nb.cells) - 1)
        return "".join(map(_text_of, cell.outputs))


def _text_of(output):
    if output["output_type"] == "error":
        return output["ename"]
    return output.get("text") or output["data"].get("text/plain", "")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """Jupyter's folders, with a kernel for the demo beamline that `beamshell kernel` has put there."""
    folder = tmp_path_factory.mktemp("jupyter")
    own = environment(folder / "data") | {"JUPYTER_PATH": str(folder / "share/jupyter"), "IPYTHONDIR": str(folder)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        for name in os.environ.keys() - own.keys():
            patch.delenv(name)
        command = [sys.executable, "-m", "beamshell", "kernel", "--prefix", str(folder), "--data", str(folder / "data")]
        subprocess.run(command, check=True, capture_output=True)
        yield folder / "share/jupyter/kernels"


@pytest.fixture(scope="module")
def notebook(kernels):
    notebook = Notebook("beamshell-demo")
    with notebook.setup_kernel():
        yield notebook


def test_the_kernel_has_the_profile_with_its_devices_and_commands(notebook, kernels):
    assert json.loads((kernels / "beamshell-demo/kernel.json").read_text())["display_name"] == "beamshell demo"
    assert "mono.energy" in notebook.do("wa")
    assert "'demo'" in notebook.do("session.config.name")
    assert notebook.do("callable(demo)") == "True"  # the command of the profile's own start-up file


def test_a_scan_shows_its_table_and_one_plot_that_is_updated_in_place(notebook):
    text = notebook.do("scan det th -1 1 11 0.1")
    assert "11 points" in text
    assert "det: max" in text
    kinds, ids = zip(*notebook.displays, strict=True)
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    assert len(set(ids)) == 1


def test_the_next_scan_has_a_plot_below_its_own_cell(notebook):
    plots = []
    for _ in range(2):
        notebook.do("scan det th -1 1 5 0.1")
        plots.append(notebook.displays[0])
    assert plots[0][0] == plots[1][0] == "display_data"
    assert plots[0][1] != plots[1][1]


def test_the_stop_button_pauses_a_scan_as_ctrl_c_does_and_resume_goes_on(notebook):
    text = notebook.do("scan det th -1 1 21 0.1", press_at=" -0.8000 ")
    assert "Pausing at the next checkpoint" in text
    assert "resume  go on from the last checkpoint" in text
    assert notebook.do("session.state") == "'paused'"
    assert "21 points" in notebook.do("resume")
    assert notebook.do("runs[-1].num_events['primary'], runs[-1].exit_status") == "(21, 'success')"


def test_the_stop_button_interrupts_a_cell_that_runs_no_plan(notebook):
    text = notebook.do("print('begun', flush=True)\nimport time\ntime.sleep(600)", press_at="begun")
    assert "interrupt" in text.lower()


def test_a_refused_command_is_one_line_and_ends_run_all(notebook):
    notebook.allow_errors = False
    with pytest.raises(CellExecutionError):
        notebook.do("mov th 100")
    notebook.allow_errors = True
    assert notebook.nb.cells[-1].outputs[-1]["text"] == "beamshell: th: 100 deg is above the limit 90 deg\n"


def test_any_notebook_opens_a_profile_with_load_ext(kernels):
    plain = Notebook("python3")
    with plain.setup_kernel():
        plain.do("%env BEAMSHELL_OPTIONS=--profile nowhere")
        assert plain.do("%load_ext beamshell").startswith("UsageError: no profile 'nowhere' (there are: demo")
        plain.do("%env BEAMSHELL_OPTIONS=--profile demo --twin")
        assert "th, tth" in plain.do("%load_ext beamshell")
        assert plain.do("session.config.name") == "'demo-twin'"
        assert "th  " in plain.do("wa")


def test_a_plan_that_is_paused_is_aborted_when_the_kernel_ends(kernels, notebook):
    notebook.do("control give")  # the kernel of the other tests, on the same data folder
    notebook = Notebook("beamshell-demo")
    with notebook.setup_kernel():
        notebook.do("scan det th -1 1 21 0.1", press_at=" -0.8000 ")
        uid = notebook.do("runs[-1].uid").strip("'")
        folder = notebook.do("str(session.folder)").strip("'")
    run = Runs(folder)[uid]
    assert run.exit_status == "abort"
