"""Files that lie in the folder where the console is started: they never stand for a library, a plugin or a class."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from beamshell.shell.profile import find_profile

LIBRARIES = (
    "epics",
    "epicscorelibs",
    "numpy",
    "IPython",
    "traitlets",
    "ruamel",
    "matplotlib",
    "scipy",
    "prompt_toolkit",
)
STANDARD = ("typing", "signal", "socket", "json", "sqlite3")
MISSING = ("p4p", "tango", "serial", "httpx", "h5py")


@pytest.fixture
def working_folder(tmp_path: Path) -> Path:
    """A folder whose files are called as libraries are called; each leaves a trace when it is imported."""
    folder = tmp_path / "working"
    folder.mkdir()
    for name in (*LIBRARIES, *STANDARD, *MISSING, "stray_plugin"):
        (folder / f"{name}.py").write_text(f"open({str(folder / 'imported')!r}, 'a').write('{name} ')\n")
    (folder / "mine.py").write_text("ANSWER = 42\n")
    metadata = folder / "stray_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stray-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[beamshell.commands]\nno_such = stray_plugin:no_such\n")
    return folder


@pytest.mark.parametrize(
    ("script", "python_path"),
    [(False, None), (False, ":"), (True, ":")],
    ids=["python -m beamshell", "python -m beamshell, an empty PYTHONPATH", "beamshell, an empty PYTHONPATH"],
)
def test_a_file_in_the_working_folder_is_never_imported_in_place_of_a_library(
    script, python_path, working_folder, tmp_path, run_beamshell
):
    if python_path:  # Python itself reads this variable, so files named as its own modules would stop any program
        for name in STANDARD:
            (working_folder / f"{name}.py").unlink()
    command = tmp_path / "beamshell"
    command.write_text("import sys\nfrom beamshell.shell.launch import main\nsys.exit(main())\n")
    variables = {} if python_path is None else {"PYTHONPATH": python_path}
    line = "import mine\nmov th 0.25\nscan det th 0 0.1 2\nwa\noffline\nprint('mine says', mine.ANSWER)\nno_such\n"
    finished = run_beamshell(stdin=line, folder=working_folder, variables=variables, script=command if script else None)
    assert "mine says 42" in finished.stdout, finished
    assert "'no_such' is not defined" in finished.stdout + finished.stderr
    assert not (working_folder / "imported").exists(), (working_folder / "imported").read_text()


def test_a_class_in_a_module_of_the_profile_is_made_and_played_by_the_twin(tmp_path, run_beamshell):
    profile = tmp_path / "profile_mine"
    shutil.copytree(find_profile("template"), profile)
    (profile / "lamps_of_ours.py").write_text(
        "from beamshell.devices import Component, Device, EpicsSignal\n\n\n"
        "class Lamp(Device):\n    power = Component(EpicsSignal, 'power', kind='hinted')\n"
    )
    (profile / "devices.yml").write_text("lamp: {class: lamps_of_ours.Lamp, prefix: 'X:lamp:', twin: {value: 3}}\n")
    finished = run_beamshell(
        "--twin", "--profile", str(profile), "-c", "lamp.power.put(5); print('it has', lamp.power.get())"
    )
    assert "it has 5" in finished.stdout, finished
    assert finished.returncode == 0
