from __future__ import annotations

import math

import numpy as np
import pytest

from beamshell.views.curves import as_numbers, curves_of


@pytest.mark.parametrize(
    ("value", "number"), [(2.5, 2.5), (3, 3.0), (np.array([3.0]), 3.0), (True, 1.0), ("2.5", 2.5), (np.float32(1), 1.0)]
)
def test_what_can_be_a_number_is_one(value, number):
    assert as_numbers([value]) == [number]


@pytest.mark.parametrize("value", [None, "text", np.zeros(2), {}])
def test_what_is_no_number_is_nan(value):
    assert math.isnan(as_numbers([1.0, value])[1])


def test_curves_are_the_points_of_their_stream(make_run):
    (_, start), (_, descriptor), *events, _ = make_run(["th"], ["det", "mon"], [(0.0, 5.0, 1.0), (1.0, 6.0, None)])
    curves = curves_of(start, descriptor)
    for _, event in events:
        curves.add(event)
    np.testing.assert_array_equal(curves.points(), [[0.0, 1.0], [5.0, 6.0], [1.0, np.nan]])
    assert (curves.name, curves.key) == ("det, mon against th", ("curves", "th", "det", "mon"))


def test_of_many_detectors_five_are_shown_and_the_others_counted(make_run):
    (_, start), (_, descriptor), *_ = make_run(["th"], [f"det{n}" for n in range(7)], [])
    curves = curves_of(start, descriptor)
    assert [y.key for y in curves.ys] == ["det0", "det1", "det2", "det3", "det4"]
    assert curves.title.endswith("(+2 more)")


def test_without_points_there_are_no_numbers(make_run):
    (_, start), (_, descriptor), *_ = make_run(["th"], ["det"], [])
    assert curves_of(start, descriptor).points().shape == (2, 0)


def test_a_stream_without_numbers_makes_no_curves(make_run):
    keys = {"note": {"dtype": "string", "shape": []}}
    (_, start), (_, descriptor), *_ = make_run(["th"], ["note"], [], keys=keys)
    assert curves_of(start, descriptor) is None
