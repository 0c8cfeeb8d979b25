"""A short piece of each long test: the same rounds each time; by hand they go on for as long as one likes."""

from __future__ import annotations

import pytest

from tests.system.long.disk import DISK
from tests.system.long.harness import LongTest
from tests.system.long.interrupts import INTERRUPTS
from tests.system.long.kill import KILL
from tests.system.long.typist import TYPIST


def play(long_test: LongTest, steps: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Play the first steps of seed 1."""
    status = long_test.main(["--seed", "1", "--count", "1", "--steps", str(steps), "--no-shrink"])
    assert status == 0, capsys.readouterr().out


def test_random_lines_break_nothing_and_move_nothing_unasked(capsys):
    play(TYPIST, 60, capsys)


def test_ctrl_c_at_random_moments_leaves_nothing_moving_open_or_lost(capsys):
    play(INTERRUPTS, 4, capsys)


def test_a_console_that_is_killed_loses_no_point_that_it_has_shown(capsys):
    play(KILL, 2, capsys)


def test_a_full_or_lost_disk_loses_no_point_and_ends_no_console(capsys):
    play(DISK, 2, capsys)
