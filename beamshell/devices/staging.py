"""Staging: notes the changes that make a device ready for a run, and undoes all of them.

It knows no plan and no setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from beamshell.errors import DeviceError, RedundantStaging

Failures = list[tuple[str, Exception]]
"""By what was changed, why it could not be."""


class Flight:
    """Values that are read together, and values that are written without waiting for one before the next.

    On a slow network the number of round trips counts. Writes keep their order: one is waited for before the next,
    unless both go to the same server of a control system that keeps it.
    """

    def __init__(self) -> None:
        self._asked: dict[Any, Callable[[], Any]] = {}
        self._under_way: list[tuple[Any, Any]] = []
        self._server = ""

    def ask(self, signals: Iterable[Any]) -> None:
        """Request the values of signals, for `value_of`."""
        for signal in signals:
            if hasattr(signal, "begin_read") and signal not in self._asked:
                self._asked[signal] = signal.begin_read()

    def value_of(self, signal: Any) -> Any:
        """The value of a signal: as it was requested, or as it is now."""
        collect = self._asked.pop(signal, None)
        return signal.get() if collect is None else next(iter(collect().values()))["value"]

    def write(self, signal: Any, value: Any) -> Failures:
        """Begin to write a value; the failures of those that had to be waited for."""
        server = getattr(signal, "keeps_order_with", "")
        failures = []
        if server != self._server or any(other is signal for other, _ in self._under_way):
            failures = self.settle()
        self._server = server
        self._under_way.append((signal, signal.set(value)))
        return failures if server else failures + self.settle()

    def settle(self) -> Failures:
        """Wait for all writes; those that have failed."""
        under_way, self._under_way = self._under_way, []
        failures: Failures = []
        for signal, status in under_way:
            try:
                status.wait()
            except Exception as exc:  # noqa: BLE001  a signal may be anybody's code, and the others are awaited too
                failures.append((signal.name, exc))
        return failures


@dataclass(frozen=True)
class OldValue:
    """The value of a signal before it was staged."""

    signal: Any
    value: Any


class Staging:
    """The undo steps of the changes, each noted BEFORE its change is made.

    So `undo` has a step for every change, even after a failure or a Ctrl+C in the middle.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[], Any] | OldValue]] = []
        self.active = False
        self.outer: Staging | None = None
        """That of the device with which this one is staged: both share round trips."""
        self._flight = Flight()

    @property
    def flight(self) -> Flight:
        """Reads and writes under way."""
        return self._flight if self.outer is None else self.outer.flight

    def ask(self, signals: Iterable[Any]) -> None:
        """Request the values of signals that will be noted, unless the outer device has done so."""
        if self.outer is None:
            self.flight.ask(signals)

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

    def note_value(self, signal: Any) -> None:
        """Note the value of a signal, which `undo` writes back."""
        self._steps.append((signal.name, OldValue(signal, self.flight.value_of(signal))))

    def write(self, signal: Any, value: Any) -> None:
        """Note the value of a signal, and begin to write another one; `settle` waits for it."""
        self.note_value(signal)
        _raise_first(self.flight.write(signal, value))

    def settle(self) -> None:
        """Return when all values are written.

        Raises:
            DeviceError: one could not be written.
        """
        _raise_first(self.flight.settle())

    def forget_last(self) -> None:
        """Drop the last step: its change was not made."""
        self._steps.pop()

    def undo(self, name: str) -> list[Any]:
        """Undo all changes in reverse order; a failure does not prevent the next step. The steps' results, joined.

        Raises:
            DeviceError: some of it could not be put back; the message names each.
        """
        self.flight.settle()  # of a staging that has failed; what is put back comes later
        self._flight = flight = Flight()
        undone: list[Any] = []
        failures: Failures = []
        while self._steps:
            change, step = self._steps[-1]
            try:
                if isinstance(step, OldValue):
                    failures += flight.write(step.signal, step.value)
                else:
                    failures += flight.settle()
                    undone.extend(step() or [])
            except Exception as exc:  # noqa: BLE001  a part may be anybody's code, and the others must still be put back
                failures.append((change, exc))
            self._steps.pop()  # after the step: an interrupted one is done again by the next undo
        failures += flight.settle()
        self.active = False
        raise_together(name, "could not be put back", failures)
        return undone


def _raise_first(failures: Failures) -> None:
    if failures:
        raise failures[0][1]


def raise_together(name: str, problem: str, failures: Failures) -> None:
    """One error that names every failure, if there is any.

    Raises:
        DeviceError: with the first failure as its cause.
    """
    if failures:
        each = "; ".join(f"{part}: {exc}" for part, exc in failures)
        raise DeviceError(f"{name}: {len(failures)} of its parts {problem}: {each}") from failures[0][1]
