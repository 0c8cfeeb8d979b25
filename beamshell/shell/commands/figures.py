"""Commands for plots: plotselect, plotscale, savefig."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from typing_extensions import override

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command_set import command
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.slots import Slot
from beamshell.shell.tokens import Tokens, find_device, is_whole
from beamshell.text.lists import listed
from beamshell.text.nearest import unknown
from beamshell.views.scales import Scale

if TYPE_CHECKING:
    from beamshell.documents import Document
    from beamshell.store import Run
    from beamshell.views.earlier_runs import EarlierRun

HEADING = "Plots"
_OVER, _AUTO = "over", "auto"
_ENDINGS = (".png", ".pdf", ".svg")


class Choice(NamedTuple):
    """What `plotselect` is to show: values by name, and the numbers of earlier runs."""

    values: tuple[str, ...]
    runs: tuple[int, ...]


class ChoiceSlot(Slot):
    """Values, and after the word `over` the numbers of earlier runs."""

    word = "value ... over scan_number"
    repeats = True
    optional = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Choice | None:
        values: list[str] = []
        while tokens and tokens.peek() != _OVER:
            token = tokens.take(name)
            if is_whole(token):
                raise UsageError(f"'{token}' is no value: for run {token} write over {token}")
            values.append(token if isinstance(token, str) else str(getattr(token, "name", token)))
        if not tokens:
            return Choice(tuple(values), ()) if values else None
        tokens.take(_OVER)
        numbers = [_run_number(tokens.take("scan number"))]
        while tokens:
            numbers.append(_run_number(tokens.take("scan number")))
        return Choice(tuple(values), tuple(numbers))

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return () if _OVER in typed else [*devices, _OVER, _AUTO]


def _run_number(token: Any) -> int:
    if not is_whole(token):
        raise UsageError(f"'{token}' is not the number of a run: write over -1 for the last one")
    return int(float(token))


@command(HEADING, example="plotselect det over -1")
def plotselect(session: Session, choice: Annotated[Choice | None, ChoiceSlot()] = None) -> None:
    """Choose what the plots show, now and in the scans to come; alone it says what that is.

    A value is a detector, a recorded key, or the quotient of two: `plotselect scaler.it/scaler.i0` divides by the
    monitor. Several values stand one above the other. After `over` come the numbers of earlier runs that are drawn
    beside the present one, their counts multiplied to its count time: `plotselect det over -1 -2`. `plotselect auto`
    shows again the detectors of each scan, and no earlier run.
    """
    from beamshell.callbacks.figures import windows

    if choice is not None:
        values = () if choice.values == (_AUTO,) else choice.values
        last = _last_run(session)
        descriptor = _primary(last) if last is not None else {}
        for value in values:
            _check_value(value, descriptor, session.devices)
        earlier = [_earlier_run(session.runs[number]) for number in choice.runs]
        windows.values, windows.earlier = values, earlier
        if last is not None and session.state == "idle":  # while a plan is paused, its own plot stays
            from beamshell.callbacks.run_figure import show_run

            show_run(last.documents())
    values_in_words = listed(windows.values) or "the detectors of each scan"
    runs_in_words = f" over {listed(run.name for run in windows.earlier)}" if windows.earlier else ""
    print_answer(f"plots show {values_in_words}{runs_in_words}")


def _last_run(session: Session) -> Run | None:
    """The last run of this console that has points."""
    own = session.own_runs
    return own[-1] if own and "primary" in own[-1].streams else None


def _primary(run: Run) -> Document:
    return next(doc for doc in run.descriptors if doc.get("name") == "primary")


def _check_value(value: str, descriptor: Document, devices: Mapping[str, Any]) -> None:
    """Return if the last run has recorded the value, or its parts are devices, which a run to come may read.

    Raises:
        UnknownName: neither; the message offers the nearest.
    """
    from beamshell.views.fields import resolve

    if not resolve(descriptor, [value])[1]:
        return
    for part in value.split("/"):
        if not resolve(descriptor, [part])[1] or _is_hinted(part, devices):
            continue
        try:
            find_device(part, devices)
        except (UnknownName, UsageError):
            raise unknown("value", part, [*(descriptor.get("data_keys") or {}), *devices]) from None


def _is_hinted(part: str, devices: Mapping[str, Any]) -> bool:
    """Whether a device records a value of this name in runs to come, such as "scaler.it" for scaler_It."""
    hints = getattr(devices.get(part.partition(".")[0]), "hints", None) or {}
    return part.replace(".", "_").casefold() in map(str.casefold, hints.get("fields") or ())


def _earlier_run(run: Run) -> EarlierRun:
    from beamshell.views.earlier_runs import EarlierRun

    if "primary" not in run.streams:
        raise UsageError(f"{run.label} has no points to show: name another, runs lists them")
    table = run.table()
    columns = {key: table[key] for key in table.columns}
    return EarlierRun(run.start, _primary(run), columns)


@command(HEADING, example="plotscale log")
def plotscale(scale: Scale | None = None) -> None:
    """Choose the scale of the values in the plots and images of the scans to come, or show which it is.

    On a log scale weak peaks are seen beside strong ones; "symmetric" has 0 in its middle, and "symlog" is logarithmic
    beside that.
    """
    from beamshell.callbacks.figures import windows

    if scale is None:
        print_answer(f"plots are on a {windows.scale} scale")
    else:
        windows.scale = scale
        print_answer(f"plots of the next scans are on a {scale} scale")


@command(HEADING, example="savefig rocking")
def savefig(session: Session, name: str) -> None:
    """Write the figure at hand into a file: what the last drawn window shows, or the last run where there is no window.

    The name may end in .png, .pdf or .svg; without an ending it is a PNG. The file goes into the folder `exports` of
    the data folder, or to the path that is typed; a file that is there already is never overwritten. In Python the
    figure is `session.figure`, and `plt.gcf()` where there is a window.
    """
    path = _figure_file(session, name)
    figure = session.figure
    if figure is None:
        raise UsageError("there is no figure, since the last run has no points to draw: scan first")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    print_answer(path)


def _figure_file(session: Session, name: str) -> Path:
    """The path for the figure.

    Raises:
        UsageError: it cannot be written under this name.
    """
    path = Path(name).expanduser()
    if not path.suffix:
        path = path.with_suffix(".png")
    if path.suffix not in _ENDINGS:
        raise UsageError(f"'{name}' is no name for a figure: it may end in .png, .pdf or .svg")
    if len(path.parts) == 1:
        path = session.folder / "exports" / path
    if path.exists():
        raise UsageError(f"{path} is there already: choose another name")
    return path
