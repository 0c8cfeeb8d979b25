"""Numbers as they are typed at the prompt: variables, arithmetic, signs of typography, commas."""

from __future__ import annotations

import math

import pytest

from beamshell.store import Runs


@pytest.mark.parametrize(
    ("line", "th", "tth"),
    [
        ("mov th pi/2", math.pi / 2, 0),
        ("mov th x", 2, 0),
        ("mov th -x tth 2*half", -2, 1),
        ("mov th {np.pi/2}", math.pi / 2, 0),
        ("mov th \u22121", -1, 0),
        ("mov th \u20131", -1, 0),
        ("mov\u00a0th\u00a01", 1, 0),
        ("mov th \uff11\uff0e\uff15", 1.5, 0),
        ("mov th (1 + x)*2", 6, 0),
        ("mov th, 1, tth, 2", 1, 2),
        ("mov th 1 # go", 1, 0),
        ("mov th tth.position+1", 1, 0),
        ("umv th x tth half", 2, 0.5),
        ("movr th x/2", 1, 0),
        ("mov(th, x, tth, half)", 2, 0.5),
    ],
)
def test_a_move_takes_names_of_numbers_and_arithmetic(line, th, tth, prompt, typed):
    typed("x = 2; half = 0.5")
    assert "beamshell:" not in typed(line)
    assert (prompt.position("th"), prompt.position("tth")) == pytest.approx((th, tth))


def test_a_scan_and_a_count_take_them_too(prompt, typed):
    typed("n = 3; t = 0.001")
    typed("scan det, th, -pi, pi, n, t")
    typed("loopscan n t*2; timescan_time = t")
    last, scan = Runs(prompt.session.folder)[-1], Runs(prompt.session.folder)[-2]
    assert scan.start["plan_form"].startswith("bpp.configure_count_time_wrapper(bp.scan([det], th, -3.14159")
    assert scan.start["num_points"] == 3
    assert last.start["num_points"] == 3
    assert typed("ct t").startswith("det ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mov th 1,5", "mov: '1,5' is not a number (position of th): write 1.5"),
        ("mov th tth", "mov: 'tth' is not a number (position of th): write tth.position"),
        ("mov th y", "mov: 'y' is not a number (position of th)."),
        ("mov th y+1", "mov: 'y+1' is not a number (position of th): no number 'y'"),
        ("mov th pi / 2", "mov: '/' stands alone: write arithmetic without blanks, such as pi/2"),
        ("tscan det 10mn 1", "tscan: '10mn' is not a time: write 90, 90s, 10min or 2h"),
        ("scan det th 0 1 2.5", "scan: '2.5' is not a whole number (points)."),
    ],
)
def test_what_is_no_number_says_what_to_write_and_nothing_moves(line, message, prompt, typed):
    answer, *usage = typed(line).splitlines()
    assert answer == f"beamshell: {message}"
    assert len(usage) == answer.endswith(".")  # where the message itself does not say what to write
    assert prompt.position("th") == 0


def test_what_is_queued_keeps_the_numbers_that_its_names_stood_for(typed, prompt):
    typed("x = 0.5")
    assert typed("queue add mov th x tth 2*x").startswith("1: mov th 0.5 tth 1 ")
    typed("x = 3")
    typed("queue run")
    assert prompt.position("th") == 0.5
    typed("queue clear")
