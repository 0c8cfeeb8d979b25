"""Random lines at the prompt: no traceback, no motion of a motor that the line does not name.

More of them by hand: ``BEAMSHELL_TYPIST="7 2500" pytest -n 0 tests/shell/test_random_typist.py`` (seed and count).
"""

from __future__ import annotations

import os
import random
import re

import pytest

SEED, COUNT = map(int, os.environ.get("BEAMSHELL_TYPIST", "1 200").split())
MOTORS = ("th", "tth", "samx", "motor")
GOES_TO_THE_LAST_SCAN = ("cen", "peak", "com", "back", "goscan", "redo")
PARTS_OF_LINES = """
mov mv movr scan wa wm ct grid rscan align loopscan rehearse queue md th tth samx det 1 -1 0.5 3 x pi/2 x+1 {x} {nix}
nix \u22121 1,5 1, = ; : ( ) [ ] ' " # * ** / \\ th, th.position th.readback runs[-1]. runs help bhelp %time resum stop
a.txt RE( plan dip field=det t=1 sam* 9**99 1/0 sqrt(x) exp(9999) None True add clear devices image export csv
tscan 10mn 2s regions 0:1:0.5 0:x:0.5 cen peak com back goscan redo moves script all anyway
preset save list go show history delete parked state states newsample newproposal comment tag doctor commands
find yesterday last since 14:00 failed sample LaB6 fluor* -3..-1 20..12 rebuild
do goon log off hold release skip edit repeat within
"""
WORDS = [*PARTS_OF_LINES.split(), "\u00a0", "for i in (1,2):", "if x:", "pos ="]


@pytest.fixture
def lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a line may write files
    chance = random.Random(SEED)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 7))) for _ in range(COUNT)]


def test_random_lines_bring_no_traceback_and_move_nothing_that_they_do_not_name(
    lines, prompt, typed, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    typed("x = 0.25")
    for line in lines:
        before = {motor: prompt.position(motor) for motor in MOTORS}
        assert "Traceback" not in typed(line), line
        moved = {motor for motor in MOTORS if prompt.position(motor) != before[motor]}
        if not any(word in line for word in GOES_TO_THE_LAST_SCAN):
            assert moved <= {motor for motor in MOTORS if re.search(rf"\b{motor}\b", line)}, line
