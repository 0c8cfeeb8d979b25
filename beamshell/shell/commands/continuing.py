"""The command continue: a scan that has ended early goes on at its first missing point."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from beamshell.awaiting import answer
from beamshell.documents.continuation import CONTINUES, first_point, points_in_all
from beamshell.errors import CommandError, Declined, PlanError, TransitionError, UnknownName
from beamshell.messages import Plan
from beamshell.plans import preprocessors as bpp
from beamshell.plans.unrun_plan_guard import PlanCall, guarded
from beamshell.shell.acquisition import close_runs_of_the_dead
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.plan_form import plan_of
from beamshell.shell.positions import move_in_words, places_of, target_digits, value_text
from beamshell.shell.positions_at_scan import changed_offset
from beamshell.shell.questions import agrees, is_attended
from beamshell.shell.tokens import find_device, is_number

if TYPE_CHECKING:
    from beamshell.simulate.result import SimulationResult
    from beamshell.store import Run, Runs

_NEWEST = 50
"""Runs among which one is looked for that can be continued."""
_BY_READINGS = "where its points are depends on what it measures"
_REASONS = {
    **dict.fromkeys(("adaptive_scan", "rel_adaptive_scan", "tune_centroid", "scan_until", "count_until"), _BY_READINGS),
    "tweak": "each of its steps is typed by a person",
    "time_scan": "its points are moments, and their time is over",
    "timescan": "it has no last point",
    "count": "it has no last point",
}
"""Why a plan that does not say how many points it has cannot be continued, by its name."""


@command("After Ctrl+C", name="continue", example="continue 1234", aliases=("continue_scan",), labelled=False)
def continue_scan(session: Session, scan_number: int | None = None) -> Followed:
    """Go on with a scan that has ended early, at its first missing point, in a run of its own.

    It may have been stopped or aborted, have failed, or died with its console. Without a number it is the last run of
    this console; in a new console the newest of the data folder that was not finished, after a question. The motors
    first go to the last point that was measured. The new run has the metadata of the first one, and `runs[-1].whole()`
    the points of both.
    """
    if session.state == "paused":
        raise TransitionError("a plan is paused: resume goes on with it")
    close_runs_of_the_dead(session.folder)
    run, is_meant = _run_to_continue(session, scan_number)
    points = run.readings()
    if reason := _refusal(run, len(points)):
        raise CommandError(f"{run.label} cannot be continued: {reason}")
    start, times = run.start, _count_times(session, run)

    def make(*_: Any) -> Plan:
        try:
            plan = plan_of(start["plan_form"], session.devices, lambda name: _plan_of_command(session, name))
        except UnknownName as exc:
            raise UnknownName(f"{run.label} cannot be continued: {exc}") from exc
        return bpp.configure_count_time_wrapper(bpp.continue_wrapper(plan, start, points), times)

    def show_first() -> AbstractContextManager[None]:
        _show(session, run, len(points), session.rehearse(make()))
        if not is_meant:
            _ask(session, run)
        return nullcontext()

    call = PlanCall(make, (run.scan_id,), {}, "continue_scan.plan")
    return followed_by(guarded(make(), call), during=show_first)


def _plan_of_command(session: Session, name: str) -> Callable[..., Plan]:
    its_command = COMMANDS.find(name)

    def make(*tokens: Any, **keywords: Any) -> Plan:
        followed: Followed = its_command.make(session, tokens, keywords)
        return followed.plan

    return make


# ---- which run -----------------------------------------------------------------------------------


def _run_to_continue(session: Session, scan_number: int | None) -> tuple[Run, bool]:
    """The run, and whether the person has said which; of a scan that was continued already its newest run."""
    if scan_number is not None:
        return _newest_part(session.runs, session.runs[scan_number]), True
    if own := session.own_runs:
        return _newest_part(session.runs, own[-1]), True
    return _newest_unfinished(session.runs), False


def _newest_part(runs: Runs, run: Run) -> Run:
    while (continuation := runs.continuation_of(run)) is not None:
        run = continuation
    return run


def _newest_unfinished(runs: Runs) -> Run:
    newest_first = list(reversed(runs[-_NEWEST:]))
    continued = {run.start.get(CONTINUES) for run in newest_first}
    for run in newest_first:
        has_failed = run.exit_status in ("abort", "fail") and run.uid not in continued
        measured = run.num_events.get("primary", 0) + first_point(run.start) - 1
        if has_failed and not _refusal(run, measured):
            return run
    raise CommandError("no run of late has ended early and can be continued: name one, such as continue 1234")


def _refusal(run: Run, measured: int) -> str:
    """Why a run cannot be continued; "" if nothing is known against it.

    Args:
        run: the newest one of its scan.
        measured: points of the scan.
    """
    total, plan_name = points_in_all(run.start), str(run.start.get("plan_name"))
    if run.exit_status is None:
        return "it is still open; if no console measures it, session.close_open_runs() closes it"
    if total is None:
        return f"{plan_name}: {_REASONS.get(plan_name, 'how many points it has is not known beforehand')}"
    if measured >= total:
        return f"it is complete, {measured} of {total} points"
    if not run.start.get("plan_form"):
        return "how its plan is made is not recorded, as it is for commands"
    return ""


# ---- as it was -----------------------------------------------------------------------------------


def _count_times(session: Session, run: Run) -> dict[str, float]:
    """By detector, the seconds that each point of the scan has counted."""
    times: dict[str, float] = {}
    for settings in (part.config for part in run.parts):
        for name in settings:
            signal = getattr(_device_recorded_as(session, name), "count_time", None)
            seconds = settings[name].get(getattr(signal, "name", ""))
            if isinstance(seconds, int | float):
                times.setdefault(name, seconds)  # of regions with times of their own it is that of the first
    return times


def _device_recorded_as(session: Session, name: str) -> Any:
    """The device of a recorded name; None if this console has none."""
    try:
        return find_device(session.devices.typed_name(name), session.devices)
    except UnknownName:
        return None


# ---- what is shown first -------------------------------------------------------------------------


def _show(session: Session, run: Run, measured: int, simulation: SimulationResult) -> None:
    """Show which scan goes on where, and how its motors go there.

    Raises:
        PlanError: it cannot be continued.
    """
    from beamshell.store.run import plan_line

    for problem in simulation.problems:
        if isinstance(problem, PlanError):
            raise problem
    print_answer(f"{run.label} goes on at point {measured + 1} of {points_in_all(run.start)}: {plan_line(run.start)}")
    for name, path in simulation.path.items():
        print_answer(_way(session, name, simulation.origins.get(name), path[0]))
    if changed := _changed_scale(session, run, simulation.path):
        raise CommandError(f"{run.label} cannot be continued: {changed}")
    for line in _moved_meanwhile(session, run, simulation.path):
        print_answer(line)


def _changed_scale(session: Session, run: Run, scanned: Iterable[str]) -> str:
    """Which of the scanned motors has another offset now, so that the points to come were elsewhere; "" if none."""
    for name in scanned:
        device = _device_recorded_as(session, name)
        then = {key: value for part in run.parts for key, value in (part.config.get(name) or {}).items()}
        if not any("offset" in key for key in then) or not hasattr(device, "read_configuration"):
            continue
        now = {key: reading["value"] for key, reading in answer(device.read_configuration).items()}
        if problem := changed_offset(then, now):
            return problem
    return ""


def _way(session: Session, name: str, origin: Any, target: Any) -> str:
    motor = _device_recorded_as(session, name)
    if motor is not None and is_number(origin) and is_number(target):
        return move_in_words(motor, origin, target)
    return f"{name}: {origin} -> {target}"


def _moved_meanwhile(session: Session, run: Run, scanned: Container[str]) -> Iterator[str]:
    """A line for each motor that was recorded beside the scan, and has been moved since."""
    baseline = next((part.baseline for part in reversed(run.parts) if "baseline" in part.streams), None)
    if baseline is None or not baseline.num_points:
        return
    devices = {name: _device_recorded_as(session, name) for name in baseline if name not in scanned}
    motors = {name: device for name, device in devices.items() if device is not None and is_motor(device)}
    for name, (motor, place) in places_of(motors).items():
        before = baseline[name][-1]
        if is_number(place) and abs(place - before) > 10 ** (1 - target_digits(motor)):
            now, then = value_text(motor, place), value_text(motor, float(before))
            yield f"{name}: {now}, at {run.label} {then}; it stays there"


def _ask(session: Session, run: Run) -> None:
    if not is_attended(session.shell):
        raise CommandError(f"nobody is at the prompt, and it is no run of this console: write continue {run.scan_id}")
    if not agrees("Continue it?", default=True):
        raise Declined("not continued")
