"""Code and device files that any user of the machine can change are named at the start, with what to type."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from beamshell.shell.profile import find_profile

WARNING = "beamshell: other users can change what this console runs: chmod o-w {}"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A beamline's own copy of the template, with a device file that includes another."""
    folder = tmp_path / "profile_mine"
    shutil.copytree(find_profile("template"), folder)
    (tmp_path / "optics").mkdir()
    (tmp_path / "optics" / "mirrors.yml").write_text("mirror: {class: sim_motor}\n")
    (folder / "devices.yml").write_text("include: ../optics/mirrors.yml\ndet: {class: sim_det}\n")
    return folder


@pytest.mark.parametrize(
    "which",
    ["profile_mine", "profile_mine/devices.yml", "optics/mirrors.yml", "data/startup/mine.py"],
)
def test_what_any_user_can_change_is_named_at_the_start(which, profile, data, tmp_path, run_beamshell):
    (data / "startup").mkdir(parents=True)
    (data / "startup" / "mine.py").write_text("")
    open_to_all = tmp_path / which
    open_to_all.chmod(open_to_all.stat().st_mode | 0o002)
    finished = run_beamshell("--profile", str(profile), "-c", "print(mirror.name, det.name)")
    assert "mirror det" in finished.stdout, finished
    assert finished.stderr == WARNING.format(open_to_all) + "\n"


def test_nothing_is_said_of_files_that_only_their_owner_and_group_can_change(profile, run_beamshell):
    (profile / "devices.yml").chmod(0o664)
    assert run_beamshell("--profile", str(profile), "-c", "print(mirror.name)").stderr == ""
