"""What a shell of another program opens, and what `beamshell kernel` writes: without a kernel."""

from __future__ import annotations

import json
import sys

import pytest

from beamshell.errors import ConfigError, UsageError
from beamshell.shell import notebook


def test_without_options_no_profile_is_opened(monkeypatch):
    monkeypatch.delenv(notebook.OPTIONS, raising=False)
    assert notebook.options_of_environment() is None


def test_a_profile_and_its_start_up_files_are_read_from_the_environment(monkeypatch, tmp_path):
    profile = tmp_path / "profile_mine"
    profile.mkdir()
    (profile / "ipython_config.py").write_text(
        "c = get_config()\nc.InteractiveShellApp.exec_files = ['00-session.py']\nc.Beamshell.name = 'mine'\n"
    )
    monkeypatch.setenv(notebook.OPTIONS, f"--profile '{profile}' --data '{tmp_path}' --Beamshell.operator=me")
    options = notebook.options_of_environment()
    assert (options.config.name, options.config.operator, options.folder) == ("mine", "me", tmp_path)
    assert options.file_config.InteractiveShellApp.exec_files == ["00-session.py"]


def test_a_word_that_opens_nothing_is_named(monkeypatch, tmp_path):
    (tmp_path / "ipython_config.py").write_text("")
    monkeypatch.setenv(notebook.OPTIONS, f"--profile '{tmp_path}' --data '{tmp_path}' -c wa")
    with pytest.raises(UsageError, match="BEAMSHELL_OPTIONS: -c wa: only --profile, --data, --twin"):
        notebook.options_of_environment()


def test_the_kernel_opens_the_profile_that_was_named(tmp_path, capsys):
    assert notebook.install_kernel(["--twin", "--data", str(tmp_path), "--prefix", str(tmp_path)]) == 0
    spec = json.loads((tmp_path / "share/jupyter/kernels/beamshell-demo-twin/kernel.json").read_text())
    assert spec["display_name"] == "beamshell demo-twin"
    assert spec["interrupt_mode"] == "signal"
    assert spec["argv"][-1] == "--ext=beamshell"
    assert spec["env"][notebook.OPTIONS].endswith(f"--twin --data {tmp_path}")
    assert "Jupyter offers 'beamshell demo-twin' now" in capsys.readouterr().err


def test_without_jupyter_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyter_client.kernelspec", None)
    with pytest.raises(ConfigError, match=r"pip install 'beamshell\[notebook\]'"):
        notebook.install_kernel([])
