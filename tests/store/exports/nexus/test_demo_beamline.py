"""Real runs of the demo beamline as NeXus files: pictures of a grid, and a scan on the fly."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import silx.io
from nexus_reading import STAYS, violations
from silx.io.nxdata import get_default

from beamshell import RunEngine
from beamshell.devices import EpicsAreaDetector, EpicsMotor
from beamshell.devices.epics.fly_motor import MotorFlyer
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.plans import fly_scan, grid_scan
from beamshell.store import Journal, Run
from beamshell.store.exports.exporting import export

WIDE = 10.0
"""deg: simulated time is faster than life, so points are far off on a busy machine."""


@pytest.fixture
def measure(demo_ioc, tmp_path):
    """Runs a plan on the demo beamline; the run, and its NeXus file."""
    journal = Journal(tmp_path)
    engine = RunEngine()
    engine.subscribe(journal)

    def measure(plan):
        engine(plan)
        run = Run(journal.recent[-1])
        return run, export(run, "nexus", tmp_path / "exports")[0]

    yield measure
    journal.close()


def test_a_snaked_grid_with_pictures(measure, tmp_path):
    cam = EpicsAreaDetector("BL:cam:", name="cam")
    samx, samy = EpicsMotor("BL:samx", name="samx"), EpicsMotor("BL:samy", name="samy")
    for device in (cam, samx, samy):
        device.wait_for_connection(10)
    (pictures := tmp_path / "pictures").mkdir()
    cam.hdf.write_folder = str(pictures)
    cam.count_time.set(0.1).wait(5)
    run, path = measure(grid_scan([cam], samy, 0, 1, 2, samx, 0, 2, 3, snake_axes=True))
    table = run.table()
    with h5py.File(path) as file:
        pictures = file["entry/primary/cam_image"]
        np.testing.assert_array_equal(pictures, np.asarray(run.images("cam")))
        np.testing.assert_array_equal(pictures[()].sum(axis=(1, 2)), table["cam_total"])
        assert "missing_files" not in pictures.attrs
        assert file["entry/instrument/samx/value"].attrs["units"] == "mm"
    assert violations(path) == STAYS
    with silx.io.open(str(path)) as file:
        plot = get_default(file)
        assert plot.axes_names == ["samy [mm]", "samx [mm]"]
        totals = table["cam_total"].reshape(2, 3)
        np.testing.assert_array_equal(plot.signal[()], [totals[0], totals[1][::-1]])


def test_a_scan_on_the_fly(measure):
    th, mcs = EpicsMotor("BL:th", name="th"), MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2, "it": 3})
    flyer = MotorFlyer(name="th_fly", motor=th, counter=mcs, tolerance=WIDE)
    for device in (th, mcs):
        device.wait_for_connection(10)
    run, path = measure(fly_scan(flyer, -0.5, 0.5, 11, 0.1))
    with silx.io.open(str(path)) as file:
        plot = get_default(file)
        assert plot.axes_names == ["th [deg]"]
        np.testing.assert_array_equal(plot.axes[0][()], run.table()["th"])
        np.testing.assert_array_equal(file["entry/primary/mcs_i0"][()], run.table()["mcs_i0"])
        assert file["entry/mcs_i0/data"].shape == (11,)
        np.testing.assert_array_equal(file["entry/instrument/th/value"][()], run.table()["th"])
