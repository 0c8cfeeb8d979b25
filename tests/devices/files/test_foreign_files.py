"""Files of other consoles become the same devices here, and what is wrong with them is said with its place."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from beamshell.devices.files.native import native_text
from beamshell.devices.files.reading import import_file, read_file
from beamshell.devices.loader import load_devices
from beamshell.devices.soft_positioner import SoftPositioner
from beamshell.errors import ConfigError, UnknownName


def write(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def read(path: Path, tmp_path: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What each device says, less what says nothing; and the problems."""
    file = read_file(path)
    values = {
        n: {k: v for k, v in line.values.items() if v not in ("", [], {}, True)} for n, line in file.lines.items()
    }
    return values, [str(problem).replace(f"{tmp_path}/", "") for problem in file.problems]


# ---- happi -------------------------------------------------------------------------------------------

HAPPI = """{
  "xcs_th": {
    "_id": "xcs_th", "name": "th", "type": "OphydItem", "active": true,
    "device_class": "ophyd.EpicsMotor",
    "args": ["{{prefix}}"],
    "kwargs": {"name": "{{name}}", "settle_time": "{{settle}}", "labels": ["motors"]},
    "prefix": "XCS:TH", "settle": 0.5, "documentation": "sample angle", "functional_group": "sample"
  },
  "ring": {
    "name": "ring", "active": true, "device_class": "ophyd.EpicsSignalRO",
    "args": ["{{ prefix }}:CURR"], "kwargs": {"name": "{{name}}"}, "prefix": "SR"
  },
  "gap": {
    "name": "gap", "active": false, "device_class": "ophyd.EpicsSignal",
    "args": ["ID:GAP:RBV", "ID:GAP"], "kwargs": {}
  },
  "mono": {"name": "mono", "active": true, "device_class": "pcdsdevices.ccm.CCM", "args": ["X"], "kwargs": {}}
}
"""


def test_happi_items_become_devices(tmp_path: Path) -> None:
    values, problems = read(write(tmp_path, "db.json", HAPPI), tmp_path)
    assert problems == []
    assert values["th"] == {
        "class": "motor",
        "prefix": "XCS:TH",
        "settle_time": 0.5,
        "doc": "sample angle",
        "tags": ["sample", "motors"],
    }
    assert values["ring"] == {"class": "signal_ro", "prefix": "SR:CURR"}
    assert values["gap"] == {"class": "signal", "prefix": "ID:GAP:RBV", "write_pv": "ID:GAP", "enabled": False}


def test_what_is_known_of_happi_is_built_and_what_is_not_is_a_placeholder(tmp_path: Path) -> None:
    registry, problems = load_devices(write(tmp_path, "db.json", HAPPI))
    assert list(registry) == ["th", "ring"]
    assert registry["th"].prefix == "XCS:TH"
    assert registry["th"].settle_time == 0.5
    [problem] = problems
    assert "db.json:17:44: mono: nothing here stands for the class pcdsdevices.ccm.CCM" in str(problem)
    with pytest.raises(UnknownName, match=r"switched off at .*db.json:14:20"):
        registry.find("gap")
    for name in ("th", "ring"):
        for signal in dict(registry[name].walk_signals()).values() if name == "th" else [registry[name]]:
            signal.destroy()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"a": {"name": "a", "device_class": "ophyd.EpicsMotor", "args": ["{{ nowhere }}"]}}',
            "{{nowhere}} is",
        ),
        (
            '{"b": {"name": "b", "device_class": "ophyd.Signal"}, "a": {"prefix": "X"}}',
            ":1:54: a: says no device_class",
        ),
        (
            '{"b": {"name": "b", "device_class": "ophyd.Signal"}, "a": {"device_class": 7}}',
            ": a: device_class is 7; write a path, such as ophyd.EpicsMotor",
        ),
        ('{"b": {"name": "b", "device_class": "ophyd.Signal"}, "a": 5}', "db.json:1:54: a: an item of happi is"),
        ('{"a": {"device_class": "ophyd.Signal"}\n "b": {}}', "db.json:2:2: not YAML"),
    ],
)
def test_what_is_wrong_with_a_happi_file_is_reported_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    values, problems = read(write(tmp_path, "db.json", text), tmp_path)
    assert "a" not in values
    assert len(problems) == 1
    assert message in problems[0]


