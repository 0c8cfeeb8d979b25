"""The command goscan: back to where motors stood at an earlier scan, after the differences are shown."""

from __future__ import annotations

from dataclasses import replace

from beamshell.errors import UnknownName, UsageError
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.commands.returning import ALL, HEADING, RecordedMotors, is_meant
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Session
from beamshell.shell.position_changes import Change, changes_table, move_plan, without_computed
from beamshell.shell.positions_at_scan import changes_since
from beamshell.shell.questions import choose, is_attended
from beamshell.text.lists import listed
from beamshell.text.nearest import did_you_mean


@command(HEADING, example="goscan 12 samx")
def goscan(
    session: Session, scan_number: int, point: int | None = None, motors: RecordedMotors | None = None
) -> Followed | None:
    """Go back to where motors stood at a scan: at its beginning, or at one of its points.

    First it shows which motors stand elsewhere now; then one chooses: all, none, or some by their names. Motors that
    are named on the line, or `all`, move without a question. In a script nothing else moves. -1 is the newest scan, as
    in `runs`; point -1 is the last point. A scanned motor goes to its first point or, if it was scanned around where it
    stood, there. The others are known from what is recorded beside each scan, or from their moves since then.
    """
    run = session.runs[scan_number]
    line = " ".join(str(word) for word in ("goscan", run.scan_id or scan_number, point) if word is not None)
    place = run.label if point is None else f"{run.label}, point {point}"
    changes = _named(changes_since(session, run, point), motors, place)
    elsewhere = [change for change in changes if not change.is_there]
    if elsewhere:
        print_answer(changes_table(elsewhere, f"at {place}"))
    if there := [change.name for change in changes if change.is_there]:
        print_answer(f"as at {place} already: {listed(there)}")
    stuck = [change for change in elsewhere if change.problem]
    if motors is not None and ALL not in motors and stuck:
        raise UsageError(f"nothing moves, since {stuck[0].name} cannot: {stuck[0].problem}")
    chosen = without_computed([change for change in elsewhere if not change.problem])
    if motors is None and chosen:
        chosen = _choice(session, chosen, line)
    if not chosen:
        return None
    followed = followed_by(move_plan(chosen), lambda _: print_answer("\n".join(change.in_words for change in chosen)))
    return replace(followed, command=" ".join([line, *(change.name for change in chosen)]))


def _named(changes: list[Change], words: list[str] | None, place: str) -> list[Change]:
    """Those that the words name: by their names, by that of their device, by a pattern.

    Raises:
        UnknownName: there is none for a word, or none at all.
    """
    names = [change.name for change in changes]
    if not names:
        raise UnknownName(f"{place} does not say where any motor stood")
    if words is None or ALL in words:
        return changes
    named: set[str] = set()
    for word in words:
        fitting = [name for name in names if is_meant(name, word)]
        if not fitting:
            raise UnknownName(f"{place} does not say where {word} stood{did_you_mean(word, names)}")
        named.update(fitting)
    return [change for change in changes if change.name in named]


def _choice(session: Session, changes: list[Change], line: str) -> list[Change]:
    """Those that the person chooses; none where nobody can be asked."""
    names = [change.name for change in changes]
    if not is_attended(session.shell) or session.state == "running":  # as a part of a queue
        all_of_them = f", {line} {ALL} all of them" if len(names) > 1 else ""
        print_answer(f"nothing moves: {line} {names[0]} moves it{all_of_them}")
        return []
    chosen = choose("Which of them go back?", names)
    if not chosen:
        print_answer("nothing moves")
    return [change for change in changes if change.name in chosen]
