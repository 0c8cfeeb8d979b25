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
