"""Drive: one move of the real axes behind computed ones, all together or one group after the other.

It knows no formula and no control system.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from beamshell.devices.positioner import Positioner
from beamshell.devices.status import Status
from beamshell.errors import DeviceError, MoveFailed


class DriveOwner(Protocol):
    """The part of a PseudoPositioner that its drives use."""

    lock: threading.RLock

    @property
    def real_axes(self) -> list[Positioner]:
        """The real axes, in the order of `RealPosition`."""

    def groups_of(self, target: Sequence[float]) -> list[list[tuple[Positioner, float]]]:
        """The real axes with their targets, in the groups in which they are sent."""

    def is_driven_by(self, drive: Drive) -> bool:
        """True as long as no later drive has taken over and this one has not ended."""

    def drive_ended(self, drive: Drive, failure: BaseException | None) -> None:
        """End the moves that `drive` serves. Any thread."""


class Drive:
    """One move of the real axes: all together, or in groups one after the other."""

    def __init__(self, device: DriveOwner, target: Sequence[float]) -> None:
        self._device = device
        self._target = target
        self._groups: list[list[tuple[Positioner, float]]] = []
        self._moving = 0
        self._stop: bool | None = None  # whether a stop that has come counts as a success

    def start(self) -> None:
        """Send the first group; if an axis refuses, stop those that were sent."""
        try:
            self._groups = self._device.groups_of(self._target)
            self._send_next()
        except BaseException as exc:
            self._fail(exc)
            raise

    def stop(self, success: bool) -> None:
        """Send no more axes; the move ends when those that move have stopped. The device is locked."""
        self._stop = success

    def _send_next(self) -> None:
        group = self._groups.pop(0)
        self._moving = len(group)
        for axis, position in group:
            axis.set(position).add_callback(partial(self._on_end, axis))

    def _on_end(self, axis: Positioner, status: Status) -> None:
        """One axis has ended its move. Any thread."""
        failure = status.exception()
        if failure is None and self._groups and axis.missed and self._stop is None:
            failure = MoveFailed(f"{axis.name} was stopped")
        if failure is not None:
            self._fail(failure)
            return
        with self._device.lock:
            self._moving -= 1
            if self._moving:
                return
            goes_on = bool(self._groups) and self._stop is None and self._device.is_driven_by(self)
            if goes_on:  # locked: neither a stop nor another move can come in between
                try:
                    self._send_next()
                except Exception as exc:  # noqa: BLE001 - whatever an axis raises is the failure of the move
                    failure = exc
        if failure is not None:
            self._fail(failure)
        elif not goes_on:
            was_cut = self._groups and not self._stop
            self._device.drive_ended(self, MoveFailed("it was stopped") if was_cut else None)

    def _fail(self, failure: BaseException) -> None:
        if not self._device.is_driven_by(self):
            return  # superseded: the axes are on their way to somewhere else
        self._device.drive_ended(self, failure)
        for axis in self._device.real_axes:
            if axis.moving:
                try:
                    axis.stop()
                except DeviceError:  # it is offline: its own move says so
                    continue
