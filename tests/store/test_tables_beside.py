"""The baseline and the monitors of a run."""

from __future__ import annotations

import pytest

from beamshell.errors import UnknownKey, UnknownName
from beamshell.store import Run


@pytest.fixture
def run(write, made):
    """A function: the run whose baseline has these readings, and the one that has one monitor."""

    def run(*readings, units=None):
        start = made.start(7)
        keys = {key: {"source": "sim", "units": (units or {}).get(key, "")} for key in readings[0]} if readings else {}
        streams = []
        if readings:
            baseline = made.descriptor(start[1], "baseline", data_keys=keys)
            streams += [baseline, *(made.event(baseline[1], n, **data) for n, data in enumerate(readings, start=1))]
        primary = made.descriptor(start[1])
        ring = made.descriptor(start[1], "ring_monitor", ["ring"])
        points = [
            made.event(primary[1], 1, det=5),
            made.event(ring[1], 1, ring=299.5),
            made.event(ring[1], 2, ring=300),
        ]
        return Run(write([start, *streams, primary, ring, *points, made.stop(start[1])]))

    return run


def test_the_baseline_has_the_readings_before_and_after(run):
    baseline = run({"samx": 1.0, "mode": "top"}, {"samx": 1.25, "mode": "top"}).baseline
    assert baseline["samx"].tolist() == [1.0, 1.25]
    assert baseline["mode"].tolist() == ["top", "top"]
    assert baseline.to_pandas()["samx"].tolist() == [1.0, 1.25]


def test_the_baseline_shows_what_differs_first_and_by_how_much(run):
    before = {"samy": 0.1, "mode": "top", "samx": 1.0, "count": 5, "spectrum": [1, 2], "open": True}
    after = {**before, "samx": 1.25, "count": 4, "mode": "decay", "open": False}
    rows = [line.split() for line in repr(run(before, after, units={"samx": "mm"}).baseline).splitlines()]
    assert rows == [
        ["before", "after", "difference"],
        ["mode", "top", "decay"],
        ["samx", "1", "1.25", "0.25", "mm"],
        ["count", "5", "4", "-1"],
        ["open", "True", "False"],
        ["samy", "0.1", "0.1"],
        ["spectrum", "array(2,)", "array(2,)"],
    ]


def test_the_baseline_of_a_run_that_has_not_ended_shows_what_was_read_before(run):
    rows = repr(run({"samx": 1.0}).baseline).splitlines()
    assert [line.split() for line in rows] == [["before", "after", "difference"], ["samx", "1"]]


def test_a_run_without_a_baseline_says_so(run):
    with pytest.raises(UnknownName, match="run 7 has no stream 'baseline': it has primary, ring_monitor"):
        _ = run().baseline


def test_the_monitored_signals_are_tables_by_name(run):
    monitors = run().monitors
    assert list(monitors) == ["ring"]
    assert len(monitors) == 1
    assert monitors["ring"]["ring"].tolist() == [299.5, 300]
    assert {name: table.num_points for name, table in monitors.items()} == {"ring": 2}
    assert repr(monitors) == "monitored in run 7: ring"


def test_a_signal_that_was_not_monitored_is_named_with_those_that_were(run):
    with pytest.raises(UnknownKey, match="run 7 has no monitored signal 'rnig': did you mean ring"):
        run().monitors["rnig"]


def test_a_run_without_monitors_says_so(write, made):
    assert repr(Run(write(made.run(3))).monitors) == "monitored in run 3: nothing"
