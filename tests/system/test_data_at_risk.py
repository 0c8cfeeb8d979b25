"""A data folder that is moved away or refuses data while a scan is measured, at the real console."""

from __future__ import annotations

import pytest

from beamshell.store import Runs


def unwrapped(text):
    """What the terminal shows, without the places where it breaks lines; words are no longer apart."""
    return "".join(text.split())


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where runs go that a data folder refuses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_runs_that_are_moved_away_in_a_scan_are_whole_and_what_is_refused_is_there_after_the_next_start(
    open_console, data, temporary
):
    console = open_console()
    start = console.begin("scan det th -1 1 11")
    console.wait_for_point(3, start)
    (data / "runs").rename(data / "moved")
    console.wait_for_prompt(start)
    assert "run 1: its file was moved away or removed; the whole run is written again" in console.text(start)
    runs = Runs(data)
    assert (runs[-1].exit_status, runs[-1].table().num_points) == ("success", 11)
    runs.index.close()

    start = console.begin("scan det th -1 1 31")
    console.wait_for_point(3, start)
    (data / "runs").rename(data / "moved again")
    (data / "runs").write_text("in the way")
    console.wait_until(lambda: console.state == "PAUSED", what="the pause")
    refused = unwrapped(console.text(start))
    assert unwrapped("nothing is lost: free space or make the folder writable, then resume") in refused
    said = console.do("abort because of the disk")
    assert unwrapped("The whole run 2 is kept in " + str(temporary)) in unwrapped(said)
    assert "aborted" in said
    start = console.row
    assert console.leave() == 0
    ending = unwrapped(console.text(start))
    assert unwrapped("run 2 is kept in " + str(temporary)) in ending
    assert unwrapped("the next start on this computer moves it to its place") in ending

    (data / "runs").unlink()
    again = open_console()
    assert "a run that the data folder had refused is in its place now" in again.text()
    runs = Runs(data)
    assert runs[-1].scan_id == 2
    assert runs[-1].stop["reason"] == "because of the disk"
    assert runs[-1].table().num_points == runs[-1].num_events["primary"] >= 3
    runs.index.close()
    again.leave()


def test_what_a_script_could_not_write_is_there_after_the_next_one(run_beamshell, data, temporary):
    data.mkdir()
    (data / "runs").write_text("in the way")
    first = run_beamshell("-c", "scan det th 0 1 3")
    assert first.returncode == 130
    assert "run 1 is kept in " in first.stderr
    assert str(temporary) in first.stderr
    (data / "runs").unlink()
    second = run_beamshell("-c", "runs")
    assert "a run that the data folder had refused is in its place now" in second.stderr
    assert "abort  scan det th 0 1 3" in second.stdout


FULL_DISK = ("sh", "-c", 'ulimit -f 48 && exec "$@"', "sh")
"""Words before a command whose files cannot grow beyond 24 kB: the system refuses it, as on a full disk."""


def test_on_a_full_disk_the_console_starts_and_each_trouble_is_a_line(run_beamshell, data):
    without_ioc = (
        "--Beamshell.demo_ioc=False",
        "--Beamshell.devices_file=",
        "--Beamshell.suspenders=[]",
    )  # its IOC needs space too
    assert run_beamshell("-c", "mov motor 1; scan det motor 0 1 3", *without_ioc).returncode == 0
    moved = run_beamshell("-c", "mov motor 0.5; runs", *without_ioc, through=FULL_DISK)
    assert moved.returncode == 0, moved.stderr
    assert moved.stderr == (
        f"beamshell: {data}: File too large: free space. What is typed now is not kept, and no scan can begin\n"
    )
    assert "success  scan det motor 0 1 3" in moved.stdout
