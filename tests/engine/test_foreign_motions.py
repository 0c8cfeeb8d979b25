"""A motor that somebody else moves in a run: which points are marked, what is said, what the log is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from document_rules import check
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell.engine.foreign_motions import NOTICED_WITHIN_S
from beamshell.engine.requests import PauseRequest
from beamshell.engine.state import State
from beamshell.plans import count, grid_scan, scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import baseline_wrapper, run_wrapper
from beamshell.protocols import ForeignMotion


class GuardedMotor(VirtualMotor):
    """A motor that notices, a little later, when somebody else moves it."""

    def __init__(self, world: VirtualWorld, name: str = "motor") -> None:
        super().__init__(world, name)
        self.callbacks: list[Callable[[ForeignMotion], None]] = []
        self.unnoticed: list[float] = []

    def has_noticed(self, time: float) -> bool:
        return not any(moment <= time for moment in self.unnoticed)

    def on_foreign_motion(self, callback: Callable[[ForeignMotion], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def interfere(self, delay_s: float = 0.01) -> None:
        """Somebody else moves it now."""
        self.position += 0.5
        motion = ForeignMotion(self.name, "somebody else has moved it", self.world.time(), self.world.time())
        sent = self.log.count("set")
        self.unnoticed.append(motion.time)

        def notice() -> None:
            self.unnoticed.remove(motion.time)
            for callback in list(self.callbacks):
                callback(motion._replace(is_over=self.log.count("set") > sent))

        self.world.at(delay_s, notice)


@pytest.fixture
def world():
    world = VirtualWorld()
    yield world
    check(world.docs)


def marks(world: VirtualWorld) -> list[tuple[str, str, int]]:
    """Device, stream and point of each mark; its uid is that of this point."""
    uids = {doc["uid"]: doc["seq_num"] for name, doc in world.docs if name == "event"}
    data = [event["data"] for event in world.events("foreign_motion")]
    assert all(uids[mark["event"]] == mark["point"] for mark in data if mark["event"])
    return [(mark["device"], mark["stream"], mark["point"]) for mark in data]


def recorded(world: VirtualWorld) -> list[dict[str, Any]]:
    return [facts for kind, facts in world.recorded if kind == "foreign"]


def test_a_motor_that_is_moved_while_its_point_is_counted_marks_this_point(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    world.at(1.5, motor.interfere)  # the motor came to 1 after 1 s
    world.run(scan([det], motor, 1, 3, num=3))
    assert marks(world) == [("motor", "primary", 1)]
    assert world.said == ["motor: somebody else has moved it."]
    assert [facts["motion"].device for facts in recorded(world)] == ["motor"]


def test_what_is_noticed_after_the_point_was_saved_marks_the_same_point(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    world.at(1.99, lambda: motor.interfere(delay_s=0.3))
    world.run(scan([det], motor, 1, 3, num=3))
    assert marks(world) == [("motor", "primary", 1)]
    assert world.said == ["motor: somebody else has moved it (point 1)."]
    assert [facts["points"] for facts in recorded(world)] == [[1]]


def test_what_is_noticed_after_the_last_point_marks_it_before_the_run_is_closed(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    world.at(5.99, lambda: motor.interfere(delay_s=0.1))
    world.run(scan([det], motor, 1, 3, num=3))
    assert marks(world) == [("motor", "primary", 3)]


def test_a_device_that_never_knows_is_waited_for_a_moment_only(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    motor.unnoticed.append(0.0)
    core = world.run(scan([det], motor, 1, 3, num=3))
    assert (core.exit_status, marks(world)) == ("success", [])
    assert world.now == pytest.approx(6.0 + NOTICED_WITHIN_S)


def test_each_point_is_marked_until_the_motor_is_sent_again(world):
    slow, fast, det = GuardedMotor(world, "slow"), VirtualMotor(world, "fast"), VirtualDetector(world, time=1.0)
    world.at(1.5, slow.interfere)
    world.run(grid_scan([det], slow, 1, 2, 2, fast, 0, 2, 3))
    assert marks(world) == [("slow", "primary", point) for point in (1, 2, 3)]


def test_a_device_that_is_read_and_not_moved_marks_one_point(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    world.at(1.5, motor.interfere)
    world.run(count([det, motor], num=4))
    assert marks(world) == [("motor", "primary", 2)]


def test_a_device_of_the_baseline_alone_marks_no_point_but_is_recorded_and_said(world):
    other, motor, det = GuardedMotor(world, "other"), VirtualMotor(world), VirtualDetector(world, time=1.0)
    world.at(1.5, other.interfere)
    world.run(baseline_wrapper(scan([det], motor, 1, 3, num=3), [other]))
    assert marks(world) == [("other", "", 0)]
    assert world.said == ["other: somebody else has moved it."]


def test_a_device_that_the_plan_has_nothing_to_do_with_is_nobodys_concern(world):
    other, motor, det = GuardedMotor(world, "other"), VirtualMotor(world), VirtualDetector(world, time=1.0)
    world.at(1.5, other.interfere)
    world.run(scan([det], motor, 1, 3, num=3))
    assert marks(world) == world.said == []


def test_a_motor_that_a_plan_moves_without_reading_it_marks_the_points_too(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)

    def plan() -> Any:
        yield from bps.mv(motor, 1)
        for _ in range(3):
            yield from bps.trigger_and_read([det])

    world.at(2.5, motor.interfere)
    world.run(run_wrapper(plan()))
    assert marks(world) == [("motor", "primary", 2), ("motor", "primary", 3)]


def test_a_bare_move_records_nothing_and_says_it(world):
    motor, other = GuardedMotor(world), VirtualMotor(world, "other")
    world.at(1.5, motor.interfere)
    world.run(bps.mv(motor, 1, other, 3))
    assert world.docs == []
    assert world.said == ["motor: somebody else has moved it."]


def test_after_the_call_nobody_listens_any_more(world):
    motor, det = GuardedMotor(world), VirtualDetector(world)
    world.run(scan([det], motor, 1, 3, num=3))
    assert motor.callbacks == []


def test_what_is_moved_in_a_pause_is_put_back_and_marks_nothing(world):
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    world.at(1.5, lambda: world.post(PauseRequest(defer=False)))
    core = world.run(scan([det], motor, 1, 3, num=3))
    assert core.state is State.PAUSED
    motor.interfere()
    world.pass_time(5)
    core.resume()
    assert (core.exit_status, marks(world)) == ("success", [])


@pytest.mark.parametrize("seed", range(20))
def test_at_any_moment_it_marks_the_point_during_which_it_happened_and_no_other(world, seed):
    """Motions of others while the motor rests; each is noticed up to 0.3 s later, also when the next move has begun."""
    chance = random.Random(seed)
    motor, det = GuardedMotor(world), VirtualDetector(world, time=1.0)
    moments: list[float] = []

    def maybe() -> None:
        if not motor.moving:
            moments.append(world.time())
            motor.interfere(chance.uniform(0, 0.3))

    for _ in range(4):
        world.at(chance.uniform(1, 20), maybe)
    world.run(scan([det], motor, 1, 10, num=10))
    read_at = {event["seq_num"]: event["timestamps"]["motor"] for event in world.events()}
    expected = {next(point for point, at in read_at.items() if moment <= at) for moment in moments}
    assert {point for _, _, point in marks(world)} == expected
