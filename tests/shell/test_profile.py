"""Where profiles and start-up files are found, and what the settings mean."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from own_commands import own_commands

from beamshell.errors import ConfigError, NotInControl
from beamshell.shell.profile import (
    CONFIG_FILE,
    Beamshell,
    beside_profile,
    changeable_by_others,
    find_profile,
    startup_file,
)


def make_profile(folder):
    folder.mkdir(parents=True)
    (folder / "ipython_config.py").write_text("c = get_config()\n")
    return folder


def test_the_demo_profile_is_packaged():
    assert find_profile("demo").name == "profile_demo"


def test_a_folder_with_a_configuration_file_is_a_profile(tmp_path):
    assert find_profile(str(make_profile(tmp_path / "mine"))) == tmp_path / "mine"


def test_a_folder_without_one_is_not(tmp_path):
    with pytest.raises(ConfigError, match=r"has no ipython_config\.py"):
        find_profile(str(tmp_path))


def test_the_users_own_profile_wins_over_a_packaged_one_of_the_same_name(tmp_path):
    mine = make_profile(tmp_path / "profiles" / "profile_demo")
    assert find_profile("demo", tmp_path) == mine


def test_an_unknown_profile_names_the_nearest_and_those_there_are():
    with pytest.raises(ConfigError, match=r"no profile 'dmeo': did you mean demo\? \(there are: demo, template\)"):
        find_profile("dmeo")


def test_a_profiles_own_startup_file_wins(tmp_path):
    (tmp_path / "startup").mkdir()
    mine = tmp_path / "startup" / "10-devices.py"
    mine.write_text("")
    assert startup_file("10-devices.py", tmp_path) == mine
    assert startup_file("20-suspenders.py", tmp_path).name == "20-suspenders.py"


def test_a_missing_startup_file_is_named():
    with pytest.raises(ConfigError, match=r"no start-up file 77-none\.py"):
        startup_file("77-none.py")


@pytest.mark.parametrize(
    ("name", "profile", "path"),
    [
        ("devices.yml", "/mine", "/mine/devices.yml"),
        ("/all.yml", "/mine", "/all.yml"),
        ("a.yml", None, "a.yml"),
    ],
)
def test_a_file_that_a_setting_names_is_beside_the_profile_unless_it_is_absolute(name, profile, path):
    assert beside_profile(name, profile and Path(profile)) == Path(path)


def test_every_setting_has_a_help_that_is_a_sentence():
    assert all(trait.help.endswith(".") for trait in Beamshell.class_own_traits(config=True).values())


def test_what_other_users_can_change_is_named(tmp_path):
    profile = make_profile(tmp_path / "mine")
    mode = profile.stat().st_mode
    files = [profile, profile / CONFIG_FILE, profile / "no_such_file"]
    assert changeable_by_others(files) == []
    (profile / CONFIG_FILE).chmod(0o666)
    assert changeable_by_others(files) == [profile / CONFIG_FILE]
    (profile / CONFIG_FILE).chmod(0o664)  # a group is people of the beamline
    profile.chmod(0o777)
    assert changeable_by_others(files) == [profile]
    profile.chmod(0o1777)  # others can add a start-up file there, which would run
    assert changeable_by_others(files) == [profile]
    profile.chmod(mode)


@pytest.mark.parametrize(("mode", "said"), [(0o777, True), (0o1777, False)], ids=["any folder", "one such as /tmp"])
def test_a_file_that_other_users_can_replace_is_named_by_its_folder(mode, said, tmp_path):
    (tmp_path / "site").mkdir()
    file = tmp_path / "site" / "devices.yml"
    file.touch(0o644)
    file.parent.chmod(mode)
    assert changeable_by_others([file]) == ([file.parent] if said else [])


def test_a_beam_that_is_to_come_back_when_another_console_has_control_is_a_line(monkeypatch, capsys):
    with own_commands():
        demo_beam = runpy.run_path(str(find_profile("demo") / "demo_beam.py"))

    class Refused:
        def put(self, _value):
            raise NotInControl("SR:current:drop: anna has control")

    monkeypatch.setitem(demo_beam["_put"].__globals__, "_drop", Refused)
    demo_beam["_put"](0)
    assert capsys.readouterr().out == "demo beam: SR:current:drop: anna has control\n"
