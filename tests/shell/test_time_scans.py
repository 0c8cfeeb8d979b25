"""A time scan whose counts are longer than its period says so: before it begins, and at its end."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def slow(prompt):
    """The console, whose detector counts for 0.3 s."""
    det = prompt.session.devices["det"]
    before = det.count_time.get()
    det.count_time.set(0.3).wait(5)
    yield prompt
    det.count_time.set(before).wait(5)


def test_a_count_longer_than_the_period_is_said_before_and_the_points_at_the_end(slow, typed):
    answer = typed("tscan det 0.4 0.1")
    before, _, after = answer.partition("beamshell: ")[2].partition("beamshell: ")
    assert before.startswith("det counts for 0.3 s, longer than the period of 0.1 s: about 2 points instead of 5")
    assert re.match("[12] of 5 points: the others were missed, since a point took longer than 0.1 s", after), after


def test_a_time_scan_that_keeps_its_pace_says_nothing_more(prompt, typed):
    assert "beamshell:" not in typed("tscan det 0.9 5")


def test_nothing_is_said_of_a_plan_that_is_only_made(slow, typed):
    assert "longer than" not in typed("plan = tscan.plan(det, 0.4, 0.1); plan.close()")
    assert "longer than" not in typed("rehearse tscan det 0.4 0.1")
