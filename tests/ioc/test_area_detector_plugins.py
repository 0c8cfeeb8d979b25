"""What the statistics plugin says of a picture, against what the picture was made of."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.ioc.area_detector_plugins import centroid, statistics


def spot(x: float, y: float, sigma_x: float, sigma_y: float) -> np.ndarray:
    columns, rows = np.arange(120.0), np.arange(80.0)
    profile = np.outer(np.exp(-0.5 * ((rows - y) / sigma_y) ** 2), np.exp(-0.5 * ((columns - x) / sigma_x) ** 2))
    return (10_000 * profile).astype(np.uint16)


def test_the_spot_is_where_it_was_put_and_as_wide_as_it_was_made() -> None:
    results = centroid(spot(70.0, 30.0, 6.0, 4.0), 10)
    assert results["CentroidX"] == pytest.approx(70.0, abs=0.01)
    assert results["CentroidY"] == pytest.approx(30.0, abs=0.01)
    assert results["SigmaX"] == pytest.approx(6.0, rel=0.02)
    assert results["SigmaY"] == pytest.approx(4.0, rel=0.02)


def test_what_is_not_above_the_threshold_has_no_say() -> None:
    picture = spot(70.0, 30.0, 6.0, 4.0)
    picture[:, :20] += 99
    assert centroid(picture, 100)["CentroidX"] == pytest.approx(70.0, abs=0.05)


def test_a_dark_picture_has_no_spot() -> None:
    assert set(centroid(np.zeros((8, 8), np.uint16), 10).values()) == {0.0}


def test_sum_and_extremes_are_those_of_all_pixels() -> None:
    picture = np.full((1000, 1000), 60_000, np.uint16)
    picture[0, 0], picture[0, 1] = 1, 65_535
    results = statistics(picture)
    assert results["Total"] == 60_000 * 999_998 + 65_536  # more than 32 bits hold
    assert (results["MinValue"], results["MaxValue"]) == (1, 65_535)
    assert results["MeanValue"] == pytest.approx(60_000, rel=1e-4)
