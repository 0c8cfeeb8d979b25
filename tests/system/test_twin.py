"""The twin of a whole device file: everything in it answers, moves, counts and arrives, and nothing is real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MOTORS = [f"m{number}" for number in range(40)]
LINES = [
    *(f'{m}: {{class: motor, prefix: "TW:{m}", limits: [-20, 20], tags: [motor], doc: "motor {m}"}}' for m in MOTORS),
    'mono: {class: monochromator, prefix: "TW:bragg"}',
    'slits: {class: slits, prefix: "TW:slit:"}',
    'scaler: {class: scaler, prefix: "TW:scaler", channels: [1, 2, 3, 20]}',
    'mca: {class: mca, prefix: "TW:mca1", rois: {Fe: [610, 670]}}',
    *(f'det{n}: {{class: counter, prefix: "TW:det{n}"}}' for n in range(3)),
    *(f'temp{n}: {{class: positioner, prefix: "TW:temp{n}", limits: [4, 500], twin: {{units: K}}}}' for n in range(3)),
    'shutter: {class: shutter, prefix: "TW:shutter"}',
    'cam: {class: camera, prefix: "TW:cam"}',
    'ring: {class: signal_ro, prefix: "TW:current", twin: {value: 400, units: mA}}',
    'absorber: {class: signal, prefix: "TW:filter", twin: {states: [Out, Al, Cu], value: Al}}',
    'sample: {class: signal_ro, prefix: "TW:name", string: true, twin: {value: LaB6}}',
    'bare: {class: signal, prefix: "TW:bare"}',
    'field: {class: signal_ro, prefix: "TW:lonely.RBV"}',
    *(f'v{n}: {{class: signal_ro, prefix: "TW:v{n}"}}' for n in range(2)),
    'extra: {class: beamshell.devices.epics.demo.Decay, prefix: "TW:decay"}',
]

CONFIG = """
c = get_config()
c.InteractiveShell.xmode = "Minimal"
c.InteractiveShellApp.extensions = ["beamshell"]
c.InteractiveShellApp.exec_files = [
    "00-session.py", "10-devices.py", "20-suspenders.py", "30-callbacks.py", "40-plans.py"
]
c.Beamshell.name = "sixty"
c.Beamshell.devices_file = "devices.yml"
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    folder = tmp_path / "profile_sixty"
    folder.mkdir()
    (folder / "ipython_config.py").write_text(CONFIG)
    (folder / "devices.yml").write_text("\n".join(LINES) + "\n")
    return folder


def test_the_twin_of_sixty_devices_can_be_used_like_the_beamline(
    run_beamshell: Callable[..., subprocess.CompletedProcess[str]], profile: Path
) -> None:
    assert len(LINES) == 60
    commands = [
        "offline",
        "mov m3 1.5 temp1 40 slits.gap 2 mono.energy 8.048",
        "wa",
        "scan det0 m3 -0.2 0.8 5",
        "print('states', absorber.get(as_string=True), sample.get())",
        "print('camera', cam.picture().shape, round(ring.get()), field.get())",
        "ct scaler",
        "ct mca 0.5",
        "print('decay', extra.set(3).wait(30), extra.position)",
        "shutter.close().wait(30)",
        "print('closed', shutter.state)",
    ]
    done = run_beamshell("--profile", str(profile), "--twin", stdin="\n".join(commands) + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything answers" in done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert rows["m3"][:6] == ["m3", "1.5000", "1.5000", "-20.0000", "20.0000", "mm"]
    assert rows["temp1"][1] == "40.000"
    assert "K" in rows["temp1"]
    assert "states Al LaB6" in done.stdout
    assert "camera (256, 256) 400 0" in done.stdout
    assert re.search(r"m3.*det0", done.stdout)
    assert float(rows["mca_total"][1]) > 100
    assert "scaler_mon20" in rows
    assert "decay None 3.0" in done.stdout
    assert "closed Closed" in done.stdout
    assert "OFFLINE" not in done.stdout


def test_practice_never_gets_among_the_real_data(
    run_beamshell: Callable[..., subprocess.CompletedProcess[str]], profile: Path, data: Path
) -> None:
    words = [
        "--profile",
        str(profile),
        "--twin",
        "--data",
        str(data),
        "--Beamshell.name=sixty",
    ]  # it sets these as well
    done = run_beamshell(*words, "-c", "scan det0 m3 0 1 2; print(session.config.name)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sixty-twin" in done.stdout
    assert list((data / "twin").rglob("*.jsonl"))
    assert not [path for path in data.rglob("*.jsonl") if "twin" not in path.relative_to(data).parts]


def test_a_twin_stands_alone_for_other_clients(profile: Path, tmp_path: Path) -> None:
    from beamshell.ioc.network import answers

    own = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS_", "PYEPICS"))}
    with subprocess.Popen(
        [sys.executable, "-m", "beamshell", "ioc", str(profile / "devices.yml")],
        env=own | {"BEAMSHELL_DATA": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(2)]
            port = int(re.search(r"127\.0\.0\.1:(\d+)", "".join(lines))[1])  # type: ignore[index]
            assert answers("TW:m7.RBV", port, timeout_s=2.0)
            assert answers("TW:slit:low.VAL", port, timeout_s=2.0)
            assert not answers("TW:m99", port, timeout_s=0.1)
        finally:
            process.terminate()
        assert process.wait(20) == 0
