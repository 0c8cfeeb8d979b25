"""Startup folders in the manner of beamlines that run on bluesky and ophyd, moved over with one documented change.

The folders are in `tests/system/beamlines`; docs/how-to/moving-a-beamline-over.md says what is changed, name by name.
"""

from __future__ import annotations

import importlib
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import bluesky.magics  # noqa: F401 - its class has an engine of its own, with a thread
import pytest
from console_output import recorded_runs

BEAMLINES = Path(__file__).parent / "beamlines"
PAGE = Path(__file__).parents[2] / "docs/how-to/moving-a-beamline-over.md"
ENGINE_LINE = re.compile(r"^RE = RunEngine\(.*\)\n", re.MULTILINE)


@pytest.fixture
def move_over(data: Path) -> Callable[..., None]:
    """Puts the startup folder of a beamline into the data folder, without the line that makes an engine."""

    def move(beamline: str, *, changed: bool = True) -> None:
        folder = data / "startup"
        folder.mkdir(parents=True)
        for path in (BEAMLINES / beamline).glob("*.py"):
            text = path.read_text()
            (folder / path.name).write_text(ENGINE_LINE.sub("", text) if changed else text)

    return move


MAGICS = "mov, movr, ct, wa stay the commands; the other magics are %mov_, %movr_, %ct_, %wa_"


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What the console has said, without its own name; the run has gone well."""
    assert done.returncode == 0, done.stderr
    return [line.removeprefix("beamshell: ") for line in done.stderr.splitlines()]


def plans_of(data: Path) -> list[tuple[str, int, str]]:
    """The plan of each run with its number of points and how it ended."""
    starts_and_stops = [(docs[0][1], docs[-1][1]) for docs in recorded_runs(data)]
    return [
        (start["plan_name"], stop["num_events"].get("primary", 0), stop["exit_status"])
        for start, stop in starts_and_stops
    ]


def test_a_powder_beamline_with_its_baseline_suspender_heater_and_magics(run_beamshell, move_over, data):
    move_over("powder")
    done = run_beamshell(
        stdin='pattern LaB6\nRE(ramp([10, 20]))\nmov two_theta 0.5\nsuspenders\nruns[-1].start["temperature"]\n'
    )
    assert said(done) == [MAGICS]
    assert plans_of(data) == [("scan", 3, "success")] * 3
    first = recorded_runs(data)[0]
    assert {first[0][1][key] for key in ("facility", "beamline_id", "sample", "purpose")} == {
        *("storage ring", "powder", "LaB6", "pattern")
    }
    assert {doc["name"] for name, doc in first if name == "descriptor"} == {"baseline", "primary"}
    assert "<SuspendFloor ring_current: good" in done.stdout
    assert "two_theta: 1.0000 -> 0.5000 deg" in done.stdout
    assert "Persistent Unique Scan ID" in done.stdout  # its own BestEffortCallback


def test_a_spectroscopy_beamline_with_computed_axes_and_a_shutter(run_beamshell, move_over, data):
    move_over("spectroscopy")
    done = run_beamshell(
        stdin="RE(xanes(8.979, points=3))\nmov dcm.energy 9\nRE(align())\nmov blades.gap 0.6 blades.centre 0.1\n"
        "blades.position\nwm blades\n"
    )
    assert said(done) == [
        "mov, mv, movr, mvr, scan, stop are still the commands; in Python, as in RE(mov(...)), what you imported",
        "align is your own now; %align is the command (del align gives it back)",
    ]
    assert plans_of(data) == [("list_scan", 3, "success"), ("rel_scan", 3, "success")]
    assert "blades_gap: 1.0000 -> 0.6000 mm" in done.stdout
    assert re.search(r"BladesPseudoPos\(gap=0\.6\d*, centre=0\.1\d*\)", done.stdout)
    assert re.search(r"blades\.low +-0\.200", done.stdout)


def test_an_imaging_beamline_with_an_area_detector_a_logbook_and_its_own_suspender(run_beamshell, move_over, data):
    move_over("imaging")
    done = run_beamshell(
        stdin="RE(mosaic())\nRE(watched())\nRE(bp.count([camera], num=2))\nlight.put(0)\n"
        "RE.state_hook = lambda new, old: light.put(5) if new == 'suspending' else None\nRE(mosaic(1, 2))\n"
        "logbook.lines\n"
    )
    assert said(done) == ["The conditions are good again: going on."]
    assert plans_of(data) == [
        *[("grid_scan", 4, "success"), ("watched", 3, "success"), ("count", 2, "success"), ("grid_scan", 2, "success")]
    ]
    assert "'4 grid_scan success 2'" in done.stdout


def test_without_the_change_the_second_engine_is_noticed_and_its_runs_are_kept(run_beamshell, move_over, data):
    move_over("powder", changed=False)
    done = run_beamshell(stdin="RE_(diffraction())\nRE(diffraction())\n")
    about_engines = [line for line in said(done) if line != MAGICS]
    assert len(about_engines) == 3
    assert all(f"beamshell: {line}\n" in PAGE.read_text() for line in about_engines)
    assert plans_of(data) == [("scan", 3, "success")] * 2
    assert [docs[0][1]["scan_id"] for docs in recorded_runs(data)] == [1, 2]


# ---- the page ----------------------------------------------------------------------------------

ROWS = re.findall(r"^\| `(bluesky|ophyd)([\w.]*)` \| (`beamshell[\w.]*`|[^|]*) \|", PAGE.read_text(), re.MULTILINE)


def _found(dotted: str) -> object:
    """A module, or an attribute of one."""
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        return getattr(importlib.import_module(module), name)


def test_the_page_has_a_row_for_each_name_that_the_beamlines_import():
    there = {package + name for package, name, _ in ROWS}
    imported = set()
    for path in BEAMLINES.rglob("*.py"):
        for module, names in re.findall(r"^from ((?:bluesky|ophyd)[\w.]*) import ([\w, *]+)", path.read_text(), re.M):
            imported |= {f"{module}.{name.split(' as ')[0].strip()}".removesuffix(".*") for name in names.split(",")}
        imported |= set(re.findall(r"^import ((?:bluesky|ophyd)[\w.]*)", path.read_text(), re.M))
    assert {name for name in imported if name not in there and name.rpartition(".")[0] not in there} == set()


def test_each_name_of_the_page_exists_there_and_here():
    assert len(ROWS) > 20
    for package, name, here in ROWS:
        for dotted in (package + name, *re.findall(r"`(beamshell[\w.]*)`", here)):
            _found(dotted)
