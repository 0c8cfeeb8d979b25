"""RunProgress: how far a run is: points done, time elapsed and left, rate; and the one line about a running plan.

Pure: documents, times and motions in, text out. The clock comes as an argument.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from beamshell.documents import Document
from beamshell.documents.router import RunReceiver
from beamshell.text.numbers import counted
from beamshell.text.times import duration
from beamshell.views.motion import BARS, Motion, bar, rough

_NOT_COUNTED = ("baseline", "interruptions")
_RECENT = 20
"""Points whose times make the rate."""
_PRIOR = 0.1
"""The part of the expected duration that counts as having been as expected, before any of it was measured."""
_BAR, _LEAST_BAR = 16, 8
_GAP = "  "


class Expectation:
    """The times that the points of a run are expected to take.

    Args:
        end_s: expected duration of the whole run, in seconds.
        at: gives the seconds from the start of the run to the end of point k, k from 1.
    """

    def __init__(self, end_s: float, at: Callable[[int], float]) -> None:
        self.end_s = end_s
        self.at = at

    def left_s(self, points: int, spent_s: float) -> float:
        """Seconds from the end of a point to the end of the run.

        What was measured so far corrects what was expected: a run that is slow so far is expected to stay slow.

        Args:
            points: those that are done.
            spent_s: seconds that they took.
        """
        expected_s = self.at(points) if points else 0.0
        prior_s = _PRIOR * self.end_s
        scale = (prior_s + spent_s) / (prior_s + expected_s) if points and prior_s + expected_s > 0 else 1.0
        return max(0.0, self.end_s - expected_s) * scale


class RunProgress(RunReceiver):
    """How far one run is. It only notes numbers while points come; the rest is computed when somebody looks.

    Args:
        start: the run's start document, at the moment when it arrives.
        clock: seconds that grow only while the plan goes on, not in a pause.
        expectation: of its times; None learns them from its own points.

    Attributes:
        number: how many points it will have; None if it does not say.
    """

    def __init__(self, start: Document, clock: Callable[[], float], expectation: Expectation | None = None) -> None:
        super().__init__()
        number = start.get("num_points")
        self.number = number if isinstance(number, int) and number > 0 else None
        self._clock = clock
        self._expectation = expectation
        self._points: dict[str, int] = {}
        self._began = clock()
        self._first = 0.0
        self._times: deque[float] = deque(maxlen=_RECENT)

    def event(self, descriptor: Document, event: Document) -> None:
        """Count a point."""
        self._note(descriptor["name"], event["seq_num"])

    def event_page(self, descriptor: Document, page: Document) -> None:
        """Count many points at once."""
        if page["seq_num"]:
            self._note(descriptor["name"], max(page["seq_num"]))

    def _note(self, stream: str, seq_num: int) -> None:
        if seq_num > self._points.get(stream, 0):
            self._points[stream] = seq_num
        if stream == "primary":
            self._times.append(self._clock())
            if len(self._times) == 1:
                self._first = self._times[0]

    @property
    def points(self) -> int:
        """The points that are done: those of the stream `primary`; without one those of the longest stream."""
        counted_streams = {name: number for name, number in self._points.items() if name not in _NOT_COUNTED}
        return counted_streams.get("primary", max(counted_streams.values(), default=0))

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began, without pauses."""
        return self._clock() - self._began

    @property
    def left_s(self) -> float | None:
        """Seconds until its end; None if nobody can know."""
        points = self.points
        if self.number is None:
            return None
        last = self._times[-1] if self._times else self._began
        since_last_s = self._clock() - last
        if self._expectation is not None:
            return max(0.0, self._expectation.left_s(points, last - self._began) - since_last_s)
        if points < 2 or len(self._times) < 2:
            return None
        interval_s = (last - self._first) / (points - 1)
        return max(0.0, (self.number - points) * interval_s - since_last_s)

    @property
    def rate(self) -> float | None:
        """Points a second, of the newest ones; None before the second point."""
        if len(self._times) < 2 or self._times[-1] <= self._times[0]:
            return None
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])

    def texts(self) -> list[str]:
        """What the line says of the run, most important first: its point, the time left or the rate, the time so far.

        >>> run = RunProgress({"num_points": 3}, lambda: 0.0)
        >>> run("descriptor", {"uid": "d", "name": "primary"})
        >>> run("event", {"descriptor": "d", "seq_num": 1})
        >>> run.texts()
        ['point 1 of 3', '', '0 s']
        """
        elapsed = duration(math.floor(self.elapsed_s))
        if self.number is None:
            rate = self.rate
            return [counted(self.points, "point"), "" if rate is None else f"{rate:.3g} points/s", elapsed]
        left_s = self.left_s
        left = "" if left_s is None or self.points >= self.number else f"{rough(left_s)} left"
        return [f"point {self.points} of {self.number}", left, elapsed]


def plan_line(
    width: int,
    *,
    notice: str = "",
    note: str = "",
    run: Sequence[str] = (),
    motions: Sequence[Motion] = (),
    busy: str = "",
    contract: str = "",
    marks: tuple[str, str] = BARS,
) -> str:
    """The one line about a running plan, in at most so many characters.

    In a narrow window its parts are left out, the least important first: the contract, the bar, the time so far, what
    counts, the note, the motors, the time left, the point.

    Args:
        width: characters that it may have.
        notice: what a person must know first, such as a pause that is on its way.
        note: what the plan says of itself, such as the line of a file of commands.
        run: the texts of the run: point, time left or rate, time so far.
        motions: the motors on their way.
        busy: what counts or flies, in words.
        contract: what Ctrl+C does now.
        marks: what a bar is made of.
    """
    point, left, elapsed = (*run, "", "", "")[:3]
    texts = {
        "notice": notice,
        "note": note,
        "point": point,
        "times": ", ".join(text for text in (elapsed, left) if text),
        "motors": _GAP.join(f"{motion.name} {motion.now} to {motion.goal}" for motion in motions),
        "busy": busy,
        "contract": contract,
    }
    least_bar = _LEAST_BAR + 1 if len(motions) == 1 else 0
    line = _line(texts)
    for part, shorter in _SHORTER:
        if len(line) + least_bar <= width:
            break
        if part == "bar":
            least_bar = 0
        else:
            texts[part] = left if shorter else ""
            line = _line(texts)
    if least_bar:
        motion = motions[0]
        drawn = bar(motion.fraction, min(_BAR, width - len(line) - 1), marks)
        line = _line(texts | {"motors": f"{motion.name} {motion.now} {drawn} to {motion.goal}"})
    return line[:width]


_SHORTER = (
    ("contract", False),
    ("bar", False),
    ("times", True),
    ("busy", False),
    ("note", False),
    ("motors", False),
    ("times", False),
    ("point", False),
)
"""What is left out in a narrow window, in this order; of the times first that so far."""


def _line(texts: Mapping[str, str]) -> str:
    return _GAP.join(text for text in texts.values() if text)
