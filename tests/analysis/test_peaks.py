from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.analysis.peaks import peak


def gaussian(x, centre, sigma):
    return np.exp(-((x - centre) ** 2) / (2 * sigma**2))


@given(centre=st.floats(-0.3, 0.3), sigma=st.floats(0.05, 0.15), height=st.floats(1e-9, 1e9), base=st.floats(0, 10))
def test_the_peak_of_a_gaussian_is_found(centre, sigma, height, base):
    x = np.linspace(-1, 1, 401)
    result = peak("th", "det", x, height * (base + gaussian(x, centre, sigma)))
    assert result.max_x == pytest.approx(centre, abs=0.005)
    assert result.cen == pytest.approx(centre, abs=0.005)
    assert result.com == pytest.approx(centre, abs=0.005)
    assert result.fwhm == pytest.approx(2.3548 * sigma, rel=0.02)


def test_the_order_of_the_points_does_not_matter():
    x = np.linspace(-1, 1, 41)
    y = gaussian(x, 0.1, 0.2)
    assert peak("x", "y", x[::-1], y[::-1]) == peak("x", "y", x, y)


def test_points_that_are_no_number_are_left_out():
    assert peak("x", "y", [0, 1, np.nan, 2], [0, 1, 5, np.inf]) is None
    assert peak("x", "y", [0, 1, 2, 3], [0, 1, np.nan, 0]).max_y == 1


def test_a_slope_has_a_maximum_and_no_centre():
    result = peak("x", "y", [0, 1, 2, 3], [0, 1, 2, 3])
    assert (result.max_x, result.cen, result.fwhm) == (3, None, None)


@pytest.mark.parametrize(("x", "y"), [([], []), ([1, 2], [1, 2]), ([1, 2, 3], [5, 5, 5]), ([1, 1, 1], [1, 2, 3])])
def test_what_has_no_peak_gives_none(x, y):
    assert peak("x", "y", x, y) is None
