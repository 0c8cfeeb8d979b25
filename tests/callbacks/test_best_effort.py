from __future__ import annotations

import numpy as np
import pytest

from beamshell.callbacks import BestEffort, LiveTable

PEAK = [(x, float(np.exp(-((x - 0.1) ** 2) / 0.1))) for x in np.linspace(-1, 1, 21)]


@pytest.fixture
def best():
    output = BestEffort(out=lambda text: output.lines.extend(text.splitlines()))
    output.lines = []
    output.plots = False
    return output


def feed(documents, *callbacks):
    for name, doc in documents:
        for callback in callbacks:
            callback(name, doc)


def test_a_scan_is_a_table_and_a_line_about_its_peak(make_run, best):
    feed(make_run(["th"], ["det"], PEAK), best)
    assert sum(line.lstrip()[:1].isdecimal() for line in best.lines) == 22  # and the highest once more
    assert best.lines[-1] == "det: max 1.000 at th 0.100, cen 0.100, fwhm 0.527, com 0.100"


def test_the_last_peak_is_kept_for_commands_that_go_there(make_run, best):
    feed(make_run(["th"], ["det"], PEAK), best)
    feed(make_run([], ["det"], [(1.0,)]), best)
    assert best.last_motor == "th"
    assert best.last_peaks["det"].cen == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("size", [1e155, 1e300, 1e-163, 1e-310])
def test_values_that_cannot_be_squared_have_the_same_peak(make_run, best, size):
    feed(make_run(["th"], ["det"], [(x, size * y) for x, y in PEAK]), best)
    assert best.lines[-1].endswith("at th 0.100, cen 0.100, fwhm 0.527, com 0.100")


@pytest.mark.parametrize("no_value", [np.finfo(np.float64).max, -np.inf, np.nan])
def test_a_point_without_a_number_is_left_out_and_that_is_said(make_run, best, no_value):
    rows = [(x, no_value if n == 3 else y) for n, (x, y) in enumerate(PEAK)]
    feed(make_run(["th"], ["det"], rows), best)
    (line,) = [line for line in best.lines if line.startswith("det:")]
    assert line == "det: max 1.000 at th 0.100 (1 point without a number left out), cen 0.100, fwhm 0.527, com 0.100"


def test_a_point_measured_again_counts_once(make_run, best):
    feed(make_run(["th"], ["det"], [(0.0, 99.0), *PEAK], numbers=[1, *range(1, 22)]), best)
    assert best.last_peaks["det"].max_y == pytest.approx(1.0)


def test_a_table_asked_for_by_hand_is_the_only_one_and_comes_before_the_peak(make_run, best):
    by_hand = LiveTable(out=lambda text: best.lines.extend(f"hand {line}" for line in text.splitlines()))
    feed(make_run(["th"], ["det"], PEAK), best, by_hand)
    assert [line for line in best.lines if not line.startswith("hand ")] == best.lines[-1:]
    assert best.lines[-1].startswith("det: max")


def test_after_a_table_by_hand_the_next_run_has_its_own(make_run, best):
    feed(make_run(["th"], ["det"], PEAK), best, LiveTable(out=lambda text: None))
    best.lines.clear()
    feed(make_run(["th"], ["det"], PEAK), best)
    assert any(line.split()[:1] == ["#"] for line in best.lines)


@pytest.mark.parametrize("switch", ["enabled", "table", "peaks"])
def test_each_part_can_be_switched_off(make_run, best, switch):
    setattr(best, switch, False)
    feed(make_run(["th"], ["det"], PEAK), best)
    has_table, has_peak = (
        any(line.split()[:1] == ["#"] for line in best.lines),
        any("fwhm" in line for line in best.lines),
    )
    assert (has_table, has_peak) == {"enabled": (False, False), "table": (False, True), "peaks": (True, False)}[switch]


def test_a_run_without_a_point_still_says_how_it_ended(make_run, best):
    start, *_, stop = make_run(["th"], ["det"], [], status="fail")
    feed([start, stop], best)
    assert "fail, 0 points" in best.lines[-1]


@pytest.mark.parametrize(
    ("streams", "end"),
    [
        ({"cam": 101, "baseline": 2}, "success, 101 points of cam,"),
        ({"th_fly": 1, "ring_monitor": 35}, "success, 1 point of th_fly, 35 points of ring_monitor,"),
        ({"baseline": 2, "ring_monitor": 0}, "success, 0 points,"),
    ],
)
def test_a_run_without_a_table_says_what_its_streams_hold(make_run, best, streams, end):
    (_, start), *_, (_, stop) = make_run([], ["cam"], [])
    feed([("start", start), ("stop", {**stop, "num_events": streams})], best)
    assert end in best.lines[-1]
