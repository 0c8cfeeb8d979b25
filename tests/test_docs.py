"""The pages say what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
tables = runpy.run_path(str(DOCS / "tables.py"))


@pytest.mark.parametrize("page", sorted(tables["TABLES"]))
def test_a_table_made_from_the_code_is_up_to_date(page):
    path = DOCS / page
    made = [make() for make in tables["TABLES"][page]]
    assert path.read_text() == tables["page_with_tables"](path, made), "run python docs/tables.py"
