"""PathFlyer: the base of flyers that move motors past points; a point that lies off the path is marked and reported.

It knows no control system, no engine, and not how the motors are moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from beamshell.devices.flyer import Flyer
from beamshell.devices.positioner import Positioner
from beamshell.errors import BadValue, DeviceError
from beamshell.protocols import DataKey

Numbers = npt.NDArray[np.float64]


class PathFlyer(Flyer):
    """A flyer whose motors should be at a given place in the middle of each bin.

    Where they were is measured, and compared: a point is off the path if one of its motors was further from its place
    than the tolerance. Such a point is marked in its event (`<name>_off_path`), and the flight has failed; its points
    are recorded all the same.

    Args:
        prefix: the beginning of the addresses of its parts.
        name: its name.
        tolerance: how far a motor may be from the place of a point, in its units; None: the width of a bin, and what
            the motor itself tolerates at the end of a move.
        kwargs: those of Flyer.
    """

    HIDDEN: ClassVar[tuple[str, ...]] = (
        "bin_widths",
        "compare_with_path",
        "describe_mark",
        "mark_off_path",
        "places",
        "read_tolerances",
    )

    def __init__(self, prefix: str = "", *, tolerance: float | None = None, **kwargs: Any) -> None:
        if tolerance is not None and not tolerance > 0:
            raise BadValue(f"{kwargs.get('name', '')}: a tolerance of {tolerance} is not above 0")
        self.tolerance = tolerance
        self._tolerances: dict[str, float] = {}
        self._off_points = 0  # of all flights along this path
        self._farthest: tuple[float, Positioner] | None = None  # the largest distance in tolerances, and whose it was
        super().__init__(prefix, **kwargs)

    # ---- what a subclass says ----------------------------------------------------------------

    @property
    def motors(self) -> Sequence[Positioner]:
        """The motors that it can move."""
        raise NotImplementedError

    def places(self) -> Mapping[str, Numbers]:
        """By the name of each motor that moves, its place at each point of this flight: float64, shape (points,)."""
        raise NotImplementedError

    def bin_widths(self) -> Mapping[str, float]:
        """By the name of each motor that moves, how far it goes during a bin, at most."""
        raise NotImplementedError

    # ---- what a subclass calls ---------------------------------------------------------------

    def read_tolerances(self, *, is_new_path: bool) -> None:
        """Ask the motors what they tolerate, ahead of a flight; the first of a path forgets the points before."""
        if is_new_path:
            self._off_points, self._farthest = 0, None
        widths = self.bin_widths()
        collectors = {motor.name: motor.begin_tolerance() for motor in self.motors if motor.name in widths}
        self._tolerances = {
            name: self.tolerance or widths[name] + (collect() or 0.0) for name, collect in collectors.items()
        }

    @property
    def _mark_key(self) -> str:
        return f"{self.name}_off_path"

    def describe_mark(self) -> dict[str, DataKey]:
        """The data key of the mark."""
        return {
            self._mark_key: {
                "source": f"computed://{self.name}", "dtype": "boolean", "shape": [], "dtype_numpy": "|b1"
            }
        }  # fmt: skip

    def mark_off_path(self, measured: Mapping[str, Sequence[float]]) -> dict[str, list[bool]]:
        """The column of marks: True where a motor was off its path.

        Args:
            measured: by the name of each motor, where it was at the points so far.
        """
        return {self._mark_key: [bool(is_off) for is_off in self._distances(measured).max(axis=0) > 1.0]}

    def compare_with_path(self, measured: Mapping[str, Sequence[float]]) -> DeviceError | None:
        """The failure of a flight that has ended, for points off the path; those of earlier flights count too."""
        distances = self._distances(measured)
        self._off_points += int((distances.max(axis=0) > 1.0).sum())
        for motor, farthest in zip(self._moving, distances.max(axis=1, initial=0.0), strict=True):
            if self._farthest is None or farthest > self._farthest[0]:
                self._farthest = (float(farthest), motor)
        if not self._off_points or self._farthest is None:
            return None
        ratio, motor = self._farthest
        tolerance = self._tolerances[motor.name]
        points = "1 point lies" if self._off_points == 1 else f"{self._off_points} points lie"
        return DeviceError(
            f"{self.name}: {points} off the path: {motor.name} by up to {_brief(motor, ratio * tolerance)}, "
            f"more than {_brief(motor, tolerance)}; take more time for each point"
        )

    @property
    def _moving(self) -> list[Positioner]:
        return [motor for motor in self.motors if motor.name in self._tolerances]

    def _distances(self, measured: Mapping[str, Sequence[float]]) -> Numbers:
        """The distance of each motor from its place at each point, in tolerances: shape (motors, points)."""
        places = self.places()
        rows = []
        for motor in self._moving:
            column = np.asarray(measured.get(motor.name, ()), dtype=np.float64)
            rows.append(np.abs(column - places[motor.name][: len(column)]) / self._tolerances[motor.name])
        return np.stack(rows)


def _brief(motor: Positioner, distance: float) -> str:
    return f"{distance:.2g} {motor.units}".rstrip()
