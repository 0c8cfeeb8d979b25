"""Pictures and spectra, from the line that is typed to what is seen and found in the run."""

from __future__ import annotations

import re

from beamshell.store import Runs


def test_a_scan_with_the_camera_is_looked_at_and_found_again(run_beamshell, data):
    lines = "scan cam samx -1 1 3; image cam 2; print(runs[-1].image('cam', 3).shape); image cam 4"
    finished = run_beamshell("-c", lines)
    assert finished.returncode == 1
    assert "no cam_image of point 4: there are those of 3 points" in finished.stderr
    assert "█" in finished.stdout
    assert "cam_image of run 1, point 2: 256 x 256 pixels" in finished.stdout
    assert "(256, 256)" in finished.stdout
    runs = Runs(data)
    assert [(file.points, file.exists) for file in runs[-1].files] == [(3, True)]
    assert runs[-1].image("cam").max() > 1000
    runs.index.close()


def test_a_scan_with_the_fluorescence_detector(run_beamshell, data):
    finished = run_beamshell("-c", "ct mca 0.5; scan mca th -0.5 1 3 0.5; image mca")
    assert finished.returncode == 1
    assert "its values are in the table: run.table()['mca_spectrum']" in finished.stderr
    assert "mca_spectrum   array (2048,)" in finished.stdout
    assert re.search(r" mca_Fe +mca_Cu\n +deg +counts +counts\n", finished.stdout)
    runs = Runs(data)
    table = runs[-1].table()
    assert table["mca_spectrum"].shape == (3, 2048)
    assert table["mca_Fe"][1] > table["mca_Fe"][0]
    runs.index.close()
