"""What the command line says before IPython reads it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beamshell.errors import ConfigError, UsageError
from beamshell.shell.launch_options import LaunchOptions, take_flag, take_option


@pytest.mark.parametrize("words", [["--profile", "x", "-c", "wa"], ["--profile=x", "-c", "wa"]])
def test_an_option_is_taken_with_its_value(words):
    assert take_option(words, "--profile", "demo") == ("x", ["-c", "wa"])


def test_an_option_that_is_not_given_has_its_default():
    assert take_option(["-c", "wa"], "--profile", "demo") == ("demo", ["-c", "wa"])


def test_what_follows_c_is_a_command_whatever_it_looks_like():
    assert take_option(["-c", "--profile"], "--profile", "demo") == ("demo", ["-c", "--profile"])


def test_an_option_without_its_value_is_refused():
    with pytest.raises(UsageError, match="--data needs a value"):
        take_option(["--data"], "--data", "")


def make_profile(folder, text):
    folder.mkdir()
    (folder / "ipython_config.py").write_text(f"c = get_config()\n{text}\n")
    return folder


def test_the_command_line_wins_over_the_profile(tmp_path):
    profile = make_profile(tmp_path / "profile_mine", "c.Beamshell.name = 'a'; c.Beamshell.plots = 'window'")
    data = tmp_path / "data"
    options = LaunchOptions.read([f"--profile={profile}", f"--data={data}", "--Beamshell.plots=none"])
    assert (options.name, options.config.name, options.config.plots) == ("mine", "a", "none")
    assert options.folder == data
    assert options.ioc is None
    assert not options.simulated


def test_a_broken_configuration_file_is_named_with_its_line(tmp_path):
    profile = make_profile(tmp_path / "profile_mine", "c.Beamshell.name = nonsense")
    with pytest.raises(ConfigError, match=r"ipython_config.py:2: NameError"):
        LaunchOptions.read([f"--profile={profile}", f"--data={tmp_path}"])


def test_a_twin_needs_a_device_file(tmp_path):
    profile = make_profile(tmp_path / "profile_mine", "")
    with pytest.raises(UsageError, match="set devices_file there"):
        LaunchOptions.read(["--twin", f"--profile={profile}", f"--data={tmp_path}"])


def test_a_twin_has_presets_of_its_own(tmp_path, monkeypatch):
    twin_ioc = SimpleNamespace(client_environment={})
    monkeypatch.setattr("beamshell.shell.launch_options.start_twin", lambda *_, **__: twin_ioc)
    settings = "c.Beamshell.devices_file = 'devices.yml'; c.Beamshell.presets_file = '/beamline/presets.jsonl'"
    profile = make_profile(tmp_path / "profile_mine", settings)
    options = [f"--profile={profile}", f"--data={tmp_path}"]
    assert LaunchOptions.read(options).config.presets_file == "/beamline/presets.jsonl"
    assert LaunchOptions.read(["--twin", *options]).config.presets_file == ""


def test_a_flag_is_taken_but_not_from_a_command():
    assert take_flag(["--twin", "-c", "--twin"], "--twin") == (True, ["-c", "--twin"])
    assert take_flag(["-c", "--twin"], "--twin") == (False, ["-c", "--twin"])
