"""SPEC's config: each motor and counter of EPICS becomes a device with SPEC's PV, or is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from beamshell.devices.files.native import native_text
from beamshell.devices.files.reading import import_file

HEAD = """# ID @(#)getinfo.c\t6.10  12/06/17 CSS
# Device nodes
SDEV_0\t = /dev/ttyUSB0 19200 raw
VM_EPICS_M1\t = 1bma: 38
VM_EPICS_M1\t = 1bmb:ps 8
PSE_MAC_MOT\t = kohzu 2
VM_EPICS_SC\t = 1bmb:scaler1 32
VM_EPICS_PV\t = 1bmb:tc1:IN 1
VM_EPICS_PV\t = XSP3: 16
# Motor    cntrl steps sign slew base backl accel nada  flags   mne  name
"""


def motor(controller: str, name: str, title: str = "") -> str:
    return f"MOT000 = {controller}   2000  1  2000  200   50  125    0 0x003  {name}  {title or name}\n"


def counter(controller: str, unit: int, channel: int, name: str, title: str = "") -> str:
    return f"CNT000 = {controller}  {unit}  {channel}      1 0x000    {name}  {title or name}\n"


def read(tmp_path: Path, text: str) -> tuple[list[str], list[str]]:
    """The lines of the new file, and the problems."""
    path = tmp_path / "config"
    path.write_text(HEAD + text, encoding="utf-8")
    file = import_file(path)
    problems = [str(problem).replace(f"{tmp_path}/", "") for problem in file.problems]
    return native_text(file.lines.values()).splitlines(), problems


@pytest.mark.parametrize(
    ("text", "pv"),
    [
        (motor("EPICS_M2:0/29", "x"), "1bma:m29"),
        (motor("EPICS_M1:0/10", "x"), "1bma:m10"),
        (motor("EPICS_M2:1/1", "x"), "1bmb:psm1"),
        (motor("EPICS_M2:0/29", "x") + "MOTPAR:misc_par_1 = Slit1Vsize\n", "1bma:Slit1Vsize"),
        (motor("EPICS_M2:0/33", "x") + "MOTPAR:misc_par_1 = TA1:y\n", "1bma:TA1:y"),
        (motor("EPICS_M2:0/3", "x") + "MOTPAR:read_mode = 7\n", "1bma:m3"),
        (motor("EPICS_M2:0/3", "x") + "MOTPAR:read_mode = 0\nMOTPAR:misc_par_1 = sm1\n", "1bma:sm1"),
        (motor("EPICS_M2:0/3", "x") + motor("NONE:2/64", "m1") + "MOTPAR:misc_par_1 = sm1\n", "1bma:m3"),
        ("  " + motor("EPICS_M2:0/3", "x"), "1bma:m3"),
    ],
)
def test_a_motor_has_the_pv_that_spec_uses(text: str, pv: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) == ([f'x: {{class: motor, prefix: "{pv}", tags: [motor]}}'], [])


def test_the_longer_name_of_a_motor_is_kept(tmp_path: Path) -> None:
    [line], _ = read(tmp_path, motor("EPICS_M2:0/5", "fst", "FE slit top"))
    assert line == 'fst: {class: motor, prefix: "1bma:m5", tags: [motor], doc: FE slit top}'


def test_a_scaler_has_all_the_channels_that_are_named(tmp_path: Path) -> None:
    text = counter("EPICS_SC", 0, 0, "sec", "Seconds") + counter("EPICS_SC", 0, 1, "I0") + "CNTPAR:misc_par_1 = .S2\n"
    lines, problems = read(tmp_path, text + counter("NONE", 0, 3, "none") + counter("EPICS_SC", 0, 31, "APD"))
    assert problems == []
    assert lines == [
        'scaler: {class: scaler, prefix: "1bmb:scaler1", channels: [1, 2, 32], tags: [detector], readout: point, '
        'doc: "s1 sec, s2 I0, s32 APD"}'
    ]


def test_the_scaler_gets_a_name_that_is_free(tmp_path: Path) -> None:
    lines, problems = read(tmp_path, motor("EPICS_M2:0/5", "scaler") + counter("EPICS_SC", 0, 1, "I0"))
    assert problems == []
    assert [line.partition(":")[0] for line in lines] == ["scaler", "scaler2"]


@pytest.mark.parametrize(
    ("text", "pv"),
    [
        (counter("EPICS_PV", 0, 0, "x"), "1bmb:tc1:IN"),
        (counter("EPICS_PV", 1, 4, "x") + "CNTPAR:misc_par_1 = C1:Value_RBV\n", "XSP3:C1:Value_RBV"),
    ],
)
def test_a_counter_of_a_single_pv_is_a_signal(text: str, pv: str, tmp_path: Path) -> None:
    lines, problems = read(tmp_path, text)
    assert lines == [f'x: {{class: signal_ro, prefix: "{pv}", tags: [detector], readout: point}}']
    assert problems == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (motor("MAC_MOT:0/0", "en"), "config:11:1: en: its controller MAC_MOT:0/0 is not of EPICS; left out"),
        (counter("MAC_CNT", 0, 3, "c3"), "config:11:1: c3: its controller MAC_CNT 0 3 is not of EPICS; left out"),
        ("MOT004 = EPICS_M2:0/3\n", "config:11:1: not understood: MOT004 = EPICS_M2:0/3"),
        ("CNT001 =\n", "config:11:1: not understood: CNT001 ="),
        ("MOTPAR:misc_par_1 = sm1\n", "config:11:1: not understood: MOTPAR:misc_par_1 = sm1"),
        (motor("EPICS_M2:7/1", "x"), "x: the file lists no controller EPICS_M1 with the number 7; left out"),
        (motor("EPICS_M2", "x"), "x: the file lists no controller EPICS_M1 with the number ?; left out"),
        (motor("EPICS_M2:0/a", "x"), "x: its channel 'a' is no number; left out"),
        (motor("EPICS_SC:0/1", "x"), "x: there is no device here for its controller EPICS_SC; left out"),
        (counter("EPICS_MCA", 0, 1, "x"), "x: there is no device here for its controller EPICS_MCA; left out"),
        (counter("EPICS_SC", 0, 32, "far"), "far: channel 32 is none of the 32 of 1bmb:scaler1; left out"),
        (
            counter("EPICS_SC", 0, 3, "i2") + "CNTPAR:misc_par_1 = .S3\n",
            "i2: its channel 3 is .S4, but misc_par_1 says .S3; left out",
        ),
        (counter("EPICS_PV", 1, 4, "x"), "x: no misc_par_1 says which PV of XSP3: it is; left out"),
        ("VM_EPICS_MCA\t = 1bmb:mca1 2048\n" + motor("NONE:0/1", "x"), "config:11:1: EPICS_MCA 1bmb:mca1: left out"),
    ],
)
def test_what_gives_no_device_is_named_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    lines, [said] = read(tmp_path, text + motor("EPICS_M2:0/1", "last"))
    assert said.endswith(problem)
    assert lines == ['last: {class: motor, prefix: "1bma:m1", tags: [motor]}']


def test_a_second_counter_of_a_channel_is_named(tmp_path: Path) -> None:
    _, [said] = read(tmp_path, counter("EPICS_SC", 0, 2, "i1") + counter("EPICS_SC", 0, 2, "i2"))
    assert said == "config:12:1: i2: its channel s3 is i1 already; left out"


def test_a_controller_that_is_not_understood_changes_no_other_pv(tmp_path: Path) -> None:
    text = "VM_EPICS_M1 = 1bmc: many\nVM_EPICS_M1 = 1bmd: 8 poll\n"
    lines, problems = read(tmp_path, text + motor("EPICS_M2:2/1", "x") + motor("EPICS_M2:3/1", "y"))
    assert lines == ['y: {class: motor, prefix: "1bmd:m1", tags: [motor]}']
    assert problems == [
        "config:11:1: not understood: VM_EPICS_M1 = 1bmc: many",
        "config:13:1: x: its controller, at config:11:1, is not understood; left out",
    ]


@pytest.mark.parametrize(
    "unused", [motor("NONE:2/64", "x"), motor("NONE", "x"), counter("NONE", 0, 1, "x"), "#MOT1 =\n"]
)
def test_what_spec_does_not_use_is_no_device_and_no_problem(unused: str, tmp_path: Path) -> None:
    lines, problems = read(tmp_path, unused + motor("EPICS_M2:0/1", "last"))
    assert (len(lines), problems) == (1, [])