def test_a_keyword_that_our_class_does_not_take_is_left_out_and_reported(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "db.json",
        '{"a": {"name": "a", "device_class": "ophyd.SoftPositioner", "kwargs": {"source": "computed", "units": "mm"}}}',
    )
    registry, [problem] = load_devices(file)
    assert list(registry) == ["a"]
    assert "a: SoftPositioner takes no 'source', which is left out" in str(problem)


# ---- guarneri ----------------------------------------------------------------------------------------

GUARNERI = """# BITS
apsbits.utils.sim_creator.predefined_device:
- {creator: ophyd.sim.motor, name: sim_motor}
- {creator: ophyd.sim.noisy_det, name: sim_det}
ophyd.EpicsMotor:
- name: m1
  prefix: "gp:m1"
  labels: [motor, baseline]
- {name: m2, prefix: "gp:m2"}
ophyd.EpicsSignalWithRBV:
- {name: gain, prefix: "gp:gain", labels: amplifier}
apstools.synApps.Optics2Slit2D_HV:
- {name: slit1, prefix: "gp:Slit1"}
boxes.Crate:
- {name: crate, prefix: "gp:crate", size: 3}
"""


def test_guarneris_lists_become_devices(tmp_path: Path) -> None:
    values, problems = read(write(tmp_path, "devices.yml", GUARNERI), tmp_path)
    assert problems == []
    assert values["m1"] == {"class": "motor", "prefix": "gp:m1", "tags": ["motor", "baseline"], "readout": "baseline"}
    assert values["m2"] == {"class": "motor", "prefix": "gp:m2"}
    assert values["gain"] == {"class": "signal", "prefix": "gp:gain_RBV", "write_pv": "gp:gain", "tags": ["amplifier"]}
    assert (values["sim_motor"], values["sim_det"]) == ({"class": "sim_motor"}, {"class": "sim_det"})
    assert values["crate"] == {"class": "boxes.Crate", "prefix": "gp:crate", "arguments": {"size": 3}}


def test_an_unknown_class_of_guarneri_is_a_placeholder_with_the_place_of_its_class(tmp_path: Path) -> None:
    first_part, _, _ = GUARNERI.partition("ophyd.EpicsMotor")
    text = first_part + "apstools.synApps.Optics2Slit2D_HV:\n- {name: slit1, prefix: X}\n"
    registry, problems = load_devices(write(tmp_path, "devices.yml", text))
    assert list(registry) == ["sim_motor", "sim_det"]
    assert "devices.yml:5:1: slit1: nothing here stands for the class apstools" in str(problems[0])
    assert "slit1" in registry.absent


def test_a_class_of_guarneri_that_is_installed_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shutter(SoftPositioner):
        pass

    monkeypatch.setitem(sys.modules, "apstools", types.ModuleType("apstools"))
    monkeypatch.setitem(sys.modules, "apstools.devices", devices := types.ModuleType("apstools.devices"))
    monkeypatch.setattr(devices, "Shutter", Shutter, raising=False)
    text = "apstools.devices.Shutter:\n- {name: shutter, labels: [optics], limits: [0, 1]}\n"
    registry, problems = load_devices(write(tmp_path, "devices.yml", text))
    assert problems == []
    assert type(registry["shutter"]) is Shutter
    assert registry["shutter"].limits == (0, 1)
    assert registry.entry("shutter").tags == {"optics"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ophyd.EpicsMotor:\n- {prefix: X}\n", "devices.yml:2:3: a device of ophyd.EpicsMotor has no name"),
        ("ophyd.EpicsMotor:\n- {name: 7}\n", "devices.yml:2:3: a device of ophyd.EpicsMotor has the name 7; write"),
        ("ophyd.EpicsMotor:\n- m1\n", "devices.yml:2:3: a device of ophyd.EpicsMotor has no name"),
        ("ophyd.EpicsMotor:\n- {name: a}\nophyd.Signal: 5\n", "devices.yml:3:1: ophyd.Signal: write a list"),
        ("ophyd.Signal:\n- {name: a}\n- {name: a}\n", "devices.yml:3:3: a: is defined twice; the first is at "),
    ],
)
def test_what_is_wrong_with_a_guarneri_file_is_reported_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    _, problems = read(write(tmp_path, "devices.yml", text), tmp_path)
    assert len(problems) == 1
    assert message in problems[0]


