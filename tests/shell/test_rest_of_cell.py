"""The lines of a cell that did not run after an interruption."""

from __future__ import annotations

import sys

import pytest

from beamshell.shell.rest_of_cell import MOST_LINES, interrupted_line, rest_of_cell

SCAN = "get_ipython().run_line_magic('scan', 'det th -1 1 21')"
MOVE = "get_ipython().run_line_magic('mov', 'th 0')"


@pytest.mark.parametrize(
    ("cell", "line", "rest"),
    [
        (SCAN, 1, []),
        (f"{SCAN}\n{MOVE}\nct = 1", 1, ["mov th 0", "ct = 1"]),
        (f"{SCAN}\n{MOVE}", 2, []),
        (f"for i in range(3):\n    {SCAN}\n{MOVE}", 2, ["for i in range(3): ... (from here on)", "mov th 0"]),
        (f"for i in range(3): {SCAN}", 1, [f"for i in range(3): {SCAN} ... (from here on)"]),
        (f"with a:\n    {SCAN}\n    {MOVE}", 2, ["with a: ... (from here on)"]),
        (f"with a:\n    {SCAN}", 2, []),
        ("RE(\n  count()\n)\nb()", 2, ["b()"]),
        ("no python(", 1, []),
    ],
)
def test_what_did_not_run_is_shown_as_it_was_typed(cell, line, rest):
    assert rest_of_cell(cell, line) == rest


def test_of_many_lines_the_number_is_shown():
    rest = rest_of_cell("a()\n" * 30, 1)
    assert len(rest) == MOST_LINES + 1
    assert rest[-1] == "... and 21 more lines"


def test_the_line_is_that_of_the_cell_and_not_of_what_it_called():
    def fails():
        raise ZeroDivisionError

    cell = {"fails": fails}
    try:
        exec(compile("x = 1\nfails()\n", "<cell>", "exec"), cell)
    except ZeroDivisionError:
        traceback = sys.exc_info()[2]
    assert interrupted_line(traceback, cell) == ("<cell>", 2)
    assert interrupted_line(traceback, {}) is None
