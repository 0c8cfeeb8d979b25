"""A short piece of each long test, the same each time; and that the long tests see what is wrong."""

from __future__ import annotations

import pytest

from tests.system.long.continuing import CONTINUING
from tests.system.long.disk import DISK
from tests.system.long.driven import Answer
from tests.system.long.harness import Log, LongTest
from tests.system.long.interrupts import INTERRUPTS
from tests.system.long.kill import KILL
from tests.system.long.lines import Line
from tests.system.long.night import NIGHT
from tests.system.long.typist import ARRIVES, ELSEWHERE, LAST_SCAN, REFUSED, TRACEBACK, TYPIST, UNASKED, judge


def play(long_test: LongTest, seed: int, steps: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Play the first steps of one round."""
    status = long_test.main(["--seed", str(seed), "--count", "1", "--steps", str(steps), "--no-shrink"])
    assert status == 0, capsys.readouterr().out


def test_random_lines_break_nothing_and_move_nothing_unasked(capsys):
    play(TYPIST, 1, 50, capsys)


def test_random_keys_in_a_terminal_break_nothing(capsys):
    play(TYPIST, 13, 10, capsys)


def test_ctrl_c_at_random_moments_leaves_nothing_moving_open_or_lost(capsys):
    play(INTERRUPTS, 1, 4, capsys)


def test_a_console_that_is_killed_loses_no_point_that_it_has_shown(capsys):
    play(KILL, 1, 2, capsys)


def test_a_scan_whose_console_is_killed_at_any_point_is_continued_by_the_next_console(capsys):
    play(CONTINUING, 1, 2, capsys)


def test_a_full_or_lost_disk_loses_no_point_and_ends_no_console(capsys):
    play(DISK, 2, 2, capsys)


def test_a_night_of_two_consoles_loses_nothing_and_moves_nothing_unasked(capsys):
    play(NIGHT, 1, 25, capsys)


# ---- what they see -----------------------------------------------------------------------------------


def numbers_with_a_fault(steps, folder, log):
    """A round of numbers in which 7 after 3 is a fault."""
    seen = set()
    for log.step, step in enumerate(steps):
        seen.add(step["number"])
        log.check(not {3, 7} <= seen, "no 7 after a 3", seen)


def long_test(**more):
    def story(rng):
        return [{"number": number} for number in (1, 2, 3, 4, 5, 6, 7, 8)]

    return LongTest("numbers", "numbers", story, numbers_with_a_fault, **more)


def test_a_broken_rule_fails_the_long_test_and_is_shown_with_the_fewest_steps(capsys):
    assert long_test().main(["--count", "8"]) == 1
    shown = capsys.readouterr().out
    assert "numbers, round 1/0, step 6: no 7 after a 3" in shown
    assert 'the smallest steps found:\n[{"number": 3}, {"number": 7}]\n' in shown


def test_a_rule_that_is_being_mended_is_counted_and_does_not_fail(capsys):
    assert long_test(awaited=frozenset({"no 7 after a 3"})).main(["--count", "8"]) == 0
    assert "2 times broken (awaited): no 7 after a 3" in capsys.readouterr().out


def test_the_steps_that_were_shown_can_be_played_again(tmp_path, capsys):
    (tmp_path / "steps.json").write_text('[{"number": 7}, {"number": 3}]')
    assert long_test().main(["--replay", str(tmp_path / "steps.json")]) == 1
    (tmp_path / "steps.json").write_text('[{"number": 3}]')
    assert long_test().main(["--replay", str(tmp_path / "steps.json")]) == 0


MOVED = {"error": "", "refused": False, "ours": False, "trace": "", "state": "idle", "last": {"th": (-1.0, 1.0)}}
REFUSAL = MOVED | {"error": "LimitError", "refused": True}
SEEN = {
    "a motor that is not named": (Line("wm th"), MOVED | {"writes": {"th": [1.0], "samx": [1.0]}}, {UNASKED}),
    "a place that is not named": (Line("mov th 2"), MOVED | {"writes": {"th": [3.0]}}, {ELSEWHERE}),
    "a place outside the last scan": (Line("cen"), MOVED | {"writes": {"th": [2.0]}}, {LAST_SCAN}),
    "a motor that was not scanned": (Line("cen"), MOVED | {"writes": {"samx": [0.0]}}, {LAST_SCAN}),
    "a refused move that moves": (Line("mov th 2", goals={"th": 2.0}), REFUSAL | {"writes": {"th": [2.0]}}, {REFUSED}),
    "a move that does not arrive": (Line("mov th 2", goals={"th": 2.0}), MOVED | {"writes": {"th": [2.0]}}, {ARRIVES}),
    "an error that is not ours": (Line("mov th"), MOVED | {"error": "KeyError", "writes": {}}, {TRACEBACK}),
    "a good move": (Line("mov th 2; cen"), MOVED | {"writes": {"th": [2.0, 0.5]}}, set()),
    "a good distance": (Line("movr th 0.5"), MOVED | {"writes": {"th": [0.5]}}, set()),
}


@pytest.mark.parametrize("case", SEEN)
def test_the_typist_sees(case):
    line, answer, rules = SEEN[case]
    log = Log()
    judge(line, Answer(text="", positions={"th": 0.0}, **answer), {"th": 0.0}, [], log)
    assert {problem.rule for problem in log.problems} == rules
