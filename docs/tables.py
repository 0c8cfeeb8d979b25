"""Write the tables of the documentation that come from the code: ``python docs/tables.py``.

A test fails when a page and the code no longer agree.
"""

from __future__ import annotations

import sys
from pathlib import Path

from beamshell.engine._commands import COMMANDS
from beamshell.engine._replay import NOT_REPEATED
from beamshell.engine._state import LEGAL

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


TABLES = {
    "reference/messages.md": messages,
    "explanations/the-engine.md": states,
    "explanations/deviations.md": deviations,
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
