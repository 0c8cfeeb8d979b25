"""A console with a device file of its own: what is offline is named and heals, and the file can be read again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beamshell.devices.simulation import simulation_of
from beamshell.ioc.process import DemoIoc

CONFIG = """
c = get_config()
c.InteractiveShell.xmode = "Minimal"
c.InteractiveShellApp.extensions = ["beamshell"]
c.InteractiveShellApp.exec_files = ["00-session.py", "10-devices.py", "20-suspenders.py", "40-plans.py"]
c.Beamshell.name = "own"
c.Beamshell.devices_file = "devices.yml"
c.Beamshell.suspenders = [{"class": "SuspendFloor", "signal": "ring", "suspend_thresh": 1, "sleep": 0}]
"""
PRESENT = 'th: {class: motor, prefix: "A:th"}\nring: {class: signal_ro, prefix: "A:ring", readout: baseline}\n'
LATE = 'late: {class: motor, prefix: "B:late"}\n'


def facts_of(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / f"{name}.yml").write_text(text)
    facts, left_out = simulation_of(tmp_path / f"{name}.yml")
    assert left_out == []
    (tmp_path / f"{name}.json").write_text(json.dumps(facts))
    return tmp_path / f"{name}.json"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    folder = tmp_path / "profile_own"
    folder.mkdir()
    (folder / "ipython_config.py").write_text(CONFIG)
    (folder / "devices.yml").write_text(PRESENT + LATE + "odd: {class: motr}\n")
    return folder


@pytest.fixture
def run_own(tmp_path: Path, profile: Path) -> Iterator[Callable[[str], str]]:
    """Runs commands in a console whose device `late` has no IOC unless the commands start it."""
    late = facts_of(tmp_path, "late", LATE)
    with DemoIoc.start(speed=10.0, twin=facts_of(tmp_path, "present", PRESENT)) as ioc, DemoIoc(twin=late) as other:
        other.close()  # the console takes its port
        ioc.wait_ready()
        own = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS_", "PYEPICS"))}
        own |= ioc.client_environment
        own |= {"EPICS_CA_ADDR_LIST": f"127.0.0.1:{ioc.port} 127.0.0.1:{other.port}", "BEAMSHELL_DATA": str(tmp_path)}
        begin = (
            f"from beamshell.ioc.process import DemoIoc as Ioc; late_ioc = Ioc(twin={str(late)!r}, port={other.port})\n"
        )

        def run(commands: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "beamshell", "--profile", str(profile)],
                env=own,
                input=begin + commands + "\nlate_ioc.stop()\n",
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout + done.stderr

        yield run


def test_what_is_offline_is_named_with_its_reason_and_heals_by_itself(run_own: Callable[[str], str]) -> None:
    output = run_own(
        "offline\nprint(late.connected)\nlate_ioc.restart(); late_ioc.wait_ready()\n"
        "late.wait_for_connection(20)\nmov late 0.5\nwm late\noffline\nprint(odd)"
    )
    assert "late  B:late." in output
    assert "since" in output
    assert "odd  is not there: " in output
    assert "devices.yml:4:7: odd: no class 'motr': did you mean motor?" in output
    assert "0.5000" in output
    assert output.count("late  B:late.") == 1


def test_a_reload_keeps_what_is_the_same_and_says_what_has_changed(
    run_own: Callable[[str], str], profile: Path
) -> None:
    new = PRESENT.replace('"A:ring"', '"A:ring", doc: current')
    new += 'other: {class: signal, prefix: "A:th.EGU", string: true}\n'
    changed = new.replace('prefix: "A:th"}', 'prefix: "A:th", limits: [-1, 1]}')
    output = run_own(
        f"from pathlib import Path; file = Path({str(profile / 'devices.yml')!r})\n"
        f"old_th, old_ring = th, ring\nfile.write_text({new!r})\nreload\n"
        "print('same', th is old_th, ring is old_ring, other.get(), 'late' in globals())\n"
        f"file.write_text({changed!r})\nreload\nprint('new', th is old_th, ring is old_ring)\n"
        "mov th 0.25\nreload\nsuspenders\nload_times"
    )
    assert "other: new" in output
    assert "late: removed" in output
    assert "ring: doc  -> current" in output
    assert "same True True mm False" in output
    assert "th: made anew: limits none -> [-1, 1]" in output
    assert "new False True" in output
    assert "nothing has changed" in output
    assert "ms  th  EpicsMotor" in output


def test_a_suspender_watches_the_new_object_after_a_reload(run_own: Callable[[str], str], profile: Path) -> None:
    new = PRESENT.replace('"A:ring"', '"A:ring", auto_monitor: true')
    output = run_own(
        f"from pathlib import Path; file = Path({str(profile / 'devices.yml')!r}); old = ring\n"
        f"file.write_text({new!r})\nreload\n"
        "print('watched', [s.signal is ring for s in RE.suspenders], ring is old)\nscan ring th 0 0.1 2"
    )
    assert "watched [True] False" in output


@pytest.mark.parametrize(("problem", "status"), [("", 0), ("MOT002 = MAC_MOT:0/0 1 1 1 1 1 1 0 0x003 en en\n", 1)])
def test_import_writes_a_device_file_once(tmp_path: Path, problem: str, status: int) -> None:
    (tmp_path / "config").write_text(
        "VM_EPICS_M1 = lax: 8\nMOT000 = EPICS_M2:0/2 2000 1 2000 200 50 125 0 0x003 mx mx\n" + problem
    )
    command = [sys.executable, "-m", "beamshell", "import", "config"]
    done = [subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False) for _ in range(2)]
    assert [one.returncode for one in done] == [status, 1]
    assert 'mx: {class: motor, prefix: "lax:m2", tags: [motor]}' in (tmp_path / "devices.yml").read_text()
    assert "devices.yml: 1 device, " in done[0].stderr
    assert "devices.yml exists already" in done[1].stderr
