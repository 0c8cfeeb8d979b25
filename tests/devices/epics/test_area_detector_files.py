"""Area detectors in device files: our own line, another console's, and what their twin has to play."""

from __future__ import annotations

from pathlib import Path

from beamshell.devices import EpicsAreaDetector, Registry
from beamshell.devices.loader import load_devices
from beamshell.devices.simulation import simulation_of


def test_a_line_says_where_its_parts_and_its_files_are(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text(
        'eiger: {class: area_detector, prefix: "NONE:eiger:", hdf: "HDF2:", write_folder: "/data/%Y", '
        "read_folder: /mnt/%Y, frames_per_point: 2}\n"
        'bad: {class: area_detector, prefix: "NONE:bad:", frames_per_point: 0}\n'
    )
    registry, problems = load_devices(file, Registry(data_folder=tmp_path))
    eiger = registry["eiger"]
    assert isinstance(eiger, EpicsAreaDetector)
    assert eiger.hdf.capture.pvname == "NONE:eiger:HDF2:Capture"
    assert (eiger.hdf.write_folder, eiger.hdf.read_folder, eiger.frames_per_point) == ("/data/%Y", "/mnt/%Y", 2)
    assert eiger.data_folder == tmp_path
    assert [str(problem).partition(": ")[2] for problem in problems] == [
        "bad: 0 pictures make no point; write 1, 2, 3, ..."
    ]


def test_a_twin_has_to_play_the_detector_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text('eiger: {class: area_detector, prefix: "NONE:eiger:", hdf: "HDF2:"}\n')
    facts, left_out = simulation_of(file)
    assert facts[0] == {
        "is": "area_detector",
        "camera": "NONE:eiger:cam1:",
        "image": "NONE:eiger:image1:",
        "stats": "NONE:eiger:Stats1:",
        "hdf": "NONE:eiger:HDF2:",
    }
    assert left_out == []


def test_a_detector_of_ophyds_is_ours(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text("ophyd.SimDetector:\n  - {name: simdet, prefix: 'NONE:sim:'}\n")
    registry, problems = load_devices(file)
    assert problems == []
    assert isinstance(registry["simdet"], EpicsAreaDetector)
