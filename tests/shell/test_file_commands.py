"""`beamshell import`: a device file of another console becomes one of ours, and what was written is counted."""

from __future__ import annotations

from beamshell.shell.file_commands import import_devices


def test_what_was_written_is_counted_in_the_singular_and_in_the_plural(tmp_path, capsys):
    old, new = tmp_path / "old.yml", tmp_path / "new.yml"
    old.write_text('ophyd.EpicsMotor:\n- {name: th, prefix: "BL:th"}\n')
    assert import_devices([str(old), str(new)]) == 0
    assert capsys.readouterr().err == f"beamshell: {new}: 1 device, no problems\n"
    new.unlink()
    old.write_text('ophyd.EpicsMotor:\n- {name: th, prefix: "BL:th"}\n- {name: tth, prefix: "BL:tth"}\n- 3\n')
    assert import_devices([str(old), str(new)]) == 1
    assert capsys.readouterr().err.endswith(f"beamshell: {new}: 2 devices, 1 problem\n")


def test_a_device_that_has_the_name_of_a_command_is_no_line_of_the_new_file(tmp_path, capsys):
    old, new = tmp_path / "config", tmp_path / "new.yml"
    old.write_text("VM_EPICS_M1 = BL: 8\nMOT000 = EPICS_M2:0/1 2000 1 2000 200 50 125 0 0x003 scan scan\n")
    assert import_devices([str(old), str(new)]) == 1
    problem, counted = capsys.readouterr().err.splitlines()
    assert problem == f"beamshell: {old}:2:1: 'scan' cannot be the name of a device: it is a command"
    assert counted.endswith("0 devices, 1 problem")
    assert new.read_text().splitlines()[1:] == [
        "",
        "# config:2:1: 'scan' cannot be the name of a device: it is a command",
        '# scan: {class: motor, prefix: "BL:m1", tags: [motor]}',
    ]


def test_no_file_is_written_if_nothing_was_understood(tmp_path, capsys):
    old, new = tmp_path / "bec.yml", tmp_path / "new.yml"
    old.write_text("th: {deviceClass: 7}\n")
    assert import_devices([str(old), str(new)]) == 1
    _problem, nothing = capsys.readouterr().err.splitlines()
    assert nothing == f"beamshell: {new} is not written: nothing of {old} is understood, 1 problem"
    assert not new.exists()
