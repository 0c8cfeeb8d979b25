"""The example of each command shows something on the demo beamline: a peak, an edge, a spot. Noise teaches nothing."""

from __future__ import annotations

import pytest

from beamshell.shell.commands import commands

PEAKS = ("scan", "rscan", "ascan", "dscan", "a2scan", "d2scan", "th2th", "lineup", "regions", "align")
EDGES = ("edge", "knife", "xafs")
SPOTS = ("grid", "mesh", "dmesh")
_SPEED = 20


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the example of each command shows, by the command's name; each begins where the console opens."""
    import subprocess
    import sys

    from terminal import QUICK, environment

    names, lines = (*PEAKS, *EDGES, *SPOTS), []
    for name in names:
        lines += [f"print('@@{name}')", "mov th 0 tth 0 samx 0 samy 0", commands()[name].example]
        if name in SPOTS:
            lines += ["t = runs[-1].table()['cam_total']", "print('spot', t.max() > 5 * t.min())"]
    text = subprocess.run(
        [sys.executable, "-m", "beamshell", *QUICK, f"--Beamshell.demo_ioc_speed={_SPEED}"],
        env=environment(tmp_path_factory.mktemp("data")),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    parts = [part.partition("\n") for part in text.split("@@")[1:]]
    return {name: part for name, _, part in parts}


@pytest.mark.parametrize("name", PEAKS)
def test_the_example_of_a_scan_shows_a_peak_with_its_centre(shown, name):
    assert "det: max" in shown[name] or "det/" in shown[name]
    assert "cen 0." in shown[name]
    assert "no clear peak" not in shown[name]


@pytest.mark.parametrize("name", EDGES)
def test_the_example_of_an_edge_shows_an_edge_and_no_peak(shown, name):
    assert "no centre: an edge at" in shown[name]
    assert " cen " not in shown[name]


@pytest.mark.parametrize("name", SPOTS)
def test_the_example_of_a_grid_shows_a_spot(shown, name):
    assert "spot True" in shown[name]
