"""Statistics from half height alone; tests/interop compares them with bluesky's."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.analysis.half_height import half_height_statistics


def test_a_triangle_is_half_as_high_midway_down_its_sides():
    found = half_height_statistics(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([0.0, 5.0, 10.0, 5.0, 0.0]))
    assert (found.max, found.min) == ((2.0, 10.0), (0.0, 0.0))
    assert (found.cen, found.com, found.fwhm) == (2.0, 2.0, 2.0)
    assert found.crossings.tolist() == [1.0, 3.0]


def test_a_linear_background_is_that_of_the_points_at_both_ends():
    x = np.linspace(0, 10, 101)
    found = half_height_statistics(x, 3 * x + 7 + 100 * np.exp(-((x - 4) ** 2)), edge_count=5)
    assert found.lin_bkg == {"m": pytest.approx(3, abs=1e-3), "b": pytest.approx(7, abs=1e-3)}
    assert found.cen == pytest.approx(4, abs=0.01)


def test_a_constant_has_no_crossing():
    found = half_height_statistics(np.array([0.0, 1.0]), np.array([5.0, 5.0]))
    assert (found.cen, found.crossings, found.fwhm, found.lin_bkg) == (None, None, None, None)


def test_a_single_crossing_is_the_centre_and_has_no_width():
    found = half_height_statistics(np.array([0.0, 1.0]), np.array([0.0, 5.0]))
    assert (found.cen, found.fwhm) == (0.5, None)
