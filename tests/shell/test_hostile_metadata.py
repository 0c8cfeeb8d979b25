"""Metadata that no beamline should have: no command stops at them, and no run is lost."""

from __future__ import annotations

import pytest

LINES = (
    "runs",
    "runs -1",
    "runs today",
    "find x",
    "md",
    "md history",
    "why",
    "why -1",
    "handover today",
    "script",
    "redo -1",
    "goscan -1",
    "continue",
    "plot -1",
    "export csv -1",
    "comment x",
    "amend mood good",
    "moves",
    "rehearse scan det th 0 1 2",
    "doctor",
)
KEYS = [
    *("motors", "detectors", "hints", "shape", "extents", "snaking", "num_points", "num_intervals", "plan_name"),
    *("plan_type", "plan_args", "plan_form", "command", "operator", "sample", "proposal", "continues"),
    *("continues_scan", "continued_at", "versions", "uid", "time"),
]
VALUES = (
    5,
    -1.5,
    float("nan"),
    None,
    "x\x1b[2J\n\ud800",
    [1, "a", None],
    {"a": {"b": [1]}},
    {"dimensions": 5},
    {"dimensions": [[["th"], 5], 7, []]},
    [["x"]] * 3,
    10**30,
    True,
    [],
    {},
    "x" * 100_000,
)


@pytest.mark.parametrize("shift", range(0, len(VALUES), 4))
def test_no_command_stops_at_hostile_metadata_of_a_run(prompt, typed, shift):
    before = len(prompt.session.runs)
    prompt.shell.user_ns["hostile"] = {key: VALUES[(at + shift) % len(VALUES)] for at, key in enumerate(KEYS)}
    assert "Error" not in typed("RE(bp.scan([det], th, 0, 1, 3), **hostile)")
    assert len(prompt.session.runs) == before + 1
    shown = {line: typed(line) for line in LINES}
    assert {line: text for line, text in shown.items() if "Error" in text or "\x1b[2J" in text} == {}