def test_a_file_of_ours_may_include_one_of_another_console(tmp_path: Path) -> None:
    write(tmp_path, "bits.yml", GUARNERI)
    values, problems = read(write(tmp_path, "devices.yml", "include: bits.yml\nm1: {tags: [mine]}\n"), tmp_path)
    assert problems == []
    assert values["m1"]["tags"] == ["mine"]
    assert values["m1"]["prefix"] == "gp:m1"


# ---- BEC, imported once ------------------------------------------------------------------------------

BEC = """
samx:
  readoutPriority: baseline
  description: 'sample: x'
  deviceClass: ophyd_devices.EpicsMotor
  deviceConfig: {prefix: 'X12SA-ES1:MTR1', limits: [-50, 50]}
  deviceTags: [user motors]
  enabled: true
  readOnly: false
  softwareTrigger: false
curr:
  readoutPriority: monitored
  deviceClass: ophyd.EpicsSignalRO
  deviceConfig: {auto_monitor: true, read_pv: 'ARIDI-PCT:CURRENT'}
  enabled: true
  readOnly: true
old:
  deviceClass: ophyd_devices.SimPositioner
  deviceConfig: {delay: 1, limits: [-5, 5], tolerance: 0.01}
  enabled: false
  readOnly: true
eiger:
  deviceClass: csaxs_bec.devices.eiger.Eiger
  deviceConfig: {prefix: 'X12SA-ES-EIGER:', dim: 2}
  enabled: true
"""


def test_a_bec_configuration_becomes_a_device_file(tmp_path: Path) -> None:
    file = import_file(write(tmp_path, "bec.yml", BEC))
    assert file.problems == []
    text = native_text(file.lines.values(), ["made of bec.yml"])
    assert text.splitlines() == [
        "# made of bec.yml",
        'samx:  {class: motor, prefix: "X12SA-ES1:MTR1", limits: [-50, 50], tags: [user motors], readout: baseline, '
        'doc: "sample: x"}',
        'curr:  {class: signal_ro, prefix: "ARIDI-PCT:CURRENT", auto_monitor: true, readout: point}',
        "old:   {class: sim_motor, delay: 1, limits: [-5, 5], enabled: false, read_only: true}",
        'eiger: {class: csaxs_bec.devices.eiger.Eiger, prefix: "X12SA-ES-EIGER:", arguments: {dim: 2}}',
    ]


def test_what_was_written_says_the_same_when_it_is_read(tmp_path: Path) -> None:
    file = import_file(write(tmp_path, "bec.yml", BEC))
    again = read_file(write(tmp_path, "devices.yml", native_text(file.lines.values())))
    assert again.problems == []
    assert {n: line.values for n, line in again.lines.items()} == {n: line.values for n, line in file.lines.items()}


def test_a_bec_file_where_a_device_file_should_be_says_what_to_type(tmp_path: Path) -> None:
    registry, [problem] = load_devices(write(tmp_path, "bec.yml", BEC))
    assert len(registry) == 0
    assert "bec.yml: is a file of BEC: `beamshell import bec.yml` makes a device file of it" in str(problem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {deviceClass: ophyd.Signal}\nb: {enabled: true}\n", "bec.yml:2:1: b: says no deviceClass"),
        ("a: {deviceClass: ophyd.Signal}\nb: {deviceClass: 7}\n", "bec.yml:2:5: b: deviceClass is 7; write a path"),
        ("a: {deviceClass: ophyd.Signal}\nb: 5\n", "bec.yml:2:1: b: a device of BEC is"),
        (
            "a: {deviceClass: ophyd.Signal}\nb: {deviceClass: ophyd.Signal, deviceConfig: 5}\n",
            ":2:32: b: deviceConfig is 5",
        ),
    ],
)
def test_what_is_wrong_with_a_bec_file_is_reported_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = import_file(write(tmp_path, "bec.yml", text))
    assert list(file.lines) == ["a"]
    assert message in str(file.problems[0])


def test_a_file_without_devices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no devices in the form of happi, guarneri, BEC or SPEC"):
        import_file(write(tmp_path, "empty.yml", "# nothing\n"))
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        import_file(tmp_path / "none")
