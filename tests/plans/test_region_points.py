"""The points of regions and spectra: pure numbers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import PlanError
from beamshell.plans.region_points import electron_energy, joined_regions, spectrum, steps, wave_number

reals = st.floats(-1e4, 1e4).map(lambda value: round(value, 3))


def test_a_photoelectron_of_one_inverse_angstrom_has_3_80998_ev():
    assert electron_energy(1.0) == pytest.approx(3.80998, abs=1e-5)
    assert wave_number(electron_energy(12.0)) == pytest.approx(12.0)


def test_below_the_edge_there_is_no_wave_number():
    with pytest.raises(PlanError, match="-1 eV is below the edge"):
        wave_number(-1.0)


@given(reals, reals, st.floats(0.01, 50))
def test_a_region_hits_both_ends_and_no_step_is_longer_than_asked(start, stop, step):
    if start == stop or abs(stop - start) / step > 5000:
        return
    places = steps(start, stop, step)
    assert places[0] == start
    assert places[-1] == stop
    ways = [b - a for a, b in itertools.pairwise(places)]
    assert all(0 < abs(way) <= step * (1 + 1e-5) for way in ways)
    assert all(way * (stop - start) > 0 for way in ways)
    assert ways[:-1] == pytest.approx([ways[0]] * (len(ways) - 1), rel=1e-6)


@given(st.lists(st.integers(1, 300), min_size=2, max_size=5, unique=True), st.floats(0.05, 7))
def test_joined_regions_have_each_boundary_once(ends, step):
    ends = sorted(ends)
    places, _ = joined_regions([(a, b, step) for a, b in itertools.pairwise(ends)])
    assert places == sorted(set(places))
    assert set(ends) <= set(places)


def test_regions_apart_keep_both_their_ends():
    assert joined_regions([(0, 1, 1), (2, 3, 1)])[0] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "regions",
    [
        [(0, 1, 0.25), (0.5, 2, 0.5)],
        [(0, 1, 0.25), (0, 1, 0.25)],
        [(0, 1, 0.25), (1, 0, 0.25)],
        [(1, 0, 0.25), (0.5, -1, 0.5)],
        [(2, 3, 0.5), (0, 1, 0.5)],
    ],
)
def test_regions_that_overlap_or_are_out_of_order_are_refused(regions):
    with pytest.raises(PlanError, match=r"regions overlap: .* comes after .*; put them in order"):
        joined_regions(regions)


def test_regions_may_fall():
    assert joined_regions([(2, 1, 0.5), (1, 0, 1)])[0] == [2, 1.5, 1, 0]


def test_the_end_of_k_has_no_step_of_its_own():
    energies, _ = spectrum([(-20, 40, 0.5)], 12.0, 0.05, None, 0)
    ks = [wave_number(energy) for energy in energies if energy >= 40]
    ways = [b - a for a, b in itertools.pairwise(ks)]
    assert min(ways) == pytest.approx(max(ways), rel=1e-6)
    assert 0.049 < ways[0] <= 0.05
    assert ks[-1] == pytest.approx(12.0)


def test_a_boundary_counts_as_long_as_the_region_that_ends_there():
    assert joined_regions([(0, 2, 1, 0.1), (2, 3, 0.5, 7.0)]) == ([0, 1, 2, 2.5, 3], [0.1, 0.1, 0.1, 7.0, 7.0])


@given(st.floats(10, 100), st.floats(6, 20), st.floats(0.02, 0.5), st.floats(0, 3))
def test_a_spectrum_rises_is_even_in_k_and_counts_ever_longer(end_ev, k_max, k_step, k_weight):
    energies, times = spectrum([(-50, end_ev, 5)], k_max, k_step, 2.0, k_weight)
    assert energies[0] == -50
    assert energies[-1] == pytest.approx(electron_energy(k_max))
    assert all(b > a for a, b in itertools.pairwise(energies))
    assert len(times) == len(energies)
    ks = [wave_number(energy) for energy in energies if energy >= end_ev]
    ways = [b - a for a, b in itertools.pairwise(ks)]
    assert ways == pytest.approx([ways[0]] * len(ways), rel=1e-6)
    assert ways[0] <= k_step * (1 + 1e-5)
    assert len(ways) == 1 or ways[0] > k_step * (1 - 1 / len(ways)) * (1 - 1e-5)
    assert times == sorted(times)
    assert times[0] == 2.0
    assert times[-1] == pytest.approx(2.0 * (k_max / wave_number(end_ev)) ** k_weight)


def test_without_a_time_no_count_time_is_set():
    assert spectrum([(-10, 30, 10)], 4.0, 0.5, None, 2.0)[1] is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (([(-10, 30, 0)], None, 0.05, None, 0), "a step must be more than 0"),
        (([(-10, 30, float("nan"))], None, 0.05, None, 0), "a step must be more than 0"),
        (([(5, 5, 1)], None, 0.05, None, 0), "has no width"),
        (([], None, 0.05, None, 0), "there is no region"),
        (([(1, 2)], None, 0.05, None, 0), r"\(1, 2\) is not a region"),
        (([(0, 10, 1), (5, 20, 1)], None, 0.05, None, 0), "regions overlap: 5 comes after 10"),
        (([(-100, -10, 1)], 12.0, 0.05, None, 0), "ends at -10 eV, below the edge"),
        (([(-10, 100, 1)], 3.0, 0.05, None, 0), "k_max is 3 1/Å, below the last region's end: 100 eV is 5.12 1/Å"),
        (([(-10, 10, 1, 0.5), (10, 20, 1)], None, 0.05, None, 0), "give time="),
    ],
)
def test_a_spectrum_that_makes_no_sense_is_refused_in_words(arguments, why):
    with pytest.raises(PlanError, match=why):
        spectrum(*arguments)


# ---- absurd numbers ------------------------------------------------------------------------------


def test_a_step_far_above_the_width_leaves_both_ends():
    assert joined_regions([(0, 1, 1e300)])[0] == [0, 1]
    assert joined_regions([(0, 1, 1e300), (1, 2, 1e300)])[0] == [0, 1, 2]


@pytest.mark.parametrize(
    ("step", "points"), [(1e-300, "1e+300"), (5e-324, "inf"), (1e-9, "1 000 000 001"), (1e-13, "1e+13")]
)
def test_a_step_far_too_small_is_named_with_the_points_it_would_make_in_one_line(step, points):
    with pytest.raises(PlanError) as info:
        joined_regions([(0, 1, step)])
    number = f"from 0 to 1 in steps of {step:g} the number of points is {points}"
    assert str(info.value) == f"{number}: a scan has at most 1 000 000 points"


def test_regions_have_not_more_points_together_than_a_scan_has():
    with pytest.raises(PlanError, match="the number of points is 1 200 002: a scan has at most 1 000 000 points"):
        joined_regions([(0, 6, 1e-5), (7, 13, 1e-5)])


@pytest.mark.parametrize("k_weight", [1e3, 1e300])
def test_a_count_time_beyond_all_reason_is_refused_with_the_weight_that_leads_to_it(k_weight):
    with pytest.raises(PlanError) as info:
        spectrum([(-30, -10, 10), (-10, 20, 2)], 6, 0.05, 1, k_weight)
    assert str(info.value).startswith(f"k_weight is {k_weight:g}: a point would count for ")
    assert str(info.value).endswith(" s, at most 1e+06 s")
    assert len(str(info.value)) < 90


@pytest.mark.parametrize("name", ["k_max", "k_step", "k_weight"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_setting_of_a_spectrum_that_is_no_number_is_named(name, value):
    settings = {"k_max": 6, "k_step": 0.05, "time": 1, "k_weight": 0, name: value}
    with pytest.raises(PlanError, match=f"{name} is {value}: give a number"):
        spectrum([(-30, 20, 5)], **settings)
