from __future__ import annotations

import numpy as np
import pytest

from beamshell.views.curves import curves_of
from beamshell.views.earlier_runs import EarlierRun, count_time_factor


@pytest.mark.parametrize(
    ("present_s", "earlier_s", "factor"), [(1.0, 0.1, 10.0), (None, 0.1, 1.0), (1.0, None, 1.0), (0.5, 0.5, 1.0)]
)
def test_counts_are_multiplied_to_the_count_time_of_the_present_run(present_s, earlier_s, factor):
    assert count_time_factor(present_s, earlier_s) == pytest.approx(factor)


def test_time_counts_from_the_start_of_each_run(make_run):
    (_, start), (_, descriptor), *_ = make_run([], ["det"], [])
    earlier = EarlierRun({**start, "uid": "before", "time": 100.0}, descriptor, {"time": np.array([101.0])})
    assert earlier.curve(curves_of(start, descriptor, x="time"), 0) is None
    columns = {"time": np.array([101.0, 103.0]), "det": np.array([1, 2])}
    earlier = EarlierRun({**start, "uid": "before", "time": 100.0}, descriptor, columns)
    curve = earlier.curve(curves_of(start, descriptor, x="time"), 0)
    assert (curve.x.tolist(), curve.y.tolist(), curve.label) == ([1.0, 3.0], [1.0, 2.0], "#1")


def test_a_point_without_a_value_is_a_gap(make_run):
    (_, start), (_, descriptor), *_ = make_run(["th"], ["det"], [])
    columns = {"th": np.array([0.0, 1.0]), "det": np.ma.masked_array([1, 2], [False, True])}
    curve = EarlierRun({**start, "uid": "before"}, descriptor, columns).curve(curves_of(start, descriptor), 0)
    assert np.isnan(curve.y).tolist() == [False, True]
