"""TimingHistory: keeps the timing model of a beamline up to date with its newest runs; each run is read once.

It never looks for runs: the caller hands over the newest ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from beamshell.documents import Document
from beamshell.timing.model import TimingModel, learn
from beamshell.timing.run_times import RunTimes, times_of

_DOCUMENTS_OF_A_RUN = 250
"""Number of a run's first documents that are read."""
_NEW_FRACTION = 0.1
"""The model is fitted again when more than this fraction of its runs has changed."""


class PastRun(Protocol):
    """The part of a stored run that is used here."""

    @property
    def path(self) -> Path:
        """Its file, by which runs are told apart."""

    @property
    def stop(self) -> Document | None:
        """Its stop document; None while the run is open."""

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Its documents, as `(name, document)`."""


class TimingHistory:
    """Learns a timing model from past runs, a few at a time, and forgets those that it is not asked for any more.

    Args:
        clock: seconds that only grow, such as `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: dict[Path, RunTimes | None] = {}
        self._model: TimingModel | None = None
        self._paths_in_model: frozenset[Path] = frozenset()

    def model(self, runs: Sequence[PastRun], within_s: float, *, exact: bool = False) -> TimingModel:
        """The timing model of these runs, as far as they could be read in time.

        Args:
            runs: the runs to learn from, the newest first.
            within_s: seconds for reading runs that were not read yet; the next call reads on.
            exact: True fits the model again for every new run; False only when a tenth of the runs is new.
        """
        deadline = self._clock() + within_s
        for run in runs:
            if run.path in self._times or (stop := run.stop) is None:  # an open run is read when it has ended
                continue
            self._times[run.path] = _times_of(run, stop)
            if self._clock() > deadline:
                break
        asked = {run.path for run in runs}
        self._times = {path: run_times for path, run_times in self._times.items() if path in asked}
        times = {run.path: run_times for run in runs if (run_times := self._times.get(run.path)) is not None}
        changed = len(times.keys() ^ self._paths_in_model)
        if self._model is None or changed > (0 if exact else _NEW_FRACTION * len(self._paths_in_model)):
            self._model = learn(times[path] for path in sorted(times))
            self._paths_in_model = frozenset(times)
        return self._model


def _times_of(run: PastRun, stop: Document) -> RunTimes | None:
    try:
        return times_of([*islice(run.documents(), _DOCUMENTS_OF_A_RUN), ("stop", stop)])
    except Exception:  # noqa: BLE001  damaged, or of another program: anything may be in it, and nothing is learned
        return None
