"""Plans over a flyer that rides past its points: one flight, or as many as pauses make of it."""

from typing import ClassVar

import document_rules
import numpy as np
import pytest
from virtual_world import VirtualMotor, VirtualSuspender, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import BadValue, LimitError, PlanError
from beamshell.simulate import rehearse


@pytest.fixture
def world():
    return VirtualWorld()


class ScanFlyer:
    """A point a second once it is kicked off; a pause lands it, as it does a MotorFlyer."""

    parent = None
    hints: ClassVar = {"fields": ["counts"]}

    def __init__(self, world):
        self.world, self.name = world, "fly"
        self.motors = [VirtualMotor(world, "th")]
        self.paths, self.log, self.handed_over = [], [], 0
        self.flight, self.began, self.ended = None, 0.0, None
        self.blind = False

    def check_value(self, path):
        if path["time"] <= 0:
            raise LimitError("th: too fast")

    def planned(self, path):
        ways = {"th": [float(i) for i in range(path["first"], path["num"])]}
        return len(ways["th"]) * path["time"] + 1.0, ways

    def stage(self):
        self.log.append("stage")
        return [self]

    def unstage(self):
        self.log.append("unstage")
        return [self]

    def prepare(self, path):
        self.paths.append(path)
        return self._status(2.0)

    def kickoff(self):
        self.began, self.ended, self.handed_over = self.world.now, None, 0
        self.total = self.paths[-1].get("num", 3) - self.paths[-1]["first"]
        self.flight = self._status(self.total)
        return self._status(0.0)

    def complete(self):
        return self.flight

    def pause(self):
        self.log.append("pause")
        if self.flight is not None and not self.flight.done:
            self.ended = self.world.now
            self.flight.finish()

    def resume(self):
        pass

    def stop(self, success=False):
        self.log.append("stop")
        self.ended = self.world.now
        self.flight.finish(None if success else RuntimeError("stopped"))

    def describe_collect(self):
        number = {"source": "virtual", "dtype": "number", "shape": []}
        return {"fly": {"th": number, "counts": number}}

    def collect_pages(self):
        until = self.world.now if self.ended is None else self.ended
        record = 0 if self.blind else min(self.total, int(until - self.began))
        new = range(self.handed_over, record)
        self.handed_over = record
        if new:
            places = [float(self.paths[-1]["first"] + i) for i in new]
            data = {"th": places, "counts": places}
            yield {"data": data, "timestamps": dict.fromkeys(data, places), "time": places}

    def _status(self, seconds):
        return VirtualMotor(self.world, "thing").status_in(float(seconds))


@pytest.fixture
def flyer(world):
    return ScanFlyer(world)


def places(world):
    """Where the motor was at each point, by sequence number."""
    return [place for name, doc in world.docs if name == "event_page" for place in doc["data"]["th"]]


def numbers(world):
    return [number for name, doc in world.docs if name == "event_page" for number in doc["seq_num"]]


def test_a_fly_scan_is_one_flight_whose_points_are_recorded_while_it_lasts(world, flyer):
    core = world.run(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0, period=3.0, md={"purpose": "test"}))
    assert core.exit_status == "success", core.error
    document_rules.check(world.docs)
    assert world.names() == ["start", "descriptor", *["event_page"] * 4, "stop"]
    assert places(world) == [float(i) for i in range(10)]
    assert flyer.paths == [{"start": 0.0, "stop": 9.0, "num": 10, "time": 1.0, "first": 0}]
    assert flyer.log == ["stage", "unstage"]
    start = world.docs[0][1]
    assert start["plan_name"] == "fly_scan"
    assert start["purpose"] == "test"
    assert (start["detectors"], start["motors"], start["num_points"]) == (["fly"], ("th",), 10)
    assert start["hints"] == {"dimensions": [(["th"], "primary")]}
    assert start["extents"] == ([0.0, 9.0],)
    assert world.docs[1][1]["name"] == "primary"


def test_what_the_flyer_refuses_is_refused_before_a_run_begins(world, flyer):
    core = world.run(bp.fly_scan(flyer, 0.0, 9.0, 10, 0.0))
    assert isinstance(core.error, LimitError)
    assert world.docs == []
    assert flyer.log == []


def test_after_a_pause_the_points_that_were_not_seen_are_flown(world, flyer):
    core = world.interpreter()
    world.at(2 + 4.5, lambda: world.post(PauseRequest(False)))
    assert not core.start(as_generator(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0)))
    world.pass_time(100.0)
    assert core.resume()
    assert core.exit_status == "success", core.error
    document_rules.check(world.docs)
    assert [path["first"] for path in flyer.paths] == [0, 4]
    assert places(world) == [float(i) for i in range(10)]
    assert numbers(world) == list(range(1, 11))
    assert world.names().count("descriptor") == 1


