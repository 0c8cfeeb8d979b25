"""What is common to all that fly: the order of things, and that each point is handed over once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell import protocols
from beamshell.devices.flyer import Flight, Flyer, Points
from beamshell.errors import BadValue, DeviceError
from beamshell.protocols import DataKey


class Kite(Flyer):
    """Has a point whenever the test says so; ends when the test says so, or at once when it is asked to."""

    ends_on_pause = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heights: list[int] = []
        self.ends_at_once = True
        self.is_stuck = False

    def parse_path(self, path: Mapping[str, Any]) -> Any:
        if path.get("height", 1) < 0:
            raise BadValue(f"{self.name}: no kite flies below ground")
        return path

    def make_ready(self, ready: Any) -> None:
        if not self.is_stuck:
            super().make_ready(ready)

    def start_flight(self, flight: Flight) -> None:
        self.heights = []
        if self._path.get("string") == "torn":
            raise DeviceError(f"{self.name}: its string is torn")

    def end_flight(self, flight: Flight) -> None:
        if self.ends_at_once:
            flight.finish()

    def describe_points(self) -> dict[str, DataKey]:
        return {"height": {"source": "kite", "dtype": "integer", "shape": []}}

    def points_so_far(self) -> Points:
        return Points({"height": self.heights}, [float(height) for height in self.heights])

    def see(self, number: int) -> None:
        self.heights += range(len(self.heights), len(self.heights) + number)


@pytest.fixture
def kite() -> Kite:
    return Kite(name="kite")


def flying(kite: Kite, points: int = 0) -> Any:
    kite.prepare({})
    kite.kickoff()
    kite.see(points)
    return kite.complete()


def collected(kite: Kite) -> list[int]:
    return [height for page in kite.collect_pages() for height in page["data"]["height"]]


def test_it_is_what_the_engine_asks_for(kite):
    for protocol in (
        protocols.Preparable,
        protocols.Flyable,
        protocols.Collectable,
        protocols.EventPageCollectable,
        protocols.Stoppable,
        protocols.Pausable,
        protocols.Checkable,
        protocols.Stageable,
    ):
        assert isinstance(kite, protocol)


def test_a_flight_is_prepared_begun_ended_and_collected(kite):
    assert kite.prepare({}).success
    assert kite.kickoff().success
    flight = kite.complete()
    kite.see(3)
    assert not flight.done
    flight.finish()
    assert flight.success
    assert list(kite.collect_pages()) == [
        {"data": {"height": [0, 1, 2]}, "timestamps": {"height": [0.0, 1.0, 2.0]}, "time": [0.0, 1.0, 2.0]}
    ]


def test_what_it_saw_so_far_is_handed_over_on_the_way_and_only_once(kite):
    flight = flying(kite, 2)
    assert collected(kite) == [0, 1]
    assert collected(kite) == []
    kite.see(2)
    flight.finish()
    assert collected(kite) == [2, 3]
    assert collected(kite) == []


def test_each_flight_hands_over_its_own_points(kite):
    flying(kite, 3).finish()
    flying(kite, 2)
    assert collected(kite) == [0, 1]


@pytest.mark.parametrize(
    ("begin", "attempt", "words"),
    [
        (lambda kite: None, lambda kite: kite.kickoff(), r"kite: it was not prepared for a flight: kite\.prepare"),
        (lambda kite: None, lambda kite: kite.complete(), "kite: it has not flown; kick it off first"),
        (lambda kite: None, lambda kite: list(kite.collect_pages()), "kite: it has not flown, so there is nothing to"),
        (flying, lambda kite: kite.kickoff(), r"kite: it flies, and cannot be kicked off; wait for it, or kite\.stop"),
        (flying, lambda kite: kite.prepare({}), "kite: it flies, and cannot be prepared"),
        (lambda kite: flying(kite).finish(), lambda kite: kite.kickoff(), "kite: it was not prepared for a flight"),
    ],
    ids=[
        "kickoff before prepare",
        "complete before kickoff",
        "collect before kickoff",
        "kickoff twice",
        "prepare in flight",
        "kickoff again",
    ],
)
def test_what_comes_out_of_turn_is_refused(kite, begin, attempt, words):
    begin(kite)
    with pytest.raises(DeviceError, match=words):
        attempt(kite)


def test_a_path_that_makes_no_sense_is_refused_before_anything_is_done(kite):
    for refuse in (kite.prepare, kite.check_value):
        with pytest.raises(BadValue, match="below ground"):
            refuse({"height": -1})


def test_it_takes_off_only_when_it_is_ready(kite):
    kite.is_stuck = True
    ready = kite.prepare({})
    with pytest.raises(DeviceError, match="its preparation is under way; wait for it"):
        kite.kickoff()
    kite.prepare({})
    kite.stop()
    with pytest.raises(DeviceError, match="its preparation failed: kite: it was stopped while it got ready"):
        kite.kickoff()
    assert not ready.done


def test_a_start_that_fails_is_a_flight_without_points(kite):
    kite.prepare({"string": "torn"})
    with pytest.raises(DeviceError, match="its string is torn"):
        kite.kickoff()
    assert not kite.flying
    assert str(kite.complete().exception()) == "kite: its string is torn"
    assert collected(kite) == []


def test_a_start_that_is_refused_hands_nothing_over_from_the_flight_before(kite):
    flying(kite, 3).finish()
    assert collected(kite) == [0, 1, 2]
    with pytest.raises(DeviceError, match="not prepared"):
        kite.kickoff()
    assert collected(kite) == []


def test_a_stop_is_a_failure_and_keeps_the_points(kite):
    flight = flying(kite, 2)
    kite.stop()
    assert str(flight.exception()) == "kite: its flight was stopped"
    assert collected(kite) == [0, 1]


def test_a_stop_can_count_as_success(kite):
    flight = flying(kite)
    kite.stop(success=True)
    assert flight.success


def test_a_pause_ends_the_flight_and_is_no_failure(kite):
    flight = flying(kite, 2)
    kite.pause()
    kite.resume()
    assert flight.success
    assert collected(kite) == [0, 1]


def test_a_flight_that_failed_as_the_engine_paused_is_excused_and_keeps_its_points(kite):
    flight = flying(kite, 2)
    flight.finish(DeviceError("kite: the wind is gone"))
    assert not kite.complete().success
    kite.pause()
    assert kite.complete().success
    assert collected(kite) == [0, 1]


def test_a_flyer_that_does_not_end_on_pause_flies_on(kite):
    kite.ends_on_pause = False
    flight = flying(kite)
    kite.pause()
    assert not flight.done


def test_an_end_that_takes_its_time_is_waited_for_before_points_are_collected(kite):
    kite.ends_at_once = False
    flight = flying(kite, 1)
    kite.stop()
    assert not flight.done

    def finish() -> None:
        kite.see(1)
        flight.finish()

    from beamshell.channels.timers import call_later

    call_later(0.05, finish)
    assert collected(kite) == [0, 1]


def test_a_failure_on_the_way_down_does_not_hide_that_it_was_stopped(kite):
    kite.ends_at_once = False
    flight = flying(kite)
    kite.stop()
    flight.finish(DeviceError("kite: it hit a tree"))
    assert str(flight.exception()) == "kite: its flight was stopped"


def test_unstaging_ends_the_flight(kite):
    kite.stage()
    flight = flying(kite)
    assert kite.unstage() == [kite]
    assert flight.done


def test_all_that_it_records_is_of_one_stream_which_the_plan_names(kite):
    assert list(kite.describe_collect()) == ["height"]
    assert kite.hints == {"fields": ["height"]}


STEPS = st.lists(st.sampled_from(["prepare", "kickoff", "complete", "collect", "stop", "pause", "see", "end"]))


@given(steps=STEPS)
def test_in_any_order_it_refuses_or_obeys_and_each_point_is_handed_over_once(steps):
    kite, got = Kite(name="kite"), []
    prepared = flew = in_the_air = False
    for step in steps:
        try:
            if step == "see" and in_the_air:
                kite.see(1)
            elif step == "end" and in_the_air:
                kite.complete().finish()
            elif step == "collect":
                got += collected(kite)
            elif step == "prepare":
                kite.prepare({})
            elif step in ("kickoff", "complete", "stop", "pause"):
                getattr(kite, step)()
                if step == "kickoff":
                    got = []
        except DeviceError:
            refused = True
        else:
            refused = False
        expected = {
            "prepare": in_the_air,
            "kickoff": in_the_air or not prepared,
            "complete": not flew,
            "collect": not flew,
        }.get(step, False)
        assert refused == expected, step
        if step == "prepare" and not refused:
            prepared = True
        if step == "kickoff":
            if not in_the_air:
                flew = True
            if not refused:
                in_the_air, prepared = True, False
        if step in ("end", "stop", "pause"):
            in_the_air = False
        assert kite.flying == in_the_air
        assert got == kite.heights[: len(got)]
