"""The pages say what the code says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
tables = runpy.run_path(str(DOCS / "tables.py"))
commands_page = runpy.run_path(str(DOCS / "commands_page.py"))


@pytest.mark.parametrize("page", sorted(tables["TABLES"]))
def test_a_table_made_from_the_code_is_up_to_date(page):
    path = DOCS / page
    made = [make() for make in tables["TABLES"][page]]
    assert path.read_text() == tables["page_with_tables"](path, made), "run python docs/tables.py"


def test_the_page_of_commands_is_up_to_date():
    assert commands_page["PAGE"].read_text() == commands_page["page"](), "run python docs/commands_page.py"


PROMISES = DOCS / "explanations" / "promises.md"
NAMED_TESTS = re.findall(r"^\|.*\| `(test_\w+)` \|$", PROMISES.read_text(), re.MULTILINE)


def test_each_promise_names_a_test():
    rows = [line for line in PROMISES.read_text().splitlines() if line.startswith("|")]
    headings = [line for line in rows if line in ("| promise | held by |", "|---|---|")]
    assert len(NAMED_TESTS) == len(rows) - len(headings) > 0


@pytest.mark.parametrize("name", NAMED_TESTS)
def test_the_test_that_holds_a_promise_exists(name):
    definition = re.compile(rf"^ *def {name}\(", re.MULTILINE)
    assert any(definition.search(path.read_text()) for path in TESTS.rglob("test_*.py"))
