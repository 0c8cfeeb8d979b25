"""What a motor record says after a move, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from beamshell.devices.epics.move_result import MoveResult, Snapshot, fault_words, msta_words

THERE = Snapshot(
    readback=1.0,
    setpoint=1.0,
    done=True,
    high_switch=False,
    low_switch=False,
    spmg=3,
    violates_limit=False,
    msta=2,
    deadband=0.001,
)


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, MoveResult.ARRIVED),
        ({"readback": 1.0009}, MoveResult.ARRIVED),
        ({"readback": 1.0011}, MoveResult.MISSED),
        ({"done": False, "readback": 0.4}, MoveResult.UNDER_WAY),
        ({"done": False, "readback": 0.4, "setpoint": 5.0}, MoveResult.SENT_ELSEWHERE),
        ({"readback": 0.4, "setpoint": 0.4}, MoveResult.MISSED),
        ({"setpoint": 5.0}, MoveResult.MISSED),  # back where we sent it, but it was sent elsewhere
    ],
)
def test_a_move_has_arrived_only_if_everything_agrees(changes: dict[str, object], end: MoveResult) -> None:
    assert replace(THERE, **changes).result(1.0) is end


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"done": False, "setpoint": 5.0}, "was overruled: somebody else sent it to 5 deg"),
        ({"readback": 5.0, "setpoint": 5.0}, "was stopped at 5 deg by somebody else"),
        ({"readback": 2.0, "setpoint": 5.0}, "was overruled: somebody else sent it to 5 deg, and it is at 2 deg"),
        ({"readback": 0.4, "spmg": 0}, "ended at 0.4 deg: SPMG was set to Stop"),
        ({"readback": 0.4, "high_switch": True}, "ended at 0.4 deg, on the high limit switch"),
        ({"readback": 0.4, "low_switch": True, "setpoint": 0.4}, "ended at 0.4 deg, on the low limit switch"),
        ({"readback": 0.4, "violates_limit": True}, "was refused by the motor record (LVIO: beyond its own limits)"),
        ({"readback": 0.4}, "ended at 0.4 deg, 0.6 deg away"),
        ({"readback": 0.4, "msta": 64}, "ended at 0.4 deg, 0.6 deg away (slip or stall)"),
    ],
)
def test_a_move_that_failed_says_why(changes: dict[str, object], reason: str) -> None:
    assert replace(THERE, **changes).reason(1.0, lambda position: f"{position:g} deg").startswith(reason)


def test_the_status_word_is_written_bit_by_bit() -> None:
    assert msta_words(1 | 1 << 1 | 1 << 14) == ["done", "homed", "plus direction"]
    assert msta_words(1 << 6 | 1 << 10) == ["slip or stall", "moving", "minus direction"]
    assert fault_words(1 << 9 | 1 << 12 | 1 << 1) == ["driver problem", "controller does not answer"]
