"""What is said to a line that is neither a command nor Python."""

from __future__ import annotations

import pytest

from beamshell.shell.advice import advice
from beamshell.shell.commands import commands


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("help scan", "type bhelp scan, or scan?"),
        ("resum", "no command 'resum': did you mean resume?"),
        ("MOV th 0", "no command 'MOV': did you mean mov?"),
        ("moov th 1", "no command 'moov': did you mean mov?"),
        ("lm", "no command 'lm': wm th shows the limits"),
        ("nod th 3", "no command 'nod': bhelp shows all"),
        ("goto th 1", "no command 'goto': mov th 1 moves th to 1"),
        ("where", "no command 'where': wm th shows where th is, wa all motors"),
        ("grid_scan det th", "grid_scan is a plan: RE(bp.grid_scan(...)) runs it, bp.grid_scan? shows its arguments"),
        ("mov(th 1)", "write mov th 1, or in Python mov(th, 1)"),
        ("scan(det th 0 1 3)", "write scan det th 0 1 3, or in Python scan(det, th, 0, 1, 3)"),
        ("th 1", "type mov th 1 to move it there"),
        ("print 'a'", ""),
        ("x 1", ""),
        ("zzzz 1", ""),
        ("x = = 1", ""),
        ("if th", ""),
        ("", ""),
    ],
)
def test_the_advice_for_a_line(line, answer):
    assert advice(line, commands(), {"x", "th"}, {"th"}) == answer
