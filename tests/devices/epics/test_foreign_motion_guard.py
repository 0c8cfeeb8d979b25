"""A real motor record: what this console does to it is never taken for somebody else's, and theirs never for ours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from motor_bench import Outsider, failure, on_its_way, until

from beamshell.devices.epics.motor import EpicsMotor
from beamshell.protocols import ForeignMotion, NoticesForeignMotion


@pytest.fixture
def noticed(motor: EpicsMotor) -> Iterator[list[ForeignMotion]]:
    """What the motor has noticed in this test."""
    motions: list[ForeignMotion] = []
    end = motor.on_foreign_motion(motions.append)
    yield motions
    end()


def has_come_to_rest(motor: EpicsMotor) -> bool:
    """Whether it rests, and all that the record has sent was delivered: a last change of VAL comes back."""
    return bool(motor.motor_done_move.get()) and (motor.motor_done_move.latest or {}).get("value") == 1


def settle(motor: EpicsMotor) -> None:
    """Return once the subscriptions have brought what was sent so far: they are in order, and our own move is last."""
    until(lambda: has_come_to_rest(motor))
    motor.set(motor.position + 0.01).wait(10)


OURS: dict[str, Callable[[EpicsMotor], Any]] = {
    "move": lambda motor: motor.set(1).wait(10),
    "move to where it is": lambda motor: motor.set(motor.position).wait(10),
    "move that supersedes another": lambda motor: (motor.set(2), motor.set(1).wait(10)),
    "stop": lambda motor: (on_its_way(motor), motor.stop()),
    "stop at rest": lambda motor: motor.stop(),
    "stop as a success, then a move": lambda motor: (
        on_its_way(motor),
        motor.stop(success=True),
        motor.set(1).wait(10),
    ),
    "search for home": lambda motor: (motor.set(1).wait(10), motor.home("reverse")),
    "jog": lambda motor: (motor.jog(), until(lambda: motor.position > 0.2), motor.stop()),
    "tweak": lambda motor: motor.tweak(),
    "another offset": lambda motor: (motor.set_current_position(1), motor.set_current_position(0)),
    "another dial position": lambda motor: (motor.set_dial_position(1), motor.set_dial_position(0)),
    "a write of VAL": lambda motor: motor.user_setpoint.set(1).wait(10),
    "a write of DVAL": lambda motor: motor.dial_setpoint.set(1).wait(10),
    "a press of TWF": lambda motor: motor.tweak_forward.set(1).wait(10),
    "a move that meets a switch": lambda motor: failure(motor.set(-9)),
    "a move that is paused by SPMG": lambda motor: (on_its_way(motor), motor.motor_spg.put("Stop")),
    "a move that is too slow": lambda motor: (motor.set(140, timeout=0.05).exception(5), motor.stop()),
}


def test_a_motor_record_notices_foreign_motion(motor: EpicsMotor) -> None:
    assert isinstance(motor, NoticesForeignMotion)


@pytest.mark.parametrize("deed", OURS)
def test_what_we_do_is_not_taken_for_somebody_elses(
    motor: EpicsMotor, outsider: Outsider, noticed: list[ForeignMotion], deed: str
) -> None:
    if deed == "a move that meets a switch":
        outsider.put(":hard_low", -1, wait=True)
    OURS[deed](motor)
    until(lambda: has_come_to_rest(motor))
    if deed == "a move that is paused by SPMG":
        motor.motor_spg.put("Go", wait=True)
    settle(motor)
    assert noticed == []


def test_after_a_move_of_ours_all_is_noticed_until_its_reading_and_no_wait_is_needed(motor: EpicsMotor) -> None:
    for target in (0.1, 0.2, 0.3):
        motor.set(target).wait(10)
        assert motor.has_noticed(motor.read()["tth"]["timestamp"])
    assert not motor.has_noticed(2e9 + motor.read()["tth"]["timestamp"])


THEIRS: dict[str, tuple[Callable[[EpicsMotor, Outsider], Any], str]] = {
    "VAL": (lambda _, them: them.put(".VAL", 2), "somebody else has sent it to 2 deg"),
    "a tweak": (lambda _, them: them.put(".TWF", 1), "somebody else has"),
    "a jog": (lambda _, them: them.put(".JOGF", 1, wait=False), "somebody else has moved it"),
    "a search for home": (lambda _, them: (them.put(".VAL", 1, wait=True), them.put(".HOMR", 1)), "somebody else has"),
    "another offset": (lambda _, them: them.put(".OFF", 1), "somebody else has sent it to 1 deg"),
    "VAL in our move": (
        lambda motor, them: (on_its_way(motor), them.put(".VAL", 0.2)),
        "move to 140 deg was overruled: somebody else sent it to 0.2 deg",
    ),
    "STOP in our move": (lambda motor, them: (on_its_way(motor), them.put(".STOP", 1)), "by somebody else"),
    "SPMG in our move": (lambda motor, them: (on_its_way(motor), them.put(".SPMG", 0)), "SPMG was set to Stop"),
}


@pytest.mark.parametrize("deed", THEIRS)
def test_what_somebody_else_does_is_noticed(
    motor: EpicsMotor, outsider: Outsider, noticed: list[ForeignMotion], deed: str
) -> None:
    do, words = THEIRS[deed]
    try:
        do(motor, outsider)
        until(lambda: bool(noticed))
        assert words in noticed[-1].words
        assert noticed[-1].device == "tth"
        assert noticed[-1].ended_ours == deed.endswith("in our move")
        assert motor.last_foreign_motion == noticed[-1]
    finally:
        outsider.put(".JOGF", 0)
        outsider.put(".STOP", 1)
        until(lambda: has_come_to_rest(motor))
        outsider.put(".OFF", 0, wait=True)


def test_who_sends_it_elsewhere_and_back_during_our_move_is_noticed_though_it_arrives(
    motor: EpicsMotor, outsider: Outsider, noticed: list[ForeignMotion]
) -> None:
    """The two writes come so close together that our look at the record sees the second alone."""
    status = on_its_way(motor, 3)
    outsider.put(".VAL", 2)
    outsider.put(".VAL", 3)
    status.exception(10)
    until(lambda: bool(noticed))
    assert len(noticed) == 1


@pytest.mark.parametrize("seed", range(3))
def test_at_random_moments_each_set_point_of_others_is_noticed_and_none_of_ours(
    motor: EpicsMotor, outsider: Outsider, noticed: list[ForeignMotion], seed: int
) -> None:
    chance = random.Random(seed)
    for case in range(25):
        noticed.clear()
        theirs = False
        for deed in chance.choices(["ours", "ours and wait", "theirs", "our stop", "nothing"], k=3):
            if deed.startswith("ours"):
                status = motor.set(chance.uniform(0, 1))
                if deed == "ours and wait":
                    status.exception(10)
            elif deed == "theirs":
                theirs = True
                outsider.put(".VAL", chance.uniform(0, 1))
            elif deed == "our stop":
                until(
                    lambda theirs=theirs: bool(noticed) or not theirs
                )  # what comes during a stop counts as its effect
                motor.stop()
                until(lambda: has_come_to_rest(motor))
            else:
                until(lambda: has_come_to_rest(motor))
        settle(motor)
        until(lambda theirs=theirs: bool(noticed) or not theirs)
        assert bool(noticed) == theirs, (seed, case)
