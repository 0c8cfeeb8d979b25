"""A device file names classes of devices: ours, of installed packages, of the profile; and no other code."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_package import installed

from beamshell.devices.loader import load_devices
from beamshell.plugins import OWN_MODULES

DEVICE = """
class Lamp:
    def __init__(self, prefix="", *, name):
        self.name = name
    def read(self):
        return {}
    def describe(self):
        return {}

def lamp(prefix="", *, name):
    return Lamp(prefix, name=name)
"""


@pytest.fixture
def own_folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One's own modules are looked for in no folder, until a test offers one."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(OWN_MODULES, "_folders", [])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load(folder: Path, text: str) -> tuple[list[str], list[str]]:
    """The names of the devices, and the problems without the folder."""
    file = folder / "devices.yml"
    file.write_text(text)
    registry, problems = load_devices(file)
    return list(registry), [str(problem).replace(f"{folder}/", "") for problem in problems]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("os.system", "os.system is no class of devices: os is a module of Python"),
        ("functools.partial", "functools.partial is no class of devices: functools is a module of Python"),
        ("subprocess.Popen", "subprocess.Popen is no class of devices: subprocess is a module of Python"),
        ("antigravity.fly", "antigravity.fly is no class of devices: antigravity is a module of Python"),
        ("numpy.load", "numpy.load is no class of devices; a function needs an entry point 'beamshell.devices'"),
        ("numpy.ndarray", "numpy.ndarray is no class of devices"),
        ("beamshell.devices.loader.load_devices", "load_devices is no class of devices"),
        (".", "class . is no path such as my_package.module.Class"),
        ("numpy..x", "class numpy..x is no path such as"),
    ],
)
def test_what_is_no_class_of_devices_costs_its_own_device_only(path: str, reason: str, tmp_path: Path) -> None:
    text = f"one: {{class: sim_motor}}\nbad: {{class: {path}, args: [x]}}\ntwo: {{class: sim_det}}\n"
    devices, [problem] = load(tmp_path, text)
    assert devices == ["one", "two"]
    assert problem.startswith("devices.yml:2:7: bad: ")
    assert reason in problem


def test_a_class_of_the_profile_is_found_beside_its_files(own_folders: None, tmp_path: Path) -> None:
    (tmp_path / "lamps_of_ours.py").write_text(DEVICE)
    OWN_MODULES.offer(str(tmp_path))
    assert load(tmp_path, "lamp: {class: lamps_of_ours.Lamp}\n") == (["lamp"], [])


@pytest.mark.parametrize("was_imported", [False, True])
def test_a_class_in_the_working_folder_is_not_taken(
    was_imported: bool, own_folders: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lamps_of_today.py").write_text(DEVICE)
    monkeypatch.chdir(tmp_path)
    OWN_MODULES.offer("")
    if was_imported:
        __import__("lamps_of_today")
    devices, [problem] = load(tmp_path, "lamp: {class: lamps_of_today.Lamp}\nth: {class: sim_motor}\n")
    assert devices == ["th"]
    assert problem == (
        "devices.yml:1:8: lamp: lamps_of_today is in the working folder: install it, or move it into the profile's"
    )


def test_a_function_is_taken_from_a_package_that_declares_it(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    entry_points = {"beamshell.devices": {"lamp": "lamp"}}
    with installed(tmp_path / "site", "tiny_lamps", DEVICE, entry_points):
        assert load(tmp_path, "one: {class: lamp}\n") == (["one"], [])
        devices, [problem] = load(tmp_path, "two: {class: tiny_lamps.lamp}\n")
    assert devices == []
    assert "a function needs an entry point 'beamshell.devices' of its package" in problem


def test_a_module_that_ends_its_own_script_costs_its_own_device_only(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with installed(tmp_path / "site", "tiny_script", "raise SystemExit(3)", {}):
        devices, [problem] = load(tmp_path, "bad: {class: tiny_script.Lamp}\nth: {class: sim_motor}\n")
    assert devices == ["th"]
    assert "class tiny_script.Lamp cannot be imported: 3" in problem


@pytest.mark.parametrize("package", ["ophyd", "ophyd_async"])
def test_the_classes_of_the_ecosystem_count_as_devices(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    code = """
        from beamshell.devices.device_classes import class_of
        from beamshell.devices.files.line import DeviceLine
        paths = {
            "ophyd": ["ophyd.EpicsMotor", "ophyd.EpicsSignal", "ophyd.Device", "ophyd.sim.SynGauss"],
            "ophyd_async": ["ophyd_async.epics.motor.Motor", "ophyd_async.core.Device", "ophyd_async.sim.SimMotor"],
        }
        for path in paths[PACKAGE]:
            class_of(DeviceLine("a", "devices.yml:1:1", {"class": path}))
    """
    script = f"PACKAGE = {package!r}\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
