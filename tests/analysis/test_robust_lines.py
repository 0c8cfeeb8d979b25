"""Fits that do not believe outliers."""

import numpy as np
import pytest

from beamshell.analysis.robust_lines import fit_lines

X = np.arange(1.0, 21.0)
ROWS = np.stack([np.ones_like(X), X], axis=1)
VALUES = 0.5 + 2 * X
NO_BELIEF = (np.zeros(2), np.full(2, 1e3))


def test_a_line_is_found():
    assert fit_lines(ROWS, VALUES, np.ones(20), *NO_BELIEF) == pytest.approx([0.5, 2.0], rel=1e-4)


def test_points_far_off_do_not_count():
    spoilt = VALUES.copy()
    spoilt[[2, 7, 11, 12, 18]] += [1000, 5, 60, -3, 1e5]
    assert fit_lines(ROWS, spoilt, np.ones(20), *NO_BELIEF) == pytest.approx([0.5, 2.0], rel=0.02)


def test_where_the_points_do_not_decide_the_prior_counts():
    rows = np.array([[1.0, 3.0]] * 4)  # one abscissa: a line through it, but which?
    parameters = fit_lines(rows, np.full(4, 6.5), np.ones(4), np.array([0.0, 2.0]), np.array([1.0, 0.01]))
    assert parameters == pytest.approx([0.5, 2.0], abs=0.01)
