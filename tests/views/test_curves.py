from __future__ import annotations

import math

import numpy as np
import pytest

from beamshell.views.curves import as_numbers, curves_of, thinned


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


def test_a_point_measured_again_replaces_the_one_before_in_its_place(make_run):
    (_, start), (_, descriptor), *events, _ = make_run(["th"], ["det"], [(0.0, 5.0), (1.0, 6.0), (0.1, 7.0)])
    curves = curves_of(start, descriptor)
    for event, seq_num in zip(events, (1, 2, 1), strict=True):
        curves.add({**event[1], "seq_num": seq_num})
    assert curves.points().tolist() == [[0.1, 1.0], [7.0, 6.0]]


@pytest.mark.parametrize("number", [5001, 12_345, 100_000])
@pytest.mark.parametrize("rises", [True, False])
def test_many_points_are_thinned_to_those_that_are_seen(number, rises):
    xs = np.linspace(0, 1, number)[:: 1 if rises else -1]
    ys = np.sin(40 * xs) + np.random.default_rng(1).normal(0, 0.1, number)
    ys[[7, number // 2]] = 50.0, -50.0  # two points that nobody may miss
    ys[number // 3 : number // 3 + 400] = np.nan
    thin_xs, thin_ys = thinned(xs, ys)
    assert len(thin_xs) == len(thin_ys) <= 5000
    assert {(xs[0], ys[0]), (xs[7], 50.0), (xs[number // 2], -50.0), (xs[-1], ys[-1])} <= set(
        zip(thin_xs.tolist(), thin_ys.tolist(), strict=True)
    )
    assert set(thin_xs.tolist()) <= set(xs.tolist())
    assert (np.diff(thin_xs) > 0).all() == rises


@pytest.mark.parametrize("xs", [np.linspace(0, 1, 5000), np.sin(np.arange(20_000.0)), np.full(9000, np.nan)])
def test_few_points_and_those_that_go_back_and_forth_are_all_kept(xs):
    np.testing.assert_array_equal(thinned(xs, xs), (xs, xs))
