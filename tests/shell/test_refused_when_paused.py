"""Commands that are refused while a plan is paused leave nothing behind."""

from __future__ import annotations

import gc

import pytest

PAUSING = """
def pausing():
    yield from bps.checkpoint()
    yield from bps.pause()
RE(pausing())
"""


LINES = ["scan det th 0 1 3", "scan(det, th, 0, 1, 3)", "RE(bp.scan([det], th, 0, 1, 3))", "align th"]


@pytest.mark.parametrize("line", LINES)
def test_a_refused_plan_is_not_said_to_be_forgotten_later(line, typed):
    typed(PAUSING)
    assert typed(line).startswith("beamshell: ")
    gc.collect()
    assert typed("x = 1") == ""
    assert "not run" not in typed("abort")


LONG = [
    "align th -1 1 41 1",
    "edge th -1 1 41 1",
    "lineup th -1 1 40 1",
    "scan det th -1 1 41 1",
    "regions det th -1:1:0.1:1",
    "tscan det 60 1",
    "loopscan 60 1",
]


@pytest.mark.parametrize("line", LONG)
def test_a_refused_plan_is_not_announced_before(line, typed):
    """Its points and its time would say that it begins."""
    typed(PAUSING)
    answer = typed(line)
    assert answer.startswith("beamshell: a plan is paused, and no scan can run beside it"), answer
    assert "points" not in answer
    typed("abort")


def test_a_queue_is_refused_with_its_items_as_they_were(typed):
    typed("queue add scan det th 0 1 3")
    typed(PAUSING)
    assert "queue 1 of 1" not in typed("queue run")
    assert "FAILED" not in typed("queue")
    typed("abort")