def test_a_pause_on_the_way_to_the_beginning_goes_there_again(world, flyer):
    core = world.interpreter()
    world.at(1.0, lambda: world.post(PauseRequest(False)))
    assert not core.start(as_generator(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0)))
    assert core.resume()
    assert core.exit_status == "success", core.error
    assert [path["first"] for path in flyer.paths] == [0, 0]
    assert places(world) == [float(i) for i in range(10)]


def test_a_pause_at_the_next_checkpoint_lets_the_flight_land_and_nothing_is_left_to_resume(world, flyer):
    core = world.interpreter()
    world.at(5.0, lambda: world.post(PauseRequest(True)))
    assert core.start(as_generator(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0)))
    assert len(places(world)) == 10
    assert core.exit_status == "success", core.error
    assert core.outcome.pause_came_late
    assert len(flyer.paths) == 1


@pytest.mark.parametrize("seconds", [0.5, 2.5, 6.5, 11.9])
def test_a_suspension_lands_it_and_the_rest_is_flown_when_the_beam_is_back(world, flyer, seconds):
    beam = VirtualSuspender(world)
    world.suspenders.append(beam)
    world.at(seconds, beam.trip)
    world.at(50.0, lambda: beam.trip(False))
    core = world.run(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0))
    assert core.exit_status == "success", core.error
    document_rules.check(world.docs)
    assert places(world) == [float(i) for i in range(10)]


def test_an_abort_in_flight_stops_it_and_keeps_its_points(world, flyer):
    world.at(2 + 4.5, lambda: world.post(EndRequest(State.ABORTING)))
    core = world.run(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0))
    assert core.exit_status == "abort"
    document_rules.check(world.docs)
    assert "stop" in flyer.log
    assert flyer.log[-1] == "unstage"
    assert places(world) == [0.0, 1.0, 2.0, 3.0]
    assert world.docs[-1][1]["exit_status"] == "abort"


def test_a_flyer_that_hands_nothing_over_does_not_fly_for_ever(world, flyer):
    flyer.blind = True
    core = world.run(bp.fly_scan(flyer, 0.0, 9.0, 10, 1.0))
    assert isinstance(core.error, PlanError)
    assert "flights in a row recorded no point" in str(core.error)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (["a", 1], r"point 1 of 2: x: 'a' is not a number$"),
        ([0, [1, 2], 3], r"point 2 of 3: x: \[1, 2\] is not a number$"),
        (np.zeros((2, 2)), r"point 1 of 2: x: array\(\[0\., 0\.\]\) is not a number$"),
    ],
)
def test_a_position_that_is_no_number_is_named_with_its_point(flyer, places, words):
    with pytest.raises(BadValue, match=rf"^fly: {words}"):
        list(bp.fly_path(flyer, {"x": places}, 0.1))


def test_a_path_of_several_motors_is_one_dimension(world, flyer):
    flyer.motors.append(VirtualMotor(world, "tth"))
    core = world.run(bp.fly_path(flyer, {flyer.motors[0]: [0, 1, 2], "tth": [0, 2, 4]}, 0.5))
    assert core.exit_status == "success", core.error
    start = world.docs[0][1]
    assert start["hints"] == {"dimensions": [(["th", "tth"], "primary")]}
    assert start["extents"] == ([0.0, 2.0], [0.0, 4.0])
    assert (start["motors"], start["num_points"]) == (("th", "tth"), 3)
    assert flyer.paths == [{"positions": {"th": [0.0, 1.0, 2.0], "tth": [0.0, 2.0, 4.0]}, "time": 0.5, "first": 0}]


# ---- rehearsed -----------------------------------------------------------------------------------


def test_a_fly_scan_is_rehearsed_with_its_points_and_its_time(flyer):
    rehearsal = rehearse(bp.fly_scan(flyer, 0.0, 9.0, 10, 2.0))
    assert rehearsal.problems == []
    assert [point.positions["th"] for point in rehearsal.points] == [float(i) for i in range(10)]
    assert {point.stream for point in rehearsal.points} == {"primary"}
    assert rehearsal.duration_s == pytest.approx(21.0)
    assert [point.time_s for point in rehearsal.points][-1] == pytest.approx(21.0)
    assert flyer.paths == []


def test_a_flight_that_would_be_refused_is_a_problem_of_its_rehearsal(flyer):
    (problem,) = rehearse(bp.fly_scan(flyer, 0.0, 9.0, 10, 0.0)).problems
    assert str(problem) == "th: too fast"
