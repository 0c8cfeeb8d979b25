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
