"""The table of bias, spread and coverage: ours is unbiased and covers what it says; bluesky's beside it."""

from __future__ import annotations

import pytest

from tests.analysis.coverage import com_of_peak_stats, our_com, our_statistics, ours, row


@pytest.mark.parametrize("case", ["peak, 50 counts on 5", "edge, 1000 counts on 20"])
def test_a_fit_has_no_bias_and_its_error_holds_in_68_of_100_scans(case):
    bias, spread, covered, width, missing = row(case, ours, 300)
    assert abs(bias) < 4 * spread / 300**0.5
    assert covered == pytest.approx(0.68, abs=0.08)
    assert abs(width) < 0.02
    assert missing == 0


def test_a_background_does_not_pull_our_centre_of_mass_as_it_pulls_that_of_peak_stats():
    case = "com, 100 counts on 300"
    assert abs(row(case, our_com, 200)[0]) < 0.01
    assert row(case, com_of_peak_stats, 20)[0] < -0.1


def test_cen_and_fwhm_are_right_with_few_counts():
    bias, _, _, width, missing = row("peak, 50 counts on 5", our_statistics, 300)
    assert abs(bias) < 0.005
    assert abs(width) < 0.06
    assert missing == 0
