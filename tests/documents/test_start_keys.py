"""What programs read of a start document has the type that they expect, whatever was written into the run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.documents.start_keys import without_wrong_types

RIGHT = {
    "uid": "1a2b",
    "plan_name": "grid",
    "motors": ("th", "samx"),
    "detectors": [],
    "num_points": 4,
    "shape": (2, 2),
    "extents": ([0, 1], [0, None]),
    "snaking": (False, True),
    "hints": {"dimensions": [(["th"], "primary"), (["samx"], "primary")], "gridding": "rectilinear"},
    "plan_args": {"num": 4},
    "continues": "3c4d",
    "continued_at": 3,
    "sample": {"name": "LaB6"},
    "mine": object,
}


def test_what_has_the_right_type_stays_and_so_does_what_only_a_person_reads():
    assert without_wrong_types(RIGHT) == RIGHT
    assert without_wrong_types({"hints": {}}) == {"hints": {}}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("plan_name", 5),
        ("command", "\ud800"),
        ("motors", "th"),
        ("motors", ["th", 5]),
        ("num_points", -1),
        ("num_points", True),
        ("num_points", 10**30),
        ("num_points", "4"),
        ("shape", [2, "2"]),
        ("extents", [0, 1]),
        ("hints", []),
        ("hints", {"dimensions": 5}),
        ("hints", {"dimensions": [["th"]]}),
        ("hints", {"dimensions": [["th", "primary"]]}),
        ("continued_at", None),
        ("continues", 5),
    ],
)
def test_what_has_a_wrong_type_is_left_out(key, value):
    assert without_wrong_types({"uid": "1a2b", key: value}) == {"uid": "1a2b"}


@given(st.dictionaries(st.sampled_from(sorted(RIGHT)), st.none() | st.integers() | st.text() | st.lists(st.integers())))
def test_whatever_stands_there_it_never_raises_and_changes_no_value(start):
    kept = without_wrong_types(start)
    assert kept == {key: start[key] for key in kept}
