"""The command that draws a run in the terminal, where no window is needed: plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_args

from typing_extensions import override

from beamshell.documents.points import NO_POINTS
from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import NumberSlot, Slot
from beamshell.shell.tokens import is_whole, may_be_number
from beamshell.text.nearest import unknown
from beamshell.views.scales import Scale

if TYPE_CHECKING:
    from beamshell.store import Run
    from beamshell.views.run_plot import PlotChoice

HEADING = "Plots"
_SCATTER, _LINES = "scatter", "lines"
_SCALES = get_args(Scale)
_WORDS = (*_SCALES, _LINES, _SCATTER)
_AXES = {"time": "time", "point": "seq_num", "seq_num": "seq_num"}


class RunNumberSlot(NumberSlot):
    """The number of a run; a quotient such as scaler.it/scaler.i0 is none."""

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return is_whole(token) or (str(token).isidentifier() and may_be_number(token, devices))


class ValueSlot(Slot):
    """A value of a run, a quotient of two, or a word that says how they are drawn."""

    word = "value | log | scatter"

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [*devices, *_WORDS]

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return not is_whole(token)


@command(HEADING, example="plot -2 det/i0 log")
def plot(
    session: Session,
    scan_number: Annotated[int | None, RunNumberSlot(whole=True)] = None,
    values: list[Annotated[str, ValueSlot()]] | None = None,
    *,
    x: str | None = None,
    stream: str | None = None,
) -> None:
    """Draw a run in the terminal: its detectors over what it scanned, a grid or a map of two motors in shades.

    Without a number it is the last run of this console, -1 is the newest of any console. The values that are named are
    drawn instead of the detectors, also quotients such as det/i0; `log`, `symlog` and `symmetric` are scales, and with
    `scatter` the points are not joined. Another axis is named by x=, such as x=time or x=point, another stream by
    stream=. It needs no display; the maximum, the centre of a peak and an edge are marked.
    """
    from beamshell.callbacks.text_figure import print_run

    run = session.last_run() if scan_number is None else session.runs[scan_number]
    print_run(run.start, run.documents(), _choice(run, [str(value) for value in values or ()], x, stream))


def _choice(run: Run, words: Sequence[str], x: str | None, stream: str | None) -> PlotChoice:
    """What the words mean in this run.

    Raises:
        BeamshellError: a word means nothing; the message names what there is.
    """
    from beamshell.views.run_plot import PlotChoice

    recorded = _RecordedValues(run, stream)
    how = [word for word in words if word in _WORDS and not recorded.has(word)]
    ys = tuple(recorded.name(word) for word in words if word not in how)
    scale: Any = next((word for word in reversed(how) if word in _SCALES), "linear")
    axis = None if x is None else _AXES.get(x) or recorded.name(x)
    return PlotChoice(ys, axis, scale, _SCATTER in how, recorded.stream)


class _RecordedValues:
    """The values of one stream of a run, by the names that a person types.

    Args:
        run: the run.
        stream: the stream's name; None takes the first that has points, "primary" before the others.

    Raises:
        UnknownName: the run has no such stream, or no points.
        UsageError: it has no number to draw.
    """

    def __init__(self, run: Run, stream: str | None) -> None:
        from beamshell.views.fields import field

        self._run = run
        descriptors = {str(doc.get("name", "primary")): doc for doc in reversed(run.descriptors)}
        if stream is not None and stream not in descriptors:
            raise unknown("stream", stream, descriptors, of=run.label)
        candidates = ["primary", *(name for name in reversed(descriptors) if name not in NO_POINTS)]
        self.stream = stream or next((name for name in candidates if name in descriptors), "")
        if not self.stream:
            raise UnknownName(f"{run.label} has no points to draw: name another, runs lists them")
        self._descriptor = descriptors[self.stream]
        self._numbers = [key for key in self._descriptor["data_keys"] if field(self._descriptor, key).is_number]
        if not self._numbers:
            hint = f": type image {run.scan_id}" if run.image_keys else ""
            raise UsageError(f"{run.label} has no number to draw in its stream {self.stream}{hint}")

    def has(self, word: str) -> bool:
        """Whether it is a value, a device or a quotient."""
        return bool(self._keys(word))

    def name(self, word: str) -> str:
        """The word as the run knows it: scaler_it for scaler.it."""
        for name in (word, word.replace(".", "_")):
            if keys := self._keys(name):
                self._require_number(name, keys)
                return name
        wrong = next((part for part in word.split("/") if not self._keys(part.replace(".", "_"))), word)
        raise unknown("value", wrong, self._numbers, of=self._run.label)

    def _keys(self, name: str) -> list[str]:
        from beamshell.views.fields import resolve

        return resolve(self._descriptor, [name])[0]

    def _require_number(self, name: str, keys: list[str]) -> None:
        from beamshell.views.fields import field

        if not any(field(self._descriptor, key).is_number for key in keys):
            hint = f": type image {self._run.scan_id} {name}" if set(keys) & set(self._run.image_keys) else ""
            raise UsageError(f"{name} of {self._run.label} is no number to draw{hint}")
