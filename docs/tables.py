"""Write the tables of the documentation that come from the code: ``python docs/tables.py``.

A test fails when a page and the code no longer agree.
"""

from __future__ import annotations

import sys
from pathlib import Path

from beamshell.engine.commands import COMMANDS
from beamshell.engine.plan_cursor import NOT_REPEATED
from beamshell.engine.state import LEGAL

DOCS = Path(__file__).parent


def messages() -> str:
    """Every command of the engine, and what it answers."""
    rows = ["| command | what it does -> what the plan is answered | sent again after a pause |", "|---|---|---|"]
    for name, function in sorted(COMMANDS.items()):
        words = (function.__doc__ or "").strip().splitlines()[0]
        rows.append(f"| `{name}` | {words} | {'no' if name in NOT_REPEATED else 'yes'} |")
    return "\n".join(rows)


def states() -> str:
    """From each state of the engine, the states that may follow."""
    rows = ["| from | to |", "|---|---|"]
    rows += [f"| {state} | {', '.join(sorted(to))} |" for state, to in LEGAL.items()]
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


TABLES = {
    "reference/messages.md": messages,
    "explanations/the-engine.md": states,
    "explanations/deviations.md": deviations,
    "explanations/plans-and-bluesky.md": plan_differences,
}


def page_with_table(path: Path, table: str) -> str:
    """The page's text with the table between its marks made anew."""
    before, _, rest = path.read_text().partition("<!-- table -->")
    _, _, after = rest.partition("<!-- end of table -->")
    return f"{before}<!-- table -->\n\n{table}\n\n<!-- end of table -->{after}"


if __name__ == "__main__":
    for name, make in TABLES.items():
        path = DOCS / name
        path.write_text(page_with_table(path, make()))
