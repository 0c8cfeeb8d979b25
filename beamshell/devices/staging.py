"""Staging: notes the changes that make a device ready for a run, and undoes all of them.

It knows no plan and no setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamshell.errors import DeviceError, RedundantStaging

if TYPE_CHECKING:
    from collections.abc import Callable


class Staging:
    """The undo steps of the changes, each noted BEFORE its change is made.

    So `undo` has a step for every change, even after a failure or a Ctrl+C in the middle.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[], Any]]] = []
        self.active = False

    def begin(self, name: str) -> None:
        """Start to note.

        Raises:
            RedundantStaging: the device is staged already; unstage it first.
        """
        if self.active:
            raise RedundantStaging(f"{name} is staged already; unstage it first: {name}.unstage()")
        self.active = True

    def note(self, change: str, step: Callable[[], Any]) -> None:
        """Note `step()`, which undoes `change`."""
        self._steps.append((change, step))

    def forget_last(self) -> None:
        """Drop the last step: its change was not made."""
        self._steps.pop()

    def undo(self, name: str) -> list[Any]:
        """Undo all changes in reverse order; a failure does not prevent the next step. The steps' results, joined.

        Raises:
            DeviceError: some of it could not be put back; the message names each.
        """
        undone: list[Any] = []
        failures: list[tuple[str, Exception]] = []
        while self._steps:
            change, step = self._steps[-1]
            try:
                undone.extend(step() or [])
            except Exception as exc:  # noqa: BLE001  a part may be anybody's code, and the others must still be put back
                failures.append((change, exc))
            self._steps.pop()  # after the step: an interrupted one is done again by the next undo
        self.active = False
        raise_together(name, "could not be put back", failures)
        return undone


def raise_together(name: str, problem: str, failures: list[tuple[str, Exception]]) -> None:
    """One error that names every failure, if there is any.

    Raises:
        DeviceError: with the first failure as its cause.
    """
    if failures:
        each = "; ".join(f"{part}: {exc}" for part, exc in failures)
        raise DeviceError(f"{name}: {len(failures)} of its parts {problem}: {each}") from failures[0][1]
