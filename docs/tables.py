"""Write the tables of the documentation that come from the code: ``python docs/tables.py``.

A test fails when a page and the code no longer agree.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from beamshell.engine.commands import COMMANDS
from beamshell.engine.interrupts import PLAN_RULES, Action, Situation
from beamshell.engine.plan_cursor import NOT_REPEATED
from beamshell.engine.state import LEGAL, Phase, State, Suspension

DOCS = Path(__file__).parent


def messages() -> str:
    """Every command of the engine, and what it answers."""
    rows = ["| command | what it does -> what the plan is answered | sent again after a pause |", "|---|---|---|"]
    for name, function in sorted(COMMANDS.items()):
        words = (function.__doc__ or "").strip().splitlines()[0]
        rows.append(f"| `{name}` | {words} | {'no' if name in NOT_REPEATED else 'yes'} |")
    return "\n".join(rows)


def modes() -> str:
    """The modes of the engine and the legal moves between them, as one diagram for each kind of mode."""
    diagrams = []
    for kind, first in ((State, State.IDLE), (Phase, Phase.PLAN), (Suspension, Suspension.FREE)):
        ids = {mode: mode.name.lower() for mode in kind}
        lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {ids[first]}"]
        lines += [f'    state "{mode}" as {name}' for mode, name in ids.items() if str(mode) != name]
        lines += [f"    {ids[old]} --> {ids[new]}" for old in kind for new in sorted(LEGAL[old])]
        diagrams.append("\n".join([*lines, "```"]))
    return "\n\n".join(diagrams)


_WHAT_A_PRESS_DOES = {
    Action.TELL: "nothing else",
    Action.PAUSE_SOON: "pause at the next checkpoint",
    Action.PAUSE_NOW: "pause now",
    Action.STOP: "stop what moves or counts, and end the plan",
    Action.END_CELL: "run nothing that was typed after this plan",
    Action.BREAK_IN: "KeyboardInterrupt in the code that does not return",
    Action.BREAK_EVERY_LINE: "KeyboardInterrupt in each of its lines, until it is left",
    Action.HALT: "halt",
}


def presses() -> str:
    """What each press of Ctrl+C says and does while a plan runs."""
    rows = ["| situation | presses in a row, from | what it says | what it does |", "|---|---|---|---|"]
    for rule in PLAN_RULES:
        if rule.stuck and rule.situation is not Situation.PLAN:
            continue  # the same in each situation
        where = "any, and a device, plan or subscriber does not return" if rule.stuck else rule.situation
        rows.append(f"| {where} | {rule.presses} | {rule.sentence} | {_WHAT_A_PRESS_DOES[rule.action]} |")
    return "\n".join(rows)


def deviations() -> str:
    """Where the comparison with bluesky's engine allows for a difference, and why."""
    sys.path.insert(0, str(DOCS.parent / "tests"))
    from interop.deviations import DEVIATIONS

    rows = ["| subject | bluesky | beamshell | why |", "|---|---|---|---|"]
    rows += [f"| {one.subject} | {one.theirs} | {one.ours} | {one.why} |" for one in DEVIATIONS]
    return "\n".join(rows)


def plan_differences() -> str:
    """Where the comparison with bluesky's plans allows for a difference, and why."""
    sys.path.insert(0, str(DOCS.parent / "tests"))
    from interop import plan_differences as allowed

    rows = ["| what | difference |", "|---|---|"]
    rows += [f"| {what} | {why} |" for what, why in allowed.BEHAVIOUR.items()]
    kinds = {"start document": allowed.START, "start document, only here": allowed.ONLY_HERE}
    for kind, entries in kinds.items():
        rows += [f"| {kind}: `{key}` | {why} |" for key, why in entries.items()]
    for plan, entries in allowed.PLAN_ARGS.items():
        rows += [f"| `plan_args` of {plan}: `{key}` | {why} |" for key, why in entries.items()]
    rows += [f"| default of `{name}` | {why} |" for name, why in allowed.DEFAULTS.items()]
    rows += [
        f"| a parameter `{name}` | is called {ours}; it is given by place |" for name, ours in allowed.RENAMED.items()
    ]
    rows += [f"| `{name}` | is missing: {why} |" for name, why in allowed.NOT_HERE.items()]
    return "\n".join(rows)


def bluesky_tests(name: str) -> str:
    """For each reason, which of bluesky's own tests fail on our engine, or are left out."""
    sys.path.insert(0, str(DOCS.parent))
    from tests.interop.bluesky_suite import known

    rows = ["| reason | tests |", "|---|---|"]
    for reason, tests in getattr(known, name).items():
        words = ", ".join(f"`{test.partition('::')[2] or test}`" for test in tests)
        rows.append(f"| {reason} | {words} |")
    return "\n".join(rows)


TABLES = {
    "reference/messages.md": (messages,),
    "explanations/the-engine.md": (modes, presses),
    "explanations/deviations.md": (deviations,),
    "explanations/plans-and-bluesky.md": (plan_differences,),
    "explanations/bluesky-tests.md": (partial(bluesky_tests, "FAILING"), partial(bluesky_tests, "NOT_RUN")),
}
"""For each page, what makes its tables, in their order on the page."""


def page_with_tables(path: Path, tables: list[str]) -> str:
    """The page's text with what is between its marks made anew."""
    before, *pieces = path.read_text().split("<!-- table -->")
    after = [piece.partition("<!-- end of table -->")[2] for piece in pieces]
    blocks = (f"<!-- table -->\n\n{table}\n\n<!-- end of table -->" for table in tables)
    return before + "".join(block + rest for block, rest in zip(blocks, after, strict=True))


if __name__ == "__main__":
    for name, makers in TABLES.items():
        path = DOCS / name
        path.write_text(page_with_tables(path, [make() for make in makers]))
