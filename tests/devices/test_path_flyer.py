"""A flight whose points lie off the path has failed; its points are kept and marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from beamshell.devices.component import Component
from beamshell.devices.flyer import Flight, Points
from beamshell.devices.path_flyer import PathFlyer
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import Signal, SignalRO
from beamshell.devices.status import DeviceStatus
from beamshell.errors import BadValue


class Axis(PVPositioner):
    setpoint = Component(Signal, units="mm")
    readback = Component(SignalRO, units="mm")
    tolerance = 0.01


class Sledge(PathFlyer):
    """It flies x and y past 0, 1, 2, ...; the test says where they were."""

    def __init__(self, **kwargs: Any) -> None:
        self._axes = [Axis(name="x"), Axis(name="y")]
        self.measured: dict[str, list[float]] = {}
        super().__init__(name="sledge", **kwargs)

    @property
    def motors(self) -> list[Axis]:
        return self._axes

    @override
    def parse_path(self, path: Mapping[str, Any]) -> dict[str, Any]:
        return {"first": 0, **path}

    @override
    def places(self) -> Mapping[str, Any]:
        along = np.arange(self._path["num"], dtype=float)[self._path["first"] :]
        return {"x": along, "y": 10 * along}

    @override
    def bin_widths(self) -> Mapping[str, float]:
        return {"x": 1.0, "y": 10.0}

    @override
    def make_ready(self, ready: DeviceStatus) -> None:
        self.read_tolerances(is_new_path=self._path["first"] == 0)
        ready.set_finished()

    @override
    def start_flight(self, flight: Flight) -> None:
        flight.finish(self.compare_with_path(self.measured))

    @override
    def points_so_far(self) -> Points:
        return Points({**self.measured, **self.mark_off_path(self.measured)}, [0.0] * len(self.measured["x"]))


def fly(sledge: Sledge, x: Sequence[float], y: Sequence[float], **path: Any) -> tuple[list[bool], str]:
    """The marks of a flight, and its failure."""
    sledge.measured = {"x": list(x), "y": list(y)}
    sledge.prepare({"num": 3, **path}).wait(1)
    sledge.kickoff()
    flight = sledge.complete()
    marks = [mark for page in sledge.collect_pages() for mark in page["data"]["sledge_off_path"]]
    return marks, str(flight.exception() or "")


def test_points_within_a_bin_and_what_the_motor_tolerates_are_on_the_path() -> None:
    assert fly(Sledge(), [1.005, 1.0, 0.995], [0, 10, 20]) == ([False] * 3, "")


def test_points_off_the_path_are_marked_and_the_flight_has_failed_because_of_the_farthest() -> None:
    marks, failure = fly(Sledge(), [0, 2.1, 2], [0, 10, -5])
    assert marks == [False, True, True]
    assert failure == (
        "sledge: 2 points lie off the path: y by up to 25 mm, more than 10 mm; take more time for each point"
    )


def test_one_point_is_one_point() -> None:
    assert "sledge: 1 point lies off the path: x by up to 1.1 mm" in fly(Sledge(), [0, 2.1, 2], [0, 10, 20])[1]


def test_a_tolerance_of_its_own_counts_in_the_units_of_each_motor() -> None:
    assert fly(Sledge(tolerance=30), [0, 2.1, 2], [0, 10, -5]) == ([False] * 3, "")
    assert fly(Sledge(tolerance=0.05), [0.06, 1, 2], [0, 10, 20])[0] == [True, False, False]


def test_points_off_the_path_before_a_pause_count_at_the_end_of_the_rest() -> None:
    sledge = Sledge()
    fly(sledge, [5], [0])
    marks, failure = fly(sledge, [1, 2], [10, 20], first=1)
    assert marks == [False, False]
    assert "1 point lies off the path: x by up to 5 mm" in failure


def test_a_new_path_begins_without_the_points_of_the_last() -> None:
    sledge = Sledge()
    fly(sledge, [5], [0])
    assert fly(sledge, [0, 1, 2], [0, 10, 20]) == ([False] * 3, "")


@pytest.mark.parametrize("tolerance", [0, -1, float("nan")])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(BadValue, match="sledge: a tolerance of"):
        Sledge(tolerance=tolerance)
