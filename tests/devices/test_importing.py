"""Import of another console's file: every line that is written loads, and all others are named with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from beamshell.channels.factory import UnconnectedFactory, channel_factory
from beamshell.devices.importing import ImportedFile, import_devices
from beamshell.devices.loader import load_devices

BEC = """
samx: {deviceClass: ophyd_devices.EpicsMotor, deviceConfig: {prefix: X12SA:MTR1, tolerance: 0.01}, readOnly: false}
samy: {deviceClass: ophyd_devices.SimPositioner, deviceConfig: {delay: 1, limits: [-5, 5], tolerance: 0.01,
       update_frequency: 50}, readoutPriority: baseline}
bpm:  {deviceClass: ophyd_devices.SimMonitor, deviceConfig: , readoutPriority: monitored}
cam:  {deviceClass: ophyd_devices.SimCamera, deviceConfig: {device_access: true}}
off:  {deviceClass: ophyd_devices.SimPositioner, deviceConfig: {delay: often}, enabled: false}
old:  {deviceClass: ophyd_devices.SimPositioner, deviceConfig: {delay: 2}, enabled: false}
scan: {deviceClass: ophyd.Signal, deviceConfig: {value: 1}}
s-1:  {deviceClass: ophyd.Signal, deviceConfig: {value: 1}}
hole: {deviceClass: ophyd.Signal, deviceConfig: {value: .nan}, description: no value yet}
"""


@pytest.fixture
def imported(tmp_path: Path) -> ImportedFile:
    (tmp_path / "bec.yml").write_text(BEC)
    return import_devices(tmp_path / "bec.yml", {"scan": "a command"}.get)  # type: ignore[arg-type]


def test_what_is_written_loads(imported: ImportedFile, tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text(imported.text("bec.yml"))
    with channel_factory(UnconnectedFactory()):
        registry, problems = load_devices(tmp_path / "devices.yml")
    assert problems == []
    assert list(registry) == ["samx", "samy", "bpm", "hole"]
    assert list(registry.absent) == ["old"]  # which the file switches off


def test_what_does_not_load_is_named_with_its_line_in_their_file(imported: ImportedFile, tmp_path: Path) -> None:
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in imported.problems] == [
        "bec.yml:2:1: samx: EpicsMotor takes no 'tolerance', which is left out",
        "bec.yml:6:1: cam: nothing here stands for the class ophyd_devices.SimCamera: install ophyd_devices, or write "
        "one, and its path",
        "bec.yml:7:1: off: delay is 'often'; write a number",
        "bec.yml:9:1: 'scan' cannot be the name of a device: it is a command",
        "bec.yml:10:1: 's-1' cannot be the name of a device: use letters, digits and _, a letter first",
    ]


def test_what_does_not_load_stands_in_the_new_file_as_a_comment(imported: ImportedFile, tmp_path: Path) -> None:
    lines = imported.text("bec.yml").replace(f"{tmp_path}/", "").splitlines()
    assert lines[:2] == [
        "# Made of bec.yml by `beamshell import`.",
        "# Left out: bec.yml:2:1: samx: EpicsMotor takes no 'tolerance', which is left out",
    ]
    assert lines[-2:] == [
        "# bec.yml:7:1: off: delay is 'often'; write a number",
        "# off: {class: sim_motor, delay: often, enabled: false}",
    ]


def test_a_value_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    text = '{"a": {"device_class": "ophyd.Signal", "kwargs": {"value": "\\u007f"}}}'
    (tmp_path / "db.json").write_text(text)
    imported = import_devices(tmp_path / "db.json")
    assert imported.lines == []
    assert str(imported.problems[0]).endswith("db.json:1:2: a: what it says cannot be written as YAML")


def test_a_name_and_a_reason_of_many_lines_stay_comments(tmp_path: Path) -> None:
    (tmp_path / "db.json").write_text(
        '{"a\\nb": {"device_class": "ophyd.Signal"}, "c": {"device_class": "own\\nclass.X"},\n'
        '"d": {"device_class": "ophyd.Signal"}}'
    )
    (tmp_path / "devices.yml").write_text(import_devices(tmp_path / "db.json").text("db.json"))
    registry, problems = load_devices(tmp_path / "devices.yml")
    assert (list(registry), problems) == (["d"], [])
