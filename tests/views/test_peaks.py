"""The peak statistics of a run, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.views.peaks import RunPeaks, clearest, is_curve

TRIANGLE = [(0.0, 1.0), (1.0, 20001.0), (2.0, 40001.0), (3.0, 20001.0), (4.0, 1.0)]
TH = {"dtype": "number", "shape": [], "units": "deg", "precision": 4}


def peaks_of(documents):
    peaks = RunPeaks(documents[0][1])
    peaks.take(documents)
    return peaks


def test_a_peak_is_reported_with_units_and_the_digits_of_its_motor(make_run):
    peaks = peaks_of(make_run(["th"], ["det"], TRIANGLE, keys={"th": TH}))
    (peak,) = peaks.peaks().values()
    assert peaks.sentence(peak) == "det: max 40001.000 at th 2.0000 deg, cen 2.0000, fwhm 2.1330, com 2.0000"


X = np.linspace(-1, 1, 41)


def bell(x=X, centre=0.3, sigma=0.2):
    return np.rint(20 + 5000 * np.exp(-((x - centre) ** 2) / 2 / sigma**2))


@pytest.mark.parametrize(
    ("x", "y", "shape"),
    [
        (X[::20], bell(X[::20], 0.1), "fewer than 5 points"),
        (np.linspace(0.2, 0.4, 21), bell(np.linspace(0.2, 0.4, 21)), "one broad curve"),
        (np.linspace(0.2, 0.4, 5), bell(np.linspace(0.2, 0.4, 5)), "one broad curve"),
        (np.linspace(0.1, 1, 21), bell(np.linspace(0.1, 1, 21)), "not half as high on both sides"),
        (np.linspace(-1, 1, 5), bell(np.linspace(-1, 1, 5), 0.0, 0.1), "a single point at 0.000 deg"),
        (X, np.rint(1e5 * (1 - 0.1 * X)), "a slope"),
        (X, np.where(X < 0.12, 5000.0, 100.0), "an edge at 0.125 deg"),
        (X, bell(centre=-0.5, sigma=0.08) + bell(centre=0.5, sigma=0.08), "several peaks at -0.500 and 0.500 deg"),
        (X, np.minimum(bell(), 3000), "a saturated peak"),
    ],
)
def test_a_curve_without_a_peak_has_no_centre_and_the_line_says_what_it_is(make_run, x, y, shape):
    peaks = peaks_of(make_run(["th"], ["det"], list(zip(x, y, strict=True)), keys={"th": {**TH, "precision": 3}}))
    (peak,) = peaks.peaks().values()
    assert peaks.sentence(peak).partition("; ")[2] == f"no centre: {shape}"
    assert peaks.shape(peak) == shape


def test_by_whatever_name_counts_with_count_times_of_their_own_are_judged_as_rates(make_run):
    seconds = np.where(np.abs(X - 0.3) < 0.2, 0.1, 0.5)
    rows = list(zip(X, np.rint(bell() * seconds), seconds, strict=True))
    documents = make_run(["th"], ["det", "count_time"], rows, detectors=["det"])
    documents[1][1]["hints"].pop("count_time")
    documents[1][1]["configuration"] = {"det": {"data": {"det_count_time": 1.0}}}
    peaks = peaks_of(documents)
    for name in (None, "det", "det/count_time"):
        (rate,) = peaks.peaks(name).values()
        assert (rate.y, rate.cen) == ("det/count_time", pytest.approx(0.3, abs=0.005))
    assert peaks.signal("det") == "det/count_time"
    assert peaks.signal("nothing") is None


def test_digits_are_those_of_the_step_where_the_motor_has_fewer(make_run):
    rows = [(x * 1e-4, y) for x, y in TRIANGLE]
    peaks = peaks_of(make_run(["th"], ["det"], rows, keys={"th": {**TH, "precision": 3}}))
    assert "cen 0.00020, fwhm 0.00021, com 0.00020" in peaks.sentence(peaks.peaks()["det"])


def test_a_dip_is_named_with_its_lowest_point(make_run):
    peaks = peaks_of(make_run(["th"], ["det"], [(x, 50000 - y) for x, y in TRIANGLE]))
    sentence = peaks.sentence(peaks.peaks()["det"])
    assert sentence == "det: min 9999.000 at th 2.000, cen 2.000, fwhm 2.133, com 2.000 (a dip)"


def test_each_detector_with_a_peak_has_one_and_a_flat_one_has_none(make_run):
    rows = [(x, y, 1.0, -y) for x, y in TRIANGLE]
    assert list(peaks_of(make_run(["th"], ["det", "flat", "dip"], rows)).peaks()) == ["det", "dip"]


def test_of_a_point_measured_again_the_last_measurement_counts(make_run):
    documents = make_run(["th"], ["det"], [(0.0, 99.0), *TRIANGLE], numbers=[1, *range(1, 6)])
    assert peaks_of(documents).peaks()["det"].max_y == 40001.0


def test_a_run_without_points_has_no_peaks(make_run):
    assert peaks_of(make_run(["th"], ["det"], [])).peaks() == {}
    assert peaks_of(make_run(["th"], ["det"], [])[:1]).peaks() == {}


def test_where_there_is_only_noise_the_line_says_so_with_its_numbers(make_run):
    peaks = peaks_of(make_run(["th"], ["det"], [(0.0, 9.0), (1.0, 12.0), (2.0, 8.0), (3.0, 11.0)], keys={"th": TH}))
    (peak,) = peaks.peaks().values()
    expected = "det: max 12.000 at th 1.0000 deg; no clear peak (0.5 sigma over counting noise, clear is 3.7)"
    assert peaks.sentence(peak) == expected


def test_a_detector_with_a_clear_peak_is_preferred_to_a_flat_one_before_it(make_run):
    monitor = [100.0, 103.0, 98.0, 101.0, 99.0]
    rows = [(x, flat, y, 2 * y) for (x, y), flat in zip(TRIANGLE, monitor, strict=True)]
    peaks = peaks_of(make_run(["th"], ["monitor", "det", "second"], rows)).peaks()
    assert list(peaks) == ["monitor", "det", "second"]
    assert clearest(peaks).y == "det"


def test_a_peak_inside_the_scan_is_preferred_to_a_clear_slope(make_run):
    rows = [(x, 1e5 * x, y) for x, y in TRIANGLE]
    assert clearest(peaks_of(make_run(["th"], ["slope", "det"], rows)).peaks()).y == "det"


def test_among_noise_the_first_detector_is_taken(make_run):
    rows = [(0.0, 9.0, 7.0), (1.0, 12.0, 9.0), (2.0, 8.0, 6.0)]
    assert clearest(peaks_of(make_run(["th"], ["det", "second"], rows)).peaks()).y == "det"


@pytest.mark.parametrize(("motors", "expected"), [(["th"], True), ([], False), (["samy", "samx"], False)])
def test_a_curve_is_a_scan_along_one_axis_that_is_no_time(make_run, motors, expected):
    assert is_curve(make_run(motors, ["det"], [])[0][1]) is expected


def test_a_monitor_that_falls_makes_no_peak_of_a_ratio(make_run):
    rows = [(x, 0.5 * i0, i0) for x, i0 in TRIANGLE]
    peaks = peaks_of(make_run(["th"], ["it", "i0"], rows))
    assert "it/i0" not in peaks.peaks("it/i0")  # it is the same everywhere
    assert peaks.peaks("it/nothing").keys() == {"it", "i0"}


def test_a_ratio_has_a_peak_of_its_own(make_run):
    rows = [(x, 2 * y, 2.0) for x, y in TRIANGLE]
    assert peaks_of(make_run(["th"], ["it", "i0"], rows)).peaks("it/i0")["it/i0"].max_y == 40001.0


def test_a_value_that_is_not_to_be_trusted_is_left_out_and_one_with_another_alarm_is_not(make_run):
    documents = make_run(["th"], ["det"], [*TRIANGLE, (5.0, 90000.0), (6.0, 50000.0)])
    for point, severity in ((6, "INVALID"), (7, "MAJOR")):
        at = next(n for n, (name, doc) in enumerate(documents) if name == "event" and doc["seq_num"] == point)
        data = {
            "stream": "primary",
            "point": point,
            "key": "det",
            "severity": severity,
            "event": documents[at][1]["uid"],
        }
        documents[at:at] = [
            ("descriptor", {"uid": "marks", "run_start": documents[0][1]["uid"], "name": "alarms"}),
            ("event", {"uid": f"m{point}", "descriptor": "marks", "seq_num": point, "time": 0.0, "data": data}),
        ]
    (peak,) = peaks_of(documents).peaks().values()
    assert (peak.max_y, peak.left_out) == (50000.0, 1)
