"""The tables of runs that the engine has measured."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell import plans as bp
from beamshell.devices import Signal, SoftPositioner
from beamshell.engine import RunEngine
from beamshell.plans.preprocessors import SupplementalData
from beamshell.store import Journal, Runs


class Distance(Signal):
    """Reads 10 y + x; its shutter breaks before a point."""

    def __init__(self, x, y, breaks_before=None):
        super().__init__(name="det", value=0.0)
        self._x, self._y, self._points_left = x, y, breaks_before

    def trigger(self):
        if self._points_left is not None:
            if not self._points_left:
                raise RuntimeError("the shutter is broken")
            self._points_left -= 1
        self.put(10 * self._y.position + self._x.position)
        return super().trigger()


@pytest.fixture
def beamline(tmp_path):
    """A function that runs a plan and gives its run, and two motors."""
    RE = RunEngine()
    RE.subscribe(Journal(tmp_path), writer=True)
    x, y = (SoftPositioner(name=name, units="mm") for name in ("samx", "samy"))

    def measured(plan):
        try:
            RE(plan)
        except RuntimeError:
            pass
        return Runs(tmp_path)[-1]

    return RE, measured, x, y


def test_a_snaked_grid_is_as_it_is_in_space(beamline):
    _, measured, x, y = beamline
    run = measured(bp.grid_scan([Distance(x, y)], y, 0, 2, 3, x, 0, 3, 4, snake_axes=True))
    dataset = run.table().to_xarray()
    assert dataset["det"].values.tolist() == [[10 * row + column for column in range(4)] for row in range(3)]
    assert dataset["det"].sel(samy=1, samx=3).item() == 13
    assert dataset["samx"].attrs["units"] == "mm"


def test_a_grid_that_failed_is_nan_where_it_was_not_measured(beamline):
    _, measured, x, y = beamline
    det = Distance(x, y, breaks_before=6)
    run = measured(bp.grid_scan([det], y, 0, 2, 3, x, 0, 3, 4, snake_axes=True))
    assert run.exit_status == "fail"
    dataset = run.table().to_xarray()
    nan = np.nan
    np.testing.assert_array_equal(dataset["det"].values, [[0, 1, 2, 3], [nan, nan, 12, 13], [nan] * 4])
    assert (dataset["samy"].values.tolist(), dataset["samx"].values.tolist()) == ([0, 1, 2], [0, 1, 2, 3])


def test_a_square_spiral_is_a_grid_and_any_other_is_a_line_of_points(beamline):
    _, measured, x, y = beamline
    square = measured(bp.spiral_square([Distance(x, y)], x, y, 0, 0, 2, 2, 3, 3)).table().to_xarray()
    assert square["det"].values.tolist() == [[10 * row + column for column in (-1, 0, 1)] for row in (-1, 0, 1)]
    fermat = measured(bp.spiral_fermat([Distance(x, y)], x, y, 0, 0, 1, 1, 0.3, 1)).table().to_xarray()
    assert fermat["det"].dims == ("seq_num",)
    assert {"samx", "samy"} <= set(fermat.coords)


def test_what_was_recorded_beside_the_points_is_there(beamline):
    RE, measured, x, y = beamline
    ring = Signal(name="ring", value=300.0)
    RE.preprocessors.append(SupplementalData(baseline=[x], monitors=[ring]))
    run = measured(bp.scan([Distance(x, y)], x, -1, 1, 3))
    assert run.baseline["samx"].tolist() == [0, 1]
    assert [line.split() for line in repr(run.baseline).splitlines()][1] == ["samx", "0", "1", "1", "mm"]
    assert run.monitors["ring"]["ring"].tolist() == [300.0]
    assert run.table().to_xarray()["det"].dims == ("samx",)
