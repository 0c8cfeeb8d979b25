"""A scan that was continued, read as one."""

from __future__ import annotations

import pytest

from beamshell.errors import UnknownName
from beamshell.store import Runs
from beamshell.store.parts import Part, readings_of_parts, table_of_parts
from beamshell.store.run import Run


def continued(made, parent, at, scan_id, points, **more):
    start = parent[0][1]
    more |= {"continues": start["uid"], "continues_scan": start["scan_id"], "continued_at": at}
    return made.run(scan_id, points=points, **more)


@pytest.fixture
def stored(made, journal, tmp_path):
    """Three runs of one scan, and one that has nothing to do with them."""
    first = made.run(1, points=3, exit_status="abort", command="scan det th 0 1 9")
    second = continued(made, first, 4, 2, 2, exit_status="fail")
    other = made.run(3)
    third = continued(made, second, 6, 4, 4)
    for documents in (first, second, other, third):
        for name, doc in documents:
            journal(name, doc)
    return Runs(tmp_path)


def test_the_table_of_the_whole_scan_has_the_points_of_all_its_runs(stored):
    whole = stored[4].whole()
    assert whole["seq_num"].tolist() == list(range(1, 10))
    assert whole["det"].tolist() == [0, 1, 4, 0, 1, 0, 1, 4, 9]
    assert stored[2].whole()["det"].tolist() == [0, 1, 4, 0, 1]
    assert stored[3].whole()["det"].tolist() == stored[3].table()["det"].tolist()


def test_a_run_knows_its_parent_and_all_parts_of_its_scan(stored):
    assert stored[1].parent is None
    assert stored[2].parent == stored[1]
    assert stored[4].parts == [stored[1], stored[2], stored[4]]
    assert stored[3].parts == [stored[3]]


def test_the_run_that_continues_another_is_found(stored):
    assert stored.continuation_of(stored[1]) == stored[2]
    assert stored.continuation_of(stored[2]) == stored[4]
    assert stored.continuation_of(stored[3]) is None
    assert stored.continuation_of(stored[4]) is None


def test_a_run_without_a_catalogue_says_where_its_parent_is(stored):
    run = Run(stored[2].path)
    with pytest.raises(UnknownName, match=f"run 2 continues the run {stored[1].uid}"):
        _ = run.parent


def test_readings_end_at_the_first_point_that_is_missing(made):
    documents = made.run(1, points=5)
    del documents[4]  # the third point
    readings = readings_of_parts([Part(1, documents)])
    assert [point["det"]["det"]["value"] for point in readings] == [0, 1]


def test_a_point_that_was_measured_again_counts_as_the_last_run_has_it(made):
    first, second = made.run(1, points=4), made.run(2, points=2)
    parts = [Part(1, first), Part(3, second)]
    assert table_of_parts(parts)["det"].tolist() == [0, 1, 0, 1]
    assert [point["det"]["det"]["value"] for point in readings_of_parts(parts)] == [0, 1, 0, 1]
