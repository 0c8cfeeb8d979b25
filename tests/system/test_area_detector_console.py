"""An area detector from the prompt: what is typed, what is seen, and what is in the file afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import h5py
import numpy as np
import pytest
from console_output import Run
from document_rules import check

SPEED = 2.0


def picture_files(data: Path) -> set[Path]:
    return set(data.rglob("*.h5"))


def pictures(run: Run) -> dict[int, np.ndarray]:
    """The picture of each point, by its number."""
    files = {doc["uid"]: doc for name, doc in run if name == "stream_resource"}
    frames = {}
    for doc in (doc for name, doc in run if name == "stream_datum"):
        with h5py.File(unquote(urlparse(files[doc["stream_resource"]]["uri"]).path)) as file:
            frames[doc["seq_nums"]["start"]] = file["/entry/data/data"][doc["indices"]["start"]]
    return frames


def totals(run: Run) -> dict[int, float]:
    return {doc["seq_num"]: doc["data"]["cam_total"] for name, doc in run if name == "event"}


def test_a_count_prints_and_a_scan_writes(console: Any) -> None:
    before = picture_files(console.data)
    assert re.search(r"^cam_total +\d+ counts$", console.do("ct cam 0.2"), re.MULTILINE)
    assert picture_files(console.data) == before
    assert re.search(r" cam_total\n +deg +counts\n", console.do("scan cam th -1 1 5 0.05"))
    run = console.runs[-1]
    check(run)
    [file] = picture_files(console.data) - before
    assert file.parent.parent.parent.parent == console.data / "images"
    assert {number: picture.sum() for number, picture in pictures(run).items()} == totals(run)
    assert str(totals(run)[3]) in console.do("print(runs[-1].image('cam', 3).sum(dtype=float))")


def test_a_pause_in_the_middle_of_a_picture_costs_nothing(console: Any) -> None:
    before = picture_files(console.data)
    start = console.begin("scan cam th -1 1 5 2")
    console.wait_for_point(2, start)
    console.sleep(0.7)  # the motor is there, and the third picture is being taken
    console.press_twice(start)
    assert console.state == "PAUSED"
    assert console.do("resume").count("success, 5 points") == 1
    run = console.runs[-1]
    check(run)
    [file] = picture_files(console.data) - before
    with h5py.File(file) as opened:
        assert len(opened["/entry/data/data"]) in (5, 6)  # the one begun before the pause may have been finished
    assert sorted(totals(run)) == [1, 2, 3, 4, 5]
    assert {number: picture.sum() for number, picture in pictures(run).items()} == totals(run)
    assert "(256, 256)" in console.do("runs[-1].image('cam', 3).shape")


def test_an_abort_keeps_what_was_taken_and_puts_the_camera_back(console: Any) -> None:
    settings = "[cam.part(part).get() for part in ('cam.count_time', 'cam.image_mode', 'hdf.enabled')]"
    console.do(f"before = {settings}")
    start = console.begin("scan cam th -1 1 5 2")
    console.wait_for_point(2, start)
    console.press_twice(start)
    console.do("abort")
    assert console.state == ""
    run = console.runs[-1]
    check(run)
    assert run[-1][1]["exit_status"] == "abort"
    assert {number: picture.sum() for number, picture in pictures(run).items()} == totals(run)
    assert "True" in console.do(f"before == {settings}")
    assert "0, 0" in console.do("cam.hdf.capturing.get(), cam.cam.acquiring.get()")
    assert "success, 2 points" in console.do("scan cam th 0 1 2 0.1")


def test_wrong_words_are_one_line_each(console: Any) -> None:
    console.do("folder, cam.hdf.write_folder = cam.hdf.write_folder, '/nowhere/at/all'")
    start = console.row
    output = console.do("scan cam th 0 1 2")
    console.do("cam.hdf.write_folder = folder")
    assert "beamshell: cam_hdf: its IOC has no folder /nowhere/at/all: make it" in output
    assert console.do("cam.frames_per_point = 0") == "beamshell: cam: 0 pictures make no point; write 1, 2, 3, ..."
    assert console.do("cam.prepare({'nmu': 3})") == "beamshell: cam has no setting 'nmu': did you mean num?"
    assert "-1 s is below the limit 0 s" in console.do("cam.count_time.put(-1)")
    assert "Traceback" not in console.text(start)


def test_without_h5py_the_extra_is_named(
    run_beamshell: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "h5py.py").write_text("raise ImportError('there is no h5py')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run_beamshell("-c", "ct cam 0.1; scan cam th 0 1 2")
    assert done.returncode == 1
    assert "cam_total" in done.stdout  # without files it does not matter
    assert 'was not written: writing HDF5 files needs h5py: pip install "beamshell[hdf5]"' in done.stderr


def test_a_twin_takes_pictures_as_the_real_detector_would(
    run_beamshell: Callable[..., Any], data: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "profile_pictures"
    profile.mkdir()
    steps = ["00-session.py", "10-devices.py", "30-callbacks.py", "40-plans.py"]
    (profile / "ipython_config.py").write_text(
        "c = get_config()\n"
        'c.InteractiveShellApp.extensions = ["beamshell"]\n'
        f"c.InteractiveShellApp.exec_files = {steps}\n"
        'c.Beamshell.name = "pictures"\n'
        'c.Beamshell.devices_file = "devices.yml"\n'
    )
    (profile / "devices.yml").write_text(
        'm: {class: motor, prefix: "TW:m"}\n'
        'eiger: {class: area_detector, prefix: "TW:eiger:", hdf: "HDF2:", frames_per_point: 2}\n'
    )
    commands = "offline; scan eiger m -1 1 3 0.05; print(runs[-1].image('eiger', 2).shape)"
    done = run_beamshell("--profile", str(profile), "--twin", "-c", commands)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything answers" in done.stdout
    assert "(2, 256, 256)" in done.stdout
    assert len(list((data / "twin").rglob("*.h5"))) == 1


def test_a_scan_of_the_sample_shows_it_in_the_pictures(console: Any) -> None:
    console.do("mov samx 0 samy 0")
    console.do("scan cam samx -2 2 5 0.05")
    sums = list(totals(console.runs[-1]).values())
    assert max(sums) > 2 * min(sums)
