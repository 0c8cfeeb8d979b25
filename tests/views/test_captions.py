from __future__ import annotations

from beamshell.views.captions import title


def test_a_run_is_called_by_the_line_that_was_typed():
    assert title({"scan_id": 7, "command": "scan det th -1 1 21"}) == "#7 scan det th -1 1 21"


def test_a_run_that_was_not_typed_is_called_by_its_plan():
    start = {
        "scan_id": 7,
        "plan_name": "scan",
        "detectors": ["det"],
        "motors": ("th",),
        "plan_args": {"args": ["EpicsMotor(...)", -1, 1]},
        "num_points": 21,
    }
    assert title(start) == "#7 scan det th -1 1 21"
